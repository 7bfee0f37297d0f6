"""Which literals of a shape are put back into a text, and that the plans are then those of the text itself (INV-Q7)."""

from __future__ import annotations

import pytest

import aerodb_dbapi
from aerodb_dbapi.planner.lifting import put_back, shape
from aerodb_dbapi.planner.partial_literals import matching

Kept = dict[str, tuple[tuple[int, tuple[object, ...]], ...]]


@pytest.fixture
def shapes() -> dict[str, object]:
    """The compiled shapes of a connection that has run some texts, by shape."""
    with aerodb_dbapi.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a, active, s TEXT)")
        connection.execute("CREATE INDEX ta ON t(a) WHERE active = 1")
        connection.execute("CREATE INDEX ts ON t(a) WHERE s = 'on'")
        for number in range(4):
            for active in (0, 1):
                connection.execute(f"SELECT id FROM t WHERE a = {number} AND active = {active}").fetchall()
            connection.execute(f"SELECT id FROM t WHERE id = {number} AND a > 3").fetchall()
        return dict(connection._session.plans.shapes)


def test_two_plans_serve_all_texts_of_a_shape(shapes: dict[str, object]) -> None:
    made = [text for text in shapes if "active" in text]
    assert sorted(made) == [
        "SELECT id FROM t WHERE a = \x02 AND active = \x02",
        "SELECT id FROM t WHERE a = \x02 AND active = 1",
    ]
    general, special = (shapes[text] for text in sorted(made))
    assert "entry_batches" in special.source  # type: ignore[attr-defined]
    assert "entry_batches" not in general.source  # type: ignore[attr-defined]
    assert special.kept == ()  # type: ignore[attr-defined]


def test_a_column_that_no_condition_has_keeps_nothing(shapes: dict[str, object]) -> None:
    (compiled,) = [one for text, one in shapes.items() if "a >" in text]
    assert compiled.kept == ()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t WHERE b = 5 AND c = 'it''s' AND d > -2.5 AND e = 9e999",
        "UPDATE t SET a = 'x', b = 1 WHERE c = -9223372036854775808",
    ],
)
def test_a_shape_with_everything_put_back_is_the_text(sql: str) -> None:
    key, constants = shape(sql)
    assert put_back(key, constants, tuple(range(len(constants)))) == (sql, ())
    text, left = put_back(key, constants, (1,))
    assert text.count("\x02") == len(left) == len(constants) - 1
    assert left == (constants[0], *constants[2:])


def test_only_the_same_literal_matches() -> None:
    kept = ((1, (1, "on")),)
    assert matching(kept, (7, 1)) == (1,)
    assert matching(kept, (7, "on")) == (1,)
    assert matching(kept, (7, 1.0)) == matching(kept, (1, 2)) == matching(kept, (7, "1")) == ()
