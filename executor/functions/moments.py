"""A point in time as SQLite's date functions keep it, and the calendar that goes with it.

A `Moment` has up to three forms, each with a flag that says whether it holds: `jd`, milliseconds since noon of
-4713-11-24 (the Julian day number times 86,400,000); year, month, day; hour, minute, second. Forms are computed from
one another when asked for, exactly as date.c of SQLite does it, because what a modifier sees depends on which of
them are there: `date('2023-02-31')` keeps its impossible day until something needs the Julian day.

Example: ``parse_moment("2024-02-29 12:00", clock).julian() == 212576292000000 + ...``; noon of that day is 2460370.0
days.

The calendar is the proleptic Gregorian one; years run from -4713 to 9999. `Invalid` is raised inside where SQLite
answers NULL; it never leaves the date functions. Times of day are `float` seconds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from aerodb_dbapi.storage.values import well_formed_number

DAY: Final = 86_400_000
JULIAN_MAX: Final = 464_269_060_799_999
UNIX_EPOCH: Final = 210_866_760_000_000  # 1970-01-01 in Julian milliseconds

_TIME: Final = re.compile(
    r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?[ \t-\r]*(?:([zZ])|([+-])([0-9]{2}):([0-9]{2}))?[ \t-\r]*",
    re.ASCII,
).fullmatch
_DATE: Final = re.compile(r"(-?)([0-9]{4})-([0-9]{2})-([0-9]{2})[ \t-\rT]*", re.ASCII).match


class Invalid(Exception):
    """Not a date: the function's result is NULL."""


def now_unix_ms() -> int:
    """The clock: milliseconds since 1970. Tests put another function in its place (`clock.now`)."""
    return time.time_ns() // 1_000_000


class Clock:
    """The seam to time and time zone."""

    __slots__ = ("local", "now")

    def __init__(self) -> None:
        self.now: Callable[[], int] = now_unix_ms
        self.local: Callable[[int], time.struct_time] = time.localtime


def _truncated(a: int, b: int) -> int:
    """a / b toward zero, as in C."""
    return a // b if a >= 0 else -(-a // b)


CLOCK: Final = Clock()
SUBSECOND: Final = ("subsec", "subsecond")
_LONG_MONTHS: Final = frozenset((1, 3, 5, 7, 8, 10, 12))


class Instant:
    """The moment of one run of a statement: the clock is read once, when 'now' is first asked for."""

    __slots__ = ("_milliseconds",)

    def __init__(self) -> None:
        self._milliseconds: int | None = None

    def now(self) -> int:
        """Milliseconds since 1970."""
        if self._milliseconds is None:
            self._milliseconds = CLOCK.now()
        return self._milliseconds


class Moment:
    """A date and time; see the module's docstring. `fleeting`: it came of the clock or the time zone. `excess`: by how many
    days the day was beyond the end of its month, for the modifier 'floor'. `subsecond`: show milliseconds."""

    __slots__ = (
        "day", "excess", "fleeting", "has_date", "has_jd", "has_time", "has_zone", "hour", "jd", "minute", "month", "raw",
        "second", "subsecond", "year", "zone", "zone_given",
    )  # fmt: skip

    def __init__(self) -> None:
        self.jd = 0
        self.year, self.month, self.day = 2000, 1, 1
        self.hour = self.minute = self.zone = 0
        self.second = 0.0
        self.excess = 0
        self.subsecond = False
        self.has_jd = self.has_date = self.has_time = self.has_zone = self.zone_given = self.raw = self.fleeting = False

    def copy(self) -> Moment:
        """An independent copy."""
        made = Moment()
        for name in Moment.__slots__:
            setattr(made, name, getattr(self, name))
        return made

    def set_jd(self, jd: int) -> None:
        """Make `jd` the only form that holds."""
        self.jd = jd
        self.has_jd = True
        self.forget()

    def forget(self) -> None:
        """Date, time of day and zone no longer hold."""
        self.has_date = self.has_time = self.has_zone = False

    def compute_jd(self) -> int:
        """The Julian milliseconds, from date and time of day."""
        if self.has_jd:
            return self.jd
        year, month, day = (self.year, self.month, self.day) if self.has_date else (2000, 1, 1)
        if year < -4713 or year > 9999 or self.raw:
            raise Invalid
        if month <= 2:
            year -= 1
            month += 12
        century = _truncated(year, 100)
        leap = 2 - century + _truncated(century, 4)
        days = 36525 * (year + 4716) // 100 + 306001 * (month + 1) // 10000 + day + leap
        self.jd = int((days - 1524.5) * DAY)
        self.has_jd = True
        if self.has_time:
            self.jd += self.hour * 3_600_000 + self.minute * 60_000 + int(self.second * 1000 + 0.5)
            if self.has_zone:
                self.jd -= self.zone * 60_000
                self.forget()
        return self.jd

    def compute_date(self) -> None:
        """Year, month and day, from the Julian milliseconds."""
        if self.has_date:
            return
        if not self.has_jd:
            self.year, self.month, self.day = 2000, 1, 1
        elif not 0 <= self.jd <= JULIAN_MAX:
            raise Invalid
        else:
            z = (self.jd + 43_200_000) // DAY
            a = int((z - 1867216.25) / 36524.25)
            b = z + 1 + a - _truncated(a, 4) + 1524
            c = int((b - 122.1) / 365.25)
            d = 36525 * (c & 32767) // 100
            e = int((b - d) / 30.6001)
            self.day = b - d - int(30.6001 * e)
            self.month = e - 1 if e < 14 else e - 13
            self.year = c - 4716 if self.month > 2 else c - 4715
        self.has_date = True

    def compute_time(self) -> None:
        """Hour, minute and second, from the Julian milliseconds."""
        if self.has_time:
            return
        in_day = (self.compute_jd() + 43_200_000) % DAY
        seconds = in_day / 1000.0
        whole = int(seconds)
        fraction = seconds - whole
        self.hour, rest = divmod(whole, 3600)
        self.minute = rest // 60
        self.second = fraction + rest % 60
        self.raw = False
        self.has_time = True

    def note_excess(self) -> None:
        """Remember by how much the day is beyond the end of the month."""
        year, month, day = self.year, self.month, self.day
        if day <= 28 or month in _LONG_MONTHS:
            self.excess = 0
        elif month != 2:
            self.excess = int(day == 31)
        else:
            leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
            self.excess = day - (29 if leap else 28)

    def compute_both(self) -> None:
        """Date and time of day."""
        self.compute_date()
        self.compute_time()

    def set_raw(self, number: float) -> None:
        """A bare number: a Julian day number, or something that a first modifier explains."""
        self.second = number
        self.raw = True
        if 0.0 <= number < 5373484.5:
            self.jd = int(number * 86400000.0 + 0.5)
            self.has_jd = True


