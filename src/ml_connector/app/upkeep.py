"""What a serving process does now and then: keep idle sign-ins and subscriptions alive, take the nightly
look, forget what is older than it is kept (`app/retention.py`).
"""

from __future__ import annotations

import structlog

from ml_connector.app.assemble import Assembly
from ml_connector.app.drift import watch_mappings
from ml_connector.app.failures import expected, read_failure
from ml_connector.app.look import look
from ml_connector.app.retention import forget, forget_passes
from ml_connector.app.schedules import plan_again
from ml_connector.app.webhooks import renew_all
from ml_connector.store.models import Connection, Hook, Organisation

UPKEEP_SECONDS = 3600.0
AGAIN_SECONDS = 60.0
"""After a round that failed."""

log = structlog.get_logger("upkeep")


def upkeep(assembly: Assembly) -> dict[str, int]:
    """One round; returns what was done. A connection that fails is reported and does not stop the others."""
    renewed = 0
    for connection in Connection.objects.all():
        try:
            sign_in = assembly.system(connection).sign_in
            if sign_in is not None and assembly.wiring(connection).tokens.read().refresh_token:
                sign_in.renew()
                renewed += 1
        except expected() as error:
            log.warning("sign_in.not_renewed", connection=connection.name, why=read_failure(error).text)
    incidents = items = 0
    for slug in Organisation.objects.values_list("slug", flat=True):
        incidents += sum(look(assembly.access(slug), assembly).values())
        items += watch_mappings(assembly.access(slug), assembly)
    return {
        "renewed": renewed,
        **({"looks_moved": moved} if (moved := plan_again(assembly.clock.now())) else {}),
        **({"webhooks_failed": renew_all(assembly)} if Hook.objects.exists() else {}),
        "incidents": incidents,
        "mapping_items": items,
        **forget(assembly),
        "workflows": forget_passes(assembly),
    }


def try_upkeep(assembly: Assembly) -> dict[str, int] | None:
    """As `upkeep`, but `None` where the database or the disk failed: that ends, and runs are carried out
    meanwhile.
    """
    try:
        return upkeep(assembly)
    except expected() as error:
        log.warning("upkeep.failed", why=read_failure(error).text)
        return None
