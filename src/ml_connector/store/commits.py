"""Commit keys and intents. Each method is one transaction, durable when it returns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from ml_connector.domain import codec
from ml_connector.domain.document import CommitKey, Marker, Receipt
from ml_connector.domain.proposal import Share, Subject
from ml_connector.errors import KeyConflict
from ml_connector.ports.storage import (
    COUNTS_FOR_NOTHING,
    DELETED,
    SENDABLE,
    UNBOOKED,
    WITHDRAWN,
    CommitRow,
    CommitState,
    IntentEnd,
    IntentRow,
    Origin,
)
from ml_connector.store.commit_hashes import HASHED, REVERSED_BY, commit_sha256
from ml_connector.store.database import after_prefix, begins_with, database_now, named_by, of_days
from ml_connector.store.models import Commit, CommitSubject, Connection, DistrustedMarker, Intent, Run
from ml_connector.store.prepared import Prepared, change

SUBJECTS_A_QUERY = 100
COMMITS_A_QUERY = 500


class StoredCommits:
    """The commits of one connection, as `ports.storage.Commits`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._organisation = connection.organisation_id
        self._reversed: dict[str, str] = {}
        self._recorded: dict[str, None] = {}

    def open(self, *, key: str, fingerprint: str, entity: str, content: str, origin: Origin) -> CommitRow:
        with transaction.atomic():
            self._supersede(CommitKey.parse(key))
            commit = _commit.first(self._organisation, key) or self._make(
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
        return next(iter(_rows(_commit(self._organisation, key))), None)

    def of_subjects(self, subjects: Collection[Subject], *, beside: bool = False) -> tuple[CommitRow, ...]:
        found: dict[int, CommitRow] = {}
        wanted = sorted(
            {(one.tenant, one.entity, one.base.text, None if beside else one.text) for one in subjects}
        )
        for start in range(0, len(wanted), SUBJECTS_A_QUERY):
            some = tuple(wanted[start : start + SUBJECTS_A_QUERY])
            found |= _rows_by_id(_of_subjects(self._organisation, some))
        return tuple(found[number] for number in sorted(found))

    def beginning(self, subject: Subject, days: Collection[str] = ()) -> tuple[tuple[Subject, str], ...]:
        end, of = after_prefix(subject.text), named_by(days)
        found = _beginning(self._organisation, subject.tenant, subject.entity, subject.text, end, of)
        return tuple((replace(subject, text=base), run or "") for base, run in dict.fromkeys(found))

    def of_reference(self, prefix: str) -> tuple[CommitRow, ...]:
        return _rows(_of_reference(self._organisation, prefix, after_prefix(prefix)))

    def of_run(self, run: str) -> tuple[CommitRow, ...]:
        return _rows(_of_run(self._organisation, run))

    def left_by(self, run: str, states: Collection[CommitState]) -> tuple[CommitRow, ...]:
        return _rows(_left_by(self._organisation, self._connection.pk, run, tuple(states)))

    def booked_since(
        self, moment: datetime, books: Collection[tuple[str, str]] = ()
    ) -> tuple[CommitRow, ...]:
        wanted = tuple(sorted(books))
        made = _rows_by_id(_booked_since(self._connection.pk, moment, wanted))
        later = [number for number in _of_moved_runs(self._organisation, moment) if number not in made]
        for start in range(0, len(later), COMMITS_A_QUERY):
            some = tuple(later[start : start + COMMITS_A_QUERY])
            made |= _rows_by_id(_booked_by_id(self._connection.pk, wanted, some))
        return tuple(made[number] for number in sorted(made))

    def deleted_since(self, moment: datetime) -> tuple[CommitRow, ...]:
        here = self._connection.pk
        found = [row for row in _deleted_since(self._organisation, moment) if row.connection_id == here]
        return _rows(_by_age(found))

    def known_references(self, tenant: str, entity: str) -> frozenset[str]:
        found = _known(self._organisation, tenant, entity)
        return frozenset(
            reference or Marker.of(marked_by or key).token for reference, key, marked_by in found
        )

    def holding(self, tenant: str, entity: str, reference: str) -> tuple[CommitRow, ...]:
        """The commits that the document of this reference belongs to, or may belong to, oldest first. A
        commit of which nothing is booked, or that counts for nothing, holds none.
        """
        found = _commits(self._organisation).filter(tenant=tenant, entity=entity, reference=reference)
        held = found.exclude(state__in=UNBOOKED).exclude(reversed_by__in=COUNTS_FOR_NOTHING)
        return _rows(_by_age(held))

    def last_sent(self, key: str) -> datetime | None:
        return _last_sent.first(self._organisation, key)

    def sha256(self, key: str, *, receipt: str = "", booked: str = "") -> str:
        commit = _commit.first(self._organisation, key)
        if commit is None:
            raise KeyError(key)
        commit.receipt, commit.booked = receipt or commit.receipt, booked or commit.booked
        return commit_sha256(commit, _paid((commit.pk,)))

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
        found = _open_intent.first(self._organisation, key)
        return _intent(found, key) if found else None

    def intend(self, *, key: str, fingerprint: str, boot: str, machine: str, monotonic: float) -> IntentRow:
        try:
            with transaction.atomic():
                (commit,) = _locked(self._organisation, key, fingerprint)
                if commit.reversed_by:
                    raise KeyConflict(
                        f"{key} was superseded by {commit.reversed_by}; it is not sent.", where=key
                    )
                if _open_intent(self._organisation, key):
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
        return _intent(intent, key)

    def first_seen(self, intent: IntentRow, machine: str, monotonic: float) -> IntentRow:
        Intent.objects.filter(id=intent.id).exclude(machine=machine).update(
            machine=machine, monotonic=monotonic
        )
        fresh = Intent.objects.select_related("commit").get(id=intent.id)
        return _intent(fresh, intent.key)

    def still_open(self, intent: IntentRow) -> bool:
        return bool(_still_open(intent.id, intent.boot))

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
        return next(iter(_rows(_reversed_by(self._organisation, key))), None)

    def distrust_marker(self, entity: str, why: str) -> None:
        DistrustedMarker.objects.get_or_create(
            connection=self._connection, entity=entity, defaults={"why": why}
        )

    def marker_distrusted(self, entity: str) -> str:
        return _distrusted.first(self._connection.pk, entity) or ""

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


@Prepared
def _commit(organisation: int, key: str) -> QuerySet[Commit]:
    return _commits(organisation).filter(key=key)


@Prepared
def _locked(organisation: int, key: str, fingerprint: str) -> QuerySet[Commit]:
    return _commits(organisation).select_for_update().filter(key=key, fingerprint=fingerprint)


@Prepared
def _of_subjects(
    organisation: int, subjects: tuple[tuple[str, str, str, str | None], ...]
) -> QuerySet[Commit]:
    """Of subjects as tenant, entity, base and text; of every subject of a base where there is no text."""
    same = Q()
    for tenant, entity, base, text in subjects:
        this = Q(tenant=tenant, entity=entity, base=base)
        same |= this if text is None else this & Q(text=text)
    paid = CommitSubject.objects.filter(same)
    return _commits(organisation).filter(id__in=paid.values("commit_id"))


@Prepared
def _beginning(
    organisation: int, tenant: str, entity: str, text: str, end: str, days: tuple[str, ...]
) -> QuerySet[CommitSubject, tuple[str, str | None]]:
    """Of these, what is needed only: a commit holds whole entries, and there are many of a company."""
    same = begins_with("base", text, end) & of_days(days)
    paid = CommitSubject.objects.filter(same, tenant=tenant, entity=entity)
    paid = paid.filter(commit__organisation_id=organisation)
    return paid.order_by("id").values_list("base", "commit__run_id")


@Prepared
def _of_run(organisation: int, run: str) -> QuerySet[Commit]:
    return _commits(organisation).filter(run_id=run).order_by("id")


@Prepared
def _left_by(
    organisation: int, connection: int, run: str, states: tuple[CommitState, ...]
) -> QuerySet[Commit]:
    found = _commits(organisation).filter(run_id=run, connection=connection, state__in=states)
    return found.order_by("id")


@Prepared
def _of_reference(organisation: int, prefix: str, end: str) -> QuerySet[Commit]:
    return _commits(organisation).filter(begins_with("key", prefix, end)).order_by("id")


@Prepared
def _booked_since(connection: int, moment: datetime, books: tuple[tuple[str, str], ...]) -> QuerySet[Commit]:
    return _booked(connection, books).filter(created_at__gte=moment)


@Prepared
def _of_moved_runs(organisation: int, moment: datetime) -> QuerySet[Commit, int]:
    """A commit may be older than its document: a run was held before it booked, and moves when it has. Asked
    apart, so that each is found by its index.
    """
    moved = Run.objects.filter(updated_at__gte=moment).values("id")
    return _commits(organisation).filter(run_id__in=moved).values_list("id", flat=True)


@Prepared
def _booked_by_id(
    connection: int, books: tuple[tuple[str, str], ...], numbers: tuple[int, ...]
) -> QuerySet[Commit]:
    return _booked(connection, books).filter(id__in=numbers)


def _booked(connection: int, books: tuple[tuple[str, str], ...]) -> QuerySet[Commit]:
    found = Commit.objects.filter(connection_id=connection, state=CommitState.CONFIRMED)
    found = found.exclude(reversed_by__in=COUNTS_FOR_NOTHING)
    same = Q()
    for tenant, entity in books:
        same |= Q(tenant=tenant, entity=entity)
    return found.filter(same)


@Prepared
def _deleted_since(organisation: int, moment: datetime) -> QuerySet[Commit]:
    since = Q(created_at__gte=moment) | Q(run__updated_at__gte=moment)
    return _commits(organisation).filter(since, reversed_by=DELETED, state=CommitState.CONFIRMED)


@Prepared
def _known(organisation: int, tenant: str, entity: str) -> QuerySet[Commit, tuple[str, str, str]]:
    found = _commits(organisation).filter(tenant=tenant, entity=entity)
    return found.values_list("reference", "key", "marked_by")


@Prepared
def _reversed_by(organisation: int, key: str) -> QuerySet[Commit]:
    return _commits(organisation).filter(reversed_by=key, state=CommitState.CONFIRMED)


def _commits(organisation: int) -> QuerySet[Commit]:
    return Commit.objects.filter(organisation_id=organisation)


@Prepared
def _paid(commits: tuple[int, ...]) -> QuerySet[CommitSubject]:
    return CommitSubject.objects.filter(commit__id__in=commits).order_by("id")


@Prepared
def _last_sent(organisation: int, key: str) -> QuerySet[Intent, datetime]:
    sent = Intent.objects.filter(commit__organisation_id=organisation, commit__key=key)
    return sent.order_by("-id").values_list("created_at", flat=True)[:1]


@Prepared
def _open_intent(organisation: int, key: str) -> QuerySet[Intent]:
    found = Intent.objects.filter(commit__organisation_id=organisation, commit__key=key)
    return found.filter(ended_at__isnull=True).select_related("commit").order_by("id")[:1]


@Prepared
def _still_open(intent: int, boot: str) -> QuerySet[Intent, int]:
    return Intent.objects.filter(id=intent, boot=boot, ended_at__isnull=True).values_list("id", flat=True)


@Prepared
def _distrusted(connection: int, entity: str) -> QuerySet[DistrustedMarker, str]:
    found = DistrustedMarker.objects.filter(connection_id=connection, entity=entity)
    return found.values_list("why", flat=True)


def _by_age(commits: Iterable[Commit]) -> list[Commit]:
    """Oldest first. Not by the database: SQLite would then look through all commits, which it has in this
    order.
    """
    return sorted(commits, key=lambda commit: commit.pk)


def _rows(commits: Sequence[Commit]) -> tuple[CommitRow, ...]:
    """The commits with what each pays for, in one query."""
    return tuple(_rows_by_id(commits).values())


def _rows_by_id(commits: Sequence[Commit]) -> dict[int, CommitRow]:
    shares: dict[int, list[Share]] = {}
    for row in _paid(tuple(commit.pk for commit in commits)) if commits else ():
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
