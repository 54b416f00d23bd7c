"""The served sandbox as a process: its first line, its end, and a client that is killed while a booking is on
its way.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

SERVE = [sys.executable, "-m", "ml_connector_sandbox", "serve"]
PATIENCE_SECONDS = 20


@contextlib.contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The process and what its first line says about Exact Online."""
    command = [*SERVE, "--system", "exact_online", "--port", "0", "--with-parent", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["systems"]["exact_online"]
    finally:
        process.kill()
        process.communicate()


def until(condition: Any) -> None:
    """Ask again until it is so; fails when patience ends."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it never happened"


def an_entry(client: httpx2.Client) -> dict[str, Any]:
    rows = client.get("/api/v1/1204/bulk/Financial/GLAccounts?$filter=Code eq '1700'&$select=ID").json()["d"][
        "results"
    ]
    lines = [
        {"Date": "2026-07-01", "GLAccount": rows[0]["ID"], "AmountFC": amount, "OurRef": 5}
        for amount in (1, -1)
    ]
    return {"JournalCode": "95", "GeneralJournalEntryLines": lines}


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with (
        served("--profile", "fast") as (_, system),
        httpx2.Client(base_url=system["base_url"], headers={"Accept": "application/json"}) as client,
    ):
        pair = client.post("/__sandbox__/control/grant", json={}).json()
        client.headers["Authorization"] = "Bearer " + pair["access_token"]
        yield client


KILLED = """
import sys, httpx2
url, token, body = sys.argv[1:]
headers = {"Authorization": token, "Content-Type": "application/json"}
path = "/api/v1/1204/generaljournalentry/GeneralJournalEntries"
httpx2.post(url + path, content=body, headers=headers, timeout=60)
"""


def test_entry_of_a_killed_client_is_booked_late(client: httpx2.Client) -> None:
    """kill -9 while the vendor holds the request: it is booked when it was due, once, without anybody
    calling.
    """
    rule = {
        "kind": "late_commit",
        "seconds": 0.6,
        "match": {"method": "POST", "path": "GeneralJournalEntries"},
    }
    client.post("/__sandbox__/faults", json=rule).raise_for_status()
    arguments = [
        str(client.base_url).rstrip("/"),
        client.headers["Authorization"],
        json.dumps(an_entry(client)),
    ]
    with subprocess.Popen([sys.executable, "-c", KILLED, *arguments]) as victim:
        until(lambda: client.get("/__sandbox__/faults").json()["pending"])
        victim.kill()
    assert client.get("/__sandbox__/books").json()["documents"] == []

    until(lambda: not client.get("/__sandbox__/faults").json()["pending"])

    assert [document["number"] for document in client.get("/__sandbox__/books").json()["documents"]] == [
        "26950001"
    ]
    assert client.get("/__sandbox__/faults").json()["late_commits"] == 1


def test_lost_answer_over_a_real_socket(client: httpx2.Client) -> None:
    """The entry is booked, the connection is reset; the reference finds it in one call."""
    body = an_entry(client)
    client.post(
        "/__sandbox__/faults", json={"kind": "lost_after_commit", "match": {"method": "POST"}}
    ).raise_for_status()
    with pytest.raises(httpx2.ReadError):
        client.post("/api/v1/1204/generaljournalentry/GeneralJournalEntries", json=body)
    found = client.get(
        "/api/v1/1204/generaljournalentry/GeneralJournalEntryLines?$filter=OurRef eq 5&$select=EntryNumber"
    ).json()
    assert [row["EntryNumber"] for row in found["d"]["results"]] == [26950001, 26950001]
    log = client.get("/__sandbox__/requests?last=2").json()["requests"]
    assert [row["fault"] for row in log] == ["lost_after_commit", None]


def test_first_line_says_how_to_connect_and_sigterm_ends_it() -> None:
    """One JSON line, nothing after it, exit code 0."""
    with served() as (process, system):
        assert {"base_url", "credentials", "entities", "installation", "control_url"} == set(system)
        assert {
            "client_id",
            "client_secret",
            "redirect_uri",
            "authorize_url",
            "token_url",
            "webhook_secret",
        } == set(system["credentials"])
        assert system["entities"] == [{"code": "1204", "title": "Harbor Trading Company", "currency": "USD"}]
        process.send_signal(signal.SIGTERM)
        assert (process.communicate(timeout=PATIENCE_SECONDS)[0], process.returncode) == ("", 0)


def test_it_ends_with_its_parent() -> None:
    """`--with-parent`: nobody is left behind when a test is killed."""
    shell = (
        "import subprocess, sys; p = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE);"
        " p.stdout.readline(); print(p.pid)"
    )
    command = [sys.executable, "-c", shell, *SERVE, "--system", "exact_online", "--with-parent"]
    pid = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    until(lambda: not _alive(pid))


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    "wish",
    [["--system", "nothing"], ["--scenario", "nowhere"], ["--switch", "no_such=1"], ["--switch", "noequals"]],
)
def test_a_wish_that_makes_no_sense_ends_with_two(wish: list[str]) -> None:
    """A clear line on stderr, nothing on stdout."""
    done = subprocess.run(
        [*SERVE, "--system", "exact_online", *wish], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "Traceback" not in done.stderr


def test_latency_is_added_to_calls_but_not_to_control() -> None:
    """`--latency-ms` slows the vendor, not the test."""
    with served("--latency-ms", "150") as (_, system), httpx2.Client(base_url=system["base_url"]) as slow:
        slow.get("/__sandbox__/clock")
        started = time.monotonic()
        slow.get("/api/v1/current/Me")
        assert time.monotonic() - started >= 0.15
