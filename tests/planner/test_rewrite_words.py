"""Words as names: every keyword in every position is a name, or an error, exactly where it is for SQLite."""

from __future__ import annotations

import sqlite3

import pytest

from aerodb_dbapi.planner.lexer import KEYWORDS
from aerodb_dbapi.planner.parse import parse
from aerodb_dbapi.storage.errors import NotSupportedError, OperationalError


def words(text: str) -> list[str]:
    return text.split()


FOREIGN = words("""
    qualify ilike rlike xor grant revoke fetch lateral tablesample any some array struct interval date time timestamp
    top only unnest pivot div semi anti asof cube rollup sequence object show use cache uncache describe comment load
    lock session copy merge function procedure unknown overlaps percent zone at within respect rowid oid
""")
POSITIONS = [
    "select {} from t", "select t.{} from t", "select 1 {} from t", "select 1 as {} from t", "select * from {}",
    "select * from t {}", "select * from t as {}", "select 1 from t where {} = 1 and b",
    "select 1 from t order by {} desc",
    "insert into t({}, b) values (1, 2)", "update t set {} = 1", "delete from {}", "with c({}) as (select 1) select 1",
    "select * from t join u using ({})", "select -{} from t", "select a in {} from t", "select * from (select 1) {}",
    "select a collate {} from t", "select case {} when 1 then 2 end from t", "select not {} from t",
    "select {} is null from t", "select cast(a as {}) from t", "select {} like 'x' from t",
    "select {} between 1 and 2 from t",
    "create table {}(a)", "create table t2({} int)", "create table t2(a {})", "create index {} on t(a)", "savepoint {}",
    "select {}(1)", "select a {} b from t", "update t set (a, {}) = (1, 2)",
]  # fmt: skip
PARTS = ("syntax error", "incomplete", "unrecognized")
# RAISE and AS are refused later than SQLite refuses them; CAST and RAISE as names before a dot are let through.
LATER = {("select {}(1)", "RAISE"), ("create table t2(a {})", "AS"), ("create table t2(a {})", "FOREIGN")}


JUDGE = sqlite3.connect(":memory:")
JUDGE.executescript("create table t(a, b); create table u(a, b)")


def judged(sql: str) -> str:
    try:
        JUDGE.execute(f"explain {sql}")  # prepares, runs nothing
    except sqlite3.Error as error:
        return str(error) if any(part in str(error) for part in PARTS) else ""
    return ""


def parsed(sql: str) -> str:
    try:
        parse(sql)
    except NotSupportedError:
        raise
    except OperationalError as error:
        return str(error) if any(part in str(error) for part in PARTS) else ""
    return ""


@pytest.mark.parametrize("position", POSITIONS)
def test_words_as_sqlite(position: str) -> None:
    for word in sorted(KEYWORDS) + FOREIGN:
        if (position, word) not in LATER:
            sql = position.format(word)
            assert parsed(sql) == judged(sql), sql


@pytest.mark.parametrize("position", [p for p in POSITIONS if not p.startswith(("create", "savepoint"))])
def test_words_are_names_in_the_tree(position: str) -> None:
    """A bare word gives the tree that the same word in brackets gives."""
    special = {"CAST", "RAISE", "CASE", "EXISTS", "NULL", "NOT", "DISTINCT", "ALL", "ISNULL", "NOTNULL"}
    special |= {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"}
    for word in sorted(KEYWORDS - special) + FOREIGN:
        bare, quoted = position.format(word), position.format(f"[{word}]")
        if not parsed(bare) and not parsed(quoted):
            assert repr(parse(bare).tree) == repr(parse(quoted).tree).replace(f"[{word}]", word), bare
