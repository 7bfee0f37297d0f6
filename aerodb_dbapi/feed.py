"""The change feed as the user sees it: `Connection.changes`, consumers, and applying commits to another database.

    for commit in connection.changes(since=41):
        for change in commit:
            change.table, change.operation, change.rowid, change.old, change.new

A change of a definition comes as one of the table ``sqlite_schema``, with rows (type, name, tbl_name, sql). How far back a feed
reaches, and why it costs a commit nothing, is told in `storage/feed.py`.

Example: `Connection.apply` makes a copy that follows::

    for commit in source.changes(since=replica.commit_id, wait=True):
        replica.apply(commit)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from aerodb_dbapi.storage import feed
from aerodb_dbapi.storage.catalog import Index, SchemaObject, Table, Trigger
from aerodb_dbapi.storage.digest import digest
from aerodb_dbapi.storage.errors import ProgrammingError
from aerodb_dbapi.turns import in_turn

Row = tuple[Any, ...]


class Change(NamedTuple):
    """One change of a commit.

    `operation` is 'INSERT', 'UPDATE' or 'DELETE'. `old` and `new` are the rows before and after it, as tuples of the values
    stored, in the order of `columns`; `old` is None for an INSERT, `new` for a DELETE. `schema_version` is the commit that last
    changed the schema under which the newer of the two was stored.
    """

    table: str
    operation: str
    rowid: int
    old: Row | None
    new: Row | None
    columns: tuple[str, ...]
    schema_version: int


class CommitChanges:
    """One commit of the feed. Iterate over it for its `Change`s: of definitions first, then of rows, by table and rowid."""

    __slots__ = ("_commit",)

    def __init__(self, commit: feed.Commit) -> None:
        self._commit = commit

    def __repr__(self) -> str:
        return f"<CommitChanges of commit {self.commit_id}>"

    @property
    def commit_id(self) -> int:
        """The number of the commit."""
        return self._commit.commit_id

    @property
    def schema_version(self) -> int:
        """The commit that last changed the schema, as of this one."""
        return self._commit.after.schema.version

    @property
    def is_bookkeeping(self) -> bool:
        """Whether it did nothing but say how far consumers have come."""
        return feed.is_bookkeeping(self._commit)

    def digest(self) -> str:
        """The hash over the whole content of the database after this commit."""
        return digest(self._commit.after)

    def __iter__(self) -> Iterator[Change]:
        version = self.schema_version
        for old, new in self._commit.definitions():
            item = new or old
            assert item is not None
            operation = "UPDATE" if old and new else "INSERT" if new else "DELETE"
            yield Change("sqlite_schema", operation, item.id, _defined(old), _defined(new), DEFINED, version)
        before = self._commit.before.schema.version
        for change in self._commit.rows():
            table = change.table
            under = before if change.new is None else version
            names = tuple(column.name for column in table.columns)
            yield Change(table.name, change.operation, change.rowid, change.old, change.new, names, under)


DEFINED = ("type", "name", "tbl_name", "sql")


def _defined(item: SchemaObject | None) -> Row | None:
    if item is None:
        return None
    table = item.table if isinstance(item, Index | Trigger) else item.name
    kind = "table" if isinstance(item, Table) else type(item).__name__.lower()
    return kind, item.name, table, item.sql


class Feeding:
    """The part of a connection that gives and takes commits."""

    def _database(self) -> Any:
        return self._ready().database  # type: ignore[attr-defined]

    def _writable_database(self) -> Any:
        session = self._ready()  # type: ignore[attr-defined]
        session.refuse_to_write()
        return session.database

    def changes(
        self, since: int | None = None, *, consumer: str | None = None, wait: bool = False, timeout: float | None = None
    ) -> Iterator[CommitChanges]:
        """The commits behind `since`, in order, with what each changed: those of all connections and processes.

        Without `since` it begins behind what `consumer` has acknowledged, or behind the latest commit. With `wait` the
        iterator goes on with commits as they are published, until none came for `timeout` seconds (None: for ever). Raises
        OperationalError when a commit is no longer held: see `PRAGMA history_retention` and `register_consumer`.
        """
        return (CommitChanges(commit) for commit in self._reading(since, consumer).commits(wait, timeout))

    def _reading(self, since: int | None, consumer: str | None) -> feed.Feed:
        """A reading that begins where `changes` does."""
        database = self._database()
        if since is None:
            since = database.root.commit_id if consumer is None else feed.position_of(database, consumer)
        return feed.Feed(database, since)

    def register_consumer(self, name: str, since: int | None = None) -> int:
        """Have the database keep what a consumer of `changes` still needs, from behind commit `since` on (by default the
        latest one); that commit's id. It lasts, also over restarts, until `drop_consumer`. OperationalError: that commit is
        no longer held."""
        database = self._writable_database()
        position: int = database.root.commit_id if since is None else since
        database.root_at(position)
        feed.set_consumer(database, name, position)
        return position

    def acknowledge(self, name: str, commit_id: int) -> None:
        """A consumer needs nothing any more up to that commit. OperationalError: no such consumer."""
        database = self._writable_database()
        if commit_id > feed.position_of(database, name):
            feed.set_consumer(database, name, commit_id)

    def drop_consumer(self, name: str) -> None:
        """Keep nothing for a consumer any more. OperationalError: no such consumer."""
        database = self._writable_database()
        feed.position_of(database, name)
        feed.set_consumer(database, name, None)

    @in_turn
    def apply(self, commit: CommitChanges) -> None:
        """Make a commit that another database's `changes` gave, which must be the next one here; it gets the same id, and
        the digests are equal. ProgrammingError: it is not the next one, or a transaction is open."""
        if self._ready().transaction is not None:  # type: ignore[attr-defined]
            raise ProgrammingError("cannot apply a commit within a transaction")
        feed.apply(self._writable_database(), commit._commit)
