"""peewee: `AeroDatabase`, in the place of `peewee.SqliteDatabase`.

>>> import peewee
>>> from aerodb_dbapi.compat.peewee import AeroDatabase
>>> db = AeroDatabase(":memory:")
>>> class City(db.Model):
...     name = peewee.TextField(unique=True)
...     people = peewee.IntegerField()
>>> db.create_tables([City])
>>> _ = City.create(name="Oslo", people=717_710)
>>> def grow():
...     return City.update(people=City.people + 1).where(City.name == "Oslo").execute()
>>> db.run_transaction(grow)
1
>>> City.get(City.name == "Oslo").people
717711

It is peewee's class for SQLite with AeroDB's driver under it: arguments, pragmas, fields, functions and `playhouse.migrate` are the same.

A transaction may fail when it commits, because of one that committed first. peewee raises its `OperationalError` then;
`is_serialization_failure` tells that it is such a one, and `AeroDatabase.run_transaction` runs a function again until it commits.
Statements outside `atomic()` are run again by the engine itself. `atomic("IMMEDIATE")` waits for other writers at the start
instead, and cannot fail so.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from typing import Any, TypeVar

import peewee

import aerodb_dbapi

_T = TypeVar("_T")


class AeroDatabase(peewee.SqliteDatabase):
    """A database for peewee's models. Arguments as for `peewee.SqliteDatabase`."""

    server_version = aerodb_dbapi.sqlite_version_info

    def _connect(self) -> aerodb_dbapi.Connection:
        this: Any = self
        made = aerodb_dbapi.connect(this.database, timeout=this._timeout, isolation_level=None, **this.connect_params)
        try:
            this._add_conn_hooks(made)
        except Exception:
            made.close()
            raise
        return made

    def get_binary_type(self) -> Any:
        """What bytes are wrapped in."""
        return aerodb_dbapi.Binary

    def rollback(self) -> Any:
        """ROLLBACK. Nothing is left to roll back where a commit has failed for good."""
        if self.is_closed() or self.connection().in_transaction:
            return super().rollback()
        return None

    def run_transaction(self, callback: Callable[[], _T], *, max_retries: int = 20) -> _T:
        """Run `callback` in `atomic()`, again after a serialization failure, and return what it returns.

        The callback must not do what cannot be done twice. After `max_retries` failures it is run once more IMMEDIATE,
        which cannot fail so. Raises ValueError inside a transaction, which only its outermost block can run again.
        """
        if self.in_transaction():
            raise ValueError("run_transaction() inside a transaction")
        for _ in range(max_retries):
            try:
                with self.atomic():
                    return callback()
            except peewee.OperationalError as error:
                if not is_serialization_failure(error):
                    raise
        with self.atomic("IMMEDIATE"):
            return callback()


def is_serialization_failure(error: BaseException) -> bool:
    """Is this peewee's (or the driver's) error of a transaction that should be run again?"""
    return any(isinstance(e, aerodb_dbapi.SerializationError) for e in (error, getattr(error, "orig", None)))


def _text_of(moment: datetime.datetime) -> str:
    return moment.isoformat(" ")


# As peewee does for `sqlite3`.
for _type in (decimal.Decimal, datetime.date, datetime.time):
    aerodb_dbapi.register_adapter(_type, str)
aerodb_dbapi.register_adapter(datetime.datetime, _text_of)
