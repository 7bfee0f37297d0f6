"""`aerodb_dbapi.dbapi2`: the names of the package once more, for programs that say ``from sqlite3 import dbapi2``."""

from __future__ import annotations

from typing import Any as _Any

import aerodb_dbapi as _package
from aerodb_dbapi import *  # noqa: F403
from aerodb_dbapi.compatibility import deprecated_name as _deprecated_name

__all__ = list(_package.__all__)


def __getattr__(name: str) -> _Any:
    return _deprecated_name(__name__, name, _package._VERSIONS)
