"""`FairLock`: an asynchronous lock that tasks of several event loops may share, in the order in which they asked.

`asyncio.Lock` belongs to one loop. A connection of `aerodb_dbapi.aio` may be used by tasks of loops in other threads too, and who waits
there must be woken in his own loop.

    async with lock: ...

A waiter is a future of its loop. `release` hands the lock to the first who still waits; the loop learns of it by `call_soon_threadsafe`.
A task that is cancelled while it waits leaves the queue, or, if the lock has just been handed to it, hands it on; so does a release whose
next waiter's loop is closed. The queue is guarded by a lock of threads that is never held while anybody waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from types import TracebackType


class _Waiter:
    """A task that waits: its future, and whether the lock was handed to it."""

    __slots__ = ("future", "loop", "owns")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.future = self.loop.create_future()
        self.owns = False

    def wake(self) -> None:
        """Called in the waiter's loop."""
        if not self.future.done():
            self.future.set_result(None)


class FairLock:
    """An asynchronous lock, first come, first served."""

    __slots__ = ("_guard", "_locked", "_queue")

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locked = False
        self._queue: deque[_Waiter] = deque()

    async def acquire(self) -> None:
        """Wait until the lock is ours."""
        with self._guard:
            if not self._locked:
                self._locked = True
                return
            waiter = _Waiter()
            self._queue.append(waiter)
        try:
            await waiter.future
        except BaseException:
            with self._guard:
                handed = waiter.owns
                if not handed:
                    self._queue.remove(waiter)
            if handed:
                self.release()
            raise

    def release(self) -> None:
        """Hand the lock to who waits longest, or let it go."""
        while True:
            with self._guard:
                if not self._queue:
                    self._locked = False
                    return
                waiter = self._queue.popleft()
                waiter.owns = True
            try:
                waiter.loop.call_soon_threadsafe(waiter.wake)
            except RuntimeError:  # its loop is closed: nobody waits there any more
                continue
            return

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
