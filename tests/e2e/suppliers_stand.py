"""Precoro and Exact Online of one company beside an installation, as real processes and sockets."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenes import scene_of
from stage import Sandbox
from tests.stand import Installation, worker

SCENE = scene_of("trading_company")
"""How one connects to the ledger; the company is that of the scenario `procurement`."""
PRECORO, EXACT, DIVISION = "precoro", "exact_online", "3010"
PROC, BOOKS = "proc", "books"


PATIENCE_SECONDS = 120


@dataclass
class Company:
    """Both systems and the installation."""

    sandbox: Sandbox
    product: Installation

    def ask(self, *arguments: str, code: int = 0) -> Any:
        """Run a command; its one object. The exit code must be the one said."""
        done = self.product.command(*arguments, "--json")
        assert (code, "") == (done.code, done.stderr), f"{arguments}: {done}"
        return done.json

    def flow(self, mode: str = "automatic", *, back: bool = False, **options: str) -> None:
        """Store the flow of one direction."""
        given = {"entity": DIVISION, **options}
        self.ask(
            *("flows", "set", *self.ways(back), "--kind", "suppliers", "--mode", mode),
            *("--starts-on", "2026-01-01"),
            *(part for name, value in given.items() for part in ("--option", f"{name}={value}")),
        )

    def ways(self, back: bool = False) -> tuple[str, ...]:
        """The connections in their order."""
        source, target = (BOOKS, PROC) if back else (PROC, BOOKS)
        return ("--from", source, "--to", target)

    def align(self, *more: str, back: bool = False, code: int = 0) -> Any:
        """A pass as far as it goes by itself."""
        return self.ask("run", "suppliers", *self.ways(back), *more, code=code)

    def start(self, back: bool = False) -> subprocess.Popen[str]:
        """A pass in a process that may be killed."""
        return self.product.start("run", "suppliers", *self.ways(back), "--json")

    def finish(self) -> None:
        """Let a worker carry out what is left, until nothing is under way."""
        with worker(self):  # type: ignore[arg-type]
            until = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < until:
                states = {run["state"] for run in self.ask("runs", "list")["runs"]}
                if not states & {"ready", "running", "waiting"}:
                    return
                time.sleep(0.5)
        raise AssertionError(f"runs are {states}")

    def at_precoro(self, action: str, **body: Any) -> Any:
        """What a person does in Precoro."""
        return self.sandbox.control(PRECORO, f"control/{action}", body)

    def at_exact(self, action: str, **body: Any) -> Any:
        """What a person does in Exact."""
        return self.sandbox.control(EXACT, f"control/{action}", {"entity": DIVISION, **body})

    def fail(self, slug: str, kind: str, method: str, path: str, **more: Any) -> None:
        """The wire fails once, at the next matching call."""
        rule = {"kind": kind, "match": {"method": method, "path": path}, "times": 1, **more}
        self.sandbox.control(slug, "faults", rule)

    def items(self) -> dict[str, list[str]]:
        """Texts of what people have to look at, by code."""
        found: dict[str, list[str]] = {}
        for item in self.ask("worklist", "list")["items"]:
            found.setdefault(item["code"], []).append(item["text"])
        return found


@contextmanager
def company(*arguments: str) -> Iterator[Company]:
    """The two simulators without quotas, and an installation connected to them."""
    given = ["--profile", "fast", "--scenario", "procurement", *arguments]
    with Sandbox(given) as sandbox, tempfile.TemporaryDirectory(prefix="ml-connector-e2e-") as folder:
        product = Installation(Path(folder), {})
        precoro, exact = sandbox.systems[PRECORO], sandbox.systems[EXACT]
        token = Path(folder) / "token"
        token.write_text(precoro["credentials"]["token"])
        settings = {
            "base_url": precoro["base_url"],
            "email": precoro["credentials"]["email"],
            "same_read_seconds": "0",
            "currency": "EUR",
            **PACE,
        }
        _add(product, PROC, PRECORO, settings, f"--secret-file=token={token}")
        _add(product, BOOKS, EXACT, {**SCENE.settings(exact, [DIVISION]), **SCENE.unlimited})
        product.authorize(BOOKS)
        yield Company(sandbox, product)


PACE: Mapping[str, str] = {"pace_seconds": "0", "calls_per_hour": "0", "calls_per_day": "0"}


def _add(product: Installation, name: str, connector: str, settings: Mapping[str, str], *more: str) -> None:
    given = [f"--set={key}={value}" for key, value in settings.items()]
    product.run("connections", "add", name, "--connector", connector, "--sandbox", *given, *more, "--json")
