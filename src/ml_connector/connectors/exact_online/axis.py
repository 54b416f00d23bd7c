"""What the places have in common in which Exact keeps the records of an axis: cost centers, relations.

A last day is kept, not a state: whether something is open is worked out when it is read. Exact's days begin
at midnight UTC here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

from ml_connector.connectors.exact_online import faults, translate, wire
from ml_connector.connectors.exact_online.client import WRITE, ExactClient, address
from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import DimensionValue, axis_of
from ml_connector.domain.problem import Problem
from ml_connector.errors import (
    NotFound,
    NotSent,
    Refused,
    RightMissing,
    SignInLost,
    SignInRenewed,
    Throttled,
    VendorChanged,
)
from ml_connector.ports.registers import Answer, NotTaken, Stale, Written
from ml_connector.ports.storage import Clock
from ml_connector.transport.answer import Answer as Reply
from ml_connector.transport.exchange import encode

ASKED = 20
"""Rows that one question looks for, and changes of one batch: their calls fit into a minute's limit."""
NOT_OF_A_ROW = (NotSent, RightMissing, SignInLost, SignInRenewed, Throttled)
"""What the next row would meet too."""


class Axis(Protocol):
    """Where the values of one axis are kept in the divisions. Remembers the rows that it was asked for."""

    def whole(self, division: str) -> Iterator[DimensionValue]:
        """Every value in the order of its codes, or an error."""
        ...

    def some(self, division: str, codes: Sequence[str]) -> Mapping[str, DimensionValue]:
        """These values by code, those that there are, asked afresh."""
        ...

    def normal(self, record: DimensionValue) -> DimensionValue:
        """As it would be kept. No calls."""
        ...

    def problems(self, record: DimensionValue) -> Iterator[Problem]:
        """What cannot be kept of it. No calls."""
        ...

    def put(self, changes: Sequence[Change]) -> Iterator[Answer]:
        """Write them in order; `some` was asked for each before."""
        ...


@dataclass(frozen=True, slots=True)
class Days:
    """What is open today."""

    clock: Clock

    def is_open(self, until: date | None) -> bool:
        """Whether a value with this last day is open."""
        return until is None or until >= self.clock.now().date()

    def normal(self, record: DimensionValue, most: int, code: str) -> DimensionValue:
        """With one blank between words, cut, and open until its last day is over."""
        is_open = record.open if record.until is None else self.is_open(record.until)
        return replace(record, code=code, title=title_of(record.title, most), open=is_open)


@dataclass(frozen=True, slots=True)
class Writing:
    """Sends changes of rows, each once."""

    client: ExactClient

    def __call__(self, change: Change, method: str, path: str, body: Mapping[str, Any]) -> Answer:
        """What became of it. A refusal of the row is its answer, in Exact's words."""
        answer = self._send(change, method, path, body)
        return Written() if isinstance(answer, Reply) else answer

    def make(self, change: Change, path: str, body: Mapping[str, Any]) -> str | Answer:
        """The id of the new row, or what became of it."""
        answer = self._send(change, "POST", path, body)
        if not isinstance(answer, Reply):
            return answer
        try:
            return answer.decode(wire.One[wire.CreatedRow]).d.ID
        except VendorChanged as error:
            raise faults.unreadable(error) from error

    def _send(self, change: Change, method: str, path: str, body: Mapping[str, Any]) -> Reply | Answer:
        division = change.after.entity
        try:
            with self.client.http.prepare(
                method, address(division, path, {}), scope=division, headers=WRITE, content=encode(body)
            ) as send:
                return send(lambda: None)
        except NOT_OF_A_ROW:
            raise
        except NotFound as error:
            if method == "POST":
                raise not_kept(division, change.after.axis, error) from error
            return Stale()
        except Refused as error:
            return NotTaken(replace(error.problem, where=change.key))


def not_kept(division: str, axis: str, error: NotFound) -> RightMissing:
    """A 404 of a whole set."""
    text = (
        f"Division {division} keeps no codes on the axis {axis}. Switch on in Exact what keeps them, for cost"
        " centers and cost units cost analysis, or leave the axis out."
    )
    return RightMissing(
        text, where=axis_of(division, axis), support=error.support, code="dimension.unknown_axis"
    )


def day_of(text: str | None) -> date | None:
    """The day of a date on the wire; `None` for none."""
    return None if text is None else translate.day_of(text)


def title_of(text: str, most: int) -> str:
    """One blank between words, at most so many characters."""
    return " ".join(text.split())[:most].rstrip()


def code_problems(record: DimensionValue, code: str, most: int | None = None) -> Iterator[Problem]:
    """What is wrong with a code of at most so many characters, and with a title that has to be there."""
    key = record.key
    if not code:
        yield Problem("dimension.code", key, "The code is empty, and Exact needs one.")
    if most is not None and len(code) > most:
        text = f"The code {code} has {len(code)} characters, and Exact keeps {most}. It is never cut."
        yield Problem("dimension.code", key, f"{text} Give a shorter one at the source.")
    if not code.isprintable():
        text = f"The code {code!r} holds a character that cannot be seen. Remove it at the source."
        yield Problem("dimension.code", key, text)
    if not record.title.strip():
        text = f"The code {code} has no title, and Exact needs one. Give it one at the source."
        yield Problem("dimension.title", key, text)
