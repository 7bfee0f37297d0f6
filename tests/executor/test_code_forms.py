"""Code that is made from a form is the code that Python's compiler makes of the text."""

from __future__ import annotations

import dis
import linecache
import re
import traceback
from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.executor import code_forms
from aerodb_dbapi.executor.code_forms import code_of

SCHEMA = """
    CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c REAL, d);
    CREATE INDEX t_a ON t(a, b);
    CREATE TABLE s(k TEXT PRIMARY KEY, w INTEGER, x) WITHOUT ROWID;
"""
STATEMENTS = (
    "SELECT {0}, {1} FROM t WHERE {2} > ? AND id = ?",
    "SELECT {0}, {1} FROM t WHERE a = 7 AND {2} >= 3 ORDER BY {1} DESC LIMIT 3",
    "SELECT t.{0}, s.w FROM t JOIN s ON s.k = t.{1} LEFT JOIN t u ON u.id = s.w WHERE t.{2} IN (1, 'x', 2.5)",
    "SELECT {0}, count(*), sum({1}), max({2}) FROM t GROUP BY {0} HAVING count(*) > 1",
    "SELECT {0}, (SELECT max(x) FROM s WHERE s.w = t.{1}) FROM t WHERE EXISTS (SELECT 1 FROM s WHERE k = t.{2})",
    "SELECT {0} || {1}, CASE WHEN {2} < 2 THEN 1 ELSE coalesce({0}, {1}, 0) END FROM t",
    "SELECT {0}, row_number() OVER (PARTITION BY {1} ORDER BY {2}) FROM t",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i, {0} FROM n, t WHERE {1} = i",
    "UPDATE t SET a = {0}, b = {1} WHERE {2} = ?",
    "UPDATE t SET d = {0} WHERE id = ?",
    "DELETE FROM t WHERE {0} = ? AND {1} < 5",
    "INSERT INTO t({0}, {1}) VALUES (?, ?)",
    "INSERT INTO t({0}) SELECT {1} FROM t WHERE {2} IS NULL",
)
COLUMNS = (("a", "b", "c"), ("d", "c", "b"), ("c", "a", "d"), ("b", "d", "a"))


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    code_forms.switch(True)
    yield
    code_forms.switch(True)


def instructions(code: CodeType) -> list[Any]:
    """What the code does, instruction by instruction, and what is nested in it. Where a constant is kept does not count."""
    found: list[Any] = []
    for one in dis.get_instructions(code):
        name = "LOAD_CONST" if one.opname.startswith("LOAD_CONST") or one.opname == "LOAD_SMALL_INT" else one.opname
        value = "code" if isinstance(one.argval, CodeType) else one.argval
        found.append((name, value, type(value), one.positions and one.positions.lineno))
    return [found, *(instructions(one) for one in code.co_consts if isinstance(one, CodeType))]


def texts_made(run: Any) -> list[tuple[str, str, CodeType]]:
    """The texts (with their kinds and code) that were compiled while something ran."""
    made: list[tuple[str, str, CodeType]] = []
    kept = code_forms._registered

    def note(code: CodeType, source: str, kind: str) -> CodeType:
        made.append((source, kind, code))
        return kept(code, source, kind)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code_forms, "_registered", note)
        run()
    return made


@pytest.mark.parametrize("statement", STATEMENTS)
def test_code_from_a_form_is_what_the_compiler_makes(statement: str) -> None:
    connection = aerodb_dbapi.connect(":memory:")
    connection.executescript(SCHEMA)
    texts = list(dict.fromkeys(statement.format(*columns) for columns in COLUMNS))

    def run() -> None:
        for text in texts:
            connection.execute(text, (1,) * text.count("?"))

    made = texts_made(run)
    assert made
    for source, _, code in made:
        assert instructions(code) == instructions(compile(source, "x", "exec"))


def test_texts_of_one_form_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    original = code_forms._form_of
    monkeypatch.setattr(code_forms, "_form_of", lambda pieces: compiled.append("") or original(pieces))
    connection = aerodb_dbapi.connect(":memory:")
    connection.executescript(SCHEMA)
    connection.execute("INSERT INTO t VALUES (1, 2, 'three', 4.0, 5)")
    compiled.clear()
    found = [
        connection.execute(f"SELECT {a}, {b} FROM t WHERE {c} > 0 AND id = 1").fetchall()
        for a, b, c in (("a", "b", "c"), ("d", "b", "c"), ("c", "d", "a"))
    ]
    assert found == [[(2, "three")], [(5, "three")], [(4.0, 5)]]
    assert len(compiled) == 1


