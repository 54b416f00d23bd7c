"""Commit keys and intents. Each method is one transaction, durable when it returns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from ml_connector.domain import codec
from ml_connector.domain.document import CommitKey, Marker, Receipt
from ml_connector.domain.proposal import Subject
from ml_connector.errors import KeyConflict
from ml_connector.ports.commits import (
    COUNTS_FOR_NOTHING,
    SENDABLE,
    UNBOOKED,
    WITHDRAWN,
    CommitRow,
    CommitState,
    IntentEnd,
    IntentRow,
    Origin,
)
from ml_connector.store import commit_queries as queries
from ml_connector.store.commit_hashes import HASHED, REVERSED_BY, commit_sha256
from ml_connector.store.database import after_prefix, begins_with, database_now, named_by
from ml_connector.store.models import Commit, CommitSubject, Connection, DistrustedMarker, Intent
from ml_connector.store.prepared import change

SUBJECTS_A_QUERY = 100
COMMITS_A_QUERY = 500


class StoredCommits:
    """The commits of one connection, as `ports.commits.Commits`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._organisation = connection.organisation_id
        self._reversed: dict[str, str] = {}
        self._recorded: dict[str, None] = {}

    def open(self, *, key: str, fingerprint: str, entity: str, content: str, origin: Origin) -> CommitRow:
        with transaction.atomic():
            self._supersede(CommitKey.parse(key))
            commit = queries.by_key.first(self._organisation, key) or self._make(
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
        return replace(queries.as_row(commit), shares=origin.shares)

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
                day=share.subject.day,
                lines=codec.encode(share.lines) if share.lines else "",
            )
            for share in origin.shares
        )
        return commit

    def _supersede(self, key: CommitKey) -> None:
        """Close the earlier revisions of the family, which must all be proved unbooked, or reversed."""
        if key.revision == 1:
            return
        prefix = f"{key.family}:"
        family = begins_with("key", prefix, after_prefix(prefix))
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
        return next(iter(queries.as_rows(queries.by_key(self._organisation, key))), None)

    def of_subjects(self, subjects: Collection[Subject], *, beside: bool = False) -> tuple[CommitRow, ...]:
        found: dict[int, CommitRow] = {}
        wanted = sorted(
            {(one.tenant, one.entity, one.base.text, None if beside else one.text) for one in subjects}
        )
        for start in range(0, len(wanted), SUBJECTS_A_QUERY):
            some = tuple(wanted[start : start + SUBJECTS_A_QUERY])
            found |= queries.as_rows_by_id(queries.of_subjects(self._organisation, some))
        return tuple(found[number] for number in sorted(found))

    def beginning(self, subject: Subject, days: Collection[str] = ()) -> tuple[tuple[Subject, str], ...]:
        end, of = after_prefix(subject.text), named_by(days)
        found = queries.beginning(self._organisation, subject.tenant, subject.entity, subject.text, end, of)
        return tuple((replace(subject, text=base), run or "") for base, run in dict.fromkeys(found))

    def of_reference(self, prefix: str) -> tuple[CommitRow, ...]:
        return queries.as_rows(queries.of_reference(self._organisation, prefix, after_prefix(prefix)))

    def of_run(self, run: str) -> tuple[CommitRow, ...]:
        return queries.as_rows(queries.of_run(self._organisation, run))

    def left_by(self, run: str, states: Collection[CommitState]) -> tuple[CommitRow, ...]:
        return queries.as_rows(queries.left_by(self._organisation, self._connection.pk, run, tuple(states)))

    def booked_since(
        self, moment: datetime, books: Collection[tuple[str, str]] = ()
    ) -> tuple[CommitRow, ...]:
        wanted = tuple(sorted(books))
        made = queries.as_rows_by_id(queries.booked_since(self._connection.pk, moment, wanted))
        later = [number for number in queries.of_moved_runs(self._organisation, moment) if number not in made]
        for start in range(0, len(later), COMMITS_A_QUERY):
            some = tuple(later[start : start + COMMITS_A_QUERY])
            made |= queries.as_rows_by_id(queries.booked_by_id(self._connection.pk, wanted, some))
        return tuple(made[number] for number in sorted(made))

    def deleted_since(self, moment: datetime) -> tuple[CommitRow, ...]:
        here = self._connection.pk
        found = [
            row for row in queries.deleted_since(self._organisation, moment) if row.connection_id == here
        ]
        return queries.as_rows(queries.by_age(found))

    def known_references(self, tenant: str, entity: str) -> frozenset[str]:
        found = queries.known(self._organisation, tenant, entity)
        return frozenset(
            reference or Marker.of(marked_by or key).token for reference, key, marked_by in found
        )

    def holding(self, tenant: str, entity: str, reference: str) -> tuple[CommitRow, ...]:
        """The commits that the document of this reference belongs to, or may belong to, oldest first. A
        commit of which nothing is booked, or that counts for nothing, holds none.
        """
        found = queries.of_organisation(self._organisation).filter(
            tenant=tenant, entity=entity, reference=reference
        )
        held = found.exclude(state__in=UNBOOKED).exclude(reversed_by__in=COUNTS_FOR_NOTHING)
        return queries.as_rows(queries.by_age(held))

    def last_sent(self, key: str) -> datetime | None:
        return queries.last_sent.first(self._organisation, key)

    def sha256(self, key: str, *, receipt: str = "", booked: str = "") -> str:
        commit = queries.by_key.first(self._organisation, key)
        if commit is None:
            raise KeyError(key)
        commit.receipt, commit.booked = receipt or commit.receipt, booked or commit.booked
        return commit_sha256(commit, queries.subjects_of((commit.pk,)))

    def told(self) -> dict[str, str]:
        """For an entry of the audit chain in the same transaction: what this object changed since it was
        asked last. `reversed_by KEY` is what is noted on the commit now, `commit_sha256 KEY` the hash of one
        that was recorded.
        """
        found = {f"{REVERSED_BY}{key}": by for key, by in self._reversed.items()}
        found |= {f"{HASHED}{key}": self.sha256(key) for key in self._recorded}
        self._reversed, self._recorded = {}, {}
        return found

    # --- intents --------------------------------------------------------------------------------------------

    def open_intent(self, key: str) -> IntentRow | None:
        found = queries.open_intent.first(self._organisation, key)
        return queries.as_intent(found, key) if found else None

    def intend(self, *, key: str, fingerprint: str, boot: str, machine: str, monotonic: float) -> IntentRow:
        try:
            with transaction.atomic():
                (commit,) = queries.locked(self._organisation, key, fingerprint)
                if commit.reversed_by:
                    raise KeyConflict(
                        f"{key} was superseded by {commit.reversed_by}; it is not sent.", where=key
                    )
                if queries.open_intent(self._organisation, key):
                    raise KeyConflict("Another attempt is sending this entry right now.", where=key)
                if commit.state not in SENDABLE:
                    raise KeyConflict(
                        f"{key} became {commit.state} after it was looked up; it is not sent.", where=key
                    )
                intent = Intent.objects.create(
                    commit=commit, boot=boot, created_at=database_now(), machine=machine, monotonic=monotonic
                )
                change(Commit, {"id": commit.pk}, state=CommitState.SENDING)
        except IntegrityError:
            raise KeyConflict("Another attempt is sending this entry right now.", where=key) from None
        return queries.as_intent(intent, key)

    def first_seen(self, intent: IntentRow, machine: str, monotonic: float) -> IntentRow:
        Intent.objects.filter(id=intent.id).exclude(machine=machine).update(
            machine=machine, monotonic=monotonic
        )
        fresh = Intent.objects.select_related("commit").get(id=intent.id)
        return queries.as_intent(fresh, intent.key)

    def still_open(self, intent: IntentRow) -> bool:
        return bool(queries.still_open(intent.id, intent.boot))

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
        self._recorded[key] = None

    def reverse(self, key: str, by: str) -> None:
        self._all().filter(key=key).update(reversed_by=by)
        self._reversed[key] = by

    def withdraw(self, key: str) -> None:
        """Let a statement on a document of others count for nothing, and the document be unknown again."""
        self._all().filter(key=key).update(reversed_by=WITHDRAWN, reference="")
        self._reversed[key] = WITHDRAWN

    def reversed_by(self, key: str) -> CommitRow | None:
        return next(iter(queries.as_rows(queries.reversed_by(self._organisation, key))), None)

    def distrust_marker(self, entity: str, why: str) -> None:
        DistrustedMarker.objects.get_or_create(
            connection=self._connection, entity=entity, defaults={"why": why}
        )

    def marker_distrusted(self, entity: str) -> str:
        return queries.distrusted.first(self._connection.pk, entity) or ""

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
        if not change(Commit, {"organisation_id": self._organisation, "key": key}, **values):
            raise KeyError(key)
