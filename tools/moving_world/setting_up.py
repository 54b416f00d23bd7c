"""What operators set up while the product works: flows, mappings, addresses, sign-ins, pauses, backups."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from moving_world.acts import act, pick
from moving_world.install import STARTS_ON, options, payroll_settings, rules
from moving_world.operators import ANNA
from moving_world.places import PORTS
from moving_world.shape import FILES, LEDGERS, Flow
from moving_world.truth import Run, flow_name
from moving_world.world import World

HOLD = "hold"
"""What a flow does with a closed period, unless somebody says otherwise."""


def set_flow(world: World, flow: Flow, **changed: str) -> None:
    """Store a flow again, with some options changed for good."""
    known = world.options.setdefault(flow_name(flow), {"mode": flow.mode})
    known.update(changed)
    mode, values = _settings(world, flow)
    text = " ".join(f"{name}={value}" for name, value in changed.items())
    world.command(
        ANNA,
        f"flows set {flow_name(flow)} {text}",
        lambda desk: desk.flow(flow.source, flow.target, mode, STARTS_ON, values),
    )


def set_for_peace(world: World, flow: Flow) -> None:
    """Let the flow post, and hold what belongs to a closed period; nothing where the product shows that it
    does, and nobody is about to change it.
    """
    known = world.options.setdefault(flow_name(flow), {"mode": flow.mode})
    mode = known["mode"] = "automatic" if known["mode"] == "automatic" else "approve"
    rule = known.pop("closed_period", HOLD)
    shown = world.product.flow(flow.source, flow.target)
    if world.baton.tasks or rule != HOLD or shown != _settings(world, flow):
        set_flow(world, flow, mode=mode, closed_period=HOLD)


def _settings(world: World, flow: Flow) -> tuple[str, dict[str, str]]:
    """The mode and the options of a flow, as somebody stored it last or tried to."""
    known, books = world.options[flow_name(flow)], world.ledgers[flow.target]
    more = {"journal": books.journals[0], "axes": ",".join(books.axes), **known}
    return more.pop("mode"), options(flow, **more)


@act("change the mode", "operators", 3, 2)
def change_mode(world: World, numbers: Sequence[int]) -> bool:
    """Another mode for a flow."""
    flow = pick(world.flows, numbers[0])
    assert flow is not None
    set_flow(world, flow, mode=("approve", "automatic", "propose", "automatic")[numbers[1] % 4])
    return True


@act("change an option", "operators", 3, 2)
def change_option(world: World, numbers: Sequence[int]) -> bool:
    """Another journal, posting date or way with closed periods."""
    flow = pick(world.flows, numbers[0])
    assert flow is not None
    journals = world.ledgers[flow.target].journals
    changes = (
        {"journal": journals[-1]},
        {"journal": journals[0]},
        {"posting_date": "pay_date"},
        {"posting_date": "period_end"},
        {"closed_period": "next_open"},
        {"closed_period": "ask"},
        {"text": "\u202ePay\u202c {period_end} [/x]"},
    )
    set_flow(world, flow, **changes[numbers[1] % len(changes)])
    return True


@act("change the mapping", "operators", 3, 1)
def change_mapping(world: World, numbers: Sequence[int]) -> bool:
    """A new version, with another account for wages, net pay or neither."""
    changed = ((), ("wages",), ("net",), ("wages", "net"))[numbers[0] % 4]
    world.command(
        ANNA,
        f"mappings import ({', '.join(changed) or 'as before'})",
        lambda desk: desk.mapping("payroll", rules(*changed)),
    )
    return True


@act("change the address", "operators", 1, 2)
def change_address(world: World, numbers: Sequence[int]) -> bool:
    """The same system under another host name."""
    name = pick([*world.ledgers, *(name for name in world.payrolls if name != FILES)], numbers[0])
    assert name is not None
    world.hosts[name] = ("localhost", "127.0.0.1")[numbers[1] % 2]
    connect(world, name)
    return True


@act("say which pay period a run is of", "operators", 2, 1)
def pay_periods(world: World, numbers: Sequence[int]) -> bool:
    """Runs of days that were paid twice are told apart by a setting of the connection."""
    names = [run.view.source for run in world.runs.values() if _ambiguous(run)]
    name = pick(names, numbers[0])
    if name is None:
        return False
    say_periods(world, name)
    return True


def _ambiguous(run: Run) -> bool:
    return any(code == "run.ambiguous" for code, _, _, _ in run.view.problems)


def say_periods(world: World, name: str) -> None:
    """Every run that the payroll has, with its period control."""
    payroll = world.payrolls[name]
    world.periods[name] = {
        calculation.run_id: payroll.control_of(calculation.run_id)
        for pay in world.pays
        if pay.payroll == name
        for calculation in pay.calculations
    }
    connect(world, name)


def connect(world: World, name: str) -> None:
    """Store a connection again, as it is known now."""
    host = world.hosts.get(name, "127.0.0.1")
    if name in LEDGERS:
        books = world.ledgers[name]
        values = books.settings(PORTS[name], host)
        world.command(
            ANNA, f"connections add {name} ({host})", lambda desk: desk.connect(name, books.slug, values)
        )
        return
    periods = ",".join(f"{run}={control}" for run, control in world.periods.get(name, {}).items())
    values = payroll_settings(dict(world.payrolls[name].credentials), PORTS[name], host)
    if periods:
        values["pay_periods"] = periods
    world.command(
        ANNA, f"connections add {name} ({host}) {periods}", lambda desk: desk.connect(name, "ukg_pro", values)
    )


@act("pause or go on", "operators", 3, 2)
def pause(world: World, numbers: Sequence[int]) -> bool:
    """Stop everything, or a connection, or let it go on."""
    scope = pick(["everything", *(f"connection:{name}" for name in world.ledgers)], numbers[0])
    assert scope is not None
    if numbers[1] % 2:
        world.command(ANNA, f"unpause {scope}", lambda desk: desk.go_on(scope))
    else:
        world.paused.add(scope)
        world.command(ANNA, f"pause {scope}", lambda desk: desk.pause(scope))
    return True


@act("sign in again", "operators", 3, 1)
def sign_in(world: World, numbers: Sequence[int]) -> bool:
    """Give consent again."""
    name = pick(list(world.ledgers), numbers[0])
    assert name is not None
    sign_in_to(world, name)
    return True


def sign_in_to(world: World, name: str) -> None:
    """The vendor's administrator lets the product in, or the command does."""
    books = world.ledgers[name]
    books.admit()
    if not books.signs_in:
        world.note(f"somebody at {name} lets the product in")
        return
    world.command(ANNA, f"connections authorize {name}", lambda desk: desk.sign_in(name, books.consent))


