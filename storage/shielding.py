"""Work that Ctrl-C must not cut in two: where files change places, and memory has to follow.

Python raises KeyboardInterrupt in the main thread, between any two instructions. Most of the engine bears that: what was done is undone, or
done again. A checkpoint that switches log generations, or VACUUM when the new file has its name, does not: half of it is no state from
which another process or the next statement could go on. So if the main thread is to do it, another one does, and the main thread waits::

    shielded(lambda: checkpointer.run())          in the main thread: run by another, waited for
                                                  Ctrl-C meanwhile: `stop` is called, waited on, then KeyboardInterrupt
                                                  Ctrl-C once more: KeyboardInterrupt at once, the other thread goes on

`stop` asks the work to end where it can be undone (`Writing.stopped`). In other threads, which no Ctrl-C reaches, the work is done at once.

The calling thread may hold no lock that the work takes.

Not here: interruptions of a commit, which may come anywhere (`commit.py`).
"""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def shielded(work: Callable[[], T], stop: Callable[[], object] = lambda: None) -> T:
    """What the work gives, or raises. KeyboardInterrupt: it came meanwhile, and the work is over, well or not."""
    if threading.current_thread() is not threading.main_thread():
        return work()
    results: list[T] = []
    errors: list[BaseException] = []
    bell = _thread.allocate_lock()
    bell.acquire()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            bell.release()

    interruption: BaseException | None = None
    try:
        _thread.start_new_thread(run, ())
    except RuntimeError:  # the interpreter is about to end
        return work()
    except BaseException as error:  # behind the start
        interruption = error
        stop()
    while not (results or errors):
        try:
            bell.acquire()
        except BaseException as error:
            if interruption is not None:
                raise
            interruption = error
            stop()
    if interruption is not None:
        with suppress(IndexError):
            interruption.__cause__ = errors.pop()
        raise interruption
    if errors:
        raise errors.pop()
    return results.pop()
