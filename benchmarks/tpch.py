"""The 22 queries of TPC-H in SQLite's dialect, over data from a small generator of our own; both sides' times in a table.

    python benchmarks/tpch.py --scale 0.01

The schema, the domains of values and the queries (with the validation parameters) are the benchmark's (https://www.tpc.org/tpch);
the generator is not its dbgen: numbers are drawn from one seeded generator, so the data is the same on every machine and needs
no download. Answers are compared with `sqlite3`'s, not with the published ones. Indexes are those on primary and foreign keys.
Times are of one run after a first one; SQLite's is of the same process. `tests/test_tpch.py` runs the queries at a smaller scale.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE region(r_regionkey INTEGER PRIMARY KEY, r_name TEXT, r_comment TEXT);
CREATE TABLE nation(n_nationkey INTEGER PRIMARY KEY, n_name TEXT, n_regionkey INTEGER, n_comment TEXT);
CREATE TABLE supplier(s_suppkey INTEGER PRIMARY KEY, s_name TEXT, s_address TEXT, s_nationkey INTEGER, s_phone TEXT,
  s_acctbal REAL, s_comment TEXT);
CREATE TABLE customer(c_custkey INTEGER PRIMARY KEY, c_name TEXT, c_address TEXT, c_nationkey INTEGER, c_phone TEXT,
  c_acctbal REAL, c_mktsegment TEXT, c_comment TEXT);
CREATE TABLE part(p_partkey INTEGER PRIMARY KEY, p_name TEXT, p_mfgr TEXT, p_brand TEXT, p_type TEXT, p_size INTEGER,
  p_container TEXT, p_retailprice REAL, p_comment TEXT);
CREATE TABLE partsupp(ps_partkey INTEGER, ps_suppkey INTEGER, ps_availqty INTEGER, ps_supplycost REAL, ps_comment TEXT,
  PRIMARY KEY (ps_partkey, ps_suppkey));
CREATE TABLE orders(o_orderkey INTEGER PRIMARY KEY, o_custkey INTEGER, o_orderstatus TEXT, o_totalprice REAL, o_orderdate TEXT,
  o_orderpriority TEXT, o_clerk TEXT, o_shippriority INTEGER, o_comment TEXT);
CREATE TABLE lineitem(l_orderkey INTEGER, l_partkey INTEGER, l_suppkey INTEGER, l_linenumber INTEGER, l_quantity REAL,
  l_extendedprice REAL, l_discount REAL, l_tax REAL, l_returnflag TEXT, l_linestatus TEXT, l_shipdate TEXT,
  l_commitdate TEXT, l_receiptdate TEXT, l_shipinstruct TEXT, l_shipmode TEXT, l_comment TEXT,
  PRIMARY KEY (l_orderkey, l_linenumber));
"""
INDEXES = """
CREATE INDEX supplier_nation ON supplier(s_nationkey); CREATE INDEX customer_nation ON customer(c_nationkey);
CREATE INDEX partsupp_supplier ON partsupp(ps_suppkey); CREATE INDEX orders_customer ON orders(o_custkey);
CREATE INDEX lineitem_part ON lineitem(l_partkey, l_suppkey); CREATE INDEX lineitem_supplier ON lineitem(l_suppkey);
"""
QUERIES_FILE = Path(__file__).with_name("tpch.sql")

