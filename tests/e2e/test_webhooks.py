"""`serve --listen`: notifications of simulated vendors over real sockets, and what a hostile caller gets."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import queue
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from scenes import PAYROLL, scene_of
from stage import SOURCE, TARGET, Product
from tests.stand import Stand, installation, simulators, until

pytestmark = pytest.mark.slow

AXIS = "cost_unit"
WRITES = ("POST", "PUT", "DELETE")
SECRET = "a-secret-that-both-sides-know-of"
DIES = """
import os, signal
from ml_connector.app.settings import Settings, start_django
start_django(Settings())
from ml_connector.app import hooks
store = hooks._store
def stored_and_dead(*given):
    store(*given)
    os.kill(os.getpid(), signal.SIGKILL)
hooks._store = stored_and_dead
from ml_connector.cli.main import main
main()
"""
"""A process that dies between the commit and the answer."""
DUE_NOW = """
from ml_connector.app.settings import Settings, start_django
start_django(Settings())
from datetime import UTC, datetime, timedelta
from ml_connector.store.models import BudgetWindow, Flow
due = datetime.now(UTC) - timedelta(minutes=6)
Flow.objects.filter(kind="workers").update(slot_at=due, schedule="every 5m")
BudgetWindow.objects.filter(name="sweep").delete()
"""


class Serving:
    """A `serve --listen` process: where it listens, and the lines that it prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.lines = process, queue.Queue[dict[str, Any]]()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.url: str = self.lines.get(timeout=60)["listening"]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def arrivals(self) -> list[dict[str, Any]]:
        """Every look since the last time."""
        found = []
        while not self.lines.empty():
            line = self.lines.get()
            if "arrival" in line:
                found.append(line["arrival"])
        return found


