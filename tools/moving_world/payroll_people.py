"""What people of payroll do: calculate, undo, calculate again, pay off-cycle, void, and deliver files."""

from __future__ import annotations

from collections.abc import Sequence

from moving_world.acts import act, pick
from moving_world.shape import FILES
from moving_world.truth import Pay, period_end
from moving_world.world import World

PARTS_MAX = 9


def _parts(companies: Sequence[str], number: int) -> dict[str, int]:
    """Parts for each company, from 1 to 9, from one number."""
    parts = {}
    for company in companies:
        number, part = divmod(number, PARTS_MAX)
        parts[company] = part + 1
    return parts


@act("payroll calculates", "payroll", 5, 2)
def calculate(world: World, numbers: Sequence[int]) -> bool:
    """The next pay of a payroll."""
    name = pick(sorted(world.payrolls), numbers[0])
    assert name is not None
    colours = world.colours(name)
    if colours is None:
        return False
    payroll = world.payrolls[name]
    regular = sum(1 for pay in world.pays if pay.payroll == name and pay.kind == "regular")
    pay = world.add_pay(name, "regular", period_end(regular), colours)
    parts = _parts(tuple(colours), numbers[1])
    world.calculated(pay, payroll.calculate(colours, parts), parts)
    if name == FILES:
        deliver_whole(world, pay)
    return True


@act("payroll undoes", "payroll", 6, 1)
def undo(world: World, numbers: Sequence[int]) -> bool:
    """A pay is undone; nothing of it is paid any more."""
    pay = pick([pay for pay in world.pays if pay.right is not None], numbers[0])
    if pay is None:
        return False
    world.payrolls[pay.payroll].undo(pay.newest.run_id)
    world.rights(pay, None)
    world.note(f"{pay.payroll} undoes pay {pay.number}")
    if pay.payroll == FILES:
        world.withdraw(pay)
    return True


@act("payroll calculates again", "payroll", 10, 3)
def again(world: World, numbers: Sequence[int]) -> bool:
    """The same pay is calculated once more, for some companies with other amounts. A file never says the
    same as an earlier one of the pay: nothing could tell the two apart.
    """
    pay = pick(world.pays, numbers[0])
    if pay is None:
        return False
    fresh = _parts(tuple(pay.colours), numbers[1])
    parts = {
        company: fresh[company] * (-1 if old < 0 else 1) if numbers[2] & 1 << place else old
        for place, (company, old) in enumerate(pay.newest.parts.items())
    }
    if pay.payroll == FILES and not _told_apart(pay, parts):
        return False
    payroll = world.payrolls[pay.payroll]
    if pay.payroll == FILES:
        world.withdraw(pay)
    world.calculated(pay, payroll.again(pay.newest.run_id, parts), parts)
    if pay.payroll == FILES:
        deliver_whole(world, pay)
    return True


def _told_apart(pay: Pay, parts: dict[str, int]) -> bool:
    """Give the first company other amounts, until no earlier calculation of the pay has the same; whether
    there are any left.
    """
    first = next(iter(parts))
    for _ in range(PARTS_MAX):
        if all(parts != known.parts for known in pay.calculations):
            return True
        parts[first] = parts[first] % PARTS_MAX + 1 if parts[first] > 0 else -(-parts[first] % PARTS_MAX + 1)
    return False


@act("payroll pays off-cycle", "payroll", 2, 2)
def off_cycle(world: World, numbers: Sequence[int]) -> bool:
    """Another pay of the same days."""
    return _beside(world, numbers, "off_cycle", 1)


@act("payroll voids", "payroll", 2, 2)
def void(world: World, numbers: Sequence[int]) -> bool:
    """A pay of the same days that takes money back."""
    return _beside(world, numbers, "void", -1)


def _beside(world: World, numbers: Sequence[int], kind: str, sign: int) -> bool:
    like = pick([pay for pay in world.pays if pay.kind == "regular" and pay.right is not None], numbers[0])
    colours = world.colours(like.payroll) if like else None
    if like is None or colours is None:
        return False
    pay = world.add_pay(like.payroll, kind, like.end, colours)
    parts = {company: sign * part for company, part in _parts(tuple(colours), numbers[1]).items()}
    run_id = world.payrolls[like.payroll].beside(like.newest.run_id, kind, colours, parts)
    world.calculated(pay, run_id, parts)
    if like.payroll == FILES:
        deliver_whole(world, pay)
    return True


@act("a file arrives", "payroll", 4, 2)
def deliver(world: World, numbers: Sequence[int]) -> bool:
    """The file of a pay's newest calculation arrives: whole, a first part of it, or once more under another
    name.
    """
    pay = pick([pay for pay in world.pays if pay.payroll == FILES and pay.right is not None], numbers[0])
    if pay is None:
        return False
    text = world.payrolls[FILES].file(pay.newest.run_id)
    name, how = _file_name(pay), numbers[1] % 4
    if how == 1:
        lines = text.splitlines(keepends=True)
        kept = 1 + max(1, (len(lines) - 1) * (1 + numbers[1] // 4 % 3) // 4)
        text = "".join(lines[:kept])
        whole = tuple(
            company for company in pay.colours if text.count(f"{company},") == _rows(lines, company)
        )
        world.deliver(pay, name, text, whole)
    elif how == 2:
        world.deliver(pay, f"copy of {name}", text, tuple(pay.colours))
    elif how == 3:
        for path in sorted(world.drop.iterdir()):
            path.rename(path.with_name(f"{path.stem}-{numbers[1] // 4 % 3}.csv"))
        world.note("the files are renamed")
    else:
        world.deliver(pay, name, text, tuple(pay.colours))
    return True


def deliver_whole(world: World, pay: Pay) -> None:
    """The file of the pay's newest calculation arrives."""
    text = world.payrolls[FILES].file(pay.newest.run_id)
    world.deliver(pay, _file_name(pay), text, tuple(pay.colours))


def _rows(lines: Sequence[str], company: str) -> int:
    return "".join(lines).count(f"{company},")


def _file_name(pay: Pay) -> str:
    return f"gl-{pay.number}-{pay.newest.number}.csv"


@act("payroll serves a part", "payroll", 1, 1)
def damage(world: World, numbers: Sequence[int]) -> bool:
    """A run is served with its end cut off, for a while."""
    pay = pick([pay for pay in world.pays if pay.right is not None and pay.payroll != FILES], numbers[0])
    if pay is None:
        return False
    payroll = world.payrolls[pay.payroll]
    payroll.damage(pay.newest.run_id)
    world.mess.append(("payroll serves whole runs again", lambda: payroll.damage(None)))
    world.note(f"{pay.payroll} serves run {pay.newest.run_id} without its end")
    return True
