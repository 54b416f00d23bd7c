"""What operators of the product do: start, look, approve, resume, cancel, close, reverse.

They tell the truth, except those of a world with liars. Each command is a process of its own, which others
may overtake, and which may die.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moving_world.acts import act, pick
from moving_world.adapter import Desk
from moving_world.shape import Flow
from moving_world.truth import Pay, Run, flow_name
from moving_world.world import World

ANNA, BEN = "anna", "ben"
NOT_ENDED = frozenset({"ready", "running", "waiting", "held", "awaiting_approval", "failed"})


# --- starting -----------------------------------------------------------------------------------------------


def send(world: World, flow: Flow, pay: Pay) -> None:
    """Somebody wants the pay in that ledger."""
    entities = {company: flow.entities[company] for company in pay.colours}
    world.judge.sent(pay.number, flow.target, entities)
    world.wanted.add((pay.number, flow.source, flow.target))


@act("run payroll", "operators", 9, 1)
def take_up(world: World, numbers: Sequence[int]) -> bool:
    """Take up every pay run that nobody has taken up."""
    flow = pick(world.flows, numbers[0])
    assert flow is not None
    for pay in world.pays:
        if pay.payroll == flow.source:
            send(world, flow, pay)

    def work(desk: Desk) -> None:
        for reference in desk.new_pay_runs(flow.source, flow.target):
            desk.start(flow.source, flow.target, reference)

    world.command(ANNA, f"run payroll {flow_name(flow)}", work)
    return True


@act("run payroll, one pay", "operators", 4, 3)
def start(world: World, numbers: Sequence[int]) -> bool:
    """Start one pay run by its reference."""
    return _start(world, numbers, dry=False)


@act("run payroll, dry", "operators", 3, 3)
def dry(world: World, numbers: Sequence[int]) -> bool:
    """Look at a pay run's proposal before anything else is done."""
    return _start(world, numbers, dry=True)


def _start(world: World, numbers: Sequence[int], *, dry: bool) -> bool:
    flow = pick(world.flows, numbers[0])
    assert flow is not None
    known = [
        (reference, pay) for (name, reference), (pay, _, _) in world.references.items() if name == flow.source
    ]
    found = pick(known[-4:], -1 - numbers[1] % 4 if numbers[2] % 3 else -1)
    if found is None:
        return False
    reference, pay = found
    send(world, flow, pay)
    text = f"run payroll {flow_name(flow)}{' --dry-run' if dry else ''} pay {pay.number} ({reference[:8]})"
    world.command(ANNA, text, lambda desk: desk.start(flow.source, flow.target, reference, dry))
    return True


# --- deciding -----------------------------------------------------------------------------------------------


def of(world: World, *states: str) -> list[Run]:
    """Runs in these states, oldest first."""
    return [run for run in world.runs.values() if run.state in states]


def flow_of(world: World, run: Run) -> Flow:
    """The flow of a run."""
    return next(
        flow for flow in world.flows if (flow.source, flow.target) == (run.view.source, run.view.target)
    )


def look(world: World, run: Run) -> None:
    """Somebody reads what a run proposes, and remembers it."""
    desk = Desk(world.product, ANNA)
    world.looked[run.id] = (desk.fingerprint(run.id), desk.entries(run.id))


@act("look at a proposal", "operators", 2, 1)
def look_at(world: World, numbers: Sequence[int]) -> bool:
    """Somebody reads a proposal, and will decide later."""
    run = pick(of(world, "awaiting_approval"), numbers[0])
    if run is None:
        return False
    look(world, run)
    world.note(f"anna reads what {run.name} proposes")
    return True


def approve(world: World, run: Run, *, unseen: bool = False) -> None:
    """Approve what was looked at; `unseen` types the command without saying what."""
    if run.id not in world.looked:
        look(world, run)
    fingerprint, content = world.looked[run.id]

    def work(desk: Desk) -> None:
        desk.approve(run.id, "" if unseen else fingerprint)
        if unseen or desk.entries(run.id) != content:
            world.unseen(run)

    world.command(ANNA, f"runs approve {run.name}{' without a fingerprint' if unseen else ''}", work, run)


@act("approve", "operators", 20, 2)
def approve_one(world: World, numbers: Sequence[int]) -> bool:
    """Approve a proposal, mostly by what was looked at."""
    run = pick(of(world, "awaiting_approval"), numbers[0])
    if run is None:
        return False
    approve(world, run, unseen=numbers[1] % 12 == 0)
    return True


@act("approve twice at once", "operators", 1, 1)
def approve_twice(world: World, numbers: Sequence[int]) -> bool:
    """Two people approve the same proposal."""
    run = pick(of(world, "awaiting_approval"), numbers[0])
    if run is None:
        return False
    approve(world, run)
    approve(world, run)
    return True


def _on_one(
    world: World, number: int, states: tuple[str, ...], text: str, work: Callable[[Desk, Run], object]
) -> bool:
    run = pick(of(world, *states), number)
    if run is None:
        return False
    world.command(ANNA, text.format(run=run.name), lambda desk: work(desk, run), run)
    return True


@act("resume", "operators", 5, 1)
def resume(world: World, numbers: Sequence[int]) -> bool:
    """Let a run go on."""
    states = ("held", "failed", "waiting")
    return _on_one(world, numbers[0], states, "runs resume {run}", lambda desk, run: desk.resume(run.id))


@act("resume from the proposal", "operators", 3, 1)
def resume_again(world: World, numbers: Sequence[int]) -> bool:
    """Let a run propose anew."""
    states = ("held", "failed", "waiting", "awaiting_approval")
    text = "runs resume {run} --propose-again"
    return _on_one(world, numbers[0], states, text, lambda desk, run: desk.resume(run.id, again=True))


@act("cancel", "operators", 4, 1)
def cancel(world: World, numbers: Sequence[int]) -> bool:
    """Give a run up."""
    return _on_one(
        world,
        numbers[0],
        tuple(sorted(NOT_ENDED)),
        "runs cancel {run}",
        lambda desk, run: desk.cancel(run.id),
    )


@act("reverse", "operators", 5, 2)
def reverse(world: World, numbers: Sequence[int]) -> bool:
    """Propose to take back what a run posted, or all that is booked for its pays."""
    everything = numbers[1] % 4 == 0
    text = "runs reverse {run}" + (" --all" if everything else "")
    states = ("done", "held", "closed")
    return _on_one(world, numbers[0], states, text, lambda desk, run: desk.reverse(run.id, everything))


@act("close", "operators", 5, 1)
def close(world: World, numbers: Sequence[int]) -> bool:
    """End a run that has posted a part."""
    states = ("held", "failed", "waiting", "awaiting_approval")
    text = "runs close {run}"
    return _on_one(world, numbers[0], states, text, lambda desk, run: desk.close_run(run.id, "enough"))


@act("replay", "operators", 2, 2)
def replay(world: World, numbers: Sequence[int]) -> bool:
    """A new run from the inputs of an old one, dry or not."""
    post = bool(numbers[1] % 3)
    text = "runs replay {run}" + (" --post" if post else "")
    return _on_one(
        world, numbers[0], ("done", "held", "cancelled"), text, lambda desk, run: desk.replay(run.id, post)
    )
