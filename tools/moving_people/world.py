"""One world of people: everything that happens goes through here, so that the judge hears of it."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from moving_world.baton import Baton, Process, Task
from moving_world.clock import HostClock, TrueClock
from moving_world.views import Refusal
from moving_world.wire import Wire

from ml_connector_sandbox.core.registry import load_scenario
from ml_connector_sandbox.core.scene import Scene, payroll_scene, scene_of
from ml_connector_sandbox.core.vendor import Request
from ml_connector_sandbox.judges.moving import Violation
from ml_connector_sandbox.judges.people_at_rest import RestJudge
from moving_people.adapter import PeopleDesk, PeopleProduct

SCENARIOS = ("people_exact_online", "people_dynamics_fo", "people_visma_net")
PAYROLL, LEDGER = "payroll", "ledger"
PORTS = {PAYROLL: 9001, LEDGER: 9101}
WORKERS = 8
STARTS_ON = date(2026, 1, 1)
ANNA = "anna"
ROUNDS_MAX, STILL = 400, timedelta(hours=3)
UNDER_WAY = ("ready", "running", "waiting")
CATCH_UP: Mapping[str, Callable[[Any], object]] = {
    "dynamics_fo": lambda vendor: vendor.catch_up(),
    "visma_net": lambda vendor: vendor.background.settle(),
}
"""How a vendor does what is due by now, where it does nothing by itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """A simulator on the wire."""

    name: str
    slug: str
    vendor: Any

    def is_write(self, method: str, path: str) -> bool:
        """Whether a request may change members."""
        return self.name == LEDGER and method not in ("GET", "HEAD") and "token" not in path

    def catch_up(self) -> None:
        """What is due by now is done."""
        CATCH_UP.get(self.slug, lambda vendor: None)(self.vendor)


