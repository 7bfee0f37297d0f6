"""`ReadView`: the database as of one commit, for reading (docs/MVCC_VISIBILITY.md).

A view holds a root, so it costs nothing to make and nothing to others, sees the schema of its commit (INV-S2), and answers
the same for ever (INV-V1). While it is open its versions are kept.

>>> import aerodb_dbapi
>>> connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
>>> _ = connection.execute("CREATE TABLE t(a)")
>>> view = connection.read_view()
>>> _ = connection.execute("INSERT INTO t VALUES (1)")
>>> view.execute("SELECT count(*) FROM t").fetchone(), connection.execute("SELECT count(*) FROM t").fetchone()
((0,), (1,))
>>> view.close()
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from aerodb_dbapi.cursor import Cursor
from aerodb_dbapi.parameters import bind
from aerodb_dbapi.storage import root as storage_root
from aerodb_dbapi.storage.errors import ProgrammingError

if TYPE_CHECKING:
    from aerodb_dbapi.connection import Connection


class ReadView:
    """Made by `Connection.read_view`. A context manager; `commit_id` names the state that it reads."""

    def __init__(self, connection: Connection, view: storage_root.ReadView) -> None:
        self._connection = connection
        self._view: storage_root.ReadView | None = view
        self.commit_id = view.commit_id

    def _open_view(self) -> storage_root.ReadView:
        if self._view is None:
            raise ProgrammingError("Cannot operate on a closed read view.")
        return self._view

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """Run a SELECT (or other reading statement) on this state; returns a cursor with its rows.

        Raises ProgrammingError for a statement that writes.
        """
        view = self._open_view()
        session = self._connection._ready()
        prepared = session.prepare_for(sql, view.root)
        compiled = prepared.compiled
        if not compiled.is_select:
            raise ProgrammingError("a read view only reads")
        values = bind(parameters, compiled.parameters[: prepared.n_parameters]) + prepared.constants
        cursor = self._connection.cursor()
        cursor._compiled = compiled
        cursor._rows = compiled.run(session, view.root.trees, values)
        cursor._make = cursor._row_maker()
        return cursor

    def digest(self) -> str:
        """A hash over the logical content, equal wherever the content is equal (INV-T2)."""
        return self._connection._ready().database.digest(self._open_view().root)

    def close(self) -> None:
        """Let the view go; its cursors keep the rows they still have to give. Closing again does nothing."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def __enter__(self) -> ReadView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
