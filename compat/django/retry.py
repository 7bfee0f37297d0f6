"""Transactions that are run again when another one was committed in their way.

Two transactions may write at once. If they touched the same rows, or one read what the other changed, the later commit fails with
`SerializationError` (Django shows it as an OperationalError), and the way out is to run the transaction again. A ``with`` block
cannot be run twice, a function can:

    from aerodb_dbapi.compat.django.retry import retrying_atomic

    @retrying_atomic                        # as often as OPTIONS["retries"] says
    def transfer(source, target, amount): ...

    @retrying_atomic(using="other", retries=5)
    def count_visit(page): ...

The function must do nothing outside of the database that must not happen twice; `transaction.on_commit` is the place for that, as Django
forgets what a transaction that failed had registered there. Inside another `atomic` block the function is a plain savepoint: only
the outermost transaction can be run again.

The last attempt begins with BEGIN IMMEDIATE: it waits for commits under way and lets nobody commit before it has, so it cannot fail to
serialize. The attempts before it hinder nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction

from aerodb_dbapi.storage.errors import SerializationError


def is_serialization_failure(error: BaseException | None) -> bool:
    """Whether the error, or one that it comes from, is a `SerializationError`."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, SerializationError):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def run_atomic(
    function: Callable[..., Any], *args: Any, using: str | None = None, retries: int | None = None, **options: Any
) -> Any:
    """Call `function` with the arguments in a transaction, again if it fails to serialize, and give what it returns.

    `using` is the alias of the database. `retries`: how often it is run again at most, the last time as BEGIN IMMEDIATE; None: as
    the database's OPTIONS say. Raises what `function` raises, and OperationalError when no retry is left.
    """
    connection: Any = connections[using or DEFAULT_DB_ALIAS]
    if connection.in_atomic_block:
        again = 0
    else:
        again = getattr(connection, "retries", 0) if retries is None else retries
    while True:
        try:
            with transaction.atomic(using=using):
                return function(*args, **options)
        except OperationalError as error:
            if again <= 0 or not is_serialization_failure(error):
                raise
            again -= 1
            connection.begins_immediately = again == 0


def retrying_atomic(function: Any = None, *, using: str | None = None, retries: int | None = None) -> Any:
    """Decorate a function so that each call is a transaction that is run again if it fails to serialize. See `run_atomic`."""

    def decorate(inner: Any) -> Any:
        @wraps(inner)
        def call(*args: Any, **options: Any) -> Any:
            def body() -> Any:
                return inner(*args, **options)

            return run_atomic(body, using=using, retries=retries)

        return call

    return decorate if function is None else decorate(function)
