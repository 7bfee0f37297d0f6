"""Values of Arrow, Parquet and DataFrames that SQL does not have, as ones that it has.

    dates, times               ISO 8601 texts, as `sqlite3` stores them: 2024-05-01, 2024-05-01 12:00:00.5
    durations                  what Python's `str` says: 1 day, 0:00:02
    decimals                   the text of their digits
    lists, structures          JSON text
    booleans                   0 and 1
    NaN                        NULL

Example: ``plain(decimal.Decimal("1.50"))`` is ``'1.50'``.
"""

from __future__ import annotations

import datetime
import decimal
import json
import math
from typing import Any


def plain(value: Any) -> Any:
    """A value as an int, float, str, bytes or None."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, datetime.timedelta)):
        return str(value)
    if isinstance(value, (list, dict, tuple)):
        return json.dumps(value, ensure_ascii=False, default=_in_json)
    return value if value is None or isinstance(value, (int, str, bytes)) else str(value)


def _in_json(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else plain(value)
