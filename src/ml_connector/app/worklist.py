"""What people have to look at, as a face shows it and ends it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from ml_connector.app.access import Access, Actor, Unknown
from ml_connector.app.refusals import NotAllowed
from ml_connector.store.database import database_now
from ml_connector.store.models import WorkItem
from ml_connector.store.work import ended_by_people, open_items


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing for a person."""

    id: int
    about: str
    code: str
    subject: str
    text: str
    owner: str
    opened_at: datetime
    by: str
    why: str

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "opened_at": self.opened_at.isoformat()}


class Worklist:
    """The things of one organisation, as one person."""

    def __init__(self, access: Access, actor: Actor) -> None:
        self._access, self._actor = access, actor

    def open(self) -> tuple[Item, ...]:
        """What is open, oldest first."""
        return tuple(map(_item, open_items(self._access.organisation)))

    def ended(self) -> tuple[Item, ...]:
        """What people have ended with a reason and looks still find, newest first."""
        return tuple(map(_item, ended_by_people(self._access.organisation)))

    def done(self, item: int, why: str) -> Item:
        """End an item with a reason. Raises `Unknown` for one that is not there, `NotAllowed` for one that is
        over and for an empty reason.
        """
        row = WorkItem.objects.filter(organisation=self._access.organisation, pk=item).first()
        if row is None:
            raise Unknown(f"There is no item {item}. `ml-connector worklist list` shows them.")
        if not why.strip():
            raise NotAllowed("Say why nothing is left to do: --why '...'.")
        with transaction.atomic():
            ended = WorkItem.objects.filter(pk=item, over_at=None)
            if not ended.update(over_at=database_now(), by=self._actor.name, why=why.strip()):
                raise NotAllowed(f"Item {item} is over: {row.why or 'it was found no more'}.")
            detail = self._actor.noted({"code": row.code, "about": row.about, "why": why.strip()})
            self._access.audit.append(
                actor=self._actor.audited, action="work.done", subject=row.subject, detail=detail
            )
        row.refresh_from_db()
        return _item(row)


def _item(row: WorkItem) -> Item:
    return Item(
        id=row.pk,
        about=row.about,
        code=row.code,
        subject=row.subject,
        text=row.text,
        owner=row.owner,
        opened_at=row.opened_at,
        by=row.by,
        why=row.why,
    )
