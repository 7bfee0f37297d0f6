"""What may stand at a place of the input: names of tables, columns and functions, keywords, commands and their arguments.

Knows nothing of prompts: `candidates(session, text)` gives the beginning that is there, and what may take its place. Names are those of
the schema that is read; after a table's name or alias and a dot its columns, after FROM and the like tables, elsewhere the columns of
the tables named in the statement first.

Example: for ``SELECT na`` with the table city(name): ``("na", [("name", "column of city"), ("nano…", …)])``.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from aerodb_dbapi.planner.lexer import KEYWORDS
from aerodb_dbapi.shell.formats import MODES
from aerodb_dbapi.shell.registry import COMMANDS
from aerodb_dbapi.storage.catalog import Table
from aerodb_dbapi.transfer.tables import quoted

if TYPE_CHECKING:
    from aerodb_dbapi.shell.session import Session

Candidate = tuple[str, str]
_WORD: Final = re.compile(r"(?:\"[^\"]*|[\w$]+)\Z")
_AFTER_TABLE: Final = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ON|,)\s+\Z", re.I)
_NAMED: Final = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|,)\s+(\"[^\"]+\"|\w+)(?:\s+(?:AS\s+)?(\w+))?", re.I)
_QUALIFIED: Final = re.compile(r"(\"[^\"]+\"|\w+)\.\s*\Z")
_PLAIN: Final = re.compile(r"[A-Za-z_]\w*")
_FILES: Final = ("import", "export", "open", "read", "output", "once")
_TABLES: Final = ("schema", "indexes", "dump", "tables", "diff", "export")
_WORDS: Final = {
    "mode": list(MODES), "timer": ["on", "off"], "headers": ["on", "off"], "bail": ["on", "off"], "pager": ["on", "off"],
    "plot": ["bar", "line"], "asof": ["now"],
}  # fmt: skip


def candidates(session: Session, text: str) -> tuple[str, list[Candidate]]:
    """The beginning of a word at the end of the text, and what it may become, best first."""
    stripped = text.lstrip()
    if stripped.startswith(".") and "\n" not in text:
        return _of_command(session, stripped)
    statement = text.rpartition(";")[2]
    matched = _WORD.search(statement)
    word = matched[0] if matched else ""
    before = statement[: len(statement) - len(word)]
    return word, _matching(word.lstrip('"'), _of_sql(session, statement, before))


def _of_sql(session: Session, statement: str, before: str) -> Iterator[Candidate]:
    qualified = _QUALIFIED.search(before)
    if qualified is not None:
        table = _tables_in(session, statement).get(_bare(qualified[1])) or _table(session, _bare(qualified[1]))
        if table is not None:
            yield from _columns(table)
        return
    if _AFTER_TABLE.search(before):
        yield from _names(session)
        if before.rstrip()[-1:] != ",":
            return
    named = {table.id: table for table in _tables_in(session, statement).values()}
    for table in (named or session.schema.tables).values():
        yield from _columns(table)
    yield from _names(session)
    yield from ((word, "") for word in sorted(KEYWORDS))
    yield from functions(session)


def functions(session: Session) -> list[Candidate]:
    """The functions, asked once in a session."""
    if not session.functions:
        rows = session.connection.execute("PRAGMA function_list").fetchall()
        session.functions = [
            (f"{name}(", "function") for name in sorted({row[0] for row in rows}) if _PLAIN.fullmatch(name)
        ]
    return session.functions


def _names(session: Session) -> Iterator[Candidate]:
    schema = session.schema
    for table in schema.tables.values():
        yield written(table.name), "table"
    for view in schema.views.values():
        yield written(view.name), "view"


def _table(session: Session, name: str) -> Table | None:
    return session.schema.table(name)


def _tables_in(session: Session, statement: str) -> dict[str, Table]:
    """The tables that a statement names, by name and by alias."""
    found: dict[str, Table] = {}
    for name, alias in _NAMED.findall(statement):
        table = _table(session, _bare(name))
        if table is not None:
            found[_bare(name)] = table
            if alias:
                found[alias.lower()] = table
    return found


def _columns(table: Table) -> Iterator[Candidate]:
    return ((written(column.name), f"{column.type} of {table.name}".strip()) for column in table.columns)


def _bare(name: str) -> str:
    return name.strip('"').lower()


def written(name: str) -> str:
    """A name as it stands in SQL."""
    return name if _PLAIN.fullmatch(name) and name.upper() not in KEYWORDS else quoted(name)


def _matching(word: str, found: Iterable[Candidate]) -> list[Candidate]:
    """Those that begin with a word, each once; keywords in the case of the word."""
    if not word:
        return [one for one in dict.fromkeys(found) if one[1]]
    small = word.lower()
    lower = word.islower()
    kept = {text: (text, kind) for text, kind in reversed(list(found))}
    return [
        (text.lower() if lower and not kind else text, kind or "keyword")
        for text, kind in reversed(kept.values())
        if text.strip('"').lower().startswith(small)
    ]


def _of_command(session: Session, line: str) -> tuple[str, list[Candidate]]:
    name, space, rest = line[1:].partition(" ")
    if not space:
        return line, [(f".{known}", COMMANDS[known].help) for known in sorted(COMMANDS) if known.startswith(name)]
    if name == "explain" or (name in ("plot", "export") and " " in rest):
        inner = rest.partition(" ")[2] if name == "plot" and rest.split(" ")[0] in ("bar", "line") else rest
        word, found = candidates(session, inner) if not inner.startswith(".") else ("", [])
        if found:
            return word, found
    word = rest.rpartition(" ")[2]
    found = [(text, "") for text in _WORDS.get(name, ())]
    if name == "help":
        found += [(known, "") for known in sorted(COMMANDS)]
    if name == "asof":
        found += [(snapshot, "snapshot") for snapshot in session.connection._ready().database.snapshots()]
    if name in _TABLES:
        found += _names(session)
    kept = [one for one in found if one[0].lower().startswith(word.lower())]
    return word, kept + (list(_paths(word)) if name in _FILES else [])


def _paths(word: str) -> Iterator[Candidate]:
    for path in sorted(glob.glob(glob.escape(os.path.expanduser(word)) + "*"))[:50]:
        folder = os.path.isdir(path)
        yield (path + "/" if folder else path), "folder" if folder else "file"