class PeopleWorld:
    """See the module. `template` is an empty database; `mode` is that of the flow."""

    def __init__(self, settings: Any, template: bytes, scenario: str, mode: str, home: Path) -> None:
        self.scene: Scene = scene_of(scenario)
        self.scenario, self.mode, self.home = scenario, mode, home
        self.clock = TrueClock()
        self.baton = Baton(self.clock)
        self.host = HostClock(self.clock, self.baton.sleep)
        self.wire = Wire(self.baton, self.clock, lambda *moved: None)
        self.trace: list[str] = []
        self.violations: list[Violation] = []
        self.counts: Counter[str] = Counter()
        self._heard: tuple[Any, int] | None = None
        self.states: dict[str, tuple[str, str]] = {}
        self.disk_full = False
        self.address, self.down = "", False
        self.places = {name: self._place(name) for name in (PAYROLL, LEDGER)}
        for name, place in self.places.items():
            self.wire.connect(PORTS[name], place)  # type: ignore[arg-type]
        self.product = PeopleProduct(settings, self.host, self.wire, self.baton)
        self.product.path.write_bytes(template)
        self.wire.notes = self.note
        self.wire.inside_transaction = lambda: bool(self.product.wrapper.in_atomic_block)
        self.serving = Process("serve")
        self.product.open(self)
        self.desk = PeopleDesk(self.product, "serve")
        self.zone = ZoneInfo(self.scene.people["zones"])
        script = load_scenario(scenario)
        self.judge = RestJudge(script)
        self.judge.strangers = frozenset(str(row["id"]) for row in self.members())

    # --- setting up -----------------------------------------------------------------------------------------

    def set_up(self) -> None:
        """Both connections, sign-in, the flow, and the payroll's notifications."""
        desk, described = PeopleDesk(self.product, ANNA), {}
        for name, place in self.places.items():
            described[place.slug] = place.vendor.describe(f"http://127.0.0.1:{PORTS[name]}")
            described[place.slug]["base_url"] = f"http://127.0.0.1:{PORTS[name]}"
        scene, payroll = self.scene, payroll_scene()
        entities = scene.entities(described)
        names = ("token_url", "organization", "client_id", "client_secret")
        platform = {name: described[payroll.payroll]["credentials"][name] for name in names}
        values = {**payroll.settings(described[payroll.payroll]), **platform, **payroll.unlimited}
        desk.connect(PAYROLL, payroll.payroll, values)
        values = {**scene.settings(described[scene.ledger], [*entities.values()]), **scene.unlimited}
        desk.connect(LEDGER, scene.ledger, values)
        if scene.signs_in:
            desk.sign_in(LEDGER, self.consent)
        options = {**scene.people, "entities": ",".join(f"{a}={b}" for a, b in entities.items())}
        desk.keep_workers(PAYROLL, LEDGER, self.mode, STARTS_ON, options)
        self.address = desk.notify(PAYROLL, "http://127.0.0.1:9999")

    def _place(self, name: str) -> Place:
        slug = payroll_scene().payroll if name == PAYROLL else self.scene.ledger
        module = importlib.import_module(f"ml_connector_sandbox.systems.{slug}")
        given: dict[str, Any] = {"send": self._deliver} if name == PAYROLL else {}
        switches = {"workers": WORKERS} if name == PAYROLL else self.scene.switches
        script = load_scenario(self.scenario)
        vendor = module.build(
            scenario=self.scenario,
            clock=self.clock,
            seed=1,
            profile="fast",
            switches={**getattr(script, "SWITCHES", {}).get(slug, {}), **switches},
            register=None,
            **given,
        )
        return Place(name, slug, vendor)

    def consent(self, url: str) -> str:
        """Somebody lets the product in at the ledger's page; the address the browser is sent to."""
        target = "/" + url.partition("://")[2].partition("/")[2]
        return str(
            self.places[LEDGER].vendor.handle(Request(method="GET", target=target)).headers["Location"]
        )

    # --- payroll and ledger ---------------------------------------------------------------------------------

    def at(self, place: str, action: str, wish: Mapping[str, Any]) -> Any:
        """What somebody does at a screen. Raises `ValueError` for what is refused there."""
        try:
            return self.places[place].vendor.control(action, dict(wish))
        except (KeyError, ValueError) as error:
            raise ValueError(str(error)) from error

    def people(self) -> list[Any]:
        """Every employment that payroll knows."""
        return list(self.at(PAYROLL, "people", {})["people"])

    def members(self) -> list[Any]:
        """What the ledger has on the axis of workers."""
        self.places[LEDGER].catch_up()
        axis = self.scene.people["axis"]
        return [row for row in self.at(LEDGER, "members", {})["members"] if row["axis"] == axis]

    @property
    def today(self) -> date:
        """The day in the companies."""
        return self.clock.now().astimezone(self.zone).date()

    @property
    def busy(self) -> bool:
        """Whether a pass has begun and not ended, or may still write."""
        return any(state not in ("done", "cancelled") for state, _ in self.states.values())

    @property
    def unheard(self) -> bool:
        """Whether any notification of the payroll did not arrive."""
        told = self.places[PAYROLL].vendor.books()["webhooks"]
        return bool(told["lost"]) or len(set(told["taken"])) < told["events"]

    def _deliver(self, url: str, body: bytes, headers: Mapping[str, str]) -> int | None:
        """A notification arrives, where somebody listens. None does in the middle of what a task asks."""
        if self.baton.current is not None or self.down or not self.serving.alive:
            return None
        self.counts["notifications"] += 1
        return self.desk.hear(url, {**headers, "content-type": "application/json"}, body)

    # --- the trace ------------------------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{self.clock.now():%m-%d %H:%M:%S} {text}")

    def blame(self, *violations: Violation) -> None:
        """Something is wrong."""
        for violation in violations:
            self.note(f"WRONG {violation}")
            self.violations.append(violation)

    @property
    def wrong(self) -> bool:
        """Whether anything is."""
        return bool(self.violations)

    # --- as the database watches ----------------------------------------------------------------------------

    def before(self) -> None:
        """The product is about to write."""
        self.baton.check()
        self.baton.point()

    def full(self) -> bool:
        """Whether the disk is full."""
        return self.disk_full

    def after(self) -> None:
        """The product has committed."""
        self.poll()
        self.baton.point()

    def poll(self) -> None:
        """Hear what the product says of its passes, where it has written anything since."""
        written = self.product.written()
        if written == self._heard:
            return
        self._heard = written
        for identity, state, stage in self.product.states():
            if self.states.get(identity) == (state, stage):
                continue
            self.states[identity] = state, stage
            self.counts["passes"] += state == "done"
            if state not in ("ready", "running"):
                view = next(view for view in self.product.runs() if view.id == identity)
                codes = "; ".join(f"[{code}] {text}" for code, _, text, _ in view.problems)
                self.note(f"{identity} is {state} in {stage}: {codes or view.summary}")

    # --- processes ------------------------------------------------------------------------------------------

    def go(self, which: int, points: int) -> bool:
        """Let one of all tasks and able passes go on."""
        tasks = [task for task in self.baton.tasks if self.baton.able(task)]
        live = {task.subject for task in self.baton.tasks}
        passes = [] if self.down else [run for run in self.product.able() if run not in live]
        if not tasks and not passes:
            return False
        which %= len(tasks) + len(passes)
        if which < len(tasks):
            task = tasks[which]
        else:
            run = passes[which - len(tasks)]
            task = self.serve(f"{run} goes on", partial(PeopleDesk.carry_out, run=run), run)
        self.baton.go(task, points)
        self.judge.saw(self.members())
        if task.ended:
            self._ended(task)
        return True

    def serve(self, text: str, work: Callable[[PeopleDesk], Any], subject: str = "") -> Task:
        """The serving process does something."""
        return self.baton.spawn(text, self.serving, lambda desk=self.desk: work(desk), subject=subject)  # type: ignore[misc]

    def command(self, text: str, work: Callable[[PeopleDesk], Any]) -> Task:
        """A person types a command: a process of its own."""
        self.note(f"anna: {text}")
        return self.baton.spawn(text, Process(text), lambda: work(PeopleDesk(self.product, ANNA)))

    def _ended(self, task: Task) -> None:
        self.poll()
        if isinstance(task.error, Refusal):
            self.note(f"{task.name}: refused: {task.error}")
        elif task.error is not None and not (self.disk_full or isinstance(task.error, MemoryError)):
            text = f"{task.name} raised {type(task.error).__name__}: {task.error}"
            self.blame(Violation("defect", text))

    def crash(self) -> None:
        """The serving process dies where it stands, and is started again."""
        dying = self.baton.kill(self.serving)
        self.note(f"serve dies in {', '.join(task.name for task in dying) or 'idleness'}")
        self.counts["kills"] += 1
        self.serving = Process("serve")
        self.desk = PeopleDesk(self.product, "serve")

    # --- time -----------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Time goes by; what was due meanwhile happens in its order."""
        until = self.clock.now() + timedelta(seconds=seconds)
        while (due := self.wire.next_due()) is not None and due <= until:
            self.clock.advance(max(0.0, (due - self.clock.now()).total_seconds()))
            self.wire.apply_due()
        self.clock.advance((until - self.clock.now()).total_seconds())

    def wait(self) -> bool:
        """Let time go on to the next moment at which something happens by itself."""
        due = self.product.next_due()
        moments = [self.host.true(due) if due else None, self.baton.next_due(), self.wire.next_due()]
        known = [moment for moment in moments if moment is not None]
        if not known:
            return False
        self.advance(max(0.0, (min(known) - self.clock.now()).total_seconds()) + 0.001)
        return True

    def rest(self) -> None:
        """Let everything go on until nothing can, or nothing changes for hours."""
        since, seen = self.clock.now(), self._signature()
        for _ in range(ROUNDS_MAX):
            if self.wrong or (not self.go(0, 10**6) and not self.wait()):
                return
            if (now := self._signature()) != seen:
                since, seen = self.clock.now(), now
            if self.clock.now() - since > STILL and not self.baton.tasks:
                return
        self.blame(Violation("endless", "the passes do not come to rest"))

    def _signature(self) -> tuple[object, ...]:
        runs = tuple(
            (run, "" if state in UNDER_WAY else state, stage) for run, (state, stage) in self.states.items()
        )
        return runs, self.wire.counts["sends"]

    def end(self) -> None:
        """Leave the world."""
        for process in {id(task.process): task.process for task in self.baton.tasks}.values():
            self.baton.kill(process)
        self.product.close()
