"""A request body becomes typed values: unknown names and wrong types are refused, what may not be set is
dropped silently.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_connector_sandbox.core.body import is_text, read_json
from ml_connector_sandbox.systems.exact_online.odata import BadQuery, parse_datetime
from ml_connector_sandbox.systems.exact_online.schema import Entity, Property, child_of

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RANGES = {
    "Byte": (0, 255),
    "Int16": (-(2**15), 2**15 - 1),
    "Int32": (-(2**31), 2**31 - 1),
    "Int64": (-(2**63), 2**63 - 1),
}
_DOUBLE_MAX = Decimal("1.7976931348623157E+308")
_TYPES = {"Binary": "Byte[]"}
"""Names of types in messages, where they are not the names of the model."""
_PREFIX = "Error processing request stream. "


class BadBody(Exception):
    """A body the vendor refuses with 400; the message is the vendor's."""


def read_body(entity: Entity, body: bytes, *, update: bool) -> dict[str, Any]:
    """The settable values of a POST or PUT body, typed; child rows are lists of such. Raises `BadBody`."""
    try:
        given = read_json(body)
    except ValueError as error:
        raise BadBody(_PREFIX + "The request content is not valid JSON.") from error
    if not isinstance(given, dict):
        raise BadBody(_PREFIX + "The request content must be one JSON object.")
    return _values(entity, given, update=update)


def _values(entity: Entity, given: Mapping[str, Any], *, update: bool) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in given.items():
        if name == "__metadata":
            continue
        known = entity.properties.get(name)
        if known is None:
            raise BadBody(
                f"{_PREFIX}The property name '{name}' specified for type '{entity.model}' is not valid."
            )
        if not (known.updatable if update else known.creatable):
            continue
        out[name] = _children(known, value, update=update) if known.collection else _value(known, value)
    return out


def _children(known: Property, value: Any, *, update: bool) -> list[dict[str, Any]]:
    rows = value.get("results") if isinstance(value, dict) else value
    child = child_of(known.name)
    if update and rows:
        raise BadBody(f"{_PREFIX}Binding to new entities is not supported for update operations.")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadBody(f"{_PREFIX}The value of property '{known.name}' must be a list of objects.")
    return [_values(child, row, update=False) for row in rows] if child else []


def _value(known: Property, value: Any) -> Any:
    if value is None:
        return None
    converted = _convert(known.type, value)
    if converted is None:
        raise BadBody(
            f"{_PREFIX}Error encountered in converting the value from request payload for property"
            f" '{known.name}' to type '{_TYPES.get(known.type, known.type)}', which is the property's"
            " expected type. See inner exception for more detail."
        )
    return converted


def _convert(kind: str, value: Any) -> Any:
    """The value in the property's type; None when it cannot be that."""
    if kind == "Guid":
        return value.lower() if isinstance(value, str) and _GUID.fullmatch(value) else None
    if kind == "String":
        return value if isinstance(value, str) and is_text(value) else None
    if kind == "Boolean":
        return value if isinstance(value, bool) else None
    if kind == "DateTime":
        return _moment(value)
    if kind == "Binary":
        return _bytes(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    if kind in _RANGES:
        low, high = _RANGES[kind]
        return int(number) if low <= number <= high and number == number.to_integral_value() else None
    return number if abs(number) <= _DOUBLE_MAX else None


def _bytes(value: Any) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        return None


def _moment(value: Any) -> Any:
    try:
        return parse_datetime(value) if isinstance(value, str) else None
    except BadQuery:
        return None
