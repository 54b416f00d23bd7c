"""The identity of this installation."""

from __future__ import annotations

import uuid
from datetime import datetime

from ml_connector.store.database import database_now
from ml_connector.store.models import Installation


def installation() -> Installation:
    """This installation, by its newest identity; made when there is none."""
    found = Installation.objects.order_by("-id").first()
    return found if found is not None else renew()


def renew(restored_at: datetime | None = None) -> Installation:
    """Take a new identity, because the database was restored, or is new."""
    return Installation.objects.create(
        identity=str(uuid.uuid4()), since=database_now(), restored_at=restored_at
    )
