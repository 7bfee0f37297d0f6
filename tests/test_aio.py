"""The asyncio face: aiosqlite's shape, order, cancellation, no thread per connection."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi import aio
from aerodb_dbapi.fairlock import FairLock
from aerodb_dbapi.workers import Workers

COUNT = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000000) SELECT count(*) FROM c"


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))


def test_statements_rows_and_attributes(tmp_path: Path) -> None:
    async def test() -> None:
        async with aio.connect(tmp_path / "a.db") as db:
            await db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
            cursor = await db.executemany("INSERT INTO t(b) VALUES (?)", [(n,) for n in range(200)])
            assert cursor.rowcount == 200 and db.in_transaction
            await db.commit()
            async with db.execute("SELECT b FROM t WHERE b < ? ORDER BY b", (150,)) as found:
                assert [row[0] async for row in found] == list(range(150))
            db.row_factory = aio.Row
            async with db.execute("SELECT a, b FROM t WHERE a = 7") as found:
                row = await found.fetchone()
                assert row["b"] == 6 and [c[0] for c in found.description] == ["a", "b"]
            assert tuple(await db.execute_insert("INSERT INTO t(b) VALUES ('x')") or ()) == (201,)
            await db.rollback()
            assert [tuple(r) for r in await db.execute_fetchall("SELECT count(*) FROM t")] == [(200,)]
            async with db.cursor() as own:
                await own.execute("SELECT 1 UNION SELECT 2")
                assert len(await own.fetchmany(1)) == 1 and len(await own.fetchall()) == 1
            await db.create_function("twice", 1, lambda x: 2 * x, deterministic=True)
            assert tuple((await db.execute_fetchall("SELECT twice(21)"))[0]) == (42,)
            db._conn.row_factory = None  # as Tortoise sets it
            assert await db.execute_fetchall("SELECT 1") == [(1,)]
            lines = [line async for line in db.iterdump()]
            assert len(lines) == 203 and lines[-1] == "COMMIT;"
        db = await aio.connect(tmp_path / "a.db")
        assert db.isolation_level == "" and db.total_changes == 0
        await db.close()
        await db.close()
        with pytest.raises(ValueError, match="no active connection"):
            await db.execute("SELECT 1")

    run(test)


def test_errors_come_through() -> None:
    async def test() -> None:
        async with aio.connect(":memory:") as db:
            with pytest.raises(aio.OperationalError, match="no such table: nope"):
                await db.execute("SELECT * FROM nope")
            async with db.execute("SELECT 1") as cursor:
                assert await cursor.fetchone() == (1,)

    run(test)


def test_operations_keep_their_order() -> None:
    async def test() -> None:
        async with aio.connect(":memory:", isolation_level=None) as db:
            await db.execute("CREATE TABLE t(a)")
            await asyncio.gather(*(db.execute_fetchall("INSERT INTO t VALUES (?)", (n,)) for n in range(50)))
            assert await db.execute_fetchall("SELECT a FROM t ORDER BY rowid") == [(n,) for n in range(50)]

    run(test)


def test_cancellation_interrupts_the_statement() -> None:
    async def test() -> None:
        async with aio.connect(":memory:") as db:
            await db.execute("CREATE TABLE t(a)")
            await db.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(1000)])
            await db.commit()
            for sql in (COUNT, "UPDATE t SET a = (SELECT count(*) FROM t x, t y, t z WHERE x.a + y.a + z.a < 0)"):
                start = time.monotonic()
                with pytest.raises((asyncio.TimeoutError, TimeoutError)):
                    await asyncio.wait_for(db.execute_fetchall(sql), 0.2)
                assert time.monotonic() - start < 10
                assert await db.execute_fetchall("SELECT count(*), sum(a) FROM t") == [(1000, 499500)]

    run(test)


def test_what_has_not_begun_is_left_out() -> None:
    async def test() -> None:
        async with aio.connect(":memory:", isolation_level=None) as db:
            await db.execute("CREATE TABLE t(a)")
            slow = asyncio.create_task(db.execute_fetchall(COUNT))
            await asyncio.sleep(0.05)
            second = asyncio.create_task(db.execute_fetchall("INSERT INTO t VALUES (1)"))
            await asyncio.sleep(0.05)
            second.cancel()
            slow.cancel()
            for task in (slow, second):
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert await db.execute_fetchall("SELECT count(*) FROM t") == [(0,)]

    run(test)


def test_idle_connections_have_no_threads() -> None:
    async def test() -> None:
        connections = [await aio.connect(":memory:") for _ in range(200)]
        for db in connections:
            assert await db.execute_fetchall("SELECT 1") == [(1,)]
        assert threading.active_count() < 50
        for db in connections:
            await db.close()

    run(test)


def test_many_that_wait_for_a_row_do_not_keep_its_commit_waiting(tmp_path: Path) -> None:
    """More connections wait for a row than the loop's executor has threads."""
    path = tmp_path / "a.db"

    async def add(times: int) -> None:
        async with aio.connect(path, isolation_level=None, timeout=30) as db:
            for _ in range(times):
                await db.execute("BEGIN")
                await db.execute("UPDATE t SET n = n + 1 WHERE id = 1")
                await asyncio.sleep(0.001)
                await db.execute("COMMIT")

    async def test() -> None:
        async with aio.connect(path, isolation_level=None) as db:
            await db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, n)")
            await db.execute("INSERT INTO t VALUES (1, 0)")
            await asyncio.gather(*(add(2) for _ in range(40)))
            assert await db.execute_fetchall("SELECT n FROM t") == [(80,)]

    run(test)


