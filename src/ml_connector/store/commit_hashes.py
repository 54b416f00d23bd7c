"""Hashes of whole commits, for the entries of the audit chain and whoever compares them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml_connector.domain import codec
from ml_connector.store.models import Commit, CommitSubject

COMMITS_A_PAGE = 200
REVERSED_BY, HASHED = "reversed_by ", "commit_sha256 "
"""How the names of details of an entry begin; the key of the commit follows."""


def commit_sha256(commit: Commit, paid: Sequence[CommitSubject]) -> str:
    """Of everything about a commit that no longer changes once it is confirmed: all but its state, the note
    on it, and what reversed it. `paid` is what it pays for, oldest first.
    """
    said = (commit.key, commit.marked_by, commit.fingerprint, codec.digest(commit.content))
    place = (commit.connection_id, commit.tenant, commit.entity, commit.run_id or "")
    source = (commit.source_reference, commit.calculated_at)
    pays = tuple((row.tenant, row.entity, row.text, row.base, row.lines) for row in paid)
    return codec.fingerprint((said, place, source, commit.receipt, commit.booked, commit.adopted, pays))


def every_commit(organisation: int) -> Iterator[tuple[Commit, str]]:
    """The commits of an organisation, oldest first, each with its hash: as they are stored, whatever that
    is.
    """
    last = 0
    while True:
        found = Commit.objects.filter(organisation_id=organisation, id__gt=last).order_by("id")
        page = list(found.select_related("run")[:COMMITS_A_PAGE])
        if not page:
            return
        paid: dict[int, list[CommitSubject]] = {}
        for row in CommitSubject.objects.filter(commit__in=page).order_by("id"):
            paid.setdefault(row.commit_id, []).append(row)
        for commit in page:
            yield commit, commit_sha256(commit, paid.get(commit.pk, []))
        last = page[-1].pk