@contextmanager
def serving(stand: Stand, at: str = "127.0.0.1:0", script: str = "") -> Iterator[Serving]:
    product = Product(stand.product.home, stand.product.environment)
    command = ("serve", "--listen", at, "--json")
    if script:
        process = subprocess.Popen(
            [sys.executable, "-c", script, *command],
            env=product._env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    else:
        process = product.start(*command)
    serve = Serving(process)
    try:
        yield serve
    finally:
        if process.poll() is None:
            process.terminate()
        assert process.wait(30) in (0, -signal.SIGKILL), process.stderr and process.stderr.read()
        serve.reader.join(10)
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """An installation with flows of pay runs and of workers, and both sign-ins of the payroll. A port of its
    own that each process in turn listens at.
    """
    scene = scene_of("trading_company")
    open_to_all = [
        part
        for name in ("webhooks_need_https", "webhooks_same_domain")
        for part in ("--switch", f"exact_online.{name}=false")
    ]
    with simulators(1, *open_to_all, scene=scene) as sandbox, installation(sandbox, scene=scene) as stand:
        entities = ",".join(f"{a}={b}" for a, b in scene.entities(sandbox.systems).items())
        stand.ask(
            *("flows", "set", "--from", SOURCE, "--to", TARGET, "--kind", "workers", "--mode", "automatic"),
            *("--starts-on", "2026-01-01", "--option", f"axis={AXIS}", "--option", f"entities={entities}"),
            *("--option", "code=short", "--option", "zones=America/New_York"),
        )
        with closing(sqlite3.connect(stand.product.home / "product.sqlite3")) as tables:
            (text,) = tables.execute(
                "SELECT settings FROM store_connection WHERE name = ?", [SOURCE]
            ).fetchone()
        credentials = sandbox.systems[PAYROLL]["credentials"]
        settings = {
            **json.loads(text),
            "token_url": f"{json.loads(text)['base_url']}/oauth/token",
            **{name: credentials[name] for name in ("organization", "client_id", "client_secret")},
            **{name: credentials[name] for name in ("password", "customer_api_key")},
            "webhook_secret": SECRET,
            "webhook_tenant": "G0311",
        }
        given = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        stand.ask("connections", "add", SOURCE, "--connector", "ukg_pro", "--sandbox", *given)
        stand.ask("run", "workers", "--from", SOURCE, "--to", TARGET, "--everybody", "yes")
        yield stand


@pytest.fixture(scope="module")
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def address(stand: Stand, port: int) -> str:
    """The path, with a subscription at the payroll."""
    made = stand.ask("connections", "webhooks", "make", SOURCE, "--address", f"http://127.0.0.1:{port}")
    assert [["Employee*"]] == [one["topics"] for one in made["made"]]
    return str(made["address"])


def members(stand: Stand) -> dict[str, Any]:
    found = stand.at_ledger("members")["members"]
    return {row["code"]: row for row in found if row["axis"] == AXIS}


def passes(stand: Stand) -> list[dict[str, Any]]:
    return [run for run in stand.ask("runs", "list")["runs"] if run["flow"] == "workers"]


def an_event(number: int, topic: str = "EmployeePersonNameChangeEvent", key: str = "NOBODY") -> bytes:
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return json.dumps(
        {"EventId": number, "EventTime": now[:10] + "T00:00:00", "EventType": topic, "Operation": "Update"}
        | {"Payload": {"CoId": "UWLN6", "EeId": key}, "Tenant": "G0311"}
    ).encode()


def call(address: str, body: bytes, secret: str = SECRET, method: str = "POST") -> int:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    asked = urllib.request.Request(address, data=body, method=method, headers={"X-UKG-Signature": signature})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def raw(address: str, parts: Sequence[bytes], pause: float = 0.0, seconds: float = 40.0) -> bytes:
    """Send these bytes one after the other; all that comes back until the other side closes."""
    found = urlsplit(address)
    got = b""
    with socket.create_connection((found.hostname or "", found.port or 0), timeout=seconds) as line:
        try:
            for part in parts:
                line.sendall(part)
                time.sleep(pause)
            while piece := line.recv(65536):
                got += piece
        except (BrokenPipeError, ConnectionResetError):
            pass
    return got


def test_a_change_at_the_payroll_arrives_in_the_ledger_by_its_notification(
    stand: Stand, port: int, address: str
) -> None:
    """Nothing has a schedule. Each event comes three times and in any order, and is done once."""
    before = set(members(stand))
    with serving(stand, f"127.0.0.1:{port}") as serve:
        stand.at_payroll("hire", department="BOSIT", date="2026-06-26", last_name="Moss")
        until(lambda: set(members(stand)) - before, "the hire is there")
        until(lambda: all(run["state"] == "done" for run in passes(stand)), "the pass is done")
        (new,) = set(members(stand)) - before
        assert "Moss" in members(stand)[new]["name"]
        shown = stand.ask("connections", "webhooks", "show", SOURCE)
        assert shown["heard_at"]
        assert all(one["wakes"] for one in shown["topics"])
        assert {} == shown["refused"]
    assert all(arrival["woken"] for arrival in serve.arrivals())


def test_a_payroll_event_that_ukg_does_not_publish_today_books_the_pay_run(
    stand: Stand, port: int, address: str
) -> None:
    """A subscription for it would be enough."""
    stand.assert_booked()
    with serving(stand, f"127.0.0.1:{port}"):
        assert 204 == call(address, an_event(90_000, "PayrollClosedEvent"))
        until(lambda: stand.documents(), "the pay run is booked")
        until(
            lambda: (
                [run["state"] for run in stand.ask("runs", "list")["runs"] if run["flow"] == "payroll"]
                == ["done"]
            ),
            "the run is done",
        )
    stand.assert_booked(stand.runs[0])


def test_one_event_fifty_times_at_once_is_stored_once(stand: Stand, port: int, address: str) -> None:
    """Every one of them is answered with 2xx."""
    body = an_event(91_000, "BudgetEvent")
    with serving(stand, f"127.0.0.1:{port}"), ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: call(address, body), range(50)))

    assert {204} == set(answers)
    (found,) = [one for one in topics(stand) if one["topic"] == "BudgetEvent"]
    assert (1, []) == (found["count"], found["wakes"])


def topics(stand: Stand) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stand.ask("connections", "webhooks", "show", SOURCE)["topics"]
    return found


