"""Claims: the one run that may post for a subject now."""

from __future__ import annotations

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from ml_connector.domain.proposal import Subject
from ml_connector.ports.commits import CommitState
from ml_connector.store.models import Claim, Commit, Organisation
from ml_connector.store.prepared import Prepared

IN_FLIGHT = (CommitState.SENDING, CommitState.WRITING, CommitState.DRAFT, CommitState.UNKNOWN)
"""States of a commit that keep the claim of its run: it is being sent, unconfirmed, or nobody knows."""


class StoredClaims:
    """As `ports.runs.Claims`, for one organisation."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation

    def take(self, run: str, subjects: Collection[Subject]) -> str:
        # Sorted, so that two runs that want the same subjects never wait for each other.
        wanted = sorted(set(subjects))
        try:
            with transaction.atomic():
                held = {(c.tenant, c.entity, c.text): c.run_id for c in self._of(wanted)}
                others = [holder for holder in held.values() if holder != run]
                if others:
                    return others[0]
                Claim.objects.bulk_create(
                    Claim(
                        organisation=self._organisation,
                        tenant=subject.tenant,
                        entity=subject.entity,
                        text=subject.text,
                        run_id=run,
                    )
                    for subject in wanted
                    if (subject.tenant, subject.entity, subject.text) not in held
                )
        except IntegrityError:
            # Another run was quicker, and may have let go again.
            return self.take(run, wanted)
        return ""

    def release(self, run: str) -> None:
        if not _held_by(self._organisation.pk, run):
            return
        with transaction.atomic():
            if not _in_flight(run):
                Claim.objects.filter(organisation=self._organisation, run_id=run).delete()

    def holder(self, subjects: Collection[Subject]) -> str:
        return next((claim.run_id for claim in self._of(subjects)), "")

    def _of(self, subjects: Collection[Subject]) -> list[Claim]:
        wanted = tuple((subject.tenant, subject.entity, subject.text) for subject in sorted(set(subjects)))
        return _of_subjects(self._organisation.pk, wanted)


@Prepared
def _of_subjects(organisation: int, subjects: tuple[tuple[str, str, str], ...]) -> QuerySet[Claim]:
    same = Q(pk__in=[])
    for tenant, entity, text in subjects:
        same |= Q(tenant=tenant, entity=entity, text=text)
    return Claim.objects.filter(same, organisation_id=organisation).order_by("id")


@Prepared
def _in_flight(run: str) -> QuerySet[Commit, int]:
    found = Commit.objects.filter(run_id=run, state__in=IN_FLIGHT, reversed_by="")
    return found.values_list("id", flat=True)[:1]


@Prepared
def _held_by(organisation: int, run: str) -> QuerySet[Claim, int]:
    return Claim.objects.filter(organisation_id=organisation, run_id=run).values_list("id", flat=True)[:1]
