"""Where documents of one kind are written: once each, found again by a marker, read back and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeVar, runtime_checkable

from ml_connector.domain.document import Booked, Document, Marker, Receipt
from ml_connector.domain.problem import Problem
from ml_connector.errors import NoCapability

D = TypeVar("D", bound=Document, contravariant=True)
B = TypeVar("B", bound=Booked)
NONE_KNOWN: Mapping[str, Receipt] = MappingProxyType({})
"""No receipts of other documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkLimits:
    """How long to wait for a system that documents are written to, and how far its answers go.

    `deadline_seconds`: a send not on the wire by then is not sent, and one whose answer is not whole by then
    is unknown. `settle_seconds`: after an unknown outcome the vendor may still book for so long.
    `visible_seconds`: a booked document may be invisible to `locate` for so long. `marker_is_searchable`:
    `locate` can be believed when it finds nothing. `posting_seconds`: how often to look at a document that
    awaits posting by the system; `posts_itself`: a job of its own posts, and `release` only looks.
    """

    deadline_seconds: float = 100
    settle_seconds: float = 600
    visible_seconds: float = 60
    marker_is_searchable: bool = True
    posting_seconds: float = 60
    posts_itself: bool = False


Gate = Callable[[], None]
"""Called last before the first byte of a write leaves; raises `NotSent` when the intent is no longer ours or
its deadline has passed.
"""

Send = Callable[[Gate], Receipt]
"""Sends one prepared write, once. Raises `NotSent`, `Refused` (nothing was booked) or `OutcomeUnknown`; never
sends twice.
"""


class Ending(StrEnum):
    """How a document that was written ends: by a mirror of it, which is a document too; by the vendor's verb
    that cancels it; or by removing it while it is open.
    """

    MIRROR = "mirror"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"


class Sink(Protocol[D, B]):
    """Where documents of one kind are written. Only `prepare` and what it yields, `release`, `abandon` and
    `end` change anything.
    """

    limits: SinkLimits
    ends: Ending = Ending.MIRROR

    def check(self, document: D) -> tuple[Problem, ...]:
        """What this system cannot hold of the document, beyond what its facts say: text too long, too many
        decimals or lines. No calls.
        """
        ...

    def locate(
        self, wanted: Sequence[tuple[D, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By commit key every document that carries the marker, drafts included, looked up afresh over all
        the time it could exist; `since` narrows it. Each key that is asked for has an entry.
        """
        ...

    def prepare(
        self,
        document: D,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> AbstractContextManager[Send]:
        """Obtain priority, lock, token and connection for one write, so that only the send's deadline lies
        between intent and wire.

        A system that takes a document in several writes prepares the first without `so_far`, and the one
        after `so_far.parts` with it. `known` are the receipts of the documents that this one refers to, by
        commit key.
        """
        ...

    def release(self, receipt: Receipt) -> Receipt:
        """Post a draft that was read back and found right; safe to ask again.

        The receipt is not posted when the system's own job will do it: it is asked again later. A system that
        posts on create returns it as it is.
        """
        ...

    def abandon(self, receipt: Receipt) -> None:
        """Remove a document that is not complete and was never posted; nothing when it is already gone. Never
        called for any other.
        """
        ...

    def read_back(self, receipt: Receipt) -> B:
        """The whole document as the system shows it now. Raises `NotFound` when it is gone."""
        ...

    def is_ended(self, receipt: Receipt) -> bool:
        """Whether the document is cancelled, or gone, asked afresh. A sink whose documents end by a mirror is
        not asked.
        """
        raise NoCapability("Documents of this kind end by a mirror of them.")

    def end(self, receipt: Receipt) -> None:
        """Cancel or withdraw the document that the system knows by the receipt's `reference`, and no other:
        asked again, or late, it finds that one ended and changes nothing. A verb that makes something new
        each time, or that ends whatever stands in that place now, is no ending; the document has a mirror
        then. Raises `NotSent`, `Refused` (nothing changed) or `OutcomeUnknown`.
        """
        raise NoCapability("Documents of this kind end by a mirror of them.")

    def near(self, document: D, last: date | None = None) -> tuple[B, ...]:
        """Every document of this kind that stands where this one would, dated on its day or from then until
        `last`: drafts included, ours and those of others. Complete, or an error.
        """
        ...

    def compare(self, document: D, booked: B) -> tuple[Problem, ...]:
        """What is booked otherwise than the document says, to the cent; nothing where they agree."""
        ...

    def takes_back(self, booked: B, document: D) -> bool:
        """Whether what is booked cancels the document."""
        ...

    def cancels(self, booked: B, other: B) -> bool:
        """Whether what is booked cancels something else that is, as both are now."""
        ...


def located(sink: Sink[D, B], document: D, marker: Marker, since: datetime | None) -> tuple[Receipt, ...]:
    """As `Sink.locate`, for one document."""
    return sink.locate([(document, marker)], since)[document.key]


@runtime_checkable
class Assignable(Protocol):
    """A field of somebody else's document that we set: an external id, the status of an export. Setting it
    again does no harm, so it needs no marker; another value that is there already is a conflict.
    """

    def assigned(self, reference: str) -> str:
        """What the field holds now; empty for nothing."""
        ...

    def assign(self, reference: str, value: str) -> None:
        """Set the field. Raises `NotSent`, `Refused` or `OutcomeUnknown`; then it is read again."""
        ...
