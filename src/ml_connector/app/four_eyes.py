"""Two people behind what is posted: who made it and who consents, and that they are not one."""

from __future__ import annotations

from ml_connector.app.access import Access, Actor
from ml_connector.app.refusals import NotAllowed
from ml_connector.ports.runs import RunRow
from ml_connector.store.models import Approval


def consenting(access: Access, actor: Actor, row: RunRow, fingerprint: str) -> set[str]:
    """The named people behind these entries with this consent: who made the proposal, and who consented
    before. Raises `NotAllowed` where two are wanted and this is nobody, or one of the former.
    """
    person, makers = actor.person, set(row.people)
    if not access.organisation.four_eyes:
        return makers | {person} - {""}
    if not person:
        raise NotAllowed("Two people are required here. Give your name: --as NAME, with your secret.")
    if person in makers:
        raise NotAllowed(f"{person} has a part in run {row.id} as it is proposed; somebody else approves.")
    earlier = Approval.objects.filter(run_id=row.id, fingerprint=fingerprint, voided_at__isnull=True)
    return makers | {person} | set(earlier.exclude(person="").values_list("person", flat=True))
