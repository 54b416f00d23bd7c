"""The audit chain: append-only, each entry hashed over its text and the hash before it; one chain per
organisation.

The head row is locked in the transaction that makes the change, so that a change and its entry stand or fall
together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.db import transaction

from ml_connector.domain import codec
from ml_connector.runs.audit import GENESIS, chain_hash
from ml_connector.store.database import database_now
from ml_connector.store.models import AuditEntry, AuditHead, Organisation


class StoredAudit:
    """As `ports.storage.Audit`."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation

    def append(
        self, *, actor: str, action: str, subject: str, detail: Mapping[str, str | int | bool | None]
    ) -> None:
        with transaction.atomic():
            AuditHead.objects.get_or_create(organisation=self._organisation, defaults={"hash": GENESIS})
            head = AuditHead.objects.select_for_update().get(organisation=self._organisation)
            entry = {
                "number": head.number + 1,
                "at": database_now(),
                "organisation": self._organisation.slug,
                "actor": actor,
                "action": action,
                "subject": subject,
                "detail": dict(detail),
            }
            text = codec.encode(entry)
            head.number, head.hash = head.number + 1, chain_hash(head.hash, text)
            AuditEntry.objects.create(
                organisation=self._organisation, number=head.number, text=text, hash=head.hash
            )
            head.save(update_fields=["number", "hash"])

    def entries(self) -> Iterator[tuple[int, str, str]]:
        """`(number, text, hash)` of every entry in order."""
        found = AuditEntry.objects.filter(organisation=self._organisation).order_by("number")
        yield from found.values_list("number", "text", "hash").iterator()

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry."""
        head = AuditHead.objects.filter(organisation=self._organisation).first()
        return (head.number, head.hash) if head else (0, GENESIS)
