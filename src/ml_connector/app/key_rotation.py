"""The keys of the installation."""

from __future__ import annotations

from ml_connector.app.access import Access, Actor
from ml_connector.app.assemble import Assembly
from ml_connector.store.secrets import renew_keys


def rotate_keys(assembly: Assembly, access: Access, actor: Actor) -> int:
    """Encrypt every secret with a new key, and note it; returns how many there are. See `renew_keys`."""
    count = renew_keys(assembly.keys, assembly.locks)
    access.audit.append(
        actor=f"{actor.channel}:{actor.name}",
        action="keys.rotated",
        subject="vault",
        detail={"secrets": count},
    )
    return count
