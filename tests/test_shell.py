"""The shell as a real process: in pipes, and on pseudo-terminals with and without prompt_toolkit; and its parts."""

from __future__ import annotations

import io
import os
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.shell import charts, formats
from aerodb_dbapi.shell.commands_settings import pieces
from aerodb_dbapi.shell.completion import candidates
from aerodb_dbapi.shell.main import COMMAND_MODULES, main
from aerodb_dbapi.shell.registry import COMMANDS, Misuse, find
from aerodb_dbapi.shell.session import Session

COMMAND = [sys.executable, "-m", "aerodb_dbapi"]
CITIES = """
CREATE TABLE city(id INTEGER PRIMARY KEY, name TEXT, people INTEGER, note);
INSERT INTO city(name, people, note) VALUES ('Oslo', 717710, NULL), ('Bergen', 291940, 'a|b'), ('東京', 14000000, x'00ff');
CREATE INDEX city_name ON city(name);
CREATE VIEW big AS SELECT * FROM city WHERE people > 500000;
"""


class Pipe(io.StringIO):
    """Standard output that is a pipe."""

    def isatty(self) -> bool:
        return False


def run(*arguments: str, script: str = "") -> Any:
    """The command line in this process (test_main.py runs it as a process of its own), with pipes."""
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = Pipe(script), Pipe(), Pipe()
    try:
        try:
            code: Any = main(arguments)
        except SystemExit as leaving:
            code = leaving.code
        return SimpleNamespace(returncode=code, stdout=sys.stdout.getvalue(), stderr=sys.stderr.getvalue())
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


@pytest.fixture
def cities(tmp_path: Path) -> str:
    path = tmp_path / "city.db"
    connection = aerodb_dbapi.connect(path, isolation_level=None)
    connection.executescript(CITIES)
    connection.close()
    return str(path)


class Told:
    """A session in this process, and what it wrote."""

    def __init__(self, path: str = ":memory:") -> None:
        self.output, self.messages = io.StringIO(), io.StringIO()
        self.session = Session(path, self.output, self.messages)

    def __call__(self, *texts: str) -> str:
        start = self.output.tell(), self.messages.tell()
        for text in texts:
            self.session.run(text)
        return self.output.getvalue()[start[0] :] + self.messages.getvalue()[start[1] :]


@pytest.fixture
def told(cities: str) -> Any:
    made = Told(cities)
    yield made
    made.session.close()


# --- Scripts and pipes ---


def test_arguments_are_those_of_sqlite3(cities: str) -> None:
    assert run("--version").stdout.startswith(f"AeroDB {aerodb_dbapi.__version__} (SQLite ")
    assert run("-v").returncode == 0 and "filename" in run("-h").stdout
    assert run(cities, "SELECT name FROM city", "SELECT 1").stdout == "Oslo\nBergen\n東京\n1\n"
    assert run("--nope").returncode == 2
    assert (
        run(cities, "-csv", "-- comment\nSELECT 1 AS a", "-nullvalue", "-", "SELECT NULL AS b").stdout == "a\n1\nb\n-\n"
    )
    flags = run("-csv", cities, "SELECT name, people FROM city LIMIT 1")
    assert (flags.returncode, flags.stdout) == (0, "name,people\nOslo,717710\n")
    assert run("-header", "-nullvalue", "-", cities, "SELECT note FROM city LIMIT 1").stdout == "note\n-\n"
    assert run("-readonly", cities, "DELETE FROM city").returncode == 1
    assert run("-readonly", cities + ".none", "SELECT 1").returncode == 1 and not os.path.exists(cities + ".none")
    assert run("-cmd", ".mode json", cities, "SELECT 1 AS a").stdout == '[{"a": 1}]\n'


def test_scripts_mix_sql_and_commands(cities: str) -> None:
    script = ".mode json\nSELECT id,\n  name FROM city\nWHERE id = 1;\n.print done\nSELECT 'x;' || '\n.mode y' AS a; -- tail\nSELECT 2"
    done = run(cities, script=script)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == '[{"id": 1, "name": "Oslo"}]\ndone\n[{"a": "x;\\n.mode y"}]\n[{"2": 2}]\n'


