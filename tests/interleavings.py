"""Every order of the steps of a few small transactions, and whether its outcome is that of some serial order.

`explore(transactions)` runs the transactions, each on a connection of its own to one database, in every interleaving of
their steps (the COMMIT of each is its last step), each time from the same start: a fork. The outcome of a run is what each
statement of each committed transaction gave, and the content of all tables at the end. It must be the outcome of running
the committed transactions one after the other in the order of their places: a transaction that wrote has the place of its
commit, one that only read has that behind its base. So the check is for *strict* serializability in a known order, not
for the existence of any order (docs/MVCC_VISIBILITY.md, section 2).

Rowids that AeroDB chooses depend on who else claims some (INV-V10), so the transactions here do not look at them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import aerodb_dbapi
from aerodb_dbapi.storage.database import Database

SCHEMA = """
    CREATE TABLE t(k INTEGER, x INTEGER);
    CREATE INDEX t_k ON t(k);
    CREATE TABLE p(id INTEGER PRIMARY KEY, x INTEGER);
    CREATE TABLE v(code TEXT UNIQUE, n INTEGER);
    CREATE TABLE u(n INTEGER);
    INSERT INTO t VALUES (1, 10), (1, 20), (2, 30), (3, NULL);
    INSERT INTO p VALUES (1, 100), (2, 200), (3, 300);
    INSERT INTO v VALUES ('a', 1), ('b', 2);
"""

CATALOGUE: dict[str, tuple[str, ...]] = {
    "count k, insert k": ("SELECT count(*) FROM t WHERE k = 1", "INSERT INTO t VALUES (1, 5)"),
    "sum k, update other k": ("SELECT sum(x) FROM t WHERE k = 2", "UPDATE t SET x = x + 1 WHERE k = 1"),
    "move k": ("UPDATE t SET k = 2 WHERE k = 1 AND x = 10",),
    "delete and count": ("DELETE FROM t WHERE k = 2", "SELECT count(*) FROM t"),
    "all into u": ("INSERT INTO u SELECT sum(x) FROM t",),
    "range into u": ("INSERT INTO u SELECT count(*) FROM t WHERE x BETWEEN 15 AND 35",),
    "point read, write u": ("SELECT x FROM p WHERE id = 2", "INSERT INTO u VALUES (7)"),
    "absent read, write u": ("SELECT x FROM p WHERE id = 9", "INSERT INTO u VALUES (9)"),
    "insert absent": ("INSERT INTO p VALUES (9, 900)",),
    "increment": ("UPDATE p SET x = x + 1 WHERE id = 2", "SELECT x FROM p WHERE id = 2"),
    "copy a row": ("UPDATE p SET x = (SELECT x FROM p WHERE id = 1) WHERE id = 3",),
    "copy it back": ("UPDATE p SET x = (SELECT x FROM p WHERE id = 3) WHERE id = 1",),
    "rowid range": ("SELECT count(*) FROM p WHERE id > 2", "UPDATE v SET n = n + 1 WHERE code = 'a'"),
    "insert unique": ("INSERT INTO v VALUES ('c', 3)",),
    "insert if absent": ("INSERT OR IGNORE INTO v VALUES ('c', 4)", "SELECT n FROM v WHERE code = 'c'"),
    "upsert": ("INSERT INTO v VALUES ('a', 0) ON CONFLICT (code) DO UPDATE SET n = n + 10",),
    "delete unique": ("DELETE FROM v WHERE code = 'a'",),
    "take it again": ("INSERT OR IGNORE INTO v VALUES ('a', 50)",),
    "read, then nothing": ("SELECT sum(n) FROM v", "SELECT sum(x) FROM p"),
    "savepoint undone": ("SAVEPOINT s", "UPDATE p SET x = 0", "ROLLBACK TO s", "INSERT INTO u SELECT sum(x) FROM p"),
    "join": ("INSERT INTO u SELECT sum(p.x) FROM t JOIN p ON p.id = t.k WHERE t.x < 25 AND p.x > 50",),
    "left join": ("INSERT INTO u SELECT count(*) FROM p LEFT JOIN t ON t.k = p.id AND t.x > 15 WHERE t.k IS NULL",),
    "exists": ("INSERT INTO u SELECT count(*) FROM p WHERE EXISTS (SELECT 1 FROM t WHERE t.k = p.id AND x > 5)",),
    "grow": ("ALTER TABLE u ADD COLUMN extra INTEGER",),
    "index": ("CREATE INDEX p_x ON p(x)",),
}

TABLES = ("t", "p", "v", "u")


@dataclass
class Outcome:
    """What one run gave: of each transaction its place and results, None if it did not commit; and the tables."""

    places: list[float | None]
    results: list[list[Any]]
    tables: list[Any] = field(default_factory=list)


def start() -> Database:
    """The state from which every run begins."""
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    return connection._ready().database.fork()


def connect(database: Database) -> Any:
    """A connection to a database in memory that others have as well."""
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None, timeout=0)
    database._opens += 1
    connection._ready().replace_database(database)
    return connection


def interleavings(lengths: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every order of the steps of transactions with so many steps each: which one moves, step by step."""
    if not any(lengths):
        yield ()
        return
    for number, left in enumerate(lengths):
        if left:
            rest = [*lengths[:number], left - 1, *lengths[number + 1 :]]
            for tail in interleavings(rest):
                yield (number, *tail)


