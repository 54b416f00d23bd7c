"""Sign-in as vendors do it: authorization codes, rotating refresh tokens, bearer tokens, Basic credentials.

A *chain* is one person's consent for one app. Each refresh adds a pair to it:

    consent ─► pair 1 ─refresh─► pair 2 ─refresh─► pair 3
                  └─ again, before pair 2 was used ─► pair 2' (grace)

Once a younger pair has been used, an older refresh token is history; presenting it can end the whole chain.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs

from ml_connector_sandbox.core.vendor import Request, Response

G = TypeVar("G")


class SignInRefused(Exception):
    """The vendor refuses the sign-in; `reason` is one of the class's constants."""

    UNKNOWN = "unknown"
    TOO_EARLY = "too_early"
    OLD_TOKEN = "old_token"
    EXPIRED = "expired"
    CHAIN_LOST = "chain_lost"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """How long things live, in seconds; `earliest_refresh_seconds` 0 means any time."""

    code_seconds: int = 180
    access_seconds: int = 600
    earliest_refresh_seconds: int = 570
    refresh_seconds: int = 30 * 86_400
    grace_seconds: int = 600
    reuse_ends_chain: bool = True


@dataclass(slots=True, kw_only=True)
class Pair:
    """An access token and the refresh token that came with it."""

    access: str
    refresh: str
    issued_at: datetime
    chain: int
    parent: Pair | None
    used: bool = False
    replaced_at: datetime | None = None


@dataclass(slots=True)
class _Code:
    redirect_uri: str
    issued_at: datetime
    spent: bool = False


@dataclass(slots=True)
class Tokens:
    """Codes, pairs and chains of one app. Tokens are made from `seed`, so a run can be repeated."""

    policy: TokenPolicy
    seed: int = 1
    _codes: dict[str, _Code] = field(default_factory=dict)
    _by_access: dict[str, Pair] = field(default_factory=dict)
    _by_refresh: dict[str, Pair] = field(default_factory=dict)
    _revoked_access: set[str] = field(default_factory=set)
    _lost: set[int] = field(default_factory=set)
    _made: int = 0
    _chains: int = 0

    def issue_code(self, redirect_uri: str, now: datetime, *, mark: str = "") -> str:
        """A fresh single-use code; `mark` is put inside it for vendors whose codes carry odd characters."""
        secret = self._secret("code")
        code = secret[:8] + mark + secret[8:40]
        self._codes[code] = _Code(redirect_uri, now)
        return code

    def redeem(self, code: str, redirect_uri: str, now: datetime) -> Pair:
        """The first pair of a new chain; refuses a code that is unknown, spent, late or for another
        address.
        """
        known = self._codes.get(code)
        if known is None or known.spent or known.redirect_uri != redirect_uri:
            raise SignInRefused(SignInRefused.UNKNOWN)
        known.spent = True
        if now - known.issued_at > timedelta(seconds=self.policy.code_seconds):
            raise SignInRefused(SignInRefused.EXPIRED)
        return self.start_chain(now)

    def start_chain(self, now: datetime) -> Pair:
        """A new consent with its first pair."""
        self._chains += 1
        return self._pair(self._chains, None, now)

    def refresh(self, token: str, now: datetime) -> Pair:
        """The next pair of the chain, or `SignInRefused`."""
        pair = self._by_refresh.get(token)
        if pair is None:
            raise SignInRefused(SignInRefused.UNKNOWN)
        if pair.chain in self._lost:
            raise SignInRefused(SignInRefused.CHAIN_LOST)
        if self._is_history(pair, now):
            if self.policy.reuse_ends_chain:
                self._lost.add(pair.chain)
            raise SignInRefused(SignInRefused.OLD_TOKEN)
        age = now - pair.issued_at
        if (
            age < timedelta(seconds=self.policy.earliest_refresh_seconds)
            and pair.access not in self._revoked_access
        ):
            raise SignInRefused(SignInRefused.TOO_EARLY)
        if age > timedelta(seconds=self.policy.refresh_seconds):
            raise SignInRefused(SignInRefused.EXPIRED)
        self._use(pair)
        pair.replaced_at = pair.replaced_at or now
        return self._pair(pair.chain, pair, now)

    def check_access(self, token: str, now: datetime) -> bool:
        """Whether the bearer may enter; counts as the first use of its pair."""
        pair = self._by_access.get(token)
        if pair is None or token in self._revoked_access or pair.chain in self._lost:
            return False
        if now - pair.issued_at >= timedelta(seconds=self.policy.access_seconds):
            return False
        self._use(pair)
        return True

    def revoke_access(self) -> int:
        """Make every access token invalid at once, as an administrator can; refresh tokens live on."""
        before = len(self._revoked_access)
        self._revoked_access.update(self._by_access)
        return len(self._revoked_access) - before

    def keep_only(self, pair: Pair) -> None:
        """End every consent given so far but the one of that pair."""
        self._lost.update(chain for chain in range(1, self._chains + 1) if chain != pair.chain)

    def revoke_chains(self) -> int:
        """End every consent given so far."""
        before = len(self._lost)
        self._lost.update(range(1, self._chains + 1))
        return len(self._lost) - before

    def _is_history(self, pair: Pair, now: datetime) -> bool:
        """Replaced by a pair somebody used, or outrun by a sibling, or replaced too long ago."""
        if pair.replaced_at is not None:
            in_grace = now - pair.replaced_at <= timedelta(seconds=self.policy.grace_seconds)
            if not in_grace or any(child.used for child in self._by_refresh.values() if child.parent is pair):
                return True
        siblings = (
            other
            for other in self._by_refresh.values()
            if other.chain == pair.chain and other.parent is pair.parent
        )
        return pair.parent is not None and any(other.used for other in siblings if other is not pair)

    @staticmethod
    def _use(pair: Pair) -> None:
        pair.used = True

    def _pair(self, chain: int, parent: Pair | None, now: datetime) -> Pair:
        pair = Pair(
            access=self._secret("access"),
            refresh=self._secret("refresh"),
            issued_at=now,
            chain=chain,
            parent=parent,
        )
        self._by_access[pair.access] = pair
        self._by_refresh[pair.refresh] = pair
        return pair

    def _secret(self, kind: str) -> str:
        self._made += 1
        raw = hashlib.sha256(f"sandbox {self.seed} {kind} {self._made}".encode()).digest()
        return (
            f"sandbox-{kind}-" + base64.urlsafe_b64encode(raw).decode().rstrip("=")
            if kind != "code"
            else raw.hex()
        )


