"""Tokens of programs that call our own interfaces: drawn here, found by their SHA-256, and kept nowhere."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from ml_connector.store.models import ApiToken, Organisation
from ml_connector.store.prepared import Prepared

BEGINS = "mlc_"
"""How every token begins, so that one that was published is found by whoever searches for it."""
BYTES = 32
USED = timedelta(hours=1)
"""How exactly it is kept when a token was used: each call would be a write otherwise."""


def make(
    organisation: Organisation, name: str, scopes: Sequence[str], *, by: str, now: datetime, ends_at: datetime
) -> str:
    """Store a new token; its text, which is told this once."""
    text = BEGINS + secrets.token_urlsafe(BYTES)
    ApiToken.objects.create(
        organisation=organisation,
        name=name,
        digest=digest(text),
        scopes=sorted(set(scopes)),
        made_at=now,
        made_by=by[:120],
        ends_at=ends_at,
    )
    return text


def digest(text: str) -> str:
    """What stands in the table for a token."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def token_at(text: str, now: datetime) -> ApiToken | None:
    """The token, with its organisation; `None` for one that is none, has ended, or was revoked."""
    found = _token.first(digest(text))
    if found is None or found.revoked_at is not None or found.ends_at <= now:
        return None
    if found.used_at is None or now - found.used_at >= USED:
        ApiToken.objects.filter(pk=found.pk).update(used_at=now)
    return found


@Prepared
def _token(of: str) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(digest=of).select_related("organisation")
