"""Time and chance inside a simulator come from its clock and its seed alone: the same seed and the same
requests give the same bytes, on any day and in any process.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox import replay
from tests.sandbox.dynamics_fo_world import DynamicsWorld

import ml_connector_sandbox
from ml_connector_sandbox.core.registry import open_system, systems

ROOT = Path(__file__).parents[2]
SANDBOX = Path(ml_connector_sandbox.__file__).parent
MACHINE = {
    *("uuid.uuid1", "uuid.uuid4", "os.urandom", "random.SystemRandom", "SystemRandom", "hash", "id"),
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "date.today", "datetime.date.today"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "datetime.datetime.now"),
    *(f"random.{name}" for name in ("random", "randint", "randrange", "choice", "choices", "shuffle")),
    *(f"random.{name}" for name in ("getrandbits", "sample", "uniform", "randbytes", "seed")),
}
"""What the machine knows and a seed does not."""
UNSEEDED = {"random.Random", "Random"}
ALLOWED = {"core/clock.py": {"time.time"}, "core/installation.py": {"uuid.uuid4"}}
"""Where the time comes from, and the one thing that must differ between two simulators."""


def _answers(slug: str, hash_seed: str) -> list[str]:
    command = [sys.executable, "-m", replay.__name__, slug]
    given = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("slug", systems())
def test_the_same_seed_and_requests_give_the_same_bytes(slug: str) -> None:
    """Status, headers and body of every answer, in two processes, in which sets have another order."""
    first, second = _answers(slug, "1"), _answers(slug, "2")

    for one, other in zip(first, second, strict=True):
        assert one == other
    statuses = [json.loads(line)[2] for line in first]
    assert len([status for status in statuses if status in (200, 201, 204)]) > 100


@pytest.mark.parametrize("slug", systems())
def test_another_seed_gives_other_secrets(slug: str) -> None:
    """What is the same is so because of the seed."""
    scenario = {
        "dynamics_fo": "manufacturer",
        "visma_net": "norway",
        "precoro": "procurement",
        "findity": "expenses",
    }.get(slug, "trading_company")
    one, other, again = (
        open_system(slug, scenario=scenario, seed=seed, installation="same").describe("http://x")
        for seed in (1, 2, 1)
    )
    assert one == again
    assert one["credentials"] != other["credentials"]


def test_events_after_a_reset_are_those_of_the_start() -> None:
    """Ids and control numbers of Dynamics begin again with the book."""
    world = DynamicsWorld()
    received: list[dict[str, Any]] = []

    def event() -> dict[str, Any]:
        outbox = world.vendor.webhooks.outbox
        outbox.send = lambda url, body, headers: received.append(json.loads(body)) or 200
        outbox.background = False
        world.control("activate_event", event="VendorPaymentPostedBusinessEvent", url="http://hook.test/")
        world.control("post_payment_journal")
        told: dict[str, Any] = received[-1]
        return told

    first = event()
    world.client.post("/__sandbox__/reset").raise_for_status()
    assert first == event()


def _name(node: ast.expr) -> str:
    """`a.b.c` of a call's function; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _name(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def _chances(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Where a module asks the machine: line and name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _name(node.func)
            if name in MACHINE or name.startswith("secrets.") or (name in UNSEEDED and not node.args):
                yield node.lineno, name
        elif isinstance(node, ast.keyword) and _name(node.value) in MACHINE | UNSEEDED:
            yield node.value.lineno, _name(node.value)


def test_no_simulator_asks_the_machine_for_time_or_chance() -> None:
    """Only the clock reads the machine's time, and only an installation's id is drawn without a seed."""
    found = [
        (path.relative_to(SANDBOX).as_posix(), line, name)
        for path in sorted(SANDBOX.rglob("*.py"))
        for line, name in _chances(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert ALLOWED == {
        path: {name for where, _, name in found if where == path} for path in {where for where, _, _ in found}
    }


@pytest.mark.parametrize(
    "code",
    [
        "str(uuid.uuid4())",
        "datetime.now(UTC)",
        "secrets.token_hex()",
        "random.choice(rows)",
        "random.Random()",
        "field(default_factory=random.Random)",
        "time.time()",
        "hash(text)",
    ],
)
def test_a_machines_time_and_chance_are_seen(code: str) -> None:
    """The rule above finds each of them."""
    assert [1] == [line for line, _ in _chances(ast.parse(code))]


@pytest.mark.parametrize("code", ["random.Random(seed)", "clock.now()", "uuid.UUID(int=1)", "self.hash(x)"])
def test_a_seed_and_the_clock_are_allowed(code: str) -> None:
    """The rule above lets them pass."""
    assert [] == list(_chances(ast.parse(code)))
