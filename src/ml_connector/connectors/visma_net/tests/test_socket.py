"""Over a real socket: where the gate stands, and what a torn connection looks like there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx2
import pytest

from ml_connector.connectors.visma_net import CONNECTOR
from ml_connector.contract.acts import locate, send, shut
from ml_connector.contract.memory import VirtualClock, memory_wiring
from ml_connector.domain.checks import compare
from ml_connector.domain.document import Marker
from ml_connector.domain.journal import JournalEntry
from ml_connector.errors import NotSent, OutcomeUnknown
from ml_connector.ports.ledger import Ledger

COMMAND = [
    "-m",
    "ml_connector_sandbox",
    "serve",
    "--system",
    "visma_net",
    "--port",
    "0",
    "--scenario",
    "norway",
    "--profile",
    "fast",
]


@pytest.fixture(scope="module")
def served() -> Iterator[dict[str, Any]]:
    """The simulator as a process of its own."""
    process = subprocess.Popen([sys.executable, *COMMAND], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["systems"]["visma_net"]
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
def ledger(served: dict[str, Any]) -> Ledger:
    """A connection to it; the books are empty."""
    httpx2.post(served["control_url"] + "reset", json={}, trust_env=False)
    credentials = served["credentials"]
    secrets = {name: credentials[name] for name in ("client_id", "client_secret")}
    wiring = memory_wiring(clock=VirtualClock(), secrets=secrets)
    found = {name: credentials[name] for name in ("token_url", "tenant_id", "company")}
    segments = {"segments": "cost_center=1, plant=2", "segment_defaults": "cost_center=OSLADM, plant=OSL"}
    system = CONNECTOR.open({"base_url": served["base_url"], **found, **segments}, wiring)
    return cast(Ledger, system.sink(JournalEntry))


def booked(served: dict[str, Any]) -> list[str]:
    books = httpx2.get(served["control_url"] + "books", trust_env=False).json()
    return [document["id"] for document in books["documents"]]


def test_gate_is_asked_once_and_stops_the_send(
    served: dict[str, Any], ledger: Ledger, make_world: Callable[..., Any]
) -> None:
    """The connection stands, and no byte of the request has left."""
    asked = []

    def gate() -> None:
        asked.append(booked(served))
        shut()

    with pytest.raises(NotSent):
        send(ledger, make_world().entry(), gate)

    assert asked == [[]]
    assert booked(served) == []


def test_open_gate_lets_one_pass(
    served: dict[str, Any], ledger: Ledger, make_world: Callable[..., Any]
) -> None:
    """The gate is asked once for one send, and the batch comes back."""
    entry, asked = make_world().entry(), []
    with ledger.prepare(entry, Marker.of(entry.key)) as post:
        receipt = post(lambda: asked.append(1))

    assert asked == [1]
    assert booked(served) == [receipt.reference] == locate(ledger, entry)
    assert compare(entry, ledger.read_back(receipt)) == []


@pytest.mark.parametrize("drop", ["reset", "fin"])
def test_torn_connection_is_unknown(
    served: dict[str, Any], ledger: Ledger, make_world: Callable[..., Any], drop: str
) -> None:
    """However the socket ends after the vendor booked, nobody knows, and the look-up finds it."""
    fault = {
        "kind": "lost_after_commit",
        "drop": drop,
        "match": {"method": "POST", "path": "journaltransaction"},
        "times": 1,
    }
    httpx2.post(served["control_url"] + "faults", json=fault, trust_env=False)
    entry = make_world().entry()

    with pytest.raises(OutcomeUnknown):
        send(ledger, entry)

    assert booked(served) == locate(ledger, entry)
    assert len(booked(served)) == 1
