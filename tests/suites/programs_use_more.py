"""More programs used as their users do, a test for each: caches, queues, mappers, tools. Run by `programs.py`, as `programs_use.py`."""

from __future__ import annotations

import asyncio
import csv
import io
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def at_once(*functions: Callable[[], Any]) -> None:
    """Run functions in threads, and wait for all."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- caches and dictionaries ------------------------------------------------------------------------------------------


def test_diskcache(tmp_path: Path) -> None:
    import diskcache

    cache = diskcache.Cache(tmp_path / "cache")
    for i in range(300):
        cache.set(i, {"x": i}, expire=100, tag=f"t{i % 3}")
    with cache.transact():
        cache["a"] = cache["b"] = 1
    at_once(*[lambda: [cache.incr("n") for _ in range(50)]] * 4)
    assert cache["n"] == 200 and cache[5] == {"x": 5} and cache.evict("t1") == 100
    assert cache.check() == [] and len(cache) == 203
    cache.close()
    deque = diskcache.Deque([1, 2, 3], str(tmp_path / "deque"))
    deque.append(4)
    deque.rotate(1)
    assert list(deque) == [4, 1, 2, 3]
    index = diskcache.Index(str(tmp_path / "index"), {"k": 1})
    index["z"] = 2
    assert list(index.items()) == [("k", 1), ("z", 2)]
    shards = diskcache.FanoutCache(str(tmp_path / "shards"), shards=4)
    shards["q"] = 1
    assert shards["q"] == 1
    shards.close()


def test_requests_cache(tmp_path: Path) -> None:
    from requests_cache.backends import SQLiteDict

    kept = SQLiteDict(tmp_path / "http.sqlite", "responses")
    with kept.bulk_commit():
        for i in range(50):
            kept[f"k{i}"] = {"status": i}
    del kept["k3"]
    assert len(kept) == 49 and "k3" not in kept and kept["k4"] is not None
    kept.vacuum()
    kept.clear()
    assert len(kept) == 0
    kept.close()


def test_sqlitedict(tmp_path: Path) -> None:
    from sqlitedict import SqliteDict

    path = str(tmp_path / "dict.db")
    with SqliteDict(path, autocommit=True) as made:
        for i in range(100):
            made[str(i)] = i
        made.update(a=1, b=[1, 2])
    with SqliteDict(path) as read:
        assert read["b"] == [1, 2] and len(read) == 102
    assert SqliteDict.get_tablenames(path) == ["unnamed"]


# --- queues and schedulers --------------------------------------------------------------------------------------------


def test_persist_queue(tmp_path: Path) -> None:
    import persistqueue

    queue = persistqueue.SQLiteQueue(str(tmp_path / "queue"), auto_commit=True, multithreading=True)
    taken: list[int] = []
    at_once(
        lambda: [queue.put(i) for i in range(50)],
        lambda: taken.extend(queue.get(block=True, timeout=30) for _ in range(50)),
    )
    assert taken == list(range(50))
    again = persistqueue.SQLiteAckQueue(str(tmp_path / "again"))
    again.put("a")
    item = again.get()
    again.nack(item)
    assert again.get() == "a"
    unique = persistqueue.UniqueQ(str(tmp_path / "unique"))
    unique.put("x")
    unique.put("x")
    assert unique.size == 1


def test_huey(tmp_path: Path) -> None:
    from huey import SqliteHuey

    huey = SqliteHuey(filename=str(tmp_path / "huey.db"))

    @huey.task()  # type: ignore[untyped-decorator]
    def add(a: int, b: int) -> int:
        return a + b

    results = [add(i, 1) for i in range(20)]
    add.schedule((1, 2), delay=100)
    consumer = huey.create_consumer(workers=3, check_worker_health=False, scheduler_interval=0.1)
    consumer.start()
    try:
        assert [result.get(blocking=True, timeout=60) for result in results] == list(range(1, 21))
    finally:
        consumer.stop(graceful=False)
    assert len(huey.scheduled()) == 1 and huey.pending_count() == 0


CALLS: list[float] = []


def call() -> None:
    """What the scheduler does."""
    CALLS.append(time.monotonic())


def test_apscheduler(tmp_path: Path) -> None:
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(jobstores={"default": SQLAlchemyJobStore(url=f"sqlite:///{tmp_path / 'jobs.db'}")})
    scheduler.start()
    scheduler.add_job(call, "interval", seconds=0.2, id="j")
    end = time.monotonic() + 60
    while len(CALLS) < 3 and time.monotonic() < end:
        time.sleep(0.05)
    assert [job.id for job in scheduler.get_jobs()] == ["j"] and len(CALLS) >= 3
    scheduler.shutdown()


def test_langgraph(tmp_path: Path) -> None:
    from langgraph.checkpoint.base import empty_checkpoint
    from langgraph.checkpoint.sqlite import SqliteSaver

    with SqliteSaver.from_conn_string(str(tmp_path / "graph.db")) as saver:
        config: Any = {"configurable": {"thread_id": "1", "checkpoint_ns": ""}}
        for i in range(5):
            at = saver.put(config, empty_checkpoint(), {"source": "loop", "step": i}, {})
            saver.put_writes(at, [("channel", i)], "task")
        latest = saver.get_tuple(config)
        assert latest is not None and latest.metadata["step"] == 4 and len(list(saver.list(config, limit=3))) == 3
        saver.delete_thread("1")
        assert list(saver.list(config)) == []


# --- mappers ----------------------------------------------------------------------------------------------------------


def test_pony(tmp_path: Path) -> None:
    from pony import orm

    db = orm.Database()

    class Person(db.Entity):  # type: ignore[name-defined, misc]
        name = orm.Required(str, unique=True)
        age = orm.Optional(int)
        pets = orm.Set("Pet")
        data = orm.Optional(orm.Json)

    class Pet(db.Entity):  # type: ignore[name-defined, misc]
        name = orm.Required(str)
        owner = orm.Required(Person)

    db.bind("sqlite", str(tmp_path / "pony.db"), create_db=True)
    db.generate_mapping(create_tables=True)
    with orm.db_session:
        for i in range(20):
            Pet(name=f"pet {i}", owner=Person(name=f"n{i}", age=i, data={"a": i}))
    with pytest.raises(orm.TransactionIntegrityError, match="UNIQUE constraint failed"), orm.db_session:
        Person(name="n4")
    with orm.db_session:
        Person.get(name="n3").age = 99
    with orm.db_session:
        assert len(orm.select((p.name, orm.count(p.pets)) for p in Person if p.age > 10)[:]) == 10
        assert orm.select(p for p in Person if p.data["a"] == 7).first().name == "n7"
        assert orm.avg(p.age for p in Person) == (sum(range(20)) + 96) / 20


def test_sqlobject(tmp_path: Path) -> None:
    import sqlobject

    connection = sqlobject.connectionForURI(f"sqlite:{tmp_path / 'objects.db'}")

    class Person(sqlobject.SQLObject):  # type: ignore[misc]
        _connection = connection
        name = sqlobject.StringCol(length=20, alternateID=True)
        n = sqlobject.IntCol(default=3)

    Person.createTable()
    for i in range(10):
        Person(name=f"a{i}")
    Person.byName("a3").n = 8
    transaction = connection.transaction()
    Person.get(2, connection=transaction).n = 100
    transaction.rollback()
    assert Person.select().sum("n") == 35 and Person.select(Person.q.n > 3).count() == 1


def test_sqlmodel(tmp_path: Path) -> None:
    from sqlmodel import Field, Session, SQLModel, create_engine, select

    class Team(SQLModel, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)

    class Hero(SQLModel, table=True):
        id: int | None = Field(default=None, primary_key=True)
        age: int
        team_id: int | None = Field(default=None, foreign_key="team.id")

    engine = create_engine(f"sqlite:///{tmp_path / 'heroes.db'}")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        team = Team(name="T")
        session.add(team)
        session.commit()
        session.add_all([Hero(age=i, team_id=team.id) for i in range(10)])
        session.commit()
        assert len(session.exec(select(Hero, Team).join(Team).where(Hero.age > 5)).all()) == 4
    engine.dispose()


def test_piccolo(tmp_path: Path) -> None:
    from piccolo.columns import JSON, ForeignKey, Integer, Timestamp, Varchar
    from piccolo.engine.sqlite import SQLiteEngine
    from piccolo.table import Table

    engine = SQLiteEngine(path=str(tmp_path / "piccolo.db"))

    class Band(Table, db=engine):
        name = Varchar(unique=True)
        fans = Integer()
        data = JSON(null=True)
        at = Timestamp()

    class Gig(Table, db=engine):
        band = ForeignKey(Band)

    async def play() -> None:
        await Band.create_table()
        await Gig.create_table()
        for i in range(5):
            await Band(name=f"b{i}", fans=i * 10, data={"k": i}).save()
        await Gig(band=await Band.objects().where(Band.name == "b3").first()).save()
        await Band.update({Band.fans: Band.fans + 1}).where(Band.fans > 10)
        assert await Gig.select(Gig.band.name, Gig.band.fans) == [{"band.name": "b3", "band.fans": 31}]
        with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE constraint failed: band\.name"):
            await Band(name="b1").save()
        async with engine.transaction():
            await Band.delete().where(Band.name == "b0")
        assert await Band.count() == 4

    asyncio.run(play())


def test_flask_sqlalchemy(tmp_path: Path) -> None:
    import flask
    import flask_sqlalchemy

    app = flask.Flask("users")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'users.db'}"
    db = flask_sqlalchemy.SQLAlchemy(app)

    class User(db.Model):  # type: ignore[name-defined, misc]
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String, unique=True)

    @app.post("/user/<name>")
    def make(name: str) -> str:
        db.session.add(User(name=name))
        db.session.commit()
        return "made"

    @app.get("/user")
    def show() -> dict[str, Any]:
        return {"names": [user.name for user in db.paginate(db.select(User).order_by(User.name), per_page=3)]}

    with app.app_context():
        db.create_all()

    def work(k: int) -> None:
        client = app.test_client()
        for i in range(10):
            assert client.post(f"/user/{k}{i}").status_code == 200

    at_once(*[lambda k=k: work(k) for k in range(4)])  # type: ignore[misc]
    assert app.test_client().get("/user").json == {"names": ["00", "01", "02"]}
    with app.app_context():
        assert db.session.query(User).count() == 40


def test_optuna(tmp_path: Path) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = optuna.create_study(storage=url, study_name="s", sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2 + trial.suggest_int("k", 0, 3), n_trials=15)
    kept = optuna.load_study(storage=url, study_name="s")
    assert [trial.number for trial in kept.trials] == list(range(15)) and kept.best_value < 4


# --- tools ------------------------------------------------------------------------------------------------------------


def test_coverage(tmp_path: Path) -> None:
    from coverage import CoverageData

    first, second = CoverageData(str(tmp_path / "first")), CoverageData(str(tmp_path / "second"))
    first.set_context("a")
    first.add_lines({"f.py": [1, 2, 3], "g.py": [5]})
    second.add_lines({"f.py": [9]})
    first.write()
    second.write()
    both = CoverageData(str(tmp_path / "first"))
    both.read()
    both.update(second)
    copy = CoverageData(str(tmp_path / "copy"))
    copy.loads(both.dumps())
    assert sorted(copy.lines("f.py") or ()) == [1, 2, 3, 9] and both.measured_contexts() == {"a", ""}


def test_ipython(tmp_path: Path) -> None:
    from IPython.core.history import HistoryAccessor
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.hist_file = path = str(tmp_path / "history.sqlite")
    shell = InteractiveShell.instance(config=config)
    for i in range(5):
        shell.run_cell(f"x{i} = {i}", store_history=True)
    shell.history_manager.writeout_cache()
    history = HistoryAccessor(hist_file=path)
    assert [line for _, _, line in history.search("*x3*")] == ["x3 = 3"]
    assert len(list(history.get_tail(3, include_latest=True))) == 3


def test_beets(tmp_path: Path) -> None:
    from beets import library

    kept = library.Library(str(tmp_path / "music.db"), str(tmp_path))
    songs = [
        library.Item(title=f"T{i}", artist=f"Ä{i % 3}", album=f"A{i // 10}", year=2000 + i, path=b"/%d.mp3" % i)
        for i in range(30)
    ]
    for song in songs:
        kept.add(song)
    kept.add_album(songs[10:20])
    assert len(list(kept.items("title::T1.$"))) == 10 and len(list(kept.items("year:2005..2010"))) == 6
    assert [item.title for item in kept.items("album:A1 year-")][:2] == ["T19", "T18"]
    assert len(list(kept.albums("album:A1"))) == 1


def test_petl_and_polars(tmp_path: Path) -> None:
    import petl
    import polars

    db = sqlite3.connect(tmp_path / "tables.db")
    db.execute("CREATE TABLE f(a, b)")
    petl.todb([["a", "b"], [1, "x"], [2, None]], db, "f")
    assert list(petl.fromdb(lambda: db.cursor(), "SELECT * FROM f WHERE a > 1")) == [("a", "b"), (2, None)]
    assert polars.read_database("SELECT * FROM f", db).to_dicts() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    db.close()


def test_csvkit(tmp_path: Path) -> None:
    from csvkit.utilities.csvsql import CSVSQL

    (tmp_path / "x.csv").write_text("a,b,c\n1,x,2020-01-01\n2,y,2021-02-03\n3,x,\n")
    out = io.StringIO()
    CSVSQL(["--query", "SELECT b, count(*) AS n FROM x GROUP BY b", str(tmp_path / "x.csv")], out).run()
    assert [row[0] for row in csv.reader(out.getvalue().splitlines())] == ["b", "x", "y"]
    url = f"sqlite:///{tmp_path / 'csv.db'}"
    CSVSQL(["--db", url, "--insert", str(tmp_path / "x.csv")], io.StringIO()).run()
    db = sqlite3.connect(tmp_path / "csv.db")
    assert db.execute("SELECT count(*), max(c) FROM x").fetchone() == (3, "2021-02-03")
    db.close()
