"""Claims: the one run that may post for a subject now."""

from __future__ import annotations

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from ml_connector.domain.proposal import Subject
from ml_connector.ports.storage import CommitState
from ml_connector.store.models import Claim, Commit, Organisation

IN_FLIGHT = (CommitState.SENDING, CommitState.WRITING, CommitState.DRAFT, CommitState.UNKNOWN)
"""States of a commit that keep the claim of its run: it is being sent, unconfirmed, or nobody knows."""


class StoredClaims:
    """As `ports.storage.Claims`, for one organisation."""

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

    def let_go(self, run: str) -> None:
        if not Claim.objects.filter(organisation=self._organisation, run_id=run).exists():
            return
        with transaction.atomic():
            if not Commit.objects.filter(run_id=run, state__in=IN_FLIGHT, reversed_by="").exists():
                Claim.objects.filter(organisation=self._organisation, run_id=run).delete()

    def holder(self, subjects: Collection[Subject]) -> str:
        found = self._of(subjects).first()
        return found.run_id if found else ""

    def _of(self, subjects: Collection[Subject]) -> QuerySet[Claim]:
        same = Q(pk__in=[])
        for subject in subjects:
            same |= Q(tenant=subject.tenant, entity=subject.entity, text=subject.text)
        return Claim.objects.filter(same, organisation=self._organisation)
