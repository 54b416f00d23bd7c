"""Proves that a notification comes from the vendor: its size, its signature, or a token that both sides know.

A vendor signs with an HMAC over bytes as they were received, under a secret of the connection. One that does
not sign can still send a header of ours along: `check_token`. One that does neither proves nothing, and its
notification is only a reason to read the record again, which every notification is. Values are compared in
constant time, and no text holds a secret. A secret that was replaced is good, beside the new one, until the
time that was stated then.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ml_connector.errors import Refused
from ml_connector.ports.storage import Vault
from ml_connector.transport.settings import secret_of

BODY_BYTES_MAX = 256 * 1024
"""Notifications have a few hundred bytes."""
SECRET, TOKEN = "webhook_secret", "webhook_token"
"""Names of the settings that hold the secret of a signature, and a token that the vendor sends along."""
BEFORE = "_before"
"""Ends the name of a secret that was replaced; `replaced` makes its value."""


def replaced(secret: str, ends_at: datetime) -> str:
    """The value that keeps a secret until it ends."""
    return f"{ends_at.isoformat()} {secret}"


def in_use(vault: Vault, name: str, now: datetime) -> list[str]:
    """The secret of this name, and the one before it until its time; none where none was ever entered."""
    ends_at, _, before = secret_of(vault, name + BEFORE).partition(" ")
    if before and now >= datetime.fromisoformat(ends_at):
        before = ""
    return [secret for secret in (secret_of(vault, name), before) if secret]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How a vendor writes its signature: the hash, and the text that is made of it. Hexadecimal letters may
    be of either case.
    """

    algorithm: str = "sha256"
    encoding: Literal["hex", "base64"] = "base64"
    prefix: str = ""

    def of(self, signed: bytes, secret: str) -> str:
        """The signature of these bytes under the secret."""
        mac = hmac.new(secret.encode(), signed, self.algorithm)
        return self.prefix + (mac.hexdigest() if self.encoding == "hex" else b64encode(mac.digest()).decode())

    def proves(self, given: str, signed: bytes, secrets: Sequence[str]) -> bool:
        """Whether one of the secrets made the signature that was given."""
        return any(self._same(given.strip(), self.of(signed, secret)) for secret in secrets)

    def _same(self, given: str, expected: str) -> bool:
        return same(given.lower(), expected.lower()) if self.encoding == "hex" else same(given, expected)


def check_size(body: bytes, bytes_max: int = BODY_BYTES_MAX) -> None:
    """Raises `Refused` for a body that no notification has."""
    if len(body) > bytes_max:
        text = f"The notification has {len(body)} bytes; at most {bytes_max} are read. It was not used."
        raise Refused(text, where="body", code="event.size")


def check_signature(
    signature: Signature,
    given: str,
    signed: bytes,
    vault: Vault,
    now: datetime,
    *,
    where: str,
    remedy: str,
    several: bool = False,
    characters_min: int = 1,
) -> None:
    """Raises `Refused` unless a secret of the connection made the signature in the header or field `where`.

    `several`: the setting may hold more than one secret, with blanks between, so that they can be changed
    without a gap. `characters_min`: a shorter secret proves nothing.
    """
    secrets = [
        secret
        for stored in in_use(vault, SECRET, now)
        for secret in (stored.split() if several else [stored])
        if len(secret) >= characters_min
    ]
    if not secrets:
        length = f" of {characters_min} characters or more" if characters_min > 1 else ""
        text = (
            f"This connection has no webhook secret{length}, so no notification can be trusted. Enter it in"
            " the connection."
        )
        raise Refused(text, where=SECRET, code="event.secret")
    if not signature.proves(given, signed, secrets):
        raise Refused(
            f"The notification's {where} does not match. {remedy}", where=where, code="event.signature"
        )


def check_token(given: str, vault: Vault, now: datetime, *, where: str, remedy: str) -> None:
    """Raises `Refused` unless the header `where` holds the connection's webhook token; one that was never
    entered admits nothing.
    """
    if not any(same(given, expected) for expected in in_use(vault, TOKEN, now)):
        text = f"The notification's {where} is not the webhook token of this connection. {remedy}"
        raise Refused(text, where=where, code="event.token")


def misshapen(vendor: str, error: Exception) -> Refused:
    """The refusal of a notification that cannot be read."""
    text = f"The notification does not have {vendor}'s shape: {error}."
    return Refused(text, where="body", code="event.shape")


def same(given: str, expected: str) -> bool:
    """Whether two texts are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode(errors="replace"))