def test_errors_and_exit_codes(cities: str) -> None:
    script = "SELECT 1;\nSELECT nope;\n.unknown\nSELECT 2;\n"
    done = run(cities, script=script)
    assert (done.returncode, done.stdout) == (1, "1\n")
    assert done.stderr == "line 2: OperationalError (SQLITE_ERROR): no such column: nope\n"
    done = run(cities, script=".bail off\n" + script)
    assert (done.returncode, done.stdout) == (1, "1\n2\n")
    assert "line 4: Error: unknown command .unknown: .help lists them" in done.stderr
    assert run(cities, script="SELECT 1;\n.quit 7\nSELECT 2;\n").returncode == 7
    unfinished = run(cities, script="SELECT (1")
    assert unfinished.returncode == 1 and unfinished.stderr.startswith("line 1: OperationalError")
    assert run(cities, "SELECT nope").stderr == "OperationalError (SQLITE_ERROR): no such column: nope\n"


def test_a_reader_that_goes_away_ends_it_quietly(cities: str) -> None:
    for option, first in (("", "(1,)\n"), ("-batch", "1\n")):
        command = f"'{sys.executable}' -m aerodb_dbapi :memory: {option} 'SELECT value FROM generate_series(1, 300000)' | head -n 1"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
        assert (done.stdout, done.stderr) == (first, "")
    made = "CREATE TABLE t(a); INSERT INTO t SELECT value FROM generate_series(1, 100000)"
    command = f"'{sys.executable}' -m aerodb_dbapi :memory: '{made}' .dump | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("BEGIN TRANSACTION;\n", "")


