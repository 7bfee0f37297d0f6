"""Values against sqlite3: every operator, affinity, cast and comparison over a pool of nasty values and random ones.

The seed is printed with every failure. INV-Q4.
"""

from __future__ import annotations

import itertools
import math
import os
import random
import sqlite3
import struct
from typing import Any

import pytest

from aerodb_dbapi.storage import values as v
from aerodb_dbapi.storage.errors import ProgrammingError

SEED = int(os.environ.get("AERODB_SEED", "0")) or 20260

NASTY: list[Any] = [
    None, 0, 1, -1, 2, -2, 7, 63, 64, 65, -63, -64, 1000, 2**31, 2**51, 2**51 - 1, -(2**51), 2**53, 2**53 + 1, 2**62,
    2**63 - 1, -(2**63), -(2**63) + 1, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, 0.1, 1e-5, 1e-4, 1e14, 1e15, 1e16,
    123456789012345.0, 9007199254740993.0, 9.2e18, 2.0**63, -(2.0**63), 1e19, -1e19, 1e100, 1e300, -1e300, 5e-324,
    1.7976931348623157e308, float("inf"), float("-inf"), "", " ", "a", "A", "abc", "ABC", "abc ", "1", " 1", "1 ", "01",
    "+1", "-1", "--1", "+-1", "1.0", "1.", ".5", ".", "-.5e1", "1e3", " 1e3 ", "1E3", "1e", "1e+", "1e+3x", "1.5e",
    "1.5e2y", "12abc", "12.5abc", "0x1", "1_000", "inf", "nan", "Infinity", "1e400", "-1e400", "1e-400", "-0", "-0.0",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "9007199254740993",
    "2251799813685248", "2251799813685249.0", "9223372036854775807x", "9223372036854775808x", "99999999999999999999",
    "00000000000000000000000000001", "1e18", "1e19", "\t\n\v\f\r12\t", "\x1c12", "12\x00", "1\x002", "\u0661", "\xa012",
    "é", "É", "z\U0001f600", "\uffff", "9" * 30, "0." + "0" * 30 + "1", b"", b"1", b"12abc", b"1.5", b"abc", b"\xff",
    b" 7 ", b"1e3", b"\x00",
]  # fmt: skip

OPERATORS = {
    "+": v.add, "-": v.subtract, "*": v.multiply, "/": v.divide, "%": v.remainder, "&": v.bit_and, "|": v.bit_or,
    "<<": v.shift_left, ">>": v.shift_right, "||": v.concat,
}  # fmt: skip


@pytest.fixture(scope="module")
def oracle() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")  # as AeroDB keeps such text
    return db


def random_value(rng: random.Random) -> Any:
    kind = rng.randrange(8)
    if kind == 0:
        return rng.randrange(-(2**63), 2**63)
    if kind == 1:
        return rng.randrange(-100, 100)
    if kind == 2:
        return round(rng.uniform(-1e6, 1e6), rng.randrange(6))
    if kind == 3:
        return rng.randrange(-(10**15), 10**15) / 10 ** rng.randrange(16)
    if kind == 4:
        return "".join(rng.choice("0123456789+-.eE x \tA") for _ in range(rng.randrange(1, 8)))
    if kind == 5:
        return str(rng.randrange(-(10**12), 10**12) / 10 ** rng.randrange(12))
    if kind == 6:
        return bytes(rng.choice(b"0123456789-.e ") for _ in range(rng.randrange(6)))
    return rng.choice(NASTY)


def pool(count: int, salt: int) -> list[Any]:
    rng = random.Random(SEED + salt)
    return [random_value(rng) for _ in range(count)]


def same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    return struct.pack("<d", a) == struct.pack("<d", b) if type(a) is float else a == b


def near(case: tuple[Any, ...], a: Any, b: Any) -> bool:
    """A text among the operands: sqlite3 may have read it one unit in the last place away from the nearest double."""
    texts = any(type(x) in (str, bytes) and len(x) > 5 for x in case)
    return texts and type(a) is type(b) is float and abs(a - b) <= 2 * math.ulp(b)


def check(oracle: sqlite3.Connection, sql: str, cases: list[tuple[Any, ...]], call: Any) -> None:
    wrong = []
    for case in cases:
        (expected,) = oracle.execute(sql, case).fetchone()
        got = call(*case)
        if not same(got, expected) and not near(case, got, expected):
            wrong.append((case, got, expected))
    assert not wrong, f"seed {SEED}: {sql}: {len(wrong)} differ, (values, got, expected): {wrong[:12]}"


