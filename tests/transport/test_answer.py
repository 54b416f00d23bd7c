"""Answers made to trip us: nested without end, with numbers that no limit has. Each is an error with a
sentence, never a defect.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from tests.transport.vendor import TOKEN

import ml_connector.connectors
from ml_connector.errors import ConnectorError, Throttled, VendorChanged
from ml_connector.transport.answer import Answer, retry_after, unknown_status, whole_number

NOW = datetime(2026, 7, 1, tzinfo=UTC)
DEEP = b"[" * 200_000 + b"]" * 200_000
DEEP_OBJECT = b'{"message":' * 100_000 + b"1" + b"}" * 100_000
ASKS_NOBODY = {"intake"}
"""Connectors that ask no vendor: what they read was sent to this installation."""
SLUGS = [
    module.name
    for module in pkgutil.iter_modules(ml_connector.connectors.__path__)
    if module.ispkg and module.name not in ASKS_NOBODY
]
NUMBERS = ["²", "١٢", "1_000", "9" * 400, "9" * 5000, "-1", "1e3", " ", "0x10", "1.5", "+5"]
NAMES = ("limit", "remaining", "reset")


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(
        method="GET",
        url="https://vendor.example/api/rows?x=1",
        status=status,
        headers={"content-type": "application/json", **named},
        body=body,
    )


def faults(slug: str) -> Callable[[Answer], ConnectorError | None]:
    """The connector's reading of an answer."""
    module: Any = importlib.import_module(f"ml_connector.connectors.{slug}.faults")
    found: Callable[[Answer], ConnectorError | None] = (
        module.classifier(lambda: NOW) if hasattr(module, "classifier") else module.classify
    )
    return found


class Shape(msgspec.Struct):
    rows: list[int]


@pytest.mark.parametrize("body", [DEEP, DEEP_OBJECT, b'{"rows": ' + DEEP + b"}", b'{"other": ' + DEEP + b"}"])
@pytest.mark.parametrize("shape", [Shape, dict, list, msgspec.Raw, Any])
def test_an_answer_nested_without_end_is_a_changed_vendor(body: bytes, shape: Any) -> None:
    """Whatever was expected of it."""
    with pytest.raises(VendorChanged, match="does not have the expected form"):
        answer(body=body).decode(shape)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 429, 500, 503])
@pytest.mark.parametrize("body", [DEEP, DEEP_OBJECT, b'{"error": ' + DEEP + b"}", b"\xff\xfe", b""])
def test_a_refusal_nested_without_end_is_a_refusal(slug: str, status: int, body: bytes) -> None:
    """Of every connector: its words are missing, its status is not."""
    assert isinstance(faults(slug)(answer(status, body)), ConnectorError)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("slug", SLUGS)
def test_a_limit_that_is_no_number_is_not_known(slug: str, number: str) -> None:
    """Neither a wait of 10^400 seconds nor a defect."""
    headers = {f"x-ratelimit-{name}": number for name in NAMES}
    headers |= {f"x-ratelimit-minutely-{name}": number for name in NAMES}
    error = faults(slug)(answer(429, retry_after=number, **headers))

    assert isinstance(error, Throttled)
    assert error.retry_after_seconds is None
    module: Any = importlib.import_module(f"ml_connector.connectors.{slug}.faults")
    if hasattr(module, "limits"):
        read = module.limits if hasattr(module, "classifier") else module.limits(lambda: NOW)
        assert [] == list(read(answer(200, **headers)))


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("120", 120), (" 7 ", 7), ("999999999", 999_999_999)])
def test_a_whole_number(text: str, number: int) -> None:
    """ASCII digits, at most nine."""
    assert number == whole_number(text)
    assert number == retry_after(answer(429, retry_after=text))
    assert None is whole_number("1000000000")


@pytest.mark.parametrize("number", [*NUMBERS, ""])
def test_what_is_no_whole_number(number: str) -> None:
    """Other scripts' digits, signs, fractions, underscores, and what no clock can add."""
    assert None is whole_number(number)
    error = unknown_status(answer(429, retry_after=number))
    assert isinstance(error, Throttled)
    assert None is error.retry_after_seconds


def test_the_line_for_support() -> None:
    """What was asked, the status, the headers named that are there, the beginning of the body."""
    found = answer(503, b"x" * 3000, request_id="r-1", etag="")

    assert f"GET /api/rows → 503 request-id: r-1 {'x' * 2000}" == found.support("request-id", "etag", "other")
    assert TOKEN not in found.support()


@pytest.mark.parametrize(
    ("said", "sent", "seconds"),
    [
        ("Wed, 01 Jul 2026 08:02:00 GMT", "Wed, 01 Jul 2026 08:00:30 GMT", 90),
        ("Wed, 01 Jul 2026 08:00:00 GMT", "Wed, 01 Jul 2026 08:00:30 GMT", 0),
        ("Wed, 01 Jul 2026 08:02:00 GMT", "", None),
        ("Wed, 99 Jul 2026 08:02:00 GMT", "Wed, 01 Jul 2026 08:00:30 GMT", None),
        ("Wed, 01 Jul 2026 08:02:00", "Wed, 01 Jul 2026 08:00:30", None),
    ],
)
def test_a_wait_until_a_date_is_counted_from_the_date_of_the_answer(
    said: str, sent: str, seconds: int | None
) -> None:
    """By the vendor's clock alone; one that is over asks for no wait, one that cannot be read is unknown."""
    assert seconds == retry_after(answer(429, retry_after=said, date=sent))
