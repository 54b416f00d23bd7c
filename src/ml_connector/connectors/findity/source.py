"""Where approved expense reports are read.

    list of exports  →  vouchers of those that wait, or are new  →  reports
                        an export that was taken back is none; a young one is not looked at yet

A list of exports has no filter of time, so it is read whole; of exports that are done vouchers are read only
where somebody asks. One report may come in a second export under the same reference: the newer one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from ml_connector.connectors.findity.client import FindityClient
from ml_connector.connectors.findity.events import TOPICS
from ml_connector.connectors.findity.exports import Export, Unit, one_organization, read_exports, read_units
from ml_connector.connectors.findity.files import opened
from ml_connector.connectors.findity.marks import FindityMarks
from ml_connector.connectors.findity.translate import not_bookable, report_of
from ml_connector.domain.expense import ExpenseReport, ReceiptFile
from ml_connector.errors import NotFound
from ml_connector.ports.expenses import ChangedReports, ReportRef, ReportStatus
from ml_connector.ports.systems import Wiring

SKEW = timedelta(minutes=10)
"""An export is made after its reports were approved, by clocks that may differ."""
MOVED = "expense.moved"


class FindityExpenses:
    """As `ports.expenses.ExpenseSource`."""

    def __init__(self, findity: FindityClient, wiring: Wiring) -> None:
        self._findity, self._wiring, self._options = findity, wiring, findity.options
        self.marks = FindityMarks(findity, self._unit)

    def tenant(self) -> str:
        """The host and the organizations that are named; in a sandbox the installation."""
        return self._findity.installation() or "/".join((self._options.host, *self._options.organizations))

    def organizations(self) -> tuple[str, ...]:
        """Those that are named, or all that the key reaches."""
        if self._options.organizations:
            return self._options.organizations
        names = self._findity.names
        rows = self._findity.every(names.path("organizations"), names["id"])
        return tuple(row.text("id") for row in rows)

    # --- lists ----------------------------------------------------------------------------------------------

    def changed(self, cursor: str, since: datetime) -> ChangedReports:
        """Exports that wait, and those that were made since the last look with an overlap. The cursor is when
        the look began, by our clock.
        """
        now = self._wiring.clock.now().astimezone(UTC).replace(microsecond=0)
        start = since
        if cursor:
            before = datetime.fromisoformat(cursor)
            early = timedelta(0) <= now - before < timedelta(seconds=self._options.numbers["poll_seconds"])
            if early and not self._wiring.heard(TOPICS[ExpenseReport], before):
                return ChangedReports(found=(), cursor=cursor)
            start = before - timedelta(seconds=self._options.numbers["overlap_seconds"])
        wanted = (each for each in self._handed_over(since) if each.waits or each.created_at >= start)
        return ChangedReports(found=tuple(self._refs(wanted)), cursor=now.isoformat())

    def unmarked(self, since: datetime) -> Iterator[ReportRef]:
        """Of exports that wait."""
        waiting = (each for each in self._handed_over(since) if each.waits)
        yield from [ref for ref in self._refs(waiting) if not ref.status]

    def exported(self, export: str) -> tuple[ReportRef, ...]:
        """Every report of an export; of one that was taken back none, because they come in another one."""
        organization, identity = one_organization(export)
        found = [each for each in read_exports(self._findity, organization) if each.id == identity]
        if not found:
            raise NotFound(f"Findity has no export {identity}.", where=f"export {identity}")
        if found[0].returned:
            return ()
        return tuple(unit.ref for unit in read_units(self._findity, found[0]))

    def _handed_over(self, since: datetime) -> list[Export]:
        """Exports that stand, and are old enough not to be taken back, the oldest first."""
        youngest = self._wiring.clock.now() - timedelta(seconds=self._options.numbers["take_back_seconds"])
        found = [export for each in self.organizations() for export in read_exports(self._findity, each)]
        return [each for each in found if not each.returned and since <= each.created_at <= youngest]

    def _refs(self, exports: Iterable[Export]) -> Iterator[ReportRef]:
        """Every report once, as its newest export has it."""
        found: dict[str, ReportRef] = {}
        for export in exports:
            try:
                read = read_units(self._findity, export)
            except NotFound:  # taken back since the list was read; its reports come in another one
                continue
            for unit in read:
                found.pop(unit.key, None)
                found[unit.key] = unit.ref
        return iter(found.values())

    # --- one ------------------------------------------------------------------------------------------------

    def report(self, reference: str) -> ExpenseReport:
        """The report as its vouchers have it."""
        unit = self._unit(reference)
        if unit.status == ReportStatus.FAILED and not unit.export.waits:
            raise _moved(unit)
        return report_of(unit, self._options)

    def file(self, file: ReceiptFile) -> AbstractContextManager[BinaryIO]:
        """The bytes of a receipt."""
        return opened(self._findity, self._wiring, file)

    def _unit(self, reference: str) -> Unit:
        """The report with its vouchers, by its newest export that stands. Raises `NotFound`, and `Refused`
        for one that was approved again or taken back.
        """
        key, _, stamp = reference.rpartition("/")
        if key.count("/") != 1:
            raise _not_found(reference)
        organization, _ = one_organization(key)
        approved = _moment(stamp, reference)
        exports = [
            export
            for export in reversed(read_exports(self._findity, organization))
            if export.created_at >= approved - SKEW
        ]
        taken_back: Unit | None = None
        for export in sorted(exports, key=lambda export: (export.returned, not export.waits)):
            try:
                found = next((each for each in read_units(self._findity, export) if each.key == key), None)
            except NotFound:
                continue
            if found is not None and not export.returned:
                if found.reference != reference:
                    raise _moved(found)
                return found
            taken_back = taken_back or found
        if taken_back is not None:
            raise _moved(taken_back)
        raise _not_found(reference)


def _moment(stamp: str, reference: str) -> datetime:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        raise _not_found(reference) from None


def _not_found(reference: str) -> NotFound:
    return NotFound(f"Findity has no report {reference}.", where=f"report {reference}")


def _moved(unit: Unit) -> Exception:
    why = (
        "it was approved again, taken back or answered since it was listed. It is listed again when sent"
        " again."
    )
    return not_bookable(unit, MOVED, why)
