"""What can be done in a world of people: acts by name. An act takes the world and a dice, chooses among what
there is now, and answers whether there was anything to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any

from moving_world.wire import READ_FAULTS, WRITE_FAULTS, Fault

from moving_people.adapter import PeopleDesk
from moving_people.world import LEDGER, PAYROLL, PeopleWorld

SURNAMES = ("Moss", "Reed", "Lindqvist", "O'Neil", "van Dijk", "Berg")
WEBHOOKS: tuple[dict[str, Any], ...] = (
    {},
    {"webhook_lose_every": 2},
    {"webhook_duplicate_every": 2},
    {"webhook_reorder": True},
)
DAY_SECONDS = 86_400
Act = Callable[[PeopleWorld, Random], bool]
ACTS: dict[str, tuple[float, Act]] = {}


def act(name: str, weight: float) -> Callable[[Act], Act]:
    """Add an act, and how often it is drawn."""

    def add(do: Act) -> Act:
        ACTS[name] = weight, do
        return do

    return add


# --- the payroll's people -----------------------------------------------------------------------------------


def _day(world: PeopleWorld, dice: Random) -> date:
    """Today, or dated back, or ahead."""
    return world.today + timedelta(days=dice.choice((0, 0, -1, -3, 1, 2, 5)))


def _someone(world: PeopleWorld, dice: Random) -> Any:
    return dice.choice(world.people())


def _departments(world: PeopleWorld) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in world.people():
        found.setdefault(row["entity"], []).append(row["department"])
    return found


def _place(world: PeopleWorld, dice: Random, but: str = "") -> dict[str, str]:
    departments = _departments(world)
    companies = sorted(departments.keys() - {but})
    if not companies:
        return {}
    company = dice.choice(companies)
    return {"company": company, "department": dice.choice(departments[company])}


def _enter(world: PeopleWorld, action: str, wish: Mapping[str, Any]) -> bool:
    """Somebody types it at a screen of the payroll, which may refuse it."""
    try:
        world.at(PAYROLL, action, wish)
    except ValueError:
        return False
    world.note(f"payroll: {action} {' '.join(f'{name}={value}' for name, value in wish.items())}")
    return True


@act("hire", 8)
def hire(world: PeopleWorld, dice: Random) -> bool:
    """Somebody new."""
    wish = {**_place(world, dice), "date": _day(world, dice).isoformat(), "last_name": dice.choice(SURNAMES)}
    return _enter(world, "hire", wish)


@act("end", 7)
def end(world: PeopleWorld, dice: Random) -> bool:
    """An employment ends."""
    row = _someone(world, dice)
    wish = {"employee": row["person"], "company": row["entity"], "status": "T"}
    return _enter(world, "change_employee", {**wish, "date": _day(world, dice).isoformat()})


@act("rehire", 7)
def rehire(world: PeopleWorld, dice: Random) -> bool:
    """Somebody who left comes back."""
    gone = [row for row in world.people() if row["statuses"][-1]["status"] == "T"]
    if not gone:
        return False
    wish = {"employee": dice.choice(gone)["person"], "date": _day(world, dice).isoformat()}
    return _enter(world, "rehire", {**wish, **(_place(world, dice) if dice.random() < 0.3 else {})})


@act("rename", 6)
def rename(world: PeopleWorld, dice: Random) -> bool:
    """Another name."""
    row = _someone(world, dice)
    name = f"{dice.choice(SURNAMES)}-{dice.randrange(100)}"
    return _enter(world, "change_employee", {"employee": row["person"], "last_name": name})


@act("move", 3)
def move(world: PeopleWorld, dice: Random) -> bool:
    """Another cost center."""
    row = _someone(world, dice)
    department = dice.choice(_departments(world)[row["entity"]])
    wish = {"employee": row["person"], "company": row["entity"], "department": department}
    return _enter(world, "change_employee", {**wish, "date": _day(world, dice).isoformat()})


@act("move to another company", 5)
def transfer(world: PeopleWorld, dice: Random) -> bool:
    """Somebody goes on in another company."""
    row = _someone(world, dice)
    to = _place(world, dice, but=row["entity"])
    if not to:
        return False
    wish = {"employee": row["person"], "to": to["company"], "department": to["department"]}
    return _enter(world, "transfer", {**wish, "date": _day(world, dice).isoformat()})


@act("work in two companies", 2)
def second(world: PeopleWorld, dice: Random) -> bool:
    """Somebody works elsewhere as well."""
    row = _someone(world, dice)
    to = _place(world, dice, but=row["entity"])
    wish = {"same_person_as": row["person"], **to, "date": _day(world, dice).isoformat()}
    return bool(to) and _enter(world, "hire", wish)


@act("withdraw", 5)
def withdraw(world: PeopleWorld, dice: Random) -> bool:
    """What is still to come of somebody never was."""
    return _enter(world, "withdraw_change", {"employee": _someone(world, dice)["person"]})


@act("redate", 3)
def redate(world: PeopleWorld, dice: Random) -> bool:
    """What is still to come of somebody comes on another day."""
    wish = {"employee": _someone(world, dice)["person"], "date": _day(world, dice).isoformat()}
    return _enter(world, "redate_change", wish)


@act("webhooks go wrong", 3)
def webhooks(world: PeopleWorld, dice: Random) -> bool:
    """Notifications are lost, doubled or swapped from now on; or come well again."""
    off = {"webhook_lose_every": 0, "webhook_duplicate_every": 0, "webhook_reorder": False}
    world.places[PAYROLL].vendor.switches.set({**off, **dice.choice(WEBHOOKS)})
    return True


# --- the ledger's clerk -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Screen:
    """Actions of a ledger's screen, from a member's row and a name, as an action and its wish."""

    rename: Callable[[Any, str], tuple[str, Mapping[str, Any]]]
    close: Callable[[Any, date], tuple[str, Mapping[str, Any]]]
    reopen: Callable[[Any], tuple[str, Mapping[str, Any]]]
    make: Callable[[Any, str], tuple[str, Mapping[str, Any]]]


def _unit(row: Any, **more: Any) -> dict[str, Any]:
    return {"entity": row["entity"], "code": row["code"], **more}


def _value(row: Any, **more: Any) -> dict[str, Any]:
    return {"dimension": "Worker", "code": row["code"], **more}


def _segment(row: Any, **more: Any) -> dict[str, Any]:
    return {"entity": row["entity"], "segment": "worker", "code": row["code"], **more}


SCREENS = {
    "exact_online": Screen(
        rename=lambda row, name: ("rename_cost_unit", _unit(row, description=name)),
        close=lambda row, day: ("end_cost_unit", _unit(row, date=(day - timedelta(days=1)).isoformat())),
        reopen=lambda row: ("reopen_cost_unit", _unit(row)),
        make=lambda row, name: ("add_cost_unit", _unit(row, description=name)),
    ),
    "dynamics_fo": Screen(
        rename=lambda row, name: ("rename_dimension_value", _value(row, name=name)),
        close=lambda row, day: ("suspend_dimension_value", _value(row)),
        reopen=lambda row: ("activate_dimension_value", _value(row)),
        make=lambda row, name: ("add_dimension_value", _value(row, name=name)),
    ),
    "visma_net": Screen(
        rename=lambda row, name: ("put_segment_value", _segment(row, description=name)),
        close=lambda row, day: ("put_segment_value", _segment(row, active=False)),
        reopen=lambda row: ("put_segment_value", _segment(row, active=True)),
        make=lambda row, name: ("put_segment_value", _segment(row, description=name)),
    ),
}


def _clerk(world: PeopleWorld, told: tuple[str, Mapping[str, Any]], row: Any, *, own: bool = False) -> bool:
    action, wish = told
    try:
        world.at(LEDGER, action, wish)
    except ValueError:
        return False
    world.note(f"clerk: {action} {' '.join(f'{name}={value}' for name, value in wish.items())}")
    world.counts["edits"] += 1
    same = (str(row["entity"]), str(row["code"]))
    for left in world.members():
        if (str(left["entity"]), str(left["code"])) == same:
            world.judge.edited(left, world.people(), world.today, busy=world.busy, own=own)
    world.judge.saw(world.members())
    return True


def _member(world: PeopleWorld, dice: Random, *, open_: bool) -> Any:
    found = [row for row in world.judge.mine(world.members()) if bool(row["open"]) == open_]
    return dice.choice(found) if found else None


@act("clerk renames", 3)
def clerk_renames(world: PeopleWorld, dice: Random) -> bool:
    """A member, whoever made it."""
    row = _member(world, dice, open_=True)
    name = f"Clerk {dice.randrange(100)}"
    screen = SCREENS[world.scene.ledger]
    return row is not None and _clerk(world, screen.rename(row, name), row, own=_own(row))


@act("clerk closes", 3)
def clerk_closes(world: PeopleWorld, dice: Random) -> bool:
    """An open member."""
    row = _member(world, dice, open_=True)
    screen = SCREENS[world.scene.ledger]
    return row is not None and _clerk(world, screen.close(row, world.today), row, own=_own(row))


@act("clerk opens", 3)
def clerk_opens(world: PeopleWorld, dice: Random) -> bool:
    """A closed member."""
    row = _member(world, dice, open_=False)
    screen = SCREENS[world.scene.ledger]
    return row is not None and _clerk(world, screen.reopen(row), row, own=_own(row))


@act("clerk makes", 2)
def clerk_makes(world: PeopleWorld, dice: Random) -> bool:
    """A member that is nobody's worker."""
    entities = sorted({*world.judge.scenario.MEMBER_OF.values()})
    row = {"entity": dice.choice(entities), "code": f"Z{dice.randrange(1000):03}"}
    screen = SCREENS[world.scene.ledger]
    return _clerk(world, screen.make(row, "Temporary staff"), row, own=True)


