"""`ReadView`: the database as of one commit, for reading (docs/MVCC_VISIBILITY.md).

A view holds a root, so it costs nothing to make and nothing to others, sees the schema of its commit (INV-S2), and answers
the same for ever (INV-V1). While it is open its versions are kept, unless ``PRAGMA aerodb_max_view_age`` says that views end
at some age: then the next use of the view, or of a cursor of it, raises OperationalError (INV-G7).

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

from aerodb_dbapi.cursor import UNSET, Cursor
from aerodb_dbapi.executor.budgets import Metered
from aerodb_dbapi.parameters import bind
from aerodb_dbapi.storage import root as storage_root
from aerodb_dbapi.storage.errors import OperationalError, ProgrammingError
from aerodb_dbapi.turns import Turns, in_turn

if TYPE_CHECKING:
    from aerodb_dbapi.connection import Connection


class ViewCursor(Cursor):
    """A cursor with rows of a read view. As long as the view is open they may end with it."""

    __slots__ = ("_view",)

    def __init__(self, connection: Connection, view: storage_root.ReadView) -> None:
        super().__init__(connection)
        self._view: storage_root.ReadView | None = view
        view.give(self)

    def let_go(self) -> None:
        """The view was ended: keep nothing of its state. A fetch that is running keeps it until it returns."""
        if self._view is not None:
            self._rows = iter(())

    def _use(self) -> None:
        view = self._view
        if view is not None and view in view.holders:
            self._connection._ready().database.end_old_views()
        if view is not None and view.ended is not None:
            raise OperationalError(view.ended)

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        self._view = None  # whatever is executed now is not of the view
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Cursor:
        self._view = None
        return super().executemany(sql, parameters)

    def executescript(self, sql_script: str, /) -> Cursor:
        self._view = None
        return super().executescript(sql_script)

    def fetchone(self) -> Any:
        self._use()
        return super().fetchone()

    def fetchmany(self, size: int = UNSET) -> list[Any]:
        self._use()
        return super().fetchmany(size)

    def fetchall(self) -> list[Any]:
        self._use()
        return super().fetchall()

    def __next__(self) -> Any:
        self._use()
        return super().__next__()

    def _taken(self) -> Any:
        self._use()
        return super()._taken()


class ReadView:
    """A state of the database, for reading. Made by `Connection.read_view`; a context manager that closes it.

    Attributes:
        commit_id: The commit whose state it reads.
    """

    def __init__(self, connection: Connection, view: storage_root.ReadView) -> None:
        self._connection = connection
        self._view: storage_root.ReadView | None = view
        self.commit_id = view.commit_id

    def _open_view(self) -> storage_root.ReadView:
        if self._view is None:
            raise ProgrammingError("Cannot operate on a closed read view.")
        self._connection._ready().database.end_old_views()
        return self._view

    @property
    def _turns(self) -> Turns | None:
        return self._connection._turns

    @in_turn
    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """Run a SELECT (or other reading statement) on this state; returns a cursor with its rows.

        Raises ProgrammingError for a statement that writes, and on a closed view; OperationalError when the view was ended for
        its age (`PRAGMA aerodb_max_view_age`).
        """
        view = self._open_view()
        session = self._connection._ready()
        prepared = session.prepare_for(sql, view.root)
        compiled = prepared.compiled
        if not compiled.is_select:
            raise ProgrammingError("a read view only reads")
        values = bind(parameters, compiled.parameters[: prepared.n_parameters]) + prepared.constants
        cursor = self._connection.cursor(lambda connection: ViewCursor(connection, view))
        cursor._compiled = compiled
        face = session if session.budget is None else Metered(session)
        cursor._rows = compiled.run(face, view.root.trees, values)
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
