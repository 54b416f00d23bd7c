"""What became of an expense report that a client sent: the one place where its state is stored. One that was
received may be booked or fail; one that failed may be booked after all; one that is booked stays so.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.db import transaction

from ml_connector.app.access import Access
from ml_connector.app.report_events import announce
from ml_connector.domain.problem import Owner
from ml_connector.errors import NotFound, Refused
from ml_connector.store.audit import StoredAudit
from ml_connector.store.models import IntakeReport, Organisation


class State(StrEnum):
    """What a client reads of a report."""

    RECEIVED = "received"
    BOOKED = "booked"
    FAILED = "failed"


def tell(access: Access, identity: str, state: State, text: str, now: datetime) -> None:
    """Store what became of the report; nothing where that is what is stored. Raises `NotFound`, and `Refused`
    where it is booked and would be said to be anything else.
    """
    with transaction.atomic():
        row = access.intake_reports().select_for_update().filter(identity=identity).first()
        if row is None:
            raise NotFound(f"There is no report {identity}.")
        if row.state == State.BOOKED and state != State.BOOKED:
            why = (
                f"Report {row.reference} is booked ({row.text}), and would be said to have {state.value}."
                " Reverse what is booked first."
            )
            raise Refused(why, where=f"report {identity}", owner=Owner.CONTROLLER, code="expense.status")
        if (row.state, row.text) == (state, text):
            return
        row.state, row.text, row.changed_at = state.value, text, now
        row.save(update_fields=["state", "text", "changed_at"])
        state_changed(access.organisation, identity)


def state_changed(organisation: Organisation, identity: str) -> None:
    """The state of a report is another one, in the same commit as this: here is everything that follows."""
    row = IntakeReport.objects.get(organisation=organisation, identity=identity)
    StoredAudit(organisation).append(
        actor="system",
        action=f"report.{row.state}",
        subject=identity,
        detail={"reference": row.reference, "revision": row.revision, "text": row.text},
    )
    announce(row, row.text, row.changed_at)