def _own(row: Any) -> bool:
    return str(row["code"]).startswith("Z")


# --- the product's people, and what goes wrong --------------------------------------------------------------


@act("pass", 9)
def make_pass(world: PeopleWorld, _: Random) -> bool:
    """Somebody types `run workers`."""
    world.command("run workers", lambda desk: desk.make_pass(PAYROLL, LEDGER))
    return True


@act("serve looks", 9)
def look(world: PeopleWorld, _: Random) -> bool:
    """The serving process looks whether a notification woke the flow."""
    world.serve("serve looks", PeopleDesk.arrive)
    return True


@act("approve", 9)
def approve(world: PeopleWorld, dice: Random) -> bool:
    """The controller consents to what is proposed."""
    return decide(world, refuses=dice.random() < 0.1)


def decide(world: PeopleWorld, *, refuses: bool = False) -> bool:
    """What waits for people is decided: the controller approves, or gives it up, and says that a loss is
    right, because nothing is lost in this world that payroll did not say; anna signs in where that is asked.
    """
    done = False
    for run, (state, _) in list(world.states.items()):
        problems = world.product.problems(run)
        if state == "awaiting_approval" and refuses:
            world.command(f"runs cancel {run}", partial(PeopleDesk.cancel, run=run))
        elif state == "awaiting_approval":
            world.command(f"runs approve {run}", partial(PeopleDesk.approve_shown, run=run))
        elif state == "held" and "plan.loss" in problems:
            world.command(f"runs answer {run} --loss-is-right", partial(PeopleDesk.loss_is_right, run=run))
        elif state == "held" and "sign_in.lost" in problems:
            world.command(f"connections authorize {LEDGER}", lambda desk: desk.sign_in(LEDGER, world.consent))
            world.command(f"runs resume {run}", partial(PeopleDesk.resume, run=run))
        elif state == "failed":
            world.command(f"runs resume {run}", partial(PeopleDesk.resume, run=run))
        else:
            continue
        done = True
    return done


