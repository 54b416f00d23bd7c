"""A world in which nobody is: simulators and the product's `serve`, a process of its own, in one time that is
moved on whenever `serve` says that nothing is left to do.
"""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alarm_posts import free_port
from stage import CommandFailed, Product, Sandbox

STEP = timedelta(hours=12)
PATIENCE_SECONDS = 120


@dataclass
class World:
    """The one time of everybody. `ahead` is by how many seconds it is ahead of the machine's; `say` is for
    people. `serve` listens at the `port`.
    """

    clock_file: Path
    say: Callable[[str], None]
    sandboxes: list[Sandbox] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    ahead: int = 0
    kills: int = 0
    _serve: subprocess.Popen[str] | None = None
    _lines: queue.Queue[str] = field(default_factory=queue.Queue)
    _errors: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        """The present, UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def set(self, moment: datetime) -> None:
        """It is that moment now, or up to a second later, for vendors and product."""
        self.ahead = int((moment - datetime.now(UTC)).total_seconds()) + 1
        for sandbox in self.sandboxes:
            sandbox.control(next(iter(sandbox.systems)), "clock", {"set": self.now().isoformat()})
        written = self.clock_file.with_suffix(".new")
        written.write_text(str(self.ahead))
        written.replace(self.clock_file)

    def start(self, product: Product) -> None:
        """Start `serve`, and let it do what is due."""
        self._serve = process = product.start("serve", "--json", "--listen", f"127.0.0.1:{self.port}")
        self._lines = queue.Queue()
        for stream, keep in ((process.stdout, self._lines.put), (process.stderr, self._errors.append)):
            threading.Thread(target=_pass_on, args=(stream, keep), daemon=True).start()
        self._rest()

    def pass_until(self, moment: datetime, struck: Callable[[], bool] = lambda: False) -> None:
        """Time goes by, no faster than what is due is done, and never over what waits for its time; no
        further once `struck`.
        """
        waits: datetime | None = None
        while self.now() < moment and not struck():
            steps = [moment, self.now() + STEP]
            if waits is not None and waits > self.now():
                steps.append(waits)
            self.set(min(steps))
            waits = self._rest(struck)

    @property
    def address(self) -> str:
        """Where `serve` takes notifications."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """`kill -9`, as a machine does that runs out of memory."""
        assert self._serve is not None
        self._serve.send_signal(signal.SIGKILL)
        self._serve.wait()
        self.kills += 1

    def stop(self) -> None:
        """Ask `serve` to end, where it runs."""
        if self._serve is not None and self._serve.poll() is None:
            self._serve.terminate()
            self._serve.wait(timeout=PATIENCE_SECONDS)

    def _rest(self, struck: Callable[[], bool] = lambda: False) -> datetime | None:
        """Wait until nothing is left to do at this time; for which time something waits."""
        began, since = time.monotonic(), self.now()
        assert self._serve is not None
        while time.monotonic() - began < PATIENCE_SECONDS and not struck():
            try:
                line = json.loads(self._lines.get(timeout=0.2))
            except queue.Empty:
                if self._serve.poll() is not None:
                    break
                continue
            self._show(line)
            if "rest" in line and datetime.fromisoformat(line["rest"]["at"]) >= since:
                waits = line["rest"]["waits_until"]
                return datetime.fromisoformat(waits) if waits else None
        if struck():
            return None
        raise CommandFailed(f"serve did not come to rest at {since}.\n{''.join(self._errors[-20:])}")

    def _show(self, line: Any) -> None:
        at = f"   {self.now():%d %b %H:%M}  "
        if (arrival := line.get("arrival")) and (arrival["runs"] or arrival["why"]):
            self.say(f"{at}{arrival['flow']}: {arrival['why'] or 'a new pay run is found'}")
        if (alert := line.get("alert")) and alert["event"] != "repeated":
            self.say(f"{at}alert {alert['event']}: {alert['code']} at {alert['place']}")


def _pass_on(stream: Any, keep: Callable[[str], None]) -> None:
    for line in stream:
        keep(line)
