"""The audit chain: append-only, each entry hashed over its text and the hash before it; one chain per
organisation.

The head row is locked in the transaction that makes the change, so that a change and its entry stand or fall
together. The head is sealed at each approval and posting, and otherwise once an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from ml_connector.domain import codec
from ml_connector.runs.audit import GENESIS, Seal, chain_hash, sealed_text
from ml_connector.store.database import database_now
from ml_connector.store.models import AuditEntry, AuditHead, AuditSeal, Organisation
from ml_connector.store.prepared import Prepared, change, insert
from ml_connector.store.seals import seal_key

SEALED_AT_ONCE = frozenset(
    {
        "run.approved",
        "commit.booked",
        "commit.adopted",
        "commit.released",
        "commit.settled",
        "installation.upgraded",
    }
)
SEAL_SECONDS = 3600.0
"""How long an entry of another kind waits for its seal, at the most, while entries are written."""


class StoredAudit:
    """As `ports.storage.Audit`."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation

    def append(
        self, *, actor: str, action: str, subject: str, detail: Mapping[str, str | int | bool | None]
    ) -> None:
        with transaction.atomic(savepoint=False):
            head = self._head()
            at = database_now()
            entry = {
                "number": head.number + 1,
                "at": at,
                "organisation": self._organisation.slug,
                "actor": actor,
                "action": action,
                "subject": subject,
                "detail": dict(detail),
            }
            text = codec.encode(entry)
            head.number, head.hash = head.number + 1, chain_hash(head.hash, text)
            insert(
                AuditEntry,
                organisation_id=self._organisation.pk,
                number=head.number,
                text=text,
                hash=head.hash,
            )
            change(AuditHead, {"id": head.pk}, number=head.number, hash=head.hash)
            self._seal(head, at, at_once=action in SEALED_AT_ONCE)

    def _head(self) -> AuditHead:
        """The head, locked; made for the first entry."""
        head = _locked_head.first(self._organisation.pk)
        if head is None:
            AuditHead.objects.get_or_create(organisation=self._organisation, defaults={"hash": GENESIS})
            (head,) = _locked_head(self._organisation.pk)
        return head

    def _seal(self, head: AuditHead, at: datetime, *, at_once: bool) -> None:
        key = seal_key()
        if key is None:
            return
        last = None
        if not (key.at_hand and at_once):
            last = _last_seal.first(self._organisation.pk)
        if not key.at_hand:
            if last is not None and last.signature:
                self._add(head, at, "", "")
            return
        if last is None or not last.signature or at - last.at >= timedelta(seconds=SEAL_SECONDS):
            text = sealed_text(self._organisation.slug, head.number, head.hash, at.isoformat())
            self._add(head, at, key.public, key.sign(text))

    def _add(self, head: AuditHead, at: datetime, public_key: str, signature: str) -> None:
        insert(
            AuditSeal,
            organisation_id=self._organisation.pk,
            number=head.number,
            hash=head.hash,
            at=at,
            public_key=public_key,
            signature=signature,
        )

    def entries(self) -> Iterator[tuple[int, str, str]]:
        """`(number, text, hash)` of every entry in order."""
        found = AuditEntry.objects.filter(organisation=self._organisation).order_by("number")
        yield from found.values_list("number", "text", "hash").iterator()

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry."""
        head = AuditHead.objects.filter(organisation=self._organisation).first()
        return (head.number, head.hash) if head else (0, GENESIS)

    def seals(self) -> tuple[Seal, ...]:
        """Every seal in order, and every note that the key was not at hand."""
        return tuple(
            Seal(
                number=row.number,
                hash=row.hash,
                at=row.at.isoformat(),
                public_key=row.public_key,
                signature=row.signature,
            )
            for row in AuditSeal.objects.filter(organisation=self._organisation).order_by("id")
        )


@Prepared
def _locked_head(organisation: int) -> QuerySet[AuditHead]:
    return AuditHead.objects.select_for_update().filter(organisation_id=organisation)


@Prepared
def _last_seal(organisation: int) -> QuerySet[AuditSeal]:
    return AuditSeal.objects.filter(organisation_id=organisation).order_by("-id")[:1]


def seal_what_is_open() -> None:
    """Seal what was written while the key was not at hand; called when the application starts."""
    key = seal_key()
    if key is None or not key.at_hand:
        return
    for organisation in Organisation.objects.all():
        last = _last_seal.first(organisation.pk)
        if last is not None and not last.signature:
            StoredAudit(organisation).append(
                actor="system", action="audit.sealed", subject="audit", detail={"from": last.number}
            )
