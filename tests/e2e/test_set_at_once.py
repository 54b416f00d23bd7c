"""Settings of a flow that several commands make at once: one row, the last one counts, each is audited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from stage import SOURCE, TARGET
from tests.stand import Stand, installation, simulators

from ml_connector.domain import codec

pytestmark = pytest.mark.slow

TIMES = ("every 1h", "every 2h", "every 3h", "every 4h")


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """An installation whose payroll flow is there."""
    with simulators(1) as sandbox, installation(sandbox) as stand:
        stand.flow()
        yield stand


def stored(stand: Stand) -> list[Any]:
    """What the audit says of settings that were stored, oldest first."""
    lines = map(json.loads, stand.command("audit", "export").stdout.splitlines())
    entries: list[Any] = [codec.decode(line["text"]) for line in lines if "text" in line]
    return [entry["detail"] for entry in entries if entry["action"] == "flow.stored"]


def test_commands_at_the_same_time_leave_one_flow_and_an_entry_of_each(stand: Stand) -> None:
    (flow,) = stand.ask("flows", "list")["flows"]
    shown, before = stand.ask("flows", "show", str(flow["id"])), len(stored(stand))
    options = [part for name, value in shown["options"].items() for part in ("--option", f"{name}={value}")]
    same = ["--from", SOURCE, "--to", TARGET, "--mode", shown["mode"], "--starts-on", shown["starts_on"]]

    commands = [
        stand.product.start(
            "flows", "set", *same, "--mapping", shown["mapping"], "--schedule", text, *options, "--json"
        )
        for text in TIMES
    ]
    ended = [(command.communicate(timeout=120), command.returncode) for command in commands]

    assert [0] * len(TIMES) == [code for _, code in ended], ended
    (flow,) = stand.ask("flows", "list")["flows"]
    made = stored(stand)[before:]
    assert sorted(TIMES) == sorted(detail["schedule"] for detail in made)
    assert made[-1]["schedule"] == stand.ask("flows", "show", str(flow["id"]))["schedule"]
    assert stand.ask("audit", "verify")["ok"]
