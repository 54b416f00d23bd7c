"""How commits and intents are found, and read as rows of `ports.commits`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Q, QuerySet

from ml_connector.domain import codec
from ml_connector.domain.proposal import Share, Subject
from ml_connector.ports.commits import COUNTS_FOR_NOTHING, DELETED, CommitRow, CommitState, IntentRow
from ml_connector.store.database import begins_with, of_days
from ml_connector.store.models import Commit, CommitSubject, DistrustedMarker, Intent, Run
from ml_connector.store.prepared import Prepared


@Prepared
def by_key(organisation: int, key: str) -> QuerySet[Commit]:
    """The commit of this key."""
    return of_organisation(organisation).filter(key=key)


@Prepared
def locked(organisation: int, key: str, fingerprint: str) -> QuerySet[Commit]:
    """The commit of this key and fingerprint, locked until the transaction ends."""
    return of_organisation(organisation).select_for_update().filter(key=key, fingerprint=fingerprint)


@Prepared
def of_subjects(
    organisation: int, subjects: tuple[tuple[str, str, str, str | None], ...]
) -> QuerySet[Commit]:
    """By subjects as tenant, entity, base and text; of every subject of a base where there is no text."""
    same = Q()
    for tenant, entity, base, text in subjects:
        this = Q(tenant=tenant, entity=entity, base=base)
        same |= this if text is None else this & Q(text=text)
    paid = CommitSubject.objects.filter(same)
    return of_organisation(organisation).filter(id__in=paid.values("commit_id"))


@Prepared
def beginning(
    organisation: int, tenant: str, entity: str, text: str, end: str, days: tuple[str, ...]
) -> QuerySet[CommitSubject, tuple[str, str | None]]:
    """Base and run of each commit that pays for a subject whose text begins so. No more than is needed: a
    commit holds whole entries, and there are many of a company.
    """
    same = begins_with("base", text, end) & of_days(days)
    paid = CommitSubject.objects.filter(same, tenant=tenant, entity=entity)
    paid = paid.filter(commit__organisation_id=organisation)
    return paid.order_by("id").values_list("base", "commit__run_id")


@Prepared
def of_run(organisation: int, run: str) -> QuerySet[Commit]:
    """Commits that the run made, oldest first."""
    return of_organisation(organisation).filter(run_id=run).order_by("id")


@Prepared
def left_by(
    organisation: int, connection: int, run: str, states: tuple[CommitState, ...]
) -> QuerySet[Commit]:
    """Those of one connection that are in these states, oldest first."""
    found = of_organisation(organisation).filter(run_id=run, connection=connection, state__in=states)
    return found.order_by("id")


@Prepared
def of_reference(organisation: int, prefix: str, end: str) -> QuerySet[Commit]:
    """Commits whose key begins with the prefix; `end` is the first text behind it."""
    return of_organisation(organisation).filter(begins_with("key", prefix, end)).order_by("id")


@Prepared
def booked_since(connection: int, moment: datetime, books: tuple[tuple[str, str], ...]) -> QuerySet[Commit]:
    """Commits of the connection in these books that are confirmed, count, and were made since."""
    return _booked(connection, books).filter(created_at__gte=moment)


@Prepared
def of_moved_runs(organisation: int, moment: datetime) -> QuerySet[Commit, int]:
    """Numbers of commits whose run has moved since. A commit may be older than its document: a run was held
    before it booked, and moves when it has. Asked apart, so that each is found by its index.
    """
    moved = Run.objects.filter(updated_at__gte=moment).values("id")
    return of_organisation(organisation).filter(run_id__in=moved).values_list("id", flat=True)


@Prepared
def booked_by_id(
    connection: int, books: tuple[tuple[str, str], ...], numbers: tuple[int, ...]
) -> QuerySet[Commit]:
    """The same of commits by their numbers."""
    return _booked(connection, books).filter(id__in=numbers)


def _booked(connection: int, books: tuple[tuple[str, str], ...]) -> QuerySet[Commit]:
    found = Commit.objects.filter(connection_id=connection, state=CommitState.CONFIRMED)
    found = found.exclude(reversed_by__in=COUNTS_FOR_NOTHING)
    same = Q()
    for tenant, entity in books:
        same |= Q(tenant=tenant, entity=entity)
    return found.filter(same)


@Prepared
def deleted_since(organisation: int, moment: datetime) -> QuerySet[Commit]:
    """Commits that were made or moved since, and whose document a person deleted."""
    since = Q(created_at__gte=moment) | Q(run__updated_at__gte=moment)
    return of_organisation(organisation).filter(since, reversed_by=DELETED, state=CommitState.CONFIRMED)


@Prepared
def known(organisation: int, tenant: str, entity: str) -> QuerySet[Commit, tuple[str, str, str]]:
    """Reference, key and what the marker is made of, of every commit in the legal entity."""
    found = of_organisation(organisation).filter(tenant=tenant, entity=entity)
    return found.values_list("reference", "key", "marked_by")


@Prepared
def reversed_by(organisation: int, key: str) -> QuerySet[Commit]:
    """The confirmed commit that the commit of this key reverses."""
    return of_organisation(organisation).filter(reversed_by=key, state=CommitState.CONFIRMED)


def of_organisation(organisation: int) -> QuerySet[Commit]:
    """All commits of the organisation."""
    return Commit.objects.filter(organisation_id=organisation)


@Prepared
def subjects_of(commits: tuple[int, ...]) -> QuerySet[CommitSubject]:
    """What the commits pay for, oldest first."""
    return CommitSubject.objects.filter(commit__id__in=commits).order_by("id")


@Prepared
def last_sent(organisation: int, key: str) -> QuerySet[Intent, datetime]:
    """When the last intent for the key was written."""
    sent = Intent.objects.filter(commit__organisation_id=organisation, commit__key=key)
    return sent.order_by("-id").values_list("created_at", flat=True)[:1]


@Prepared
def open_intent(organisation: int, key: str) -> QuerySet[Intent]:
    """The intent for the key that is not closed."""
    found = Intent.objects.filter(commit__organisation_id=organisation, commit__key=key)
    return found.filter(ended_at__isnull=True).select_related("commit").order_by("id")[:1]


@Prepared
def still_open(intent: int, boot: str) -> QuerySet[Intent, int]:
    """The number of this intent while it is open and its boot's."""
    return Intent.objects.filter(id=intent, boot=boot, ended_at__isnull=True).values_list("id", flat=True)