@pytest.mark.parametrize("operator", OPERATORS)
def test_operator(oracle: sqlite3.Connection, operator: str) -> None:
    """INV-Q4: arithmetic, bits and concatenation are SQLite's in value and type."""
    cases = list(itertools.product(NASTY, NASTY)) + list(zip(pool(3000, 1), pool(3000, 2)))
    check(oracle, f"SELECT ?1 {operator} ?2", cases, OPERATORS[operator])


UNARY = {"-?1": v.negate, "~?1": v.bit_not, "?1 IS TRUE": lambda x: int(bool(v.truth(x)))}


@pytest.mark.parametrize("sql", [*UNARY, "NOT ?1"])
def test_unary(oracle: sqlite3.Connection, sql: str) -> None:
    """INV-Q4: minus, bit inversion and truth."""
    call = UNARY.get(sql) or (lambda x: None if v.truth(x) is None else int(not v.truth(x)))
    check(oracle, f"SELECT {sql}", [(x,) for x in NASTY + pool(3000, 3)], call)


@pytest.mark.parametrize("affinity", ["TEXT", "NUMERIC", "INTEGER", "REAL", "BLOB"])
def test_cast_and_storage(oracle: sqlite3.Connection, affinity: str) -> None:
    """INV-Q4, INV-D5: CAST and column affinity."""
    cases = [(x,) for x in NASTY + pool(3000, 4)]
    check(oracle, f"SELECT CAST(?1 AS {affinity})", cases, lambda x: v.cast(x, affinity))
    oracle.execute("DROP TABLE IF EXISTS t")
    oracle.execute(f"CREATE TABLE t (x {affinity})")
    oracle.executemany("INSERT INTO t VALUES (?)", cases)
    stored = [x for (x,) in oracle.execute("SELECT x FROM t ORDER BY rowid")]
    wrong = [
        (c, got, s)
        for (c,), s in zip(cases, stored)
        if not same(got := v.apply_affinity(c, affinity), s) and not near((c,), got, s)
    ]
    assert not wrong, f"seed {SEED}: {len(wrong)} differ: {wrong[:12]}"


@pytest.mark.parametrize("collation", ["BINARY", "NOCASE", "RTRIM"])
def test_comparison(oracle: sqlite3.Connection, collation: str) -> None:
    """INV-Q4, INV-Q5: order over all classes, by `compare` and by `sort_key`."""
    items = [x for x in NASTY if x is not None and not (type(x) is str and "\x00" in x)]
    cases = list(itertools.product(items, items)) + list(zip(pool(3000, 5), pool(3000, 6)))
    cases = [c for c in cases if None not in c]
    check(oracle, f"SELECT ?1 COLLATE {collation} < ?2", cases, lambda a, b: int(v.compare(a, b, collation) < 0))
    check(oracle, f"SELECT ?1 COLLATE {collation} = ?2", cases, lambda a, b: int(v.compare(a, b, collation) == 0))
    check(
        oracle, f"SELECT ?1 COLLATE {collation} <= ?2", cases,
        lambda a, b: int(v.sort_key(a, collation) <= v.sort_key(b, collation)),
    )  # fmt: skip


@pytest.mark.parametrize("affinity", ["TEXT", "NUMERIC", "INTEGER", "REAL", "BLOB"])
def test_comparison_affinity(oracle: sqlite3.Connection, affinity: str) -> None:
    """INV-Q4: what a column's affinity does to the other side of a comparison."""
    convert = v.affinity_function(affinity, comparison=True) or (lambda x: x)

    def equal(a: Any, b: Any) -> int | None:
        a = v.cast(a, affinity)
        return None if a is None or b is None else int(v.compare(a, convert(b)) == 0)

    cases = list(itertools.product(NASTY, NASTY))
    if affinity == "BLOB":
        cases = [c for c in cases if type(c[0]) in (bytes, type(None))]
    check(oracle, f"SELECT CAST(?1 AS {affinity}) = ?2", cases, equal)


def test_affinity_of_type(oracle: sqlite3.Connection) -> None:
    """INV-Q4: declared types give SQLite's affinities."""
    words = ["int", "char", "clob", "text", "blob", "real", "floa", "doub", "numeric", "date", "x", "ing"]
    rng = random.Random(SEED)
    for _ in range(300):
        declared = " ".join("".join(rng.choices(words, k=rng.randrange(1, 3))) for _ in range(rng.randrange(1, 3)))
        oracle.execute("DROP TABLE IF EXISTS t")
        oracle.execute(f"CREATE TABLE t (x {declared})")
        oracle.execute("INSERT INTO t VALUES ('1.0')")
        oracle.execute("INSERT INTO t VALUES (1)")
        stored = [x for (x,) in oracle.execute("SELECT x FROM t ORDER BY rowid")]
        affinity = v.affinity_of_type(declared)
        assert [v.apply_affinity("1.0", affinity), v.apply_affinity(1, affinity)] == stored, (SEED, declared, affinity)