def test_reading_files(cities: str, tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner.sql", tmp_path / "outer.sql"
    inner.write_text("SELECT 'inner';\nSELECT nope;\nSELECT 'not reached';\n")
    outer.write_text(f".read {inner}\nSELECT 'not reached';\n")
    done = run(cities, f".read {outer}")
    assert (done.returncode, done.stdout) == (1, "inner\n")
    assert done.stderr == (
        f"{inner}:2: OperationalError (SQLITE_ERROR): no such column: nope\n{outer}:1: Error: {inner} had errors\n"
        f"Error: {outer} had errors\n"
    )
    loop = tmp_path / "loop.sql"
    loop.write_text(f".read {loop}\n")
    assert "files read files" in run(cities, f".read {loop}").stderr
    assert "No such file" in run(cities, ".read nowhere.sql").stderr


# --- Commands ---


def test_every_command_is_documented_and_none_fails_badly(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert COMMAND_MODULES
    document = (Path(__file__).resolve().parent.parent / "docs/shell.md").read_text()
    for name, found in COMMANDS.items():
        assert f"`.{name}" in document, name
        assert found.help and name in told(f".help {name}")
        if name != "quit":
            told(f".{name}", f".{name} nope nope nope nope")  # told, not raised
    assert ".tables [PATTERN]" in told(".help") and max(map(len, told(".help").splitlines())) < 100
    assert "--delimiter" in told(".help import")


def test_schema_commands_tell_of_all_databases(told: Told) -> None:
    told(
        "CREATE SNAPSHOT s; CREATE TEMP TABLE near(a); ATTACH ':memory:' AS other;",
        "CREATE TABLE other.far(b); CREATE UNIQUE INDEX other.i ON far(b);",
    )
    assert told(".tables") == "big\ncity\ntemp.near\nother.far\n" and told(".indexes far") == "other.i\n"
    assert told(".schema near") == "CREATE TABLE temp.near(a);\n"
    assert told(".schema far") == "CREATE TABLE other.far(b);\nCREATE UNIQUE INDEX other.i ON far(b);\n"
    assert told(".asof s") == ""
    assert told(".tables") == "big\ncity\n"


def test_schema_commands(told: Told) -> None:
    assert told(".tables") == "big\ncity\n" and told(".tables b%") == "big\n"
    assert told(".views") == "big\n"
    assert told(".indexes") == told(".indexes CITY") == "city_name\n"
    assert told(".indexes other") == ""
    assert told(".schema city").startswith("CREATE TABLE city(") and "CREATE INDEX city_name" in told(".schema city")
    assert told(".schema nope") == "Error: nothing is called nope\n"
    assert "SEARCH city USING INDEX city_name" in told(".explain SELECT * FROM city WHERE name = 'Oslo'")
    dumped = told(".dump")
    other = sqlite3.connect(":memory:")
    other.executescript(dumped)
    assert other.execute("SELECT count(*) FROM big").fetchone() == (2,)
    assert "transaction: none" in told(".status") and "transaction: open" in told("BEGIN;", ".status")


def test_output_goes_where_it_is_told(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    assert told(f".once {path}", "SELECT 1;", "SELECT 2;") == "2\n" and path.read_text() == "1\n"
    assert told(f".output {path}", "SELECT 1;", "SELECT 2;", ".output", "SELECT 3;") == "3\n"
    assert path.read_text() == "1\n2\n"
    assert "unable to write" in told(f".output {tmp_path}/no/where")


def test_import_and_export(told: Told, tmp_path: Path) -> None:
    csv, lines, copy = tmp_path / "c.csv", tmp_path / "c.jsonl", tmp_path / "c.sqlite"
    assert told(f".export city {csv}") == "" and csv.read_text().startswith("id,name,people,note\n1,Oslo,717710,\n")
    assert told(f".import {csv} copy", "SELECT count(*), sum(people) FROM copy;") == "3|15009650\n"
    assert "exists already" in told(f".export city {csv}") and told(f".export city {csv} --replace") == ""
    assert told(f".export SELECT name FROM city ORDER BY name DESC {lines}") == ""
    assert lines.read_text().splitlines()[1] == '{"name": "Oslo"}'
    assert told("SELECT id FROM city ORDER BY id DESC;", f".export {lines} --replace") == "3\n2\n1\n"
    assert lines.read_text() == '{"id": 3}\n{"id": 2}\n{"id": 1}\n'
    assert told(f".export {copy}") == "" and sqlite3.connect(copy).execute("SELECT count(*) FROM big").fetchone() == (
        2,
    )
    assert (
        told("DROP TABLE city;", "DROP VIEW big;", "DROP TABLE copy;", f".import {copy}", "SELECT count(*) FROM big;")
        == "2\n"
    )
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1\n")
    assert told(f".import {bad}") == "DataError: line 2: 1 fields where 2 are expected\n"
    assert told(f".import {bad} --delimiter ';'", 'SELECT * FROM "bad";') == "1\n"
    assert "usage: .import" in told(".import") and "unable to open" in told(".import nowhere.csv")


def test_commits_and_differences(told: Told) -> None:
    told(
        "CREATE SNAPSHOT start;", "UPDATE city SET people = people + 1 WHERE id < 3;", "DELETE FROM city WHERE id = 3;"
    )
    told("BEGIN;", "INSERT INTO city(name) VALUES ('Bodø');", "UPDATE city SET note = 'n' WHERE id = 1;", "COMMIT;")
    listed = told(".commits 4").splitlines()
    assert [line.partition("|")[2] for line in listed] == ["city +1 ~1", "city -1", "city ~2", "snapshot start created"]
    assert told(".diff -2 -1") == "city (id, name, people, note)\n- 3 | 東京 | 14000000 | X'00FF'\n"
    changes = told(".diff start now city").splitlines()
    assert changes[1:3] == ["- 1 | Oslo | 717710 | NULL", "+ 1 | Oslo | 717711 | n"]
    assert "view v created" in told("CREATE VIEW v AS SELECT 1;", ".diff -1")
    assert "table t created" in told("CREATE TABLE t(a);", "INSERT INTO t VALUES (1);", ".diff start")
    assert told(".diff -1") == "t (a)\n+ [1] 1\n"
    assert (
        told(".diff -1 -1") == ""
        and "no such table" in told(".diff -1 now nope")
        and "neither a commit" in told(".diff x")
    )
    assert told(".snapshots").startswith("start|")
    assert told("CREATE SNAPSHOT later;", ".diff start later t") == told(".diff start now t") != ""


def test_time_travel(told: Told) -> None:
    commit = told.session.connection.commit_id
    told("DELETE FROM city;", "CREATE TABLE later(a);")
    assert told(f".asof {commit}", "SELECT count(*) FROM city;", ".tables") == "3\nbig\ncity\n"
    assert "as of commit" in told("DELETE FROM city;") and "works on the present" in told(".import x.csv")
    assert told(".asof -1", ".tables") == "big\ncity\n"
    assert told(".asof now", "SELECT count(*) FROM city;", ".tables") == "0\nbig\ncity\nlater\n"
    assert "not held" in told(".asof 99999") or "99999" in told(".asof 99999")
    assert "a transaction is open" in told("BEGIN;", ".asof 1", "ROLLBACK;")


def test_opening_other_files(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    assert told(f".open {path}", "CREATE TABLE o(a);", ".tables") == "o\n"
    (tmp_path / "old.sqlite").write_bytes(b"")
    sqlite3.connect(tmp_path / "old.sqlite").execute("CREATE TABLE s(a)").connection.close()
    assert "tools import" in told(f".open {tmp_path / 'old.sqlite'}")
    assert told(".tables") == "o\n"


def test_commands_are_found_by_their_beginning() -> None:
    assert find("tab").name == "tables" and find("exit").name == "quit"
    with pytest.raises(Misuse, match=r"it may be .schema, .separator, .show, .snapshots, .status"):
        find("s")


# --- Formats ---


def written(names: list[str], rows: list[Any], **style: Any) -> str:
    out = io.StringIO()
    assert formats.write(names, rows, formats.Style(**style), out) == len(rows)
    return out.getvalue()


def test_modes() -> None:
    names, rows = ["n", "text"], [(1, "a|b"), (None, "東京\n\x1b[31m"), (2.5, b"\x00")]
    assert written(names, rows, mode="list") == "1|a|b\n|東京\n\x1b[31m\n2.5|X'00'\n"
    assert written(names, rows, mode="table", null="NULL") == (
        " n    │ text\n──────┼───────────\n    1 │ a|b\n NULL │ 東京␊␛[31m\n  2.5 │ X'00'\n".replace(
            "───────────", "────────────"
        )
    )
    assert written(names, rows[:1], mode="line") == "   n = 1\ntext = a|b\n"
    assert written(names, rows[:1], mode="markdown") == "| n   | text |\n| --: | ---- |\n|   1 | a\\|b |\n"
    assert written(names, rows[:1], mode="jsonl") == '{"n": 1, "text": "a|b"}\n'
    assert written(names, [], mode="json") == "[]\n"
    assert written(names, [], mode="table") == " n │ text\n───┼──────\n"
    assert written(names, [(1, "")], mode="csv") == 'n,text\n1,""\n'


def test_tables_fit_the_terminal() -> None:
    for width in (20, 40, 79, 200):
        text = written(["a", "b", "c"], [("x" * 50, "é東" * 20, 5), ("y", "z", 123456)], mode="table", width=width)
        assert max(formats.width_of(line) for line in text.splitlines()) <= max(width, 27)
    assert formats.cut("東京都庁", 5) == "東京…" and formats.fitted([50, 10, 3], 40) == [27, 10, 3]


def test_wider_values_behind_the_first_batch_widen_the_table() -> None:
    rows = [(n,) for n in range(formats.BATCH)] + [("x" * 30,)]
    for width in (None, 40):
        text = written(["a"], rows, mode="table", width=width)
        assert text.endswith(" " + "x" * 30 + "\n") and text.splitlines()[2] == "   0"


def test_no_mode_lets_a_value_move_the_cursor() -> None:
    for mode in formats.MODES:
        on_terminal = written(["a"], [("\x1b[2J\rx\n\ty",)], mode=mode, width=80)
        assert "\x1b" not in on_terminal and "\r" not in on_terminal, mode
    assert written(["a"], [("\x1b[2J",)], mode="list") == "\x1b[2J\n"  # a pipe gets what is there


def test_columns_of_one_name_are_all_in_an_object() -> None:
    assert written(["a", "a", "b", "a"], [(1, 2, 3, 4)], mode="jsonl") == '{"a": 1, "a:1": 2, "b": 3, "a:2": 4}\n'
    assert written(["a", "a"], [(1, 2)], mode="json") == '[{"a": 1, "a:1": 2}]\n'


def test_long_results_stream() -> None:
    seen: list[int] = []

    def rows() -> Any:
        for number in range(5_000):
            seen.append(number)
            yield (number,)

    class First(io.StringIO):
        def write(self, text: str) -> int:
            assert len(seen) <= formats.BATCH + 1 or super().tell() > 0
            return super().write(text)

    for mode in formats.MODES:
        seen.clear()
        formats.write(["a"], rows(), formats.Style(mode), First())


# --- Charts ---


def test_bars() -> None:
    series = charts.Series(["x", "n"], [("a", 4), ("bb", 2), ("c", None), ("d", -2)])
    one, two, none, minus = charts.bars(series, 40, False)
    assert one.count("█") == 2 * two.count("█") == 2 * minus.count("█") and none.endswith("NULL")
    with pytest.raises(Misuse, match="no column of numbers"):
        charts.Series(["x", "y"], [("a", "b")])
    with pytest.raises(Misuse, match="no rows"):
        charts.Series(["x"], [])


def test_lines() -> None:
    series = charts.Series(["x", "n"], [(number, number) for number in range(20)])
    drawn = charts.lines(series, 40, 8, False)
    assert len(drawn) == 10 and drawn[0].startswith(" 19 │") and drawn[7].startswith("  0 │")
    assert all("\u2800" <= line[-1] <= "\u28ff" for line in drawn[:8])
    ends = [len(line) for line in drawn[:8]]
    assert ends == sorted(ends, reverse=True), "the line falls from right to left"
    assert charts.lines(charts.Series(["n"], [(5,), (5,)]), 30, 4, False)


def test_axes_have_round_figures() -> None:
    series = charts.Series(["x", "y"], [(1, 717_710), (2, 42_102)])
    drawn = charts.lines(series, 60, 15, False)
    assert [label for line in drawn if (label := line.split("│")[0].strip()) and "│" in line] == [
        "717,710",
        "379,906",
        "42,102",
    ]


def test_plot_command(told: Told) -> None:
    bars = told(".plot SELECT name, people FROM city ORDER BY people").splitlines()
    assert len(bars) == 3 and bars[0].startswith("Bergen ") and bars[2].endswith("14,000,000")
    drawn = told(".plot line SELECT value, value * value FROM generate_series(1, 50)")
    assert any("\u2800" < mark <= "\u28ff" for mark in drawn)
    told("WITH x(n) AS (SELECT 1) INSERT INTO city(name) SELECT n FROM x;", ".plot", ".plot")
    assert told("SELECT count(*) FROM city;") == "4\n", "what is plotted again is the query before, never what writes"
    assert "usage" in Told()(".plot") and "only a query" in told(".plot CREATE TABLE q(a)")


# --- Completion ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT na", "name"), ("SELECT * FROM ci", "city"), ("SELECT c.pe", None), ("SELECT * FROM city c WHERE c.pe", "people"),
        ("sel", "select"), ("SEL", "SELECT"), ("SELECT group_con", "group_concat("), (".ta", ".tables"), (".mode js", "json"),
        (".schema ci", "city"), ("SELECT 1;\nSELECT peo", "people"), (".plot bar SELECT nam", "name"), ("INSERT INTO ci", "city"),
    ],
)  # fmt: skip
def test_completion(told: Told, text: str, expected: str | None) -> None:
    word, found = candidates(told.session, text)
    assert text.endswith(word)
    names = [name for name, _ in found]
    assert names[:1] == ([expected] if expected else [])


def test_completion_quotes_what_needs_it_and_follows_time(told: Told) -> None:
    told('CREATE TABLE "odd name"("group" TEXT);')
    assert candidates(told.session, "SELECT * FROM odd")[1] == [('"odd name"', "table")]
    assert candidates(told.session, 'SELECT "gro')[1][0][0] == '"group"'
    told(".asof -1")
    assert candidates(told.session, "SELECT * FROM odd")[1] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('SELECT * FROM "odd name" o WHERE o.', ['"a b"', "plain"]), ('SELECT "a', ['"a b"']), ("SELECT * FROM ne", ["near"]),
        ("SELECT * FROM near WHERE ni", ["nid"]), ("SELECT * FROM other.", ["far"]), ("SELECT * FROM main.c", ["city", "counted"]),
        ("SELECT f.", ["fid"]), ("SELECT * FROM big WHERE peo", ["people"]), ("SELECT b. FROM big b", []), ("DROP INDEX c", ["city_name"]),
        ("DROP TRIGGER IF EXISTS ", ["guard"]), ("DROP VIEW ", ["big", "counted"]), ("DROP SNAPSHOT b", ["before"]),
        ("SELECT * FROM city FOR SYSTEM_TIME AS OF SNAPSHOT ", ["before"]), ("PRAGMA foreign_key_c", ["foreign_key_check"]),
        ("PRAGMA main.table_x", ["table_xinfo"]), ("WITH recent AS (SELECT 1 AS one) SELECT * FROM rec", ["recent"]),
        ("WITH r(aa, ab) AS (SELECT 1, 2) SELECT a", ["aa", "ab"]), ("SELECT * FROM json_e", ["json_each("]),
        ("SELECT count(*) AS howmany FROM city ORDER BY howm", ["howmany"]), ("SELECT * FROM city WHERE name = 'na", []),
        ("SELECT 1 -- na", []), ("SELECT 'a;' || na", ["name"]), ("SELECT * FROM city JOIN big ON peo", ["people"]),
        ("CREATE INDEX i ON ci", ["city"]), ("CREATE INDEX i ON city(peo", ["people"]), ("DETACH o", ["other"]),
        ("REINDEX city_", ["city_name"]),
        ("SELECT name COLLATE no", ["NOCASE"]), (".schema o", ['"odd name"']), (".ind ci", ["city"]), (".diff be", ["before"]),
        ("ALTER TABLE city DROP COLUMN peo", ["people"]),
    ],
)  # fmt: skip
def test_completion_knows_what_may_stand_where(told: Told, text: str, expected: list[str]) -> None:
    assert told(
        """CREATE TABLE "odd name"("a b" TEXT, plain); CREATE TEMP TABLE near(nid); ATTACH ':memory:' AS other;
        CREATE TABLE other.far(fid); CREATE VIEW counted AS SELECT count(*) FROM city; CREATE SNAPSHOT before;
        CREATE TRIGGER guard AFTER DELETE ON city BEGIN SELECT 1; END;"""
    ) in ("", "2\n")
    before, _, behind = text.partition(" FROM big b") if text.startswith("SELECT b.") else (text, "", "")
    word, found = candidates(told.session, "SELECT * FROM far f WHERE f." if text == "SELECT f." else before, behind)
    names = [name for name, kind in found if kind != "keyword" and not name.startswith(("abs(", "json_error"))]
    assert names[: len(expected)] == expected and (expected or not names), (word, found[:5])


