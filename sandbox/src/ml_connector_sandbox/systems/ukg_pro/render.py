"""How the vendor writes: JSON with exact amounts, times without an offset, US dates in one place.

`Cents` is a number of cents that is written as a decimal number; nothing here ever is a float.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quote

from ml_connector_sandbox.core.vendor import Json, Response

JSON_TYPE = "application/json; charset=utf-8"


class Cents(int):
    """An amount in cents, written as `15230.77`, `1233.9` or `0.0`, as the vendor's serialiser does."""

    __slots__ = ()


def amount_text(cents: int) -> str:
    """The JSON number of an amount: shortest exact form with at least one decimal."""
    sign = "-" if cents < 0 else ""
    whole, fraction = divmod(abs(cents), 100)
    return f"{sign}{whole}.{fraction // 10}" if fraction % 10 == 0 else f"{sign}{whole}.{fraction:02d}"


def decimal_text(cents: int) -> str:
    """An amount as text with two decimals, for books and files."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def dump(value: object) -> str:
    """`value` as JSON text. Knows what the books hold: text, whole numbers, `Cents`, `Decimal`, truth, lists,
    mappings.
    """
    kind = type(value)
    if kind is str:
        return quote(value)  # type: ignore[arg-type]
    if kind is Cents:
        return amount_text(value)  # type: ignore[arg-type]
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ",".join([_member(name, item) for name, item in value.items()]) + "}"
    if isinstance(value, Iterable):
        return "[" + ",".join([dump(item) for item in value]) + "]"
    raise TypeError(f"cannot write a {kind.__name__}")


class _Members(dict[str, str]):
    """Beginnings of the members of objects by their name, each made once."""

    def __init__(self, rest: str) -> None:
        super().__init__()
        self._rest = rest

    def __missing__(self, name: str) -> str:
        made = self[name] = quote(name) + self._rest
        return made


_BEGINNING, _EMPTY = _Members(":"), _Members(":null")


def value_text(item: object) -> str:
    """As `dump`, soonest for what most values are: text, amounts and nothing."""
    kind = type(item)
    if kind is str:
        return quote(item)  # type: ignore[arg-type]
    return amount_text(item) if kind is Cents else "null" if item is None else dump(item)  # type: ignore[arg-type]


def _member(name: str, item: object) -> str:
    """A member of an object; the most of a row are empty, text or amounts."""
    if item is None:
        return _EMPTY[name]
    if type(item) is str:
        return _BEGINNING[name] + quote(item)
    return _BEGINNING[name] + (amount_text(item) if type(item) is Cents else dump(item))


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a JSON body."""
    return Response(
        status=status, headers={"Content-Type": JSON_TYPE, **(headers or {})}, body=dump(value).encode()
    )


def empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body: 401, 403, 404 and 429 look like this."""
    return Response(status=status, headers=dict(headers or {}))


def bad_request(field: str, message: str) -> Response:
    """The vendor's 400 body."""
    body: Json = {
        "title": "Bad Request",
        "type": "ValidationError",
        "errorCount": 1,
        "errors": {
            "modelstate": {
                field: [{"message": message, "type": "ValidationError"}],
                "type": "ValidationError",
                "message": message,
            }
        },
        "detail": message,
        "code": "400",
        "message": message,
        "modelstate": {"fieldname": field, "message": message},
    }
    return json_response(body, status=400)


def stamp(value: date | datetime | None) -> str | None:
    """Local time without an offset and with as many decimals as it needs: `2023-03-29T08:24:30.16`."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        return _midnight(value)
    text = value.replace(tzinfo=None, microsecond=0).isoformat()
    return f"{text}.{value.microsecond:06d}".rstrip("0") if value.microsecond else text


@lru_cache(maxsize=4_096)
def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00"


def us_stamp(value: date | datetime | None) -> str:
    """The form of employee changes: `1/1/1996 12:00:00 AM`, and empty text for nothing."""
    if value is None:
        return ""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    hour = moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment.minute:02d}:{moment.second:02d} {half}"
