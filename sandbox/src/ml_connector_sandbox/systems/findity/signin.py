"""Who may call: one client of the API, by access tokens that are had for its secret or by a refresh token
that works once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from ml_connector_sandbox.core.oauth import (
    Pair,
    SignInRefused,
    TokenPolicy,
    Tokens,
    bearer_token,
    read_form,
    same_secret,
    token_answer,
)
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Request, Response
from ml_connector_sandbox.systems.findity.answers import Refused

TOKEN_PATH = "/api/oauth/token/"
_SECONDS_MAX = 1_000_000_000
_NO_STORE = {"Cache-Control": "no-store"}


@dataclass(slots=True)
class SignIn:
    """The client, its secret and the tokens it has."""

    switches: Switches
    seed: int
    client_id: str = ""
    client_secret: str = ""
    tokens: Tokens = field(init=False)
    last: Pair | None = None
    _edition: int = 0

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The first secret, and no token."""
        self._edition = 0
        self.new_secret()
        self.tokens = Tokens(TokenPolicy(), seed=self.seed)
        self.last = None

    def new_secret(self) -> None:
        """Another secret; the old one is no longer known. Tokens live on."""
        self._edition += 1
        self.client_id = _made(f"{self.seed} client")[:24]
        self.client_secret = _made(f"{self.seed} secret {self._edition}")[:48]

    def revoke(self) -> int:
        """End every token; returns how many clients' tokens were ended."""
        return self.tokens.revoke_chains()

    def burn_refresh_token(self, now: datetime) -> None:
        """Somebody else uses the newest refresh token."""
        if self.last is None:
            raise ValueError("no token was issued yet")
        self.tokens.policy = self._policy()
        try:
            self.tokens.refresh(self.last.refresh, now)
        except SignInRefused as refused:
            raise ValueError("the newest refresh token is used already") from refused

    def token(self, request: Request, now: datetime) -> Response:
        """The answer of the token endpoint."""
        kind = request.headers.get("content-type", "").lower()
        form = read_form(request) if "x-www-form-urlencoded" in kind else {}
        self.tokens.policy = self._policy()
        grant = form.get("grant_type", "")
        if grant not in ("client_credentials", "refresh_token"):
            return _refusal(400, "unsupported_grant_type" if grant else "invalid_request")
        is_known = same_secret(form.get("client_id", ""), self.client_id) and same_secret(
            form.get("client_secret", ""), self.client_secret
        )
        if not is_known and (grant == "client_credentials" or self.switches["refresh_needs_secret"]):
            return _refusal(int(self.switches["bad_client_status"]), "invalid_client")
        if self.switches["one_access_token"]:
            self.tokens.revoke_access()
        try:
            if grant == "client_credentials":
                pair = self.tokens.start_chain(now)
            else:
                pair = self.tokens.refresh(form.get("refresh_token", ""), now)
        except SignInRefused:
            return _refusal(400, "invalid_grant")
        self.last = pair
        told = {
            "access_token": pair.access,
            "token_type": "Bearer",
            "expires_in": self.tokens.policy.access_seconds,
            "refresh_token": pair.refresh,
        }
        return token_answer(200, told, _NO_STORE)

    def check(self, request: Request, now: datetime) -> None:
        """`Refused` without a living token."""
        self.tokens.policy = self._policy()
        if not self.tokens.check_access(bearer_token(request.headers) or "", now):
            raise Refused(401, "Unauthorized")

    def _policy(self) -> TokenPolicy:
        """A refresh token works once: there is no time in which it works again."""
        return TokenPolicy(
            access_seconds=_bounded(self.switches["access_seconds"]),
            earliest_refresh_seconds=0,
            refresh_seconds=_bounded(self.switches["refresh_seconds"]),
            grace_seconds=-1,
            reuse_ends_chain=bool(self.switches["refresh_reuse_ends_tokens"]),
        )


def _refusal(status: int, error: str) -> Response:
    return token_answer(status, {"error": error}, _NO_STORE)


def _bounded(seconds: int) -> int:
    return max(0, min(int(seconds), _SECONDS_MAX))


def _made(text: str) -> str:
    return hashlib.sha256(f"findity {text}".encode()).hexdigest()