def test_threads_are_used_again_and_end() -> None:
    pool = Workers(idle_seconds=0.2)
    names = {pool.submit(lambda: threading.current_thread().ident).result() for _ in range(50)}
    assert len(names) <= 2  # a thread may be asked for work just before it is idle again
    gate = threading.Event()
    waiting = [pool.submit(gate.wait) for _ in range(20)]
    assert pool.submit(lambda: "at once").result(timeout=30) == "at once"
    gate.set()
    assert all(future.result(timeout=30) for future in waiting)
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 // 0).result()
    deadline = time.monotonic() + 30
    while pool._idle and time.monotonic() < deadline:
        time.sleep(0.05)
    assert pool._idle == []
    assert pool.submit(lambda: "anew").result(timeout=30) == "anew"


async def followed(db: aio.Connection, **options: Any) -> list[Any]:
    return [(commit.commit_id, change.new) async for commit in db.changes(wait=True, **options) for change in commit]


def test_changes_as_far_as_there_are_any_and_waiting(tmp_path: Path) -> None:
    async def test() -> None:
        path = tmp_path / "a.db"
        async with (
            aio.connect(path, isolation_level=None) as db,
            aio.connect(path) as reader,
            aio.connect(":memory:") as copy,
        ):
            await db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY)")
            await db.execute("INSERT INTO t VALUES (1), (2)")
            assert [commit.commit_id async for commit in reader.changes(0)] == [1, 2]
            with pytest.raises(aio.OperationalError, match="no such commit: 9"):
                reader.changes(9)
            threads = threading.active_count()
            following = [asyncio.create_task(followed(reader, timeout=1.0)) for _ in range(3)]
            await asyncio.sleep(0.3)
            assert threading.active_count() <= threads + 1
            assert await reader.execute_fetchall("SELECT count(*) FROM t") == [(2,)]
            for n in (3, 4):
                await db.execute("INSERT INTO t VALUES (?)", (n,))
                await asyncio.sleep(0.1)
            for task in following:
                assert await task == [(3, (3,)), (4, (4,))]
            assert await db.register_consumer("copy", 0) == 0
            async for commit in db.changes(consumer="copy"):
                await copy.apply(commit)
            assert await copy.execute_fetchall("SELECT a FROM t ORDER BY a") == [(1,), (2,), (3,), (4,)]
            await db.acknowledge("copy", 4)
            assert [c.is_bookkeeping async for c in db.changes(consumer="copy")] == [True, True]
            await db.drop_consumer("copy")
            with pytest.raises(aio.OperationalError, match="no such consumer"):
                db.changes(consumer="copy")

    run(test)


