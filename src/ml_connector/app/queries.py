"""The keys of the installation."""

from __future__ import annotations

from ml_connector.app.access import Access, Actor
from ml_connector.app.assemble import Assembly
from ml_connector.store.secrets import rotate


def rotate_keys(assembly: Assembly, access: Access, actor: Actor) -> int:
    """New key first, everything re-encrypted, old keys dropped; a crash in between leaves all keys in the
    file and everything readable.
    """
    assembly.keys.add()
    count = rotate(assembly.keys)
    assembly.keys.drop_old()
    access.audit.append(
        actor=f"{actor.channel}:{actor.name}",
        action="keys.rotated",
        subject="vault",
        detail={"secrets": count},
    )
    return count
