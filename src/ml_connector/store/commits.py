"""Commit keys and intents. Each method is one transaction, durable when it returns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from ml_connector.domain import codec
from ml_connector.domain.journal import CommitKey, Marker, Receipt
from ml_connector.domain.proposal import Share, Subject
from ml_connector.errors import KeyConflict
from ml_connector.ports.storage import (
    COUNTS_FOR_NOTHING,
    SENDABLE,
    UNBOOKED,
    CommitRow,
    CommitState,
    IntentEnd,
    IntentRow,
    Origin,
)
from ml_connector.store.database import begins_with, database_now
from ml_connector.store.models import Commit, CommitSubject, Connection, DistrustedMarker, Intent

SUBJECTS_A_QUERY = 100


class StoredCommits:
    """The commits of one connection, as `ports.storage.Commits`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._organisation = connection.organisation_id

    def open(self, *, key: str, fingerprint: str, entity: str, content: str, origin: Origin) -> CommitRow:
        with transaction.atomic():
            self._supersede(CommitKey.parse(key))
            commit = self._all().filter(key=key).first() or self._make(
                key=key, fingerprint=fingerprint, entity=entity, content=content, origin=origin
            )
            if commit.state in UNBOOKED and origin.run and commit.run_id != origin.run:
                commit.run_id = origin.run
                commit.save(update_fields=["run"])
        if commit.fingerprint != fingerprint:
            text = (
                f"The key {key} was already used for an entry with other amounts, accounts or dates. An entry"
                " is never changed after it was approved: reverse the first, or propose a new revision."
            )
            raise KeyConflict(text, where=key)
        if commit.reversed_by:
            why = (
                commit.reversed_by
                if commit.reversed_by in COUNTS_FOR_NOTHING
                else f"reversed or superseded by {commit.reversed_by}"
            )
            raise KeyConflict(
                f"{key} was {why} and is never sent again. Start a new run of this pay: it gets a key of its"
                " own.",
                where=key,
            )
        return replace(_row(commit), shares=origin.shares)

    def _make(self, *, key: str, fingerprint: str, entity: str, content: str, origin: Origin) -> Commit:
        commit = Commit.objects.create(
            organisation_id=self._organisation,
            connection=self._connection,
            run_id=origin.run or None,
            key=key,
            fingerprint=fingerprint,
            state=CommitState.PLANNED,
            tenant=origin.tenant,
            entity=entity,
            content=content,
            source_reference=origin.reference,
            calculated_at=origin.calculated_at,
        )
        CommitSubject.objects.bulk_create(
            CommitSubject(
                commit=commit,
                tenant=share.subject.tenant,
                entity=share.subject.entity,
                text=share.subject.text,
                base=share.subject.base.text,
                lines=codec.encode(share.lines) if share.lines else "",
            )
            for share in origin.shares
        )
        return commit

    def _supersede(self, key: CommitKey) -> None:
        """Close the earlier revisions of the family, which must all be proved unbooked, or reversed."""
        if key.revision == 1:
            return
        family = begins_with("key", f"{key.family}:")
        for earlier in self._all().select_for_update().filter(family, reversed_by=""):
            known = CommitKey.parse(earlier.key)
            if known.family != key.family or known.revision >= key.revision:
                continue
            if earlier.state not in UNBOOKED:
                text = (
                    f"{earlier.key} is {earlier.state}: a new revision may be posted only when it is refused,"
                    " reversed or shown deleted."
                )
                raise KeyConflict(text, where=str(key))
            earlier.reversed_by = str(key)
            earlier.save(update_fields=["reversed_by"])

    def get(self, key: str) -> CommitRow | None:
        return next(iter(_rows(self._all().filter(key=key))), None)

    def of_subjects(self, subjects: Collection[Subject], *, beside: bool = False) -> tuple[CommitRow, ...]:
        found: dict[int, CommitRow] = {}
        wanted = sorted(subjects)
        for start in range(0, len(wanted), SUBJECTS_A_QUERY):
            same = Q()
            for subject in wanted[start : start + SUBJECTS_A_QUERY]:
                text = (
                    {"base": subject.base.text}
                    if beside
                    else {"text": subject.text, "base": subject.base.text}
                )
                same |= Q(tenant=subject.tenant, entity=subject.entity, **text)
            paid = CommitSubject.objects.filter(same)
            found |= _rows_by_id(self._all().filter(id__in=paid.values("commit_id")))
        return tuple(found[number] for number in sorted(found))

    def of_reference(self, prefix: str) -> tuple[CommitRow, ...]:
        return _rows(self._all().filter(begins_with("key", prefix)).order_by("id"))

    def of_run(self, run: str, states: Collection[CommitState] = ()) -> tuple[CommitRow, ...]:
        wanted = {"state__in": states} if states else {}
        return _rows(self._all().filter(run_id=run, **wanted).order_by("id"))

    def booked_since(self, moment: datetime) -> tuple[CommitRow, ...]:
        found = self._all().filter(
            connection=self._connection, created_at__gte=moment, state=CommitState.CONFIRMED
        )
        return _rows(found.exclude(reversed_by__in=COUNTS_FOR_NOTHING).order_by("id"))

    def known_references(self, tenant: str, entity: str) -> frozenset[str]:
        found = self._all().filter(tenant=tenant, entity=entity).values_list("reference", "key", "marked_by")
        return frozenset(
            reference or Marker.of(marked_by or key).token for reference, key, marked_by in found
        )

    def last_sent(self, key: str) -> datetime | None:
        sent = Intent.objects.filter(commit__key=key, commit__organisation_id=self._organisation)
        last: datetime | None = sent.order_by("-id").values_list("created_at", flat=True).first()
        return last

    # --- intents --------------------------------------------------------------------------------------------

    def open_intent(self, key: str) -> IntentRow | None:
        found = (
            Intent.objects.select_related("commit")
            .filter(commit__organisation_id=self._organisation, commit__key=key, ended_at__isnull=True)
            .first()
        )
        return _intent(found, key) if found else None

    def intend(self, *, key: str, fingerprint: str, boot: str, machine: str, monotonic: float) -> IntentRow:
        try:
            with transaction.atomic():
                commit = self._all().select_for_update().get(key=key, fingerprint=fingerprint)
                if commit.reversed_by:
                    raise KeyConflict(
                        f"{key} was superseded by {commit.reversed_by}; it is not sent.", where=key
                    )
                if Intent.objects.filter(commit=commit, ended_at__isnull=True).exists():
                    raise KeyConflict("Another attempt is sending this entry right now.", where=key)
                if commit.state not in SENDABLE:
                    raise KeyConflict(
                        f"{key} became {commit.state} after it was looked up; it is not sent.", where=key
                    )
                intent = Intent.objects.create(
                    commit=commit, boot=boot, created_at=database_now(), machine=machine, monotonic=monotonic
                )
                commit.state = CommitState.SENDING
                commit.save(update_fields=["state"])
        except IntegrityError:
            raise KeyConflict("Another attempt is sending this entry right now.", where=key) from None
        return _intent(intent, key)

    def first_seen(self, intent: IntentRow, machine: str, monotonic: float) -> IntentRow:
        Intent.objects.filter(id=intent.id).exclude(machine=machine).update(
            machine=machine, monotonic=monotonic
        )
        fresh = Intent.objects.select_related("commit").get(id=intent.id)
        return _intent(fresh, intent.key)

    def still_open(self, intent: IntentRow) -> bool:
        return Intent.objects.filter(id=intent.id, boot=intent.boot, ended_at__isnull=True).exists()

    def close_intent(
        self,
        intent: IntentRow,
        end: IntentEnd,
        *,
        state: CommitState,
        receipt: str = "",
        adopted: bool = False,
        detail: str = "",
    ) -> None:
        with transaction.atomic():
            open_ones = Intent.objects.filter(id=intent.id, boot=intent.boot, ended_at__isnull=True)
            if not open_ones.update(ended_at=database_now(), end=end, detail=detail):
                raise KeyConflict("This intent was closed by somebody else.", where=intent.key)
            self._move(intent.key, state, receipt, adopted, detail)

    # --- what is known --------------------------------------------------------------------------------------

    def record(
        self,
        key: str,
        *,
        state: CommitState,
        receipt: str = "",
        booked: str = "",
        adopted: bool = False,
        detail: str = "",
    ) -> None:
        with transaction.atomic():
            self._move(key, state, receipt, adopted, detail, booked)

    def reverse(self, key: str, by: str) -> None:
        self._all().filter(key=key).update(reversed_by=by)

    def reversed_by(self, key: str) -> CommitRow | None:
        return next(iter(_rows(self._all().filter(reversed_by=key, state=CommitState.CONFIRMED))), None)

    def distrust_marker(self, entity: str, why: str) -> None:
        DistrustedMarker.objects.get_or_create(
            connection=self._connection, entity=entity, defaults={"why": why}
        )

    def marker_distrusted(self, entity: str) -> str:
        found = DistrustedMarker.objects.filter(connection=self._connection, entity=entity).first()
        return found.why if found else ""

    def now(self) -> datetime:
        return database_now()

    def _all(self) -> QuerySet[Commit]:
        return Commit.objects.filter(organisation_id=self._organisation)

    def _move(
        self, key: str, state: CommitState, receipt: str, adopted: bool, detail: str, booked: str = ""
    ) -> None:
        values: dict[str, object] = {"state": state, "detail": detail}
        if receipt:
            known = codec.decode(receipt)
            values["receipt"] = receipt
            values["reference"] = known.reference if isinstance(known, Receipt) else ""
        if booked:
            values["booked"] = booked
        if adopted:
            values["adopted"] = True
        if not self._all().filter(key=key).update(**values):
            raise KeyError(key)


