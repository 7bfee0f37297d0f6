"""Programs used as their users do, on the `sqlite3` that they import: run by `programs.py`, on AeroDB and on `sqlite3`.

Datasette's own tests need FTS in their fixtures, Tortoise's other databases' drivers, pandas' are not in its distribution.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest


def shop(path: Path) -> None:
    """A database with two tables, an index and a view."""
    db = sqlite3.connect(path)
    db.executescript("""
        CREATE TABLE kind(id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, kind INTEGER REFERENCES kind(id), tags TEXT);
        CREATE INDEX item_price ON item(price);
        CREATE VIEW cheap AS SELECT * FROM item WHERE price < 10;
    """)
    with db:
        db.executemany("INSERT INTO kind(name) VALUES (?)", [("toy",), ("book",)])
        rows = [(f"thing {i}", i * 1.5, i % 2 + 1, '["a","b"]') for i in range(120)]
        db.executemany("INSERT INTO item(name, price, kind, tags) VALUES (?, ?, ?, ?)", rows)
    db.close()


COUNTING = "with+recursive+c(x)+as+(select+1+union+all+select+x%2B1+from+c)+select+count(*)+from+c"


@pytest.mark.parametrize("path, code, words", [
    ("/", 200, ["shop"]),
    ("/shop", 200, ["item", "cheap", "120 rows"]),
    ("/shop/item", 200, ["thing 99"]),
    ("/shop/item/3", 200, ["thing 2"]),
    ("/shop/item/3.json", 200, ["thing 2"]),
    ("/shop/item.json?_shape=array&price__gt=175", 200, ["thing 117", "thing 119"]),
    ("/shop/item.json?_facet=kind&_facet_array=tags&_labels=on", 200, ['"count": 60', '"count": 120']),
    ("/shop/item.json?_sort_desc=price&_size=2", 200, ["thing 119", "thing 118"]),
    ("/shop/item.json?_next=100&_shape=array", 200, ["thing 100"]),
    ("/shop/item.json?name__contains=11", 200, ["thing 111"]),
    ("/shop/item.csv?_stream=1", 200, ["thing 119,178.5"]),
    ("/shop/cheap.json", 200, ["thing 6"]),
    ("/shop.json?sql=select+count(*)+as+n+from+item+where+price+%3E+:p&p=170", 200, ['"rows": [[6]]']),
    ("/shop.json?sql=delete+from+item", 400, ["must be a SELECT"]),
    (f"/shop.json?sql={COUNTING}&_timelimit=50", 400, ["took too long"]),
    ("/shop.json?sql=select+nope", 400, ["no such column"]),
    ("/-/versions.json", 200, ["sqlite"]),
    ("/-/databases.json", 200, ["shop"]),
])  # fmt: skip
def test_datasette_page(path: str, code: int, words: list[str], tmp_path: Path) -> None:
    from datasette.app import Datasette

    shop(tmp_path / "shop.db")

    async def page() -> Any:
        return await Datasette([str(tmp_path / "shop.db")]).client.get(path, follow_redirects=True)

    answer = asyncio.run(page())
    assert answer.status_code == code, answer.text
    for word in words:
        assert word in answer.text


def test_pandas_there_and_back(tmp_path: Path) -> None:
    import pandas

    db = sqlite3.connect(tmp_path / "a.db")
    frame = pandas.DataFrame({"n": [1, 2, 3], "x": [0.5, None, 2.5], "t": ["a", "b", None]})
    frame["at"] = pandas.date_range("2026-01-01", periods=3)
    assert frame.to_sql("frame", db, index=False, chunksize=2) == 3
    back = pandas.read_sql("SELECT * FROM frame ORDER BY n", db, parse_dates=["at"])
    pandas.testing.assert_frame_equal(back, frame, check_dtype=False)
    with pytest.raises(ValueError, match="already exists"):
        frame.to_sql("frame", db)
    frame.to_sql("frame", db, index=False, if_exists="append", method="multi")
    frame.to_sql("other", db, if_exists="replace")
    assert pandas.read_sql_query("SELECT count(*) AS n FROM frame WHERE n > ?", db, params=(1,))["n"][0] == 4
    parts = pandas.read_sql_query("SELECT * FROM frame", db, chunksize=4)
    assert [len(part) for part in parts] == [4, 2]
    db.close()


def test_tortoise_models(tmp_path: Path) -> None:
    from tortoise import Tortoise, connections, fields
    from tortoise.exceptions import IntegrityError
    from tortoise.expressions import F, Q
    from tortoise.functions import Count
    from tortoise.models import Model
    from tortoise.transactions import in_transaction

    class Team(Model):
        id = fields.IntField(primary_key=True)
        name = fields.CharField(max_length=50, unique=True)

        class Meta:
            app = "models"

    class Player(Model):
        id = fields.IntField(primary_key=True)
        name = fields.TextField()
        points = fields.IntField(default=0)
        data = fields.JSONField(default=dict)
        joined = fields.DatetimeField(auto_now_add=True)
        team: Any = fields.ForeignKeyField("models.Team", related_name="players")

        class Meta:
            app = "models"

    module = type(asyncio)("models_of_the_test")
    module.Team, module.Player = Team, Player  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    Team.__module__ = Player.__module__ = module.__name__

    async def play() -> None:
        await Tortoise.init(db_url=f"sqlite://{tmp_path / 't.db'}", modules={"models": [module.__name__]})
        await Tortoise.generate_schemas()
        red = await Team.create(name="red")
        await Player.bulk_create([Player(name=f"p{n}", points=n, team=red, data={"n": n}) for n in range(10)])
        with pytest.raises(IntegrityError):
            await Team.create(name="red")
        async with in_transaction():
            await Player.filter(Q(points__gte=8) | Q(name="p0")).update(points=F("points") + 1)
        with pytest.raises(ZeroDivisionError):
            async with in_transaction():
                await Player.all().delete()
                raise ZeroDivisionError
        assert await Player.filter(points__gt=8).order_by("-points").values_list("points", flat=True) == [10, 9]
        [team] = await Team.annotate(number=Count("players")).prefetch_related("players")
        assert team.number == 10 and len(team.players) == 10 and (await Player.get(name="p7")).data == {"n": 7}
        made = await asyncio.gather(*(Player.create(name="more", team=red) for _ in range(20)))
        assert len({player.id for player in made}) == 20
        await connections.close_all()

    asyncio.run(play())