def parse_time(text: str, moment: Moment) -> bool:
    """HH:MM[:SS[.FFF]] [zone] into the moment; False if the text is none."""
    match = _TIME(text)
    if match is None:
        return False
    hour, minute, second, fraction, zulu, sign, zone_hour, zone_minute = match.groups()
    if int(hour) > 24 or int(minute) > 59 or int(second or 0) > 59:
        return False
    if sign and (int(zone_hour) > 14 or int(zone_minute) > 59):
        return False
    moment.zone = (int(zone_hour) * 60 + int(zone_minute)) * (-1 if sign == "-" else 1) if sign else 0
    moment.zone_given = moment.zone_given or bool(zulu or sign)
    moment.has_jd = moment.raw = False
    moment.has_time = True
    moment.hour, moment.minute = int(hour), int(minute)
    moment.second = int(second or 0) + (_fraction(fraction) if fraction else 0.0)
    moment.has_zone = moment.zone != 0
    return True


def _fraction(digits: str) -> float:
    """.FFF as C computes it, digit by digit."""
    value, scale = 0.0, 1.0
    for digit in digits:
        value = value * 10.0 + ord(digit) - 48
        scale *= 10.0
    return value / scale if scale - scale == 0 else 0.0


def _parse_date(text: str, moment: Moment) -> bool:
    match = _DATE(text)
    if match is None:
        return False
    sign, year, month, day = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return False
    rest = text[match.end() :]
    if rest and not parse_time(rest, moment):
        return False
    moment.has_jd = False
    moment.has_date = True
    moment.year, moment.month, moment.day = (-int(year) if sign else int(year)), int(month), int(day)
    moment.note_excess()
    if moment.has_zone:
        moment.compute_jd()
    return True


def parse_moment(text: str, now: Callable[[], int]) -> Moment:
    """A time value: a date, a time of day, 'now' or a number; 'subsec' is 'now' with its milliseconds."""
    moment = Moment()
    if _parse_date(text, moment) or parse_time(text, moment):
        return moment
    if text.lower() in ("now", *SUBSECOND):
        moment = current(now)
        moment.subsecond = text.lower() != "now"
        return moment
    number = well_formed_number(text)
    if number is None:
        raise Invalid
    moment.set_raw(float(number))
    return moment


def current(now: Callable[[], int]) -> Moment:
    """The moment that a clock shows."""
    moment = Moment()
    moment.jd = now() + UNIX_EPOCH
    moment.has_jd = moment.fleeting = True
    return moment


def to_local(moment: Moment, clock: Clock) -> None:
    """From UTC to the zone of the clock; years outside 1970–2037 by an equivalent year within."""
    jd = moment.compute_jd()
    shift = 0
    if not 210_866_760_000_000 <= jd <= 213_014_145_600_000:
        probe = moment.copy()
        probe.compute_both()
        shift = 2000 + (probe.year - _truncated(probe.year, 4) * 4) - probe.year
        probe.year += shift
        probe.has_jd = False
        jd = probe.compute_jd()
    local = clock.local(_truncated(jd, 1000) - UNIX_EPOCH // 1000)
    moment.year, moment.month, moment.day = local.tm_year - shift, local.tm_mon, local.tm_mday
    moment.hour, moment.minute = local.tm_hour, local.tm_min
    moment.second = local.tm_sec + (moment.jd % 1000) * 0.001
    moment.has_date = moment.has_time = True
    moment.has_jd = moment.raw = moment.has_zone = False
    moment.fleeting = True


def to_utc(moment: Moment, clock: Clock) -> None:
    """From the zone of the clock to UTC, by trying."""
    if moment.zone_given:
        return
    sought = guess = moment.compute_jd()
    error = 0
    for _ in range(4):
        guess -= error
        probe = Moment()
        probe.set_jd(guess)
        to_local(probe, clock)
        error = probe.compute_jd() - sought
        if not error:
            break
    moment.__init__()  # type: ignore[misc]
    moment.jd = guess
    moment.has_jd = moment.zone_given = moment.fleeting = True
