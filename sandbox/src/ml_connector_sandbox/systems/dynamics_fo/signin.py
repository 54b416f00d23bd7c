"""Entra ID's token endpoints for one app: v1 takes `resource`, v2 takes `scope`; the environment checks the
audience.

POST /<tenant>/oauth2/token        resource=<environment>            expires_in as text
POST /<tenant>/oauth2/v2.0/token   scope=<environment>/.default      expires_in as a number
"""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from ml_connector_sandbox.core.oauth import Bearers, client_credentials, read_form, same_secret, token_answer
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Request, Response

TOKEN_PATH = re.compile(r"/([^/]+)/oauth2/(v2\.0/)?token")
_FOREIGN_TENANTS = ("organizations", "common")
"""Authorities that issue tokens the environment refuses: its tenant is not the issuer."""


@dataclass(frozen=True, slots=True)
class _Grant:
    audience: str
    foreign: bool


@dataclass(slots=True, kw_only=True)
class SignIn:
    """One tenant and the one app registered in it."""

    seed: int
    clock: Clock
    switches: Switches
    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = ""
    tokens: Bearers[_Grant] = field(default_factory=Bearers)
    _environments: set[str] = field(default_factory=set)
    _made: int = 0

    def __post_init__(self) -> None:
        raw = hashlib.sha256(f"dynamics app {self.seed}".encode()).digest()
        self.tenant_id = str(uuid.UUID(bytes=raw[:16], version=4))
        self.client_id = str(uuid.UUID(bytes=raw[16:], version=4))
        self.client_secret = "sandbox~" + raw.hex()[:32]

    def know(self, environment: str) -> None:
        """There is an environment at that address."""
        self._environments.add(_plain(environment))

    def reset(self) -> None:
        """Forget every token."""
        self.tokens.revoke()

    def admits(self, token: str | None, environment: str) -> bool:
        """Whether this token is alive, from the tenant itself, and for exactly this environment."""
        held = self.tokens.grant(token, self.clock.now())
        return held is not None and not held.foreign and held.audience == environment

    def token(self, request: Request, tenant: str, *, v2: bool) -> Response:
        """Answer a token call."""
        form = read_form(request)
        if tenant != self.tenant_id and tenant not in _FOREIGN_TENANTS:
            return self._refused(
                400,
                "invalid_request",
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.",
            )
        if form.get("grant_type") != "client_credentials":
            return self._refused(
                400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."
            )
        client_id, secret = client_credentials(request, form)
        if client_id.lower() != self.client_id:
            text = f"Application with identifier '{client_id}' was not found in the directory."
            return self._refused(400, "unauthorized_client", 700016, text)
        if not same_secret(secret, self.client_secret):
            return self._refused(401, "invalid_client", 7000215, "Invalid client secret provided.")
        wanted = form.get("scope" if v2 else "resource", "")
        if v2 and not wanted.endswith("/.default"):
            return self._refused(
                400,
                "invalid_scope",
                1002012,
                "The provided value for scope is not valid; it must end with /.default.",
            )
        audience = wanted.removesuffix("/.default") if v2 else wanted
        exists = _plain(audience) in {*self._environments, _plain(request.base_url)}
        if not re.match(r"https?://[^/]+", audience, re.IGNORECASE) or not (
            exists or self.switches["unknown_resource"] == "issue"
        ):
            text = f"The resource principal named {audience} was not found in the tenant."
            return self._refused(400, "invalid_resource", 500011, text)
        return self._issue(audience, foreign=tenant in _FOREIGN_TENANTS, v2=v2)

    def _issue(self, audience: str, *, foreign: bool, v2: bool) -> Response:
        self._made += 1
        digest = hashlib.sha256(f"dynamics token {self.seed} {self._made}".encode()).hexdigest()
        token = f"sandbox-{digest}"
        now, seconds = self.clock.now(), int(self.switches["token_seconds"])
        self.tokens.issue(token, _Grant(audience, foreign), now + timedelta(seconds=seconds))
        if v2:
            return token_answer(
                200,
                {
                    "token_type": "Bearer",
                    "expires_in": seconds,
                    "ext_expires_in": seconds,
                    "access_token": token,
                },
            )
        answer = {
            "token_type": "Bearer",
            "expires_in": str(seconds),
            "ext_expires_in": str(seconds),
            "expires_on": str(int(now.timestamp()) + seconds),
            "not_before": str(int(now.timestamp())),
            "resource": audience,
            "access_token": token,
        }
        return token_answer(200, answer)

    def _refused(self, status: int, error: str, code: int, text: str) -> Response:
        trace = str(uuid.uuid5(uuid.NAMESPACE_URL, f"trace {self.seed} {self._made}"))
        stamp = f"{self.clock.now():%Y-%m-%d %H:%M:%SZ}"
        answer = {
            "error": error,
            "error_description": (
                f"AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {trace} Timestamp: {stamp}"
            ),
            "error_codes": [code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": trace,
            "error_uri": f"https://login.microsoftonline.com/error?code={code}",
        }
        return token_answer(status, answer)


def _plain(address: str) -> str:
    """An address as a directory looks it up; a token's audience is minded to the letter only later."""
    return address.rstrip("/").lower()
