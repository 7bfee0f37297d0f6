"""peewee on AeroDB: models, joins, upserts, savepoints, migrations, introspection, retries under threads."""

from __future__ import annotations

import datetime
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peewee")

import peewee as pw

from aerodb_dbapi.compat.peewee import AeroDatabase, is_serialization_failure

db: Any = AeroDatabase(None, pragmas={"foreign_keys": 1}, regexp_function=True)


class Artist(db.Model):
    name = pw.CharField(unique=True)
    born = pw.DateField(null=True)


class Album(db.Model):
    artist = pw.ForeignKeyField(Artist, backref="albums", on_delete="CASCADE")
    title = pw.TextField()
    price = pw.DecimalField(default=Decimal("9.99"))
    added = pw.DateTimeField(default=datetime.datetime(2024, 2, 29, 12, 30))
    cover = pw.BlobField(null=True)

    class Meta:
        indexes = ((("artist", "title"), True),)


class Account(db.Model):
    cents = pw.IntegerField()


@pytest.fixture(autouse=True)
def database(tmp_path: Path) -> Iterator[None]:
    db.init(str(tmp_path / "peewee.db"))
    with db:
        db.create_tables([Artist, Album, Account])
    with db.connection_context():
        yield


def test_models_joins_and_types() -> None:
    queen = Artist.create(name="Queen", born=datetime.date(1970, 6, 27))
    Album.insert_many([{"artist": queen, "title": t} for t in ("Jazz", "Innuendo")]).execute()
    Album.create(artist=Artist.create(name="Opeth"), title="Damnation", price=Decimal("12.50"), cover=b"\0\xff")
    counted = (
        Artist.select(Artist.name, pw.fn.COUNT(Album.id).alias("n"))
        .join(Album)
        .group_by(Artist)
        .order_by(Artist.name)
        .tuples()
    )
    assert list(counted) == [("Opeth", 1), ("Queen", 2)]
    found = Album.select(Album, Artist).join(Artist).where(Album.title == "Damnation").get()
    assert (found.artist.name, found.price, found.cover) == ("Opeth", Decimal("12.50"), b"\0\xff")
    assert found.added == datetime.datetime(2024, 2, 29, 12, 30) and queen.albums.count() == 2
    assert [a.title for a in Album.select().where(Album.title.regexp("^[DJ]") & (Album.added.year == 2024)).order_by(Album.title)] == [
        "Damnation", "Jazz"
    ]  # fmt: skip
    assert Artist.select().where(Artist.name.contains("UEE")).count() == 1
    queen.delete_instance()
    assert Album.select().count() == 1  # the foreign key cascades
    with pytest.raises(pw.IntegrityError):
        Album.create(artist=99, title="nobody's")


def test_upsert_returning_and_savepoints() -> None:
    Artist.create(name="Queen")
    changed = (
        Artist.insert(name="Queen", born=datetime.date(1970, 1, 1))
        .on_conflict(conflict_target=[Artist.name], update={Artist.born: pw.EXCLUDED.born})
        .returning(Artist.born)
    )
    assert [a.born for a in changed.execute()] == [datetime.date(1970, 1, 1)]
    Artist.insert(name="Queen").on_conflict_ignore().execute()
    with db.atomic():
        Artist.create(name="Opeth")
        with pytest.raises(pw.IntegrityError), db.atomic():
            Artist.create(name="Yes")
            Artist.create(name="Queen")
    assert sorted(a.name for a in Artist.select()) == ["Opeth", "Queen"]


def test_introspection_and_migration() -> None:
    from playhouse.migrate import SqliteMigrator, migrate

    assert sorted(db.get_tables()) == ["account", "album", "artist"]
    assert [(c.name, c.data_type, c.null) for c in db.get_columns("artist")][:2] == [
        ("id", "INTEGER", False),
        ("name", "VARCHAR(255)", False),
    ]
    assert [(k.column, k.dest_table) for k in db.get_foreign_keys("album")] == [("artist_id", "artist")]
    assert [i.columns for i in db.get_indexes("album") if i.unique] == [["artist_id", "title"]]
    Artist.create(name="Queen")
    migrator = SqliteMigrator(db)
    with db.atomic():
        migrate(
            migrator.add_column("artist", "site", pw.TextField(default="none")),
            migrator.rename_column("artist", "born", "founded"),
            migrator.drop_not_null("artist", "name"),
            migrator.add_index("artist", ("site",)),
        )
    assert db.execute_sql("SELECT name, founded, site FROM artist").fetchall() == [("Queen", None, "none")]
    assert [c.null for c in db.get_columns("artist")] == [False, True, True, False]


def test_a_serialization_failure_is_told_and_leaves_the_connection_usable() -> None:
    Account.create(cents=100)

    def elsewhere() -> None:
        with db.connection_context():
            Account.update(cents=Account.cents + 1).execute()

    with pytest.raises(pw.OperationalError) as failure, db.atomic():
        cents = Account.get().cents
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(60)
        Account.update(cents=cents + 10).execute()
    assert is_serialization_failure(failure.value) and not is_serialization_failure(pw.OperationalError("other"))
    assert Account.get().cents == 101
    with pytest.raises(ValueError, match="inside a transaction"), db.atomic():
        db.run_transaction(lambda: None)


def test_threads_with_retries_keep_every_cent() -> None:
    Account.insert_many([{"cents": 100} for _ in range(3)]).execute()
    wrong: list[BaseException] = []

    def work(me: int) -> None:
        def move() -> None:
            source = Account.get_by_id(me % 3 + 1)
            Account.update(cents=source.cents - 1).where(Account.id == source.id).execute()
            Account.update(cents=Account.cents + 1).where(Account.id == (me + 1) % 3 + 1).execute()

        try:
            with db.connection_context():
                for _ in range(12):
                    db.run_transaction(move, max_retries=3)
        except BaseException as error:
            wrong.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    try:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(interval)
    assert wrong == [] and Account.select(pw.fn.SUM(Account.cents)).scalar() == 300
    assert [a.cents for a in Account.select().order_by(Account.id)] == [88, 112, 100]
