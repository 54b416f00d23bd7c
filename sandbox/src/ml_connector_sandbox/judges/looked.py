"""The judge of what a product reports of documents that people deleted, edited or copied.

It knows every document of every ledger by the ledger's own id: as it was when it was booked, and what has
become of it. It holds nothing of the product but the words of its reports:

    gone       a document of that number does not stand any more
    edited     a document of that number stands, with other lines than it was booked with; or, where people
               named it to the product as it had become, than it had then
    duplicate  a document of that number stands, and another one with money of the same pay

Copies that others took back, every one of them, may be reported or not: they come to nothing, and the books
show them still.

A report that is not true of the ledger is wrong, and so is a document that was changed long enough ago and is
not reported. Both are asked of a look during which the ledger did not change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ml_connector_sandbox.judges.moving import Violation

GONE, EDITED, DUPLICATE = "gone", "edited", "duplicate"
Lines = tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A document as it stands: the ledger's id, its entity and number, its lines, and parts by colour."""

    id: str
    entity: str
    number: str
    lines: Lines
    parts: Mapping[int, int]

    @property
    def name(self) -> tuple[str, str]:
        """What a report calls it."""
        return self.entity, self.number


@dataclass(frozen=True, slots=True)
class Report:
    """What the product says of one document."""

    what: str
    entity: str
    number: str

    def __str__(self) -> str:
        return f"document {self.number} in {self.entity} is {self.what}"


@dataclass(slots=True)
class _Known:
    """A document from its booking on."""

    first: Paper
    now: Paper | None
    changed_at: datetime
    copy_of: str = ""
    stood: list[Lines] = field(default_factory=list)
    bases: list[Lines] = field(default_factory=list)
    was_named: bool = False

    def holds(self, paper: Paper, now: datetime) -> None:
        """It stands like this from now on."""
        self.now, self.changed_at = paper, now
        self.stood.append(_in_order(paper.lines))
        self.bases = self.bases or self.stood[:1]

    @property
    def edited(self) -> bool:
        """Whether it stands otherwise than it did at a moment that the product may go by."""
        return self.now is not None and any(_in_order(self.now.lines) != base for base in self.bases)

    @property
    def surely_edited(self) -> bool:
        """Whether it stands otherwise, whichever moment the product goes by."""
        return self.now is not None and all(_in_order(self.now.lines) != base for base in self.bases)


class LookJudge:
    """Judges the reports of one world."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, _Known]] = {}
        self._changed_at: dict[str, datetime] = {}

    def holds(self, ledger: str, entity: str, papers: Iterable[Paper], now: datetime) -> None:
        """These documents stand in the entity from now on."""
        known = self._known.setdefault(ledger, {})
        standing = {paper.id: paper for paper in papers}
        self._changed_at[ledger] = now
        for identity, paper in standing.items():
            held = known.setdefault(identity, _Known(paper, None, now))
            if held.now != paper:
                held.holds(paper, now)
        for identity, held in known.items():
            if held.first.entity == entity and identity not in standing and held.now is not None:
                held.now, held.changed_at = None, now

    def copied(self, ledger: str, copy: str, original: str) -> None:
        """People made one document of another."""
        self._known[ledger][copy].copy_of = original

    def version(self, ledger: str, identity: str) -> int:
        """How often the document had changed until now."""
        return max(0, len(self._known[ledger][identity].stood) - 1)

    def named(self, ledger: str, identity: str, since: int, *, sure: bool) -> None:
        """People named the document to the product, which read it at some moment between that version and
        now. `sure` that it took it.
        """
        held = self._known[ledger][identity]
        held.bases = ([] if sure else held.bases) + held.stood[since:]
        held.was_named = True

    def was_named(self, ledger: str, identity: str) -> bool:
        """Whether people ever named the document to the product."""
        known = self._known.get(ledger, {}).get(identity)
        return known is not None and known.was_named

    def forgotten(self) -> None:
        """The product may not know any more which documents were named to it."""
        for known in self._known.values():
            for held in known.values():
                held.bases = [*held.bases, *held.stood[:1]]

    def changed_at(self, ledger: str) -> datetime | None:
        """When anything changed there last."""
        return self._changed_at.get(ledger)

    def edited(self, ledger: str, identity: str) -> bool:
        """Whether the document stands with other lines than it was booked with."""
        known = self._known.get(ledger, {}).get(identity)
        return known is not None and known.edited

    # --- what the product says ------------------------------------------------------------------------------

    def false(self, ledger: str, reports: Iterable[Report]) -> list[Violation]:
        """Reports that are not true of the ledger."""
        return [
            Violation("false report", f"{ledger}: {report} is said, and is not so")
            for report in reports
            if not self._true(ledger, report)
        ]

    def missing(
        self, ledger: str, named: Collection[Report], ours: Collection[str], before: datetime
    ) -> list[Violation]:
        """Documents of ours, by id, that people changed before that moment and that no report names."""
        unsaid = []
        spoken_of = {(report.entity, report.number) for report in named}
        for identity, known in self._known.get(ledger, {}).items():
            if known.changed_at >= before:
                continue
            what = GONE if known.now is None else EDITED if known.surely_edited else ""
            report = Report(what, *known.first.name)
            if identity in ours and what and report not in named:
                unsaid.append(report)
            if self._is_plain_copy(ledger, known, ours) and known.first.name not in spoken_of:
                unsaid.append(Report(DUPLICATE, *known.first.name))
        return [Violation("not reported", f"{ledger}: {report}, and nothing says so") for report in unsaid]

    # --- inside ---------------------------------------------------------------------------------------------

    def _is_plain_copy(self, ledger: str, copy: _Known, ours: Collection[str]) -> bool:
        """Whether it stands as a copy of a document of ours that stands, too, and nobody edited either."""
        original = self._known[ledger].get(copy.copy_of)
        if original is None or original.first.id not in ours or original.now is None or copy.now is None:
            return False
        return not (copy.edited or original.edited or self._taken_back(ledger, copy, ours))

    def _taken_back(self, ledger: str, copy: _Known, ours: Collection[str]) -> bool:
        """Whether as many documents of others as there are copies say the same the other way round."""
        standing = [(known, known.now) for known in self._known[ledger].values() if known.now is not None]
        lines = [(account, -cents, text) for account, cents, text in copy.first.lines]
        back = [
            now
            for known, now in standing
            if now.entity == copy.first.entity
            and known.first.id not in ours
            and _in_order(now.lines) == _in_order(lines)
        ]
        copies = [known for known, _ in standing if known.copy_of == copy.copy_of]
        return len(copies) <= len(back)

    def _true(self, ledger: str, report: Report) -> bool:
        named = [
            known
            for known in self._known.get(ledger, {}).values()
            if known.first.name == (report.entity, report.number)
        ]
        if report.what == GONE:
            return any(known.now is None for known in named)
        if report.what == EDITED:
            return any(known.edited for known in named)
        return any(self._is_double(ledger, known) for known in named)

    def _is_double(self, ledger: str, known: _Known) -> bool:
        if known.now is None:
            return False
        mine = {(colour, parts > 0) for colour, parts in known.now.parts.items() if parts}
        others = [
            other.now
            for other in self._known[ledger].values()
            if other is not known and other.now is not None
        ]
        return any(
            (colour, parts > 0) in mine
            for other in others
            if other.entity == known.now.entity
            for colour, parts in other.parts.items()
            if parts
        )


def _in_order(lines: Iterable[tuple[str, int, str]]) -> Lines:
    return tuple(sorted(lines))