def test_completion_looks_at_what_follows_and_is_no_read_of_the_transaction(told: Told) -> None:
    assert candidates(told.session, "SELECT b.peo", " FROM big b")[1] == [("people", "INTEGER of big")]
    other = aerodb_dbapi.connect(told.session.path, isolation_level=None)
    told("BEGIN;", "UPDATE city SET people = 0 WHERE id = 1;")
    candidates(told.session, "SELECT * FROM big WHERE peo")
    other.execute("UPDATE city SET people = 1 WHERE id = 2")
    other.close()
    assert told("COMMIT;") == ""


def test_scripts_are_cut_into_pieces() -> None:
    trigger = ["CREATE TRIGGER t AFTER INSERT ON x BEGIN\n", "SELECT 1;\n", "END;\n"]
    lines = ["-- c\n", "SELECT 1; SELECT\n", " 2;\n", ".mode csv\n", "\n", *trigger, "SELECT"]
    assert list(pieces(lines)) == [
        (1, "-- c\nSELECT 1; SELECT\n 2;\n"), (4, ".mode csv\n"), (6, "".join(trigger)), (9, "SELECT")
    ]  # fmt: skip


# --- Terminals ---


def terminal(tmp_path: Path, *arguments: str, plain: bool = False) -> Any:
    pexpect = pytest.importorskip("pexpect")
    if not plain:
        pytest.importorskip("prompt_toolkit")
    environment = {
        **os.environ, "TERM": "xterm-256color", "XDG_STATE_HOME": str(tmp_path / "state"), "PROMPT_TOOLKIT_NO_CPR": "1", "PAGER": "cat",
        "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1",
    }  # fmt: skip
    environment.pop("AERODB_SHELL", None)
    if plain:
        environment["AERODB_SHELL"] = "plain"
    return pexpect.spawn(
        COMMAND[0], [*COMMAND[1:], *arguments], env=environment, encoding="utf-8", timeout=60, dimensions=(40, 110)
    )