REGIONS = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"]
NATIONS = [
    ("ALGERIA", 0), ("ARGENTINA", 1), ("BRAZIL", 1), ("CANADA", 1), ("EGYPT", 4), ("ETHIOPIA", 0), ("FRANCE", 3),
    ("GERMANY", 3), ("INDIA", 2), ("INDONESIA", 2), ("IRAN", 4), ("IRAQ", 4), ("JAPAN", 2), ("JORDAN", 4), ("KENYA", 0),
    ("MOROCCO", 0), ("MOZAMBIQUE", 0), ("PERU", 1), ("CHINA", 2), ("ROMANIA", 3), ("SAUDI ARABIA", 4), ("VIETNAM", 2),
    ("RUSSIA", 3), ("UNITED KINGDOM", 3), ("UNITED STATES", 1),
]  # fmt: skip
SEGMENTS = ["AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD"]
PRIORITIES = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"]
INSTRUCTIONS = ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"]
MODES = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"]
TYPES = [
    ["STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"],
    ["ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED"],
    ["TIN", "NICKEL", "BRASS", "STEEL", "COPPER"],
]
CONTAINERS = [["SM", "LG", "MED", "JUMBO", "WRAP"], ["CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM"]]
COLORS = ["almond", "azure", "blue", "chocolate", "forest", "green", "ivory", "lemon", "navy", "olive", "pink", "red"]
WORDS = [
    "special",
    "requests",
    "Customer",
    "Complaints",
    "quick",
    "ideas",
    "sleep",
    "about",
    "the",
    "pending",
    "deposits",
]
FIRST_DAY, LAST_DAY = date(1992, 1, 1), date(1998, 8, 2)
CURRENT = "1995-06-17"

Rows = Iterator[tuple[Any, ...]]


