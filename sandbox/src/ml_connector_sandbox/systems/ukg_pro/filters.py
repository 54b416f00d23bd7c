"""Filters in a query: which rows they leave over, and what they refuse.

Every filter that the vendor lists for an endpoint works on every row of it; a value that is not of the
filter's kind, or does not fit its pattern, is a 400. Names that are not listed are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from ml_connector_sandbox.systems.ukg_pro.paging import BadParameter, Query
from ml_connector_sandbox.systems.ukg_pro.render import dump
from ml_connector_sandbox.systems.ukg_pro.schema import Filter, Schema

YEARS = range(1753, 9999)
"""The years a date of the vendor's database can have, less the last, so that a day can be added."""
TRUTH = {"true": True, "y": True, "yes": True, "1": True, "false": False, "n": False, "no": False, "0": False}
Test = Callable[[Mapping[str, Any]], bool]

_DATE_VALUE = re.compile(
    r"(?P<operator>=?[<>]?|[<>]=?)(?P<one>\d{2}-\d{2}-\d{4})"
    r"|=?\{(?P<low>\d{2}-\d{2}-\d{4}),(?P<high>\d{2}-\d{2}-\d{4})\}"
)


def row_tests(schema: Schema, query: Query, but: Collection[str] = ()) -> Iterator[Test]:
    """A test of a row for each filter in the query; `but` names those that somebody else looks at.

    BadParameter for a value that cannot be read, also of one in `but`, and for one that is required and not
    there.
    """
    elsewhere = {name.lower() for name in but}
    for name, known in schema.filters.items():
        value = value_of(known, query)
        if value is not None and name not in elsewhere:
            yield _test(known, value)


def value_of(known: Filter, query: Query) -> str | None:
    """The value of a filter as it was sent. BadParameter when it does not fit the pattern, or is missing."""
    value = query.text(known.name)
    if value is None and known.required:
        raise BadParameter(known.name, f"The {known.name} field is required.")
    if value is not None and known.pattern is not None and not known.pattern.fullmatch(value):
        raise BadParameter(
            known.name,
            f"The field {known.name} must match the regular expression '^{known.pattern.pattern}$'.",
        )
    return value


def _test(known: Filter, value: str) -> Test:
    if known.kind in ("moment", "date"):
        low, high = date_range(known.name, value) if known.kind == "date" else _day(known.name, value)
        return partial(_is_within, name=known.name, low=low, high=high)
    if known.kind == "boolean":
        if value.lower() not in ("true", "false"):
            raise BadParameter(known.name, f"The value '{value}' is not valid for {known.name}.")
        return partial(_is_true, name=known.name, wanted=value.lower() == "true")
    if known.kind == "number":
        if not re.fullmatch(r"-?[0-9]{1,10}", value):
            raise BadParameter(known.name, f"The value '{value}' is not valid for {known.name}.")
        value = str(int(value))
    wanted = {part.strip().lower() for part in value.strip("[]").split(",")}
    return partial(_is_one_of, name=known.name, wanted=wanted, wild=known.takes_wildcards)


def _is_true(row: Mapping[str, Any], *, name: str, wanted: bool) -> bool:
    return TRUTH.get(_as_text(_get(row, name)), False) is wanted


def _is_one_of(row: Mapping[str, Any], *, name: str, wanted: set[str], wild: bool) -> bool:
    held = _get(row, name)
    text = _as_text(held)
    if isinstance(held, bool) or text in ("y", "n"):
        # A flag, however the endpoint writes it: true and false, or Y and N.
        return any(TRUTH.get(part) is TRUTH[text] for part in wanted)
    if wild:
        return any(fnmatchcase(text, part.replace("[", "[[]").replace("?", "[?]")) for part in wanted)
    return bool(text) and text in wanted


def _get(row: Mapping[str, Any], name: str) -> Any:
    if name in row:
        return row[name]
    return next((value for key, value in row.items() if key.lower() == name.lower()), None)


def _as_text(value: Any) -> str:
    return "" if value is None else dump(value).strip('"').lower()


def _is_within(row: Mapping[str, Any], *, name: str, low: date, high: date) -> bool:
    value = _get(row, name)
    return isinstance(value, str) and len(value) >= 10 and low <= date.fromisoformat(value[:10]) <= high


def _day(name: str, value: str) -> tuple[date, date]:
    day = iso_moment(name, value).date()
    return day, day


def date_range(name: str, value: str) -> tuple[date, date]:
    """First and last day that fit: `01-31-2024`, `<…`, `>…`, `=…`, `=>…`, `=<…`, `{a,b}`, `={a,b}`, or an ISO
    date(-time) for equality. Days are compared as wholes: `>` begins with the day after.
    """
    found = _DATE_VALUE.fullmatch(value)
    try:
        if found is None:
            return _day(name, value.removeprefix("="))
        if found["low"]:
            return _us_date(found["low"]), _us_date(found["high"])
        day, operator = _us_date(found["one"]), found["operator"]
    except ValueError:
        raise BadParameter(name, f"The value '{value}' is not valid for {name}. Use MM-DD-YYYY.") from None
    step = timedelta(days=0 if "=" in operator else 1)
    if "<" in operator:
        return date.min, day - step
    return (day + step, date.max) if ">" in operator else (day, day)


def _us_date(text: str) -> date:
    month, day, year = (int(part) for part in text.split("-"))
    if year not in YEARS:
        raise ValueError(text)
    return date(year, month, day)


def iso_moment(name: str, value: str) -> datetime:
    """An ISO date-time without regard to an offset. BadParameter otherwise."""
    try:
        moment = datetime.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        moment = datetime.min
    if moment.year not in YEARS:
        raise BadParameter(name, f"The value '{value}' is not valid for {name}.")
    return moment
