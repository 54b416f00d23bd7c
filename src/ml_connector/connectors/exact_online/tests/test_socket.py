"""Over a real socket: where the gate stands, and what a torn connection looks like there."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest

from ml_connector.connectors.exact_online import CONNECTOR
from ml_connector.contract.acts import locate, send, shut
from ml_connector.contract.memory import VirtualClock, memory_wiring
from ml_connector.domain.document import Marker
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.purchase import Attachment, Dossier
from ml_connector.errors import NotSent, OutcomeUnknown
from ml_connector.ports.ledger import Ledger
from ml_connector.ports.sinks import located
from ml_connector.ports.systems import System
from ml_connector.store.files import FolderFiles

COMMAND = [
    "-m",
    "ml_connector_sandbox",
    "serve",
    "--system",
    "exact_online",
    "--port",
    "0",
    "--scenario",
    "trading_company",
    "--profile",
    "fast",
]


@pytest.fixture(scope="module")
def served() -> Iterator[dict[str, Any]]:
    """The simulator as a process of its own."""
    process = subprocess.Popen([sys.executable, *COMMAND], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["systems"]["exact_online"]
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
def system(served: dict[str, Any], tmp_path: Path) -> System:
    """A connection to it, signed in; the books are empty."""
    httpx2.post(served["control_url"] + "reset", json={}, trust_env=False)
    credentials = served["credentials"]
    clock = VirtualClock()
    wiring = memory_wiring(
        clock=clock, secrets={name: credentials[name] for name in ("client_id", "client_secret")}
    )
    wiring = replace(wiring, files=lambda: FolderFiles(tmp_path))
    settings = {
        "base_url": served["base_url"],
        "division": served["entities"][0]["code"],
        "redirect_uri": credentials["redirect_uri"],
    }
    system = CONNECTOR.open({**settings, "calls_per_minute": "0", "calls_per_day": "0"}, wiring)
    assert system.sign_in is not None
    location = httpx2.get(system.sign_in.authorize_url("s"), trust_env=False).headers["location"]
    system.sign_in.exchange(location, "s")
    return system


@pytest.fixture
def ledger(system: System) -> Ledger:
    """Its ledger."""
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
    """The gate is asked once for one send."""
    entry, asked = make_world().entry(), []
    with ledger.prepare(entry, Marker.of(entry.key)) as post:
        receipt = post(lambda: asked.append(1))

    assert asked == [1]
    assert booked(served) == [receipt.reference] == locate(ledger, entry)


@pytest.mark.parametrize("drop", ["reset", "fin"])
def test_torn_connection_is_unknown(
    served: dict[str, Any], ledger: Ledger, make_world: Callable[..., Any], drop: str
) -> None:
    """However the socket ends after the vendor booked, nobody knows, and the look-up finds it."""
    fault = {
        "kind": "lost_after_commit",
        "drop": drop,
        "match": {"method": "POST", "path": "GeneralJournalEntries"},
        "times": 1,
    }
    httpx2.post(served["control_url"] + "faults", json=fault, trust_env=False)
    entry = make_world().entry()

    with pytest.raises(OutcomeUnknown):
        send(ledger, entry)

    assert booked(served) == locate(ledger, entry)
    assert len(booked(served)) == 1


def test_largest_file_is_sent_once_and_found(served: dict[str, Any], system: System, tmp_path: Path) -> None:
    """Seven million bytes whose answer is lost: they are there, whole, and in memory they were two copies of
    their base64 and little else.
    """
    division = served["entities"][0]["code"]
    dossier = Dossier(key="d:0:1", entity=division, title="Invoice", supplier="20002", date=date(2026, 6, 15))
    with system.sink(Dossier).prepare(dossier, Marker.of(dossier.key)) as post:
        held = post(lambda: None)
    content = bytes(range(256)) * (7_000_000 // 256)
    kept = FolderFiles(tmp_path).put(io.BytesIO(content), len(content))
    scan = Attachment(
        key="f:0:1",
        entity=division,
        name="scan.pdf",
        sha256=kept.sha256,
        size=kept.size,
        refers=(dossier.key,),
    )
    match = {"method": "POST", "path": "DocumentAttachments"}
    fault = {"kind": "lost_after_commit", "drop": "reset", "match": match, "times": 1}
    httpx2.post(served["control_url"] + "faults", json=fault, trust_env=False)
    sink = system.sink(Attachment)

    tracemalloc.start()
    with (
        pytest.raises(OutcomeUnknown),
        sink.prepare(scan, Marker.of(scan.key), known={dossier.key: held}) as post,
    ):
        post(lambda: None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    (receipt,) = located(sink, scan, Marker.of(scan.key), None)
    assert sink.compare(scan, sink.read_back(receipt)) == ()
    files = httpx2.post(served["control_url"] + "control/files", json={}, trust_env=False).json()
    assert hashlib.sha256(content).hexdigest() in json.dumps(files)
    assert peak < 3 * len(content) * 4 / 3
