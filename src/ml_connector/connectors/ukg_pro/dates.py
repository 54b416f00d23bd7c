"""Dates in exactly the width of their format: a value that lost a zero, or has one too many, is never guessed
at.

`%Y %m %d %y %j %H %M %S` have a fixed number of digits, `%b` and `%B` are English month names in any case,
and `%-m` and `%-d` take one or two digits, where no digit follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

_DIGITS = {"Y": 4, "m": 2, "d": 2, "y": 2, "j": 3, "H": 2, "M": 2, "S": 2}
_MONTHS = (
    "January February March April May June July August September October November December".lower().split()
)
_PIVOT = 69
"""Two-digit years from here on are of the century before, as POSIX has it."""


class DateFormatError(ValueError):
    """The format of a date cannot be used."""


class DateReader:
    """Reads dates of one format. Raises `DateFormatError` for a format that names no day."""

    def __init__(self, form: str) -> None:
        self._form = form
        parts = re.findall(r"%(-?[A-Za-z%])|([^%]|%$)", form)
        names = [directive for directive, _ in parts if directive]
        for name in names:
            if name not in ("b", "B", "%", "-m", "-d") and name not in _DIGITS:
                raise DateFormatError(
                    f"%{name} of the date format {form} is not known; there are %Y %y %m %-m %b %B %d %-d %j"
                    " %H %M %S"
                )
            if names.count(name) > 1:
                raise DateFormatError(f"%{name} is used twice in the date format {form}")
        year = {"Y", "y"} & set(names)
        month = {"m", "-m", "b", "B"} & set(names)
        day = {"d", "-d"} & set(names)
        if len(year) != 1 or not ("j" in names or (len(month) == 1 and len(day) == 1)):
            raise DateFormatError(f"the date format {form} does not name one year, month and day")
        if re.search(r"%-[md](?:%[YmdyjHMS]|%-|[0-9])", form):
            raise DateFormatError(f"the date format {form} has no mark after a day or month of one digit")
        self._pattern = re.compile("".join(_pattern(*part) for part in parts), re.IGNORECASE | re.ASCII)
        varies = set(names) & {"b", "B", "-m", "-d"}
        self._width = 0 if varies else sum(_DIGITS.get(directive, 1) for directive, _ in parts)
        self._only_digits = bool(self._width) and not any(literal for _, literal in parts)

    def read(self, text: str) -> date:
        """The date. Raises `ValueError` with the reason, as a sentence."""
        found = self._pattern.fullmatch(text)
        if found is None:
            raise ValueError(self._why(text))
        try:
            return _date(found.groupdict())
        except ValueError:
            raise ValueError(f"There is no such day in the form {self._form}.") from None

    def _why(self, text: str) -> str:
        if self._only_digits and text.isdecimal() and len(text) != self._width:
            return f"The value has {len(text)} digits and the format {self._form} needs {self._width}."
        why = f"It is not a date of the form {self._form}"
        if self._width and len(text) != self._width:
            why += f": it has {len(text)} characters, and the format needs {self._width}"
        short = self._form.replace("%m", "%-m").replace("%d", "%-d")
        if short != self._form and _reads(short, text):
            why += f". Where the file leaves out leading zeros, the layout's date_format is {short}"
        return f"{why}."


def _reads(form: str, text: str) -> bool:
    try:
        DateReader(form).read(text)
    except ValueError:
        return False
    return True


def _pattern(directive: str, literal: str) -> str:
    if literal or directive == "%":
        return re.escape(literal or "%")
    if directive in ("-m", "-d"):
        return rf"(?P<{directive[1]}>[1-9][0-9]?)"
    if directive == "B":
        return f"(?P<name>{'|'.join(_MONTHS)})"
    if directive == "b":
        return f"(?P<name>{'|'.join(month[:3] for month in _MONTHS)})"
    return f"(?P<{directive}>[0-9]{{{_DIGITS[directive]}}})"


def _date(found: Mapping[str, str]) -> date:
    if "Y" in found:
        year = int(found["Y"])
    else:
        year = int(found["y"])
        year += 1900 if year >= _PIVOT else 2000
    if "j" in found:
        number = int(found["j"])
        result = date(year, 1, 1) + timedelta(days=number - 1)
        if not number or result.year != year:
            raise ValueError("no such day")
        return result
    month = int(found["m"]) if "m" in found else _month(found["name"])
    return date(year, month, int(found["d"]))


def _month(name: str) -> int:
    return next(place for place, month in enumerate(_MONTHS, 1) if month.startswith(name.lower()))
