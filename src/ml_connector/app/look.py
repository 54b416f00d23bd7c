"""The nightly look of an installation: what it finds is an incident until it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import structlog
from django.db import transaction

from ml_connector.app.access import Access
from ml_connector.app.assemble import Assembly
from ml_connector.app.failures import EXPECTED, read_failure
from ml_connector.app.operations import NOT_THIS_PAY
from ml_connector.flows.nightly_look import DAYS, Finding, Place, nightly_look
from ml_connector.store.commits import StoredCommits
from ml_connector.store.installation import installation
from ml_connector.store.models import Answer, Connection, Incident
from ml_connector.store.tenants import StoredTenants

EVERY = timedelta(hours=24)
log = structlog.get_logger("look")


def look(
    access: Access,
    assembly: Assembly,
    *,
    now: bool = False,
    failed: Callable[[str, str], None] = lambda name, why: None,
) -> dict[str, int]:
    """Compare what is booked with every ledger that was not looked at for 24 hours, or with all of them
    `now`; open incidents by connection. One that cannot be asked is reported in the log and to `failed`, and
    asked again; the others are looked at.
    """
    moment = assembly.clock.now()
    found: dict[str, int] = {}
    targets = {flow.target_id for flow in access.flows()}
    for connection in access.connections():
        due = connection.looked_at is None or moment - connection.looked_at >= EVERY
        if not (now or due) or connection.pk not in targets:
            continue
        try:
            findings = _look_at(access, assembly, connection)
        except EXPECTED as error:
            why = read_failure(error).text
            log.warning("look.failed", connection=connection.name, why=why)
            failed(connection.name, why)
            continue
        found[connection.name] = len(findings)
        with transaction.atomic():
            _record(access, connection, findings)
            connection.looked_at = moment
            connection.save(update_fields=["looked_at"])
    return found


def _look_at(access: Access, assembly: Assembly, connection: Connection) -> tuple[Finding, ...]:
    commits = StoredCommits(connection)
    answers = Answer.objects.filter(run__organisation=access.organisation, answer=NOT_THIS_PAY)
    accepted = frozenset(answers.values_list("question", flat=True))
    also = _after_a_restore(assembly, connection)
    return nightly_look(assembly.ledger(connection), commits, commits.now(), accepted, also)


def _after_a_restore(assembly: Assembly, connection: Connection) -> dict[Place, tuple[date, date]]:
    """Where this installation may have written what it does not know since it was restored: every journal
    that its flows have or had, for as long as a look goes back.
    """
    restored, days, now = installation().restored_at, timedelta(days=DAYS), assembly.clock.now()
    if restored is None or now - restored > days:
        return {}
    ledger, tenants = assembly.ledger(connection), StoredTenants(connection)
    return {
        (tenants.confirm(entity, ledger.tenant(entity)), entity, journal): (
            (restored - days).date(),
            (now + days).date(),
        )
        for flow in connection.target_of.all()
        for entity, present in assembly.payroll_policy(flow).journals.items()
        for journal in (present, *flow.journals_before.get(entity, ()))
    }


def _record(access: Access, connection: Connection, findings: Sequence[Finding]) -> None:
    known = {
        (row.entity, row.document, row.code): row
        for row in Incident.objects.filter(connection=connection, over_at__isnull=True)
    }
    for finding in findings:
        row = known.pop((finding.entity, finding.document, finding.code), None)
        if row is not None and row.text == finding.text:
            continue
        if row is None:
            row = Incident(
                connection=connection,
                commit=access.commits().filter(key=finding.key).first(),
                entity=finding.entity,
                document=finding.document,
                code=finding.code,
            )
        row.text = finding.text
        row.save()
        _note(access, "incident.found", row)
    for row in known.values():
        row.over_at = StoredCommits(connection).now()
        row.save(update_fields=["over_at"])
        _note(access, "incident.over", row)


def _note(access: Access, action: str, row: Incident) -> None:
    access.audit.append(
        actor="system",
        action=action,
        subject=row.commit.key if row.commit else f"{row.entity}/{row.document}",
        detail={"code": row.code, "document": f"{row.entity}/{row.document}", "text": row.text},
    )