@act("a call goes wrong", 6)
def fault(world: PeopleWorld, dice: Random) -> bool:
    """The next read, or write, meets something."""
    write = dice.random() < 0.6
    kind = dice.choice(WRITE_FAULTS if write else READ_FAULTS)
    seconds = {"late": dice.choice((5.0, 60.0, 200.0)), "very late": 300.0}.get(kind, 0.0)
    world.wire.armed.append(Fault(kind, write, seconds, dice.randrange(3)))
    world.note(f"the next {'write' if write else 'read'} will meet: {kind}")
    return True


@act("serve dies", 5)
def serve_dies(world: PeopleWorld, _: Random) -> bool:
    """`kill -9`, wherever it stands."""
    world.crash()
    return True


@act("a day goes by", 7)
def a_day(world: PeopleWorld, dice: Random) -> bool:
    """Or a part of it."""
    world.advance(dice.choice((1200, 4 * 3600, DAY_SECONDS, DAY_SECONDS, 2 * DAY_SECONDS)))
    return True


@act("the clock jumps", 2)
def clock_jumps(world: PeopleWorld, dice: Random) -> bool:
    """Somebody sets the clock of the product's machine, or a time server sets it right."""
    seconds = dice.choice((-7200, -600, 600, 7200))
    world.host.step(seconds)
    world.note(f"the clock of the product's machine jumps by {seconds} seconds")
    return True


def names() -> Sequence[str]:
    """Every act, in the order of the alphabet."""
    return sorted(ACTS)
