"""Bodies: what a call sends, typed as rows hold it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from ml_connector_sandbox.core.body import is_text, read_json
from ml_connector_sandbox.systems.dynamics_fo.odata import parse_moment
from ml_connector_sandbox.systems.dynamics_fo.render import SECURITY, Failed
from ml_connector_sandbox.systems.dynamics_fo.schema import (
    BLANK_DATE,
    BLANK_MOMENT,
    NAMESPACE,
    Entity,
    Property,
    enums,
)


def read_body(
    entity: Entity, body: bytes, *, update: bool, ignore_read_only: bool = False, ignore_keys: bool = False
) -> dict[str, Any]:
    """The typed values of a POST or PATCH body. Raises `Failed`: 400 for what cannot be read, 403 for what
    may not be set.
    """
    given = parse_object(body)
    values: dict[str, Any] = {}
    for name, value in given.items():
        if "@" in name:
            continue
        known = entity.properties.get(name)
        if known is None:
            text = f"The property '{name}' does not exist on type '{NAMESPACE}.{entity.type}'."
            raise Failed(400, text + " Make sure to only use property names that are defined by the type.")
        if update and known.key and ignore_keys:
            continue
        if known.read_only or (update and known.fixed):
            if ignore_read_only and not update:
                continue
            word = "update" if update else "insert"
            raise Failed(403, f"{word} not allowed for field '{name}'", SECURITY)
        values[name] = _value(known, value)
    return values


def parse_object(body: bytes) -> dict[str, Any]:
    """One JSON object with exact numbers; `Failed` with 400 otherwise."""
    try:
        given = read_json(body or b"{}")
    except ValueError as error:
        raise Failed(400, "The request body is not valid JSON.") from error
    if not isinstance(given, dict):
        raise Failed(400, "The request body must be one JSON object.")
    return given


def _value(known: Property, value: Any) -> Any:
    if value is None:
        return known.blank
    converted = _convert(known, value)
    if converted is None:
        kind = f"{NAMESPACE}.{known.enum}" if known.enum else f"Edm.{known.type}"
        raise Failed(
            400, f"Cannot convert the value of property '{known.name}' to the expected type '{kind}'."
        )
    return converted


def _convert(known: Property, value: Any) -> Any:
    if known.type == "Enum":
        return value if value in enums()[known.enum] else None
    if known.type == "String":
        return value if isinstance(value, str) and is_text(value) else None
    if known.type in ("Date", "DateTime"):
        if not isinstance(value, str):
            return None
        moment = parse_moment(value)
        blank = moment.year <= BLANK_MOMENT.year
        if known.type == "Date":
            return BLANK_DATE if blank else moment.date()
        return BLANK_MOMENT if blank else moment
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 24:
        return None
    if known.type == "Decimal":
        return number
    return int(number) if number == number.to_integral_value() and abs(number) < 2**63 else None
