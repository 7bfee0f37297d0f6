"""Built-in functions against sqlite3: each over nasty and random arguments, type and value compared.

The seed is printed with every failure. INV-Q4.
"""

from __future__ import annotations

import itertools
import math
import os
import random
import sqlite3
import struct
import time
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.executor.aggregation import SumState
from aerodb_dbapi.executor.functions.aggregates import AGGREGATES
from aerodb_dbapi.executor.functions.dates import CLOCK
from aerodb_dbapi.executor.functions.registry import BUILTINS, FunctionRegistry
from aerodb_dbapi.storage.errors import Error

SEED = int(os.environ.get("AERODB_SEED", "0")) or 20260
REGISTRY = FunctionRegistry()

NASTY: list[Any] = [
    None, 0, 1, -1, 2, 3, 5, -3, 100, 2**31 - 1, 2**31, -(2**31), 2**32 + 1, 2**53, 2**63 - 1, -(2**63), 0.0, -0.0,
    0.5, -0.5, 1.5, 2.5, 1e15, -1e15, 123.456, 1e300, -1e-300, float("inf"), float("-inf"), "", " ", "a", "abc", "ABC",
    "  abc  ", "xxabcxx", "12", " 12.5 ", "1e3", "12abc", "-5", "it's", 'say "hi"', "a\0b", "\0", "é", "naïve", "ÀÉÎ",
    "z\U0001f600z", "%", "a%c", "a_c", "[a-c]*", "*b*", b"", b"abc", b"\x00\xff", b"12", "İ", "\u212a", "0.1", "-0.0",
    "%d", "aaa",
]  # fmt: skip


@pytest.fixture(scope="module")
def oracle() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")  # as AeroDB keeps such text
    return db


def same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    return struct.pack("<d", a) == struct.pack("<d", b) if type(a) is float else a == b


def theirs(oracle: sqlite3.Connection, name: str, values: tuple[Any, ...]) -> Any:
    marks = ",".join("?" * len(values))
    try:
        return oracle.execute(f"SELECT {name}({marks})", values).fetchone()[0]
    except sqlite3.Error as error:
        return f"{type(error).__name__}: {error}"


def ours(name: str, values: tuple[Any, ...]) -> Any:
    function = REGISTRY.scalar(name, len(values))
    assert function is not None
    try:
        return function.call(*values)
    except Error as error:
        return f"{type(error).__name__}: {error}"


def compare(
    oracle: sqlite3.Connection, name: str, cases: list[tuple[Any, ...]], ulps: float = 0, excuse: Any = None
) -> None:
    wrong = []
    for values in cases:
        expected, got = theirs(oracle, name, values), ours(name, values)
        if same(got, expected):
            continue
        if ulps and type(got) is type(expected) is float and abs(got - expected) <= ulps * math.ulp(expected):
            continue
        if excuse is None or not excuse(values, got):
            wrong.append((values, got, expected))
    assert not wrong, (
        f"seed {SEED}: {name}: {len(wrong)} of {len(cases)} differ (arguments, got, expected): {wrong[:10]}"
    )


def some(count: int, width: int, salt: int, pool: list[Any] = NASTY) -> list[tuple[Any, ...]]:
    rng = random.Random(SEED + salt)
    return [tuple(rng.choice(pool) for _ in range(width)) for _ in range(count)]


ONE = [
    "length", "lower", "upper", "trim", "ltrim", "rtrim", "hex", "quote", "unicode", "abs", "sign", "typeof",
    "round", "ceil", "ceiling", "floor", "trunc", "char", "likely", "unlikely",
]  # fmt: skip
TWO = [
    "substr",
    "substring",
    "trim",
    "ltrim",
    "rtrim",
    "instr",
    "like",
    "glob",
    "min",
    "max",
    "ifnull",
    "coalesce",
    "nullif",
]
MATH = [
    "sqrt", "exp", "ln", "log", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
    "asinh", "acosh", "atanh", "degrees", "radians",
]  # fmt: skip


@pytest.mark.parametrize("name", ONE)
def test_one_argument(oracle: sqlite3.Connection, name: str) -> None:
    compare(oracle, name, [(x,) for x in NASTY])


