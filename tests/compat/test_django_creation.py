"""The test database's maker beside Django's own."""

from __future__ import annotations

import pytest

pytest.importorskip("django")


def test_warnings_of_create_test_db_name_its_caller() -> None:
    """Django counts the calls between a deprecated call and its warning: there must be none of ours."""
    from django.db.backends.base.creation import BaseDatabaseCreation

    from aerodb_dbapi.compat.django.creation import DatabaseCreation

    assert DatabaseCreation.create_test_db is BaseDatabaseCreation.create_test_db
