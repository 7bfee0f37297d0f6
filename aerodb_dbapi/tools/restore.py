"""``restore BACKUP NEW --to COMMIT [--log FILE …]``: a backup, and the log generations kept since, replayed to a commit.

The backup
    A copy that ``VACUUM INTO`` made, or the file itself, copied by hand. It begins with the latest state in it that is not
    later than the commit: that of its checkpoint, or one that it keeps as a snapshot or for its history.

The log
    The generations named by ``--log``, and those that lie beside the backup. They are recognised by the identity of the file
    that they belong to: that of the backup itself, and, as long as the backup is a copy that nobody has written to, that of
    the file it was copied from (the *origin* in its checkpoint record). They are read in the order of their numbers, each
    commit must follow the one before, and where a generation names the next one, that one is it.

The new file has a state and no history, an identity of its own, and the origin of the backup, so that a later restore may go
on from it. It gets its name when it is whole and verified (INV-R15); neither backup nor logs are changed.

Example: ``restore monday.db new.db --to 4711 --log app.db-wal-000031 app.db-wal-000032``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from aerodb_dbapi.storage.backup import write_file
from aerodb_dbapi.storage.blocks import BlockFile
from aerodb_dbapi.storage.errors import OperationalError
from aerodb_dbapi.storage.offline import LogFile, Offline, read_log
from aerodb_dbapi.storage.pages import Pointer
from aerodb_dbapi.storage.record import CommitRecord
from aerodb_dbapi.storage.recovery import Scan
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.tools.console import Progress, counted


def restore(backup: str, new: str, commit_id: int, paths: Sequence[str], output: TextIO, progress: Progress) -> int:
    """Write the state of a commit into a new file; the exit code. Raises OperationalError if the logs do not lead there."""
    with Offline(backup) as file:
        blocks = file.blocks()
        root, origin = starting_state(blocks, commit_id)
        logs = generations([*file.logs(), *map(read_log, paths)], origin)
        start = root.commit_id
        for record in commits(logs, start, commit_id):
            root = root.following(record)
            progress("replaying", record.commit_id - start, commit_id - start)
        write_file(new, root, origin, lambda done, total: progress("writing", done, total))
    progress.clear()
    output.write(
        f"restored commit {commit_id}: state of commit {start}, {counted(commit_id - start, 'commit')} replayed\n"
    )
    return 0


def starting_state(blocks: BlockFile, commit_id: int) -> tuple[Root, bytes]:
    """The latest state of a file that is not later than a commit; and the identity of the file whose log goes on."""
    record = blocks.record
    states: list[tuple[int, Pointer | None]] = [(record.commit_id, record.state)]
    states += [(pinned.commit_id, pinned.pointer) for pinned in record.pinned]
    earlier = [state for state in states if state[0] <= commit_id]
    if not earlier:
        oldest = min(state[0] for state in states)
        raise OperationalError(f"the backup begins with commit {oldest}: {commit_id} lies before it")
    _, pointer = max(earlier, key=lambda state: state[0])
    root = Root.empty() if pointer is None or not pointer.length else blocks.root(pointer)
    return root, record.origin or blocks.header.file_id


def generations(found: Sequence[LogFile], file_id: bytes) -> list[LogFile]:
    """The logs of that file, by number, each once."""
    by_head = {log.head: log for log in found if log.head is not None and log.head.file_id == file_id}
    return sorted(by_head.values(), key=lambda log: log.head.generation if log.head is not None else 0)


def commits(logs: Sequence[LogFile], after: int, last: int) -> Iterator[CommitRecord]:
    """The commits behind one up to another, without a gap."""
    at, following = after, None
    for log in logs:
        if at >= last:
            return
        assert log.head is not None
        if (
            following is not None
            and log.head.generation == following.generation
            and log.head.log_id != following.log_id
        ):
            continue  # of the same number, but not the one that goes on
        file, reading = log.scan()
        try:
            for record in _behind(reading, at, last):
                at = record.commit_id
                yield record
        finally:
            file.close()
        following = reading.continued or following
    if at < last:
        raise OperationalError(f"commit {at + 1} is in none of the logs: they do not lead to commit {last}")


def _behind(reading: Scan, at: int, last: int) -> Iterator[CommitRecord]:
    """The commits of one generation behind `at`, up to `last`."""
    for record in reading.commits():
        if record.commit_id <= at:
            continue
        if record.commit_id != at + 1:
            missing = f"commit {at + 1} is in none of the logs: {reading.path} goes on with commit {record.commit_id}"
            raise OperationalError(missing)
        at = record.commit_id
        yield record
        if at >= last:
            return