@pytest.mark.parametrize("name", TWO)
def test_two_arguments(oracle: sqlite3.Connection, name: str) -> None:
    compare(oracle, name, list(itertools.product(NASTY, NASTY)))


@pytest.mark.parametrize("name", ["substr", "replace", "min", "max", "coalesce", "iif", "char"])
def test_three_arguments(oracle: sqlite3.Connection, name: str) -> None:
    compare(oracle, name, some(3000, 3, 1))


def test_substr(oracle: sqlite3.Connection) -> None:
    texts = ["", "a", "héllo wörld", b"", b"hello", "a\0bc", 12345, -1.5]
    cases = list(itertools.product(texts, range(-7, 8), range(-7, 8)))
    compare(oracle, "substr", cases)


def test_like_and_glob(oracle: sqlite3.Connection) -> None:
    rng = random.Random(SEED)
    for name, letters in (("like", "aAbBéÉ%_\\ik"), ("glob", "aAbBé*?[]^-")):
        cases = []
        for _ in range(5000):
            pattern = "".join(rng.choice(letters) for _ in range(rng.randrange(7)))
            cases.append((pattern, "".join(rng.choice("aAbBéÉikK]-^") for _ in range(rng.randrange(6)))))
        compare(oracle, name, cases)
    cases3 = [(p, t, e) for (p, t) in cases for e in ("\\",)]
    compare(oracle, "like", [(p.replace("[", "\\").replace("*", "%"), t, e) for p, t, e in cases3[:2000]])
    compare(oracle, "like", some(2000, 3, 2))


@pytest.mark.parametrize("name", MATH)
def test_mathematics(oracle: sqlite3.Connection, name: str) -> None:
    rng = random.Random(SEED)
    numbers = [rng.uniform(-1, 1) * 10 ** rng.randrange(-3, 4) for _ in range(500)]
    compare(oracle, name, [(x,) for x in NASTY + numbers], ulps=2)


@pytest.mark.parametrize("name", ["pow", "power", "mod", "atan2", "log"])
def test_mathematics_two(oracle: sqlite3.Connection, name: str) -> None:
    rng = random.Random(SEED)
    numbers: list[Any] = [(rng.uniform(-20, 20), rng.uniform(-9, 9)) for _ in range(1000)]
    numbers += [(rng.uniform(-20, 20), float(rng.randrange(-9, 9))) for _ in range(500)]
    compare(oracle, name, list(itertools.product(NASTY, NASTY)) + numbers, ulps=2)


def test_round(oracle: sqlite3.Connection) -> None:
    rng = random.Random(SEED)
    cases = list(itertools.product(NASTY, NASTY)) + [(rng.randrange(-(10**7), 10**7) / 1000, 2) for _ in range(2000)]
    cases += [(rng.randrange(-(10**5), 10**5) / 8, d) for d in (0, 1, 2) for _ in range(1000)]
    compare(oracle, "round", cases)


def random_format(rng: random.Random) -> str:
    parts = []
    for _ in range(rng.randrange(1, 4)):
        flags = "".join(rng.choice("-+ #!0,") for _ in range(rng.choice([0, 0, 1, 1, 2, 3])))
        width = rng.choice(["", "", str(rng.randrange(1, 15)), "*"])
        precision = rng.choice(["", "", "." + str(rng.randrange(12)), ".", ".*", ".25"])
        letter = rng.choice("ddiuxXoprfeEgGfeEgGszcqQwn%jT")
        parts.append(f"{rng.choice(['', 'é', ' '])}%{flags}{width}{precision}{rng.choice(['', 'l', 'll'])}{letter}|")
    return "".join(parts)


def test_printf(oracle: sqlite3.Connection) -> None:
    """INV-Q4: the formatting language, with random formats and arguments."""
    rng = random.Random(SEED)
    cases = []
    for _ in range(8000):
        values = [rng.choice([
            rng.choice(NASTY), rng.randrange(-30, 30), rng.uniform(-1, 1) * 10 ** rng.randrange(-8, 12),
            rng.randrange(-(10**9), 10**9) / 8,
        ]) for _ in range(rng.randrange(6))]  # fmt: skip
        # a `*` may take a number that asks for gigabytes
        cases.append((random_format(rng), *[x for x in values if not isinstance(x, int) or abs(x) < 1000]))
    cases = [c for c in cases if "*" not in c[0] or all(abs(a) < 1e3 if isinstance(a, float) else True for a in c[1:])]
    compare(oracle, "printf", cases)
    for one in [
        "",
        "%",
        "abc%",
        "%%",
        "100%%",
        "%5",
        "%-",
        "%.",
        "%l",
        "%5.l",
        "%1$d",
        "%.3.4d",
        "a\0%d",
        None,
        b"%d",
        5,
    ]:
        compare(oracle, "printf", [(one,), (one, 5), (one, 5, 6)])


