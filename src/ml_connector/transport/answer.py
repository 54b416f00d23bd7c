"""One answer of a vendor, and what its status means where no knowledge of the vendor is needed."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from ml_connector.errors import (
    ConnectorError,
    OutcomeUnknown,
    Refused,
    RightMissing,
    Throttled,
    VendorChanged,
)
from ml_connector.transport.redact import NO_SECRETS, Secrets, redact

T = TypeVar("T")
SAID_MAX = 2000
"""Characters of a body that are kept for support."""
FIRST_FAILURE = 300
"""Statuses from here on carry no data of ours: their body is text."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a body raises when it is not what was expected, however it was made."""
_PLACE = re.compile(r"\$(?:\[[0-9.]*\]|\.\w+)+")
"""Where in a body: `$[3].name`, as msgspec writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of the vendor, read to its end. Header names are lower-case.

    Secrets of ours are hidden in it; `secrets` hides those that equal ordinary text too, where data becomes
    text for people. The body of a `personal` answer becomes no text at all: its hash and length stand for it.
    """

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    secrets: Secrets = field(default=NO_SECRETS, repr=False, compare=False)
    personal: bool = False

    @property
    def is_json(self) -> bool:
        return "json" in self.headers.get("content-type", "")

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def said(self, characters: int = SAID_MAX) -> str:
        """The beginning of the body as text for people."""
        if self.personal:
            return f"({len(self.body)} bytes, not kept, SHA-256 {hashlib.sha256(self.body).hexdigest()})"
        return redact(self.body[: 4 * characters].decode(errors="replace"), self.secrets)[:characters]

    def support(self, *headers: str) -> str:
        """The line for support: what was asked, the status, these headers where they are there, the body."""
        named = "".join(
            f" {name}: {self.secrets.hide(self.headers[name])}" for name in headers if self.headers.get(name)
        )
        return f"{self.method} {self.path} → {self.status}{named} {self.said()}".strip()

    def part(self, *, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """An answer inside this one, as a batch has them."""
        said = self.secrets.hide_text(body) if status >= FIRST_FAILURE else body
        return replace(self, status=status, headers=headers, body=said)

    def decode(self, shape: type[T]) -> T:
        """The body as the shape, decimals exact. Raises `VendorChanged` for a page of HTML, broken JSON, or
        fields that do not fit.
        """
        if not self.is_json:
            kind = self.headers.get("content-type", "no content type")
            text = (
                f"Expected JSON from {self.path} and got {self.secrets.hide(kind)}: probably the page of a"
                " gateway or of a sign-in. It was not used. Try again later; if it happens again, show the"
                " request to the vendor's support."
            )
            raise VendorChanged(text, where=self.path, support=self.said())
        try:
            return msgspec.json.decode(self.body, type=shape)
        except UNREADABLE as error:
            why = self._why(error)
            text = (
                f"The answer from {self.path} does not have the expected form: {self.secrets.hide(why)}. It"
                " was not used. Try again once; if it happens again, the vendor changed its interface:"
                " report it to our support."
            )
            cause = None if self.personal else error
            raise VendorChanged(text, where=self.path, support=self.said()) from cause

    def _why(self, error: Exception) -> str:
        """Why the body does not decode; of a personal one only the place, because a reason may repeat a
        value.
        """
        if isinstance(error, RecursionError):
            return "it is nested too deeply"
        if not self.personal:
            return str(error)
        place = _PLACE.search(str(error))
        return f"the field {place[0]} does not fit" if place else "it is no JSON of that form"

    def decode_list(self, row: type[T]) -> list[T]:
        """The body as a list of these rows; see `decode`."""
        shape: type[list[T]] = list[row]  # type: ignore[valid-type]
        return self.decode(shape)


Classify = Callable[[Answer], ConnectorError | None]
"""A connector's reading of an answer: the error it stands for, or `None` for success. Status 401 is handled
before.
"""


def unknown_status(answer: Answer) -> ConnectorError | None:
    """The common reading of statuses that need no knowledge of the vendor: 403, 404, 429, 5xx; `None` below
    400. For use in a connector's faults.
    """
    path, support = answer.path, answer.support()
    if answer.status < 400:
        return None
    if answer.status == 403:
        return RightMissing(
            f"The vendor does not let this account use {path} (403).", where=path, support=support
        )
    if answer.status == 429:
        return Throttled(
            "The vendor's call limit is reached (429).",
            retry_after_seconds=retry_after(answer),
            where=path,
            support=support,
        )
    if answer.status >= 500 or answer.status == 408:
        return OutcomeUnknown(
            f"The vendor failed with {answer.status} and does not say whether it did what was asked.",
            where=path,
            support=support,
        )
    return Refused(
        f"The vendor refused {answer.method} {path} with {answer.status}.", where=path, support=support
    )


def retry_after(answer: Answer) -> int | None:
    """Seconds to wait by `Retry-After`: a number, or a date, which is compared with the date of the answer,
    because the vendor's clock is not ours. `None` for anything else.
    """
    said = answer.headers.get("retry-after", "")
    seconds = whole_number(said)
    if seconds is not None:
        return seconds
    until, now = _moment(said), _moment(answer.headers.get("date", ""))
    return None if until is None or now is None else max(math.ceil((until - now).total_seconds()), 0)


def _moment(text: str) -> datetime | None:
    """A date of HTTP, in GMT."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo is not None else None


def whole_number(text: str, digits: int = 9) -> int | None:
    """The number that ASCII digits make; `None` for anything else, and for more digits than a limit or a time
    has.
    """
    return int(text) if re.fullmatch(r"[0-9]+", text.strip()) and len(text.strip()) <= digits else None
