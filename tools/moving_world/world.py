"""One world: payrolls, ledgers, the product between them, and the truth about every pay.

Everything that happens goes through here, so that the judge hears of it and the trace tells it: what payroll
calculated, what people did to the books, what the product wrote, and what it says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ml_connector_sandbox.judges.coloured import Torn, counted
from ml_connector_sandbox.judges.looked import Lines, LookJudge, Paper
from ml_connector_sandbox.judges.moving import MovingJudge, Violation
from moving_world.adapter import Desk, Product
from moving_world.baton import Baton, Process, Task
from moving_world.clock import HostClock, TrueClock
from moving_world.coverage import Coverage
from moving_world.ledgers.ledger import Document, Ledger
from moving_world.paid import Paid
from moving_world.places import connect, ledgers_of, payrolls_of
from moving_world.shape import Shape
from moving_world.truth import AT_REST, DONE, Pay, Run
from moving_world.views import Refusal
from moving_world.wire import Wire


class World(Paid):
    """See the module. `home` holds the installation, `template` an empty one that is set up."""

    def __init__(
        self, shape: Shape, home: Path, settings: Any, template: bytes, *, claims: bool = True
    ) -> None:
        self.shape, self.home = shape, home
        self.clock = TrueClock()
        self.baton = Baton(self.clock)
        self.host = HostClock(self.clock, self.baton.sleep)
        self.wire = Wire(self.baton, self.clock, self.moved)
        self.judge = MovingJudge()
        self.papers = LookJudge()
        self.trace: list[str] = []
        self.violations: list[Violation] = []
        self.tolerates: frozenset[str] = frozenset()
        self.pays: list[Pay] = []
        self.flows = list(shape.flows)
        self.runs: dict[str, Run] = {}
        self._met: dict[str, Run] = {}
        self.references: dict[tuple[str, str], tuple[Pay, int, tuple[str, ...]]] = {}
        self.wanted: set[tuple[int, str, str]] = set()
        self.mess: list[tuple[str, Callable[[], None]]] = []
        self.looked: dict[str, tuple[str, str]] = {}
        self.options: dict[str, dict[str, str]] = {}
        self.hosts: dict[str, str] = {}
        self.periods: dict[str, dict[str, str]] = {}
        self.backups: list[Path] = []
        self.paused: set[str] = set()
        self.by_hand: dict[tuple[str, str], tuple[Pay, str]] = {}
        self.disk_full = self.keys_away = self.down = self.revoked = False
        self._heard: tuple[Any, int] | None = None
        self.twin: Product | None = None
        self.after_a_send: list[Callable[[str], None]] = []
        self.counts: Counter[str] = Counter()
        self.coverage = Coverage()
        self._shown_at: dict[str, datetime] = {}
        self._makers: dict[tuple[str, str], str | None] = {}
        self._written: dict[tuple[str, str], Lines] = {}
        self.payrolls = payrolls_of(self.clock, shape)
        self.ledgers: dict[str, Ledger] = ledgers_of(self.clock, shape)
        connect(self.wire, self.payrolls, self.ledgers)
        self.product = Product(settings, self.host, self.wire, self.baton, claims=claims)
        self.product.path.write_bytes(template)
        self.wire.notes = self.note
        self.wire.met = self.coverage.met
        self.wire.pass_of = self.pass_of
        self.wire.inside_transaction = lambda: bool(self.product.wrapper.in_atomic_block)
        self.serving = Process("serve")
        self.product.open(self)
        self.desk = Desk(self.product, "serve")
        self.older = {identity for identity, _, _ in self.product.states()}
        """Runs of a release before, which are of no flow of this world."""

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
        """Whether anything is wrong that ends the world."""
        return any(violation.code not in self.tolerates for violation in self.violations)

    # --- ledgers --------------------------------------------------------------------------------------------

    def moved(self, name: str, by: str | None, excused: bool, began: int | None = None) -> None:
        """Let the judge look at what changed. `began` is the pass that sent it, where the ledger was slow."""
        books = self.ledgers.get(name)
        if books is None:
            return
        for entity in books.changed():
            run = self._met.get(by or "")
            balances = books.balances(entity)
            self.papers_of(name, entity)
            for held in books.documents(entity):
                if by is not None and self._makers.setdefault((name, held.key), by) == by:
                    self._written[name, held.key] = held.lines
                self._makers.setdefault((name, held.key), by)
            hidden = by is None and bool(books.lag_seconds)
            if hidden:
                self._shown_at[name] = self.clock.now() + timedelta(seconds=books.lag_seconds)
            before = self._held(name, entity)
            told = self.judge.holds(
                name,
                entity,
                balances,
                run.name if run else by,
                excused=excused,
                hidden=hidden,
                strangers={} if by is None else self._strangers(books, entity),
                began=began,
            )
            self.blame(*told)
            who = "people" if by is None else f"{run.name if run else 'nobody'}{' (late)' if excused else ''}"
            self.note(f"{name} {entity} is changed by {who}: {self._held(name, entity)}")
            while by is not None and self.after_a_send and self._held(name, entity) != before:
                self.after_a_send.pop()(name)

    def papers_of(self, name: str, entity: str) -> None:
        """Let the judge of looks see what stands in the entity. A journal without lines is nothing yet."""
        papers = [
            Paper(held.key, entity, held.number, held.lines, _counts(held))
            for held in self.ledgers[name].documents(entity)
            if held.lines
        ]
        self.papers.holds(name, entity, papers, self.clock.now())

    def _strangers(self, books: Ledger, entity: str) -> dict[int, list[int]]:
        """What documents of others hold of each colour, as long as nobody named them to the product. One that
        is just what the product wrote, or just that turned round, says itself what it stands for.
        """
        known = self.product.known_documents(books.name)
        ours = [self._written.get((books.name, key), ()) for key in known if key.startswith(f"{entity}/")]
        written = {_in_order(lines) for lines in ours}
        written |= {_in_order((code, -cents, center) for code, cents, center in lines) for lines in ours}
        found: dict[int, list[int]] = {}
        for document in books.documents(entity):
            if _in_order(document.lines) in written:
                continue
            if self.made_by_people(books.name, document) and document.key not in known:
                for colour, parts in _counts(document).items():
                    found.setdefault(colour, []).append(parts)
        return found

    def made_by(self, ledger: str, document: Document) -> str | None:
        """The run that wrote the document, by its id; `None` where people did. Ledgers say who made each."""
        return self._makers.get((ledger, document.key), "")

    def made_by_people(self, ledger: str, document: Document) -> bool:
        """Whether no run wrote it."""
        return self.made_by(ledger, document) is None

    def pass_of(self, run: str | None) -> int | None:
        """The pass that the run is in, as the judge counts."""
        known = self.runs.get(run or "")
        return self.judge.pass_of(known.name) if known else None

    def began(self, run: str) -> None:
        """A pass of the run begins, or a command about it."""
        for name, due in list(self._shown_at.items()):
            if due <= self.clock.now():
                del self._shown_at[name]
                self.judge.shown(name)
        self.judge.began(run)

    def by_people(self, name: str, text: str) -> None:
        """Ledger people did something."""
        self.note(f"somebody at {name} {text}")
        self.moved(name, None, False)

    def carries(self, document: Document, pay: Pay) -> bool:
        """Whether the document holds money of the pay, as anybody can see in its lines; two that take each
        other back hold none.
        """
        if document.void:
            return False
        counts = _counts(document)
        return any(counts.get(colour) for colour in pay.colours.values())

    def parts_in(self, document: Document, colour: int) -> int:
        """How many parts of a colour the document holds."""
        return _counts(document).get(colour, 0)

    def of_colour(self, colour: int) -> tuple[Pay, str]:
        """The pay and the company that a colour is of."""
        return next(
            (pay, company) for pay in self.pays for company, own in pay.colours.items() if own == colour
        )

    def _held(self, name: str, entity: str) -> str:
        counts = {
            f"pay {pay.number} {company}": self.judge.parts(name, entity, colour)
            for pay in self.pays
            for company, colour in pay.colours.items()
        }
        return ", ".join(f"{place} {parts}" for place, parts in counts.items() if parts) or "nothing"

    # --- the product ----------------------------------------------------------------------------------------

    def before(self) -> None:
        """The product is about to write: as `backend.Watcher`."""
        self.baton.check()
        self.baton.point()

    def full(self) -> bool:
        """Whether the disk is full."""
        return self.disk_full

    def move_keys(self, away: bool) -> None:
        """Somebody takes the key file away, or puts it back. A process that serves does not start without."""
        self.keys_away = away
        self.down = self.down and away
        self.product.move_keys(away)

    def lasting(self) -> list[str]:
        """Faults that strike as long as they last."""
        lasts = {"disk full": self.disk_full, "no keys": self.keys_away}
        return [fault for fault, now in lasts.items() if now]

    def after(self) -> None:
        """The product has committed."""
        self.poll()
        self.baton.point()

    def poll(self) -> None:
        """Hear what the product says of its runs, where it has written anything since."""
        written = self.product.written()
        if written == self._heard:
            return
        self._heard = written
        for identity, state, stage in self.product.states():
            if identity in self.older:
                continue
            run = self.runs.get(identity)
            if run is None:
                run = self._meet(identity)
            if (run.state, run.stage) == (state, stage):
                continue
            run.state, run.stage = state, stage
            self.counts[f"run {state}"] += 1
            if state in AT_REST or state == "waiting":
                run.view = next(view for view in self.product.runs() if view.id == identity)
                codes = "; ".join(f"[{code}] {text}" for code, _, text, _ in run.view.problems)
                self.note(f"{run.name} is {state} in {stage}: {codes or run.view.summary}")
            if state == DONE and not run.view.dry:
                self.blame(*self.judge.says_done(run.name, run.lied_about, run.view.superseded))
                self.blame(*self._left_unposted(run))

    def _left_unposted(self, run: Run) -> list[Violation]:
        """What the run made and says to be booked, although nobody posted it."""
        books, known = self.ledgers[run.view.target], self.product.documents(run.id)
        return [
            Violation("false done", f"{run.name} says done, and {document.name} is not posted")
            for entity in books.entities
            for document in books.documents(entity)
            if document.key in known and not document.posted
        ]

    def _meet(self, identity: str) -> Run:
        """The product made a run."""
        view = next(view for view in self.product.runs() if view.id == identity)
        self.counts["runs"] += 1
        name = f"run {self.counts['runs']}"
        flow = next(flow for flow in self.flows if (flow.source, flow.target) == (view.source, view.target))
        known = self.references.get((view.source, view.reference))
        pay, calculation, companies = known or (None, None, ())
        original = self.runs.get(view.reverses)
        if original is not None and original.pay is not None:
            pay, calculation, companies = original.pay, None, tuple(original.pay.colours)
        run = Run(id=identity, name=name, view=view, pay=pay, calculation=calculation)
        self.runs[identity] = self._met[identity] = run
        entities = {company: flow.entities[company] for company in companies}
        what = (
            f"takes back {original.name}"
            if original
            else f"{'dry, ' if view.dry else ''}pay {pay.number if pay else '?'}"
        )
        self.note(f"{name} is made ({what}): {view.source} → {view.target}")
        if pay is not None and not view.dry:
            self.judge.started(name, pay.number, calculation, view.target, entities)
        return run

    def unseen(self, run: Run) -> None:
        """An approval was taken for entries that nobody looked at."""
        self.blame(Violation("approved unseen", f"{run.name} was approved as it was not shown to anybody"))

    def restored(self) -> None:
        """The database is an older one: forget the runs it does not know, and hear the others again."""
        kept = {identity for identity, _, _ in self.product.states()}
        self.runs = {identity: run for identity, run in self._met.items() if identity in kept}
        self.looked.clear()
        self.papers.forgotten()
        self.counts["restored"] += 1
        for view in self.product.runs():
            if run := self.runs.get(view.id):
                run.state, run.stage, run.view = view.state, view.stage, view
        self.desk = Desk(self.product, "serve")

    def secrets(self) -> dict[str, str]:
        """What must stand nowhere but in the vault, by name."""
        found = {}
        for payroll in self.payrolls.values():
            found[f"password of {payroll.name}"] = payroll.credentials["password"]
        for books in self.ledgers.values():
            found.update(books.secrets())
        return found

    # --- processes ------------------------------------------------------------------------------------------

    def passes(self) -> list[str]:
        """Runs that the serving process could go on with."""
        if self.down:
            return []
        live = {task.subject for task in self.baton.tasks}
        return [run for run in self.product.able() if run not in live]

    def take_up(self, run: str) -> Task:
        """The serving process begins a pass of a run."""
        self.began(self.runs[run].name)
        return self.baton.spawn(
            f"{self.runs[run].name} {self.runs[run].stage}",
            self.serving,
            lambda desk=self.desk: desk.carry_out(run),  # type: ignore[misc]
            subject=run,
        )

    def command(self, who: str, text: str, work: Callable[[Desk], Any], about: Run | None = None) -> Task:
        """A person types a command: a process of its own."""
        if about is not None and not any(task.subject == about.id for task in self.baton.tasks):
            self.began(about.name)

        def run() -> Any:
            try:
                result = work(Desk(self.product, who))
            except Refusal as refusal:
                self.note(f"{who}: {text}: refused: {refusal}")
                raise
            self.note(f"{who}: {text}")
            return result

        return self.baton.spawn(text, Process(text), run, subject="")

    def crash(self, process: Process) -> None:
        """A process dies where it stands."""
        dying = self.baton.kill(process)
        self.note(f"{process.name} dies in {', '.join(task.name for task in dying) or 'idleness'}")
        self.counts["kills"] += 1
        if process is self.serving:
            self.serving = Process("serve")
            self.down = self.keys_away
            self.desk = Desk(self.product, "serve")

    def reboot(self) -> None:
        """The machine starts anew: every process dies."""
        for process in {id(task.process): task.process for task in self.baton.tasks}.values():
            if process is not self.serving:
                self.crash(process)
        self.crash(self.serving)
        self.host.restart()

    def end(self) -> None:
        """Leave the world."""
        for process in {id(task.process): task.process for task in self.baton.tasks}.values():
            self.baton.kill(process)
        self.product.move_keys(False)
        self.product.close()

    # --- time -----------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Time goes by; what was due meanwhile happens in its order."""
        until = self.clock.now() + timedelta(seconds=seconds)
        while (due := self.wire.next_due()) is not None and due <= until:
            self.clock.advance(max(0.0, (due - self.clock.now()).total_seconds()))
            self.wire.apply_due()
        self.clock.advance((until - self.clock.now()).total_seconds())

    def next_moment(self) -> datetime | None:
        """When something happens by itself: a run is due, a sleeper wakes, a late request is handled."""
        due = self.product.next_due()
        moments = [self.host.true(due) if due else None, self.baton.next_due(), self.wire.next_due()]
        return min((moment for moment in moments if moment is not None), default=None)


def _counts(document: Document) -> dict[int, int]:
    """How many parts of each colour the document holds; nothing where that cannot be told."""
    try:
        return counted(document.balances())
    except Torn:
        return {}


def _in_order(lines: Iterable[tuple[str, int, str]]) -> Lines:
    return tuple(sorted(lines))
