"""INSERTs of a script that stand one behind the other and differ only in their literals, read at once.

A dump is little else than one INSERT for each row of a table::

    INSERT INTO t VALUES(1,'one',NULL);
    INSERT INTO t VALUES(2,'it''s',x'00');

`repeated(script, position)` takes the literals of as many of them as follow each other out of the script, by one regular
expression for a row of literals: ``INSERT INTO t VALUES(?,?,?)`` and the rows ``(1, 'one', None), (2, "it's", b'\\0')``, to run as
`executemany` runs them. Each stays a statement of its own: when one fails, those before it have been done.

What is taken
    INSERT [OR …] and REPLACE of one row of strings, numbers, blobs and NULL, ended by a semicolon, with nothing but white space before
    the next one, whose text up to its literals is the same to the letter; `ROWS_MIN` of them or more. Whatever is written in another
    way ends the run, and is read as any statement.

What it does not do: look whether the table exists, run anything. Who calls sees to it that each of the statements means
what it would mean alone, and otherwise runs `Repeated.text`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aerodb_dbapi.planner.lexer import SPACES
from aerodb_dbapi.planner.lifting import INSERT_HEAD, ROW, Constants, row_of

ROWS_MIN: Final = 4
ROWS_MAX: Final = 20_000

_ENDED: Final = re.compile(rf"{ROW};[{SPACES}]*+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Repeated:
    """A run of INSERTs: one of them with ``?`` for its literals, what these are in each, and the text of all."""

    sql: str
    rows: list[Constants]
    text: str


def repeated(script: str, position: int) -> Repeated | None:
    """The run of INSERTs that begins at a place of a script; None where there is none."""
    head = INSERT_HEAD.match(script, position)
    if head is None:
        return None
    lead = head[0].lstrip(SPACES)
    rows: list[Constants] = []
    at = head.end() - len(lead)
    while len(rows) < ROWS_MAX and script.startswith(lead, at):
        found = _ENDED.match(script, at + len(lead))
        row = None if found is None else row_of(found[0])
        if found is None or row is None or (rows and len(row) != len(rows[0])):
            break
        rows.append(row)
        at = found.end()
    if len(rows) < ROWS_MIN:
        return None
    return Repeated(f"{lead}({','.join('?' * len(rows[0]))})", rows, script[position:at])
