"""Text and blob functions: length, substr, trim, replace, instr, hex, quote, char, like, glob and their kin.

Rules shared by all (func.c of SQLite)
    Numbers are taken by their text. Positions count characters in text and bytes in blobs, from 1; negative ones from
    the end. Case folding knows ASCII letters only. Some functions see a text only up to its first NUL character:
    length, substr, unicode, quote, like, glob, the set of trim(), the pattern of replace().

Example: ``substr('héllo', -3, 2) == 'll'``; ``instr(b'abc', b'c') == 3``; ``quote("it's") == "'it''s'"``.

Beyond SQLite 3.40: concat, concat_ws, octet_length, unhex, as in later versions. A code point that has no UTF-8
(surrogates) becomes U+FFFD in char(). Not here: printf (`printf.py`). Keeps INV-Q4.
"""

from __future__ import annotations

from typing import Any, Final

from aerodb_dbapi.executor.functions.define import scalar, strict
from aerodb_dbapi.executor.functions.printf import sql_printf
from aerodb_dbapi.executor.matching import NO_ESCAPE, glob_matcher, like_matcher
from aerodb_dbapi.planner.functions import ScalarFunction
from aerodb_dbapi.storage.collations import fold_case
from aerodb_dbapi.storage.errors import DataError, OperationalError
from aerodb_dbapi.storage.raw_text import bytes_of
from aerodb_dbapi.storage.values import as_text, format_real, real_to_text, to_integer

LENGTH_MAX: Final = 1_000_000_000
_UPPER: Final = {c: c - 32 for c in range(ord("a"), ord("z") + 1)}


def small_integer(value: Any) -> int:
    """A value as a 32-bit integer, higher bits cut off, as C does it."""
    number = to_integer(value)
    if -2147483648 <= number <= 2147483647:
        return number
    return ((number + 2147483648) & 0xFFFFFFFF) - 2147483648


def too_big() -> DataError:
    """What is raised when a result would be longer than `LENGTH_MAX`."""
    return DataError("string or blob too big", name="SQLITE_TOOBIG")


def until_nul(text: str) -> str:
    """The text up to its first NUL character."""
    return text if "\0" not in text else text[: text.index("\0")]


def as_bytes(value: Any) -> bytes:
    """A value as the bytes of its text; NULL is empty."""
    if type(value) is bytes:
        return value
    return b"" if value is None else bytes_of(as_text(value))


def length(value: Any) -> int | None:
    """length(X): characters of a text or number, bytes of a blob."""
    if type(value) is str:
        return len(value) if "\0" not in value else value.index("\0")
    if value is None:
        return None
    return len(value) if type(value) is bytes else len(as_text(value))


def octet_length(value: Any) -> int | None:
    """octet_length(X): bytes of the UTF-8 form."""
    return None if value is None else len(as_bytes(value))


def lower(value: Any) -> str | None:
    """lower(X), ASCII letters only."""
    return None if value is None else fold_case(as_text(value))


def upper(value: Any) -> str | None:
    """upper(X), ASCII letters only."""
    if value is None:
        return None
    text = as_text(value)
    return text.upper() if text.isascii() else text.translate(_UPPER)


def substr(value: Any, start: Any, count: Any = LENGTH_MAX) -> Any:
    """substr(X, Y [, Z])"""
    if value is None or start is None or count is None or value == b"":
        return None
    whole = value if type(value) is bytes else until_nul(as_text(value))
    if type(start) is int and type(count) is int and 0 < start <= 2147483647 and 0 <= count <= 2147483647:
        return whole[start - 1 : start - 1 + count]
    begin, size = _window(small_integer(start), small_integer(count), len(whole))
    return whole[begin : begin + size]


def _window(start: int, count: int, length: int) -> tuple[int, int]:
    """Offset and size, both at least 0, of what substr() takes."""
    backward = count < 0
    count = abs(count)
    if start < 0:
        start += length
        if start < 0:
            count = max(0, count + start)
            start = 0
    elif start > 0:
        start -= 1
    elif count > 0:
        count -= 1
    if backward:
        start -= count
        if start < 0:
            count += start
            start = 0
    return start, max(count, 0)


def _trimmer(strip: Any) -> Any:
    def trim(value: Any, characters: Any = " ") -> str | None:
        if value is None or characters is None:
            return None
        made: str = strip(as_text(value), characters if characters == " " else until_nul(as_text(characters)))
        return made

    return trim


def replace(value: Any, old: Any, new: Any) -> Any:
    """replace(X, Y, Z)"""
    if value is None or old is None:
        return None
    pattern = as_text(old)
    if not until_nul(pattern):
        return as_text(value) if type(value) is bytes else value
    return None if new is None else as_text(value).replace(pattern, as_text(new))


def instr(value: Any, sought: Any) -> int | None:
    """instr(X, Y): where Y begins in X, 0 if nowhere."""
    if type(value) is str and type(sought) is str:
        return value.find(sought) + 1
    if value is None or sought is None:
        return None
    if type(value) is bytes and type(sought) is bytes:
        return value.find(sought) + 1
    found: int = as_text(value).find(as_text(sought)) + 1
    return found


def to_hex(value: Any) -> str:
    """hex(X): the bytes of X, two digits each; '' for NULL."""
    return as_bytes(value).hex().upper()


