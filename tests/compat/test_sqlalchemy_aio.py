"""SQLAlchemy's asyncio engine on AeroDB: sessions, streams, isolation levels, retries, cancellation, closing."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("greenlet")
sa = pytest.importorskip("sqlalchemy")

from sqlalchemy import orm  # noqa: E402
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine  # noqa: E402

import aerodb_dbapi  # noqa: E402
from aerodb_dbapi.compat.sqlalchemy_aio import run_async_transaction  # noqa: E402

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"


class Base(orm.DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "item"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    n: orm.Mapped[int] = orm.mapped_column(default=0)


def run(url: str, test: Callable[[AsyncEngine], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def whole() -> None:
        engine = create_async_engine(url, **options)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.execute(sa.insert(Item), [{"name": f"n{i}"} for i in range(1, 201)])
        try:
            await test(engine)
        finally:
            await engine.dispose()

    asyncio.run(asyncio.wait_for(whole(), 120))


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "aerodb+aio://" if request.param == "memory" else f"aerodb+aio:///{tmp_path}/a.db"


def test_sessions_rows_and_streams(url: str) -> None:
    async def test(engine: AsyncEngine) -> None:
        maker = async_sessionmaker(engine, expire_on_commit=False)
        async with maker.begin() as session:
            added = Item(name="new")
            session.add(added)
        async with maker() as session:
            assert (await session.get(Item, added.id)).name == "new"  # type: ignore[union-attr]
            assert len((await session.scalars(sa.select(Item).where(Item.name.regexp_match("^n1")))).all()) == 111
        async with engine.connect() as connection:
            streamed = await connection.stream(sa.select(Item.id).order_by(Item.id))
            first = await streamed.fetchmany(3)
            assert [row.id for row in first] == [1, 2, 3] and len([row async for row in streamed]) == 198
            result = await connection.execute(sa.insert(Item).values(name="x").returning(Item.id))
            assert result.scalar_one() == 202
            await connection.rollback()
            assert (await connection.execute(sa.text("SELECT count(*) FROM item"))).scalar_one() == 201
            with pytest.raises(sa.exc.OperationalError, match="no such column: nope"):
                await connection.execute(sa.text("SELECT nope"))
            names = await connection.run_sync(lambda plain: sa.inspect(plain).get_table_names())
            assert names == ["item"]
            raw = await connection.get_raw_connection()
            assert isinstance(raw.driver_connection, aerodb_dbapi.aio.Connection)

    run(url, test)


def test_transactions_are_run_again(tmp_path: Path) -> None:
    async def test(engine: AsyncEngine) -> None:
        maker = async_sessionmaker(engine)

        async def one_more(session: Any) -> int:
            item = (await session.scalars(sa.select(Item).where(Item.id == 1))).one()
            await asyncio.sleep(0.001)
            item.n += 1
            return int(item.n)

        async def by_core(connection: Any) -> None:
            n = (await connection.execute(sa.select(Item.n).where(Item.id == 2))).scalar_one()
            await connection.execute(sa.update(Item).where(Item.id == 2).values(n=n + 1))

        given = await asyncio.gather(*(run_async_transaction(maker, one_more) for _ in range(12)))
        await asyncio.gather(*(run_async_transaction(engine, by_core, max_retries=1) for _ in range(12)))
        async with engine.connect() as connection:
            assert sorted(given) == list(range(1, 13))
            assert (await connection.execute(sa.select(Item.n).where(Item.id.in_([1, 2])))).scalars().all() == [12, 12]

        async def wrong(connection: Any) -> None:
            raise ValueError("mine")

        with pytest.raises(ValueError, match="mine"):
            await run_async_transaction(engine, wrong)

    run(f"aerodb+aio:///{tmp_path}/a.db", test, pool_size=12)


def test_isolation_levels(url: str) -> None:
    async def test(engine: AsyncEngine) -> None:
        for level in ("SERIALIZABLE", "IMMEDIATE", "AUTOCOMMIT"):
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level=level)
                assert await connection.get_isolation_level() == level
                await connection.execute(sa.text("UPDATE item SET n = 7 WHERE id = 1"))
                raw: Any = await connection.get_raw_connection()
                assert raw.dbapi_connection.in_transaction == (level != "AUTOCOMMIT")
        async with engine.connect() as connection:
            assert (await connection.execute(sa.select(Item.n).where(Item.id == 1))).scalar_one() == 7

    run(url, test)


def test_cancelling_interrupts_and_idle_connections_have_no_threads(tmp_path: Path) -> None:
    async def test(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await connection.execute(sa.text(ENDLESS))
        before = threading.active_count()
        connections = [await engine.connect() for _ in range(10)]
        for connection in connections:
            assert (await connection.execute(sa.text("SELECT 1"))).scalar_one() == 1
        assert threading.active_count() <= before + 1
        for connection in connections:
            await connection.close()

    run(f"aerodb+aio:///{tmp_path}/a.db", test, pool_size=10)


@pytest.mark.filterwarnings("ignore")
def test_a_connection_that_is_forgotten_is_closed(tmp_path: Path) -> None:
    async def test(engine: AsyncEngine) -> None:
        raw: Any = await (await engine.connect()).get_raw_connection()
        driver = raw.driver_connection
        del raw
        gc.collect()
        assert driver._opened._session is None

    run(f"aerodb+aio:///{tmp_path}/a.db", test)
