"""Hashes of what the audit chain speaks of, and what changed in it, for the entries of the chain."""

from __future__ import annotations

from collections.abc import Mapping

from ml_connector.domain import codec
from ml_connector.store.models import Connection, Flow


def connection_sha256(row: Connection) -> str:
    """Of the product, its kind and every setting that is no secret."""
    return codec.fingerprint(
        {"connector": row.connector, "sandbox": row.sandbox, "settings": dict(row.settings)}
    )


def flow_sha256(row: Flow) -> str:
    """Of the start, the mapping's name and every option; the mode is in the entry itself."""
    return codec.fingerprint(
        {"starts_on": str(row.starts_on), "mapping": row.mapping, "options": dict(row.options)}
    )


def journals_sha256(row: Flow) -> str:
    """Of the journals that the flow had before, by legal entity."""
    return codec.fingerprint(dict(row.journals_before))


def changes(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """`what NAME` → old and new value, of everything that is not as it was; nothing of these is secret."""
    return {
        f"{what} {name}": f"{before.get(name, '(none)')} → {after.get(name, '(none)')}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }
