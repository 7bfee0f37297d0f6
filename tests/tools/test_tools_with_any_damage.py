"""The tools on files with damage anywhere: an answer, never a foreign exception, never a row that was not there (INV-F3)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from stored import build, crash_copy, rows

import aerodb_dbapi
from aerodb_dbapi.tools.__main__ import main

KNOWN = {(i, text) for i in range(3000) for text in (f"x{i}", "changed")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    path, connection = build(folder)
    crash_copy(path, folder / "crashed")
    connection.close()
    crash_copy(path, folder / "closed")
    return folder


def damage(path: Path, chance: random.Random) -> None:
    """Change one of the files: bits, a sector, its end, a part of another one in its place."""
    path = chance.choice(sorted(path.parent.glob(f"{path.name}*")))
    content = bytearray(path.read_bytes()) or bytearray(1)
    kind = chance.randrange(5)
    used = max(1, len(bytes(content).rstrip(b"\0")))
    at = chance.choice((chance.randrange(200), chance.randrange(used), 4096 + chance.randrange(120))) % len(content)
    if kind == 0:
        for _ in range(chance.randrange(1, 20)):
            content[chance.randrange(used)] ^= 1 << chance.randrange(8)
    elif kind == 1:
        content[at] ^= 1 << chance.randrange(8)
    elif kind == 2:
        content[at : at + 512] = chance.choice((bytes(512), chance.randbytes(512)))
    elif kind == 3:
        del content[at:]
    else:
        source = chance.randrange(len(content))
        content[at : at + 600] = content[source : source + 600]
    path.write_bytes(content)


def trial(made: Path, folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    path = crash_copy(made / chance.choice(("crashed", "closed")), folder / "app.db")
    for _ in range(chance.randrange(1, 4)):
        damage(path, chance)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert main(["inspect", "--blocks", "--log", str(path)]) in (0, 1)
    checked = main(["check", str(path)])
    salvaged = main(["salvage", str(path), str(folder / "new.db")])
    assert checked in (0, 1) and salvaged in (0, 1)
    assert before == {name: (folder / name).read_bytes() for name in before}
    connection = aerodb_dbapi.connect(folder / "new.db")
    assert rows(connection, "PRAGMA integrity_check") == [("ok",)]
    tables = {name for (name,) in rows(connection, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "t" in tables:
        found = rows(connection, "SELECT * FROM t")
        assert set(found) <= KNOWN
        if checked == 0:
            assert len(found) in (2899, 2999, 3000)
    connection.close()
    for file in folder.iterdir():
        file.unlink()


@pytest.mark.parametrize("seed", range(25))
def test_any_damage(made: Path, tmp_path: Path, seed: int) -> None:
    trial(made, tmp_path, seed)


@pytest.mark.long
@pytest.mark.parametrize("block", range(20))
def test_much_damage(made: Path, tmp_path: Path, block: int) -> None:
    for seed in range(1000 + 50 * block, 1050 + 50 * block):
        trial(made, tmp_path, seed)
