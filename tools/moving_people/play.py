"""Plays a world of people from a seed to its peace, and judges it there.

In peace nothing goes wrong any more: the controller decides about what waits, and passes are made until one
finds nothing to change but what a person has to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from moving_world import adapter
from moving_world.baton import Baton, Endless
from moving_world.clock import HostClock, TrueClock
from moving_world.install import Control, folder
from moving_world.wire import Wire

from ml_connector_sandbox.judges.moving import Violation
from ml_connector_sandbox.judges.people import bare
from moving_people.acts import ACTS, decide, make_pass, names
from moving_people.adapter import PeopleProduct
from moving_people.world import SCENARIOS, PeopleWorld

MODES = ("automatic", "automatic", "approve")
STEPS = (25, 60)
POINTS = (1, 2, 3, 5, 8, 13, 34, 400, 400)
PEACE_ROUNDS_MAX = 8
WEEK_SECONDS = 8 * 86_400
FIGURES = ("steps", "passes", "sends", "faults", "kills", "notifications", "edits", "members", "shown")
"""What is counted of a world. `members` and `shown`, what stands open before people, are those at rest."""


@dataclass(slots=True)
class Outcome:
    """What became of a world."""

    seed: int
    trace: list[str]
    violations: list[Violation]
    counts: dict[str, int] = field(default_factory=dict)


class Ground:
    """What worlds stand on: a folder, the settings of its installation, and an empty database."""

    def __init__(self, home: Path) -> None:
        self.home, self.settings = home, adapter.prepare(home)
        clock = TrueClock()
        baton = Baton(clock)
        wire = Wire(baton, clock, lambda *moved: None)
        product = PeopleProduct(self.settings, HostClock(clock, baton.sleep), wire, baton)
        product.path.write_bytes(b"")
        product.open(None)
        product.migrate()
        product.close()
        self.template = product.path.read_bytes()


@contextmanager
def ground() -> Iterator[Ground]:
    """A folder for as long as it is needed."""
    with folder("moving-people-") as home:
        yield Ground(home)


def play(place: Ground, seed: int) -> Outcome:
    """Play a seed. Three in a row are of the three ledgers."""
    dice, control = Random(f"people {seed}"), Control()
    with control.of(f"people {seed}"):
        world = PeopleWorld(
            place.settings, place.template, SCENARIOS[seed % len(SCENARIOS)], dice.choice(MODES), place.home
        )
        control.sleep = world.baton.sleep
        try:
            world.set_up()
            world.note(f"{world.scenario}, {world.mode}")
            make_pass(world, dice)
            world.rest()
            decide(world)
            world.rest()
            _steps(world, dice)
            if not world.wrong:
                _peace(world)
        except Endless as error:
            world.blame(Violation("endless", str(error)))
        finally:
            world.end()
    counts = {**world.counts, **world.wire.counts}
    return Outcome(seed, world.trace, world.violations, counts)


def _steps(world: PeopleWorld, dice: Random) -> None:
    weights = [ACTS[name][0] * dice.choice((0.5, 1, 1, 2)) for name in names()]
    eager = dice.choice((0.3, 0.5, 0.7))
    for _ in range(dice.randrange(*STEPS)):
        world.counts["steps"] += 1
        if dice.random() < eager and world.go(dice.randrange(8), dice.choice(POINTS)):
            pass
        elif dice.random() < 0.1:
            world.wait()
        elif dice.random() < 0.15:
            world.rest()
        else:
            name = dice.choices(names(), weights)[0]
            if ACTS[name][1](world, dice):
                world.counts[f"act {name}"] += 1
        if world.wrong:
            return


def _peace(world: PeopleWorld) -> None:
    world.note("--- peace ---")
    world.wire.armed.clear()
    world.host.offset = timedelta(0)
    world.rest()
    noon = datetime.combine(world.clock.now().date() + timedelta(days=1), datetime.min.time(), UTC)
    world.advance((noon + timedelta(hours=16) - world.clock.now()).total_seconds())
    world.rest()
    wrong = _settled(world)
    if {code for code, _ in wrong} == {"extra"} and world.unheard:
        world.note("a hire may have been withdrawn that nobody heard of: everybody is read once a week")
        world.counts["weekly reads"] += 1
        world.advance(WEEK_SECONDS)
        wrong = _settled(world)
    world.blame(*(Violation(code, text) for code, text in wrong))
    world.blame(*(Violation("audit", fault) for fault in world.product.audit_faults()))
    world.blame(*(Violation("network in a transaction", text) for text in sorted(set(world.wire.wrong))))


def _settled(world: PeopleWorld) -> list[tuple[str, str]]:
    """Passes are made until one finds nothing to do; what the judge says then."""
    for _ in range(PEACE_ROUNDS_MAX):
        if world.wrong:
            return []
        before = world.wire.counts["sends"]
        while decide(world):
            world.rest()
        world.advance(600)
        make_pass(world, Random(0))
        world.rest()
        while decide(world):
            world.rest()
        newest = next(reversed(world.states))
        looked = world.states[newest][0] == "done" or world.states[newest] == ("held", "verify")
        if looked and world.wire.counts["sends"] == before:
            shown = {(entity, bare(code)) for entity, code in world.product.shown(newest)}
            world.counts["members"], world.counts["shown"] = len(world.members()), len(shown)
            return world.judge.at_rest(world.people(), world.today, world.members(), shown)
    return [("endless", f"passes do not come to an end: {list(world.states.items())[-3:]}")]
