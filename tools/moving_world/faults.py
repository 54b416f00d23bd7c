"""What goes wrong: exchanges that are lost, late or refused, processes that die, clocks that step, disks
that fill.

Faults strike while things go on: an armed fault waits for the next exchange it fits.
"""

from __future__ import annotations

from collections.abc import Sequence

from moving_world.acts import act, pick
from moving_world.wire import NO_MEMORY, READ_FAULTS, WRITE_FAULTS, Fault
from moving_world.world import World

LATE_SECONDS = (3, 25, 70, 400)
VERY_LATE_SECONDS = 3000
STEPS_SECONDS = (3700, -3700, 90, 86_500)
PASSED = (0, 1, 0, 2)
"""How many writes a fault lets pass: some vendors take in up to three what is one send of the product."""
JUMPS_SECONDS = (700, 3700, 90_000, 35 * 86_400)


@act("a send goes wrong", "faults", 12, 2)
def send_fault(world: World, numbers: Sequence[int]) -> bool:
    """The next write meets a fault."""
    kind = WRITE_FAULTS[numbers[0] % len(WRITE_FAULTS)]
    seconds = VERY_LATE_SECONDS if kind == "very late" else LATE_SECONDS[numbers[1] % len(LATE_SECONDS)]
    passed = PASSED[numbers[1] // len(LATE_SECONDS) % len(PASSED)]
    world.wire.armed.append(Fault(kind, True, seconds, passed))
    which = f"the next write but {passed}" if passed else "the next write"
    world.note(f"{which} will meet: {kind}{f' by {seconds} s' if 'late' in kind else ''}")
    return True


@act("a send is late", "faults", 5, 1)
def late(world: World, numbers: Sequence[int]) -> bool:
    """The next write is handled when the ledger has the time, within what it promises."""
    seconds = LATE_SECONDS[numbers[0] % len(LATE_SECONDS)]
    world.wire.armed.append(Fault("late", True, seconds))
    world.note(f"the next send will meet: late by {seconds} s")
    return True


@act("a read goes wrong", "faults", 8, 2)
def read_fault(world: World, numbers: Sequence[int]) -> bool:
    """The next read meets a fault, once or several times."""
    kind = READ_FAULTS[numbers[0] % len(READ_FAULTS)]
    world.wire.armed.extend(Fault(kind, False) for _ in range((1, 1, 6)[numbers[1] % 3]))
    world.note(f"the next read will meet: {kind}")
    return True


@act("serve dies", "faults", 6, 1)
def crash(world: World, _: Sequence[int]) -> bool:
    """The serving process dies where it stands, and is started again."""
    if not any(task.process is world.serving for task in world.baton.tasks):
        return False
    world.coverage.strikes("crash")
    world.crash(world.serving)
    return True


@act("a command dies", "faults", 2, 1)
def crash_command(world: World, numbers: Sequence[int]) -> bool:
    """A command of a person dies where it stands."""
    task = pick([task for task in world.baton.tasks if task.process is not world.serving], numbers[0])
    if task is None:
        return False
    world.coverage.strikes("crash")
    world.crash(task.process)
    return True


@act("the machine restarts", "faults", 1.5, 1)
def reboot(world: World, _: Sequence[int]) -> bool:
    """Every process dies, and the monotonic clock begins anew."""
    world.coverage.strikes("crash")
    world.reboot()
    return True


@act("the clock steps", "faults", 3, 1)
def step(world: World, numbers: Sequence[int]) -> bool:
    """The host's clock is set forward or back."""
    seconds = STEPS_SECONDS[numbers[0] % len(STEPS_SECONDS)]
    world.host.step(seconds)
    world.counts["clock steps"] += 1
    world.coverage.strikes("clock step")
    world.note(f"the host's clock is set by {seconds} seconds")
    return True


@act("the disk is full", "faults", 2, 1)
def disk(world: World, _: Sequence[int]) -> bool:
    """No write succeeds, until there is room again."""
    world.disk_full = not world.disk_full
    if world.disk_full:
        world.coverage.strikes("disk full")
        world.counts["disk full"] += 1
    world.note("the disk is full" if world.disk_full else "the disk has room")
    return True


@act("memory runs out", "faults", 5, 2)
def memory(world: World, numbers: Sequence[int]) -> bool:
    """A process has no memory left in the next write, or the next read: before it asks, or when the answer is
    there. That is an error which nobody foresees, as a defect would be: the run has failed.
    """
    kind, write = NO_MEMORY[numbers[0] % len(NO_MEMORY)], bool(numbers[1] % 2)
    world.wire.armed.append(Fault(kind, write))
    world.note(f"the next {'send' if write else 'read'} will meet: {kind}")
    return True


@act("the key file is away", "faults", 2, 1)
def keys(world: World, _: Sequence[int]) -> bool:
    """No secret can be read, until the key file is back."""
    world.move_keys(not world.keys_away)
    if world.keys_away:
        world.coverage.strikes("no keys")
    world.note("the key file is away" if world.keys_away else "the key file is back")
    return True


@act("time goes by", "faults", 5, 1)
def jump(world: World, numbers: Sequence[int]) -> bool:
    """Minutes, hours, a day or a month."""
    seconds = JUMPS_SECONDS[(0, 0, 0, 1, 1, 2, 2, 3)[numbers[0] % 8]]
    world.advance(seconds)
    world.note(f"{seconds} seconds go by")
    return True
