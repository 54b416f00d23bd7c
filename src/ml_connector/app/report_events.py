"""What became of an expense report, told to the programs of the client as signed webhooks.

    state stored ── a message for each endpoint about reports, in the same commit ── sent, as alerts are

The log has a message too, without words: what was told is sent again from it, also to an endpoint that was
added later.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime

from ml_connector.store.models import AlertEndpoint, AlertMessage, IntakeReport
from ml_connector.store.models.alerts import LOG, REPORTS, WEBHOOK

TOLD = ("booked", "failed")
"""States that are told; that a report was received is in the answer to whoever sent it."""


def announce(report: IntakeReport, message: str, now: datetime) -> None:
    """Let every endpoint about reports know the state of the report, which was just stored: call it in the
    transaction that stores it. `message` is where it is booked, or why it is not.
    """
    if report.state not in TOLD:
        return
    content = {
        "type": f"expense_report.{report.state}",
        "timestamp": now.isoformat(),
        "data": {
            "id": report.identity,
            "externalId": report.reference,
            "revision": report.revision,
            "state": report.state,
            "message": message,
            "changedAt": report.changed_at.isoformat(),
        },
    }
    identity, body = f"msg_{uuid.uuid4().hex}", json.dumps(content, ensure_ascii=False)
    mine = AlertEndpoint.objects.filter(organisation=report.organisation, about=REPORTS, disabled_at=None)
    names = mine.order_by("id").values_list("name", flat=True)
    AlertMessage.objects.bulk_create(
        AlertMessage(
            organisation=report.organisation,
            event=f"report.{report.state}",
            channel=channel,
            target=target,
            identity=identity,
            body=body,
            made_at=now,
            due_at=now,
        )
        for channel, target in [(LOG, ""), *((WEBHOOK, name) for name in names)]
    )
