"""The nightly look of an installation: what it finds is an incident until it is over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, timedelta

import structlog
from django.db import transaction

from ml_connector.app.access import Access
from ml_connector.app.assemble import Assembly
from ml_connector.app.failures import expected, read_failure
from ml_connector.domain.proposal import Subject
from ml_connector.flows.posting.look_alikes import NOT_OURS
from ml_connector.flows.posting.nightly_look import DAYS, Finding, Place, nightly_look
from ml_connector.flows.purchasing.nightly import purchase_look
from ml_connector.store.commits import StoredCommits
from ml_connector.store.installation import installation
from ml_connector.store.models import Answer, Connection, Incident
from ml_connector.store.runs import StoredRuns
from ml_connector.store.tenants import StoredTenants

EVERY = timedelta(hours=24)
DEFECT = (
    "The check failed because of a defect. Nothing was changed in the ledger. Send the log to the"
    " maintainers."
)
log = structlog.get_logger("look")


def look(
    access: Access,
    assembly: Assembly,
    *,
    now: bool = False,
    failed: Callable[[str, str], None] = lambda name, why: None,
) -> dict[str, int]:
    """Compare what is booked with every ledger that was not looked at for 24 hours, or with all of them
    `now`; open incidents by connection. One that cannot be asked, or whose look fails by a defect, is
    reported in the log and to `failed`, and asked again; the others are looked at.
    """
    moment = assembly.clock.now()
    found: dict[str, int] = {}
    targets = {flow.target_id for flow in access.flows()}
    for connection in access.connections():
        due = connection.looked_at is None or moment - connection.looked_at >= EVERY
        if not (now or due) or connection.pk not in targets:
            continue
        try:
            findings = _look_at(assembly, connection)
            with transaction.atomic():
                _record(access, connection, findings)
                connection.looked_at = moment
                connection.save(update_fields=["looked_at"])
        except expected() as error:
            why = read_failure(error).text
            log.warning("look.failed", connection=connection.name, why=why)
            failed(connection.name, why)
        except Exception as error:
            # A defect, of this one only.
            log.error("look.failed", connection=connection.name, exc_info=error)
            failed(connection.name, DEFECT)
        else:
            found[connection.name] = len(findings)
    return found


def _look_at(assembly: Assembly, connection: Connection) -> tuple[Finding, ...]:
    commits = StoredCommits(connection)
    accepted: dict[str, set[Subject]] = {}
    for name, pays in _accepted(assembly, connection):
        accepted.setdefault(name, set()).update(pays)
    also = _after_a_restore(assembly, connection)
    system, now = assembly.system(connection), commits.now()
    found = nightly_look(system, commits, now, accepted, also)
    return (*found, *purchase_look(system, commits, now))


def _accepted(assembly: Assembly, connection: Connection) -> Iterator[tuple[str, Sequence[Subject]]]:
    """Documents of this ledger that a person said are no pay of a run, with their journals, because another
    ledger, or another journal, may have one of the same number; and the pays of that run.
    """
    runs = StoredRuns()
    for flow in connection.target_of.all():
        answers = Answer.objects.filter(run__settings=flow, answer=NOT_OURS)
        present = assembly.policy(flow).journals
        for name, run in answers.values_list("question", "run_id"):
            entity, _, number = name.partition("/")
            pays = runs.subjects_of_run(run)
            if "/" in number:
                yield name, pays
            else:
                journals = (present.get(entity, ""), *flow.journals_before.get(entity, ()))
                yield from ((f"{entity}/{journal}/{number}", pays) for journal in journals)


def _after_a_restore(assembly: Assembly, connection: Connection) -> dict[Place, tuple[date, date]]:
    """Where this installation may have written what it does not know since it was restored: every journal
    that its flows have or had, for as long as a look goes back.
    """
    restored, days, now = installation().restored_at, timedelta(days=DAYS), assembly.clock.now()
    if restored is None or now - restored > days:
        return {}
    system, tenants = assembly.system(connection), StoredTenants(connection)
    return {
        (tenants.confirm(entity, system.tenant(entity)), entity, journal): (
            (restored - days).date(),
            (now + days).date(),
        )
        for flow in connection.target_of.all()
        for entity, present in assembly.policy(flow).journals.items()
        for journal in (present, *flow.journals_before.get(entity, ()))
    }


def _record(access: Access, connection: Connection, findings: Sequence[Finding]) -> None:
    """Store what is over, and what is found."""
    rows = Incident.objects.filter(connection=connection, over_at__isnull=True).select_related("commit")
    known = {(row.commit.key if row.commit else "", *_name(row)): row for row in rows}
    stored = [_known(known, finding) for finding in findings]
    for row in known.values():
        row.over_at = StoredCommits(connection).now()
        row.save(update_fields=["over_at"])
        _note(access, "incident.over", row)
    names = {_name(row) for row in stored if row is not None}
    for finding, found in zip(findings, stored, strict=True):
        if found is not None and found.text == finding.text:
            continue
        row = found or _new(access, connection, finding, names)
        names.add(_name(row))
        row.text = finding.text
        row.save()
        _note(access, "incident.found", row)


def _known(known: dict[tuple[str, str, str, str], Incident], finding: Finding) -> Incident | None:
    """The incident that is open for the finding, taken out of those that are known."""
    for document in (_with_journal(finding), finding.document):
        row = known.pop((finding.key, finding.entity, document, finding.code), None)
        if row is not None:
            return row
    return None


def _new(
    access: Access, connection: Connection, finding: Finding, names: Collection[tuple[str, str, str]]
) -> Incident:
    """An incident of a document by its number; by journal and number where another document is open by that
    number.
    """
    taken = (finding.entity, finding.document, finding.code) in names
    return Incident(
        connection=connection,
        commit=access.commits().filter(key=finding.key).first(),
        entity=finding.entity,
        document=_with_journal(finding) if taken else finding.document,
        code=finding.code,
    )


def _with_journal(finding: Finding) -> str:
    return f"{finding.journal}/{finding.document}"


def _name(row: Incident) -> tuple[str, str, str]:
    return row.entity, row.document, row.code


def _note(access: Access, action: str, row: Incident) -> None:
    access.audit.append(
        actor="system",
        action=action,
        subject=row.commit.key if row.commit else f"{row.entity}/{row.document}",
        detail={"code": row.code, "document": f"{row.entity}/{row.document}", "text": row.text},
    )