def test_waiting_for_changes_ends_by_cancellation_and_by_closing() -> None:
    async def test() -> None:
        db = await aio.connect(":memory:", isolation_level=None)
        await db.execute("CREATE TABLE t(a)")
        cancelled, closed = (asyncio.create_task(followed(db)) for _ in range(2))
        await asyncio.sleep(0.05)
        await db.execute("INSERT INTO t VALUES (1)")
        await asyncio.sleep(0.2)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert await db.execute_fetchall("SELECT a FROM t") == [(1,)]
        await db.close()
        assert await asyncio.wait_for(closed, 10) == [(2, (1,))]

    run(test)


def test_what_the_driver_has_beyond_sqlite3() -> None:
    def count(connection: aerodb_dbapi.Connection) -> int:
        connection.execute("UPDATE t SET a = a + 1")
        found: int = connection.execute("SELECT sum(a) FROM t").fetchone()[0]
        return found

    async def test() -> None:
        async with aio.connect(":memory:") as db:
            await db.execute("CREATE TABLE t(a)")
            await db.run(lambda connection: connection.execute("INSERT INTO t VALUES (1), (2)"))
            then = db.commit_id
            async with db.read_view() as latest:
                assert await db.run(count) == 5 and not db.in_transaction
                async with latest.execute("SELECT a FROM t ORDER BY a") as rows:
                    assert [row async for row in rows] == [(1,), (2,)]
                assert latest.commit_id == then == db.commit_id - 1
                digest = await latest.digest()
            with pytest.raises(aio.ProgrammingError, match="closed read view"):
                await latest.execute("SELECT 1")
            fork = await db.fork()
            await fork.execute("DELETE FROM t")
            await fork.commit()
            assert await db.execute_fetchall("SELECT a FROM t ORDER BY a") == [(2,), (3,)]
            assert await fork.execute_fetchall("SELECT a FROM t") == []
            await db.backup(fork)
            assert await fork.execute_fetchall("SELECT a FROM t ORDER BY a") == [(2,), (3,)]
            await asyncio.gather(*(one.backup(other) for one, other in ((db, fork), (fork, db)) * 10))
            with pytest.raises(ValueError, match="same connection"):
                await db.backup(db)
            view = await fork.read_view()
            assert await view.digest() != digest
            await view.close()
            await fork.close()
            await db.register("given", [(2, "two"), (3, "three")], columns=["a", "name"])
            assert await db.execute_fetchall("SELECT name FROM t JOIN given USING (a) ORDER BY a") == [
                ("two",),
                ("three",),
            ]
            await db.unregister("given")
            await db.set_budget(rows=1)
            with pytest.raises(aio.BudgetError):
                await db.execute_fetchall("SELECT a FROM t ORDER BY a")
            await db.set_budget()
            assert await db.execute_fetchall("SELECT count(*) FROM t") == [(2,)]

    run(test)


