"""What the vendor says: JSON with exact numbers, by the names that the switches say, and its errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quote
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Response
from ml_connector_sandbox.systems.findity.switches import names_of

JSON_TYPE = "application/json"


class Refused(Exception):
    """A call that is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_found() -> Refused:
    """There is no such thing, or not for this client."""
    return Refused(404, "Not found")


def json_answer(
    value: Any, switches: Switches, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON."""
    body = dump(renamed(value, names_of(switches)), str(switches["money_as"]))
    return Response(status=status, headers={"Content-Type": JSON_TYPE, **(headers or {})}, body=body.encode())


def error_answer(refused: Refused, switches: Switches, headers: Mapping[str, str] | None = None) -> Response:
    """An error."""
    return json_answer(
        {"code": refused.status, "message": refused.message}, switches, refused.status, headers
    )


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The same with other names, at every depth."""
    if not names:
        return value
    if isinstance(value, Mapping):
        return {names.get(name, name): renamed(item, names) for name, item in value.items()}
    return [renamed(item, names) for item in value] if isinstance(value, (list, tuple)) else value


class Money(Decimal):
    """An amount of two decimals, which is written as a switch says; other decimals are plain numbers."""


def money(value: Decimal) -> Money:
    """An amount for the wire."""
    return Money(value.quantize(Decimal("0.01")))


def dump(value: Any, money_as: str) -> str:
    """JSON text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return _number(value, money_as)
    if isinstance(value, datetime):
        return quote(value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))
    if isinstance(value, Mapping):
        inner = (f"{quote(str(name))}:{dump(item, money_as)}" for name, item in value.items())
        return "{" + ",".join(inner) + "}"
    return "[" + ",".join(dump(item, money_as) for item in value) + "]"


def _number(value: Decimal, money_as: str) -> str:
    if isinstance(value, Money) and money_as == "cents":
        return str(int(value * 100))
    text = format(value, "f")
    return quote(text) if isinstance(value, Money) and money_as == "text" else text
