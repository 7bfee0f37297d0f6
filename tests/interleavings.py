"""Every order of the steps of a few small transactions, and whether its outcome is that of some serial order.

`explore(transactions)` runs the transactions, each on a connection of its own to one database, in every interleaving of
their steps (the COMMIT of each is its last step), each time from the same start: a fork. The outcome of a run is what each
statement of each committed transaction gave, and the content of all tables at the end. It must be the outcome of running
the committed transactions one after the other in the order of their places: a transaction that wrote has the place of its
commit, one that only read has that behind its base. So the check is for *strict* serializability in a known order, not
for the existence of any order (docs/MVCC_VISIBILITY.md, section 2).

Waiting is part of it (INV-V12). Each transaction has a thread of its own (`Player`), of which one moves at a time. One whose statement
waits for a row that another transaction has written cannot move: the steps that the order gives it meanwhile are made up for as
soon as it can. A run in which somebody waits for ever fails.

Foreign keys are enforced. A COMMIT that leaves a row without its parent is refused: the transaction is rolled back, and what it
was told must be right for its view, as with one that only reads.

Rowids that AeroDB chooses depend on who else claims some (INV-V10), so the transactions here do not look at them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import aerodb_dbapi
from aerodb_dbapi.executor.statement import PlanCache
from aerodb_dbapi.storage.catalog import Schema
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
    "insert absent": ("SELECT 1 FROM v WHERE code = 'z'", "INSERT INTO p VALUES (9, 900)"),
    "insert absent at once": ("INSERT INTO p VALUES (9, 901)",),
    "increment": ("UPDATE p SET x = x + 1 WHERE id = 2", "SELECT x FROM p WHERE id = 2"),
    "copy a row": ("UPDATE p SET x = (SELECT x FROM p WHERE id = 1) WHERE id = 3",),
    "copy it back": ("UPDATE p SET x = (SELECT x FROM p WHERE id = 3) WHERE id = 1",),
    "rowid range": ("SELECT count(*) FROM p WHERE id > 2", "UPDATE v SET n = n + 1 WHERE code = 'a'"),
    "insert unique": ("SELECT 1 FROM p WHERE id = 77", "INSERT INTO v VALUES ('c', 3)"),
    "insert unique at once": ("INSERT INTO v VALUES ('c', 5)",),
    "insert if absent": ("INSERT OR IGNORE INTO v VALUES ('c', 4)", "SELECT n FROM v WHERE code = 'c'"),
    "upsert": ("INSERT INTO v VALUES ('a', 0) ON CONFLICT (code) DO UPDATE SET n = n + 10",),
    "delete unique": ("DELETE FROM v WHERE code = 'a'",),
    "take it again": ("INSERT OR IGNORE INTO v VALUES ('a', 50)",),
    "read, then nothing": ("SELECT sum(n) FROM v", "SELECT sum(x) FROM p"),
    "savepoint undone": ("SAVEPOINT s", "UPDATE p SET x = 0", "ROLLBACK TO s", "INSERT INTO u SELECT sum(x) FROM p"),
    "join": ("INSERT INTO u SELECT sum(p.x) FROM t JOIN p ON p.id = t.k WHERE t.x < 25 AND p.x > 50",),
    "left join": ("INSERT INTO u SELECT count(*) FROM p LEFT JOIN t ON t.k = p.id AND t.x > 15 WHERE t.k IS NULL",),
    "exists": ("INSERT INTO u SELECT count(*) FROM p WHERE EXISTS (SELECT 1 FROM t WHERE t.k = p.id AND x > 5)",),
    "both ways": ("UPDATE p SET x = x + 1 WHERE id = 1", "UPDATE p SET x = x - 1 WHERE id = 2"),
    "the other way": ("UPDATE p SET x = x + 7 WHERE id = 2", "UPDATE p SET x = x * 2 WHERE id = 1"),
    "increment, undone": (
        "SAVEPOINT s",
        "UPDATE p SET x = x + 9 WHERE id = 2",
        "ROLLBACK TO s",
        "SELECT x FROM p WHERE id = 1",
    ),
    "grow": ("ALTER TABLE u ADD COLUMN extra INTEGER",),
    "index": ("CREATE INDEX p_x ON p(x)",),
}

FAMILY = """
    CREATE TABLE parent(id INTEGER PRIMARY KEY, code TEXT UNIQUE);
    CREATE TABLE child(id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent);
    CREATE TABLE part(id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
    CREATE INDEX part_parent ON part(parent);
    CREATE TABLE tag(id INTEGER PRIMARY KEY, code TEXT REFERENCES parent(code) ON DELETE SET NULL);
    CREATE TABLE late(id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (3, 'c');
    INSERT INTO child VALUES (10, 1);
    INSERT INTO part VALUES (20, 2), (21, 2);
    INSERT INTO tag VALUES (30, 'c');
"""

RELATIVES: dict[str, tuple[str, ...]] = {
    "delete a parent": ("DELETE FROM parent WHERE id = 3",),
    "insert a child": ("SELECT count(*) FROM child", "INSERT INTO child VALUES (11, 3)"),
    "move a child": ("UPDATE child SET parent = 3 WHERE id = 10",),
    "delete a parent of one": ("DELETE FROM parent WHERE id = 1",),
    "delete the child": ("DELETE FROM child WHERE id = 10", "SELECT count(*) FROM parent"),
    "cascade": ("DELETE FROM parent WHERE id = 2", "SELECT count(*) FROM part"),
    "insert a part": ("INSERT INTO part VALUES (22, 2)",),
    "parts of another": ("INSERT INTO part VALUES (23, 3)", "DELETE FROM part WHERE id = 20"),
    "cascade a new key": ("UPDATE parent SET id = 9 WHERE id = 2",),
    "insert a tag": ("INSERT INTO tag VALUES (31, 'c')",),
    "replace a parent": ("INSERT OR REPLACE INTO parent VALUES (2, 'c')",),
    "insert a parent": ("SELECT count(*) FROM late", "INSERT INTO parent VALUES (9, 'i')"),
    "before its parent": ("INSERT INTO late VALUES (40, 9)", "INSERT OR IGNORE INTO parent VALUES (9, 'j')"),
    "without a parent": ("INSERT INTO late VALUES (41, 9)",),
    "drop the children": ("DROP TABLE child",),
}


@dataclass
class Outcome:
    """What one run gave: of each transaction its place and results, None if it did not commit; and the tables. `waits`: how
    many statements had to wait."""

    places: list[float | None]
    results: list[list[Any]]
    tables: list[Any] = field(default_factory=list)
    waits: int = 0


class Bell:
    """In the place of a holder's lock: says when its thread begins to wait. Who is rung for goes on when it is told to, for one moves at a
    time: it may free a third one before whoever rang is done."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.rung = threading.Lock()
        self.rung.acquire()

    def acquire(self, timeout: float = -1) -> bool:
        if not self.rung.acquire(blocking=False):
            self.player.made = False
            self.player.moved.release()
            self.player.goes.acquire()
            self.rung.acquire()
        self.player.freed = False
        return True

    def release(self) -> None:
        self.player.freed = True
        self.rung.release()


class Player:
    """A thread that makes the steps of a transaction when told to."""

    def __init__(self) -> None:
        self.told = threading.Semaphore(0)
        self.moved = threading.Semaphore(0)  # the step is made, or waits
        self.goes = threading.Semaphore(0)  # one that waited and was freed is to go on
        self.step: Callable[[], None] | None = None
        self.made = True
        self.freed = False  # it may go on
        self.error: BaseException | None = None
        self.busy = False  # it waits, as far as the one who tells it knows
        self.thread = threading.Thread(target=self._play, daemon=True)
        self.thread.start()

    def _play(self) -> None:
        while True:
            self.told.acquire()
            if self.step is None:
                return
            try:
                self.step()
            except BaseException as error:
                self.error = error
            self.made = True
            self.moved.release()

    def make(self, step: Callable[[], None]) -> None:
        """Make a step, until it is made or waits."""
        self.step = step
        self.told.release()
        self.look()

    def look(self) -> None:
        """Let the step go on until it is made or waits."""
        self.moved.acquire()
        self.busy = not self.made
        if self.error is not None:
            error, self.error = self.error, None
            raise AssertionError(f"a step failed: {error!r}") from error

    def stop(self) -> None:
        """End the thread."""
        self.step = None
        self.told.release()
        self.thread.join()


PLAYERS: list[Player] = []
PLANS: dict[Schema, PlanCache] = {}  # what was compiled for a start serves all of its runs


def start(script: str = SCHEMA) -> Database:
    """The state from which every run begins."""
    connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
    connection.executescript(script)
    base = connection._ready().database.fork()
    PLANS[base.root.schema] = PlanCache()
    return base


def connect(database: Database) -> Any:
    """A connection to a database in memory that others have as well."""
    connection = aerodb_dbapi.connect(
        ":memory:", isolation_level=None, timeout=60, check_same_thread=False, foreign_keys=True
    )
    database._opens += 1
    session = connection._ready()
    session.replace_database(database)
    session.plans = PLANS.get(database.root.schema, session.plans)
    session._set_hits()
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
    except aerodb_dbapi.SerializationError:
        raise
    except aerodb_dbapi.Error as error:
        return type(error).__name__, str(error)


def content(connection: Any) -> list[Any]:
    """All rows of all tables."""
    return [ask(connection, f"SELECT * FROM {table}") for table in sorted(connection._session.schema.tables)]


def commit(connection: Any) -> list[Any]:
    """Commit; the error if foreign keys forbid it, and then nothing has happened."""
    try:
        connection.execute("COMMIT")
    except aerodb_dbapi.IntegrityError as error:
        connection.execute("ROLLBACK")
        return [str(error)]
    return []


class Play:
    """One interleaving under way."""

    def __init__(self, database: Database, transactions: Sequence[Sequence[str]]) -> None:
        self.database = database
        self.transactions = transactions
        while len(PLAYERS) < len(transactions):
            PLAYERS.append(Player())
        self.players = PLAYERS[: len(transactions)]
        self.connections = [connect(database) for _ in transactions]
        for player, connection in zip(self.players, self.connections):
            connection._session.holder.bell = Bell(player)
        self.outcome = Outcome([None] * len(transactions), [[] for _ in transactions])
        self.bases = [0] * len(transactions)
        self.done = [0] * len(transactions)
        self.lost = [False] * len(transactions)
        self.due: list[deque[int]] = [deque() for _ in transactions]

    def step(self, number: int, step: int) -> None:
        """What a step does; in the player's thread."""
        connection, steps = self.connections[number], self.transactions[number]
        try:
            if step == 0:
                connection.execute("BEGIN")
            if step < len(steps):
                self.outcome.results[number].append(ask(connection, steps[step]))
                self.bases[number] = connection.execute("PRAGMA aerodb_commit_id").fetchone()[0]
                return
            before = self.database.root.commit_id
            self.outcome.results[number] += commit(connection)
            after = self.database.root.commit_id
            self.outcome.places[number] = after if after > before else self.bases[number] + 0.5
        except aerodb_dbapi.SerializationError:
            assert not connection.in_transaction
            self.lost[number] = True

    def move(self, number: int) -> None:
        """The next step of a transaction is due."""
        self.due[number].append(self.done[number])
        self.done[number] += 1
        self.catch_up()

    def catch_up(self) -> None:
        """Make every step that is due and can be made."""
        moving = True
        while moving:
            moving = False
            for number, player in enumerate(self.players):
                if player.busy and player.freed:
                    player.goes.release()
                    player.look()
                    moving = True
                while self.due[number] and not player.busy:
                    step = self.due[number].popleft()
                    if not self.lost[number]:
                        player.make(lambda number=number, step=step: self.step(number, step))
                        self.outcome.waits += player.busy
                        moving = True


def run(base: Database, transactions: Sequence[Sequence[str]], order: Sequence[int]) -> Outcome:
    """One interleaving."""
    try:
        return _run(base, transactions, order)
    except BaseException:
        PLAYERS.clear()  # some may wait for ever
        raise


def _run(base: Database, transactions: Sequence[Sequence[str]], order: Sequence[int]) -> Outcome:
    database = base.fork()
    play = Play(database, transactions)
    for number in order:
        play.move(number)
    assert not any(player.busy for player in play.players), f"somebody waits for ever: {transactions} {order}"
    play.outcome.tables = content(play.connections[0])
    for connection in play.connections:
        connection.close()
    database.close()
    return play.outcome


def serial(base: Database, transactions: Sequence[Sequence[str]], order: Sequence[int]) -> Outcome:
    """The transactions in that order, one after the other."""
    database = base.fork()
    connection = connect(database)
    outcome = Outcome([None] * len(transactions), [[] for _ in transactions])
    for number in order:
        connection.execute("BEGIN")
        outcome.results[number] = [ask(connection, sql) for sql in transactions[number]]
        outcome.results[number] += commit(connection)
    outcome.tables = content(connection)
    connection.close()
    database.close()
    return outcome


def compare(
    base: Database,
    transactions: Sequence[Sequence[str]],
    order: Sequence[int],
    outcome: Outcome,
    known: dict[tuple[int, ...], Outcome],
) -> None:
    """Compare an outcome with that of the serial run in the order of its places; `known` are those that were made before."""
    committed = [number for number, place in enumerate(outcome.places) if place is not None]
    places = tuple(sorted(committed, key=lambda number: (outcome.places[number], number)))
    if places not in known:
        known[places] = serial(base, transactions, places)
    expected = known[places]
    for number in committed:
        assert outcome.results[number] == expected.results[number], (transactions, order, places, number)
    assert outcome.tables == expected.tables, (transactions, order, places)
    assert committed, (transactions, order)  # somebody always gets through


def explore(base: Database, transactions: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Run every interleaving and compare; how many there were, and how many transactions failed in them."""
    known: dict[tuple[int, ...], Outcome] = {}
    runs = failed = 0
    for order in interleavings([len(steps) + 1 for steps in transactions]):
        outcome = run(base, transactions, order)
        compare(base, transactions, order, outcome, known)
        runs += 1
        failed += outcome.places.count(None)
    return runs, failed
