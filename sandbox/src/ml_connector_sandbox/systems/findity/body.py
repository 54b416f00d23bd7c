"""What is sent: JSON objects by the names that the switches say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.body import is_text, read_json
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Request
from ml_connector_sandbox.systems.findity.answers import Refused
from ml_connector_sandbox.systems.findity.switches import names_of

TEXT_MAX = 1_000
_PERCENT_MAX = 1_000


def read_object(request: Request, switches: Switches) -> Json:
    """A JSON object, its own names put back to the usual ones; names below the first level stay."""
    if "json" not in request.headers.get("content-type", "").lower():
        raise Refused(415, "Unsupported media type; application/json is expected")
    try:
        given = read_json(request.body)
    except ValueError as error:
        raise Refused(400, "The body is no JSON") from error
    if not isinstance(given, dict):
        raise Refused(400, "The body must be a JSON object")
    usual = {other: name for name, other in names_of(switches).items()}
    return {usual.get(str(name), str(name)): value for name, value in given.items()}


def text_of(given: Json, name: str, *, needed: bool = False, most: int = TEXT_MAX) -> str | None:
    """A text, or None where none is needed; `Refused` for anything else."""
    value = given.get(name)
    if value is None and not needed:
        return None
    if not isinstance(value, str) or not is_text(value) or (needed and not value.strip()):
        raise Refused(400, f"{name}: a text is expected")
    if len(value) > most:
        raise Refused(400, f"{name}: at most {most} characters")
    return value


def percent_of(given: Json, name: str) -> Decimal:
    """A percentage from 0, as a number or as text."""
    value: Any = given.get(name)
    try:
        if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
            raise ArithmeticError
        number = Decimal(value)
    except (ArithmeticError, ValueError) as error:
        raise Refused(400, f"{name}: a number is expected") from error
    if not (number.is_finite() and 0 <= number < _PERCENT_MAX):
        raise Refused(400, f"{name}: a percentage from 0 is expected")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -4:
        raise Refused(400, f"{name}: at most four decimals")
    return number


def flag_of(given: Json, name: str, usual: bool) -> bool:
    """True or false."""
    value = given.get(name, usual)
    if not isinstance(value, bool):
        raise Refused(400, f"{name}: true or false is expected")
    return value
