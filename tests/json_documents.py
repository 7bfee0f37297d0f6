"""Random JSON documents, paths into them, and SQL values to put there."""

from __future__ import annotations

import json
import random

LABELS = ["a", "b", "c", "a b", "x_1", "Z9", "", "é", "k.l"]
NUMBERS = [
    "0",
    "-0",
    "7",
    "-12",
    "1.50",
    "2.0",
    "1e3",
    "-0.5E-7",
    "123456789012345678901",
    "9223372036854775807",
    "0.1",
]
TEXTS = ['""', '"x"', '"é\\n"', '"\\u0041\\/"', '"\\ud83d\\ude00"', '"a\\"b\\\\"', '"[1]"', '"12"']


class Documents:
    """Random JSON text and paths into it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def space(self) -> str:
        return self.chance.choice(["", "", "", " ", "\n\t"])

    def text(self, depth: int = 3) -> str:
        kind = self.chance.random()
        if depth == 0 or kind < 0.35:
            return self.chance.choice([*NUMBERS, *TEXTS, "true", "false", "null"])
        count = self.chance.randrange(4)
        if kind < 0.65:
            inside = ",".join(self.space() + self.text(depth - 1) + self.space() for _ in range(count))
            return f"[{self.space()}{inside}]"
        pairs = [
            f"{self.space()}{json.dumps(self.chance.choice(LABELS), ensure_ascii=False)}{self.space()}:{self.text(depth - 1)}"
            for _ in range(count)
        ]
        return f"{{{','.join(pairs)}{self.space()}}}"

    def path(self) -> str:
        made = "$"
        for _ in range(self.chance.choice([0, 1, 1, 2, 2, 3])):
            if self.chance.random() < 0.5:
                label = self.chance.choice(LABELS)
                made += f".{label}" if label.isidentifier() and self.chance.random() < 0.5 else f'."{label}"'
            else:
                made += self.chance.choice(["[0]", "[1]", "[2]", "[#-1]", "[#-2]", "[#]"])
        return made

    def value(self) -> str:
        text = self.text(1).replace("'", "''")
        return self.chance.choice([f"json('{text}')", f"'{text}'", "NULL", "5", "2.5", "json_array(1, 'x')"])
