"""Threads for `aerodb_dbapi.aio`: one for each operation that runs, none for a connection that is idle.

    workers.submit(work)        a `concurrent.futures.Future`; wrap it for the loop

Why not the event loop's executor
    It has a fixed number of threads, and an operation may have to wait for another one: a statement for the row that a transaction of
    another connection has written. With as many such statements as there are threads, the COMMIT for which they all wait would stand in
    the queue behind them. So work never queues here: when no thread is idle a new one is made. There are at most as many as
    connections with an operation under way, for operations of one connection follow each other.

A thread that had nothing to do for `IDLE` seconds ends. The one that became idle last is taken first, so those that are not needed do
come to their end. They are daemon threads: a program that ends does not wait for idle ones.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Final

IDLE: Final = 5.0  # seconds

Task = tuple["Future[Any]", Callable[[], Any]]


class Workers:
    """Threads, as many as there is work at a time."""

    def __init__(self, idle_seconds: float = IDLE) -> None:
        self.idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[Task]] = []
        """The inboxes of the threads that wait, the latest last."""

    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        """Run `work` in a thread, at once."""
        future: Future[Any] = Future()
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox is None:
            inbox = SimpleQueue()
            threading.Thread(target=self._serve, args=(inbox,), name="aerodb-aio", daemon=True).start()
        inbox.put((future, work))
        return future

    def _serve(self, inbox: SimpleQueue[Task]) -> None:
        while True:
            try:
                _run(*inbox.get(timeout=self.idle_seconds))
            except Empty:
                with self._lock:
                    if inbox in self._idle:
                        self._idle.remove(inbox)
                        return
                continue  # somebody has just taken this thread: its task is on the way
            with self._lock:
                self._idle.append(inbox)


def _run(future: Future[Any], work: Callable[[], Any]) -> None:
    """Put what `work` gives or raises into the future. Nothing is left here that would keep it alive in an idle thread."""
    if future.set_running_or_notify_cancel():
        try:
            found = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(found)


_shared = Workers()


def submit(work: Callable[[], Any]) -> Future[Any]:
    """Run `work` in a thread of the process, at once."""
    return _shared.submit(work)


def _begin_anew() -> None:
    """In a child of `os.fork`: the parent's threads are not here."""
    global _shared
    _shared = Workers()


os.register_at_fork(after_in_child=_begin_anew)
