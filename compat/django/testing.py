"""One fork of the database per test: `ForkTestCase`.

Django has two classes for tests with a database. A `TestCase` is quick, for it rolls a transaction back, but nothing is ever
committed in it. A `TransactionTestCase` commits, and empties all tables afterwards: slow, and the data that migrations
wrote is gone for the tests that follow. With a fork a test commits as it likes, and what it did is dropped as a whole:

    from aerodb_dbapi.compat.django.testing import ForkTestCase

    class OrderTests(ForkTestCase):
        def test_buying(self):
            with transaction.atomic(): ...

A fork is made at once whatever the size of the database, since it shares all that it does not change. It belongs to the connection of the
test's thread: other threads see the database as it was before, without the fork, so tests that use threads stay `TransactionTestCase`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.db import connections
from django.test import TransactionTestCase


class ForkTestCase(TransactionTestCase):
    """A test that may commit, on a fork of each database that it uses."""

    def _setup_and_call(self, result: Any, debug: bool = False) -> None:
        with ExitStack() as forks:
            for alias in self._databases_names(include_mirrors=False):
                forks.enter_context(connections[alias].forked())
            super()._setup_and_call(result, debug)

    def _fixture_teardown(self) -> None:
        """Nothing: the fork goes as a whole."""
