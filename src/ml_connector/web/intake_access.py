"""Who calls the interface for expense platforms, and how often."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import BinaryIO

from django.http import HttpRequest
from ninja.security import APIKeyHeader, HttpBearer
from ninja.throttling import SimpleRateThrottle

from ml_connector.app.assemble import Assembly
from ml_connector.app.intake import Intake, SignedCall, opened
from ml_connector.domain.problem import Problem
from ml_connector.web.intake_answers import Refusal

RATE = "600/m"
"""Calls of one token."""
DIGEST, PIECE = "Content-Digest", 1024 * 1024
SIGNED_HEADERS = ("webhook-key", "webhook-id", "webhook-timestamp", "webhook-signature")
LAST_SECOND = 253_402_300_799
"""Of the year 9999."""


class Asked(HttpRequest):
    """A request of this interface, for type checkers."""

    assembly: Assembly
    auth: Intake
    target: str
    digest: str


class Bearer(HttpBearer):
    """A token with this scope, as `Authorization: Bearer mlc_…`."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self._scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Intake | None:
        """What the token may do; `None` for one that is not good. Raises `Refusal` without the scope."""
        return _allowed(opened(request.assembly, token), self._scope)  # type: ignore[attr-defined]


class Signed(APIKeyHeader):
    """A call that is signed with the secret of a token with this scope."""

    param_name = "webhook-signature"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self._scope = scope

    def authenticate(self, request: HttpRequest, key: str | None) -> Intake | None:
        """As `Bearer`. Raises `Refusal` for a body that is another than was signed."""
        if not key:
            return None
        target = request.target  # type: ignore[attr-defined]
        call = signed_call(request.headers, request.method or "", target)
        if isinstance(call, Problem):
            raise Refusal(401, call)
        intake = _allowed(opened(request.assembly, call), self._scope)  # type: ignore[attr-defined]
        if intake is not None and request.headers.get(DIGEST, NOTHING) != request.digest:  # type: ignore[attr-defined]
            text = f"The body is another one than `{DIGEST}` says: it has {request.digest}."  # type: ignore[attr-defined]
            raise Refusal(422, Problem("intake.signature", DIGEST, text))
        if intake is not None and request.headers.get("Idempotency-Key", call.identity) != call.identity:
            text = "A signed call has its Idempotency-Key as `webhook-id` too, so that it is signed."
            raise Refusal(422, Problem("intake.signature", "webhook-id", text))
        return intake


def _allowed(intake: Intake | None, scope: str) -> Intake | None:
    if intake is not None and not intake.allows(scope):
        text = f"Token {intake.token.name} has no scope {scope}. Use one that has."
        raise Refusal(403, Problem("intake.scope", "Authorization", text))
    return intake


def signed_call(headers: Mapping[str, str], method: str, target: str) -> SignedCall | Problem:
    """What a call says of its signature, by its headers in any letters; or what is wrong with them."""
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in SIGNED_HEADERS if not given.get(name)]
    if missing:
        return Problem("intake.signature", missing[0], f"A signed call has the headers {', '.join(missing)}.")
    stated = given["webhook-timestamp"]
    if not (stated.isascii() and stated.isdigit() and len(stated) <= 12):
        return Problem("intake.signature", "webhook-timestamp", "The time is not in seconds since 1970.")
    return SignedCall(
        key=given["webhook-key"],
        identity=given["webhook-id"],
        signed_at=datetime.fromtimestamp(min(int(stated), LAST_SECOND), UTC),
        signatures=given["webhook-signature"],
        text=f"{method} {target}\n{given.get(DIGEST.lower(), NOTHING)}",
    )


def digest_of(body: BinaryIO) -> str:
    """As `Content-Digest` writes it (RFC 9530); the body is at its beginning afterwards."""
    running = hashlib.sha256()
    body.seek(0)
    while piece := body.read(PIECE):
        running.update(piece)
    body.seek(0)
    return f"sha-256=:{base64.b64encode(running.digest()).decode()}:"


def caller(scope: str) -> list[Bearer | Signed]:
    """Either way to call."""
    return [Bearer(scope), Signed(scope)]


class PerToken(SimpleRateThrottle):
    """Calls are counted for each token, in this process."""

    def get_cache_key(self, request: HttpRequest) -> str:
        """The name of the count."""
        return f"intake:{request.auth.token.pk}"  # type: ignore[attr-defined]


NOTHING = digest_of(io.BytesIO())
"""The digest of a call without a body, which need not say it."""