def test_each_event_three_times_in_random_order(stand: Stand, port: int, address: str) -> None:
    """Real events of three real people, as UKG made them while nobody listened: a new name, a leaving and
    a hire. Each is stored once, whoever it names is read in full, and each member is written once.
    """
    before = set(members(stand))
    acts = [
        stand.at_payroll("change_employee", employee="W00003", last_name="Reed"),
        stand.at_payroll("change_employee", employee="W00003", status="T", date="2026-06-26"),
        stand.at_payroll("change_employee", employee="W00004", last_name="Sedge"),
        stand.at_payroll("hire", department="BOSIT", date="2026-06-26", last_name="Rush"),
    ]
    events = [event for act in acts for event in act["events"]]
    people = {event["Payload"]["EeId"] for event in events}
    assert 3 == len(people) < len(events)
    deliveries = [json.dumps(event).encode() for event in events for _ in range(3)]
    random.Random(7).shuffle(deliveries)
    heard, repeats = count_of(stand)
    asked, sent = len(requests(stand, PAYROLL)), len(requests(stand, stand.scene.ledger))

    with serving(stand, f"127.0.0.1:{port}"):
        assert {204} == {call(address, body) for body in deliveries}
        until(lambda: 1 == sum("Rush" in row["name"] for row in members(stand).values()), "the hire is there")
        until(lambda: named(stand, "Sedge") and named(stand, "Reed"), "the names are there")
    assert 0 == stand.command("serve", "--once", "--json").code
    assert {"done"} == {run["state"] for run in passes(stand)}
    looked = len(passes(stand))
    with serving(stand, f"127.0.0.1:{port}"):
        assert {204} == {call(address, body) for body in deliveries}
    assert 0 == stand.command("serve", "--once", "--json").code

    assert looked == len(passes(stand))
    assert (heard + len(events), repeats + 5 * len(events)) == count_of(stand)
    (reed,), (rush,) = named(stand, "Reed"), named(stand, "Rush")
    assert ("2026-06-26", {rush["code"]}) == (reed["to"][:10], set(members(stand)) - before)
    read = [line for line in requests(stand, PAYROLL)[asked:] if "GET /personnel" in line]
    assert people == {one for one in people if any(one in line for line in read)}
    writes = [line for line in requests(stand, stand.scene.ledger)[sent:] if line.split()[0] in WRITES]
    assert 3 == len(writes), writes


def requests(stand: Stand, system: str) -> list[str]:
    """What a simulator was asked since it began, oldest first, as `METHOD /path`."""
    found = stand.sandbox.control(system, "requests?last=100000")["requests"]
    return [f"{one['method']} {one['path']}" for one in found]


def count_of(stand: Stand) -> tuple[int, int]:
    """Notifications that are stored, and repeats of them."""
    shown = stand.ask("connections", "webhooks", "show", SOURCE)
    return sum(one["count"] for one in shown["topics"]), shown["repeats"]


def named(stand: Stand, name: str) -> list[dict[str, Any]]:
    return [row for row in members(stand).values() if name in row["name"]]


def test_what_the_vendor_loses_a_look_by_schedule_finds(stand: Stand, port: int, address: str) -> None:
    """Every event of the payroll is lost."""
    before, heard = set(members(stand)), stand.ask("connections", "webhooks", "show", SOURCE)["heard_at"]
    stand.sandbox.control(PAYROLL, "switches", {"webhook_lose_every": 1})
    try:
        for name in ("Ash", "Birch", "Cedar"):
            stand.at_payroll("hire", department="BOSIT", date="2026-06-26", last_name=name)
    finally:
        stand.sandbox.control(PAYROLL, "switches", {"webhook_lose_every": 0})
    environment = {**os.environ, "ML_CONNECTOR_HOME": str(stand.product.home)}
    subprocess.run([sys.executable, "-c", DUE_NOW], env=environment, check=True, timeout=60)

    with serving(stand, f"127.0.0.1:{port}"):
        until(lambda: 3 == len(set(members(stand)) - before), "all three are there")

    assert heard == stand.ask("connections", "webhooks", "show", SOURCE)["heard_at"]


def test_a_process_that_dies_between_storing_and_answering(stand: Stand, port: int, address: str) -> None:
    """The vendor sends it again, to the next process; it is worked once."""
    body, before = an_event(93_000), len(passes(stand))
    with serving(stand, f"127.0.0.1:{port}", DIES) as serve:
        with pytest.raises(OSError):
            call(address, body)
        assert -signal.SIGKILL == serve.process.wait(30)

    with serving(stand, f"127.0.0.1:{port}"):
        assert 204 == call(address, body)
        until(lambda: len(passes(stand)) > before, "a look was taken")
        assert 204 == call(address, body)
        until(lambda: all(run["state"] == "done" for run in passes(stand)), "it is done")
    assert 1 == len(passes(stand)) - before


