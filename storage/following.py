"""Reading on in a log that another process writes, from generation to generation.

Example: this process stands behind commit 7 of generation 3, and hears that 9 is published, which is in generation 4::

    following = Following(generations, log)          log: generation 3, behind commit 7
    list(following.records(7, 9))                    8; the frame that ends generation 3; 9
    following.log                                    generation 4, behind commit 9

What is published is whole, so that it must be there; what lies behind it is not looked at (INV-P1).

Not here: when to read on, and what becomes of the commits (`sharing.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from aerodb_dbapi.storage.errors import CorruptionError
from aerodb_dbapi.storage.generations import Generations
from aerodb_dbapi.storage.record import CommitRecord
from aerodb_dbapi.storage.recovery import NOTHING
from aerodb_dbapi.storage.wal import Log


class Following:
    """Reading on in a log that another process writes. `log` is the generation in which the last commit was read."""

    __slots__ = ("generations", "log")

    def __init__(self, generations: Generations, log: Log) -> None:
        self.generations = generations
        self.log = log

    @classmethod
    def of_generation(cls, generations: Generations, number: int, log_id: bytes | None, commit_id: int) -> Following:
        """A following from the begin of a generation, behind that commit. CorruptionError if it is not there."""
        log, reading = generations.reading(number, log_id, commit_id, NOTHING)
        log.advance(reading)
        return cls(generations, log)

    def records(self, commit_id: int, last: int) -> Iterator[CommitRecord]:
        """The commits behind the one that is known, up to `last`, which is published and must therefore be there."""
        while commit_id < last:
            reading = self.log.reading()
            for record in reading.commits():
                self.log.advance(reading)
                commit_id = record.commit_id
                yield record
                if commit_id >= last:
                    return
            if reading.continued is None:
                message = f"commit {commit_id + 1} is missing, and commit {last} was published"
                raise CorruptionError(message, file=self.log.path, offset=reading.end)
            self.log.advance(reading)
            self._go_on(reading.continued.generation, reading.continued.log_id)

    def to_the_end(self) -> None:
        """Go on into the generation that was begun, also if it has no commit yet."""
        while True:
            reading = self.log.reading()
            if not reading.ending():
                return
            assert reading.continued is not None
            self.log.advance(reading)
            self._go_on(reading.continued.generation, reading.continued.log_id)

    def _go_on(self, number: int, log_id: bytes) -> None:
        ended = self.log
        self.log = Following.of_generation(self.generations, number, log_id, ended.commit_id).log
        self.generations.ended.append(ended.head.generation)
        ended.close()