def test_the_log_of_slow_statements(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with aio.connect(":memory:") as db:
            await db.set_slow_log(0, plan=False)
            assert await db.execute_fetchall("SELECT 1") == [(1,)]
            await db.set_slow_log(None)
            assert await db.execute_fetchall("SELECT 2") == [(2,)]

    with caplog.at_level("WARNING", "aerodb.slow"):
        run(test)
    assert [record.statement for record in caplog.records] == ["SELECT 1"]  # type: ignore[attr-defined]


def test_arrow_and_frames() -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")

    async def test() -> None:
        async with aio.connect(":memory:") as db:
            cursor = await db.execute("SELECT 1 AS a UNION SELECT 2")
            assert (await cursor.fetch_arrow_table()).to_pydict() == {"a": [1, 2]}
            cursor = await db.execute("SELECT 1 AS a UNION SELECT 2")
            assert list((await cursor.fetch_df())["a"]) == [1, 2]

    run(test)


def test_names_and_arguments_are_those_of_aiosqlite() -> None:
    assert aio.paramstyle == "qmark" and aio.sqlite_version_info == aerodb_dbapi.sqlite_version_info
    seen: list[tuple[int, int, int]] = []

    async def use() -> None:
        async with aio.connect(":memory:") as db, aio.connect(":memory:") as copy:
            await db.execute("CREATE TABLE t(a)")
            await db.backup(copy, pages=1, progress=lambda *told: seen.append(told), name="main", sleep=0)
            assert await copy.execute_fetchall("SELECT name FROM sqlite_master") == [("t",)]
            await db.set_authorizer(authorizer_callback=None)
            await db.enable_load_extension(False)
            with pytest.raises(aio.OperationalError, match="not authorized"):
                await db.load_extension("x")
            await db.enable_load_extension(True)
            with pytest.raises(aio.NotSupportedError):
                await db.load_extension("x")

    asyncio.run(use())
    assert seen


def test_loops_of_several_threads_share_a_connection() -> None:
    async def test() -> None:
        async with aio.connect(":memory:") as db:
            await db.execute("CREATE TABLE t(a)")
            counted: list[int] = []

            def other(number: int) -> None:
                async def work() -> None:
                    for _ in range(20):
                        await db.execute("INSERT INTO t VALUES (?)", (number,))
                    counted.append(len(await db.execute_fetchall("SELECT a FROM t WHERE a = ?", (number,))))

                asyncio.run(work())

            threads = [threading.Thread(target=other, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                await db.execute_fetchall("SELECT 1")
                await asyncio.sleep(0.001)
            assert counted == [20] * 4

    run(test)


def test_a_lock_passes_those_who_do_not_wait_any_more() -> None:
    async def test() -> None:
        lock, order = FairLock(), list[int]()

        async def taker(number: int) -> None:
            async with lock:
                order.append(number)

        await lock.acquire()
        gone = asyncio.new_event_loop()
        coroutine = taker(0)
        waiting = gone.create_task(coroutine)
        gone.call_soon(gone.stop)
        thread = threading.Thread(target=gone.run_forever)
        thread.start()
        thread.join()
        tasks = [asyncio.create_task(taker(number)) for number in (1, 2, 3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.sleep(0)
        waiting._log_destroy_pending = False  # type: ignore[attr-defined]
        gone.close()
        lock.release()
        tasks[1].cancel()  # the lock has been handed to it, and it has not run yet
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(lock.acquire(), 5)
        assert order == [3]

    run(test)


def test_what_aiosqlite_has_besides(tmp_path: Path) -> None:
    class Place:
        def __str__(self) -> str:
            return str(tmp_path / "a.db")

    async def test() -> None:
        with pytest.warns(DeprecationWarning, match="loop"):
            db = aio.connect(Place(), loop=asyncio.get_running_loop())
        await db
        cursor = await db.execute("SELECT 1")
        stopping = db.stop()
        assert stopping is not None
        await stopping
        with pytest.raises(ValueError, match="Connection closed"):
            await cursor.fetchall()
        left = await aio.connect(Place())
        with pytest.warns(ResourceWarning, match="was deleted before being closed"):
            del left

    run(test)
    db = aio.connect(Place())
    asyncio.run(db._open())  # type: ignore[arg-type]
    assert db.stop() is None


def test_statements_are_called_as_in_aiosqlite() -> None:
    """Arguments by name, None for no parameters, coroutines of which tasks can be made, ``async with`` around any of them."""

    async def test() -> None:
        async with aio.connect(":memory:") as db:
            await db.executescript(sql_script="CREATE TABLE t(a)")
            made = await asyncio.create_task(db.executemany(sql="INSERT INTO t VALUES (?)", parameters=[(1,), (2,)]))
            assert made.rowcount == 2
            async with db.execute(sql="SELECT a FROM t WHERE a = :a", parameters={"a": 2}) as cursor:
                assert await cursor.fetchall() == [(2,)]
                assert await (await cursor.execute(sql="SELECT 7", parameters=None)).fetchall() == [(7,)]
            async with db.execute_insert("INSERT INTO t VALUES (?)", parameters=[3]) as rowid:
                assert rowid == (3,)
            async with db.execute_fetchall("SELECT a FROM t", None) as rows, db.read_view() as view:
                assert rows == [(1,), (2,), (3,)]
                assert await (await view.execute("SELECT 1", None)).fetchone() == (1,)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(db.execute_fetchall("SELECT ?", (n,))) for n in range(3)]
            assert [task.result() for task in tasks] == [[(0,)], [(1,)], [(2,)]]
            db.execute("DELETE FROM t").close()  # not carried out, and nobody warns of it
            assert await db.execute_fetchall("SELECT count(*) FROM t") == [(3,)]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(test)