def test_real_to_text(oracle: sqlite3.Connection) -> None:
    """INV-Q4: reals print as in SQLite, also at ties and near them."""
    rng = random.Random(SEED)
    cases: list[Any] = [rng.uniform(-1, 1) * 10.0 ** rng.randrange(-20, 20) for _ in range(5000)]
    cases += [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(3000)]
    cases += [rng.randrange(10**14, 9 * 10**14) * 10 + 5.0 for _ in range(500)]
    cases += [rng.randrange(10**11) * 8 / 64 + 0.125 for _ in range(500)]
    cases += [float(f"{rng.randrange(10**14, 10**15)}5e{rng.randrange(-300, 290)}") for _ in range(1000)]
    check(oracle, "SELECT CAST(?1 AS TEXT)", [(x,) for x in cases if x == x], v.real_to_text)


def test_round(oracle: sqlite3.Connection) -> None:
    """INV-Q4: round() as SQLite, ties included; results are the nearest double to the digits, sqlite3's within one
    unit."""
    rng = random.Random(SEED)
    wrong = []
    for _ in range(6000):
        digits = rng.choice([0, 1, 2, 2, 2, 3, 4, 6, 10, 15, 30])
        value = rng.choice([
            rng.randrange(-(10**6), 10**6) / 10 ** rng.randrange(7), rng.uniform(-1e3, 1e3), rng.uniform(-1e15, 1e15),
            (rng.randrange(10**6) + 0.5) / 10**digits, struct.unpack("<d", rng.randbytes(8))[0],
        ])  # fmt: skip
        (expected,) = oracle.execute("SELECT round(?, ?)", (value, digits)).fetchone()
        if expected is not None and abs(v.round_real(value, digits) - expected) > math.ulp(expected) * (digits > 3):
            wrong.append((value, digits, v.round_real(value, digits), expected))
    assert not wrong, f"seed {SEED}: {len(wrong)} differ: {wrong[:12]}"


def test_number_texts(oracle: sqlite3.Connection) -> None:
    """INV-Q4: numbers in text read as the nearest double; sqlite3 is at most one unit in the last place away."""
    rng = random.Random(SEED)
    short = [(f"{rng.randrange(-(10**9), 10**9)}e-3",) for _ in range(3000)]
    check(oracle, "SELECT CAST(?1 AS REAL)", short, v.to_real)
    for _ in range(3000):
        text = f"{rng.randrange(10**17)}e{rng.randrange(-60, 60)}"
        (expected,) = oracle.execute("SELECT CAST(? AS REAL)", (text,)).fetchone()
        assert abs(v.to_real(text) - expected) <= math.ulp(expected), (SEED, text)


def test_very_long_numbers() -> None:
    """Numbers longer than Python's own limit for int() are read."""
    digits = "9" * 5000
    assert v.to_integer(digits) == v.INTEGER_MAX and v.to_integer("-" + digits) == v.INTEGER_MIN
    assert v.to_number(digits) == float("inf") and v.well_formed_number("0" * 5000 + "7") == 7
    assert v.to_number("-" + "0" * 5000 + "7") == -7


class Shout(str):
    def __str__(self) -> str:
        return "changed"


class Count(int):
    pass


class Ratio(float):
    pass


class Raw(bytes):
    pass


def test_check_parameter() -> None:
    """INV-D5: what comes in is plain, fits and decodes; the rest is refused as sqlite3 refuses it."""
    for value, expected in [
        (Shout("x"), "x"), (Count(5), 5), (True, 1), (Ratio(1.5), 1.5), (Ratio("nan"), None), (Raw(b"x"), b"x"),
        (bytearray(b"x"), b"x"), (memoryview(b"xy"), b"xy"), (float("nan"), None), (None, None), (2**63 - 1, 2**63 - 1),
    ]:  # fmt: skip
        assert same(v.check_parameter(value), expected), value
    for value, error in [
        (2**63, OverflowError), (-(2**63) - 1, OverflowError), (Count(2**63), OverflowError), ("\ud800",
        UnicodeEncodeError), (memoryview(b"abcd")[::2], BufferError), (object(), ProgrammingError), ([1],
        ProgrammingError),
    ]:  # fmt: skip
        with pytest.raises(error) as mine:
            v.check_parameter(value)
        with pytest.raises(Exception) as theirs:
            sqlite3.connect(":memory:").execute("SELECT ?", (value,))
        assert str(mine.value) == str(theirs.value)
