"""Packed leaves: bytes and microseconds per row, of leaves of 256 entries.

Method: the least time of several rounds counts. Machines are noisy; no test asserts a time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from random import Random
from typing import Any

from aerodb_dbapi.storage.columns import pack_entries, unpack_entries, weight

ROWS = 256
COLOURS = ("red", "green", "blue", "yellow")
Entries = tuple[tuple[Any, ...], tuple[Any, ...]]


def leaves() -> dict[str, Entries]:
    """Leaves of the usual forms, the same in every run."""
    chance = Random(1)
    rowids = tuple(range(100_001, 100_001 + ROWS))

    def table(row: Callable[[int], tuple[Any, ...]]) -> Entries:
        return rowids, tuple(map(row, rowids))

    def index(rank: int, value: Callable[[int], Any]) -> Entries:
        keys = tuple(sorted((rank, value(i), i) for i in rowids))
        return keys, tuple(key[-1] for key in keys)

    return {
        "id, int, few texts, float, text": table(
            lambda i: (i, i * 7919 % 1000, COLOURS[i * 31 % 4], i % 997 / 7, f"note {i}")
        ),
        "id, random int, few texts, random float, text": table(
            lambda i: (
                i,
                chance.randrange(10**6),
                chance.choice(COLOURS),
                chance.random(),
                f"{chance.getrandbits(40):x}",
            )
        ),
        "NULLs among int, text, float": table(
            lambda i: (i, chance.choice((None, i % 7)), chance.choice((None, "x")), chance.choice((None, i / 7)))
        ),
        "rows of two lengths": table(lambda i: (i, "x", i / 7)[: 2 + i % 2]),
        "index of int": index(1, lambda i: chance.randrange(10**6)),
        "index of text": index(2, lambda i: f"customer {chance.randrange(10**6):06d}"),
    }


def least(run: Callable[[], Any], rounds: int) -> float:
    """Microseconds per row of the fastest round."""
    found = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(50):
            run()
        found = min(found, time.perf_counter() - start)
    return found / 50 / ROWS * 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="the packed form of leaves")
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    print("| leaf | bytes/row | pack µs/row | unpack µs/row | weight, bytes/row |\n|---|---|---|---|---|")
    for name, (keys, values) in leaves().items():
        packed = pack_entries(keys, values)
        assert unpack_entries(packed) == (keys, values)
        packing = least(lambda k=keys, v=values: pack_entries(k, v), rounds)  # type: ignore[misc]
        unpacking = least(lambda p=packed: unpack_entries(p), rounds)  # type: ignore[misc]
        memory = weight(keys, values) / ROWS
        print(f"| {name} | {len(packed) / ROWS:.1f} | {packing:.2f} | {unpacking:.2f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
