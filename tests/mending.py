"""A ledger that is not as it should be: what stops a run, how a person mends it, and a worker that dies in
the middle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scenes import Scene
from stage import SOURCE, TARGET
from tests.stand import Stand, installation, simulators, until, worker

from ml_connector_sandbox.systems.ukg_pro.register import COLUMNS

Action = tuple[str, Mapping[str, Any]]
"""What somebody does at the vendor's screen, and with what."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Something that is wrong at the vendor: who breaks it, who mends it, and what the run says meanwhile:
    code, place, owner, words.
    """

    broken: Sequence[Action]
    mended: Sequence[Action]
    found: tuple[str, str, str]
    words: Sequence[str]


@dataclass
class Worker:
    """The process that carries out the runs of a stand. It can be killed, and started again as whoever
    watches over it would.

    `settings` are those that the ledger was connected with.
    """

    stand: Stand
    settings: Mapping[str, str]
    _open: ExitStack = field(default_factory=ExitStack)
    _process: Any = None

    def start(self) -> None:
        """As `serve` does in production."""
        self._process = self._open.enter_context(worker(self.stand))

    def connect(self, **changed: str) -> None:
        """Store the ledger's connection again, with these settings changed."""
        given = [f"--set={name}={value}" for name, value in {**self.settings, **changed}.items()]
        self.stand.ask(
            "connections", "add", TARGET, "--connector", self.stand.scene.ledger, "--sandbox", *given
        )

    def kill(self) -> None:
        """`kill -9`, at this moment."""
        self._process.kill()
        self._open.close()

    def stop(self) -> None:
        """At the end; it must still be alive."""
        assert self._process.poll() is None, self._process.communicate()
        self._open.close()


@contextmanager
def serving(
    scene: Scene, runs: int, departments: Sequence[str], folder: Path, *more: str
) -> Iterator[Worker]:
    """Simulators with a worker in each of these departments, an installation that posts by itself into an
    open period, and what carries it out.
    """
    register = folder / "register.csv"
    rows = [
        f"W{n},{code},{code},Plant,Fulltime-Regular,{52000 + n}.00,{52000 + n}.00,{1300 + n}.00,2015-01"
        for n, code in enumerate(departments)
    ]
    register.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
    given = ["--register", str(register), "--switch", "ukg_pro.workers=0", *more]
    settings = dict(scene.unlimited)

    def typed_in(*about: Any) -> dict[str, str]:
        settings.update(scene.settings(*about))
        return settings

    with (
        simulators(runs, *given, scene=scene) as sandbox,
        installation(sandbox, scene=replace(scene, settings=typed_in)) as stand,
    ):
        stand.flow(posting_date=scene.one_date)
        worker = Worker(stand, settings)
        worker.start()
        yield worker
        worker.stop()


def problem(held: Any) -> tuple[str, str, str]:
    """Code, place and owner of the first problem."""
    first = held["problems"][0]
    return first["code"], first["where"], first["owner"]


def text(held: Any) -> str:
    """What the first problem says."""
    return str(held["problems"][0]["text"])


def goes_on(stand: Stand, held: Any, run: str) -> None:
    """The same run is resumed, comes to its end, and is booked once."""
    assert "done" == stand.ask("runs", "resume", held["run"])["state"]
    stand.assert_booked(run)


def mend_each(
    stand: Stand, run: str, causes: Sequence[Cause], begin: Callable[[], Any] | None = None
) -> None:
    """One cause after the other stops the same run, each said in words; once none is left the run is booked,
    once.
    """
    held = None
    for cause in causes:
        do(stand, cause.broken)
        try:
            held = (
                stand.ask("runs", "resume", held["run"], code=3)
                if held
                else begin()
                if begin
                else stand.post(run, code=3)
            )
        finally:
            do(stand, cause.mended)
        stand.assert_booked()
        assert cause.found == problem(held), text(held)
        assert [] == [words for words in cause.words if words not in text(held)], text(held)
    goes_on(stand, held, run)


def do(stand: Stand, actions: Sequence[Action]) -> None:
    """Carry out what somebody does at the ledger's screens."""
    for action, body in actions:
        stand.at_ledger(action, **body)


@contextmanager
def approving(stand: Stand, run: str) -> Iterator[Callable[[], Any]]:
    """A pay run that is proposed and waits for consent; the function gives it, and the run must be held
    then.
    """
    stand.flow("approve", posting_date=stand.scene.one_date)
    try:
        proposed = stand.post(run, code=4)
        yield lambda: stand.approve(proposed["run"], code=3)
    finally:
        stand.flow(posting_date=stand.scene.one_date)


@contextmanager
def patient(worker: Worker, **switches: Any) -> Iterator[None]:
    """Whoever waits for the vendor to post looks again in five minutes, so that a command comes back; with
    these switches at the simulator.
    """
    stand = worker.stand
    before = stand.sandbox.control(stand.scene.ledger, "switches")
    worker.connect(posting_seconds="300")
    switch(stand, **switches)
    try:
        yield
    finally:
        worker.connect()
        switch(stand, **{name: before[name]["value"] for name in switches})


def switch(stand: Stand, **values: Any) -> None:
    """Turn switches of the ledger's simulator."""
    stand.sandbox.control(stand.scene.ledger, "switches", values)


def begun(stand: Stand, run: str, fault: Mapping[str, Any]) -> str:
    """Start a pay run that the worker carries out; its id, as soon as the fault has struck."""
    struck = strikes(stand)
    stand.sandbox.control(stand.scene.ledger, "faults", {"times": 1, **fault})
    started = stand.ask("run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", run, "--detach")[
        "runs"
    ][0]
    until(lambda: strikes(stand) > struck, "the fault struck")
    return str(started)


def strikes(stand: Stand) -> int:
    """How often a fault has struck the wire to the ledger."""
    return len(stand.sandbox.control(stand.scene.ledger, "faults")["fired"])


def killed(worker: Worker, run: str, fault: Mapping[str, Any]) -> str:
    """Start a pay run, and kill the process that carries it out as soon as the fault has struck; the run's
    id.
    """
    started = begun(worker.stand, run, fault)
    worker.kill()
    return started


def posted_as(stand: Stand, run: str) -> Any:
    """The one document that the pay run, newest of all, was booked as."""
    stand.assert_booked(run)
    return stand.documents()[-1]