def test_what_a_hostile_caller_gets(stand: Stand, port: int, address: str) -> None:
    """Nothing is stored, and nobody learns which paths there are."""
    head = f"POST {urlsplit(address).path} HTTP/1.1\r\nHost: x\r\n".encode()
    large = b"x" * 262_145
    with serving(stand, f"127.0.0.1:{port}"):
        unknown = address[:-1] + ("A" if address[-1] != "A" else "B")
        assert [404, 404, 404] == [call(path, b"{}") for path in (unknown, address + "x", address[:-9])]
        assert [404, 404] == [call(address, b"{}", method=method) for method in ("PUT", "PATCH")]
        assert 413 == call(address, large)
        chunk = b"%x\r\n%b\r\n" % (65_536, b"x" * 65_536)
        assert b"413" in raw(address, [head + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 5])[:20]
        stated = raw(address, [head + b"Content-Length: 99999999999999999999999\r\n\r\n"])
        assert b"41" in stated[:20] or b"400" in stated[:20]
        assert 401 == call(address, an_event(94_000), "not the secret of this connection")
        assert 403 == call(address, an_event(94_001).replace(b"G0311", b"G0312"))
        assert 400 == call(address, an_event(94_002).replace(b'"EventTime": "20', b'"EventTime": "19'))
        assert 204 == call(address, an_event(94_003, "BudgetEvent"))
    refused = stand.ask("connections", "webhooks", "show", SOURCE)["refused"]
    assert {"event.size", "event.signature", "event.entity", "event.old"} == set(refused)


def test_who_sends_slowly_is_cut_off_and_keeps_nobody_out(stand: Stand, port: int, address: str) -> None:
    """A head that never ends, and a body that never comes."""
    head = f"POST {urlsplit(address).path} HTTP/1.1\r\nHost: x\r\n".encode()
    with serving(stand, f"127.0.0.1:{port}"), ThreadPoolExecutor(20) as threads:
        began = time.monotonic()
        bodies = [threads.submit(raw, address, [head + b"Content-Length: 10\r\n\r\nx"]) for _ in range(8)]
        heads = [threads.submit(raw, address, [head, b"X-A: b\r\n"] * 4, 1.0) for _ in range(8)]
        time.sleep(1)
        assert 204 == call(address, an_event(95_000, "BudgetEvent"))
        assert all(b"408" in each.result()[:20] for each in bodies)
        assert 9 < time.monotonic() - began < 25
        assert all(b"" == each.result() or b"400" in each.result()[:20] for each in heads)
        assert time.monotonic() - began < 45


def test_exact_tries_the_address_and_is_subscribed_once(stand: Stand, port: int, address: str) -> None:
    """An empty, unsigned call is answered with 200 and proves nothing; the same call to UKG's path is
    refused. A subscription that is gone is made again.
    """
    with serving(stand, f"127.0.0.1:{port}"):
        made = stand.ask("connections", "webhooks", "make", TARGET, "--address", f"http://127.0.0.1:{port}")
        again = stand.ask("connections", "webhooks", "make", TARGET)
        assert (made["address"], []) == (again["address"], again["made"])
        assert {("GLAccounts",)} == {tuple(one["topics"]) for one in made["made"]}
        assert 401 == call(address, b"", "no secret of this connection")
        shown = stand.ask("connections", "webhooks", "show", TARGET)
        assert (len(made["made"]), None, []) == (shown["challenges"], shown["heard_at"], shown["topics"])
        lines = stand.ask("connections", "webhooks", "check", TARGET)["subscriptions"]
        assert {"ours"} == {line["state"] for line in lines}
        removed = stand.ask("connections", "webhooks", "remove", TARGET)
        assert len(made["made"]) == removed["removed"]
        assert 404 == call(made["address"], b"")


def test_an_address_that_exact_refuses_leaves_nothing_behind(stand: Stand) -> None:
    """Twice: the domain that the app has is named, and nothing is left for `serve` to fail at."""
    ledger = stand.scene.ledger
    stand.sandbox.control(ledger, "switches", {"webhooks_same_domain": True})
    try:
        for _ in range(2):
            command = ("connections", "webhooks", "make", TARGET, "--address", "http://127.0.0.1:9")
            refused = stand.ask(*command, code=3)
            (problem,) = refused["problems"]
            assert "webhook.domain" == problem["code"]
            assert "app centre" in problem["text"]
    finally:
        stand.sandbox.control(ledger, "switches", {"webhooks_same_domain": False})
    shown = stand.command("connections", "webhooks", "show", TARGET, "--json")
    assert "takes no notifications yet" in shown.stdout
    done = stand.command("serve", "--once", "--json")
    assert 0 == done.code
    assert not any(
        json.loads(line).get("upkeep", {}).get("webhooks_failed") for line in done.stdout.splitlines()
    )


def test_it_needs_an_address_that_it_can_have(stand: Stand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for at in ("8080", "127.0.0.1:x", f"127.0.0.1:{taken.getsockname()[1]}"):
            assert stand.command("serve", "--listen", at, "--json").code == 2
    assert stand.command("serve", "--once", "--listen", "127.0.0.1:0", "--json").code == 2
