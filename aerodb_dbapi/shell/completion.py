"""What may stand at a place of the input: names of tables, columns and functions, keywords, commands and their arguments.

Knows nothing of prompts: `candidates(session, text)` gives the beginning that is there, and what may take its place. Names are those of
the schemas that are read, temp and attached databases included: after a table's name or alias and a dot its columns, after a database's
and a dot its tables, after FROM and the like tables, views, WITH names and table-valued functions, after DROP INDEX indexes and so on,
elsewhere the columns of the tables and views that the statement names. Nothing is offered inside of strings and comments. The catalog is
read in memory: a completion is no read of the open transaction.

Example: for ``SELECT na`` with the table city(name): ``("na", [("name", "TEXT of city"), ("natural", "keyword")])``.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from aerodb_dbapi.planner.lexer import KEYWORDS
from aerodb_dbapi.shell.formats import MODES
from aerodb_dbapi.shell.registry import COMMANDS, Misuse, find
from aerodb_dbapi.storage.catalog import Table, View
from aerodb_dbapi.storage.collations import COLLATIONS
from aerodb_dbapi.transfer.tables import quoted

if TYPE_CHECKING:
    from aerodb_dbapi.shell.session import Session

Candidate = tuple[str, str]
_NAME: Final = r"(\"(?:[^\"]|\"\")+\"|`[^`]+`|\[[^\]]+\]|\w+)"
_WORD: Final = re.compile(r"[\w$]+\Z")
_PIECE: Final = re.compile(  # whole strings, names in quotes, comments and ends of statements; last what is open
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*\n|/\*.*?\*/|(;)|('|\"|`|\[|--|/\*)", re.S
)
_IF_EXISTS: Final = r"(?:\s+IF\s+EXISTS)?"
_AFTER_TABLE: Final = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE|TABLE{_IF_EXISTS}|,)\s+\Z", re.I)
_AFTER_ON: Final = re.compile(r"\A\s*CREATE\b.*\b(?:INDEX|TRIGGER)\b.*\bON\s+\Z", re.I | re.S)
_NAMED: Final = re.compile(
    rf"(?:\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ON)\b|,)\s*(?:{_NAME}\s*\.\s*)?{_NAME}(?:\s+(?:AS\s+)?(\w+))?", re.I
)
_QUALIFIED: Final = re.compile(rf"{_NAME}\s*\.\s*\Z")
_WITH: Final = re.compile(rf"(?:\bWITH\b(?:\s+RECURSIVE)?|\)\s*,)\s*{_NAME}\s*(?:\(([^()]*)\))?\s*AS\b", re.I)
_ALIAS: Final = re.compile(r"\bAS\s+(\w+)\b", re.I)
_PLAIN: Final = re.compile(r"[A-Za-z_]\w*")
_FILES: Final = ("import", "export", "open", "read", "output", "once")
_TABLES: Final = ("schema", "indexes", "dump", "tables", "views", "diff", "export")
_WORDS: Final = {
    "mode": list(MODES), "timer": ["on", "off"], "headers": ["on", "off"], "bail": ["on", "off"], "pager": ["on", "off"],
    "plot": ["bar", "line"], "asof": ["now"],
}  # fmt: skip


def candidates(session: Session, text: str, behind: str = "") -> tuple[str, list[Candidate]]:
    """The beginning of a word at the end of the text, and what it may become, best first. `behind` is what follows the cursor."""
    stripped = text.lstrip()
    if stripped.startswith(".") and "\n" not in text:
        return _of_command(session, stripped)
    statement, opened = _last_statement(text)
    if opened and opened not in '"`[':
        return "", []
    before = statement
    if opened:
        before, _, word = statement.rpartition(opened)
        word = opened + word
    else:
        matched = _WORD.search(statement)
        word = matched[0] if matched else ""
        before = statement[: len(statement) - len(word)]
    found = _of_sql(session, f"{statement} {behind}", before)
    if opened:
        found = ((name, kind) for name, kind in found if kind and not name.endswith("("))
    return word, _matching(word.lstrip('"`['), found)


def _last_statement(text: str) -> tuple[str, str]:
    """The last statement of the text, and the quote or comment that is open at its end."""
    start = 0
    for piece in _PIECE.finditer(text):
        if piece[1]:
            start = piece.end()
        elif piece[2]:
            return text[start:], piece[2]
    return text[start:], ""


def _of_sql(session: Session, statement: str, before: str) -> Iterator[Candidate]:
    qualified = _QUALIFIED.search(before)
    if qualified is not None and not _PRAGMA.search(before):
        yield from _inside(session, statement, _bare(qualified[1]))
        return
    for pattern, names in _AFTER:
        if pattern.search(before):
            yield from names(session)
            return
    if _AFTER_TABLE.search(before) or _AFTER_ON.search(before):
        yield from ((name, "with") for name in _with_names(statement))
        yield from _names(session)
        yield from _sources(session)
        if before.rstrip()[-1:] != ",":
            return
    yield from _columns_named(session, statement)
    yield from _names(session)
    yield from ((word, "") for word in sorted(KEYWORDS))
    yield from functions(session)


def _inside(session: Session, statement: str, name: str) -> Iterator[Candidate]:
    """What may stand behind a name and a dot: columns of a table, else tables of a database."""
    known = _tables_in(session, statement).get(name) or _table(session, name)
    if known is not None:
        yield from _columns(session, known)
        return
    for columns in [columns for cte, columns in _with(statement) if _bare(cte) == name]:
        yield from ((column, f"of {name}") for column in columns)
    yield from _names(session, name)


def _columns_named(session: Session, statement: str) -> Iterator[Candidate]:
    """The columns of what the statement names; of all tables, if it names none; and names that it gives itself."""
    named = {id(known): known for known in _tables_in(session, statement).values()}
    for known in named.values():
        yield from _columns(session, known)
    for _, columns in _with(statement):
        yield from ((column, "with") for column in columns)
    yield from ((name, "alias") for name in _ALIAS.findall(statement) if name.upper() not in KEYWORDS)
    yield from ((name, "with") for name in _with_names(statement))
    if not named:
        for table in [table for schema in session.schemas for table in schema.tables.values()]:
            yield from _columns(session, table)


# --- Names of each kind ---


def functions(session: Session) -> list[Candidate]:
    """The functions, asked once in a session."""
    return _asked(session, "PRAGMA function_list", "function", "{}(")


def _asked(session: Session, sql: str, kind: str, form: str = "{}") -> list[Candidate]:
    """The first column of what a PRAGMA lists, asked once in a session."""
    if sql not in session.lists:
        names = {str(row[0]) for row in session.connection.execute(sql).fetchall()}
        session.lists[sql] = [(form.format(name), kind) for name in sorted(names) if _PLAIN.fullmatch(name)]
    return session.lists[sql]


def _names(session: Session, database: str | None = None) -> Iterator[Candidate]:
    """Tables and views, of one database or of all."""
    for schema in session.schemas:
        if database is None or database == (schema.database or "main").lower():
            for table in schema.tables.values():
                yield written(table.name), "table"
            for view in schema.views.values():
                yield written(view.name), "view"


def _sources(session: Session) -> list[Candidate]:
    return _asked(session, "PRAGMA module_list", "function", "{}(")


def _views(session: Session) -> Iterator[Candidate]:
    return ((written(view.name), "view") for schema in session.schemas for view in schema.views.values())


def _indexes(session: Session) -> Iterator[Candidate]:
    for schema in session.schemas:
        for table in schema.tables.values():
            yield from ((written(index.name), f"index of {table.name}") for index in table.indexes if index.sql)


def _triggers(session: Session) -> Iterator[Candidate]:
    return ((written(trigger.name), "trigger") for schema in session.schemas for trigger in schema.triggers.values())


def _tables_and_indexes(session: Session) -> Iterator[Candidate]:
    yield from _names(session)
    yield from _indexes(session)


def _snapshots(session: Session) -> Iterator[Candidate]:
    names = session.connection._ready().database.snapshots()
    return ((name if _PLAIN.fullmatch(name) else quoted(name), "snapshot") for name in names)


def _databases(session: Session) -> Iterator[Candidate]:
    return ((written(schema.database), "database") for schema in session.schemas if schema.database)


def _collations(session: Session) -> Iterator[Candidate]:
    return ((name, "collation") for name in COLLATIONS)


def _pragmas(session: Session) -> list[Candidate]:
    return _asked(session, "PRAGMA pragma_list", "pragma")


_PRAGMA: Final = re.compile(rf"\A\s*PRAGMA\s+(?:{_NAME}\s*\.\s*)?\Z", re.I)
_AFTER: Final[tuple[tuple[re.Pattern[str], Callable[[Session], Iterable[Candidate]]], ...]] = (
    (_PRAGMA, _pragmas),
    (re.compile(rf"\b(?:DROP\s+INDEX{_IF_EXISTS}|INDEXED\s+BY)\s+\Z", re.I), _indexes),
    (re.compile(rf"\bDROP\s+TRIGGER{_IF_EXISTS}\s+\Z", re.I), _triggers),
    (re.compile(rf"\bDROP\s+VIEW{_IF_EXISTS}\s+\Z", re.I), _views),
    (re.compile(rf"\b(?:DROP|OF)\s+SNAPSHOT{_IF_EXISTS}\s+\Z", re.I), _snapshots),
    (re.compile(r"\bDETACH(?:\s+DATABASE)?\s+\Z", re.I), _databases),
    (re.compile(r"\b(?:REINDEX|ANALYZE)\s+\Z", re.I), _tables_and_indexes),
    (re.compile(r"\bCOLLATE\s+\Z", re.I), _collations),
)


def _table(session: Session, name: str, database: str = "") -> Table | View | None:
    """A table or view by its name, in one database or in the first that has it."""
    for schema in session.schemas:
        if not database or database == (schema.database or "main").lower():
            found = schema.table(name) or schema.view(name)
            if found is not None:
                return found
    return None


def _tables_in(session: Session, statement: str) -> dict[str, Table | View]:
    """The tables and views that a statement names, by name and by alias."""
    found: dict[str, Table | View] = {}
    for database, name, alias in _NAMED.findall(statement):
        table = _table(session, _bare(name), _bare(database))
        if table is not None:
            found[_bare(name)] = table
            if alias:
                found[alias.lower()] = table
    return found


def _with(statement: str) -> list[tuple[str, list[str]]]:
    """The names that WITH gives, each with its columns as far as they are listed."""
    return [
        (name, [column.strip() for column in columns.split(",") if column.strip()])
        for name, columns in _WITH.findall(statement)
    ]


def _with_names(statement: str) -> list[str]:
    return [name for name, _ in _with(statement)]


def _columns(session: Session, known: Table | View) -> Iterator[Candidate]:
    if isinstance(known, Table):
        pairs = [(column.name, column.type) for column in known.columns]
    else:
        rows = session.execute(f"PRAGMA table_info({quoted(known.name)})").fetchall()
        pairs = [(row[1], row[2]) for row in rows]
    return ((written(name), f"{type_} of {known.name}".strip()) for name, type_ in pairs)


def _bare(name: str) -> str:
    return name.strip('"`[]').replace('""', '"').lower()


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


# --- Dot commands ---


def _of_command(session: Session, line: str) -> tuple[str, list[Candidate]]:
    name, space, rest = line[1:].partition(" ")
    if not space:
        return line, [(f".{known}", COMMANDS[known].help) for known in sorted(COMMANDS) if known.startswith(name)]
    try:
        name = find(name).name
    except Misuse:
        return "", []
    if name == "explain" or (name in ("plot", "export") and " " in rest):
        inner = rest.partition(" ")[2] if name == "plot" and rest.split(" ")[0] in ("bar", "line") else rest
        word, found = candidates(session, inner) if not inner.startswith(".") else ("", [])
        if found:
            return word, found
    word = rest.rpartition(" ")[2]
    found = [(text, "") for text in _WORDS.get(name, ())]
    if name == "help":
        found += [(known, "") for known in sorted(COMMANDS)]
    if name in ("asof", "diff"):
        found += _snapshots(session)
    if name in _TABLES:
        found += _names(session)
    small = word.lower().lstrip('"')
    kept = [one for one in found if one[0].strip('"').lower().startswith(small)]
    return word, kept + (list(_paths(word)) if name in _FILES else [])


def _paths(word: str) -> Iterator[Candidate]:
    for path in sorted(glob.glob(glob.escape(os.path.expanduser(word)) + "*"))[:50]:
        folder = os.path.isdir(path)
        yield (path + "/" if folder else path), "folder" if folder else "file"
