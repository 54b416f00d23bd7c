"""Signing requests in: HTTP Basic, and OAuth tokens with one renewer at a time.

A rotating refresh token is spent by using it. Two renewers, or one that dies between the vendor's answer and
the store, end a connection, and only a person can sign in again. So: an exclusive lock per connection across
processes, the stored state read again under it, `renewing_since` committed before the request leaves, and the
new pair committed before anyone uses it. A renewal whose answer was lost is that state, not a retry: it is
repeated only where the vendor says the old token stays good for a while (`Renewal.grace_seconds`), and
otherwise goes to a person.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from ml_connector.errors import NotSent, Refused, SignInLost, Throttled
from ml_connector.ports.storage import Clock, Exchange, TokenState
from ml_connector.ports.systems import Wiring
from ml_connector.transport.answer import whole_number
from ml_connector.transport.exchange import Deadline, header_problem, within
from ml_connector.transport.redact import known, redact, shown
from ml_connector.transport.settings import secret_of

SKEW_SECONDS = 5
TOKEN_SECONDS = 30.0
"""For a token request and its complete answer."""
SAID_MAX = 200
"""How many characters of an unknown refusal are stored."""
CONSENT_WARNING_DAYS = 7
SIGN_IN = "Authorise it: ml-connector connections authorize NAME."
AUTHORISE = "Authorise this connection again: ml-connector connections authorize NAME."


def basic(username: str, password: str) -> str:
    """The value of an `Authorization` header of HTTP Basic. (`httpx2.BasicAuth` signs a request and gives out
    no header, and a connection must know its headers beforehand, to hide them.)
    """
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """How a vendor's tokens are renewed.

    `earliest_seconds`: age before which a renewal is refused; `early_seconds`: renew so long before the end
    of life; `grace_seconds`: how long a spent refresh token still works when the new pair was never used;
    `consent_days`: life of an unused refresh token, `idle_days`: renew an idle one after so many. `grant` is
    `refresh_token` or `client_credentials`; `spends_refresh_token`: the latter's answers have a refresh token
    that works once. `too_early` recognises the vendor's refusal of an early renewal.
    """

    grant: str = "refresh_token"
    spends_refresh_token: bool = False
    life_seconds: int = 3600
    earliest_seconds: int = 0
    early_seconds: int = 60
    grace_seconds: int = 0
    consent_days: int | None = None
    idle_days: int = 7
    too_early: Callable[[str], bool] = lambda text: False


@dataclass(slots=True, kw_only=True)
class TokenBroker:
    """The tokens of one connection: gives out a usable one, renews it when due or refused, never twice at a
    time. It is a `SignIn` where a person gives consent at `consent_url`.

    `parameters` go with every token request (scope, audience). Client id and secret are read from the vault
    when needed.
    """

    token_url: str
    wiring: Wiring
    renewal: Renewal
    consent_url: str = ""
    redirect_uri: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    client_auth: str = "client_secret_post"
    deadline_seconds: float = TOKEN_SECONDS
    _known: TokenState | None = None
    """The sign-in as it was read or stored here last. A token of it is good until it is due, or refused."""

    # --- as Auth --------------------------------------------------------------------------------------------

    def headers(self) -> Mapping[str, str]:
        return {**self.extra_headers, "Authorization": f"Bearer {self.access_token()}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        stale = headers.get("Authorization", "").removeprefix("Bearer ")
        return self._renewed(stale).access_token != stale

    def secrets(self) -> Sequence[str]:
        state = self._known or self._read()
        return [value for value in (state.access_token, state.refresh_token) if value]

    # --- tokens ---------------------------------------------------------------------------------------------

    def access_token(self) -> str:
        """A token that is good now. Raises `SignInLost` when a person must sign in, `NotSent` when a
        renewal's outcome is still unknown.
        """
        if self._known is not None and self._is_usable(self._known):
            return self._known.access_token
        state = self._read()
        return (
            state.access_token if self._is_usable(state) else self._renewed(state.access_token).access_token
        )

    def renew(self) -> datetime | None:
        """Renew a sign-in that nobody used for `idle_days`; returns when the consent ends if nothing more
        happens.
        """
        state = self.wiring.tokens.read()
        if state.lost or self.renewal.consent_days is None:
            return state.consent_expires_at
        if state.issued_at and self._now() - state.issued_at >= timedelta(days=self.renewal.idle_days):
            state = self._renewed(state.access_token)
        return state.consent_expires_at

    def authorize_url(self, state: str) -> str:
        """Where a person gives consent."""
        with self._client(self._deadline()) as client:
            url, _ = client.create_authorization_url(
                self.consent_url, state=state, redirect_uri=self.redirect_uri
            )
        return str(url)

    def exchange(self, redirect: str, state: str) -> None:
        """Turn the redirect address, as pasted from the browser, into stored tokens."""
        query = parse_qs(urlsplit(redirect.strip()).query)
        if error := query.get("error"):
            raise Refused(
                f"The vendor answered the sign-in with {error[0]!r}. Start again.",
                where="redirect address",
                code="sign_in.refused",
            )
        if not query.get("code"):
            text = (
                "The pasted address holds no code. Copy the whole address of the page that the vendor sent"
                " the browser to, and paste it."
            )
            raise Refused(text, where="redirect address", code="sign_in.no_code")
        if query.get("state", [""])[0] != state:
            text = (
                "The pasted address belongs to another sign-in (its state differs). Start again and use the"
                " newest link."
            )
            raise Refused(text, where="redirect address", code="sign_in.state")
        with self.wiring.tokens.exclusive():
            answer = self._ask(
                lambda client: client.fetch_token(
                    self.token_url,
                    grant_type="authorization_code",
                    code=query["code"][0],
                    redirect_uri=self.redirect_uri,
                    **self.parameters,
                ),
                query["code"][0],
            )
            if isinstance(answer, str):
                raise Refused(
                    f"The vendor refused the code: {answer}. A code works once, for a few minutes. Start"
                    " again.",
                    code="sign_in.code",
                )
            self._store(answer)

    # --- renewing -------------------------------------------------------------------------------------------

    def _is_usable(self, state: TokenState) -> bool:
        return bool(state.access_token) and not state.lost and not self._is_due(state)

    def _is_due(self, state: TokenState) -> bool:
        if state.issued_at is None or state.expires_at is None:
            return True
        now = self._now()
        if now >= state.expires_at - timedelta(seconds=SKEW_SECONDS):
            return True
        old_enough = now >= state.issued_at + timedelta(seconds=self.renewal.earliest_seconds)
        return old_enough and now >= state.expires_at - timedelta(seconds=self.renewal.early_seconds)

    def _renewed(self, stale: str) -> TokenState:
        """The state after a renewal: ours, or that of the one who held the lock before."""
        with self.wiring.tokens.exclusive():
            state = self._read()
            if state.lost:
                raise SignInLost(f"{state.lost} {AUTHORISE}", where="sign-in")
            if state.access_token != stale and not self._is_due(state):
                return state
            if self.renewal.grant == "client_credentials":
                return self._by_single_use(state) or self._by_credentials()
            return self._by_refresh(state)

    def _by_single_use(self, state: TokenState) -> TokenState | None:
        """By the refresh token that came along, where it was not sent before: that is on record first. It is
        never sent again, whatever becomes of it, because the credentials do as well.
        """
        is_unspent = state.refresh_token and state.renewing_since is None
        if not self.renewal.spends_refresh_token or not is_unspent:
            return None
        self._write(replace(state, renewing_since=self._now()))
        answer = self._refreshed(state)
        return None if isinstance(answer, str) else self._store(answer)

    def _by_credentials(self) -> TokenState:
        answer = self._ask(
            lambda client: client.fetch_token(
                self.token_url, grant_type="client_credentials", **self.parameters
            )
        )
        if isinstance(answer, str):
            text = (
                f"The vendor refused client id and secret: {answer.rstrip('. ')}. The connection is not"
                " authorised until they are corrected."
            )
            raise SignInLost(text, where="client_secret")
        return self._store(answer)

    def _by_refresh(self, state: TokenState) -> TokenState:
        if not state.refresh_token:
            raise SignInLost(f"Nobody has signed in to this connection yet. {SIGN_IN}", where="sign-in")
        now = self._now()
        if state.renewing_since is None:
            state = replace(state, renewing_since=now)
            self._write(state)
        elif not self.renewal.grace_seconds or now - state.renewing_since > timedelta(
            seconds=self.renewal.grace_seconds
        ):
            raise self._record_lost(
                state, "The answer to a renewal of the sign-in was lost, and the old token is no longer good."
            )
        try:
            answer = self._refreshed(state)
        except (_NotReached, Throttled):
            self._write(replace(state, renewing_since=None))
            raise
        if not isinstance(answer, str):
            return self._store(answer)
        if self.renewal.too_early(answer):
            kept = replace(state, renewing_since=None)
            self._write(kept)
            return kept
        raise self._record_lost(state, f"The vendor ended the sign-in: {answer}.")

    def _refreshed(self, state: TokenState) -> Mapping[str, Any] | str:
        spent, given = state.refresh_token, self.parameters
        return self._ask(lambda client: client.refresh_token(self.token_url, refresh_token=spent, **given))

    def _record_lost(self, state: TokenState, why: str) -> SignInLost:
        """Records that only a person can sign in again; the error that says so."""
        self._write(replace(state, lost=why, renewing_since=None))
        return SignInLost(f"{why} {AUTHORISE}", where="sign-in")

    def _ask(self, call: Callable[[Any], Mapping[str, Any]], *spent: str) -> Mapping[str, Any] | str:
        """The token answer, or the vendor's refusal in its own words, without our secrets; `spent` are
        secrets of this call alone. Raises `NotSent` when it is not known what the vendor did.

        The answer itself is the one body that nothing is hidden in: it is read here, and neither recorded nor
        shown.
        """
        from ml_connector.transport.token_client import OAuthError, readable

        secrets = known(self.wiring.vault, (*self.secrets(), *spent))
        deadline = self._deadline()
        status, text = None, ""
        try:
            with within(deadline), self._client(deadline) as client:
                answer = readable(call, client)
        except OAuthError as error:
            status, text = 400, redact(f"{error.error} {error.description or ''}".strip(), secrets)
            return text
        except httpx2.HTTPStatusError as error:
            status, text = error.response.status_code, f"status {error.response.status_code}"
            if status == 429:
                raise Throttled("The vendor's limit of token calls is reached.", where="sign-in") from error
            if 400 <= status < 500:
                text = redact(f"{text}: {error.response.text}", secrets)[:SAID_MAX]
                return text
            raise NotSent(
                f"The vendor's sign-in answers {text}; it is tried again later.",
                where="sign-in",
                support=text,
            ) from error
        except _NEVER_ARRIVED as error:
            text = secrets.hide(repr(error))
            raise _NotReached(
                "The vendor's sign-in could not be reached; nothing was sent.", where="sign-in", support=text
            ) from shown(error, secrets)
        except httpx2.HTTPError as error:
            text = secrets.hide(repr(error))
            raise NotSent(
                "The vendor's sign-in did not answer; nothing was posted. It is tried again.",
                where="sign-in",
                support=text,
            ) from shown(error, secrets)
        else:
            return answer
        finally:
            self.wiring.exchanges.record(
                Exchange(
                    method="POST",
                    url=self.token_url,
                    status=status or (200 if not text else None),
                    seconds=deadline.seconds - deadline.left,
                    error=text if status is None else "",
                    answer_body=text,
                )
            )

    def _store(self, answer: Mapping[str, Any]) -> TokenState:
        now = self._now()
        token = str(answer.get("access_token") or "")
        if not token or header_problem(token):
            what = "no access token" if not token else "an access token that no header can hold"
            raise SignInLost(f"The vendor's token answer has {what}.", where="sign-in")
        life = whole_number(str(answer.get("expires_in", ""))) or self.renewal.life_seconds
        consent = (
            None if self.renewal.consent_days is None else now + timedelta(days=self.renewal.consent_days)
        )
        state = TokenState(
            access_token=token,
            refresh_token=str(answer.get("refresh_token") or ""),
            issued_at=now,
            expires_at=now + timedelta(seconds=life),
            consent_expires_at=consent,
        )
        self._write(state)
        return state

    def _read(self) -> TokenState:
        self._known = self.wiring.tokens.read()
        return self._known

    def _write(self, state: TokenState) -> None:
        self._known = state
        self.wiring.tokens.write(state)

    def _deadline(self) -> Deadline:
        return Deadline.after(self.wiring.clock, self.deadline_seconds)

    def _client(self, deadline: Deadline) -> Any:
        """Its library takes long to load, and most runs have a token that is good."""
        from ml_connector.transport.token_client import TokenClient, conclusive

        client: Any = TokenClient(
            deadline,
            client_id=secret_of(self.wiring.vault, "client_id"),
            client_secret=secret_of(self.wiring.vault, "client_secret"),
            token_endpoint_auth_method=self.client_auth,
            transport=self.wiring.wire,
            timeout=httpx2.Timeout(**deadline.timeouts()),
            trust_env=not self.wiring.sandbox,
            headers=dict(self.extra_headers),
        )
        for kind in ("access_token_response", "refresh_token_response"):
            client.register_compliance_hook(kind, conclusive)
        return client

    def _now(self) -> datetime:
        return self.wiring.clock.now()


class _NotReached(NotSent):
    """The sign-in could not be reached, so the refresh token was not spent."""


_NEVER_ARRIVED = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.ProxyError,
    httpx2.LocalProtocolError,
    httpx2.UnsupportedProtocol,
)


def consent_warning(ends_at: datetime | None, clock: Clock) -> str | None:
    """A warning when the consent ends within seven days, or has ended, in words for the list of
    connections.
    """
    if ends_at is None or ends_at - clock.now() > timedelta(days=CONSENT_WARNING_DAYS):
        return None
    if ends_at <= clock.now():
        return (
            f"The sign-in ended on {ends_at:%Y-%m-%d %H:%M} UTC, because it was not used. Authorise it again:"
            " ml-connector connections authorize NAME."
        )
    return (
        f"The sign-in ends on {ends_at:%Y-%m-%d %H:%M} UTC unless it is used before. If runs are paused,"
        " authorise it again: ml-connector connections authorize NAME."
    )
