"""One answer of a vendor, and what its status means where no knowledge of the vendor is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from ml_connector.transport.redact import redact

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of the vendor, read to its end. Header names are lower-case."""

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        return "json" in self.headers.get("content-type", "")

    def decode(self, shape: type[T]) -> T:
        """The body as the shape, decimals exact. Raises `VendorChanged` for a page of HTML, broken JSON, or
        fields that do not fit.
        """
        if not self.is_json:
            kind = self.headers.get("content-type", "no content type")
            text = (
                f"Expected JSON from {urlsplit(self.url).path} and got {kind}: probably a gateway's or a"
                " sign-in page. "
            )
            text += (
                "Nothing was concluded from it. Try again later; if it stays, show the vendor's support the"
                " request."
            )
            raise VendorChanged(
                text, where=urlsplit(self.url).path, support=redact(self.body[:2000].decode(errors="replace"))
            )
        try:
            return msgspec.json.decode(self.body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            text = f"The answer from {urlsplit(self.url).path} does not have the shape we know: {error}. "
            text += (
                "Nothing was concluded from it. Try again once; if it stays, the vendor changed its"
                " interface: report it to our support."
            )
            raise VendorChanged(
                text, where=urlsplit(self.url).path, support=redact(self.body[:2000].decode(errors="replace"))
            ) from error


Classify = Callable[[Answer], ConnectorError | None]
"""A connector's reading of an answer: the error it stands for, or `None` for success. Status 401 is looked at
before.
"""


def unknown_status(answer: Answer) -> ConnectorError | None:
    """The common reading of statuses that need no knowledge of the vendor: 403, 404, 429, 5xx; `None` below
    400. For use in a connector's faults.
    """
    path = urlsplit(answer.url).path
    support = (
        f"{answer.method} {path} → {answer.status} {redact(answer.body[:2000].decode(errors='replace'))}"
    )
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
            f"The vendor failed with {answer.status} and does not say what it did.",
            where=path,
            support=support,
        )
    return Refused(
        f"The vendor refused {answer.method} {path} with {answer.status}.", where=path, support=support
    )


def retry_after(answer: Answer) -> float | None:
    """Seconds in `Retry-After`, where the vendor sends it as a number."""
    value = answer.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None