class Generator:
    """The rows of a scale, table by table. Scale 0.01 has 60,000 line items."""

    def __init__(self, scale: float, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.suppliers = max(10, int(10_000 * scale))
        self.customers = max(30, int(150_000 * scale))
        self.parts = max(40, int(200_000 * scale))
        self.lines: list[tuple[Any, ...]] = []

    def tables(self) -> Iterator[tuple[str, Rows]]:
        """(name, rows) in an order in which they may be made."""
        yield "region", ((key, name, self.comment()) for key, name in enumerate(REGIONS))
        yield "nation", ((key, name, region, self.comment()) for key, (name, region) in enumerate(NATIONS))
        yield "supplier", (self.supplier(key) for key in range(1, self.suppliers + 1))
        yield "customer", (self.customer(key) for key in range(1, self.customers + 1))
        yield "part", (self.part(key) for key in range(1, self.parts + 1))
        yield "partsupp", (row for key in range(1, self.parts + 1) for row in self.supplies(key))
        yield "orders", (self.order(key) for key in range(1, 10 * self.customers + 1))
        yield "lineitem", iter(self.lines)

    def comment(self) -> str:
        """A few words."""
        return " ".join(self.random.choices(WORDS, k=4))

    def money(self, low: int, high: int) -> float:
        """An amount with cents."""
        return self.random.randint(low * 100, high * 100) / 100

    def phone(self, nation: int) -> str:
        """A number with the nation's code."""
        number = self.random.randrange(10**10)
        return f"{nation + 10}-{number // 10**7:03d}-{number // 10**4 % 1000:03d}-{number % 10**4:04d}"

    def supplier(self, key: int) -> tuple[Any, ...]:
        nation = self.random.randrange(25)
        phone, balance = self.phone(nation), self.money(-999, 9999)
        return key, f"Supplier#{key:09d}", f"street {key}", nation, phone, balance, self.comment()

    def customer(self, key: int) -> tuple[Any, ...]:
        nation = self.random.randrange(25)
        phone, balance = self.phone(nation), self.money(-999, 9999)
        segment = self.random.choice(SEGMENTS)
        return key, f"Customer#{key:09d}", f"street {key}", nation, phone, balance, segment, self.comment()

    def part(self, key: int) -> tuple[Any, ...]:
        pick = self.random.choice
        maker, brand = self.random.randint(1, 5), self.random.randint(1, 5)
        return (
            key, " ".join(self.random.sample(COLORS, 4)), f"Manufacturer#{maker}", f"Brand#{maker}{brand}",
            " ".join(pick(words) for words in TYPES), self.random.randint(1, 50),
            " ".join(pick(words) for words in CONTAINERS), self.price(key), self.comment(),
        )  # fmt: skip

    @staticmethod
    def price(key: int) -> float:
        """A part's retail price."""
        return (90_000 + key // 10 % 20_001 + 100 * (key % 1000)) / 100

    def supplier_of(self, part: int, nth: int) -> int:
        """The part's `nth` supplier of four."""
        return (part + nth * (self.suppliers // 4 + (part - 1) // self.suppliers)) % self.suppliers + 1

    def supplies(self, part: int) -> Rows:
        found = {self.supplier_of(part, nth) for nth in range(4)}
        for supplier in sorted(found):
            yield part, supplier, self.random.randint(1, 9999), self.money(1, 1000), self.comment()

    def order(self, key: int) -> tuple[Any, ...]:
        customer = self.random.randint(1, self.customers)
        customer -= customer % 3 == 0  # a third of the customers never order
        day = FIRST_DAY + timedelta(self.random.randrange((LAST_DAY - FIRST_DAY).days - 121))
        made = [self.line(key, nth, day) for nth in range(1, self.random.randint(1, 7) + 1)]
        self.lines += made
        states = {line[9] for line in made}
        total = round(sum(line[5] * (1 + line[7]) * (1 - line[6]) for line in made), 2)
        return (
            key, max(1, customer), states.pop() if len(states) == 1 else "P", total, str(day),
            self.random.choice(PRIORITIES), f"Clerk#{self.random.randint(1, 1000):09d}", 0, self.comment(),
        )  # fmt: skip

    def line(self, order: int, number: int, day: date) -> tuple[Any, ...]:
        pick, draw = self.random.choice, self.random.randint
        part, quantity = draw(1, self.parts), draw(1, 50)
        shipped = day + timedelta(draw(1, 121))
        committed, received = day + timedelta(draw(30, 90)), shipped + timedelta(draw(1, 30))
        flag = pick("RA") if str(received) <= CURRENT else "N"
        return (
            order, part, self.supplier_of(part, draw(0, 3)), number, float(quantity), round(quantity * self.price(part), 2),
            draw(0, 10) / 100, draw(0, 8) / 100, flag, "O" if str(shipped) > CURRENT else "F", str(shipped),
            str(committed), str(received), pick(INSTRUCTIONS), pick(MODES), self.comment(),
        )  # fmt: skip


def fill(connection: Any, scale: float) -> None:
    """Make the tables in an empty database."""
    connection.executescript(SCHEMA)
    for name, rows in Generator(scale).tables():
        made = list(rows)
        marks = ", ".join("?" * len(made[0]))
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", made)
    connection.executescript(INDEXES)
    connection.commit()


def queries() -> list[str]:
    """The 22 queries, in order."""
    return [one.strip() for one in QUERIES_FILE.read_text().split(";") if one.strip()]


def main() -> None:
    """Print times side by side."""
    import aerodb_dbapi

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.01)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of queries")
    options = parser.parse_args()
    ours, theirs = aerodb_dbapi.connect(":memory:"), sqlite3.connect(":memory:")
    for connection in (ours, theirs):
        fill(connection, options.scale)
    print(f"TPC-H at scale {options.scale}: ms; ratio is sqlite3's time divided by AeroDB's")
    print(f"{'query':>5} {'rows':>6} {'AeroDB':>10} {'sqlite3':>10} {'ratio':>7}")
    for number, sql in enumerate(queries(), 1):
        if options.only and number not in options.only:
            continue
        times = []
        for connection in (ours, theirs):
            connection.execute(sql).fetchall()
            start = time.perf_counter()
            rows = connection.execute(sql).fetchall()
            times.append((time.perf_counter() - start) * 1000)
        print(f"{number:>5} {len(rows):>6} {times[0]:>10.1f} {times[1]:>10.1f} {times[1] / times[0]:>7.2f}", flush=True)


if __name__ == "__main__":
    main()
