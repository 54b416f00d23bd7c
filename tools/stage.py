"""A stage for demos, crash tests and benchmarks: simulators on sockets, and an installation of the product
that is driven by its own commands.

Nothing here reaches into the product: it is started, killed and asked as any user would. The simulators'
control address is used for faults and for the judge only. Which ledger is played with, and how it is
connected, is a `Scene`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from scenes import MAIN, PAYROLL, Scene, payroll_scene

from ml_connector_sandbox.judges.books import read_books
from ml_connector_sandbox.judges.line_dimensions import wrong_dimensions
from ml_connector_sandbox.judges.pay_runs import expected
from ml_connector_sandbox.judges.payroll import Verdict, judge

SOURCE, TARGET = "payroll", "ledger"
MAPPING, LEDGER = MAIN.mapping, MAIN.ledger


def unlimited(scene: Scene) -> dict[str, str]:
    """Settings for simulators without quotas (profile `fast`): our own call budget counts nothing either."""
    return {
        **{f"{PAYROLL}.{name}": value for name, value in payroll_scene().unlimited.items()},
        **{f"{scene.ledger}.{name}": value for name, value in scene.unlimited.items()},
    }


UNLIMITED = unlimited(MAIN)


class CommandFailed(Exception):
    """A command of the product ended otherwise than expected."""


@dataclass
class Sandbox:
    """The simulators in a process of their own."""

    arguments: Sequence[str] = ()
    systems: dict[str, Any] = field(default_factory=dict)
    _process: subprocess.Popen[str] | None = None
    _said: IO[str] = field(default_factory=lambda: tempfile.TemporaryFile("w+", encoding="utf-8"))  # noqa: SIM115
    """What the simulators print on standard error; shown when they end."""

    def __enter__(self) -> Sandbox:
        command = [
            sys.executable,
            "-m",
            "ml_connector_sandbox",
            "serve",
            "--system",
            "all",
            "--port",
            "0",
            "--with-parent",
            *self.arguments,
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._said, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.communicate()
            with self._said as said:
                said.seek(0)
                raise CommandFailed(f"The simulators did not start. {said.read()}".strip())
        self.systems = json.loads(line)["systems"]
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=20)
        with self._said as said:
            said.seek(0)
            sys.stderr.write(said.read())

    def control(self, slug: str, what: str, body: Any = None, method: str | None = None) -> Any:
        """Ask or tell a simulator under its control address."""
        url = self.systems[slug]["control_url"] + what
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method or ("GET" if body is None else "POST"))
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)


def judged(sandbox: Sandbox, scene: Scene, pay_runs: Sequence[str] | None = None) -> Verdict:
    """What the books say of these pay runs, or of all that stand when it is `None`: every cent once, and
    every dimension that the scenario wants of a line.
    """
    payroll, ledger = (read_books(sandbox.systems[slug]["control_url"]) for slug in (PAYROLL, scene.ledger))
    wanted = () if pay_runs == [] else expected(payroll, pay_runs=pay_runs or ())
    verdict = judge(payroll, ledger, wanted, slugs=(PAYROLL, scene.ledger))
    wrong = wrong_dimensions(payroll, ledger)
    return replace(verdict, ok=verdict.ok and not wrong, differences=(*verdict.differences, *wrong))


@dataclass
class Product:
    """An installation in a home folder of its own."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, expect: Sequence[int] = (0,)) -> Any:
        """Run a command to its end and return its JSON. Raises `CommandFailed` on another exit code than
        expected.
        """
        done = subprocess.run(
            self._command(*arguments), env=self._env(), capture_output=True, text=True, check=False
        )
        if done.returncode not in expect:
            raise CommandFailed(
                f"ml-connector {' '.join(arguments)} ended with"
                f" {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        lines = done.stdout.strip().splitlines()
        return json.loads(lines[-1]) if lines else None

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running; for being killed."""
        return subprocess.Popen(
            self._command(*arguments),
            env=self._env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def connect(
        self,
        sandbox: Sandbox,
        scene: Scene = MAIN,
        *,
        mode: str,
        options: Mapping[str, str] | None = None,
        since: str = "2015-01-01",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Connections, sign-in, mapping and flow, as an administrator would set them up."""
        self.connect_systems(sandbox, scene, settings)
        self.run("mappings", "import", "payroll", str(scene.mapping), "--json")
        self.flow(sandbox, scene, mode=mode, options=options, since=since)

    def connect_systems(
        self, sandbox: Sandbox, scene: Scene, settings: Mapping[str, str] | None = None
    ) -> None:
        """Both connections, with their sign-in."""
        payroll, ledger = sandbox.systems[PAYROLL], sandbox.systems[scene.ledger]
        self._add(SOURCE, PAYROLL, {**payroll_scene().settings(payroll), **self._fast(settings, PAYROLL)})
        self._add(
            TARGET,
            scene.ledger,
            {
                **scene.settings(ledger, [*scene.entities(sandbox.systems).values()]),
                **self._fast(settings, scene.ledger),
            },
        )
        if scene.signs_in:
            self.authorize(TARGET)

    def connect_apart(self, name: str, sandbox: Sandbox, scene: Scene, settings: Mapping[str, str]) -> None:
        """A further connection to the same ledger, without quotas, with these settings as well."""
        entities = [*scene.entities(sandbox.systems).values()]
        usual = scene.settings(sandbox.systems[scene.ledger], entities)
        self._add(name, scene.ledger, {**usual, **scene.unlimited, **settings})
        if scene.signs_in:
            self.authorize(name)

    def flow(
        self,
        sandbox: Sandbox,
        scene: Scene,
        *,
        mode: str,
        options: Mapping[str, str] | None = None,
        since: str = "2015-01-01",
    ) -> None:
        """Store the flow between the two, with these options beside those of the scene."""
        entities = ",".join(
            f"{company}={entity}" for company, entity in scene.entities(sandbox.systems).items()
        )
        wanted = {**scene.options, "entities": entities, **(options or {})}
        given = [part for name, value in wanted.items() for part in ("--option", f"{name}={value}")]
        flow = [
            "--from",
            SOURCE,
            "--to",
            TARGET,
            "--mapping",
            "payroll",
            "--starts-on",
            since,
            "--mode",
            mode,
        ]
        self.run("flows", "set", *flow, *given, "--json")

    def consent(self, run: str) -> tuple[str, str]:
        """What a person gives to `runs approve` who looked at the run just now."""
        return "--fingerprint", self.run("runs", "show", run, "--json")["fingerprint"]

    def authorize(self, connection: str) -> None:
        """Sign in: open the vendor's page, and paste where it leads."""
        url = self.run("connections", "authorize", connection, "--json")["authorize_url"]
        opener = urllib.request.build_opener(_NoRedirect)
        redirect = opener.open(url, timeout=30).headers["Location"]
        self.run("connections", "authorize", connection, redirect, "--json")

    def _add(self, name: str, connector: str, values: Mapping[str, str]) -> None:
        given = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        self.run("connections", "add", name, "--connector", connector, "--sandbox", *given, "--json")

    def _fast(self, settings: Mapping[str, str] | None, slug: str) -> dict[str, str]:
        prefix = f"{slug}."
        return {
            key.removeprefix(prefix): value
            for key, value in (settings or {}).items()
            if key.startswith(prefix)
        }

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "ml_connector.cli.main", *arguments]

    def _env(self) -> dict[str, str]:
        return {**os.environ, "ML_CONNECTOR_HOME": str(self.home), **self.environment}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp
