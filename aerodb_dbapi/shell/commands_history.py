"""Dot commands about time: commits, differences, snapshots, reading as of a commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aerodb_dbapi.shell import formats
from aerodb_dbapi.shell.registry import Misuse, command, one, words
from aerodb_dbapi.storage.catalog import Schema, Table
from aerodb_dbapi.storage.checkpoint import snapshots as snapshots_of
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.sentinels import MISSING
from aerodb_dbapi.storage.structure import difference

if TYPE_CHECKING:
    from aerodb_dbapi.shell.session import Session

_COMMITS = 10
_RED, _GREEN = "\x1b[31m", "\x1b[32m"


def _commit(session: Session, word: str) -> int:
    """A commit by its number, by the name of a snapshot, ``now``, or so many back (``-2``)."""
    latest = session.connection.commit_id
    if word.lower() == "now":
        return latest
    if word.lstrip("-").isdigit():
        number = int(word)
        return latest + number if number < 0 else number
    snapshots = session.connection._ready().database.snapshots()
    if word not in snapshots:
        raise Misuse(f"{word} is neither a commit nor a snapshot")
    return snapshots[word]


@command(
    "asof",
    "COMMIT|now",
    "read everything as of a commit; now leads back",
    "A commit is a number, the name of a snapshot, or -1, -2, … back from the present.",
)
def asof(session: Session, rest: str) -> None:
    """``.asof 42``"""
    word = one(rest, ".asof COMMIT|now")
    if word.lower() == "now":
        session.as_of(None)
        session.note(f"the present: commit {session.connection.commit_id}")
        return
    if session.connection.in_transaction:
        raise Misuse("a transaction is open: COMMIT or ROLLBACK first")
    session.as_of(_commit(session, word))
    assert session.view is not None
    session.note(f"as of commit {session.view.commit_id}; .asof now leads back")


@command("snapshots", "", "the snapshots, which keep commits readable")
def snapshots(session: Session, rest: str) -> None:
    """``.snapshots``"""
    rows = session.connection.execute("PRAGMA aerodb_snapshots").fetchall()
    if rows:
        session.show(("name", "commit"), rows)
    else:
        session.note("no snapshots: CREATE SNAPSHOT name makes one")


@command("commits", "[N]", "the latest commits, and what they changed")
def commits(session: Session, rest: str) -> None:
    """``.commits 20``"""
    count = one(rest, ".commits [N]") if rest else str(_COMMITS)
    if not count.isdigit():
        raise Misuse("usage: .commits [N]")
    latest = session.connection.commit_id
    rows = []
    for number in range(latest, max(latest - int(count), 0), -1):
        before, after = _root(session, number - 1), _root(session, number)
        if before is None or after is None:
            break
        rows.append((number, "; ".join(_summary(before, after)) or "settings"))
    if rows:
        session.show(("commit", "changes"), rows)
    if len(rows) < min(int(count), latest):
        session.note("earlier commits are not kept: PRAGMA history_retention = 1000; keeps that many from now on")


def _root(session: Session, commit: int) -> Root | None:
    if commit == 0:
        return Root.empty()
    try:
        return session.connection._ready().database.root_at(commit)
    except OperationalError:
        return None


def _summary(before: Root, after: Root) -> Iterator[str]:
    """What became of the objects, then of the rows of each table."""
    yield from _definitions(before.schema, after.schema)
    kept, keeps = snapshots_of(before), snapshots_of(after)
    yield from (f"snapshot {name} created" for name in keeps if name not in kept)
    yield from (f"snapshot {name} dropped" for name in kept if name not in keeps)
    for old, new in _tables(before.schema, after.schema):
        kinds = Counter(_kind(was, now) for _, was, now in _changes(before, after, old, new))
        if kinds:
            name = (new or old).name  # type: ignore[union-attr]
            yield f"{name} {' '.join(f'{sign}{kinds[sign]:,}' for sign in '+~-' if kinds[sign])}"


def _definitions(before: Schema, after: Schema) -> Iterator[str]:
    for key, item in after.objects.items():
        if _is_own(item):
            continue
        kind = type(item).__name__.lower()
        if key not in before.objects:
            yield f"{kind} {item.name} created"
        elif before.objects[key].name != item.name:
            yield f"{kind} {before.objects[key].name} renamed to {item.name}"
    for key, item in before.objects.items():
        if key not in after.objects and not _is_own(item):
            yield f"{type(item).__name__.lower()} {item.name} dropped"


def _is_own(item: Any) -> bool:
    return str(item.name).startswith("sqlite_")


def _tables(before: Schema, after: Schema) -> list[tuple[Table | None, Table | None]]:
    """The tables of both states, by what they are, not by their names."""
    keys = dict.fromkeys([*before.objects, *after.objects])
    pairs = [(before.objects.get(key), after.objects.get(key)) for key in keys]
    return [
        (old if isinstance(old, Table) else None, new if isinstance(new, Table) else None)
        for old, new in pairs
        if (isinstance(old, Table) or isinstance(new, Table)) and not _is_own(new or old)
    ]


def _changes(before: Root, after: Root, old: Table | None, new: Table | None) -> Iterator[tuple[Any, Any, Any]]:
    """Key, row before, row after."""
    left = Root.empty().trees[0] if old is None else before.trees[old.tree]
    right = Root.empty().trees[0] if new is None else after.trees[new.tree]
    if left is not right:
        yield from difference(left, right)


def _kind(was: Any, now: Any) -> str:
    return "+" if was is MISSING else "-" if now is MISSING else "~"


@command(
    "diff",
    "COMMIT [COMMIT] [TABLE]",
    "the rows in which two commits differ",
    "Without a second commit it is the present. A commit is a number, the name of a snapshot, now, or -1, -2, … back.",
)
def diff(session: Session, rest: str) -> None:
    """``.diff 41 42 city``"""
    found = words(rest)
    if not 1 <= len(found) <= 3:
        raise Misuse("usage: .diff COMMIT [COMMIT] [TABLE]")
    first = _commit(session, found[0])
    second, wanted = session.connection.commit_id, found[1:]
    if wanted and (len(wanted) == 2 or _is_commit(session, wanted[0])):
        second, wanted = _commit(session, wanted[0]), wanted[1:]
    with session.connection.read_view(first) as one_view, session.connection.read_view(second) as other:
        before, after = one_view._open_view().root, other._open_view().root
        lines = _difference(before, after, wanted[0].lower() if wanted else None, session)
        with session.out() as out:
            out.writelines(line + "\n" for line in lines)


def _is_commit(session: Session, word: str) -> bool:
    """Does a word stand for a commit? The name of a snapshot does, unless a table has it."""
    if word.lstrip("-").isdigit() or word.lower() == "now":
        return True
    return session.schema.table(word) is None and word in session.connection._ready().database.snapshots()


def _difference(before: Root, after: Root, wanted: str | None, session: Session) -> Iterator[str]:
    bold, off = (formats.BOLD, formats.OFF) if session.colours else ("", "")
    if wanted is None:
        yield from (f"{bold}{line}{off}" for line in _definitions(before.schema, after.schema))
    known = False
    for old, new in _tables(before.schema, after.schema):
        table = new or old
        assert table is not None
        if wanted not in (None, table.name.lower()):
            continue
        known, begun = True, False
        for key, was, now in _changes(before, after, old, new):
            if not begun:
                yield f"{bold}{table.name}{off} ({', '.join(column.name for column in table.columns)})"
                begun = True
            yield from _row(key, was, now, table, session.colours)
    if wanted is not None and not known:
        raise Misuse(f"no such table: {wanted}")


def _row(key: Any, was: Any, now: Any, table: Table, colours: bool) -> Iterator[str]:
    red, green, off = (_RED, _GREEN, formats.OFF) if colours else ("", "", "")
    if was is not MISSING:
        yield f"{red}- {_shown(key, was, table)}{off}"
    if now is not MISSING:
        yield f"{green}+ {_shown(key, now, table)}{off}"


def _shown(key: Any, row: tuple[Any, ...], table: Table) -> str:
    cells = [formats.safe(formats.shown(value, "NULL")) for value in row]
    named = table.rowid_alias is not None or table.without_rowid
    return ("" if named else f"[{key}] ") + " | ".join(cells)
