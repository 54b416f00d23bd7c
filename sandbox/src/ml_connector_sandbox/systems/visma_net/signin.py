"""Visma Connect for one service application: client credentials with a tenant id, and no refresh token.

Two kinds of tenant ids are known: a company's, whose token enters that company, and the customer's, whose
token is issued like any other and enters nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from ml_connector_sandbox.core.oauth import Bearers, client_credentials, read_form, same_secret, token_answer
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Request, Response

TOKEN_PATH = "/connect/token"
DISCOVERY_PATH = "/.well-known/openid-configuration"
SCOPE_PREFIX = "vismanet_erp_service_api:"
SCOPES = tuple(SCOPE_PREFIX + verb for verb in ("create", "read", "update", "delete"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a bearer may do, and where."""

    tenant_id: str
    scopes: frozenset[str]


@dataclass(slots=True, kw_only=True)
class SignIn:
    """One application and the tenants that approved it."""

    seed: int
    clock: Clock
    switches: Switches
    company_codes: Sequence[str]
    client_id: str = ""
    client_secret: str = ""
    webhook_secret: str = ""
    customer_tenant_id: str = ""
    tenant_ids: Mapping[str, str] = field(default_factory=dict)
    granted: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    tokens: Bearers[Grant] = field(default_factory=Bearers)
    _made: int = 0

    def __post_init__(self) -> None:
        raw = hashlib.sha256(f"visma app {self.seed}".encode()).hexdigest()
        self.client_id = f"isv_sandbox_{raw[:8]}"
        self.client_secret = "sandbox-" + raw[8:40]
        self.webhook_secret = "sandbox-" + raw[40:60]
        self.customer_tenant_id = _uuid(f"customer {self.seed}")
        self.tenant_ids = {code: _uuid(f"company {self.seed} {code}") for code in self.company_codes}
        self.reset()

    def reset(self) -> None:
        """Forget every token; every scope is granted and every company has approved the application."""
        self.tokens.revoke()
        self.granted = set(SCOPES)
        self.withdrawn = set()

    def company_of(self, token: str | None) -> tuple[str, Grant] | None:
        """The company a living token enters, with the token; None when it enters none."""
        held = self.tokens.grant(token, self.clock.now())
        if held is None:
            return None
        code = next(
            (code for code, tenant_id in self.tenant_ids.items() if tenant_id == held.tenant_id), None
        )
        return (code, held) if code is not None and code not in self.withdrawn else None

    def discovery(self, base_url: str) -> Response:
        """The OpenID configuration, as far as a service application needs it."""
        paths = {
            "authorization": "authorize",
            "token": "token",
            "userinfo": "userinfo",
            "end_session": "endsession",
        }
        answer = {
            "issuer": base_url,
            **{f"{name}_endpoint": f"{base_url}/connect/{path}" for name, path in paths.items()},
        }
        return _json(
            200, {**answer, "grant_types_supported": ["client_credentials"], "scopes_supported": list(SCOPES)}
        )

    def token(self, request: Request) -> Response:
        """Answer a token call: an access token, or an OAuth error with 400."""
        form = read_form(request)
        client_id, secret = client_credentials(request, form)
        if client_id != self.client_id or not same_secret(secret, self.client_secret):
            return _json(400, {"error": "invalid_client"})
        if form.get("grant_type") != "client_credentials":
            return _json(
                400, {"error": "unsupported_grant_type" if form.get("grant_type") else "invalid_request"}
            )
        asked = frozenset(form.get("scope", "").split())
        if not asked or not asked <= self.granted:
            return _json(400, {"error": "invalid_scope"})
        tenant_id = form.get("tenant_id", "").lower()
        if not tenant_id:
            return _json(400, {"error": "invalid_request"})
        if tenant_id not in (*self.tenant_ids.values(), self.customer_tenant_id):
            return _json(400, {"error": "unauthorized_client"})
        return self._issue(tenant_id, asked)

    def _issue(self, tenant_id: str, scopes: frozenset[str]) -> Response:
        self._made += 1
        seconds = int(self.switches["token_seconds"])
        now = self.clock.now()
        claims = {
            "iss": "sandbox",
            "client_id": self.client_id,
            "tenant_id": tenant_id,
            "n": self._made,
            "exp": int(now.timestamp()) + seconds,
        }
        signature = hashlib.sha256(f"visma token {self.seed} {self._made}".encode()).digest()
        parts = (
            json.dumps({"alg": "RS256", "typ": "at+jwt"}).encode(),
            json.dumps(claims).encode(),
            signature,
        )
        token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
        grant = Grant(tenant_id=tenant_id, scopes=scopes)
        self.tokens.issue(token, grant, now + timedelta(seconds=seconds))
        answer = {
            "access_token": token,
            "expires_in": seconds,
            "token_type": "Bearer",
            "scope": " ".join(sorted(scopes)),
        }
        return _json(200, answer)


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"visma sandbox {name}"))


def _json(status: int, value: Json) -> Response:
    headers = {
        "Content-Type": "application/json; charset=UTF-8",
        "Cache-Control": "no-store, no-cache, max-age=0",
    }
    return token_answer(status, value, headers)
