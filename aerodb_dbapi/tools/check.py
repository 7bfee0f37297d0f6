"""``check FILE``: is everything of a database file sound?

In this order: the header slots; every block of every kept state, and the space of the file (`storage/space.py`); the log
generations, read as recovery reads them and replayed on the state of the checkpoint; the trees and the catalog of the state
that results (`storage/check.py`); rows, indexes against tables both ways, and foreign keys (the PRAGMAs of these names). What
a step finds does not stop the next one, unless there is nothing to go on from.

*Problems* are damage. *Notes* are what a crash may leave, and what could not be checked: a header slot that is not sound
beside one that was not written by a clean close, bytes behind the end of the log, an expression of an index that calls a
function of the application's.

Example::

    $ python -m aerodb_dbapi.tools check app.db
    tree 2 of commit 12: damaged block of 197 bytes at offset 8192
    1 problem
"""

from __future__ import annotations

from typing import TextIO

from aerodb_dbapi.connection import Connection
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.check import check_root
from aerodb_dbapi.storage.database import Database
from aerodb_dbapi.storage.errors import CorruptionError, Error
from aerodb_dbapi.storage.offline import LogFile, Offline
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.space import Survey, plain
from aerodb_dbapi.tools.console import Progress, counted


class Check:
    """One check of a file: `problems` and `notes` are sentences, `facts` what was seen."""

    def __init__(self, file: Offline, progress: Progress) -> None:
        self.file = file
        self.progress = progress
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.facts: list[str] = []

    def run(self) -> None:
        """All steps."""
        if self.file.is_new():
            self.facts.append("a new database without content")
            return
        try:
            blocks = self.file.blocks()
        except Error as error:
            self.problems.append(_said(error))
            return
        self._header(blocks)
        self._blocks(blocks)
        root = self._replayed(blocks)
        if root is not None and not self.problems:
            self._content(root)

    def _header(self, blocks: BlockFile) -> None:
        for number, slot in enumerate(self.file.slots()):
            if slot is None:
                message = f"header slot {number} is not sound"
                if blocks.header.sealed:
                    self.problems.append(message)
                else:
                    self.notes.append(f"{message}: damage, or a crash while it was written")
        if self.file.size > blocks.record.end and blocks.header.sealed and blocks.header.checkpoint is not None:
            more = self.file.size - blocks.record.end
            self.notes.append(f"{counted(more, 'byte')} behind the end of the blocks, at offset {blocks.record.end}")

    def _blocks(self, blocks: BlockFile) -> None:
        survey = Survey(blocks, lambda done, total: self.progress("blocks", done, total))
        self.problems += survey.check()
        self.facts.append(f"commit {blocks.record.commit_id} in {counted(survey.count, 'block')}")
        if blocks.record.pinned:
            self.facts.append(counted(len(blocks.record.pinned), "kept state"))

    def _replayed(self, blocks: BlockFile) -> Root | None:
        """The latest state; None if it cannot be told."""
        count = 0
        try:
            root = Root.empty() if blocks.record.state is None else blocks.root(blocks.record.state)
            for record in self.file.replay(blocks):
                root = root.following(record)
                count += 1
                self.progress(f"replaying commit {record.commit_id}", count, count)
        except CorruptionError as error:
            if not any(str(error.offset) in problem for problem in self.problems):
                self.problems.append(_said(error))
            return None
        except (TypeError, LookupError, ValueError) as error:
            self.problems.append(f"commit {root.commit_id + 1} does not fit the state before it: {error!r}")
            return None
        self._kept_logs(blocks)
        if count:
            self.facts.append(f"{counted(count, 'commit')} replayed, to commit {root.commit_id}")
        return root

    def _kept_logs(self, blocks: BlockFile) -> None:
        """The generations that retention keeps, behind each state that names one."""
        for log in self.file.logs():
            if log.head is None:
                self.notes.append(f"{log.path} is no log")
            elif log.head.file_id != blocks.header.file_id:
                self.notes.append(f"{log.path} is the log of another database")
            else:
                self._kept_log(log)
        present = {log.head.generation for log in self.file.logs() if log.head is not None}
        for pinned in blocks.record.pinned:
            if pinned.generation and pinned.generation not in present:
                self.problems.append(
                    f"log generation {pinned.generation}, kept behind commit {pinned.commit_id}, is missing"
                )

    def _kept_log(self, log: LogFile) -> None:
        file, reading = log.scan()
        try:
            for _ in reading.commits():
                pass
        except CorruptionError as error:
            self.problems.append(_said(error))
        finally:
            file.close()

    def _content(self, root: Root) -> None:
        self.problems += check_root(root)
        connection = Connection(":memory:")
        try:
            connection._ready().replace_database(Database("", root))
            self.progress("rows and indexes", 0, 1)
            try:
                found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
                self.problems += [line for line in found if line != "ok" and line not in self.problems]
            except CorruptionError as error:
                self.problems.append(_said(error))
            except Error as error:
                self.notes.append(f"indexes were not compared: {error}")
            for table, rowid, parent, _ in connection.execute("PRAGMA foreign_key_check"):
                self.problems.append(f"row {rowid} of {table} has no parent in {parent}")
        finally:
            connection.close()
        self.facts.append(counted(len(root.schema.tables), "table"))


def check(path: str, output: TextIO, progress: Progress) -> int:
    """Check a file and print what was found; the exit code."""
    with Offline(path) as file:
        found = Check(file, progress)
        found.run()
    progress.clear()
    for note in found.notes:
        output.write(f"note: {note}\n")
    for problem in found.problems:
        output.write(f"{problem}\n")
    if found.problems:
        output.write(f"{counted(len(found.problems), 'problem')}\n")
        return 1
    output.write(f"ok: {', '.join(found.facts)}\n")
    return 0


def _said(error: Error) -> str:
    if isinstance(error, CorruptionError):
        return f"{plain(error)} at offset {error.offset} of {error.file}"
    return str(error)
