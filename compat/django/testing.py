"""One fork of the database per test: `ForkTestCase`, and the option FORK that makes every `TransactionTestCase` one.

Django has two classes for tests with a database. A `TestCase` is quick, for it rolls a transaction back, but nothing is ever
committed in it. A `TransactionTestCase` commits, and empties all tables afterwards: slow, and the data that migrations
wrote is gone for the tests that follow. With a fork a test commits as it likes, and what it did is dropped as a whole:

    from aerodb_dbapi.compat.django.testing import ForkTestCase

    class OrderTests(ForkTestCase):
        def test_buying(self):
            with transaction.atomic(): ...

    DATABASES = {"default": {"ENGINE": "aerodb_dbapi.compat.django", "TEST": {"FORK": True}, ...}}

A fork is made at once whatever the size of the database, since it shares all that it does not change. A test database in memory has a
name, which the fork goes by as long as the test runs: connections that other threads open meanwhile are to the fork. A test database in
a file keeps its name, and the fork belongs to the connection of the test's thread.

The option works where Django itself ends such a test, `TransactionTestCase._fixture_setup` and `_fixture_teardown`, which is where test
runners of all kinds pass. Databases without the option are emptied as ever. `TestCase` has methods of its own there and is not touched.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.db import connections
from django.test import TransactionTestCase

_forks = ExitStack()
"""The forks of the test that is running, by the option."""


class ForkTestCase(TransactionTestCase):
    """A test that may commit, on a fork of each database that it uses."""

    def _setup_and_call(self, result: Any, debug: bool = False) -> None:
        with ExitStack() as forks:
            for alias in self._databases_names(include_mirrors=False):
                forks.enter_context(connections[alias].forked())
            super()._setup_and_call(result, debug)

    @classmethod
    def _databases_to_fork(cls) -> list[str]:
        return []

    def _fixture_teardown(self) -> None:
        """Nothing: the fork goes as a whole."""


def fork_transaction_tests() -> None:
    """From here on a `TransactionTestCase` runs on forks of the databases that have the option FORK."""
    if hasattr(TransactionTestCase, "_databases_to_fork"):
        return
    TransactionTestCase._databases_to_fork = classmethod(_databases_to_fork)
    setup = TransactionTestCase.__dict__["_fixture_setup"]
    begin = _begin_with(setup.__func__ if isinstance(setup, classmethod) else setup)
    TransactionTestCase._fixture_setup = classmethod(begin) if isinstance(setup, classmethod) else begin
    TransactionTestCase._fixture_teardown = _end_with(TransactionTestCase._fixture_teardown)


def _databases_to_fork(case: Any) -> list[str]:
    names = case._databases_names(include_mirrors=False)
    return [alias for alias in names if connections[alias].settings_dict["TEST"].get("FORK")]


def _begin_with(load: Callable[[Any], None]) -> Callable[[Any], None]:
    def begin(case: Any) -> None:
        """Fork, then load fixtures."""
        try:
            for alias in case._databases_to_fork():
                _forks.enter_context(connections[alias].forked())
            load(case)
        except BaseException:
            _forks.close()
            raise

    return begin


def _end_with(empty: Callable[[Any], None]) -> Callable[[Any], None]:
    def end(case: Any) -> None:
        """Drop the forks, and empty the databases that were not forked."""
        forked = set(case._databases_to_fork())
        _forks.close()
        if forked:
            others = [alias for alias in case._databases_names(include_mirrors=False) if alias not in forked]
            case._databases_names = lambda include_mirrors=True: others
            try:
                empty(case)
            finally:
                del case._databases_names
        else:
            empty(case)

    return end
