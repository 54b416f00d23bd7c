"""The identity of this installation."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from pkgutil import iter_modules

from django.apps import apps
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


def first_identity() -> str:
    """The identity that the database had first: it stays when it is restored."""
    return Installation.objects.order_by("id").values_list("identity", flat=True).first() or renew().identity


@Prepared
def _newest() -> QuerySet[Installation]:
    return Installation.objects.order_by("-id")[:1]


def renew(restored_at: datetime | None = None) -> Installation:
    """Take a new identity, because the database was restored, or is new."""
    return Installation.objects.create(
        identity=str(uuid.uuid4()), since=database_now(), restored_at=restored_at, release=__version__
    )


def bring_up_to_date() -> str:
    """Make the changes of tables that this database has not had. The newest change of ours that it had
    before; empty for a new database.

    Nothing is loaded for a database that has had all: to build all tables in memory from every change since
    the first takes longer than a command.
    """
    had = _had()
    wanted = {
        (app.label, module.name)
        for app in apps.get_app_configs()
        for module in iter_modules([str(Path(app.path) / "migrations")])
    }
    if not wanted <= had:
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)
    return _newest_of(had)


def newest_migration() -> str:
    """The newest change of our tables that this database has had; empty for a new database."""
    return _newest_of(_had())


def _had() -> set[tuple[str, str]]:
    return set(MigrationRecorder(connection).applied_migrations())


def _newest_of(had: set[tuple[str, str]]) -> str:
    return max((name for app, name in had if app == "store"), default="")


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


def restored_at() -> datetime | None:
    """When this installation was restored from a backup; `None` for never."""
    at: datetime | None = installation().restored_at
    return at