def _rows(found: QuerySet[Commit]) -> tuple[CommitRow, ...]:
    """The commits with what each pays for, in two queries."""
    return tuple(_rows_by_id(found).values())


def _rows_by_id(found: QuerySet[Commit]) -> dict[int, CommitRow]:
    commits = list(found)
    shares: dict[int, list[Share]] = {}
    paid = CommitSubject.objects.filter(commit__in=[commit.pk for commit in commits])
    for row in paid.order_by("id") if commits else ():
        subject = Subject(tenant=row.tenant, entity=row.entity, text=row.text)
        lines = codec.decode(row.lines) if row.lines else ()
        shares.setdefault(row.commit_id, []).append(Share(key="", subject=subject, lines=lines))
    return {
        commit.pk: replace(
            _row(commit), shares=tuple(replace(share, key=commit.key) for share in shares.get(commit.pk, ()))
        )
        for commit in commits
    }


def _row(commit: Commit) -> CommitRow:
    return CommitRow(
        key=commit.key,
        fingerprint=commit.fingerprint,
        state=CommitState(commit.state),
        entity=commit.entity,
        content=commit.content,
        tenant=commit.tenant,
        run=commit.run_id or "",
        reference=commit.source_reference,
        calculated_at=commit.calculated_at,
        marked_by=commit.marked_by,
        receipt=commit.receipt,
        booked=commit.booked,
        reversed_by=commit.reversed_by,
        adopted=commit.adopted,
        detail=commit.detail,
    )


def _intent(intent: Intent, key: str) -> IntentRow:
    return IntentRow(
        id=intent.pk,
        key=key,
        fingerprint=intent.commit.fingerprint,
        boot=intent.boot,
        created_at=intent.created_at,
        machine=intent.machine,
        monotonic=intent.monotonic,
    )
