"""Date and time functions: date, time, datetime, julianday, unixepoch, strftime and the current_* keywords.

All take a time value and modifiers, each applied to the moment so far, left to right. A value or modifier that is none
makes the result NULL. Example: ``date('2024-03-31', '-1 month', 'start of month') == '2024-02-01'``.

    modifier                             what it does
    ``±N second|minute|hour|day``        adds that much (an s at the end may be there)
    ``±N month|year``                    adds to month or year, then 30 or 365 days times what N has after its point
    ``±HH:MM[:SS[.FFF]]``                adds a time of day
    ``start of day|month|year``          the beginning of it
    ``weekday N``                        forward to that weekday, 0 is Sunday
    ``unixepoch|julianday|auto``         first modifier only: how the number before is meant
    ``localtime|utc``                    between UTC and the time zone of the process

`CLOCK` is the seam to time and time zone. 'now' makes a call non-deterministic, so all of these count as such; within a
statement two calls may see different milliseconds (SQLite freezes the time of a statement). A number that is no date
stays NULL through localtime and utc, where SQLite 3.40 goes on with the year 2000. Keeps INV-Q4.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from aerodb_dbapi.executor.functions.define import scalar
from aerodb_dbapi.executor.functions.moments import (
    DAY,
    JULIAN_MAX,
    UNIX_EPOCH,
    Clock,
    Invalid,
    Moment,
    current,
    parse_moment,
    parse_time,
    to_local,
    to_utc,
)
from aerodb_dbapi.planner.functions import ScalarFunction
from aerodb_dbapi.storage.values import as_text, format_real, well_formed_number

CLOCK: Final = Clock()

# unit: (limit on the amount, seconds in one)
_UNITS: Final[dict[str, tuple[float, float]]] = {
    "second": (4.6427e14, 1.0), "minute": (7.7379e12, 60.0), "hour": (1.2897e11, 3600.0), "day": (5373485.0, 86400.0),
    "month": (176546.0, 2592000.0), "year": (14713.0, 31536000.0),
}  # fmt: skip
_SPACES: Final = " \t\n\v\f\r"
_AMOUNT: Final = re.compile(r".[^: \t-\r]*", re.DOTALL).match


def _moment(values: tuple[Any, ...]) -> Moment:
    """The moment that a function's arguments name; raises Invalid."""
    if not values:
        return current(CLOCK)
    first = values[0]
    if first is None:
        raise Invalid
    if type(first) is int or type(first) is float:
        moment = Moment()
        moment.set_raw(float(first))
    else:
        moment = parse_moment(_plain(first), CLOCK)
    for position, modifier in enumerate(values[1:]):
        if modifier is None:
            raise Invalid
        _modify(moment, _plain(modifier), position == 0)
    if not 0 <= moment.compute_jd() <= JULIAN_MAX:
        raise Invalid
    return moment


def _plain(value: Any) -> str:
    text: str = as_text(value)
    return text if "\0" not in text else text[: text.index("\0")]


# --- Modifiers --------------------------------------------------------------------------------------------------------


def _modify(moment: Moment, modifier: str, first: bool) -> None:
    """Apply one modifier; raises Invalid."""
    word = modifier.lower()
    if word in _WORDS:
        _WORDS[word](moment, first)
    elif word.startswith("weekday "):
        _weekday(moment, word[8:])
    elif word.startswith("start of "):
        _start_of(moment, word[9:])
    elif word and word[0] in "+-0123456789":
        _shift(moment, word)
    else:
        raise Invalid


def _unixepoch(moment: Moment, first: bool) -> None:
    milliseconds = moment.second * 1000.0 + UNIX_EPOCH
    if not (first and moment.raw and 0.0 <= milliseconds < 464269060800000.0):
        raise Invalid
    moment.set_jd(int(milliseconds + 0.5))
    moment.raw = False


