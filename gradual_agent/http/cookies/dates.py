"""The dates of cookies, as servers write them (RFC 6265bis, 5.1.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

MIN_YEAR: Final = 1601
"""An earlier date is none (5.1.1, 5)."""

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE_DELIMITER = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(r"([0-9]{2,4})(?![0-9])")


def read_date(text: str) -> datetime | None:
    """A date in any form that servers write (5.1.1); None if it cannot be read."""
    found: dict[str, tuple[int, ...]] = {}
    for token in _DATE_DELIMITER.split(text):
        _read_token(token, found)
    if len(found) < 4:
        return None
    year = found["year"][0]
    year += 2000 if year < 70 else 1900 if year < 100 else 0
    if year < MIN_YEAR:
        return None
    try:
        hour, minute, second = found["time"]
        return datetime(year, found["month"][0], found["day"][0], hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _read_token(token: str, found: dict[str, tuple[int, ...]]) -> None:
    """Store `token` as the first part that it can be and that is still missing: time, day, month, year (5.1.1)."""
    time, day, year = _TIME.match(token), _DAY.match(token), _YEAR.match(token)
    month = token[:3].lower()
    if time and "time" not in found:
        found["time"] = tuple(int(part) for part in time.groups())
    elif day and "day" not in found:
        found["day"] = (int(day[1]),)
    elif month in _MONTHS and "month" not in found:
        found["month"] = (_MONTHS.index(month) + 1,)
    elif year and "year" not in found:
        found["year"] = (int(year[1]),)