@dataclass(slots=True)
class Bearers(Generic[G]):
    """The access tokens that were issued, each with what it grants; there are no refresh tokens."""

    _held: dict[str, tuple[G, datetime]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def issue(self, token: str, grant: G, ends_at: datetime) -> None:
        """From now on the token grants that, until it ends."""
        self._held[token] = (grant, ends_at)

    def grant(self, token: str | None, now: datetime) -> G | None:
        """What a living token grants; None for any other."""
        held = self._held.get(token or "")
        return held[0] if held is not None and now < held[1] else None

    def revoke(self) -> int:
        """End every token at once; returns how many there were."""
        ended = len(self._held)
        self._held.clear()
        return ended


def read_form(request: Request) -> dict[str, str]:
    """The first value of each field of a form; nothing of a body that is none."""
    try:
        fields = parse_qs(request.body.decode(), keep_blank_values=True)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def client_credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Id and secret of the app, from the Basic header or else the form; empty where they are missing."""
    return basic_credentials(request.headers) or (form.get("client_id", ""), form.get("client_secret", ""))


def token_answer(status: int, value: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """What a token endpoint says, as JSON."""
    named = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return Response(status=status, headers=named, body=json.dumps(value).encode())


def basic_credentials(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """User and password of a Basic `authorization` header; None when it is missing or malformed."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError:
        # Not base64, not text, or not even ASCII.
        return None
    return (user, password) if colon else None


def bearer_token(headers: Mapping[str, str]) -> str | None:
    """The token of a Bearer `authorization` header; None when there is none."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() or None if scheme.lower() == "bearer" else None


def same_secret(given: str, expected: str) -> bool:
    """Compare two secrets in constant time; a given one may hold what cannot be written down."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
