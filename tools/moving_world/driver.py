"""Drives a world through its schedule: a list of steps, each a name and some numbers.

    ["go", which, points]    a task, or a run that is able, goes on for so many points
    ["wait"]                 time goes on to the next moment at which something happens
    [name of an act, …]      somebody does something

A schedule is drawn step by step, or given: the same shape and steps always make the same world. A world
begins with an opening (two proposals that wait, in about half of the worlds) and ends in peace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from ml_connector_sandbox.judges.moving import Violation, ownerless
from moving_world import faults as _adds_its_acts  # noqa: F401
from moving_world import setting_up
from moving_world import twin as _adds_more  # noqa: F401
from moving_world.acts import ACTS, Act
from moving_world.baton import Endless
from moving_world.install import Control, Ground
from moving_world.peace import make_peace
from moving_world.shape import Shape, draw
from moving_world.truth import ON_THE_WAY
from moving_world.turns import go_on
from moving_world.world import World

Step = tuple[Any, ...]
SEEDS_A_SHAPE = 10
STEPS_MAX = 90
POINTS = (1, 2, 3, 5, 8, 13, 34, 400, 400, 400)
REST_ROUNDS_MAX = 400
REST_SECONDS = 3 * 3600.0
LOOKS_MAX = 20
LEAP_SECONDS = 900.0
FAILED: tuple[Step, ...] = (
    ("payroll calculates", 0, 100),
    ("memory runs out", 1, 1),
    ("run payroll", 0),
    ("rest",),
    ("approve", 0, 1),
    ("rest",),
)
CLOSED: tuple[Step, ...] = (
    ("payroll calculates", 0, 100),
    ("run payroll", 0),
    ("rest",),
    ("the books are closed in the middle", 0),
    ("approve", 0, 1),
    ("rest",),
    ("close", 0),
    ("rest",),
)
LATE: tuple[Step, ...] = (
    ("payroll calculates", 0, 200),
    ("a send is late", 3),
    ("run payroll", 0),
    ("rest",),
    ("approve", 0, 1),
    ("go", 0, 400),
    ("go", 0, 400),
)
"""Another pay, whose entry the ledger takes and books later."""
OPENINGS: dict[str, tuple[Step, ...]] = {
    "nothing": (),
    "one is begun": (("payroll calculates", 0, 100), ("run payroll", 0)),
    "one waits": (("payroll calculates", 0, 100), ("run payroll", 0), ("rest",)),
    "two wait": (
        ("payroll calculates", 0, 100),
        ("run payroll", 0),
        ("rest",),
        ("payroll calculates again", 0, 300, 7),
        ("run payroll", 0),
        ("rest",),
    ),
    "two are approved": (
        ("payroll calculates", 0, 100),
        ("run payroll", 0),
        ("rest",),
        ("payroll calculates again", 0, 0, 0),
        ("run payroll", 0),
        ("rest",),
        ("approve", 0, 1),
        ("approve", 1, 1),
    ),
    "one is booked": (
        ("payroll calculates", 0, 100),
        ("run payroll", 0),
        ("rest",),
        ("approve", 0, 1),
        ("rest",),
    ),
    "one has failed": FAILED,
    "one has failed and one is late": (*FAILED, *LATE),
    "one is restored": (
        ("payroll calculates", 0, 100),
        ("run payroll", 0),
        ("rest",),
        ("back up", 0),
        ("restore", 0),
        ("a read goes wrong", 4, 2),
        ("resume", 0),
        ("go", 0, 400),
        ("go", 0, 400),
    ),
    "one is late": (
        ("payroll calculates", 0, 100),
        ("run payroll", 0),
        ("rest",),
        ("cancel", 0),
        ("a send goes wrong", 3, 3),
        ("run payroll", 0),
        ("rest",),
        ("approve", 0, 1),
        ("go", 0, 400),
        ("go", 0, 400),
        ("payroll calculates", 0, 300),
        ("run payroll", 0),
        ("the nightly look is due", 0),
    ),
    "one is closed": CLOSED,
    "one is closed and one is late": (
        *CLOSED,
        ("a period is opened", 0, 0),
        ("a period is opened", 0, 1),
        *LATE,
    ),
}
"""How a world begins. What is booked and then closed needs two companies in two entities: see `shape`."""
LIKED = (
    "a send goes wrong",
    "a send is late",
    "a read goes wrong",
    "a sign-in is revoked",
    "memory runs out",
    "restore",
    "restore beside the living",
    "serve dies",
    "the clock steps",
    "the disk is full",
    "the key file is away",
)
"""Acts by which things go wrong. A seed likes two of them, and comes to these early and often: one that likes
all of them would seldom see two of the same kind, or anything else.
"""
LIKED_WEIGHT, UNLIKED = 16.0, 0.3
"""The weight of an act that a seed likes, and how much less it draws the others of the list."""


@dataclass(slots=True)
class Outcome:
    """What became of a world. What `coverage` counts is told there."""

    seed: int
    shape: Shape
    steps: list[Step]
    trace: list[str]
    violations: list[Violation]
    counts: dict[str, int] = field(default_factory=dict)
    coverage: dict[tuple[str, str, str], int] = field(default_factory=dict)


def shape_of_seed(seed: int) -> Shape:
    """The shape of a seed. A few seeds share one, and its opening with it."""
    turn = seed // SEEDS_A_SHAPE
    return draw(Random(f"shape {turn}"), turn)


class Game:
    """One world from its opening to its end."""

    def __init__(self, ground: Ground, shape: Shape) -> None:
        ground.clear()
        self.shape = shape
        self.steps: list[Step] = []
        self._control = Control()
        with self._control.of("opening"):
            template = ground.template(shape)
            self.world = World(shape, ground.home, ground.settings, template, claims=ground.claims)
            self.world.tolerates = ground.tolerates
            self._control.sleep = self.world.baton.sleep
            for books in self.world.ledgers.values():
                books.signed_in()
            for flow in self.world.flows:
                setting_up.set_flow(self.world, flow)
                rest(self.world)

    def open(self) -> None:
        """The opening of the shape."""
        with self._control.of("opening"):
            self._take(OPENINGS[self.shape.opening])

    def play(self, seed: int) -> Outcome:
        """Go on as the seed will have it, to the end."""
        dice = Random(f"steps {seed}")
        return self._to_the_end(seed, drawn_steps(self.world, dice))

    def replay(self, seed: int, steps: Sequence[Step]) -> Outcome:
        """Go on as these steps say, to the end."""
        return self._to_the_end(seed, steps)

    def _to_the_end(self, seed: int, steps: Iterable[Step]) -> Outcome:
        world = self.world
        try:
            with self._control.of(f"seed {seed}"):
                if not world.wrong:
                    self._take(steps)
                if not world.wrong:
                    make_peace(world, lambda: rest(world))
        except Endless as error:
            world.blame(Violation("endless", str(error)))
        finally:
            world.end()
        counts = {**world.counts, **world.wire.counts, "points": world.baton.points, "steps": len(self.steps)}
        return Outcome(
            seed, self.shape, self.steps, world.trace, world.violations, counts, dict(world.coverage.cells)
        )

    def _take(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self.steps.append(step)
            take(self.world, step)
            self.world.blame(*ownerless(_plain(self.world)))
            if self.world.wrong:
                return


def play(ground: Ground, seed: int) -> Outcome:
    """Play a seed."""
    game = Game(ground, shape_of_seed(seed))
    game.open()
    return game.play(seed)


def replay(ground: Ground, seed: int, shape: Shape, steps: Sequence[Step]) -> Outcome:
    """Play a schedule that is given, its opening included."""
    game = Game(ground, shape)
    opening = OPENINGS[shape.opening]
    if tuple(steps[: len(opening)]) == opening:
        game.open()
        steps = steps[len(opening) :]
    return game.replay(seed, steps)


def take(world: World, step: Step) -> bool:
    """Take one step; whether there was anything to do."""
    name, *numbers = step
    world.coverage.step(world.lasting())
    if name == "go":
        return go(world, *numbers)
    if name == "wait":
        return wait(world)
    if name == "rest":
        rest(world)
        return True
    found = ACTS[name]
    world.coverage.act(found.actor, (run.state for run in world.runs.values()))
    world.counts[f"act {found.actor}"] += 1
    return found.do(world, numbers)


def go(world: World, which: int, points: int) -> bool:
    """Let one of all tasks and able runs go on."""
    tasks = [task for task in world.baton.tasks if world.baton.able(task)]
    passes = world.passes()
    if not tasks and not passes:
        return False
    which %= len(tasks) + len(passes)
    task = tasks[which] if which < len(tasks) else world.take_up(passes[which - len(tasks)])
    go_on(world, task, points)
    return True


def wait(world: World) -> bool:
    """Let time go on to the next moment at which something happens by itself."""
    moment = world.next_moment()
    if moment is None:
        return False
    world.advance(max(0.0, (moment - world.clock.now()).total_seconds()) + 0.001)
    return True


def rest(world: World) -> None:
    """Let everything go on until nothing can and nothing more is due, or until runs only look again and again
    whether somebody else has ended, and nothing changes by that for hours.
    """
    since, seen, looks = world.clock.now(), _signature(world), 0
    for _ in range(REST_ROUNDS_MAX):
        if not go(world, 0, 10**6) and not wait(world):
            return
        if world.wrong:
            return
        now = _signature(world)
        if now != seen:
            since, seen, looks = world.clock.now(), now, 0
        looks += 1
        if world.clock.now() - since > timedelta(seconds=REST_SECONDS) and not world.baton.tasks:
            return
        if looks > LOOKS_MAX:
            world.advance(LEAP_SECONDS)
    world.blame(Violation("endless", "the runs do not come to rest"))


def _signature(world: World) -> tuple[object, ...]:
    """What changes when anything does but the moment at which somebody looks again."""
    runs = tuple(
        (run.id, "" if run.state in ON_THE_WAY else run.state, run.stage) for run in world.runs.values()
    )
    return runs, world.wire.counts["sends"]


def _plain(world: World) -> Iterator[dict[str, object]]:
    for run in world.runs.values():
        owners = [owner for _, _, _, owner in run.view.problems]
        yield {"run": run.name, "state": run.state, "owners": owners, "due": run.view.due}


def drawn_steps(world: World, dice: Random) -> Iterator[Step]:
    """Steps by lot: whatever this seed likes to do."""
    liked = dice.sample(LIKED, 2) if dice.random() < 0.8 else []
    acts = [act for _, act in sorted(ACTS.items()) if dice.random() < 0.8 or act.name in liked]
    weights = [_weight(act, liked) * dice.choice((0.5, 1, 1, 2)) for act in acts]
    eager = dice.choice((0.3, 0.5, 0.7))
    if any(name.startswith("restore") for name in liked):
        yield "back up", 0
    for _ in range(dice.randrange(20, STEPS_MAX)):
        if (world.baton.tasks or world.passes()) and dice.random() < eager:
            yield "go", dice.randrange(8), dice.choice(POINTS)
        elif world.disk_full and dice.random() < 0.4:
            yield "the disk is full", 0
        elif world.keys_away and dice.random() < 0.4:
            yield "the key file is away", 0
        elif dice.random() < 0.12:
            yield ("wait",)
        elif dice.random() < 0.08:
            yield ("rest",)
        else:
            act = dice.choices(acts, weights)[0]
            yield act.name, *(dice.randrange(1000) for _ in range(act.numbers))


def _weight(act: Act, liked: Sequence[str]) -> float:
    """How often a seed draws the act that likes some faults more than the others."""
    if not liked or act.name not in LIKED:
        return act.weight
    return LIKED_WEIGHT if act.name in liked else act.weight * UNLIKED
