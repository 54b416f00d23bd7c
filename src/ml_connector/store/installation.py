"""The identity of this installation."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import QuerySet

from ml_connector import __version__
from ml_connector.store.audit import StoredAudit
from ml_connector.store.database import database_now
from ml_connector.store.models import Installation, Organisation
from ml_connector.store.prepared import Prepared

SILENT = "a release that did not say which it is"


def installation() -> Installation:
    """This installation, by its newest identity; made when there is none."""
    found = _newest.first()
    return found if found is not None else renew()


@Prepared
def _newest() -> QuerySet[Installation]:
    return Installation.objects.order_by("-id")[:1]


def renew(restored_at: datetime | None = None) -> Installation:
    """Take a new identity, because the database was restored, or is new."""
    return Installation.objects.create(
        identity=str(uuid.uuid4()), since=database_now(), restored_at=restored_at, release=__version__
    )


def newest_migration() -> str:
    """The newest change of our tables that this database has had; empty for a new database."""
    applied = MigrationRecorder(connection).applied_migrations()
    return max((name for app, name in applied if app == "store"), default="")


def note_upgrade(tables: str) -> None:
    """Write into every chain that this release has taken the database over, once; `tables` is the newest
    change of our tables before it did. A new database is none to take over.
    """
    found = Installation.objects.order_by("-id").first()
    release = found.release if found else ""
    if release == __version__:
        return
    newest = newest_migration()
    if not tables or (found is None and tables == newest):
        installation()
        return
    with transaction.atomic():
        if found is None:
            renew()
            mine = 1
        else:
            mine = Installation.objects.filter(pk=found.pk, release=release).update(release=__version__)
        for organisation in Organisation.objects.order_by("id") if mine else ():
            StoredAudit(organisation).append(
                actor="system",
                action="installation.upgraded",
                subject="installation",
                detail={"from": release or SILENT, "to": __version__, "tables": f"{tables} → {newest}"},
            )