LONG = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x LIMIT 500000000) SELECT count(*) FROM x;"


@pytest.mark.parametrize("plain", [False, True], ids=["prompt_toolkit", "plain"])
def test_a_session_at_a_terminal(cities: str, tmp_path: Path, plain: bool) -> None:
    child = terminal(tmp_path, cities, plain=plain)
    child.expect("1 table, commit")
    child.expect("city.db> ")
    child.send("SELECT name,\r")
    child.expect(r"\.\.\.")
    child.send("people FROM city WHERE id < 3;\r")
    child.expect("Bergen │ 291940")
    child.expect(r"2 rows · [\d.]+ m?s")
    child.send("BEGIN;\r")
    child.expect(r"city.db\*> ")
    child.send("DELETE FROM city;\r")
    child.expect("3 rows changed")
    child.send("ROLLBACK;\r")
    child.expect("city.db> ")
    child.send("SELECT nope;\r")
    child.expect("no such column: nope")
    child.send(LONG + "\r")
    child.expect("Ctrl-C interrupts")
    child.sendintr()
    child.expect("interrupted")
    child.send("DELETE FROM city;\r")
    child.expect("3 rows changed")
    child.send(".asof -1\r")
    child.expect(r"city.db @\d+> ")
    child.send("SELECT count(*) + 770 AS n FROM city;\r")
    child.expect("773")
    child.send(".asof now\r")
    child.expect("city.db> ")
    child.sendeof()
    child.expect(child_end())
    child.close()
    assert child.exitstatus == 0
    history = (tmp_path / "state/aerodb" / ("readline_history" if plain else "history")).read_text()
    assert "DELETE FROM city;" in history


