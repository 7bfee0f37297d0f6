"""pytest with SQLAlchemy's own plugin: this folder is run by `make suite-sqlalchemy` only (run.py)."""

import pytest

pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.dialects.sqlite import provision as _sqlite  # noqa: E402
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402, F403

# What the suite must know of a kind of database is looked up by the name in its URL.
for _hook in (
    _sqlite.upsert,
    _sqlite.temp_table_keyword_args,
    _sqlite.post_configure_engine,
    _sqlite.post_configure_testing_engine,
    _sqlite.stop_test_class_outside_fixtures,
):
    _hook.fns["aerodb"] = _hook.fns["sqlite"]
_sqlite.generate_driver_url.for_db("aerodb")(lambda url, driver, query: url)
