"""Tokens of programs that call our own interfaces: drawn here, found by their SHA-256, and kept nowhere.

A token whose calls are signed has a key in place of it, which is no secret, and a secret, which is kept
encrypted, because a signature cannot be checked by a hash of it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from ml_connector.store.models import ApiToken, ApiTokenSecret, Organisation
from ml_connector.store.prepared import Prepared
from ml_connector.store.secrets import Keys, Sealed

BEGINS = "mlc_"
"""How every token begins, so that one that was published is found by whoever searches for it."""
KEY_BEGINS, SECRET_BEGINS = "mlk_", "whsec_"
"""How every key of signed calls begins."""
BYTES = 32
USED = timedelta(hours=1)
"""How exactly it is kept when a token was used: each call would be a write otherwise."""


def make(
    organisation: Organisation, name: str, scopes: Sequence[str], *, by: str, now: datetime, ends_at: datetime
) -> str:
    """Store a new token; its text, which is told this once."""
    text = BEGINS + secrets.token_urlsafe(BYTES)
    _store(organisation, name, scopes, text, by=by, now=now, ends_at=ends_at)
    return text


def make_signed(
    organisation: Organisation,
    name: str,
    scopes: Sequence[str],
    *,
    by: str,
    now: datetime,
    ends_at: datetime,
    keys: Keys,
) -> tuple[str, str]:
    """Store a token whose calls are signed, in the caller's transaction; its key, and its secret, which is
    told this once.
    """
    key = KEY_BEGINS + secrets.token_urlsafe(BYTES)
    secret = SECRET_BEGINS + base64.b64encode(secrets.token_bytes(BYTES)).decode()
    row = _store(organisation, name, scopes, key, by=by, now=now, ends_at=ends_at)

    def store(sealed: str) -> None:
        ApiTokenSecret.objects.update_or_create(token=row, defaults={"ciphertext": sealed})

    Sealed(keys).write(_context(row), secret, store)
    return key, secret


def _store(
    organisation: Organisation,
    name: str,
    scopes: Sequence[str],
    text: str,
    *,
    by: str,
    now: datetime,
    ends_at: datetime,
) -> ApiToken:
    return ApiToken.objects.create(
        organisation=organisation,
        name=name,
        digest=digest(text),
        scopes=sorted(set(scopes)),
        made_at=now,
        made_by=by[:120],
        ends_at=ends_at,
    )


def secret_of(token: ApiToken, keys: Keys) -> str | None:
    """What the calls of the token are signed with; `None` for one whose calls are not. Raises `VaultError`
    where it cannot be read.
    """
    return Sealed(keys).read(_context(token), lambda: _ciphertext(token))


def _ciphertext(token: ApiToken) -> str | None:
    found = ApiTokenSecret.objects.filter(token=token).values_list("ciphertext", flat=True).first()
    return found or None


def _context(token: ApiToken) -> str:
    return f"api token:{token.pk}"


def digest(text: str) -> str:
    """What stands in the table for a token."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def token_at(text: str, now: datetime) -> ApiToken | None:
    """The token, with its organisation; `None` for one that is none, has ended, or was revoked."""
    # A key names a token whose calls are signed, and is no token.
    found = None if text.startswith(KEY_BEGINS) else token_named(text, now)
    if found is not None:
        note_use(found, now)
    return found


def token_named(text: str, now: datetime) -> ApiToken | None:
    """As `token_at`; also one whose calls are signed, by its key: the signature is still to be checked."""
    found = _token.first(digest(text))
    if found is None or found.revoked_at is not None or found.ends_at <= now:
        return None
    return found


def note_use(token: ApiToken, now: datetime) -> None:
    """Keep when a token that is good was used."""
    if token.used_at is None or now - token.used_at >= USED:
        ApiToken.objects.filter(pk=token.pk).update(used_at=now)


@Prepared
def _token(of: str) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(digest=of).select_related("organisation")