def child_end() -> Any:
    import pexpect

    return pexpect.EOF


def test_completion_and_history_at_a_terminal(cities: str, tmp_path: Path) -> None:
    child = terminal(tmp_path, cities)
    child.expect("city.db> ")
    child.send("SELECT peop")
    child.expect("INTEGER of city")
    child.send("\t")
    time.sleep(3)  # the menu is drawn already, and what the key does is not told by what is drawn
    child.send(" FROM city WHERE id = 2;\r")
    child.expect("291940")
    child.send("\x1b[A\r")  # the line before, once more
    child.expect("291940")
    child.send(".quit 3\r")
    child.expect(child_end())
    child.close()
    assert child.exitstatus == 3


def test_without_the_extra_the_shell_says_what_is_missing(cities: str, tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect")
    code = (
        "import sys; sys.modules['prompt_toolkit'] = None; from aerodb_dbapi.shell.main import main; sys.exit(main())"
    )
    environment = {**os.environ, "TERM": "xterm", "XDG_STATE_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    child = pexpect.spawn(
        sys.executable, ["-c", code, cities], env=environment, encoding="utf-8", timeout=60, dimensions=(40, 110)
    )
    child.expect(re.escape("pip install 'aerodb[shell]'"))
    child.send("SELECT 6 * 7;\r")
    child.expect("42")
    child.send(".quit\r")
    child.expect(pexpect.EOF)


def test_what_is_longer_than_the_screen_goes_to_the_pager(cities: str, tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect")
    pytest.importorskip("prompt_toolkit")
    environment = {
        **os.environ,
        "TERM": "xterm",
        "XDG_STATE_HOME": str(tmp_path),
        "PAGER": "tail -n 1",
        "PROMPT_TOOLKIT_NO_CPR": "1",
    }
    child = pexpect.spawn(
        COMMAND[0], [*COMMAND[1:]], env=environment, encoding="utf-8", timeout=60, dimensions=(24, 80)
    )
    child.expect("memory> ")
    child.send("SELECT value FROM generate_series(1001, 5000);\r")
    child.expect("5000")
    assert "3456" not in child.before
    child.expect("4,000 rows")
    child.send(".quit\r")
    child.expect(pexpect.EOF)
