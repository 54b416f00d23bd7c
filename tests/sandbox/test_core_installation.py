"""Every simulator states an id of its own installation, kept as long as its book is the same."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys

import httpx2
import pytest
from tests.sandbox.notebook import Notebook

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.control import PREFIX
from ml_connector_sandbox.core.installation import HEADER
from ml_connector_sandbox.core.registry import Host, open_system, systems
from ml_connector_sandbox.core.serve import Sandbox
from ml_connector_sandbox.core.transport import SandboxTransport

SCENARIOS = {
    "dynamics_fo": "manufacturer",
    "visma_net": "norway",
    "precoro": "procurement",
    "findity": "expenses",
}


def opened(slug: str, installation: str | None = None) -> Host:
    scenario = SCENARIOS.get(slug, "trading_company")
    return open_system(slug, scenario=scenario, seed=7, installation=installation)


def client_of(host: Host) -> httpx2.Client:
    return httpx2.Client(transport=SandboxTransport(host), base_url="http://sandbox", timeout=30)


@pytest.mark.parametrize("slug", systems())
def test_every_answer_and_the_description_state_the_same_id(slug: str) -> None:
    """Whatever is asked, signed in or not, and by whichever way the description is read."""
    host = opened(slug)
    with client_of(host) as client:
        stated = {
            client.request(method, path).headers[HEADER]
            for method, path in (("GET", "/"), ("POST", "/data/x"), ("GET", "/api/v1/current/Me"))
        }
        described = client.get(PREFIX + "describe")

    assert {host.installation.id} == stated
    assert host.installation.id == described.json()["installation"] == described.headers[HEADER]
    assert host.installation.id == host.describe("http://x")["installation"]
    assert host.installation.id == host.vendor.describe("http://x")["installation"]


@pytest.mark.parametrize("slug", systems())
def test_two_of_one_vendor_with_one_seed_have_different_ids(slug: str) -> None:
    """Codes and numbers are the same; this alone tells them apart."""
    assert opened(slug).installation.id != opened(slug).installation.id


@pytest.mark.parametrize("slug", systems())
def test_a_reset_makes_another_book_and_draws_another_id(slug: str) -> None:
    """The books of before are gone, and so is their id."""
    host = opened(slug, installation="first")
    with client_of(host) as client:
        assert "first" == client.get("/").headers[HEADER]
        told = client.post(PREFIX + "reset").raise_for_status()
        after = client.get("/").headers[HEADER]

    assert "first" != after
    assert after == told.json()["installation"] == told.headers[HEADER]
    assert after == host.vendor.describe("http://x")["installation"]


def test_ids_can_be_chosen_so_that_a_world_is_repeatable() -> None:
    """The first one, and those that a reset draws."""
    clock = SandboxClock(frozen=True)
    drawn = iter(["second", "third"])
    host = Host(Notebook(clock), clock, installation="first", draw=lambda: next(drawn))
    with client_of(host) as client:
        seen = [client.get("/").headers[HEADER]]
        for _ in range(2):
            client.post(PREFIX + "reset").raise_for_status()
            seen.append(client.get("/").headers[HEADER])

    assert ["first", "second", "third"] == seen


def test_answers_of_faults_state_it_and_dropped_connections_state_nothing() -> None:
    """A fault that answers comes from the same address; one that drops has nothing to state."""
    clock = SandboxClock(frozen=True)
    host = Host(Notebook(clock), clock, installation="first")
    with client_of(host) as client:
        for kind in ("status", "garbage", "slow", "late_commit"):
            wait = {"seconds": 1} if kind in ("slow", "late_commit") else {}
            client.post(PREFIX + "faults", json={"kind": kind, **wait}).raise_for_status()
            assert "first" == client.post("/notes", content="x").headers[HEADER]
        assert "first" == client.patch("/broken").headers[HEADER]
        client.post(PREFIX + "faults", json={"kind": "lost_after_commit"}).raise_for_status()
        with pytest.raises(httpx2.ReadError):
            client.post("/notes", content="x")


@pytest.mark.parametrize("wish", ["", " ", "a\r\nb", "é", "x" * 65])
def test_an_id_that_a_header_cannot_hold_is_refused(wish: str) -> None:
    """Before anybody relies on it."""
    clock = SandboxClock(frozen=True)
    with pytest.raises(ValueError, match="installation"):
        Host(Notebook(clock), clock, installation=wish)


def test_over_a_socket_every_answer_states_it_too() -> None:
    """Also the one to what is no request."""
    clock = SandboxClock()
    with (
        Sandbox({"notebook": Host(Notebook(clock), clock, installation="first")}) as sandbox,
        httpx2.Client(base_url=sandbox.base_url("notebook")) as client,
    ):
        assert "first" == client.get("/").headers[HEADER]
        assert "first" == sandbox.describe()["systems"]["notebook"]["installation"]
        with socket.create_connection(
            ("127.0.0.1", int(str(client.base_url).rpartition(":")[2].strip("/")))
        ) as wire:
            wire.sendall(b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n")
            assert f"{HEADER}: first" in wire.recv(4096).decode().splitlines()


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (["--installation", "mine"], ("mine", "mine")),
        (["--installation", "exact_online=a", "--installation", "ukg_pro=b"], ("a", "b")),
        ([], None),
    ],
)
def test_serve_takes_and_prints_it(wishes: list[str], expected: tuple[str, str] | None) -> None:
    """A restart with the same book can state the same; without the option each start draws one."""
    command = [sys.executable, "-m", "ml_connector_sandbox", "serve", "--system", "exact_online"]
    command += ["--system", "ukg_pro", "--port", "0", "--with-parent", *wishes]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = json.loads(process.stdout.readline())["systems"]
        process.terminate()
    found = (printed["exact_online"]["installation"], printed["ukg_pro"]["installation"])
    if expected is None:
        assert found[0] != found[1]
        assert all(re.fullmatch(r"[0-9a-f-]{36}", one) for one in found)
    else:
        assert expected == found
