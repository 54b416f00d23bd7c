"""Tokens that programs of a client call our own interfaces with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from ml_connector.app.access import Access, Actor, Unknown
from ml_connector.app.refusals import NotAllowed, SetupError
from ml_connector.domain.problem import Problem
from ml_connector.ports.storage import Clock
from ml_connector.store import api_tokens
from ml_connector.store.models import ApiToken, ApiTokenSecret
from ml_connector.store.secrets import Keys

REPORTS_WRITE, REPORTS_READ, MASTER_DATA_READ = "reports:write", "reports:read", "master_data:read"
SCOPES = {
    REPORTS_WRITE: "send approved expense reports",
    REPORTS_READ: "read what became of them",
    MASTER_DATA_READ: "read accounts, journals, VAT codes, suppliers and dimensions of the ledger",
}
"""What a token may be good for."""
GOOD_FOR = timedelta(days=365)
"""How long a token is good where nothing is said."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLine:
    """A token as a list shows it; its text is not known here."""

    name: str
    scopes: tuple[str, ...]
    signed: bool
    state: str
    made_at: datetime
    made_by: str
    ends_at: datetime
    used_at: datetime | None

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "scopes": list(self.scopes),
            "signed": self.signed,
            "state": self.state,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "made_by": self.made_by,
            "ends_at": self.ends_at.isoformat(timespec="seconds"),
            "used_at": self.used_at.isoformat(timespec="seconds") if self.used_at else None,
        }


class ApiTokens:
    """The tokens of one organisation, as one person."""

    def __init__(self, access: Access, actor: Actor, clock: Clock) -> None:
        self._access, self._actor, self._clock = access, actor, clock

    def list(self) -> list[TokenLine]:
        """Every token by name, those that are good no more among them."""
        now, secrets = self._clock.now(), ApiTokenSecret.objects.filter(token=OuterRef("pk"))
        return [
            TokenLine(
                name=row.name,
                scopes=tuple(row.scopes),
                signed=row.signed,
                state=_state(row, now),
                made_at=row.made_at,
                made_by=row.made_by,
                ends_at=row.ends_at,
                used_at=row.used_at,
            )
            for row in self._rows().annotate(signed=Exists(secrets)).order_by("name")
        ]

    def add(self, name: str, scopes: Sequence[str], ends_at: datetime | None = None) -> str:
        """Store a token that is good until a time, a year from now where none is said; its text, shown this
        once. Raises `SetupError` with every problem, `NotAllowed` for a name that is taken.
        """
        with self._adding(name, scopes, ends_at, signed=False) as (now, until):
            return api_tokens.make(
                self._access.organisation, name, scopes, by=self._actor.audited, now=now, ends_at=until
            )

    def add_signed(
        self, name: str, scopes: Sequence[str], keys: Keys, ends_at: datetime | None = None
    ) -> tuple[str, str]:
        """As `add`, for a token whose calls are signed: its key, and its secret, shown this once."""
        with self._adding(name, scopes, ends_at, signed=True) as (now, until):
            return api_tokens.make_signed(
                self._access.organisation,
                name,
                scopes,
                by=self._actor.audited,
                now=now,
                ends_at=until,
                keys=keys,
            )

    @contextmanager
    def _adding(
        self, name: str, scopes: Sequence[str], ends_at: datetime | None, *, signed: bool
    ) -> Iterator[tuple[datetime, datetime]]:
        """One transaction with the entry of the audit chain; from when and until when the token is good."""
        now = self._clock.now()
        until = ends_at or now + GOOD_FOR
        if problems := [*_problems(name, scopes, until, now)]:
            raise SetupError(problems)
        with transaction.atomic():
            if self._rows().filter(name=name).exists():
                raise NotAllowed(f"There is, or was, a token {name}. Give the new one another name.")
            yield now, until
            granted = ", ".join(sorted(set(scopes)))
            self._note(
                "token.added", name, {"scopes": granted, "ends_at": until.isoformat(), "signed": signed}
            )

    def revoke(self, name: str) -> None:
        """The token is good no more, from the next call on; once revoked it stays so. Raises `Unknown`."""
        row = self._rows().filter(name=name).first()
        if row is None:
            raise Unknown(f"There is no token {name!r}. `ml-connector tokens list` shows them.")
        with transaction.atomic():
            if self._rows().filter(pk=row.pk, revoked_at=None).update(revoked_at=self._clock.now()):
                ApiTokenSecret.objects.filter(token=row).delete()
                self._note("token.revoked", name, {})

    def _rows(self) -> Any:
        return ApiToken.objects.filter(organisation=self._access.organisation)

    def _note(self, action: str, name: str, detail: dict[str, str | int | bool | None]) -> None:
        self._access.audit.append(
            actor=self._actor.audited, action=action, subject=name, detail=self._actor.noted(detail)
        )


def _state(row: ApiToken, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "ended" if row.ends_at <= now else "good"


def _problems(name: str, scopes: Sequence[str], ends_at: datetime, now: datetime) -> list[Problem]:
    found = []
    if not _NAME.fullmatch(name):
        text = f"{name!r} is no name for a token. Use letters, digits, dots, - and _, at most 60 of them."
        found.append(Problem("token.name", "name", text))
    known = ", ".join(SCOPES)
    if not scopes:
        found.append(
            Problem("token.scope", "scope", f"A token without a scope is good for nothing: {known}.")
        )
    found += [
        Problem("token.scope", "scope", f"{scope!r} is no scope; known are: {known}.")
        for scope in scopes
        if scope not in SCOPES
    ]
    if ends_at <= now:
        found.append(Problem("token.until", "until", f"{ends_at:%Y-%m-%d %H:%M} is in the past."))
    return found
