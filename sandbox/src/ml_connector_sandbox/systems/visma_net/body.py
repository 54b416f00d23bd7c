"""Request bodies: JSON whose scalars are wrapped in `{"value": …}`, read without a float on the way.

A property that is absent stays absent; one that is null, or wraps null, is None. Names are matched whatever
their case, and names nobody knows are ignored, as the vendor's reader does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_connector_sandbox.core.body import is_text, read_json

AMOUNT_LIMIT = Decimal(10) ** 15
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,7})?Z?)?")


class BadBody(ValueError):
    """The body cannot be read into the vendor's types."""


@dataclass(frozen=True, slots=True)
class Field:
    """A scalar: its kind (`text`, `yes_no`, `whole`, `amount`, `date`) and whether it is wrapped."""

    kind: str
    wrapped: bool = True


@dataclass(frozen=True, slots=True)
class Nested:
    """An object (`many` false) or a list of objects; a wrapped object stands inside `{"value": {…}}`."""

    fields: Shape
    many: bool = False
    wrapped: bool = False


Shape = Mapping[str, Field | Nested]


def read_body(body: bytes, shape: Shape) -> dict[str, Any]:
    """The body's properties by their proper names; `BadBody` names the path that is wrong."""
    try:
        given = read_json(body)
    except ValueError as error:
        raise BadBody("The request body is not valid JSON.") from error
    return _object(given, shape, "")


def _object(given: Any, shape: Shape, path: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise BadBody(f"The JSON value could not be converted to an object. Path '{path}'.")
    names = {name.lower(): name for name in shape}
    found: dict[str, Any] = {}
    for key, value in given.items():
        name = names.get(key.lower())
        if name is not None:
            found[name] = _member(value, shape[name], f"{path}.{name}" if path else name)
    return found


def _member(value: Any, known: Field | Nested, path: str) -> Any:
    if value is not None and known.wrapped:
        if not isinstance(value, dict):
            raise BadBody(
                f"Error converting value {json.dumps(value, default=str)} to a DtoValue. Path '{path}'."
            )
        value = next((inner for name, inner in value.items() if name.lower() == "value"), None)
    if value is None:
        return None
    if isinstance(known, Field):
        return READERS[known.kind](value, path)
    if not known.many:
        return _object(value, known.fields, path)
    if not isinstance(value, list):
        raise BadBody(f"The JSON value could not be converted to a list. Path '{path}'.")
    return [_object(item, known.fields, f"{path}[{place}]") for place, item in enumerate(value)]


def _wrong(value: Any, kind: str, path: str) -> BadBody:
    return BadBody(f"Could not convert {json.dumps(value, default=str)[:60]} to {kind}. Path '{path}'.")


def _text(value: Any, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise _wrong(value, "string", path)
    if not is_text(str(value)):
        raise _wrong(value, "string", path)
    return str(value)


def _yes_no(value: Any, path: str) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise _wrong(value, "boolean", path)
    return value


def _whole(value: Any, path: str) -> int:
    number = _amount(value, path)
    if number != number.to_integral_value():
        raise _wrong(value, "integer", path)
    return int(number)


def _amount(value: Any, path: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise _wrong(value, "decimal", path)
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise _wrong(value, "decimal", path) from error
    if not number.is_finite() or abs(number) >= AMOUNT_LIMIT or number.as_tuple().exponent < -20:  # type: ignore[operator]
        raise _wrong(value, "decimal", path)
    return number


def _date(value: Any, path: str) -> datetime:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise _wrong(value, "date", path)
    try:
        return datetime.fromisoformat(value.rstrip("Z")[:26])
    except ValueError as error:
        raise _wrong(value, "date", path) from error


READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "text": _text,
    "yes_no": _yes_no,
    "whole": _whole,
    "amount": _amount,
    "date": _date,
}
