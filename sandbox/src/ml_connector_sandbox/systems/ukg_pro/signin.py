"""Who may call: web service account and customer key for core, bearer tokens for the platform.

Whatever is wrong with a sign-in, the answer is the same: 401 without a body.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl

from ml_connector_sandbox.core.body import read_json
from ml_connector_sandbox.core.oauth import Bearers, basic_credentials, bearer_token, same_secret
from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.ukg_pro.endpoint import Endpoint, Tenant
from ml_connector_sandbox.systems.ukg_pro.limits import Limits
from ml_connector_sandbox.systems.ukg_pro.render import empty, json_response

PERMISSIONS = (
    "Personnel Integration",
    "Employee Person Details",
    "Employee Compensation Details",
    "Employee Job History Details",
    "EmployeeExport",
    "Company Configuration Integration",
    "Payroll Integration",
    "Employee Pay Statement",
    "Third Party Pay",
)
"""What an administrator can tick for the account; each with View, Add, Edit and Delete."""

AUDIENCE = "api.ukg.net"
TENANT_ALIAS = "harbor"
_BODY_MAX = 10_000


class SignIn:
    """The tenant's secrets and the tokens given out."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        secret = hashlib.sha256(f"ukg_pro {tenant.seed}".encode()).hexdigest()
        self.username = "svc-connector"
        self.password = f"pw-{secret[:20]}"
        self.customer_key = "G2ASY"
        self.user_key = "C3293P0000K0"
        self.client_id = f"client-{secret[20:32]}"
        self.client_secret = f"secret-{secret[32:56]}"
        self.organization = f"org_{secret[56:64]}"
        self.revoked: set[str] = set()
        self.tokens = Bearers[str]()
        self._made = 0
        self._limits = Limits(tenant)

    def endpoints(self) -> list[Endpoint]:
        """Both places to get a token."""
        return [
            Endpoint(
                method="POST",
                path="/signin/oauth2/t/{tenant}/access_token",
                answer=self._legacy_token,
                family="token",
                kind="token",
            ),
            Endpoint(
                method="POST", path="/oauth/token", answer=self._platform_token, family="token", kind="token"
            ),
        ]

    def describe(self, base_url: str) -> Json:
        """Everything one needs to connect."""
        return {
            "username": self.username,
            "password": self.password,
            "customer_api_key": self.customer_key,
            "user_api_key": self.user_key,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "token_url": f"{base_url}/oauth/token",
            "legacy_token_url": f"{base_url}/signin/oauth2/t/{TENANT_ALIAS}/access_token",
            "tenant_alias": TENANT_ALIAS,
            "audience": AUDIENCE,
            "organization": self.organization,
        }

    def refusal(self, request: Request, endpoint: Endpoint) -> Response | None:
        """The answer to a call that may not be made, or None: sign-in first, then quota, then permission."""
        if endpoint.family == "token":
            return None
        if not self._is_signed_in(request, endpoint.family):
            return empty(401)
        over = self._limits.take(self.username)
        if over is not None:
            return over
        return None if self.may(endpoint) else empty(403)

    def may(self, endpoint: Endpoint) -> bool:
        """Whether the account has the rights the endpoint needs."""
        lacking = {
            name.strip() for name in str(self._tenant.switches["without_permissions"]).split(",")
        } | self.revoked
        wanted = {f"{endpoint.permission}:{right}" for right in endpoint.rights} | {endpoint.permission}
        return not endpoint.permission or not wanted & lacking

    def _is_signed_in(self, request: Request, family: str) -> bool:
        if family == "platform" or (self._tenant.switches["core_bearer"] and bearer_token(request.headers)):
            return self._has_bearer(request)
        if not same_secret(request.headers.get("us-customer-api-key", ""), self.customer_key):
            return False
        if self._tenant.switches["strict_user_key"] and not same_secret(
            request.headers.get(self._tenant.switches["user_key_header"].lower(), ""), self.user_key
        ):
            return False
        given = basic_credentials(request.headers)
        return (
            given is not None
            and same_secret(given[0], self.username)
            and same_secret(given[1], self.password)
        )

    def _has_bearer(self, request: Request) -> bool:
        family = self.tokens.grant(bearer_token(request.headers), self._tenant.clock.now())
        return family == "platform" and request.headers.get("global-tenant-id") == self.organization

    def _legacy_token(self, request: Request, params: Mapping[str, str]) -> Response:
        given = _form_or_json(request)
        user = basic_credentials(request.headers) or (
            given.get("client_id", ""),
            given.get("client_secret", ""),
        )
        is_right = same_secret(user[0], self.client_id) and same_secret(user[1], self.client_secret)
        if not is_right or params["tenant"] != TENANT_ALIAS:
            return json_response({"error": "invalid_client"}, status=401)
        if given.get("grant_type") != "client_credentials":
            return json_response({"error": "unsupported_grant_type"}, status=400)
        return self._token("legacy", given.get("scope", "profile"))

    def _platform_token(self, request: Request, params: Mapping[str, str]) -> Response:
        given = _form_or_json(request)
        if given.get("grant_type") != "client_credentials":
            return json_response({"error": "unsupported_grant_type"}, status=400)
        is_right = same_secret(given.get("client_id", ""), self.client_id) and same_secret(
            given.get("client_secret", ""), self.client_secret
        )
        is_here = (
            given.get("audience") == AUDIENCE
            and given.get("organization", self.organization) == self.organization
        )
        return (
            self._token("platform", "api")
            if is_right and is_here
            else json_response({"error": "access_denied"}, status=401)
        )

    def _token(self, family: str, scope: str) -> Response:
        self._made += 1
        seconds = self._tenant.switches["token_seconds"]
        text = hashlib.sha256(f"token {self._tenant.seed} {family} {self._made}".encode()).hexdigest()
        token = f"eyJhbGciOiJub25lIn0.{text}.{family}"
        self.tokens.issue(token, family, self._tenant.clock.now() + timedelta(seconds=seconds))
        return json_response(
            {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": scope}
        )


def _form_or_json(request: Request) -> dict[str, str]:
    if len(request.body) > _BODY_MAX:
        return {}
    if "json" not in request.headers.get("content-type", ""):
        return dict(parse_qsl(request.body.decode("latin-1"), keep_blank_values=True))
    try:
        given = read_json(request.body)
    except ValueError:
        return {}
    return {name: str(value) for name, value in given.items()} if isinstance(given, dict) else {}
