"""Notes on the command line, with a memory: every change can be looked at and taken back.

    python notes.py notes.db add "buy milk" "call Ann"
    python notes.py notes.db edit 1 "buy oat milk"
    python notes.py notes.db list
    python notes.py notes.db history 1       # what the note was, commit by commit
    python notes.py notes.db list --at 3     # all notes as they were then
    python notes.py notes.db undo            # make the state before the last change the next one

`PRAGMA history_retention` keeps the last thousand commits, so the past survives closing the file. Undoing is a commit like any other: it
can be undone.
"""

from __future__ import annotations

import argparse
import sys

import aerodb_dbapi

KEPT = 1000


def opened(file: str) -> aerodb_dbapi.Connection:
    """The database, made if it is not there."""
    db = aerodb_dbapi.connect(file, isolation_level=None)
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'note'").fetchone():
        db.execute(f"PRAGMA history_retention = {KEPT}")
        db.execute("CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    return db


def changed(found: aerodb_dbapi.Cursor) -> None:
    """Complain if no note was there."""
    if found.rowcount == 0:
        raise SystemExit("there is no such note")


def add(db: aerodb_dbapi.Connection, options: argparse.Namespace) -> None:
    """New notes, in one transaction."""
    with db:
        db.execute("BEGIN")
        db.executemany("INSERT INTO note(text) VALUES (?)", [(text,) for text in options.text])


def edit(db: aerodb_dbapi.Connection, options: argparse.Namespace) -> None:
    """Another text."""
    changed(db.execute("UPDATE note SET text = ? WHERE id = ?", (options.text, options.id)))


def drop(db: aerodb_dbapi.Connection, options: argparse.Namespace) -> None:
    """Away with it."""
    changed(db.execute("DELETE FROM note WHERE id = ?", (options.id,)))


def show(db: aerodb_dbapi.Connection, options: argparse.Namespace) -> None:
    """All notes, now or as of a commit."""
    with db.read_view(commit=options.at) as view:
        for number, text in view.execute("SELECT id, text FROM note ORDER BY id"):
            print(f"{number:4}  {text}")


def history(db: aerodb_dbapi.Connection, options: argparse.Namespace) -> None:
    """What became of one note."""
    for row in db.execute("SELECT commit_id, operation, text FROM aerodb_history('note', ?)", (options.id,)):
        print("{:4}  {:6}  {}".format(*row))


def undo(db: aerodb_dbapi.Connection, options: argparse.Namespace) -> None:
    """The notes as they were before the last change of any."""
    (last,) = db.execute("SELECT max(commit_id) FROM aerodb_history('note')").fetchone()
    if last is None:
        raise SystemExit("nothing to undo")
    before = f"note FOR SYSTEM_TIME AS OF COMMIT {last - 1}"
    with db:
        db.execute("BEGIN")
        db.execute(f"DELETE FROM note WHERE id NOT IN (SELECT id FROM {before})")
        db.execute(f"INSERT INTO note SELECT * FROM {before} WHERE true ON CONFLICT DO UPDATE SET text = excluded.text")


def main(arguments: list[str] | None = None) -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description="Notes with a memory.")
    parser.add_argument("file")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run, *rest in (
        ("add", add, ("text", {"nargs": "+"})),
        ("edit", edit, ("id", {"type": int}), ("text", {})),
        ("drop", drop, ("id", {"type": int})),
        ("list", show, ("--at", {"type": int, "metavar": "COMMIT"})),
        ("history", history, ("id", {"type": int})),
        ("undo", undo),
    ):
        command = commands.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        for argument, settings in rest:
            command.add_argument(argument, **settings)
    options = parser.parse_args(arguments)
    db = opened(options.file)
    try:
        options.run(db, options)
    except aerodb_dbapi.Error as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        db.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
