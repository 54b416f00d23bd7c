"""A company's installation beside simulated vendors, as the end-to-end tests use it: real processes, sockets,
exit codes and one line of JSON.

Every pay run is a case of its own: a `Stand` hands out one after the other, newest last, and keeps which of
them must be booked by now, so that the judge can say after every step that those are booked once and nothing
else is. The product's word is never taken for it.
"""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from scenes import MAIN, PAYROLL, Scene
from stage import SOURCE, TARGET, CommandFailed, Product, Sandbox, judged, unlimited
from tests.zygote import Zygote

from ml_connector_sandbox.judges.payroll import Verdict

TOOLS = Path(__file__).parent.parent / "tools"
SMALL = {"workers": "12", "block_rows": "10"}
"""Twelve workers, and blocks so short that their pay fills several."""
PATIENCE_SECONDS = 60.0
SECRETS = ("client_id", "client_secret", "password", "customer_api_key")


@contextmanager
def given(values: Mapping[str, str]) -> Iterator[list[str]]:
    """The options that give a real connection its settings: each secret in a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        options = []
        for name, value in values.items():
            if name in SECRETS:
                file = Path(folder) / name
                file.write_text(value)
                options.append(f"--secret-file={name}={file}")
            else:
                options.append(f"--set={name}={value}")
        yield options


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended: its exit code, and what it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        (line,) = self.stdout.splitlines()
        return json.loads(line)


@cache
def zygote() -> Zygote:
    """The parent of this process's commands."""
    parent = Zygote()
    atexit.register(parent.close)
    return parent


class Installation(Product):
    """A product whose commands start quickly; `start` is a process from scratch."""

    def command(self, *arguments: str) -> Done:
        """Run a command to its end, as from a shell script."""
        return Done(*zygote().run(list(arguments), self._env()))

    def run(self, *arguments: str, expect: Sequence[int] = (0,)) -> Any:
        done = self.command(*arguments)
        if done.code not in expect:
            raise CommandFailed(f"ml-connector {' '.join(arguments)}: {done}")
        return done.json if done.stdout else None


@dataclass
class Stand:
    """Simulators, an installation, and which pay runs must be booked by now."""

    sandbox: Sandbox
    product: Installation
    runs: list[str]
    booked: list[str] = field(default_factory=list)
    scene: Scene = MAIN

    def command(self, *arguments: str) -> Done:
        """Run a command to its end, as from a shell script."""
        return self.product.command(*arguments)

    def ask(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with `--json`; its one object. The exit code must be the one said, and standard error
        empty.
        """
        done = self.command(*arguments, "--json")
        assert (code, "") == (done.code, done.stderr), f"{arguments}: {done}"
        return done.json

    def post(self, run: str, *more: str, code: int = 0) -> Any:
        """Start a pay run and carry it as far as it goes."""
        return self.ask(
            "run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", run, *more, code=code
        )

    def approve(self, run: str, code: int = 0) -> Any:
        """Consent to what is proposed now, and carry the run as far as it goes."""
        return self.ask("runs", "approve", run, *self.product.consent(run), code=code)

    def flow(self, mode: str = "automatic", **options: str) -> None:
        """Store the flow with this mode and these options beside the journal and the legal entities."""
        self.product.flow(self.sandbox, self.scene, mode=mode, options=options)

    def at_payroll(self, action: str, **body: Any) -> Any:
        """What a person does at the screens of the payroll system."""
        return self.sandbox.control(PAYROLL, f"control/{action}", body)

    def at_ledger(self, action: str, **body: Any) -> Any:
        """What a person does at the screens of the ledger."""
        return self.sandbox.control(self.scene.ledger, f"control/{action}", body)

    def fail(self, slug: str, kind: str, method: str, path: str, **more: Any) -> None:
        """The wire to this system fails once, at the next matching call."""
        self.sandbox.control(
            slug, "faults", {"kind": kind, "match": {"method": method, "path": path}, "times": 1, **more}
        )

    def documents(self) -> list[Any]:
        """Everything the ledger holds."""
        documents: list[Any] = self.sandbox.control(self.scene.ledger, "books")["documents"]
        return [document for document in documents if not document.get("seeded")]

    def verdict(self) -> Verdict:
        """What the books say about the pay runs that must be booked by now, and about anything beyond
        them.
        """
        return judged(self.sandbox, self.scene, self.booked)

    def assert_booked(self, *runs: str) -> None:
        """These pay runs, with all before them, are booked once, to the cent, and nothing else is."""
        self.booked += [run for run in runs if run not in self.booked]
        if not self.booked:
            assert [] == self.documents()
            return
        verdict = self.verdict()
        assert (True, ()) == (verdict.ok, verdict.differences)


@contextmanager
def simulators(runs: int = 1, *more: str, scene: Scene = MAIN) -> Iterator[Sandbox]:
    """Simulated vendors without quotas, with this many small pay runs."""
    switches = {"runs": str(runs), **SMALL}
    arguments = [
        part for name, value in switches.items() for part in ("--switch", f"{PAYROLL}.{name}={value}")
    ]
    with Sandbox(["--profile", "fast", *scene.arguments(), *arguments, *more]) as sandbox:
        yield sandbox


@contextmanager
def installation(
    sandbox: Sandbox,
    *,
    mode: str = "automatic",
    environment: Mapping[str, str] | None = None,
    scene: Scene = MAIN,
) -> Iterator[Stand]:
    """An installation in a folder of its own, connected and signed in."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-e2e-") as folder:
        product = Installation(Path(folder), environment or {})
        product.connect(sandbox, scene, mode=mode, settings=unlimited(scene))
        yield Stand(
            sandbox,
            product,
            [run["run_id"] for run in sandbox.control(PAYROLL, "books")["runs"]],
            scene=scene,
        )


@contextmanager
def served(stand: Stand) -> Iterator[subprocess.Popen[str]]:
    """A worker that carries out the runs of the installation while the block lasts, as `serve` does in
    production.
    """
    with worker(stand) as process:
        yield process
        assert process.poll() is None, process.communicate()


@contextmanager
def worker(stand: Stand, executor: str = "local") -> Iterator[subprocess.Popen[str]]:
    """A worker under an executor id; whoever uses it may have killed it."""
    product = Product(stand.product.home, {**stand.product.environment, "ML_CONNECTOR_EXECUTOR": executor})
    process = product.start("serve", "--json")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "upkeep" in line, f"the worker did not start: {line}{process.communicate()}"
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


def until(what: Any, why: str) -> Any:
    """Wait until `what()` is true; its value. Fails when it does not become so."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_SECONDS:
        if value := what():
            return value
        time.sleep(0.05)
    raise AssertionError(f"never: {why}")


def copy_home(stand: Stand, to: Path) -> Stand:
    """The same installation in another folder, as it stands now."""
    shutil.copytree(stand.product.home, to, dirs_exist_ok=True)
    return Stand(
        stand.sandbox,
        Installation(to, stand.product.environment),
        stand.runs,
        list(stand.booked),
        stand.scene,
    )
