"""Log generations: which files the log consists of, and how recovery goes from one to the next.

Files of ``app.db``
    ::

        app.db-wal            the current generation
        app.db-wal-next       the generation that is about to begin (during a rotation only)
        app.db-wal-000007     generation 7, ended, and still needed

    A generation ends, and the next begins, at each checkpoint; after a clean close none is left, unless retention keeps
    some. Names are for people: recovery goes by the identities in the heads, so a crash between two renames does no harm.

Rotation, all before a commit goes to the new generation
    1. `-wal-next` is made: head and zeros, synced. 2. `-wal` is renamed to its number, `-wal-next` to `-wal`; the
    directory is synced. 3. The old generation gets its last frame, which names the new one, and is synced (`commit.py`).

    Hence if the new one holds a frame, the old one holds its CONTINUED (INV-R9, INV-R13). The first generation of a
    session is named by a durable header before a commit goes to it (INV-R14). A generation is removed when no durable
    header and no kept state needs it or an earlier one (INV-R10).

Recovery
    The header names the first generation. A file with that identity must be there, under one of the three names;
    generation follows generation as the CONTINUED frames say. That a next one is missing, that an ended one has lost its
    end, that a log is newer than the header beside it: all are noticed and told (INV-R9); a file that holds no frame is
    what an interrupted rotation left, and is passed over.

Example: the header names generation 3; its last frame says "4 goes on behind commit 120". `app.db-wal` has 4's identity:
recovery reads it too. Had it been deleted: CorruptionError, "log generation 4 is missing".

Not here: frames (`frames.py`), judgement of bytes (`recovery.py`), when to rotate (`checkpoint.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from aerodb_dbapi.storage import log_head
from aerodb_dbapi.storage.errors import CorruptionError, OperationalError
from aerodb_dbapi.storage.files import File, FileSystem, io_error
from aerodb_dbapi.storage.header import Header
from aerodb_dbapi.storage.log_head import LOG_START, LogHead
from aerodb_dbapi.storage.record import CommitRecord
from aerodb_dbapi.storage.recovery import NOTHING, Scan, Witness
from aerodb_dbapi.storage.wal import Log

GAP_MAX: Final = 8


class Generations:
    """The log files of one database. `ended` are the generations beside the current one that are there; of those before
    `sought` it is not known yet."""

    __slots__ = ("current_path", "ended", "file_id", "files", "path", "sought")

    def __init__(self, files: FileSystem, path: str, file_id: bytes) -> None:
        self.files = files
        self.path = path
        self.current_path = f"{path}-wal"
        self.file_id = file_id
        self.ended: list[int] = []
        self.sought = 0

    def numbered(self, generation: int) -> str:
        """The path of an ended generation."""
        return f"{self.path}-wal-{generation:06d}"

    @property
    def _next_path(self) -> str:
        return f"{self.path}-wal-next"

    # --- making ------------------------------------------------------------------------------------------------------

    def is_in_the_way(self) -> bool:
        """Whether a new current generation would replace a file."""
        return self.files.exists(self.current_path)

    def first(self, generation: int, commit_id: int) -> Log:
        """A new current generation where there is none; durable, its name too."""
        log = self._create(self.current_path, generation, commit_id)
        self._sync_directory()
        return log

    def prepare(self, generation: int, commit_id: int) -> Log:
        """The generation that will follow the current one, under its own name for now."""
        return self._create(self._next_path, generation, commit_id, room=True)

    def promote(self, current: Log, following: Log) -> None:
        """Give both their new names."""
        numbered = self.numbered(current.head.generation)
        try:
            if current.path != numbered:  # unless an earlier attempt came to an end here
                self.files.rename(self.current_path, numbered)
                current.path = numbered
            self.files.sync_directory(self.path)  # the old one must never be without a name
            self.files.rename(self._next_path, self.current_path)
            self.files.sync_directory(self.path)
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR", self.path) from error
        following.path = self.current_path
        self.ended.append(current.head.generation)

    def locate(self, log: Log) -> None:
        """Give a log the name that its file has now: another process may have renamed it."""
        found = self.find(log.head.generation, log.head.log_id)
        if found is None:
            raise self._missing(log.head.generation)
        found[0].close()
        log.path = found[1]

    def end_current(self, log: Log, keep: bool) -> None:
        """After a clean close: the current generation goes, or is kept under its number. Failing does no harm, nor does a crash
        that takes it back: the sealed header says that there is no log. So the directory is not synced."""
        with suppress(OSError):
            numbered = self.numbered(log.head.generation)
            if not keep:
                self.files.remove(log.path)
            else:
                if log.path != numbered:  # it is its name already where a rotation failed halfway
                    self.files.rename(log.path, numbered)
                self.ended.append(log.head.generation)
            for begun in (self._next_path, self.current_path):  # by a process that died before that generation was used
                if self.files.exists(begun):
                    self.files.remove(begun)

    def remove_before(self, generation: int) -> None:
        """Remove the ended generations below that one. What cannot be removed now is removed by a later call."""
        kept = []
        self.find_ended()
        for number in sorted(self.ended):
            if number >= generation:
                kept.append(number)
                continue
            try:
                self.files.remove(self.numbered(number))
            except FileNotFoundError:
                pass
            except OSError:
                kept.append(number)
        self.ended = kept

    def _create(self, path: str, generation: int, commit_id: int, room: bool = False) -> Log:
        head = LogHead(self.file_id, self.files.random_bytes(16), generation)
        try:
            if self.files.exists(path):
                self.files.remove(path)
            file = self.files.open(path, create=True)
        except OSError as error:
            raise io_error(error, "SQLITE_CANTOPEN", path) from error
        try:
            return Log.create(file, path, head, commit_id, room)
        except BaseException:
            file.close()
            raise

    def _sync_directory(self) -> None:
        try:
            self.files.sync_directory(self.path)
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR", self.path) from error

    def clear(self) -> None:
        """The database file is new: logs beside it are those of a file that is gone."""
        for path in (self.current_path, self._next_path, self.numbered(1)):
            with suppress(OSError):
                if self.files.exists(path):
                    self.files.remove(path)

    def number_ended(self, generation: int) -> None:
        """After a clean close that kept that generation, its new name may have been lost: give it once more."""
        if self.files.exists(self.numbered(generation)):
            return
        found = self._open(self.current_path)
        if found is None:
            return
        file, head = found
        file.close()
        if head is not None and head.file_id == self.file_id and head.generation == generation:
            self.files.rename(self.current_path, self.numbered(generation))
            self.files.sync_directory(self.path)

    def find_ended(self) -> list[int]:
        """The ended generations which are there; those before `sought` are looked for only now. A gap is what was removed out
        of turn, for a removal had failed."""
        missing, newest = 0, self.sought - 1
        self.sought = 0
        while newest > 0 and missing < GAP_MAX:
            missing += 1
            if self.files.exists(self.numbered(newest)):
                self.ended.append(newest)
                missing = 0
            newest -= 1
        return self.ended

    # --- finding -----------------------------------------------------------------------------------------------------

    def find(self, generation: int, log_id: bytes | None = None) -> tuple[File, str, LogHead] | None:
        """The open file of a generation, if it is there."""
        for path in (self.current_path, self.numbered(generation), self._next_path):
            found = self._open(path)
            if found is None:
                continue
            file, head = found
            if head is not None and head == LogHead(self.file_id, log_id or head.log_id, generation):
                return file, path, head
            file.close()
        return None

    def _open(self, path: str) -> tuple[File, LogHead | None] | None:
        if not self.files.exists(path):
            return None
        try:
            file = self.files.open(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OperationalError(f"unable to open database file: {path}", name="SQLITE_CANTOPEN") from error
        try:
            return file, log_head.decode(file.read_at(0, LOG_START))
        except OSError as error:
            file.close()
            raise io_error(error, "SQLITE_IOERR_READ", path) from error

    # --- recovering --------------------------------------------------------------------------------------------------

    def recover(self, header: Header, logs: list[Log]) -> Iterator[CommitRecord]:
        """The commits behind the header's checkpoint, in order. When they are exhausted all of them are durable, and
        the last of `logs`, if any, is ready to go on; the caller closes the others, and all of them after an error."""
        generation, log_id, commit_id = header.generation, header.log_id, header.commit_id
        witness = Witness(header.end, header.end_commit, header.crc)
        readings: list[Scan] = []
        while not header.sealed:
            log, reading = self.reading(generation, log_id, commit_id, witness)
            logs.append(log)
            readings.append(reading)
            yield from reading.commits()
            witness = NOTHING
            commit_id = reading.summary.commit_id
            if reading.continued is None:
                break
            self.ended.append(generation)
            generation, log_id, _ = reading.continued
        end = readings[-1].end if readings else 0
        self.check_nothing_follows(generation + 1, logs[-1].path if logs else self.path, end)
        for log, reading in zip(logs, readings, strict=True):  # all is sound: only now is anything changed
            log.settle(reading)
        self._name_current(logs)

    def replay(self, generation: int, commit_id: int, last: int) -> Iterator[CommitRecord]:
        """The commits behind `commit_id`, with which that generation begins, up to `last`; nothing is changed."""
        log_id = None
        while commit_id < last:
            log, reading = self.reading(generation, log_id, commit_id, NOTHING)
            try:
                for record in reading.commits():
                    commit_id = record.commit_id
                    yield record
                    if commit_id >= last:
                        return
            finally:
                log.close()
            if reading.continued is None:
                raise self._missing(generation + 1)
            generation, log_id, _ = reading.continued

    def reading(self, number: int, log_id: bytes | None, commit_id: int, witness: Witness) -> tuple[Log, Scan]:
        """The reading of a generation that must be there. The caller closes the log."""
        found = self.find(number, log_id)
        if found is None:
            raise self._missing(number)
        file, path, head = found
        try:
            return Log(file, path, head, commit_id), Scan(file, path, head, commit_id, witness)
        except BaseException:
            file.close()
            raise

    def _missing(self, generation: int) -> CorruptionError:
        return CorruptionError(f"log generation {generation} is missing", file=self.current_path, offset=0)

    def check_nothing_follows(self, generation: int, path: str, end: int) -> None:
        """A log that nobody names holds no frame: it is what an interrupted rotation or creation left."""
        for candidate in (self.current_path, self._next_path):
            found = self._open(candidate)
            if found is None:
                continue
            file, head = found
            try:
                if head is None:
                    if any(file.read_at(0, LOG_START)):
                        raise CorruptionError("not a log of this database", file=candidate, offset=0)
                elif head.file_id != self.file_id:
                    raise CorruptionError("the log of another database", file=candidate, offset=0)
                elif head.generation >= generation and Scan(file, candidate, head).has_frame():
                    message = f"log generation {head.generation} goes on behind what {path} says"
                    raise CorruptionError(message, file=path, offset=end)
            finally:
                file.close()

    def _name_current(self, logs: list[Log]) -> None:
        """Bring names in line with what an interrupted rotation left."""
        if not logs or logs[-1].path == self.current_path:
            return
        current = logs[-1]
        try:
            if self.files.exists(self.current_path):
                self.files.rename(self.current_path, self._next_path)
                self.files.sync_directory(self.path)
            self.files.rename(current.path, self.current_path)
            self.files.sync_directory(self.path)
        except OSError as error:
            raise io_error(error, "SQLITE_IOERR", self.path) from error
        current.path = self.current_path
