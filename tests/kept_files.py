"""How the database files in `tests/data` were made. Each released format version keeps its files, which must open for ever.

``write_format2(folder)`` writes `format2.db`, closed cleanly, with a snapshot and compressed blocks; and `format2_log.db` with
its log, as a killed process leaves it. They are not written again: this is for the record, and for the proof that
what is written today has the same content.
"""

from __future__ import annotations

from pathlib import Path

from stored import connect, crash_copy

from aerodb_dbapi.storage.log_head import LOG_START

SCHEMA = """
    CREATE TABLE thing(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE, size REAL, data BLOB,
        twice AS (size * 2) STORED, CHECK (size IS NULL OR size >= 0));
    CREATE TABLE word(word TEXT PRIMARY KEY, n INT DEFAULT 1) WITHOUT ROWID;
    CREATE TABLE exact(a INTEGER, b TEXT) STRICT;
    CREATE TABLE part(thing INTEGER REFERENCES thing(id) ON DELETE CASCADE, place INT, UNIQUE (thing, place DESC));
    CREATE INDEX thing_size ON thing(size DESC, name) WHERE size IS NOT NULL;
    CREATE INDEX thing_lower ON thing(lower(name));
    CREATE VIEW big AS SELECT name, size FROM thing WHERE size > 100;
    PRAGMA user_version = 7;
    PRAGMA application_id = -5;
"""


def write_format2(folder: Path) -> None:
    """Write the files of format version 2."""
    connection = connect(folder / "format2.db")
    run = connection.execute
    connection.executescript(SCHEMA)
    things = [(f"Thing {i % 17} é", None if i % 5 == 0 else i * 0.75, bytes([i % 256]) * (i % 4)) for i in range(600)]
    connection.executemany("INSERT INTO thing(name, size, data) VALUES (?, ?, ?)", things)
    connection.executemany("INSERT INTO word VALUES (?, ?)", [(f"w{i * 7 % 100:03}", i - 50) for i in range(100)])
    run("INSERT INTO exact VALUES (9223372036854775807, 'most'), (-9223372036854775808, 'least'), (NULL, NULL)")
    connection.executemany("INSERT INTO part VALUES (?, ?)", [(1 + i % 9, i) for i in range(90)])
    run("CREATE SNAPSHOT early")
    run("PRAGMA wal_checkpoint")
    run("PRAGMA aerodb_compression = 'zlib'")
    run("UPDATE thing SET name = upper(name) WHERE id % 50 = 0")
    run("DELETE FROM thing WHERE id BETWEEN 200 AND 260")
    connection.close()
    path = folder / "format2.db"
    open_path = folder / "open.db"
    connection = connect(crash_copy(path, open_path))
    connection.execute("INSERT INTO word VALUES ('last', NULL)")
    connection.execute("UPDATE exact SET b = 'changed' WHERE a < 0")
    connection.execute("CREATE TABLE later(x)")
    crash_copy(open_path, folder / "format2_log.db")
    connection.close()
    for name in folder.glob("open.db*"):
        name.unlink()
    log = folder / "format2_log.db-wal"
    content = log.read_bytes()
    end = max(LOG_START, len(content.rstrip(b"\0")))
    log.write_bytes(content[: end + 16])  # the room in advance is zeros


if __name__ == "__main__":
    write_format2(Path(__file__).parent / "data")