def _julianday(moment: Moment, first: bool) -> None:
    if not (first and moment.has_jd and moment.raw):
        raise Invalid
    moment.raw = False


def _auto(moment: Moment, first: bool) -> None:
    if not first:
        raise Invalid
    if not moment.raw or moment.has_jd:
        moment.raw = False
    elif -210866760000 <= moment.second <= 253402300799:
        moment.set_jd(int(moment.second * 1000.0 + UNIX_EPOCH + 0.5))
        moment.raw = False
    else:
        raise Invalid


_WORDS: Final[dict[str, Callable[[Moment, bool], None]]] = {
    "unixepoch": _unixepoch,
    "julianday": _julianday,
    "auto": _auto,
    "localtime": lambda moment, first: to_local(moment, CLOCK),
    "utc": lambda moment, first: to_utc(moment, CLOCK),
}


def _weekday(moment: Moment, text: str) -> None:
    number = well_formed_number(text)
    if number is None or not 0 <= number < 7 or number != int(number):
        raise Invalid
    moment.compute_both()
    moment.has_zone = moment.has_jd = False
    today = (moment.compute_jd() + 129_600_000) // DAY % 7
    moment.set_jd(moment.jd + (int(number) - (today - 7 if today > number else today)) * DAY)


def _start_of(moment: Moment, unit: str) -> None:
    if unit not in ("day", "month", "year") or not (moment.has_jd or moment.has_date or moment.has_time):
        raise Invalid
    moment.compute_date()
    moment.has_time = True
    moment.hour = moment.minute = 0
    moment.second = 0.0
    moment.raw = moment.has_zone = moment.has_jd = False
    if unit != "day":
        moment.day = 1
    if unit == "year":
        moment.month = 1


def _shift(moment: Moment, word: str) -> None:
    match = _AMOUNT(word)
    assert match is not None
    end = match.end()
    amount = well_formed_number(match[0])
    if amount is None:
        raise Invalid
    if word[end : end + 1] == ":":
        _add_time(moment, word)
        return
    unit = word[end:].lstrip(_SPACES)
    if not 3 <= len(unit.encode()) <= 10:
        raise Invalid
    unit = unit.removesuffix("s")
    moment.compute_jd()
    if unit not in _UNITS or not -_UNITS[unit][0] < amount < _UNITS[unit][0]:
        raise Invalid
    _add_units(moment, float(amount), unit)


def _add_time(moment: Moment, word: str) -> None:
    added = Moment()
    if not parse_time(word[1:] if word[0] in "+-" else word, added):
        raise Invalid
    step = (added.compute_jd() - 43_200_000) % DAY
    moment.set_jd(moment.compute_jd() + (-step if word[0] == "-" else step))


def _add_units(moment: Moment, amount: float, unit: str) -> None:
    rounder = -0.5 if amount < 0 else 0.5
    if unit in ("month", "year"):
        moment.compute_both()
        whole = int(amount)
        if unit == "year":
            moment.year += whole
        else:
            years, month = divmod(moment.month + whole - 1, 12)
            moment.year += years
            moment.month = month + 1
        moment.has_jd = False
        amount -= whole
    jd = moment.compute_jd()
    moment.set_jd(jd + int(amount * 1000.0 * _UNITS[unit][1] + rounder))


# --- Functions --------------------------------------------------------------------------------------------------------


class _Fleeting(Exception):
    """Carries a result that depends on the clock past the memory of `_function`."""


def _function(compute: Callable[[Moment, tuple[Any, ...]], Any], first: int = 0) -> Callable[..., Any]:
    """A SQL function: the moment named by the arguments from `first` on, and what to make of it.

    Recent results are remembered, for columns repeat their dates; those that looked at the clock are not.
    """

    @lru_cache(8192)
    def remembered(*values: Any) -> Any:
        try:
            moment = _moment(values[first:])
            result = compute(moment, values)
        except Invalid:
            return None
        if moment.fleeting:
            raise _Fleeting(result)
        return result

    def function(*values: Any) -> Any:
        try:
            return remembered(*values)
        except _Fleeting as seen:
            return seen.args[0]

    return function


