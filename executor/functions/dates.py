"""Date and time functions: date, time, datetime, julianday, unixepoch, strftime and the current_* keywords.

All take a time value and modifiers, each applied to the moment so far, left to right. A value or modifier that is none
makes the result NULL. Example: ``date('2024-03-31', '-1 month', 'start of month') == '2024-02-01'``.

    modifier                             what it does
    ``±N second|minute|hour|day``        adds that much (an s at the end may be there)
    ``±N month|year``                    adds to month or year, then 30 or 365 days times what N has after its point
    ``±HH:MM[:SS[.FFF]]``                adds a time of day
    ``±YYYY-MM-DD [HH:MM[:SS[.FFF]]]``   adds years, months, days and a time of day
    ``floor|ceiling``                    after years and months were added: 31 February is the last of February, or 3 March
    ``start of day|month|year``          the beginning of it
    ``weekday N``                        forward to that weekday, 0 is Sunday
    ``unixepoch|julianday|auto``         first modifier only: how the number before is meant
    ``localtime|utc``                    between UTC and the time zone of the process
    ``subsec|subsecond``                 time, datetime, unixepoch and %s show milliseconds

`CLOCK` is the seam to time and time zone. 'now' makes a call non-deterministic, so all of these count as such; within a
statement it is one moment, the `Instant` that compiled statements pass first to the timed form of each function. A number that is no date
stays NULL through localtime and utc, where SQLite 3.40 goes on with the year 2000. Keeps INV-Q4.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from math import fmod
from typing import Any, Final

from aerodb_dbapi.executor.functions.define import scalar
from aerodb_dbapi.executor.functions.moments import (
    CLOCK,
    DAY,
    JULIAN_MAX,
    UNIX_EPOCH,
    Instant,
    Invalid,
    Moment,
    current,
    parse_moment,
    parse_time,
    to_local,
    to_utc,
)
from aerodb_dbapi.planner.functions import ScalarFunction
from aerodb_dbapi.storage.raw_text import bytes_of
from aerodb_dbapi.storage.values import as_text, format_real, well_formed_number

# unit: (limit on the amount, seconds in one)
_UNITS: Final[dict[str, tuple[float, float]]] = {
    "second": (4.6427e14, 1.0), "minute": (7.7379e12, 60.0), "hour": (1.2897e11, 3600.0), "day": (5373485.0, 86400.0),
    "month": (176546.0, 2592000.0), "year": (14713.0, 31536000.0),
}  # fmt: skip
_SPACES: Final = " \t\n\v\f\r"
_CALENDAR: Final = re.compile(
    r"([+-])([0-9]{4,5})-([0-9]{2})-([0-9]{2})(?:[ \t-\r]([0-9]{2}:[0-9]{2}.*))?", re.DOTALL
).fullmatch
_AMOUNT: Final = re.compile(r".[^: \t-\r]*", re.DOTALL).match


def _moment(values: tuple[Any, ...], now: Callable[[], int]) -> Moment:
    """The moment that a function's arguments name; raises Invalid."""
    if not values:
        return current(now)
    first = values[0]
    if first is None:
        raise Invalid
    if type(first) is int or type(first) is float:
        moment = Moment()
        moment.set_raw(float(first))
    else:
        moment = parse_moment(_plain(first), now)
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
    "floor": lambda moment, first: _floor(moment, moment.excess),
    "ceiling": lambda moment, first: _floor(moment, 0),
    "subsec": lambda moment, first: _subsecond(moment),
    "subsecond": lambda moment, first: _subsecond(moment),
    "localtime": lambda moment, first: to_local(moment, CLOCK),
    "utc": lambda moment, first: to_utc(moment, CLOCK),
}


def _floor(moment: Moment, days: int) -> None:
    moment.set_jd(moment.compute_jd() - days * DAY)
    moment.excess = 0 if not days else moment.excess


def _subsecond(moment: Moment) -> None:
    moment.subsecond = True


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
    calendar = _CALENDAR(word)
    if calendar is not None:
        _add_calendar(moment, *calendar.groups())
        return
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
    if not 3 <= len(bytes_of(unit)) <= 10:
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