def test_writes_into_tables_of_one_form_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their trees are constants too, also those of high numbers."""
    forms: list[str] = []
    original = code_forms._form_of
    monkeypatch.setattr(code_forms, "_form_of", lambda pieces: forms.append("") or original(pieces))
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    made = []
    for table in range(60):
        connection.execute(f"CREATE TABLE t{table}(id INTEGER PRIMARY KEY, a UNIQUE, b NOT NULL, c DEFAULT 7)")
        for _ in range(5):
            connection.execute("CREATE TABLE gone(a UNIQUE)")
            connection.execute("DROP TABLE gone")
        forms.clear()
        connection.execute(f"INSERT INTO t{table}(a, b) VALUES (?, ?)", (table, -table))
        connection.execute(f"UPDATE t{table} SET a = ?, b = b + 1 WHERE id = ?", (table + 1, 1))
        connection.execute(f"DELETE FROM t{table} WHERE a = ? AND b > 0", (table,))
        made.append(len(forms))
    for table in range(60):
        assert connection.execute(f"SELECT * FROM t{table}").fetchall() == [(1, table + 1, 1 - table, 7)]
    assert made[0] and not any(made[1:])


def test_what_a_number_stands_in_decides() -> None:
    """Numbers of the text that are no places stay; what the compiler computes with is compiled as it is."""
    for text, wanted in (
        ("def f(x):\n    return x[3], 257, 258\n", (3, 257, 258)),
        ("def f(x):\n    return x[3] if x[3] in [4] else x[300]\n", 300),
        ("def f(x):\n    return (5, 6, 7)[1]\n", 6),
        ("def f(x):\n    return [y for y in (x[2], x[2])], [4]\n", ([2, 2], [4])),
        ("def f(x):\n    return x[1000]\n", 1000),
        ("def f(x):\n    return x.index(1000), x.count(7), 10000, -(3), 2 ** (3)\n", (1000, 1, 10000, -3, 8)),
        ("def f(x):\n    def g():\n        return x[1] + x[2]\n    return g()\n", 3),
        ("def f(x):\n    return 1\n", 1),
    ):
        for _ in range(2):
            namespace: dict[str, Any] = {}
            exec(code_of(text, "f"), namespace)
            assert namespace["f"](range(2000)) == wanted
    assert code_of("def f(x):\n    return x[8], 257\n", "f").co_consts != code_of(
        "def f(x):\n    return x[9], 257\n", "f"
    )


def test_forms_can_be_switched_off() -> None:
    code_forms.switch(False)
    codes = [code_of(f"def f(x):\n    return x[{i}]\n", "f") for i in range(3)]
    for i, code in enumerate(codes):
        namespace: dict[str, Any] = {}
        exec(code, namespace)
        assert namespace["f"](range(5)) == i
        assert linecache.getlines(code.co_filename) == ["def f(x):\n", f"    return x[{i}]\n"]


def test_a_traceback_shows_the_line_and_marks_the_place() -> None:
    text = "def f(x):\n    a = 1\n    return x[{}] + a[{}]\n"
    for first, second in ((0, 1), (12, 123)):
        namespace: dict[str, Any] = {}
        exec(code_of(text.format(first, second), "f"), namespace)
        try:
            namespace["f"](range(20))
        except TypeError as error:
            shown = "".join(traceback.format_exception(error))
    assert "    return x[   12] + a[  123]" in shown
    marks = re.search(r"\n( +\^+)\n", shown)
    assert marks is None or shown[: marks.start()].splitlines()[-1][marks[1].index("^") :] == "a[123]"


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_forms, "KEPT_MAX", 5)
    for i in range(40):
        code_of(f"def f(x{i}):\n    return x{i}[{i}]\n", "f")
    assert len(code_forms._codes) <= 5 and len(code_forms._forms) <= 5


def test_lines_go_with_the_code() -> None:
    code = code_of("def f(x):\n    return x[77]\n", "f")
    name = code.co_filename
    assert linecache.getline(name, 2) == "    return x[   77]\n"
    del code
    code_forms.switch(True)
    assert name not in linecache.cache
