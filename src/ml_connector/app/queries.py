"""Reading and keeping the installation: the audit chain, the keys, who works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ml_connector.app.access import Access, Actor
from ml_connector.app.assemble import Assembly
from ml_connector.runs.audit import verify
from ml_connector.store.secrets import rotate


def audit_faults(access: Access) -> tuple[int, list[str]]:
    """Number of entries in the chain, and what is wrong with it."""
    entries, head = list(access.audit.entries()), access.audit.head()
    return len(entries), verify(entries, head)


def audit_lines(access: Access) -> Iterator[dict[str, Any]]:
    """The chain as `verify_audit.py` reads it: entries in order, then the head."""
    for number, text, hashed in access.audit.entries():
        yield {"number": number, "hash": hashed, "text": text}
    number, hashed = access.audit.head()
    yield {"head": {"number": number, "hash": hashed}}


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
