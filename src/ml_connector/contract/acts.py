"""What a ledger suite does, in the shortest form of what an engine does."""

from __future__ import annotations

from ml_connector.contract.world import LedgerWorld
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import JournalEntry
from ml_connector.errors import NotSent, OutcomeUnknown
from ml_connector.ports.ledger import Ledger
from ml_connector.ports.sinks import Gate, located


def allow() -> None:
    """A gate that lets every send pass."""


def shut() -> None:
    """A gate that lets none pass."""
    raise NotSent("The intent is no longer ours.")


def send(ledger: Ledger, entry: JournalEntry, gate: Gate = allow) -> Receipt:
    """One write, once."""
    with ledger.prepare(entry, Marker.of(entry.key)) as post:
        return post(gate)


def locate(ledger: Ledger, entry: JournalEntry) -> list[str]:
    """References of the documents that carry the entry's marker."""
    return [receipt.reference for receipt in located(ledger, entry, Marker.of(entry.key), None)]


def settle(world: LedgerWorld, ledger: Ledger, entry: JournalEntry) -> Receipt:
    """Write; when the outcome is unknown wait as long as the ledger may take, look up, and write again only
    when nothing is there.
    """
    try:
        return send(ledger, entry)
    except OutcomeUnknown:
        world.advance(ledger.limits.settle_seconds + ledger.limits.visible_seconds)
        found = located(ledger, entry, Marker.of(entry.key), None)
        return found[0] if found else send(ledger, entry)


def seen(world: LedgerWorld, ledger: Ledger) -> None:
    """Let what was just booked become visible to searches."""
    world.advance(ledger.limits.visible_seconds)
