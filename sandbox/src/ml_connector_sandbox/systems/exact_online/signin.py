"""The sign-in pages: `/api/oauth2/auth` and `/api/oauth2/token`, with the vendor's own refusals."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from urllib.parse import parse_qsl, quote, urlencode

from ml_connector_sandbox.core.oauth import (
    SignInRefused,
    TokenPolicy,
    Tokens,
    client_credentials,
    read_form,
    same_secret,
    token_answer,
)
from ml_connector_sandbox.core.ratelimit import FixedWindow
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Request, Response

REDIRECT_URI = "https://connector.example/oauth/exact"
TOKEN_CALLS_PER_DAY = 200
_EARLY = "Rate limit exceeded: access_token not expired"


@dataclass(slots=True, kw_only=True)
class SignIn:
    """One registered app and the consents given to it."""

    seed: int
    clock: Clock
    switches: Switches
    limited: bool
    client_id: str = ""
    client_secret: str = ""
    webhook_secret: str = ""
    tokens: Tokens = field(init=False)
    quota: FixedWindow = field(default_factory=lambda: FixedWindow(TOKEN_CALLS_PER_DAY, 86_400))

    def __post_init__(self) -> None:
        raw = hashlib.sha256(f"exact app {self.seed}".encode()).hexdigest()
        self.client_id = f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:32]}"
        self.client_secret = "sandbox-" + raw[32:44]
        self.webhook_secret = "sandbox-" + raw[44:60]
        self.reset()

    def reset(self) -> None:
        """Forget every consent."""
        self.tokens = Tokens(TokenPolicy(reuse_ends_chain=self.switches["reuse_ends_chain"]), self.seed)
        self.quota.clear()

    def authorize(self, request: Request) -> Response:
        """The login page; with `auto_approve`, or once the form was sent, a redirect back with the code."""
        asked = dict(request.query)
        if request.method == "POST":
            asked |= dict(parse_qsl(request.body.decode("utf-8", "replace")))
        wrong = [
            name
            for name, expected in (
                ("client_id", self.client_id),
                ("redirect_uri", REDIRECT_URI),
                ("response_type", "code"),
            )
            if asked.get(name) != expected
        ]
        if wrong:
            return _page(
                400,
                f"<h1>Error</h1><p>Invalid request: {escape(wrong[0])} is missing or not the registered"
                " one.</p>",
            )
        if request.method == "GET" and not self.switches["auto_approve"]:
            hidden = "".join(
                f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in asked.items()
            )
            form = (
                f'<form method="post" action="/api/oauth2/auth">{hidden}<button name="approve"'
                ' value="1">Approve</button></form>'
            )
            return _page(200, f"<h1>Sandbox sign-in</h1><p>An app asks to see your divisions.</p>{form}")
        code = self.tokens.issue_code(REDIRECT_URI, self._now(), mark="!")
        back = "&".join(
            [
                "code=" + quote(code, safe=""),
                *([urlencode({"state": asked["state"]})] if "state" in asked else []),
            ]
        )
        return Response(
            status=302, headers={"Location": f"{REDIRECT_URI}?{back}", "Content-Type": "text/html"}
        )

    def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token for a pair."""
        form = read_form(request)
        client_id, secret = client_credentials(request, form)
        if not same_secret(client_id, self.client_id) or not same_secret(secret, self.client_secret):
            return _refusal(400, "invalid_request")
        if self.limited and self.quota.take("app", self._now()).refused:
            return Response(status=429)
        try:
            if form.get("grant_type") == "authorization_code":
                pair = self.tokens.redeem(form.get("code", ""), form.get("redirect_uri", ""), self._now())
                if self.switches["one_consent"]:
                    self.tokens.keep_only(pair)
            elif form.get("grant_type") == "refresh_token" and form.get("refresh_token"):
                pair = self.tokens.refresh(form["refresh_token"], self._now())
            else:
                return _refusal(400, "invalid_request")
        except SignInRefused as refused:
            return _refused(refused.reason, by_code=form.get("grant_type") == "authorization_code")
        answer = {
            "access_token": pair.access,
            "token_type": "bearer",
            "expires_in": "600",
            "refresh_token": pair.refresh,
        }
        return token_answer(200, answer)

    def _now(self) -> datetime:
        return self.clock.now()


def _refused(reason: str, *, by_code: bool) -> Response:
    if by_code:
        return Response(status=400, headers={"Content-Type": "text/plain"}, body=b"Bad Request")
    if reason == SignInRefused.TOO_EARLY:
        return _refusal(400, "access_denied", _EARLY, {"Reason": f"TooEarlyToRefreshTokens: {_EARLY}"})
    if reason == SignInRefused.OLD_TOKEN:
        return _refusal(401, "unauthorized_client", "Old refresh token used.")
    return _refusal(400, "invalid_grant", "Token is not allowed, because of invalid or empty chainId")


def _refusal(status: int, error: str, text: str = "", headers: dict[str, str] | None = None) -> Response:
    return token_answer(status, {"error": error, **({"error_description": text} if text else {})}, headers)


def _page(status: int, inner: str) -> Response:
    page = f"<!doctype html><html><head><title>Exact Online sandbox</title></head><body>{inner}</body></html>"
    return Response(status=status, headers={"Content-Type": "text/html; charset=utf-8"}, body=page.encode())