@Prepared
def distrusted(connection: int, entity: str) -> QuerySet[DistrustedMarker, str]:
    """Why an empty look-up proves nothing in the legal entity."""
    found = DistrustedMarker.objects.filter(connection_id=connection, entity=entity)
    return found.values_list("why", flat=True)


def by_age(commits: Iterable[Commit]) -> list[Commit]:
    """Oldest first. Not by the database: SQLite would then look through all commits, which it has in this
    order.
    """
    return sorted(commits, key=lambda commit: commit.pk)


def as_rows(commits: Sequence[Commit]) -> tuple[CommitRow, ...]:
    """The commits with what each pays for, in one query."""
    return tuple(as_rows_by_id(commits).values())


def as_rows_by_id(commits: Sequence[Commit]) -> dict[int, CommitRow]:
    """The same by number."""
    shares: dict[int, list[Share]] = {}
    for row in subjects_of(tuple(commit.pk for commit in commits)) if commits else ():
        subject = Subject(tenant=row.tenant, entity=row.entity, text=row.text)
        lines = codec.decode(row.lines) if row.lines else ()
        shares.setdefault(row.commit_id, []).append(Share(key="", subject=subject, lines=lines))
    return {
        commit.pk: replace(
            as_row(commit),
            shares=tuple(replace(share, key=commit.key) for share in shares.get(commit.pk, ())),
        )
        for commit in commits
    }


def as_row(commit: Commit) -> CommitRow:
    """The commit without what it pays for."""
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


def as_intent(intent: Intent, key: str) -> IntentRow:
    """The intent for this key."""
    return IntentRow(
        id=intent.pk,
        key=key,
        fingerprint=intent.commit.fingerprint,
        boot=intent.boot,
        created_at=intent.created_at,
        machine=intent.machine,
        monotonic=intent.monotonic,
    )
