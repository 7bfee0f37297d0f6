"""Resolution of functions, the application's own ones, and functions that SQLite 3.40 does not have."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest

from aerodb_dbapi.executor.functions.registry import SQLITE_VERSION, FunctionRegistry
from aerodb_dbapi.storage.errors import DataError, OperationalError


def call(name: str, *values: Any) -> Any:
    function = FunctionRegistry().scalar(name, len(values))
    assert function is not None
    return function.call(*values)


def test_resolution() -> None:
    registry = FunctionRegistry()
    assert registry.scalar("SUBSTR", 2) and registry.scalar("substr", 3) and not registry.scalar("substr", 4)
    assert registry.exists("Substr") and not registry.exists("nothing") and registry.exists("json")
    assert registry.scalar("max", 2) and not registry.scalar("max", 1) and registry.aggregate("max", 1)
    assert registry.aggregate("count", 0) and not registry.aggregate("count", 2) and not registry.scalar("max", 0)
    assert not registry.scalar("coalesce", 1) and registry.exists("coalesce") and registry.scalar("nullif", 2)
    assert call("sqlite_version") == SQLITE_VERSION == "3.46.0"


def test_session_functions() -> None:
    session = SimpleNamespace(changes=3, total_changes=7, last_insert_rowid=None)
    for name, expected in (("changes", 3), ("total_changes", 7), ("last_insert_rowid", 0)):
        function = FunctionRegistry().scalar(name, 0)
        assert function is not None and function.needs_session and not function.deterministic
        assert function.call(session) == expected


def test_user_functions_override() -> None:
    registry = FunctionRegistry()
    before = registry.version
    registry.register_scalar("Lower", 1, lambda x: "mine", deterministic=True)
    registry.register_scalar("any", -1, lambda *x: len(x))
    registry.register_scalar("any", 1, lambda x: "one")
    assert registry.version > before and registry.has_user_functions
    assert registry.scalar("lower", 1).call("A") == "mine"  # type: ignore[union-attr]
    assert registry.scalar("any", 1).call(0) == "one" and registry.scalar("any", 3).call(1, 2, 3) == 3  # type: ignore[union-attr]
    registry.register_scalar("sum", 1, lambda x: "scalar")
    assert registry.aggregate("sum", 1) is None and registry.scalar("sum", 1) is not None
    registry.register_scalar("lower", 1, None)
    registry.register_scalar("sum", 1, None)
    assert registry.scalar("lower", 1).call("A") == "a" and registry.aggregate("sum", 1)  # type: ignore[union-attr]
    assert FunctionRegistry().scalar("any", 1) is None


class Number(int):
    pass


def results(make: Any) -> list[tuple[str, str] | tuple[Any, type]]:
    """What sqlite3 and AeroDB make of a function without arguments."""
    db = sqlite3.connect(":memory:")
    db.create_function("f", 0, make)
    registry = FunctionRegistry()
    registry.register_scalar("f", 0, make)
    made: list[Any] = []
    for run in (lambda: db.execute("SELECT f()").fetchone()[0], lambda: registry.scalar("f", 0).call()):  # type: ignore[union-attr]
        try:
            value = run()
            made.append((value, type(value)))
        except Exception as error:
            made.append((type(error).__name__, str(error)))
    return made


@pytest.mark.parametrize(
    "make",
    [
        lambda: 1 / 0, lambda: [1], lambda: 2**70, lambda: "\ud800", lambda: float("nan"), lambda: bytearray(b"x"),
        lambda: True, lambda: Number(5), lambda: None, lambda: memoryview(b"ab"), lambda: "é",
    ],
)  # fmt: skip
def test_user_results(make: Any) -> None:
    """Results and failures are those of sqlite3."""
    expected, got = results(make)
    assert got == expected


def test_user_failure_keeps_its_cause() -> None:
    registry = FunctionRegistry()
    registry.register_scalar("f", 1, lambda x: 1 / x)
    with pytest.raises(OperationalError, match=r"^user-defined function raised exception$") as caught:
        registry.scalar("f", 1).call(0)  # type: ignore[union-attr]
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


class Fine:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def step(self, *values: Any) -> None:
        self.seen += values

    def finalize(self) -> Any:
        return len(self.seen)


class BadInit(Fine):
    def __init__(self) -> None:
        raise ValueError


class BadStep(Fine):
    def step(self, *values: Any) -> None:
        raise ValueError


class BadFinalize(Fine):
    def finalize(self) -> Any:
        raise ValueError


class BadResult(Fine):
    def finalize(self) -> Any:
        return [1]


class NoStep:
    def finalize(self) -> Any:
        return 1


@pytest.mark.parametrize("factory", [Fine, BadInit, BadStep, BadFinalize, BadResult, NoStep])
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_user_aggregates(factory: Any, rows: int) -> None:
    """Aggregates of the application: results, error texts, and NULL over no rows."""
    db = sqlite3.connect(":memory:")
    db.create_aggregate("f", 1, factory)
    registry = FunctionRegistry()
    registry.register_aggregate("f", 1, factory)
    found = registry.aggregate("f", 1)
    assert found is not None and found.user

    def ours() -> Any:
        state = found.factory()
        for i in range(rows):
            state.step(i)
        return state.finalize()

    query = "WITH RECURSIVE t(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM t WHERE x < 9) SELECT f(x) FROM t WHERE x < ?"
    made = []
    for run in (lambda: db.execute(query, (rows,)).fetchone()[0], ours):
        try:
            made.append(run())
        except Exception as error:
            made.append((type(error).__name__, str(error)))
    assert made[0] == made[1]


def test_later_functions() -> None:
    """concat, concat_ws, octet_length, unhex and string_agg, by SQLite's documentation."""
    assert call("concat", 1, None, "a", 2.5, b"x") == "1a2.5x" and call("concat", None) == ""
    assert call("concat_ws", "-", 1, None, "a") == "1-a" and call("concat_ws", None, 1) is None
    assert call("octet_length", "é") == 2 and call("octet_length", 12) == 2 and call("octet_length", None) is None
    assert (
        call("unhex", "4142") == b"AB" and call("unhex", "41-42", "-") == b"AB" and call("unhex", "4 142", " ") is None
    )
    assert call("unhex", "xx") is None and call("unhex", "") == b"" and call("unhex", None) is None
    assert not FunctionRegistry().scalar("concat", 0) and FunctionRegistry().exists("concat")
    state = FunctionRegistry().aggregate("string_agg", 2).factory()  # type: ignore[union-attr]
    for row in [("a", "x"), (None, "y"), ("b", "-"), (3, None)]:
        state.step(*row)
    assert state.finalize() == "a-b3"


def test_random() -> None:
    values = {call("random") for _ in range(50)}
    assert len(values) > 40 and all(-(2**63) < v < 2**63 for v in values)
    assert len(call("randomblob", 8)) == 8 and len(call("randomblob", -1)) == 1
    assert not FunctionRegistry().scalar("random", 0).deterministic  # type: ignore[union-attr]


def test_limits() -> None:
    for name, value in (("zeroblob", 2 * 10**9), ("randomblob", 2 * 10**9)):
        with pytest.raises(DataError, match="string or blob too big"):
            call(name, value)
    assert call("zeroblob", 3) == b"\0\0\0" and call("zeroblob", -1) == b""
    with pytest.raises(OperationalError, match="integer overflow"):
        call("abs", -(2**63))
