"""The SQLAlchemy dialect: transactions, isolation levels, retries under threads, ORM, reflection, RETURNING, upsert, Alembic."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from sqlalchemy import exc, orm, pool
from sqlalchemy.dialects.sqlite import insert as upsert

from aerodb_dbapi.compat.sqlalchemy import is_serialization_failure, run_transaction


class Base(orm.DeclarativeBase):
    pass


class Artist(Base):
    __tablename__ = "artist"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(50), unique=True)
    born: orm.Mapped[Any] = orm.mapped_column(sa.Date, nullable=True)
    facts: orm.Mapped[Any] = orm.mapped_column(sa.JSON, default=dict)
    albums: orm.Mapped[list[Album]] = orm.relationship(
        back_populates="artist", cascade="all, delete-orphan", order_by="Album.title"
    )


class Album(Base):
    __tablename__ = "album"
    __table_args__ = (
        sa.UniqueConstraint("artist_id", "title", name="one_title"),
        sa.CheckConstraint("length(title) > 0", name="has_title"),
        sa.Index("album_stars", "stars", sqlite_where=sa.text("stars IS NOT NULL")),
    )
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    artist_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("artist.id", ondelete="CASCADE"), index=True)
    title: orm.Mapped[str]
    stars: orm.Mapped[int | None]
    price: orm.Mapped[Any] = orm.mapped_column(sa.Numeric(10, 2), server_default="9.99")
    artist: orm.Mapped[Artist] = orm.relationship(back_populates="albums")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = sa.create_engine(f"aerodb:///{tmp_path / 'test.db'}")
    yield made
    made.dispose()


@pytest.fixture
def account(engine: sa.Engine) -> sa.Table:
    table = sa.Table(
        "account", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("cents", sa.Integer)
    )
    table.create(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"id": n, "cents": 100} for n in range(4)])
    return table


def cents(engine: sa.Engine, table: sa.Table) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(table.c.cents).order_by(table.c.id)))


# --- URLs and pools


def test_urls_pools_and_the_driver(tmp_path: Path) -> None:
    file = sa.create_engine(f"aerodb:///{tmp_path / 'a.db'}")
    assert isinstance(file.pool, pool.QueuePool) and (file.dialect.name, file.dialect.driver) == ("sqlite", "aerodb")
    for url in ("aerodb://", "aerodb:///:memory:", "sqlite+aerodb://"):
        memory = sa.create_engine(url)
        assert isinstance(memory.pool, pool.SingletonThreadPool)
        with memory.connect() as connection:
            assert isinstance(connection.connection.dbapi_connection, aerodb_dbapi.Connection)
    with pytest.raises(exc.ArgumentError, match="Invalid SQLite URL"):
        sa.create_engine("aerodb://host/a.db").connect()
    with file.connect() as connection:
        assert connection.scalar(sa.text("SELECT 'Oslo' REGEXP '^O' AND floor(2.5) = 2")) == 1
        assert connection.scalar(sa.select(sa.literal("Bergen").regexp_match("^O"))) in (False, 0)


def test_arguments_of_connect_in_the_url(tmp_path: Path) -> None:
    url = f"aerodb:///{tmp_path / 'a.db'}?foreign_keys=true&timeout=0.5&isolation_level=IMMEDIATE"
    with sa.create_engine(url).connect() as connection:
        assert (
            connection.scalar(sa.text("PRAGMA foreign_keys")) == 1 and connection.get_isolation_level() == "IMMEDIATE"
        )


def test_a_named_database_in_memory_is_shared_by_connections() -> None:
    url = "aerodb:///file:of_sqlalchemy?mode=memory&cache=shared&uri=true"
    engine = sa.create_engine(url, poolclass=pool.QueuePool)
    with engine.connect() as keep:
        with engine.begin() as other:
            other.execute(sa.text("CREATE TABLE t(a)"))
        assert keep.scalar(sa.text("SELECT count(*) FROM t")) == 0
    engine.dispose()


# --- Transactions


def test_begin_is_real_and_ddl_and_reads_belong_to_the_transaction(engine: sa.Engine, account: sa.Table) -> None:
    with engine.connect() as reader:
        assert reader.scalar(sa.select(sa.func.sum(account.c.cents))) == 400
        assert reader.connection.in_transaction  # type: ignore[attr-defined]
        with engine.begin() as writer:
            writer.execute(account.update().values(cents=0))
        assert reader.scalar(sa.select(sa.func.sum(account.c.cents))) == 400  # one read view
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE gone(a)"))
        connection.execute(sa.text("INSERT INTO gone VALUES (1)"))
        connection.rollback()
        assert sa.inspect(connection).get_table_names() == ["account"]


def test_savepoints(engine: sa.Engine, account: sa.Table) -> None:
    with engine.begin() as connection:
        inner = connection.begin_nested()
        connection.execute(account.delete())
        inner.rollback()
        with connection.begin_nested():
            connection.execute(account.update().where(account.c.id == 1).values(cents=7))
    assert cents(engine, account) == [100, 7, 100, 100]


def test_isolation_levels(engine: sa.Engine, account: sa.Table) -> None:
    with engine.connect() as connection:
        assert connection.default_isolation_level == connection.get_isolation_level() == "SERIALIZABLE"
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(account.update().values(cents=1))
        assert connection.get_isolation_level() == "AUTOCOMMIT" and not connection.connection.in_transaction  # type: ignore[attr-defined]
        connection.rollback()
    assert cents(engine, account) == [1, 1, 1, 1]
    with engine.connect() as connection:  # the same connection of the driver, reset
        assert connection.get_isolation_level() == "SERIALIZABLE"
    with pytest.raises(exc.ArgumentError, match="SERIALIZABLE, IMMEDIATE, AUTOCOMMIT"):
        engine.connect().execution_options(isolation_level="READ UNCOMMITTED")


def test_immediate_keeps_other_commits_out(tmp_path: Path) -> None:
    path = tmp_path / "immediate.db"
    first = sa.create_engine(f"aerodb:///{path}", isolation_level="IMMEDIATE")
    second = sa.create_engine(f"aerodb:///{path}?timeout=0")
    with first.begin() as connection:
        connection.execute(sa.text("CREATE TABLE t(a)"))
    with first.begin() as connection:
        with pytest.raises(exc.OperationalError, match="database is locked"), second.begin() as other:
            other.execute(sa.text("INSERT INTO t VALUES (1)"))
        connection.execute(sa.text("INSERT INTO t VALUES (2)"))
    with second.connect() as other:
        assert other.scalars(sa.text("SELECT a FROM t")).all() == [2]
    given = sa.create_engine(f"aerodb:///{path}?isolation_level=IMMEDIATE")
    with given.connect() as connection:
        assert connection.get_isolation_level() == "IMMEDIATE"


def test_a_serialization_failure_is_recognised_and_no_disconnect(engine: sa.Engine, account: sa.Table) -> None:
    add = account.update().where(account.c.id == 0).values(cents=account.c.cents + 1)
    first, second = engine.connect(), engine.connect()
    first.execute(account.update().where(account.c.id == 1).values(cents=1))
    second.execute(add)
    second.commit()
    first.execute(add)
    with pytest.raises(exc.OperationalError) as failure:
        first.commit()
    assert is_serialization_failure(failure.value) and not failure.value.connection_invalidated
    first.rollback()
    first.execute(add)  # the connection goes on
    first.commit()
    first.close()
    second.close()
    assert cents(engine, account)[0] == 102
    with pytest.raises(exc.IntegrityError) as other, engine.begin() as connection:
        connection.execute(account.insert().values(id=0))
    assert not is_serialization_failure(other.value) and not is_serialization_failure(None)


def test_a_closed_connection_is_a_disconnect(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.connection.dbapi_connection.close()  # type: ignore[union-attr]
        with pytest.raises(exc.DBAPIError) as failure:
            connection.execute(sa.text("SELECT 1"))
        assert failure.value.connection_invalidated


@pytest.mark.parametrize("kind", ["engine", "session"])
def test_threads_with_retries_keep_every_cent(engine: sa.Engine, account: sa.Table, kind: str) -> None:
    transactor: Any = engine if kind == "engine" else orm.sessionmaker(engine)
    attempts = [0] * 4
    wrong: list[BaseException] = []

    def move(me: int, step: int) -> Callable[[Any], None]:
        source, target = (me + step) % 4, (me + step * 3 + 1) % 4

        def work(work: Any) -> None:
            attempts[me] += 1
            have = work.scalar(sa.select(account.c.cents).where(account.c.id == source))
            work.execute(account.update().where(account.c.id == source).values(cents=have - 1))
            work.execute(account.update().where(account.c.id == target).values(cents=account.c.cents + 1))

        return work

    def run(me: int) -> None:
        try:
            for step in range(15):
                run_transaction(transactor, move(me, step))
        except BaseException as error:
            wrong.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    try:
        threads = [threading.Thread(target=run, args=(me,)) for me in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(interval)
    assert wrong == [] and sum(attempts) >= 60
    assert sum(cents(engine, account)) == 400


def test_run_transaction_gives_up_by_going_first(engine: sa.Engine, account: sa.Table) -> None:
    """Disturbed at every attempt, the last one is IMMEDIATE; on a connection the failure is raised."""
    seen: list[str] = []

    def disturbed(connection: sa.Connection) -> None:
        seen.append(connection.get_isolation_level())
        connection.execute(account.update().where(account.c.id == 1).values(cents=5))
        if seen[-1] != "IMMEDIATE":
            with engine.begin() as other:
                other.execute(account.update().where(account.c.id == 0).values(cents=6))
        connection.execute(account.update().where(account.c.id == 0).values(cents=5))

    run_transaction(engine, disturbed, max_retries=2)
    assert seen == ["SERIALIZABLE", "SERIALIZABLE", "IMMEDIATE"] and cents(engine, account)[0] == 5
    with engine.connect() as connection, pytest.raises(exc.OperationalError):
        run_transaction(connection, disturbed, max_retries=2)
    assert len(seen) == 6
    with orm.Session(engine) as session:
        assert session.connection().get_isolation_level() == "SERIALIZABLE"
    run_transaction(orm.sessionmaker(engine), lambda s: disturbed(s.connection()), max_retries=1)
    assert seen[6:] == ["SERIALIZABLE", "IMMEDIATE"]


def test_other_errors_are_not_retried(engine: sa.Engine, account: sa.Table) -> None:
    tries: list[int] = []

    def work(connection: sa.Connection) -> None:
        tries.append(1)
        connection.execute(account.insert().values(id=0))

    with pytest.raises(exc.IntegrityError):
        run_transaction(engine, work)
    assert tries == [1]


# --- ORM and SQL


def test_session_relationships_and_types(engine: sa.Engine) -> None:
    import datetime
    from decimal import Decimal

    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        queen = Artist(name="Queen", born=datetime.date(1970, 6, 27), facts={"from": ["London"], "members": 4})
        queen.albums = [Album(title="Jazz", stars=4), Album(title="The Game"), Album(title="Innuendo", stars=5)]
        session.add_all([queen, Artist(name="Opeth", albums=[Album(title="Damnation", price=Decimal("12.50"))])])
        session.commit()
    with orm.Session(engine) as session:
        found = session.scalars(
            sa.select(Artist).options(orm.selectinload(Artist.albums)).order_by(Artist.name.desc())
        ).all()
        assert [(a.name, [b.title for b in a.albums]) for a in found] == [
            ("Queen", ["Innuendo", "Jazz", "The Game"]), ("Opeth", ["Damnation"])
        ]  # fmt: skip
        assert found[0].born == datetime.date(1970, 6, 27) and found[0].albums[0].price == Decimal("9.99")
        assert session.scalar(sa.select(Artist.name).where(Artist.facts["members"].as_integer() == 4)) == "Queen"
        joined = session.execute(
            sa.select(
                Artist.name, sa.func.count(Album.id), sa.func.rank().over(order_by=sa.func.count(Album.id).desc())
            )
            .outerjoin(Artist.albums)
            .group_by(Artist.id)
            .order_by(Artist.id)
        ).all()
        assert [tuple(row) for row in joined] == [("Queen", 3, 1), ("Opeth", 1, 2)]
        del found[0].albums[0]
        session.delete(found[1])
        session.commit()
        assert session.scalars(sa.select(Album.title).order_by(Album.title)).all() == ["Jazz", "The Game"]
        session.add(Album(artist_id=found[0].id, title="Jazz"))
        with pytest.raises(exc.IntegrityError, match=r"UNIQUE constraint failed: album.artist_id, album.title"):
            session.commit()


def test_reflection(engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE VIEW rated AS SELECT title FROM album WHERE stars > 0"))
    inspector = sa.inspect(engine)
    assert inspector.get_table_names() == ["album", "artist"] and inspector.get_view_names() == ["rated"]
    assert [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns("album")] == [
        ("id", "INTEGER", False), ("artist_id", "INTEGER", False), ("title", "VARCHAR", False), ("stars", "INTEGER", True),
        ("price", "NUMERIC(10, 2)", False),
    ]  # fmt: skip
    (key,) = inspector.get_foreign_keys("album")
    assert (key["referred_table"], key["constrained_columns"], key["options"]) == (
        "artist",
        ["artist_id"],
        {"ondelete": "CASCADE"},
    )
    assert [u["name"] for u in inspector.get_unique_constraints("album")] == ["one_title"]
    assert [c["name"] for c in inspector.get_check_constraints("album")] == ["has_title"]
    assert sorted(i["name"] or "" for i in inspector.get_indexes("album")) == ["album_stars", "ix_album_artist_id"]
    table = sa.Table("album", sa.MetaData(), autoload_with=engine)
    assert [c.name for c in table.primary_key] == ["id"] and table.c.price.server_default is not None
    assert str(inspector.get_view_definition("rated")).startswith("CREATE VIEW rated")


def test_upsert_and_returning(engine: sa.Engine, account: sa.Table) -> None:
    with engine.begin() as connection:
        rows = [{"id": 3, "cents": 1}, {"id": 9, "cents": 2}]
        statement = upsert(account).values(rows)
        changed = connection.execute(
            statement.on_conflict_do_update(
                index_elements=["id"], set_={"cents": account.c.cents + statement.excluded.cents}
            ).returning(account.c.id, account.c.cents)
        )
        assert sorted(map(tuple, changed)) == [(3, 101), (9, 2)]
        connection.execute(upsert(account).values(id=9, cents=3).on_conflict_do_nothing())
        assert (
            connection.scalar(account.update().where(account.c.id == 9).values(cents=4).returning(account.c.cents)) == 4
        )
        many = connection.execute(
            account.insert().returning(account.c.id, sort_by_parameter_order=True), [{"cents": n} for n in range(300)]
        )
        assert many.scalars().all() == list(range(10, 310))
        assert len(connection.execute(account.delete().where(account.c.id > 9).returning(account.c.id)).all()) == 300
    assert cents(engine, account) == [100, 100, 100, 101, 4]


def test_an_earlier_commit_by_hint(engine: sa.Engine, account: sa.Table) -> None:
    with engine.begin() as connection:
        then = connection.connection.commit_id  # type: ignore[attr-defined]
        connection.execute(account.delete())
    before = sa.select(sa.func.sum(account.c.cents)).with_hint(account, f"FOR SYSTEM_TIME AS OF COMMIT {then}")
    with engine.connect() as connection:
        assert connection.scalar(before) == 400 and connection.scalar(sa.select(sa.func.sum(account.c.cents))) is None


# --- Alembic

ENVIRONMENT = """
from alembic import context
with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISIONS = {
    "one": """
    with op.batch_alter_table("album") as batch:
        batch.add_column(sa.Column("year", sa.Integer))
        batch.alter_column("price", new_column_name="cost", type_=sa.Float)
        batch.create_check_constraint("good_year", "year > 1900")
        batch.drop_constraint("one_title", type_="unique")
    op.create_index("album_cost", "album", ["cost"])
""",
    "two": """
    op.add_column("artist", sa.Column("site", sa.String))
    op.execute("UPDATE artist SET site = 'https://' || lower(name)")
""",
    "three": """
    op.create_table("half", sa.Column("a", sa.Integer))
    op.execute("INSERT INTO artist(id, name, facts) VALUES (1, 'again', '')")
""",
}