def _add_calendar(moment: Moment, sign: str, years: str, months: str, days: str, clock: str | None) -> None:
    """±YYYY-MM-DD, with months below 12 and days below 31, and perhaps a time of day."""
    if int(months) >= 12 or int(days) >= 31:
        raise Invalid
    way = -1 if sign == "-" else 1
    moment.compute_both()
    _add_months(moment, way * (int(years) * 12 + int(months)))
    moment.set_jd(moment.compute_jd() + way * int(days) * DAY)
    if clock is not None:
        _add_time(moment, sign + clock)


def _add_months(moment: Moment, count: int) -> None:
    years, month = divmod(moment.month + count - 1, 12)
    moment.year += years
    moment.month = month + 1
    moment.note_excess()
    moment.has_jd = False


def _add_units(moment: Moment, amount: float, unit: str) -> None:
    rounder = -0.5 if amount < 0 else 0.5
    moment.excess = 0
    if unit in ("month", "year"):
        moment.compute_both()
        whole = int(amount)
        _add_months(moment, whole * 12 if unit == "year" else whole)
        amount -= whole
    jd = moment.compute_jd()
    moment.set_jd(jd + int(amount * 1000.0 * _UNITS[unit][1] + rounder))


# --- Functions --------------------------------------------------------------------------------------------------------


class _Fleeting(Exception):
    """The result depends on the clock or the time zone: it is not to be remembered."""


def _no_clock() -> int:
    raise _Fleeting


def _function(compute: Callable[[Moment, tuple[Any, ...]], Any], first: int = 0) -> Callable[..., Any]:
    """The timed form of a SQL function: the moment named by the arguments from `first` on, and what to make of it.

    Recent results are remembered, for columns repeat their dates; those that looked at the clock are not.
    """

    def computed(now: Callable[[], int], values: tuple[Any, ...]) -> tuple[Any, bool]:
        try:
            moment = _moment(values[first:], now)
            return compute(moment, values), moment.fleeting
        except Invalid:
            return None, False

    @lru_cache(8192)
    def remembered(*values: Any) -> Any:
        result, fleeting = computed(_no_clock, values)
        if fleeting:
            raise _Fleeting
        return result

    def function(instant: Instant, *values: Any) -> Any:
        try:
            return remembered(*values)
        except _Fleeting:
            return computed(instant.now, values)[0]

    return function


def _at_once(timed: Callable[..., Any]) -> Callable[..., Any]:
    """The form of a function that reads the clock itself."""

    def function(*values: Any) -> Any:
        return timed(Instant(), *values)

    return function


def _date(moment: Moment) -> str:
    moment.compute_date()
    return f"{'-' if moment.year < 0 else ''}{abs(moment.year):04d}-{moment.month:02d}-{moment.day:02d}"


def _time(moment: Moment) -> str:
    moment.compute_time()
    before = f"{moment.hour:02d}:{moment.minute:02d}"
    if moment.subsecond:
        seconds, milliseconds = divmod(int(1000.0 * moment.second + 0.5), 1000)
        return f"{before}:{seconds:02d}.{milliseconds:03d}"
    return f"{before}:{int(moment.second):02d}"


def _datetime(moment: Moment) -> str:
    moment.compute_both()
    return f"{_date(moment)} {_time(moment)}"


def _unix(moment: Moment) -> int | float:
    if moment.subsecond:
        return (moment.jd - UNIX_EPOCH) / 1000.0
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


def _week(moment: Moment, first: int) -> str:
    """The week of the year, from 00; weeks begin on Sunday (first 0) or Monday (1)."""
    since = (moment.jd + 129_600_000 - first * DAY) // DAY % 7
    return f"{(_day_of_year(moment) + 7 - since) // 7:02d}"


