"""The end of a world: nothing goes wrong any more, and sensible people finish what was begun.

Ledger people put right what they broke, operators do what the product proposes, and after a bounded number
of rounds every pay must stand where it was sent, as payroll says it, and no run may be left that nobody can
end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from ml_connector_sandbox.judges.moving import Violation
from moving_world import advice, looks, operators, setting_up, statements
from moving_world.adapter import Desk
from moving_world.ledger_people import take_away
from moving_world.payroll_people import deliver_whole
from moving_world.righting import Tries, right_pays
from moving_world.sensible import TO_THE_END, decide, is_wanted, say_deleted, signed_in
from moving_world.shape import FILES
from moving_world.truth import ENDED, ON_THE_WAY
from moving_world.turns import go_on
from moving_world.wire import NO_MEMORY
from moving_world.world import World

ROUNDS_MAX = 16
ROUND_SECONDS = 2 * 3600
LOOK_SECONDS = 25 * 3600
"""Until the nightly look is due, whatever happened before."""
NO_MEMORY_MAX = 2
"""How often memory still runs out: each time somebody must let the run go on."""
SECOND = "A second person must say the same"


def make_peace(world: World, rest: Callable[[], None]) -> None:
    """Bring the world to its end, and say what is wrong then."""
    world.note("--- peace ---")
    _calm(world)
    rest()
    world.advance(LOOK_SECONDS)
    looks.take_a_look(world)
    rest()
    tries: Tries = Counter()
    for _ in range(ROUNDS_MAX):
        if world.wrong or _finished(world):
            break
        world.advance(ROUND_SECONDS)
        _settle(world, tries)
        for run in sorted(world.runs.values(), key=lambda run: is_wanted(world, run)):
            decide(world, run, tries)
        rest()
        if world.wrong or _finished(world):
            break
        right_pays(world, tries)
        rest()
    if not world.wrong:
        _judge(world)


def _calm(world: World) -> None:
    """Faults end, but for those that wait for a write: most sends come only now. People put right what they
    broke.
    """
    writes = [fault for fault in world.wire.armed if fault.write]
    too_many = {id(fault) for fault in [fault for fault in writes if fault.kind in NO_MEMORY][NO_MEMORY_MAX:]}
    world.wire.armed = [fault for fault in writes if id(fault) not in too_many]
    world.after_a_send.clear()
    world.disk_full = False
    world.twin = None
    world.move_keys(False)
    world.host.offset = timedelta(0)
    while world.mess:
        text, mend = world.mess.pop()
        world.note(text)
        mend()
    for name in world.ledgers:
        world.moved(name, None, False)
        if world.revoked:
            setting_up.sign_in_to(world, name)
    for scope in sorted(world.paused):
        world.command(operators.ANNA, f"unpause {scope}", partial(Desk.go_on, scope=scope))
    for flow in world.flows:
        setting_up.set_for_peace(world, flow)
    for pay in world.pays:
        if pay.payroll == FILES and pay.right is not None:
            deliver_whole(world, pay)


def _settle(world: World, tries: Tries) -> None:
    """People say what became of entries whose outcome is unknown, two where two are wanted, and which
    documents are gone.
    """
    for key, ledger, entity in world.product.unknown():
        for who in (operators.ANNA, operators.BEN):
            say = partial(statements.say_settled, world, key, ledger, entity, who=who)
            task = signed_in(world, ledger, say)
            if left := advice.parts_left(str(task.error)):
                books = world.ledgers[ledger]
                for held in books.documents(entity):
                    if held.number in left and not held.posted:
                        take_away(world, books, held, "which the product names as a part of an entry")
                task = signed_in(world, ledger, say)
            document = advice.booked_as(str(task.error))
            if document:
                work = partial(Desk.settle, key=key, booked_as=document)
                task = world.command(who, f"runs settle, booked as {document}", work)
                go_on(world, task, TO_THE_END)
            if SECOND not in str(task.result):
                break
    for run in list(world.runs.values()):
        if run.state not in ON_THE_WAY:
            say_deleted(world, run, tries)


# --- the end ------------------------------------------------------------------------------------------------


def _finished(world: World) -> bool:
    ended = all(run.state in ENDED for run in world.runs.values())
    return ended and not world.judge.end()


def _judge(world: World) -> None:
    """Everything that only the end can show."""
    world.blame(*world.judge.end())
    for run in world.runs.values():
        if run.state not in ENDED:
            codes = ", ".join(code for code, _, _, _ in run.view.problems) or run.view.summary
            world.blame(Violation("stuck", f"{run.name} is {run.state} ({codes}), and nobody can end it"))
    for fault in world.product.audit_faults():
        if not any(run in fault for run in world.older):
            world.blame(Violation("audit", fault))
    world.blame(*(Violation("network in a transaction", text) for text in sorted(set(world.wire.wrong))))
    secrets = world.secrets()
    for table, text in world.product.texts():
        for name, secret in secrets.items():
            if secret in text:
                world.blame(Violation("secret", f"{name} stands in {table}"))
