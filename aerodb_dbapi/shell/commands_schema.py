"""Dot commands about what there is: tables, views, indexes, texts, plans, the state of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aerodb_dbapi.shell.registry import Misuse, command, one
from aerodb_dbapi.transfer.tables import quoted

if TYPE_CHECKING:
    from aerodb_dbapi.shell.session import Session

_HEAD: Final = re.compile(r"\A\s*CREATE\s+(?:UNIQUE\s+)?(?:TABLE|VIEW|INDEX|TRIGGER)\s+", re.I)


def _databases(session: Session) -> list[str]:
    """What is read: main, temp and what is attached; as of a commit main alone."""
    if session.view is not None:
        return ["main"]
    return [row[1] for row in session.connection.execute("PRAGMA database_list").fetchall()]


class Entry(NamedTuple):
    """A line of `sqlite_master`."""

    database: str
    kind: str
    name: str
    table: str
    sql: str | None

    @property
    def shown(self) -> str:
        """The name, outside of main with the database's in front."""
        return self.name if self.database == "main" else f"{self.database}.{self.name}"

    @property
    def text(self) -> str:
        """The statement that makes it, where it is."""
        if self.database == "main":
            return str(self.sql)
        return _HEAD.sub(lambda head: f"{head[0]}{quoted_if_needed(self.database)}.", str(self.sql), count=1)


def _entries(session: Session, condition: str, pattern: str = "%") -> list[Entry]:
    """What there is besides tables of the system's own, in all databases; `?` in the condition is the pattern."""
    chosen = condition.replace("?", literal(pattern))
    return [
        Entry(database, *row)
        for database in _databases(session)
        for row in session.execute(
            f"SELECT type, name, tbl_name, sql FROM {quoted(database)}.sqlite_master "
            f"WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND {chosen}"
        )
    ]


def literal(text: str) -> str:
    """A text as it stands in SQL."""
    return "'" + text.replace("'", "''") + "'"


def quoted_if_needed(name: str) -> str:
    """A name as it stands in SQL, in quotes where it must."""
    return name if name.isidentifier() else quoted(name)


def _pattern(rest: str, usage: str) -> str:
    return one(rest, usage) if rest else "%"


@command("tables", "[PATTERN]", "tables and views; a pattern of LIKE")
def tables(session: Session, rest: str) -> None:
    """``.tables f%``"""
    pattern = _pattern(rest, ".tables [PATTERN]")
    found = _entries(session, "type IN ('table', 'view') AND name LIKE ? ORDER BY name", pattern)
    if not session.terminal:
        if found:
            session.say("\n".join(entry.shown for entry in found))
        return
    rows = [(entry.shown, entry.kind, _count(session, entry) if entry.kind == "table" else None) for entry in found]
    if rows:
        session.show(("name", "type", "rows"), rows, "table", null="")
    else:
        session.note("no tables")


def _count(session: Session, entry: Entry) -> int:
    name = f"{quoted(entry.database)}.{quoted(entry.name)}"
    ((count,),) = session.execute(f"SELECT count(*) FROM {name}").fetchall()
    return int(count)


@command("views", "[PATTERN]", "views")
def views(session: Session, rest: str) -> None:
    """``.views``"""
    found = _entries(session, "type = 'view' AND name LIKE ? ORDER BY name", _pattern(rest, ".views [PATTERN]"))
    if found:
        session.say("\n".join(entry.shown for entry in found))
    else:
        session.note("no views")


@command("indexes", "[TABLE]", "indexes, of a table or of all")
def indexes(session: Session, rest: str) -> None:
    """``.indexes flights``"""
    wanted = one(rest, ".indexes [TABLE]") if rest else None
    condition = "1" if wanted is None else "lower(tbl_name) = lower(?)"
    found = _entries(session, f"type = 'index' AND {condition} ORDER BY name", wanted or "")
    if not session.terminal:
        if found:
            session.say("\n".join(entry.shown for entry in found))
    elif found:
        session.show(
            ("name", "table", "definition"), [(entry.shown, entry.table, entry.sql) for entry in found], "table"
        )
    else:
        session.note("no indexes")