def _thursday(moment: Moment) -> Moment:
    """The Thursday of the same week, whose year and week are those of ISO 8601."""
    made = moment.copy()
    made.set_jd(moment.jd + (3 - (moment.jd + 43_200_000) // DAY % 7) * DAY)
    made.compute_both()
    return made


def _clock_hour(moment: Moment) -> int:
    return (moment.hour + 11) % 12 + 1


def _epoch(moment: Moment) -> str:
    seconds = _unix(moment)
    return f"{seconds:.3f}" if moment.subsecond else str(seconds)


_LETTERS: Final[dict[str, Callable[[Moment], str]]] = {
    "d": lambda m: f"{m.day:02d}",
    "e": lambda m: f"{m.day:2d}",
    "f": _seconds,
    "F": lambda m: f"{m.year:04d}-{m.month:02d}-{m.day:02d}",
    "g": lambda m: f"{int(fmod(_thursday(m).year, 100)):02d}",  # a negative year keeps its sign
    "G": lambda m: f"{_thursday(m).year:04d}",
    "H": lambda m: f"{m.hour:02d}",
    "I": lambda m: f"{_clock_hour(m):02d}",
    "k": lambda m: f"{m.hour:2d}",
    "l": lambda m: f"{_clock_hour(m):2d}",
    "p": lambda m: "PM" if m.hour >= 12 else "AM",
    "P": lambda m: "pm" if m.hour >= 12 else "am",
    "R": lambda m: f"{m.hour:02d}:{m.minute:02d}",
    "T": lambda m: f"{m.hour:02d}:{m.minute:02d}:{int(m.second):02d}",
    "u": lambda m: str((m.jd + 43_200_000) // DAY % 7 + 1),
    "U": lambda m: _week(m, 0),
    "V": lambda m: f"{_day_of_year(_thursday(m)) // 7 + 1:02d}",
    "j": lambda m: f"{_day_of_year(m) + 1:03d}",
    "J": lambda m: format_real(m.jd / 86400000.0, 16, "g"),
    "m": lambda m: f"{m.month:02d}",
    "M": lambda m: f"{m.minute:02d}",
    "s": _epoch,
    "S": lambda m: f"{int(m.second):02d}",
    "w": lambda m: str((m.jd + 129_600_000) // DAY % 7),
    "W": lambda m: _week(m, 1),
    "Y": lambda m: f"{m.year:04d}",
}


def _difference(instant: Instant, later: Any, earlier: Any) -> str | None:
    """timediff(A, B): what is to be added to B to get A, as ±YYYY-MM-DD HH:MM:SS.SSS."""
    if later is None or earlier is None:
        return None
    try:
        first, second = _moment((later,), instant.now), _moment((earlier,), instant.now)
        for moment in (first, second):
            if moment.has_date and moment.day > 28:
                moment.has_date = False  # the 31st of June is the 1st of July
            moment.compute_both()
        return _apart(first, second)
    except Invalid:
        return None


def _apart(first: Moment, second: Moment) -> str:
    way = 1 if first.jd >= second.jd else -1
    years = way * (first.year - second.year)
    months = way * (first.month - second.month)
    if months < 0:
        years, months = years - 1, months + 12
    if years or months:
        second.year, second.month, second.has_jd = first.year, first.month, False
    while way * (first.jd - second.compute_jd()) < 0:
        years, months = (years, months - 1) if months else (years - 1, 11)
        at = second.year * 12 + second.month - 1 - way
        second.year, second.month, second.has_jd = at // 12, at % 12 + 1, False
    rest = Moment()
    rest.set_jd(way * (first.jd - second.jd) + _YEAR_ZERO)
    rest.compute_both()
    seconds = format_real(rest.second, 3, "f").rjust(6, "0")
    sign = "+" if way > 0 else "-"
    return f"{sign}{years:04d}-{months:02d}-{rest.day - 1:02d} {rest.hour:02d}:{rest.minute:02d}:{seconds}"


_YEAR_ZERO: Final = 148_699_540_800_000  # 0000-01-01 in Julian milliseconds

date = _function(lambda moment, values: _date(moment))
time_of_day = _function(lambda moment, values: _time(moment))
datetime = _function(lambda moment, values: _datetime(moment))
julianday = _function(lambda moment, values: moment.jd / 86400000.0)
unixepoch = _function(lambda moment, values: _unix(moment))
_formatted = _function(_strftime, 1)


def strftime(instant: Instant, *values: Any) -> str | None:
    """strftime(FORMAT, time value, modifier, …)"""
    return _formatted(instant, *values) if values else None


def _timed(name: str, timed: Callable[..., Any], count: int = -1) -> tuple[ScalarFunction, ...]:
    return scalar(name, _at_once(timed), count, deterministic=False, timed=timed)


FUNCTIONS: Final[tuple[ScalarFunction, ...]] = (
    *_timed("date", date),
    *_timed("time", time_of_day),
    *_timed("datetime", datetime),
    *_timed("julianday", julianday),
    *_timed("unixepoch", unixepoch),
    *_timed("strftime", strftime),
    *_timed("timediff", _difference, 2),
    *_timed("current_date", date, 0),
    *_timed("current_time", time_of_day, 0),
    *_timed("current_timestamp", datetime, 0),
)
