"""How `serve` waits between its rounds."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from ml_connector.cli import installation


class Waits(Event):
    """Stops after so many waits, each of which takes no time; keeps how long each would have been."""

    def __init__(self, most: int, stopped: Event) -> None:
        super().__init__()
        self.most, self.stopped, self.seconds = most, stopped, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        if len(self.seconds) == self.most:
            self.stopped.set()
        return True


def test_a_clock_that_slept_or_jumped_is_noticed_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait is longer, and flows are looked at after each: they ask the wall clock, whatever the steady one
    says, which stands still here.
    """
    looks = list[int]()
    clock = SimpleNamespace(monotonic=lambda: 1000.0)
    assembly = SimpleNamespace(clock=clock, settings=SimpleNamespace(clock_file=""))
    service = SimpleNamespace(assembly=assembly, settings=SimpleNamespace(executor="local"))
    monkeypatch.setattr(installation, "service", lambda: service)
    work = SimpleNamespace(at_work=lambda _: nullcontext(True), idle=None)
    rounds = SimpleNamespace(upkeep=None, try_upkeep=lambda _: {}, UPKEEP_SECONDS=3600.0, AGAIN_SECONDS=60.0)
    for name, found in (("work", work), ("upkeep", rounds)):
        monkeypatch.setitem(sys.modules, f"ml_connector.app.{name}", found)
    monkeypatch.setattr(installation, "_look_for_work", lambda *_: looks.append(1))
    monkeypatch.setattr(installation, "_alert", lambda *_: None)
    stopped: Any = Event()
    waits: Any = Waits(5, stopped)

    installation._serve(stopped, waits, once=False, at=("", "", []), as_json=True)

    assert 5 == len(waits.seconds) == len(looks)
    assert 60 >= max(waits.seconds)