def random_time(rng: random.Random) -> Any:
    day = f"{rng.choice([rng.randrange(10000), 2024, 1970, 2000]):04d}-{rng.randrange(14):02d}-{rng.randrange(33):02d}"
    clock = f"{rng.randrange(26):02d}:{rng.randrange(61):02d}"
    clock += rng.choice(["", f":{rng.randrange(61):02d}", f":{rng.randrange(60):02d}.{rng.randrange(10**6)}"])
    zone = rng.choice(["", "", "", "Z", " +02:30", "-11:59", "+15:00", " z ", "x"])
    return rng.choice([
        day, f"{day} {clock}{zone}", f"{day}T{clock}{zone}", clock + zone, "-" + day, rng.uniform(0, 5373490),
        rng.randrange(2500000), rng.randrange(-(10**10), 10**11), str(rng.uniform(0, 5373490)),
        rng.uniform(-1e12, 1e12), rng.choice(NASTY), f"{day} ", f" {day}",
    ])  # fmt: skip


def random_modifier(rng: random.Random) -> Any:
    unit = rng.choice(["second", "minute", "hour", "day", "month", "year", "days", "Months", "YEARS", "week", "hours"])
    amount = rng.choice([str(rng.randrange(40)), f"{rng.uniform(0, 20):.3f}", str(rng.randrange(10**6)), "1.5", "x"])
    sign, minute = rng.choice(["+", "-", ""]), f"{rng.randrange(25):02d}:{rng.randrange(60):02d}"
    return rng.choice([
        f"{sign}{amount} {unit}", f"{sign}{minute}", f"{sign}{minute}:{rng.randrange(60):02d}.{rng.randrange(1000)}",
        "start of month", "start of year", "Start Of Day", "start of week", f"weekday {rng.randrange(8)}",
        "weekday 1.5", "unixepoch", "auto", "julianday", "utc", "localtime", rng.choice(NASTY), "UnixEpoch",
    ])  # fmt: skip


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kathmandu"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def no_date_gone_local(values: tuple[Any, ...], got: Any) -> bool:
    """A number that is no date: SQLite goes on with the year 2000, AeroDB answers NULL."""
    return got is None and ("localtime" in values or "utc" in values)


def test_dates(oracle: sqlite3.Connection, zone: str) -> None:
    """INV-Q4: times, modifiers and their interplay."""
    rng = random.Random(SEED)
    for name in ("date", "time", "datetime", "julianday", "unixepoch"):
        cases = []
        for _ in range(2500):
            modifiers = [random_modifier(rng) for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3]))]
            cases.append((random_time(rng), *modifiers))
        compare(oracle, name, cases, excuse=no_date_gone_local)
    letters = "dfHjJmMsSwWY%"
    cases = []
    for _ in range(3000):
        pattern = "".join(
            rng.choice(["%" + rng.choice(letters), "-", "é", "%" + rng.choice(letters)]) for _ in range(4)
        )
        cases.append((rng.choice([pattern, pattern, pattern, "%q", "%", "x%", "", "%%Y"]), random_time(rng)))
    compare(oracle, "strftime", cases)