@command("schema", "[PATTERN]", "the texts that made them")
def schema(session: Session, rest: str) -> None:
    """``.schema flights``"""
    pattern = _pattern(rest, ".schema [PATTERN]")
    found = _entries(
        session,
        "sql NOT NULL AND (tbl_name LIKE ? OR name LIKE ?) ORDER BY tbl_name, type = 'table' DESC, name",
        pattern,
    )
    if found:
        session.say("\n".join(coloured(f"{session.safe(entry.text)};", session.colours) for entry in found))
    elif rest:
        raise Misuse(f"nothing is called {pattern}")


def coloured(sql: str, colours: bool) -> str:
    """A text of SQL with colours, where Pygments is installed."""
    if not colours:
        return sql
    try:
        from pygments import highlight
        from pygments.formatters import Terminal256Formatter
        from pygments.lexers import SqlLexer
    except ImportError:
        return sql
    return str(highlight(sql, SqlLexer(), Terminal256Formatter())).rstrip("\n")


@command("dump", "[PATTERN]", "the database as SQL, or the objects with such names")
def dump(session: Session, rest: str) -> None:
    """``.dump``"""
    session.present(".dump")
    pattern = one(rest, ".dump [PATTERN]") if rest else None
    from aerodb_dbapi.dump import dump as statements

    with session.out() as out:
        for statement in statements(session.connection, pattern):
            out.write(session.safe(statement) + "\n")


@command("explain", "[SQL]", "the plan of a statement, or of the one before")
def explain(session: Session, rest: str) -> None:
    """``.explain SELECT …``"""
    sql = rest.rstrip("; ") or session.last_query
    if not sql:
        raise Misuse("usage: .explain SQL")
    session.present(".explain")
    rows = session.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
    session.say("\n".join(_tree(rows, 0, "")))


def _tree(rows: list[tuple[Any, ...]], parent: int, indent: str) -> Iterator[str]:
    children = [row for row in rows if row[1] == parent]
    for place, row in enumerate(children):
        last = place == len(children) - 1
        yield f"{indent}{'└─ ' if last else '├─ '}{row[3]}"
        yield from _tree(rows, row[0], indent + ("   " if last else "│  "))


@command("databases", "", "the databases of the connection")
def databases(session: Session, rest: str) -> None:
    """``.databases``"""
    rows = session.connection.execute("PRAGMA database_list").fetchall()
    session.say("\n".join(f"{row[1]}: {row[2] or 'in memory'}" for row in rows))


@command("status", "", "commit, sizes, history, read views")
def status(session: Session, rest: str) -> None:
    """``.status``"""
    ask = session.connection.execute
    cursor = ask("PRAGMA aerodb_store")
    store = dict(zip([column[0] for column in cursor.description or ()], cursor.fetchone()))
    read_views = ask("PRAGMA aerodb_read_views").fetchall()
    (retention,) = ask("PRAGMA history_retention").fetchone()
    facts = [
        ("file", session.path if store["checkpoint_id"] is not None else f"{session.path} (in memory)"),
        ("commit", f"{store['commit_id']:,}; readable since {store['oldest_commit']:,}"),
        (
            "size",
            f"{_size(store['file_bytes'])}, of it {_size(store['free_bytes'])} free; log {_size(store['log_bytes'])}",
        ),
        ("cache", f"{_size(store['cache_bytes'])} of {_size(store['cache_budget'])}"),
        ("history", f"kept for {retention:,} commits" if retention else "since the last checkpoint"),
        ("snapshots", ", ".join(row[0] for row in ask("PRAGMA aerodb_snapshots")) or "none"),
        ("read views", "; ".join(f"commit {row[0]}, {row[1]} commits old" for row in read_views) or "none"),
        ("transaction", "open" if session.connection.in_transaction else "none"),
    ]
    if session.view is not None:
        facts.append(("reading", f"as of commit {session.view.commit_id}"))
    if store["failure"]:
        facts.append(("checkpoint failed", str(store["failure"])))
    width = max(len(name) for name, _ in facts)
    session.say("\n".join(f"{name.rjust(width)}: {value}" for name, value in facts))


def _size(number: int) -> str:
    for unit, size in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number} bytes"
