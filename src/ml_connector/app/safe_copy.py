"""A database that was just restored, made safe before anybody works on it.

The books of the vendors may be ahead of it, and the installation it was copied from may be alive. So nothing
in it is posted before a person has looked again: flows only propose, proposals and approvals are void, and it
is an installation of its own. Posting again is safe then: the first look-up of every entry finds what was
booked after the backup was made.
"""

from __future__ import annotations

from collections.abc import Mapping

from ml_connector.app.access import Access
from ml_connector.domain import codec
from ml_connector.domain.problem import Owner, Problem
from ml_connector.flows.flow import flows
from ml_connector.ports.runs import RunState
from ml_connector.store.database import database_now
from ml_connector.store.installation import renew
from ml_connector.store.models import Approval, Claim, Flow, Organisation, Run

UNDER_WAY = (RunState.READY, RunState.RUNNING, RunState.WAITING, RunState.AWAITING_APPROVAL)
OVER = (RunState.DONE, RunState.CANCELLED, RunState.CLOSED)


def make_safe(organisation: str, *, actor: str, detail: Mapping[str, str]) -> tuple[int, int]:
    """Call in one transaction. Every organisation of the database has it in its audit chain, with how many of
    its flows only propose since and how many of its runs are held; both in all are returned. No secret is
    read.
    """
    now = database_now()
    renew(restored_at=now)
    Claim.objects.all().delete()
    Approval.objects.filter(voided_at__isnull=True).exclude(run__state__in=OVER).update(voided_at=now)
    Organisation.objects.get_or_create(slug=organisation)
    flows = runs = 0
    for each in Organisation.objects.order_by("id"):
        proposing = Flow.objects.filter(organisation=each).exclude(mode="propose").update(mode="propose")
        held = _hold_runs(each)
        Access(each.slug).audit.append(
            actor=actor,
            action="restored",
            subject="installation",
            detail={**detail, "flows": proposing, "runs": held},
        )
        flows, runs = flows + proposing, runs + held
    return flows, runs


def _hold_runs(organisation: Organisation) -> int:
    text = (
        "The database was restored from a backup, so what was proposed or approved before counts no more."
        " Look at the run, then resume it: it is proposed again."
    )
    problem = Problem("run.restored", "run", text, Owner.ADMINISTRATOR)
    mine = Run.objects.filter(organisation=organisation)
    for record in flows().values():
        writing = mine.exclude(state__in=OVER).filter(flow=record.kind, stage__in=record.writes_in)
        writing.update(stage=record.proposes)
    return mine.filter(state__in=UNDER_WAY).update(
        state=RunState.HELD, problems=codec.encode((problem,)), summary=text, due_at=None
    )
