"""Date functions beyond SQLite 3.40: expected values are from SQLite's documentation (https://www.sqlite.org/lang_datefunc.html)
or follow from the calendar; 'now' is one moment in a statement; iif() with any number of arguments."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.executor.functions.moments import CLOCK


@pytest.fixture
def connection() -> Iterator[Any]:
    made = aerodb_dbapi.connect(":memory:")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("date('2000-01-31', '+1 month', 'floor')", "2000-02-29"),
        ("date('2000-01-31', '+1 month', 'ceiling')", "2000-03-02"),
        ("date('2000-01-31', '+1 month')", "2000-03-02"),
        ("date('2024-02-29', '+1 year', 'floor')", "2025-02-28"),
        ("date('2023-02-31', 'floor')", "2023-02-28"),
        ("date('2024-01-31', '+0000-01-00', 'floor')", "2024-02-29"),
        ("datetime('2024-01-31', '+0001-02-03 04:05')", "2025-04-03 04:05:00"),
        ("datetime('2024-01-31', '-0001-02-03 04:05:06.5', 'subsec')", "2022-11-27 19:54:53.500"),
        ("date('2024-01-31', '+0001-12-00')", None),
        ("date('2024-01-31', '+0001-00-31')", None),
        ("date('2024-01-31', '0001-01-00')", None),
        ("datetime('2024-02-29 12:34:56.789', 'subsec')", "2024-02-29 12:34:56.789"),
        ("time('12:00', 'subsecond')", "12:00:00.000"),
        ("date('2024-02-29 12:34:56.789', 'subsec')", "2024-02-29"),
        ("unixepoch('1970-01-01 00:00:01.5', 'subsec')", 1.5),
        ("strftime('%s', '1970-01-01 00:00:01.25', 'subsec')", "1.250"),
        ("strftime('%e|%F|%k|%l|%I|%p|%P|%R|%T', '2005-01-01 00:05:09')",
         " 1|2005-01-01| 0|12|12|AM|am|00:05|00:05:09"),
        ("strftime('%l %p', '2005-01-01 13:00')", " 1 PM"),
        ("strftime('%U %W', '2023-01-01')", "01 00"),
        ("strftime('%q', '2005-01-01')", None),
        ("timediff('2023-02-15', '2023-03-15')", "-0000-01-00 00:00:00.000"),
        ("timediff('2023-03-15', '2023-02-15')", "+0000-01-00 00:00:00.000"),
        ("timediff('2000-02-29', '2001-02-28 12:00:01.5')", "-0000-11-28 12:00:01.500"),
        ("timediff('9999-06-31', '2100-12-01')", "+7898-07-00 00:00:00.000"),
        ("timediff('2100-01-01', '9999-02-30')", "-7899-02-01 00:00:00.000"),
        ("timediff('00:00:30-05:30', '24:59Z')", "-0000-00-00 19:28:30.000"),
        ("timediff(NULL, '2000-01-01')", None),
        ("timediff('x', '2000-01-01')", None),
        ("iif(0, 1)", None),
        ("iif(0, 1, 1, 2)", 2),
        ("iif(NULL, 1, 0, 2, 3)", 3),
        ("sqlite_compileoption_used('X')", 0),
        ("sqlite_compileoption_get(0)", None),
    ],
)  # fmt: skip
def test_values(connection: Any, sql: str, expected: Any) -> None:
    assert connection.execute(f"SELECT {sql}").fetchone()[0] == expected


@pytest.mark.parametrize("seed", range(3))
def test_formats_against_the_calendar(connection: Any, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(300):
        day = datetime.date(chance.randrange(1900, 2200), 1, 1) + datetime.timedelta(chance.randrange(366))
        text = f"{day.isoformat()} {chance.randrange(24):02d}:{chance.randrange(60):02d}"
        got = connection.execute("SELECT strftime('%G %V %g %u %w %U %W %j', ?)", (text,)).fetchone()[0]
        year, week, weekday = day.isocalendar()
        assert got == f"{year} {week:02d} {year % 100:02d} {weekday} {day.strftime('%w %U %W %j')}"


@pytest.mark.parametrize("seed", range(3))
def test_a_difference_added_gives_the_other_date(connection: Any, seed: int) -> None:
    chance = random.Random(seed)

    def made() -> str:
        day = datetime.datetime(chance.randrange(1900, 2100), 1, 1) + datetime.timedelta(
            seconds=chance.randrange(366 * 86400)
        )
        return day.isoformat(" ")

    for _ in range(300):
        first, second = made(), made()
        row = connection.execute("SELECT timediff(?1, ?2), datetime(?2, timediff(?1, ?2))", (first, second)).fetchone()
        if row[0][0] == "+" and int(second[8:10]) <= 28:  # later days may not exist in the month they lead to
            assert row[1] == first, (first, second, row)


def test_now_is_one_moment_in_a_statement(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1_700_000_000_000, 1_800_000_000_000, 12_345))
    monkeypatch.setattr(CLOCK, "now", lambda: next(ticks))
    sql = "SELECT count(DISTINCT julianday('now')) FROM json_each('[1,2,3]')"
    assert connection.execute(sql).fetchone() == (1,)
    sql = "SELECT julianday('now') = julianday(), (SELECT unixepoch('subsec')) = unixepoch('now', 'subsec')"
    assert connection.execute(sql).fetchone() == (1, 1)
    first, second = (connection.execute("SELECT unixepoch('subsec')").fetchone()[0] for _ in range(2))
    assert first < second
    connection.execute("CREATE TABLE t(a, made DEFAULT CURRENT_TIMESTAMP)")
    connection.execute("INSERT INTO t(a) VALUES (1), (2), (3)")
    connection.execute("UPDATE t SET a = strftime('%J', 'now')")
    assert connection.execute("SELECT count(DISTINCT made), count(DISTINCT a) FROM t").fetchone() == (1, 1)
