"""What the vendor says: JSON with exact numbers, and its several shapes of an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quote
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Response

JSON_TYPE = "application/json"


class Refused(Exception):
    """A call that is answered with an error: of fields, or of none."""

    def __init__(self, status: int, message: str = "", fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message or str(dict(fields or {})))
        self.status = status
        self.message = message
        self.fields = dict(fields or {})


def invalid(**fields: str) -> Refused:
    """What was sent breaks rules: a text for each field."""
    return Refused(400, fields=fields)


def not_found() -> Refused:
    """There is no such record, or not for this user."""
    return Refused(404, "Not found")


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(
        status=status, headers={"Content-Type": JSON_TYPE, **(headers or {})}, body=dump(value).encode()
    )


def error_answer(refused: Refused, switches: Switches) -> Response:
    """An error in the shape that the switches say."""
    if refused.fields:
        inner = {"errors": refused.fields}
        return json_answer(
            {"errors": inner} if switches["field_errors"] == "nested" else inner, refused.status
        )
    if switches["error_as"] == "text":
        return Response(
            status=refused.status,
            headers={"Content-Type": "text/html; charset=utf-8"},
            body=refused.message.encode(),
        )
    return json_answer({switches["error_as"]: refused.message, "code": refused.status}, refused.status)


def dump(value: Any) -> str:
    """JSON text; a Decimal becomes a number without zeros at its end, as PHP writes one."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        text = format(value, "f")
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{quote(str(name))}:{dump(item)}" for name, item in value.items()) + "}"
    return "[" + ",".join(dump(item) for item in value) + "]"


def iso(moment: datetime) -> str:
    """A moment as answers hold it: `2023-04-20T21:49:44+00:00`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def php_date(moment: datetime) -> dict[str, Any]:
    """A moment as PHP serialises its own object."""
    return {
        "date": moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.000000"),
        "timezone_type": 3,
        "timezone": "UTC",
    }