def unhex(value: Any, ignored: Any = "") -> bytes | None:
    """unhex(X [, Y]): the blob whose hex() is X, characters of Y allowed between the bytes; NULL where X is no such
    text."""
    if value is None or ignored is None:
        return None
    text, skipped = as_text(value), as_text(ignored)
    made = bytearray()
    i = 0
    while i < len(text):
        if text[i] in skipped and text[i] not in _HEX_DIGITS:
            i += 1
            continue
        pair = text[i : i + 2]
        if len(pair) < 2 or pair[0] not in _HEX_DIGITS or pair[1] not in _HEX_DIGITS:
            return None
        made.append(int(pair, 16))
        i += 2
    return bytes(made)


_HEX_DIGITS: Final = "0123456789abcdefABCDEF"


def quote(value: Any) -> str:
    """quote(X): a literal that reads as X."""
    if value is None:
        return "NULL"
    if type(value) is str:
        return "'" + until_nul(value).replace("'", "''") + "'"
    if type(value) is bytes:
        return f"X'{value.hex().upper()}'"
    if type(value) is int:
        return str(value)
    text = real_to_text(value)
    if text[-1] == "f" or float(text) == value:
        return text
    return format_real(value, 20, "e", exact=True)


def char(*codes: Any) -> str:
    """char(X, …): the characters with these code points."""
    return "".join(map(_character, map(to_integer, codes)))


def _character(code: int) -> str:
    return chr(code) if 0 <= code < 0xD800 or 0xDFFF < code <= 0x10FFFF else "\ufffd"


def unicode(value: Any) -> int | None:
    """unicode(X): the code point of the first character."""
    text = None if value is None else until_nul(as_text(value))
    if not text:
        return None
    code = ord(text[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8: what SQLite reads there
        return code - 0xDC00 if code < 0xDCC0 else 0xFFFD
    return code


def like(pattern: Any, value: Any, escape: Any = NO_ESCAPE) -> int | None:
    """like(X, Y [, Z]): Y LIKE X ESCAPE Z. Blobs match nothing."""
    if type(pattern) is bytes or type(value) is bytes:
        return 0
    if escape is None:
        return None
    single = NO_ESCAPE if escape is NO_ESCAPE else until_nul(as_text(escape))
    if single is not NO_ESCAPE and len(single) != 1:
        raise OperationalError("ESCAPE expression must be a single character")
    if pattern is None or value is None:
        return None
    matcher = like_matcher(until_nul(as_text(pattern)), single)
    return None if matcher is None else int(matcher(until_nul(as_text(value))))


def glob(pattern: Any, value: Any) -> int | None:
    """glob(X, Y): Y GLOB X. Blobs match nothing."""
    if type(pattern) is bytes or type(value) is bytes:
        return 0
    if pattern is None or value is None:
        return None
    matcher = glob_matcher(until_nul(as_text(pattern)))
    return None if matcher is None else int(matcher(until_nul(as_text(value))))


def zeroblob(count: Any) -> bytes:
    """zeroblob(N): N zero bytes."""
    size = to_integer(count)
    if size > LENGTH_MAX:
        raise too_big()
    return bytes(max(size, 0))


def concat(*values: Any) -> str:
    """concat(X, …): the texts of all arguments but NULL."""
    return "".join([as_text(value) for value in values if value is not None])


def concat_ws(separator: Any, *values: Any) -> str | None:
    """concat_ws(SEP, X, …): the texts of all arguments but NULL, SEP between them."""
    if separator is None:
        return None
    joined: str = as_text(separator).join([as_text(value) for value in values if value is not None])
    return joined


_SOUNDS: Final = {
    ord(letter): code
    for code, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1)
    for letter in letters
}


def soundex(value: Any) -> str:
    """soundex(X): the first letter, and digits for the sounds of the next ones; ?000 without a letter."""
    data = as_bytes(value).partition(b"\0")[0]
    start = next((i for i, byte in enumerate(data) if chr(byte).isalpha() and byte < 128), None)
    if start is None:
        return "?000"
    made = chr(data[start]).upper()
    before = _SOUNDS.get(data[start] | 32, 0)
    for byte in data[start:]:
        low = byte & 127
        code = _SOUNDS.get(low | 32, 0) if low >= 65 else 0
        if code and code != before:
            made += str(code)
        before = code
        if len(made) == 4:
            break
    return made.ljust(4, "0")


FUNCTIONS: Final[tuple[ScalarFunction, ...]] = (
    *scalar("length", length, 1),
    *scalar("octet_length", octet_length, 1),
    *scalar("lower", lower, 1),
    *scalar("upper", upper, 1),
    *scalar("substr", substr, 2, 3),
    *scalar("substring", substr, 2, 3),
    *scalar("trim", _trimmer(str.strip), 1, 2),
    *scalar("ltrim", _trimmer(str.lstrip), 1, 2),
    *scalar("rtrim", _trimmer(str.rstrip), 1, 2),
    *scalar("replace", replace, 3),
    *scalar("instr", instr, 2),
    *scalar("hex", to_hex, 1),
    *scalar("unhex", unhex, 1, 2),
    *scalar("quote", quote, 1),
    *scalar("soundex", soundex, 1),
    *scalar("char", char, -1),
    *scalar("unicode", strict(unicode), 1),
    *scalar("printf", sql_printf, -1),
    *scalar("format", sql_printf, -1),
    *scalar("like", like, 2, 3),
    *scalar("glob", glob, 2),
    *scalar("zeroblob", zeroblob, 1),
    *scalar("concat", concat, -1),
    *scalar("concat_ws", concat_ws, -1),
)
