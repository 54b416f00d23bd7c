"""The clients of an installation: each has its own connections, runs, tokens and audit log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from ml_connector.app.access import Access, Actor
from ml_connector.app.refusals import NotAllowed, SetupError
from ml_connector.domain.problem import Problem
from ml_connector.ports.storage import Clock
from ml_connector.store.models import Organisation

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationLine:
    """An organisation as a list shows it."""

    name: str
    connections: int
    tokens: int
    two_people: bool

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "connections": self.connections,
            "tokens": self.tokens,
            "two_people": self.two_people,
        }


class Organisations:
    """The organisations of this installation, for whoever keeps it."""

    def __init__(self, actor: Actor, clock: Clock) -> None:
        self._actor, self._clock = actor, clock

    def list(self) -> list[OrganisationLine]:
        """Every organisation by name, with how many connections it has, and how many tokens that are good."""
        now = self._clock.now()
        good = Q(apitoken__revoked_at=None, apitoken__ends_at__gt=now)
        rows = Organisation.objects.annotate(
            has=Count("connection", distinct=True), good=Count("apitoken", filter=good, distinct=True)
        )
        return [
            OrganisationLine(name=row.slug, connections=row.has, tokens=row.good, two_people=row.four_eyes)
            for row in rows.order_by("slug")
        ]

    def add(self, name: str) -> None:
        """Store an organisation; its audit log begins with this. Raises `SetupError` for what is no name,
        `NotAllowed` for one that is taken.
        """
        if not _NAME.fullmatch(name):
            text = f"{name!r} is no name for an organisation. Use a-z, 0-9, - and _, at most 50 of them."
            raise SetupError([Problem("organisation.name", "name", text)])
        with transaction.atomic():
            _, made = Organisation.objects.get_or_create(slug=name)
            if not made:
                raise NotAllowed(f"There is an organisation {name} already.")
            Access(name).audit.append(
                actor=self._actor.audited,
                action="organisation.added",
                subject=name,
                detail=self._actor.noted({}),
            )
