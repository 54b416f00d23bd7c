"""Commit keys and intents. Each method is one transaction, durable when it returns."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from ml_connector.domain import codec
from ml_connector.domain.journal import CommitKey, Marker, Receipt
from ml_connector.errors import KeyConflict
from ml_connector.ports.storage import DELETED, SENDABLE, CommitRow, CommitState, IntentEnd, IntentRow
from ml_connector.store.database import database_now
from ml_connector.store.models import Commit, Connection, DistrustedMarker, Intent


class StoredCommits:
    """The commits of one connection, as `ports.storage.Commits`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._organisation = connection.organisation_id

    def open(self, *, key: str, fingerprint: str, subject: str, entity: str, content: str) -> CommitRow:
        values = {
            "connection": self._connection,
            "fingerprint": fingerprint,
            "subject": subject,
            "entity": entity,
            "content": content,
        }
        with transaction.atomic():
            self._supersede(CommitKey.parse(key))
            commit, _ = Commit.objects.get_or_create(
                organisation_id=self._organisation, key=key, defaults={**values, "state": CommitState.PLANNED}
            )
        if commit.fingerprint != fingerprint:
            text = (
                f"The key {key} was already used for an entry with other amounts, accounts or dates. An entry"
                " is never changed after it was "
            )
            text += "approved: reverse the first, or propose a new revision."
            raise KeyConflict(text, where=key)
        if commit.reversed_by:
            why = (
                commit.reversed_by
                if commit.reversed_by == DELETED
                else f"reversed or superseded by {commit.reversed_by}"
            )
            raise KeyConflict(
                f"{key} was {why} and is never sent again. Start a new run of this pay: it gets a key of its"
                " own.",
                where=key,
            )
        return self._row(commit)

    def _supersede(self, key: CommitKey) -> None:
        """Close the earlier revisions of the family, which must all be proved unbooked, or reversed."""
        if key.revision == 1:
            return
        for earlier in (
            self._all().select_for_update().filter(key__startswith=f"{key.family}:", reversed_by="")
        ):
            known = CommitKey.parse(earlier.key)
            if known.family != key.family or known.revision >= key.revision:
                continue
            if earlier.state not in (CommitState.PLANNED, CommitState.REFUSED):
                text = (
                    f"{earlier.key} is {earlier.state}: a new revision may be posted only when it is refused,"
                    " reversed or shown deleted."
                )
                raise KeyConflict(text, where=str(key))
            earlier.reversed_by = str(key)
            earlier.save(update_fields=["reversed_by"])

    def get(self, key: str) -> CommitRow | None:
        commit = self._all().filter(key=key).first()
        return self._row(commit) if commit else None

    def of_subject(self, subject: str) -> tuple[CommitRow, ...]:
        return tuple(self._row(commit) for commit in self._all().filter(subject=subject).order_by("id"))

    def of_run(self, prefix: str) -> tuple[CommitRow, ...]:
        # SQLite's LIKE does not tell upper from lower case.
        found = self._all().filter(key__startswith=prefix).order_by("id")
        return tuple(self._row(commit) for commit in found if commit.key.startswith(prefix))

    def traces(self, entity: str) -> frozenset[str]:
        found = Commit.objects.filter(connection=self._connection, entity=entity).values_list(
            "reference", "key"
        )
        return frozenset(reference or Marker.of(key).token for reference, key in found)

    def open_intent(self, key: str) -> IntentRow | None:
        intent = Intent.objects.filter(
            commit__organisation_id=self._organisation, commit__key=key, ended_at__isnull=True
        ).first()
        return None if intent is None else _intent(intent, key)

    def intend(self, *, key: str, fingerprint: str, boot: str) -> IntentRow:
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
                intent = Intent.objects.create(commit=commit, boot=boot, created_at=database_now())
                commit.state = CommitState.SENDING
                commit.save(update_fields=["state"])
        except IntegrityError:
            raise KeyConflict("Another attempt is sending this entry right now.", where=key) from None
        return _intent(intent, key)

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
            open_ones = Intent.objects.filter(id=intent.id, ended_at__isnull=True)
            if not open_ones.update(ended_at=database_now(), end=end, detail=detail):
                raise KeyConflict("This intent was closed by somebody else.", where=intent.key)
            self._move(intent.key, state, receipt, adopted, detail)

    def settle(
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
        commit = self._all().select_for_update().get(key=key)
        commit.state, commit.detail = state, detail
        if receipt:
            known = codec.decode(receipt)
            commit.receipt = receipt
            commit.reference = known.reference if isinstance(known, Receipt) else ""
        commit.booked = booked or commit.booked
        commit.adopted = commit.adopted or adopted
        commit.save()

    def _row(self, commit: Commit) -> CommitRow:
        first = (
            Intent.objects.filter(commit=commit).order_by("id").values_list("created_at", flat=True).first()
        )
        return CommitRow(
            key=commit.key,
            fingerprint=commit.fingerprint,
            state=CommitState(commit.state),
            subject=commit.subject,
            entity=commit.entity,
            content=commit.content,
            receipt=commit.receipt,
            booked=commit.booked,
            reversed_by=commit.reversed_by,
            first_sent_at=first,
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
    )
