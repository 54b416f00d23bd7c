"""Addresses and bodies: what a call is about, and its values typed as rows hold them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_connector_sandbox.core.body import is_text, read_json
from ml_connector_sandbox.core.vendor import Request
from ml_connector_sandbox.systems.dynamics_fo.odata import fits, parse_literal, parse_moment
from ml_connector_sandbox.systems.dynamics_fo.render import SECURITY, Failed
from ml_connector_sandbox.systems.dynamics_fo.schema import (
    BLANK_DATE,
    BLANK_MOMENT,
    NAMESPACE,
    Entity,
    Property,
    enums,
)

_ADDRESS = re.compile(r"/data/(\w+)(?:\(((?:[^()']|'(?:[^']|'')*')*)\))?(?:/(.+?))?/?")
_KEY_PART = re.compile(r"\s*(?:(\w+)\s*=\s*)?((?:[\w.]+)?'(?:[^']|'')*'|[^,']+?)\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class Address:
    """A path under `/data`: the set, its key as written, and what follows."""

    set_name: str
    key: str | None
    tail: str


def rooted(target: str) -> str:
    """The target with its root in lower case, `/data` or `/metadata`; what follows counts to the letter."""
    return re.sub(
        r"^/(?:data|metadata)(?=[/?]|$)", lambda found: found.group().lower(), target, flags=re.IGNORECASE
    )


def address_of(request: Request) -> Address | None:
    """The address of a call; None when it is none of a set."""
    found = _ADDRESS.fullmatch(request.path)
    return Address(found[1], found[2], found[3] or "") if found else None


def key_values(entity: Entity, text: str) -> dict[str, Any]:
    """The key parts by name; every part must be there. Raises `Failed` with 400."""
    values: dict[str, Any] = {}
    at = 0
    while at < len(text):
        found = _KEY_PART.match(text, at)
        if found is None or found.end() == at:
            raise Failed(400, f"Bad key predicate '{text}'.")
        name = found[1] or (entity.keys[0] if len(entity.keys) == 1 else "")
        if name not in entity.keys:
            raise Failed(
                400, f"The key predicate '{text}' does not name the keys of '{NAMESPACE}.{entity.type}'."
            )
        values[name] = fits(entity.properties[name], parse_literal(found[2]))
        at = found.end()
    if set(values) != set(entity.keys):
        raise Failed(
            400,
            "The number of keys specified in the URI does not match number of key properties for the"
            f" resource '{entity.name}'.",
        )
    return values


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