def test_alembic_upgrades_with_batch_mode_and_each_revision_is_a_transaction(engine: sa.Engine, tmp_path: Path) -> None:
    pytest.importorskip("alembic")
    from alembic import command
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext

    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(ENVIRONMENT)
    before = None
    for name, body in REVISIONS.items():
        head = f"import sqlalchemy as sa\nfrom alembic import op\nrevision = {name!r}\ndown_revision = {before!r}\n"
        (tmp_path / "versions" / f"{name}.py").write_text(f"{head}def upgrade():{body}")
        before = name
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(Artist).values(id=1, name="Queen"))
        connection.execute(sa.insert(Album).values(artist_id=1, title="Jazz", stars=4))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []

    settings = Config()
    settings.set_main_option("script_location", str(tmp_path))
    settings.set_main_option("path_separator", "os")
    settings.attributes["engine"] = engine
    with pytest.raises(exc.IntegrityError):
        command.upgrade(settings, "head")

    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        assert connection.scalars(sa.text("SELECT version_num FROM alembic_version")).all() == ["two"]
        assert inspector.get_table_names() == ["album", "alembic_version", "artist"]
        assert [c["name"] for c in inspector.get_columns("album")] == [
            "id",
            "artist_id",
            "title",
            "stars",
            "cost",
            "year",
        ]
        assert {c["name"] for c in inspector.get_check_constraints("album")} == {"has_title", "good_year"}
        assert inspector.get_unique_constraints("album") == []
        assert {i["name"] for i in inspector.get_indexes("album")} == {
            "album_cost",
            "album_stars",
            "ix_album_artist_id",
        }
        assert connection.execute(sa.text("SELECT title, stars, cost, year FROM album")).all() == [
            ("Jazz", 4, 9.99, None)
        ]
        assert connection.scalar(sa.text("SELECT site FROM artist")) == "https://queen"
    with pytest.raises(exc.IntegrityError, match="good_year"), engine.begin() as connection:
        connection.execute(sa.text("UPDATE album SET year = 1"))


# --- What builds upon it


def test_pandas_writes_and_reads(engine: sa.Engine) -> None:
    pandas = pytest.importorskip("pandas")
    rows = {
        "a": [1, 2, 3],
        "b": [1.5, None, 2.5],
        "c": ["x", None, "z"],
        "d": pandas.to_datetime(["2020-01-01", "2021-02-03", "2022-03-04"]),
    }
    frame = pandas.DataFrame(rows)
    assert frame.to_sql("t", engine, index=False) == 3
    assert frame.to_sql("t", engine, index=False, if_exists="append", method="multi") == 3
    read = pandas.read_sql_table("t", engine)
    pandas.testing.assert_frame_equal(read, pandas.concat([frame, frame], ignore_index=True), check_dtype=False)
    assert [len(part) for part in pandas.read_sql("SELECT * FROM t", engine, chunksize=4)] == [4, 2]
    assert frame.to_sql("t", engine, if_exists="replace") == 3
    assert (
        pandas.read_sql(sa.text("SELECT sum(a) AS s FROM t WHERE a > :least"), engine, params={"least": 1})["s"][0] == 5
    )
