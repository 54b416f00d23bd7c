"""The nightly look of the product, taken by the process that serves, and what is asked of its reports.

What it says of a deleted, edited or doubled document must be true of the ledger. A document of ours that
people changed more than a day ago must be reported by the next look. Nothing is asked of a look during which
the ledger changed, or which something disturbed: a fault, an answer of the ledger that was none, a disk or a
key file that is not there, a clock that somebody set. And the product says by itself how far back it looks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ml_connector_sandbox.judges.looked import DUPLICATE, EDITED, GONE, Report
from moving_world.acts import act
from moving_world.adapter import Desk
from moving_world.baton import Task
from moving_world.world import World

SAYS = {
    "booked.gone": GONE,
    "booked.edited": EDITED,
    "booked.twice": DUPLICATE,
    "documents.duplicate": DUPLICATE,
}
"""Code of an incident → what it says. The other codes ask a person."""
FORGETS = timedelta(days=44)
"""It looks back 45 days from the day on which a document was booked."""
DAY = timedelta(days=1)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
LOOK = "the nightly look"


@act("the nightly look is due", "serve", 9, 1)
def nightly(world: World, _: object) -> bool:
    """The serving process takes a look at every ledger that it did not look at for a day."""
    return take_a_look(world) is not None


def take_a_look(world: World) -> Task | None:
    """Begin a look; `None` where nobody serves, or one is being taken."""
    if world.down or any(task.name == LOOK for task in world.baton.tasks):
        return None
    desk = world.desk
    return world.baton.spawn(LOOK, world.serving, lambda: _look(world, desk))


def _look(world: World, desk: Desk) -> None:
    began, troubles = world.clock.now(), _troubles(world)
    looked = desk.look(now=False)
    world.note(f"the nightly look finds {looked or 'nothing due'}")
    calm = troubles == _troubles(world) and not world.lasting()
    for ledger, books in world.ledgers.items():
        changed = world.papers.changed_at(ledger) or LONG_AGO
        if changed >= began - timedelta(seconds=books.lag_seconds):
            continue
        named = [
            Report(SAYS.get(code, code), entity, number)
            for code, entity, number in world.product.incidents(ledger)
        ]
        if ledger in looked:
            said = [report for report in named if report.what in SAYS.values()]
            world.blame(*world.papers.false(ledger, said))
        if calm and not world.counts["clock steps"] and _could_look(world, ledger):
            ours = world.product.booked_documents(ledger, world.host.now() - FORGETS)
            world.blame(*world.papers.missing(ledger, named, ours, began - DAY))


def _troubles(world: World) -> tuple[int, int]:
    """What may have disturbed a look, so far."""
    return world.wire.counts["faults"], world.wire.counts["unhappy"]


def _could_look(world: World, ledger: str) -> bool:
    """Whether the last look at the ledger is of today; or, where it is not, nothing in this world was ever a
    reason.
    """
    at = world.product.looked_at(ledger)
    return (at is not None and world.host.now() - at <= DAY) or _troubles(world) == (0, 0)