def ask(connection: Any, sql: str) -> Any:
    """The rows of a statement in an order of their own, or the class and text of its error."""
    try:
        return sorted(connection.execute(sql).fetchall(), key=repr)
    except aerodb_dbapi.Error as error:
        return type(error).__name__, str(error)


def content(connection: Any) -> list[Any]:
    """All rows of all tables."""
    return [ask(connection, f"SELECT * FROM {table}") for table in TABLES]


def run(base: Database, transactions: Sequence[Sequence[str]], order: Sequence[int]) -> Outcome:
    """One interleaving."""
    database = base.fork()
    connections = [connect(database) for _ in transactions]
    outcome = Outcome([None] * len(transactions), [[] for _ in transactions])
    bases = [0] * len(transactions)
    done = [0] * len(transactions)
    for number in order:
        connection, step = connections[number], done[number]
        done[number] += 1
        if step == 0:
            connection.execute("BEGIN")
        if step < len(transactions[number]):
            outcome.results[number].append(ask(connection, transactions[number][step]))
            bases[number] = connection.execute("PRAGMA aerodb_commit_id").fetchone()[0]
            continue
        before = database.root.commit_id
        try:
            connection.execute("COMMIT")
        except aerodb_dbapi.SerializationError:
            continue
        after = database.root.commit_id
        outcome.places[number] = after if after > before else bases[number] + 0.5
    outcome.tables = content(connections[0])
    for connection in connections:
        connection.close()
    database.close()
    return outcome


def serial(base: Database, transactions: Sequence[Sequence[str]], order: Sequence[int]) -> Outcome:
    """The transactions in that order, one after the other."""
    database = base.fork()
    connection = connect(database)
    outcome = Outcome([None] * len(transactions), [[] for _ in transactions])
    for number in order:
        connection.execute("BEGIN")
        outcome.results[number] = [ask(connection, sql) for sql in transactions[number]]
        connection.execute("COMMIT")
    outcome.tables = content(connection)
    connection.close()
    database.close()
    return outcome


def explore(base: Database, transactions: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Run every interleaving and compare; how many there were, and how many transactions failed in them."""
    known: dict[tuple[int, ...], Outcome] = {}
    runs = failed = 0
    for order in interleavings([len(steps) + 1 for steps in transactions]):
        outcome = run(base, transactions, order)
        committed = [number for number, place in enumerate(outcome.places) if place is not None]
        places = tuple(sorted(committed, key=lambda number: (outcome.places[number], number)))
        if places not in known:
            known[places] = serial(base, transactions, places)
        expected = known[places]
        runs += 1
        failed += len(transactions) - len(committed)
        for number in committed:
            assert outcome.results[number] == expected.results[number], (transactions, order, places, number)
        assert outcome.tables == expected.tables, (transactions, order, places)
        assert committed, (transactions, order)  # somebody always gets through
    return runs, failed