@act("switch to another ledger", "operators", 1, 1)
def switch(world: World, numbers: Sequence[int]) -> bool:
    """A payroll goes into a second ledger, too."""
    flow = pick(world.flows, numbers[0])
    assert flow is not None
    target = pick([name for name in world.ledgers if name != flow.target], 0)
    if target is None or any((known.source, known.target) == (flow.source, target) for known in world.flows):
        return False
    fresh = Flow(source=flow.source, target=target, mode="approve", entities=flow.entities)
    world.flows.append(fresh)
    set_flow(world, fresh)
    return True


@act("back up", "operators", 4, 1)
def back_up(world: World, _: Sequence[int]) -> bool:
    """Write a backup, which may be restored later."""
    path = world.home / f"backup-{len(world.backups)}.tar.gz"
    world.product.backup(path)
    world.backups.append(path)
    world.note("anna backs up")
    return True


@act("restore", "operators", 4, 1)
def restore(world: World, numbers: Sequence[int]) -> bool:
    """Put an old backup in place; everything that worked is stopped first."""
    path = pick(world.backups, numbers[0])
    if path is None:
        return False
    world.reboot()
    put_back(world, path)
    return True


def put_back(world: World, path: Path) -> None:
    """The command, after everything was stopped."""
    world.product.restore(path, ANNA)
    world.coverage.strikes("restored")
    world.note(f"anna restores {path.name}")
    world.restored()
