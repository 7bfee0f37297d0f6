"""Code objects of generated functions, made by Python's compiler once for all texts of one form.

A third of what a small new statement costs is Python's own compiler. Most of its texts differ in nothing but the numbers of
columns, parameters and trees::

    t1_ = root.trees[2]                    t1_ = root.trees[17]
    r0 = point(t1_, k0)                    r0 = point(t1_, k0)
    return iter(((r0[2], r0[1], ),))       return iter(((r0[4], r0[3], ),))

Such a number between brackets, ``r0[2]`` or ``transaction.writer(17)``, is a constant of the code object and nothing else. So the
*form* of a text is the text with a mark for each of them, and what is compiled is the form with another number, of `FIRST` or more,
in the place of each mark. The code for any text of the form is that code with its own numbers among the constants (`Form.code`): a
copy of a few objects, in which every instruction is what the compiler would have made of the text.

When a form is used
    Only if each of its numbers is found once in the code that the compiler made, which it is not where it computed with
    one, or put it into a tuple. A number that stands in the text elsewhere is not used. Otherwise the text is compiled as it
    is, as are texts of more numbers than there are free of five digits.

Names of files
    Each code object has its own, and `linecache` has its lines for as long as the code lives. All numbers take five places
    in them, ``r0[    2]``, so that the columns that a traceback marks are right for every text of the form.

`code_of(source, kind)` looks for the text, then for the form. Both are kept, up to `KEPT_MAX` each; `switch` turns the forms
off, for tests. Dictionary operations are atomic: threads that meet here compile a text twice at most.

What it does not do: know SQL, run what it gives.
"""

from __future__ import annotations

import linecache
import re
import weakref
from collections.abc import Iterator
from itertools import count, islice
from types import CodeType
from typing import Final

KEPT_MAX: Final = 500
KEPT_SOURCE_MAX: Final = 5_000
FIRST: Final = 10_000  # up to 255 a number may be part of an instruction, and so it is no constant
LAST: Final = 99_999

_NUMBER: Final = re.compile(r"(?<=[\[(])([0-9]{1,5})(?=[\])])")
_MARK: Final = "#"
_TAKEN: Final = re.compile(r"[0-9]{5,}")

_serial = count(1)
_codes: dict[str, CodeType] = {}
_forms: dict[str, Form | None] = {}
_switched: list[bool] = [True]


class Form:
    """The code of a form: `slots` are (place among the constants, which number), `parts` (place, code nested there)."""

    __slots__ = ("base", "parts", "slots")

    def __init__(self, base: CodeType, slots: list[tuple[int, int]], parts: list[tuple[int, Form]]) -> None:
        self.base = base
        self.slots = slots
        self.parts = parts

    def code(self, numbers: list[int], filename: str) -> CodeType:
        """The code for a text that has these numbers."""
        constants = list(self.base.co_consts)
        for place, number in self.slots:
            constants[place] = numbers[number]
        for place, part in self.parts:
            constants[place] = part.code(numbers, filename)
        return self.base.replace(co_consts=tuple(constants), co_filename=filename)


def code_of(source: str, kind: str) -> CodeType:
    """The code of a text that defines one function, named `kind`."""
    code = _codes.get(source)
    if code is not None:
        return code
    if len(source) > KEPT_SOURCE_MAX:
        return _registered(compile(source, _filename(), "exec"), source, kind)
    pieces = _NUMBER.split(source)
    text = _MARK.join(pieces[::2])
    form = _forms[text] if text in _forms else _keep_form(text, pieces)
    if form is None or not _switched[0]:
        code = _registered(compile(source, _filename(), "exec"), source, kind)
    else:
        code = _registered(form.code([*map(int, pieces[1::2])], _filename()), _padded(pieces), kind)
    if len(_codes) >= KEPT_MAX:
        _codes.clear()
    _codes[source] = code
    return code


def switch(on: bool) -> None:
    """Whether forms are used; forgets all code that is kept."""
    _switched[0] = on
    _codes.clear()
    _forms.clear()


def _filename() -> str:
    return f"<aerodb statement {next(_serial)}>"


def _registered(code: CodeType, source: str, kind: str) -> CodeType:
    """Let tracebacks find the lines of a text for as long as its function lives."""
    filename = code.co_filename
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    function = next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == kind)
    weakref.finalize(function, linecache.cache.pop, filename, None)
    return code


def _padded(pieces: list[str]) -> str:
    """The text of pieces, with all numbers in five places."""
    padded = pieces[:]
    padded[1::2] = [f"{piece:>5}" for piece in pieces[1::2]]
    return "".join(padded)


def _keep_form(text: str, pieces: list[str]) -> Form | None:
    """Compile the form of a text; None where it cannot be used. What is found is kept."""
    if len(_forms) >= KEPT_MAX:
        _forms.clear()
    form = _forms[text] = _form_of(pieces)
    return form


def _form_of(pieces: list[str]) -> Form | None:
    taken = {int(number) for piece in pieces[::2] for number in _TAKEN.findall(piece)}
    wanted = len(pieces) // 2
    free = [*islice((number for number in range(FIRST, LAST + 1) if number not in taken), wanted)]
    if not wanted or wanted > len(free):
        return None
    number_of = {number: at for at, number in enumerate(free)}
    numbers = iter(free)
    text = _padded([str(next(numbers)) if at % 2 else piece for at, piece in enumerate(pieces)])
    form = _parted(compile(text, "<form>", "exec"), number_of)
    return form if sorted(_numbers(form)) == list(range(wanted)) else None


def _parted(code: CodeType, number_of: dict[int, int]) -> Form:
    slots, parts = [], []
    for place, constant in enumerate(code.co_consts):
        if constant.__class__ is int and constant in number_of:
            slots.append((place, number_of[constant]))
        elif isinstance(constant, CodeType):
            parts.append((place, _parted(constant, number_of)))
    return Form(code, slots, parts)


def _numbers(form: Form) -> Iterator[int]:
    yield from (number for _, number in form.slots)
    for _, part in form.parts:
        yield from _numbers(part)
