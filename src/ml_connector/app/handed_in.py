"""As `ports.handed_in`, over the tables: the expense reports of one organisation that were sent to us."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, BinaryIO

from django.db.models import Exists, OuterRef, QuerySet

from ml_connector.app.access import Access
from ml_connector.app.intake_outcomes import State, tell
from ml_connector.domain import codec
from ml_connector.domain.expense import ExpenseReport
from ml_connector.errors import NotFound, NotSent
from ml_connector.ports.handed_in import HandedReport, Standing
from ml_connector.ports.storage import Clock, Files
from ml_connector.store.installation import first_identity
from ml_connector.store.models import Connection, IntakeFile, IntakeReport

SHOWN = ("identity", "reference", "state", "changed_at", "canceled_at", "change")


class StoredHandedIn:
    """As `ports.handed_in.HandedIn`."""

    def __init__(self, access: Access, clock: Clock, files: Files) -> None:
        self._access, self._clock, self._files = access, clock, files

    def tenant(self) -> str:
        """By the first identity of the installation, which stays when the database is restored."""
        return f"{first_identity()}/{self._access.organisation.slug}"

    def changed(self, after: int, since: datetime) -> Sequence[HandedReport]:
        """A report is named by its newest revision, also where an older one came later."""
        touched = self._access.intake_reports().filter(change__gt=after).values("reference")
        rows = self._rows().filter(reference__in=touched, replaced=False, received_at__gte=since)
        return [_shown(row) for row in rows.order_by("change")]

    def waiting(self, since: datetime) -> Iterator[HandedReport]:
        """In the order in which they were stored."""
        rows = self._rows().filter(replaced=False, canceled_at=None, state=State.RECEIVED)
        yield from map(_shown, rows.filter(received_at__gte=since))

    def one(self, identity: str) -> HandedReport:
        """Raises `NotFound`."""
        row = self._rows().filter(identity=identity).first()
        if row is None:
            raise _no_report(identity)
        return _shown(row)

    def content(self, identity: str) -> ExpenseReport:
        """As it was made when it was sent."""
        mine = self._access.intake_reports().filter(identity=identity)
        text = mine.values_list("content", flat=True).first()
        if text is None:
            raise _no_report(identity)
        report: ExpenseReport = codec.decode(text)
        return report

    def open(self, sha256: str) -> AbstractContextManager[BinaryIO]:
        """Only what a report of this organisation names, also where another has the same bytes."""
        if not IntakeFile.objects.filter(report__in=self._access.intake_reports(), sha256=sha256).exists():
            raise NotFound(f"No report of this organisation has a file {sha256}.")
        return self._files.open(sha256)

    def tell(self, identity: str, status: str, text: str) -> None:
        """In one commit with everything that follows."""
        tell(self._access, identity, State(status), text, self._clock.now())

    def _rows(self) -> QuerySet[Any]:
        found: QuerySet[Any] = with_standing(self._access.intake_reports()).values(*SHOWN, "replaced")
        return found


def with_standing(reports: QuerySet[IntakeReport]) -> QuerySet[IntakeReport]:
    """Each with `replaced`: whether a later revision of its report was stored."""
    later = IntakeReport.objects.filter(
        organisation=OuterRef("organisation"),
        reference=OuterRef("reference"),
        revision__gt=OuterRef("revision"),
    )
    return reports.annotate(replaced=Exists(later))


def standing(*, replaced: bool, canceled_at: datetime | None) -> Standing:
    """How a revision stands; what was canceled and then replaced was replaced."""
    if replaced:
        return Standing.REPLACED
    return Standing.CURRENT if canceled_at is None else Standing.CANCELED


def handed_in(access: Access, connection: Connection, clock: Clock, files: Files) -> StoredHandedIn:
    """The reports of the organisation, for its one connection that reads them. Raises `NotSent` for a second
    one: both would book each report, and tell the client of it.
    """
    readers = access.connections().filter(connector=connection.connector).order_by("pk")
    first = readers[0]
    if first.pk != connection.pk:
        text = (
            f"Connection {first.name} reads the expense reports of this organisation, and a second one would"
            " book each of them again. Use that one; to try something out, add an organisation for it."
        )
        raise NotSent(text, where=connection.name, code="intake.readers")
    return StoredHandedIn(access, clock, files)


def _shown(row: dict[str, Any]) -> HandedReport:
    known = row["state"]
    return HandedReport(
        identity=row["identity"],
        report=row["reference"],
        standing=standing(replaced=row["replaced"], canceled_at=row["canceled_at"]),
        changed_at=row["changed_at"],
        change=row["change"],
        status="" if known == State.RECEIVED else known,
    )


def _no_report(identity: str) -> NotFound:
    return NotFound(f"There is no report {identity}.")