def test_clock_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-T3: the clock is one replaceable function."""
    monkeypatch.setattr(CLOCK, "now", lambda: 1_700_000_000_123)
    assert ours("datetime", ()) == ours("datetime", ("now",)) == ours("current_timestamp", ()) == "2023-11-14 22:13:20"
    assert ours("strftime", ("%f %s",)) == "20.123 1700000000"
    assert ours("date", ("NOW", "+1 day")) == "2023-11-15" and ours("current_time", ()) == "22:13:20"
    assert not REGISTRY.scalar("date", 1).deterministic  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["count", "sum", "total", "avg", "min", "max", "group_concat"])
def test_aggregates(oracle: sqlite3.Connection, name: str) -> None:
    """INV-Q4: aggregates over random lists; sums of reals are exact here, so nearly equal there."""
    rng = random.Random(SEED)
    wrong = []
    for _ in range(600):
        exact = [x for x in NASTY if not isinstance(x, int) or abs(x) < 2**53]  # beyond, sqlite3's sums lose digits
        pools: list[Any] = [
            exact if name in ("sum", "total", "avg") else NASTY,
            [1, 2, 3, None],
            [0.5, 0.25, 3],
            ["a", "B", None],
            [2**62, 5, None],
            [1.1, 2.2, None],
        ]
        pool = rng.choice(pools)
        items = [(rng.choice(pool),) for _ in range(rng.randrange(6))]
        oracle.execute("CREATE TEMP TABLE t (x)")
        oracle.executemany("INSERT INTO t VALUES (?)", items)
        try:
            expected = oracle.execute(f"SELECT {name}(x) FROM t").fetchone()[0]
        except sqlite3.OperationalError as error:
            expected = str(error)
        oracle.execute("DROP TABLE t")
        state = REGISTRY.aggregate(name, 1).factory()  # type: ignore[union-attr]
        try:
            for item in items:
                state.step(*item)
            got = state.finalize()
        except Error as error:
            got = str(error)
        if name in ("sum", "total", "avg") and "integer overflow" in (got, expected) and got != expected:
            continue  # sqlite3 depends on the order of rows there
        largest = max((abs(x) for (x,) in items if isinstance(x, int | float) and math.isfinite(x)), default=0)
        slack = 1e-9 + 1e-14 * largest  # sqlite3 loses what a large value swallows
        close = type(got) is type(expected) is float and math.isclose(got, expected, rel_tol=1e-9, abs_tol=slack)
        wrong += [] if same(got, expected) or close else [(items, got, expected)]
    assert not wrong, f"seed {SEED}: {name}: {len(wrong)} differ (rows, got, expected): {wrong[:8]}"


def test_aggregates_are_of_no_order() -> None:
    """INV-T3: a sum does not depend on the order of its rows."""
    rng = random.Random(SEED)
    values = [rng.uniform(-1, 1) * 10 ** rng.randrange(-9, 9) for _ in range(5000)] + [2**60 + 1, -(2**60)]
    results = set()
    for _ in range(3):
        rng.shuffle(values)
        state = REGISTRY.aggregate("sum", 1).factory()  # type: ignore[union-attr]
        for value in values:
            state.step(value)
        results.add(state.finalize())
    assert len(results) == 1, SEED


def test_a_long_sum_keeps_few_reals() -> None:
    """INV-T3: batch after batch, the sum is the exact one, and the state is small; infinities are looked at a few times only."""
    rng = random.Random(SEED)
    values = [rng.uniform(-1, 1) * 10.0 ** rng.randrange(-9, 30) for _ in range(40_000)]
    state, longest = SumState(), 0
    for i in range(0, len(values), 250):
        state.add(values[i : i + 250])
        longest = max(longest, len(state.reals))
    assert state.sum() == math.fsum(values), SEED
    assert longest < 5000
    state.add([math.inf])
    for i in range(0, len(values), 250):
        state.add(values[i : i + 250])
    assert state.sum() == math.inf
    assert state.enough > len(values) / 2


def test_a_long_sum_of_a_real_column() -> None:
    """INV-T3: values that nobody looks at before they are many, with NULLs, texts and infinities among them."""
    rng = random.Random(SEED)
    values: list[Any] = [rng.uniform(-1, 1) * 10.0 ** rng.randrange(-9, 30) for _ in range(40_000)]
    for odd in ([], [None], ["1.5", None, "2x", b"3"], [math.inf], [math.inf, -math.inf], [1e308, 1e308]):
        mixed = [*values[:9000], *odd, *values[9000:]]
        state, general, longest = SumState(), SumState(), 0
        for i in range(0, len(mixed), 250):
            state.add_stored(tuple(mixed[i : i + 250]))
            general.add(mixed[i : i + 250])
            longest = max(longest, len(state.reals) + len(state.unseen))
        assert repr([state.sum(), state.total(), state.average()]) == repr(
            [general.sum(), general.total(), general.average()]
        ), (SEED, odd)
        assert state.count == general.count == len(mixed) - mixed.count(None)
        assert longest < 9000 or odd[:1] in ([math.inf], [1e308])
    nothing = SumState()
    nothing.add_stored([None, None])
    assert (nothing.sum(), nothing.total(), nothing.average()) == (None, 0.0, None)


def test_totals_of_both_infinities(oracle: sqlite3.Connection) -> None:
    connection = aerodb_dbapi.connect(":memory:")
    for one in (connection, oracle):
        one.execute("CREATE TABLE ends(r REAL, n)")
        one.executemany("INSERT INTO ends VALUES (?, ?)", [(9e999, 9e999), (-9e999, -9e999), (1.5, 2)])
    for sql in (
        "SELECT total(r), total(n), total(r + 1) FROM ends",
        "SELECT total(r), sum(n) FROM ends GROUP BY 1 = 1",
        "SELECT total(r), total(n) FROM ends WHERE r > 0",
        "SELECT total(r) FROM ends WHERE r IS NULL",
        "SELECT total(r) OVER (ORDER BY n ROWS 1 PRECEDING) FROM ends LIMIT 2",
    ):
        assert connection.execute(sql).fetchall() == oracle.execute(sql).fetchall(), sql


def test_sums_of_real_columns(oracle: sqlite3.Connection) -> None:
    connection = aerodb_dbapi.connect(":memory:")
    rows = [(i / 8 if i % 7 else None, i if i % 11 else "text", f"{i}") for i in range(1, 10_000)]
    for one in (connection, oracle):
        one.execute("CREATE TABLE reals(a REAL, b REAL, c DOUBLE DEFAULT 3)")
        one.executemany("INSERT INTO reals VALUES (?, ?, ?)", rows)
        one.execute("ALTER TABLE reals ADD COLUMN d REAL DEFAULT 5")
    for sql in (
        "SELECT sum(a), total(a), avg(a), count(a), max(a) FROM reals",
        "SELECT sum(b), avg(b), sum(c), sum(d), sum(DISTINCT d), typeof(sum(d)) FROM reals",
        "SELECT sum(a) FILTER (WHERE c > 100), avg(b) FILTER (WHERE a IS NULL) FROM reals",
        "SELECT sum(a), sum(b), total(c) FROM reals WHERE c < 0",
        "SELECT sum(y.a), count(*) FROM reals x LEFT JOIN reals y ON y.rowid = x.rowid + 5000",
    ):
        mine, other = connection.execute(sql).fetchall(), oracle.execute(sql).fetchall()
        assert [list(map(type, row)) for row in mine] == [list(map(type, row)) for row in other], sql
        assert mine == [pytest.approx(row) if None not in row else row for row in other], sql


def test_every_function_of_sqlite_is_there_or_left_out(oracle: sqlite3.Connection) -> None:
    """What SQLite has and AeroDB has not, by name."""
    names = {name for (name,) in oracle.execute("SELECT DISTINCT name FROM pragma_function_list")}
    missing = {n for n in names - set(BUILTINS) if not n.startswith(("json", "fts", "rtree", "sqlite_"))}
    window = {"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value"}
    window |= {"last_value", "nth_value"}
    extensions = {"->", "->>", "bm25", "highlight", "snippet", "match", "matchinfo", "offsets", "optimize", "subtype"}
    assert missing - window - extensions <= {"load_extension", "soundex"}
    assert all(name in BUILTINS for name in {a.name for a in AGGREGATES})


def test_soundex(oracle: sqlite3.Connection) -> None:
    if not oracle.execute("SELECT 1 FROM pragma_function_list WHERE name = 'soundex'").fetchone():
        pytest.skip("this sqlite3 was built without soundex")
    letters = "aehiouwybfpvcgjkqsxzdtlmnr BFP19_\u00e9\u0000"
    rng = random.Random(SEED)
    words = ["".join(rng.choice(letters) for _ in range(rng.randrange(9))) for _ in range(500)]
    compare(oracle, "soundex", [(x,) for x in [*NASTY, *words]])