def _date(moment: Moment) -> str:
    moment.compute_date()
    return f"{'-' if moment.year < 0 else ''}{abs(moment.year):04d}-{moment.month:02d}-{moment.day:02d}"


def _time(moment: Moment) -> str:
    moment.compute_time()
    return f"{moment.hour:02d}:{moment.minute:02d}:{int(moment.second):02d}"


def _datetime(moment: Moment) -> str:
    moment.compute_both()
    return f"{_date(moment)} {_time(moment)}"


def _unix(moment: Moment) -> int:
    return moment.jd // 1000 - UNIX_EPOCH // 1000


def _strftime(moment: Moment, values: tuple[Any, ...]) -> str | None:
    """The moment in a format; NULL where the format has an unknown letter."""
    if values[0] is None:
        return None
    moment.compute_both()
    pieces = _plain(values[0]).split("%")
    made = [pieces[0]]
    following = iter(pieces[1:])
    for piece in following:
        if piece:
            if piece[0] not in _LETTERS:
                return None
            made.append(_LETTERS[piece[0]](moment) + piece[1:])
        else:
            # "%%", or a "%" at the end
            after = next(following, None)
            if after is None:
                return None
            made.append("%" + after)
    return "".join(made)


def _seconds(moment: Moment) -> str:
    return format_real(min(moment.second, 59.999), 3, "f").rjust(6, "0")


def _day_of_year(moment: Moment) -> int:
    first = moment.copy()
    first.has_jd = False
    first.month = first.day = 1
    return (moment.jd - first.compute_jd() + 43_200_000) // DAY


def _week(moment: Moment) -> str:
    monday_based = (moment.jd + 43_200_000) // DAY % 7
    return f"{(_day_of_year(moment) + 7 - monday_based) // 7:02d}"


_LETTERS: Final[dict[str, Callable[[Moment], str]]] = {
    "d": lambda m: f"{m.day:02d}",
    "f": _seconds,
    "H": lambda m: f"{m.hour:02d}",
    "j": lambda m: f"{_day_of_year(m) + 1:03d}",
    "J": lambda m: format_real(m.jd / 86400000.0, 16, "g"),
    "m": lambda m: f"{m.month:02d}",
    "M": lambda m: f"{m.minute:02d}",
    "s": lambda m: str(_unix(m)),
    "S": lambda m: f"{int(m.second):02d}",
    "w": lambda m: str((m.jd + 129_600_000) // DAY % 7),
    "W": _week,
    "Y": lambda m: f"{m.year:04d}",
}

date = _function(lambda moment, values: _date(moment))
time_of_day = _function(lambda moment, values: _time(moment))
datetime = _function(lambda moment, values: _datetime(moment))
julianday = _function(lambda moment, values: moment.jd / 86400000.0)
unixepoch = _function(lambda moment, values: _unix(moment))
_formatted = _function(_strftime, 1)


def strftime(*values: Any) -> str | None:
    """strftime(FORMAT, time value, modifier, …)"""
    return _formatted(*values) if values else None


FUNCTIONS: Final[tuple[ScalarFunction, ...]] = (
    *scalar("date", date, -1, deterministic=False),
    *scalar("time", time_of_day, -1, deterministic=False),
    *scalar("datetime", datetime, -1, deterministic=False),
    *scalar("julianday", julianday, -1, deterministic=False),
    *scalar("unixepoch", unixepoch, -1, deterministic=False),
    *scalar("strftime", strftime, -1, deterministic=False),
    *scalar("current_date", date, 0, deterministic=False),
    *scalar("current_time", time_of_day, 0, deterministic=False),
    *scalar("current_timestamp", datetime, 0, deterministic=False),
)
