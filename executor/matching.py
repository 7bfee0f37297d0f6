"""LIKE and GLOB: patterns become functions of a text, once per pattern.

LIKE: ``%`` any run, ``_`` any character, the escape character takes the next one literally; ASCII letters match
without case. GLOB: ``*`` any run, ``?`` any character, ``[…]`` a class with ``^`` for its complement and ranges; case
counts.

A pattern without ``_`` and escapes is plain text with ``%`` at its ends at most, mostly; those forms become ``in``,
``startswith``, ``endswith`` and ``==`` on folded text. `text.lower()` may stand for the ASCII fold when the sought
text is ASCII without i and k: the only other characters that lower to ASCII are U+0130 (to i) and U+212A (to k).
Everything else becomes a regular expression; with `re.ASCII`, `re.IGNORECASE` folds ASCII letters only.

Example: ``like_matcher('%ab%')('xABy')`` is True; ``like(matcher, None)`` is None; numbers match by their text.

Keeps INV-Q4. What it does not do: user-defined like().
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from aerodb_dbapi.storage.collations import fold_case
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.raw_text import bytes_of
from aerodb_dbapi.storage.values import cast

Matcher = Callable[[str], bool]

_RUN: Final = ".*"
_LIKE_WILD: Final = {"%": _RUN, "_": "."}
_GLOB_WILD: Final = {"*": _RUN, "?": "."}


PATTERN_BYTES_MAX: Final = 50_000
NO_ESCAPE: Final = object()


def like_matcher(pattern: Any, escape: Any = NO_ESCAPE) -> Matcher | None:
    """The function that tests a text against a LIKE pattern; None for a NULL pattern (or escape)."""
    if pattern is None or escape is None:
        return None
    if pattern.__class__ is bytes:
        return _blob
    if escape is NO_ESCAPE:
        return _like(_short_enough(text_of(pattern)), "")
    escape = text_of(escape)
    if len(escape) != 1:
        raise OperationalError("ESCAPE expression must be a single character")
    return _like(_short_enough(text_of(pattern)), escape)


def glob_matcher(pattern: Any) -> Matcher | None:
    """The function that tests a text against a GLOB pattern; None for a NULL pattern."""
    if pattern.__class__ is bytes:
        return _blob
    return None if pattern is None else _glob(_short_enough(text_of(pattern)))


def _short_enough(pattern: str) -> str:
    if len(pattern) > PATTERN_BYTES_MAX // 4 and len(bytes_of(pattern)) > PATTERN_BYTES_MAX:
        raise OperationalError("LIKE or GLOB pattern too complex")
    return pattern


def like(matcher: Matcher | None, value: Any) -> int | None:
    """LIKE or GLOB on any value. Blobs match nothing, on either side."""
    if value.__class__ is bytes or matcher is _blob:
        return 0
    if value is None or matcher is None:
        return None
    return 1 if matcher(value if value.__class__ is str else text_of(value)) else 0


def usable(matcher: Matcher | None) -> Matcher:
    """The matcher, or for NULL one that nothing matches."""
    return matcher or _never


def text_of(value: Any) -> str:
    """A value as text."""
    if value.__class__ is str:
        return str(value)
    return str(cast(value, "TEXT"))


@lru_cache(1024)
def _like(pattern: str, escape: str) -> Matcher:
    inner = pattern.strip("%")
    if "%" not in inner and "_" not in inner and not (escape and escape in pattern):
        return _plain_like(pattern, fold_case(inner))
    parts = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            following = next(characters, None)
            if following is None:
                return _never
            parts.append(re.escape(following))
        else:
            parts.append(_LIKE_WILD.get(character) or re.escape(character))
    return _regular(parts, re.DOTALL | re.IGNORECASE | re.ASCII)


def _plain_like(pattern: str, sought: str) -> Matcher:
    ahead, behind = pattern.startswith("%"), pattern.endswith("%")
    fold: Callable[[str], str] = fold_case
    if sought.isascii() and "i" not in sought and "k" not in sought:
        fold = str.lower
    if not sought and ahead:
        return lambda text: True
    if ahead and behind:
        return lambda text: sought in fold(text)
    if ahead:
        return lambda text: fold(text).endswith(sought)
    if behind:
        return lambda text: fold(text).startswith(sought)
    return lambda text: fold(text) == sought


@lru_cache(1024)
def _glob(pattern: str) -> Matcher:
    parts = []
    i = 0
    while i < len(pattern):
        character = pattern[i]
        i += 1
        if character == "[":
            end = _class_end(pattern, i)
            if end < 0:
                return _never
            parts.append(_class(pattern[i:end]))
            i = end + 1
        else:
            parts.append(_GLOB_WILD.get(character) or re.escape(character))
    return _regular(parts, re.DOTALL)


def _class_end(pattern: str, start: int) -> int:
    """The position of the ] that closes a class; one that comes first in it is a member."""
    if pattern[start : start + 1] == "^":
        start += 1
    return pattern.find("]", start + 1)


def _class(body: str) -> str:
    """A GLOB class as a regular expression."""
    negated = body.startswith("^")
    members = body[1:] if negated else body
    made = []
    i = 0
    if members.startswith("]"):  # a member, not the end; and no range starts with it
        made.append(re.escape("]"))
        i = 1
        if members[1:2] == "-":
            made.append(re.escape("-"))
            i = 2
    while i < len(members):
        if i + 2 < len(members) and members[i + 1] == "-":
            if members[i] <= members[i + 2]:
                made.append(f"{re.escape(members[i])}-{re.escape(members[i + 2])}")
            i += 3
        else:
            made.append(re.escape(members[i]))
            i += 1
    if not made:
        return "." if negated else "(?!)"
    return f"[{'^' if negated else ''}{''.join(made)}]"


def _regular(parts: list[str], flags: int) -> Matcher:
    """The matcher of a pattern in pieces. What stands between two runs may match at its first place for good, for the
    next run reaches as far from there as from any later one: so those pieces are atomic groups, and no pattern takes
    exponential time."""
    segments = [""]
    for part in parts:
        if part == _RUN:
            segments.append("")
        else:
            segments[-1] += part
    first, *others = segments
    if others:
        first += "".join(f"(?>.*?{segment})" for segment in others[:-1] if segment) + ".*" + others[-1]
    match = re.compile(first, flags).fullmatch
    return lambda text: match(text) is not None


def _blob(text: str) -> bool:
    return False


def _never(text: str) -> bool:
    return False
