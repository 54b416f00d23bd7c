"""The end of a world: nothing goes wrong any more, and sensible people finish what was begun.

Ledger people put right what they broke, operators do what the product proposes, and after a bounded number
of rounds every pay must stand where it was sent, as payroll says it, and no run may be left that nobody can
end.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from ml_connector_sandbox.judges.moving import Violation
from moving_world import looks, operators, setting_up, statements
from moving_world.adapter import Desk
from moving_world.ledger_people import hand_made, take_away
from moving_world.ledgers.ledger import Document
from moving_world.payroll_people import deliver_whole
from moving_world.shape import FILES, Flow
from moving_world.truth import CLOSED, DONE, ENDED, ON_THE_WAY, Pay, Run, flow_name
from moving_world.world import World

ROUNDS_MAX = 16
ROUND_SECONDS = 2 * 3600
LOOK_SECONDS = 25 * 3600
"""Until the nightly look is due, whatever happened before."""
ELSEWHERE_TRIES = 2
"""How often a document is named before somebody takes it away instead: it may stand in another journal."""
Way = tuple[str, Callable[[Desk], object]]
"""A command in words, and how it is carried out."""
PROPOSED = re.compile(r"runs (approve|resume|cancel|close|reverse|mark-deleted|answer)\b")
DUPLICATE = re.compile(r"duplicate")
NUMBERS = re.compile(r"[\w-]+")


def make_peace(world: World, rest: Callable[[], None]) -> None:
    """Bring the world to its end, and say what is wrong then."""
    world.note("--- peace ---")
    _calm(world)
    rest()
    world.advance(LOOK_SECONDS)
    looks.take_a_look(world)
    rest()
    tries: Counter[tuple[str, str]] = Counter()
    for _ in range(ROUNDS_MAX):
        if world.wrong or _finished(world):
            break
        world.advance(ROUND_SECONDS)
        _settle(world, rest)
        for run in list(world.runs.values()):
            _decide(world, run, tries)
        rest()
        if world.wrong or _finished(world):
            break
        _mend(world, tries)
        rest()
    if not world.wrong:
        _judge(world)


def _calm(world: World) -> None:
    """Faults end, but for those that wait for a write: most sends come only now. People put right what they
    broke.
    """
    world.wire.armed = [fault for fault in world.wire.armed if fault.write]
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
        mode = world.options.get(flow_name(flow), {}).get("mode", flow.mode)
        mode = "automatic" if mode == "automatic" else "approve"
        setting_up.set_flow(world, flow, mode=mode, closed_period="hold")
    for pay in world.pays:
        if pay.payroll == FILES and pay.right is not None:
            deliver_whole(world, pay)


def _settle(world: World, rest: Callable[[], None]) -> None:
    """Two people say what became of entries whose outcome is unknown, and which documents are gone."""
    for key, ledger, entity in world.product.unknown():
        for who in (operators.ANNA, operators.BEN):
            statements.say_settled(world, key, ledger, entity, who=who)
            rest()

    for run in list(world.runs.values()):
        if run.state not in ON_THE_WAY and statements.gone(world, run):
            text = f"runs mark-deleted {run.name}"
            world.command(operators.ANNA, text, partial(Desk.deleted, run=run.id), run)
    rest()


# --- one run ------------------------------------------------------------------------------------------------


def _decide(world: World, run: Run, tries: Counter[tuple[str, str]]) -> None:
    """What a sensible operator does about a run that waits for a person."""
    codes = ",".join(code for code, _, _, _ in run.view.problems)
    if run.state == "awaiting_approval" and _wanted(world, run):
        documents = statements.unknown_by_hand(world, run)
        if documents and tries[run.id, "elsewhere"] < ELSEWHERE_TRIES:
            tries[run.id, "elsewhere"] += 1
            statements.say_elsewhere(world, run, documents)
            return
        for document in hand_made(world, run.view.target, run.pay) if documents and run.pay else ():
            if document.name in documents:
                _delete_hand_made(world, operators.flow_of(world, run), document)
        world.looked.pop(run.id, None)
        operators.approve(world, run)
    elif run.state in ("held", "failed", "awaiting_approval"):
        _help(world, run, tries[run.id, codes])
        tries[run.id, codes] += 1


def _wanted(world: World, run: Run) -> bool:
    """Whether the run would bring a pay to what it should be."""
    if run.pay is None:
        return False
    if run.calculation is None:
        balances = _balances(world, run.pay, operators.flow_of(world, run))
        return any(balance != run.pay.parts(company) for company, balance in balances)
    return run.calculation == run.pay.right and not run.view.dry


def _help(world: World, run: Run, tried: int) -> None:
    """What the product proposes first, then whatever else there is, one after the other."""
    codes = {code for code, _, _, _ in run.view.problems}
    if "run.ambiguous" in codes and not tried % 3:
        setting_up.say_periods(world, run.view.source)
        return
    if any(code.startswith("sign_in") for code in codes) and not tried % 4:
        setting_up.sign_in_to(world, run.view.target)
        return
    if any(DUPLICATE.search(code) for code in codes):
        _delete_double(world, run)
    if "draft.left" in codes:
        _delete_drafts(world, run)
    if _wanted(world, run):
        if statements.asks_which(run):
            statements.say_which(world, run)
            return
        if not tried and statements.accepts(world, run):
            statements.say_accepted(world, run)
            return
    ways = _ways(world, run)
    ways.sort(key=lambda way: way[0].partition(" ")[0] not in _proposed(run))
    text, work = ways[tried % len(ways)]
    world.command(operators.ANNA, f"runs {text} {run.name}", work, run)


def _ways(world: World, run: Run) -> list[Way]:
    give_up: list[Way] = [
        ("cancel", lambda desk: desk.cancel(run.id)),
        ("close", lambda desk: desk.close_run(run.id, "not needed any more")),
        ("reverse", lambda desk: desk.reverse(run.id)),
    ]
    again: list[Way] = [
        ("resume", lambda desk: desk.resume(run.id)),
        ("resume --propose-again", lambda desk: desk.resume(run.id, again=True)),
    ]
    if not _wanted(world, run):
        return [*give_up, *again]
    elsewhere: list[Way] = []
    documents = statements.unknown_by_hand(world, run) or statements.edited_by_hand(world, run)
    if documents:
        text = f"mark-booked-elsewhere {' '.join(documents)}"
        elsewhere = [(text, lambda desk: desk.booked_elsewhere(run.id, documents, "by hand"))]
    return [*elsewhere, *again, *give_up]


def _proposed(run: Run) -> set[str]:
    """Commands that the product proposes in its own words."""
    texts = [text for _, _, text, _ in run.view.problems]
    named = {found.group(1) for text in texts for found in PROPOSED.finditer(text)}
    return named | ({"reverse"} if any("Reverse the run" in text for text in texts) else set())


def _delete_double(world: World, run: Run) -> None:
    """The product says that there are two: ledger people delete the younger one, or a draft."""
    if run.pay is None:
        return
    flow = operators.flow_of(world, run)
    books = world.ledgers[flow.target]
    said = " ".join(text for code, _, text, _ in run.view.problems if DUPLICATE.search(code))
    named = [
        held
        for entity in sorted(set(flow.entities.values()))
        for held in books.documents(entity)
        if held.number in NUMBERS.findall(said) and not held.void
    ]
    drafts = [held for held in named if not held.booked or not held.lines]
    if drafts and len(named) > 1:
        take_away(world, books, drafts[-1], "which the product names as double")
        return
    for company, balance in _balances(world, run.pay, flow):
        wanted = run.pay.parts(company)
        if wanted and balance == 2 * wanted:
            standing = [held for held in books.documents(flow.entities[company]) if not held.void]
            take_away(world, books, standing[-1], "which the product names as double")


def _delete_drafts(world: World, run: Run) -> None:
    """The product says that documents of the run are written and not posted, and asks to delete them: ledger
    people do, or take them back where somebody posted them meanwhile.
    """
    books = world.ledgers[run.view.target]
    named = {
        number
        for code, where, _, _ in run.view.problems
        if code == "draft.left"
        for number in re.split(", ", where)
    }
    for entity in books.entities:
        for document in books.documents(entity):
            if document.number in named and not document.booked:
                take_away(world, books, document, "which the product names as a draft that is left")


# --- pays that are wrong ------------------------------------------------------------------------------------


def _mend(world: World, tries: Counter[tuple[str, str]]) -> None:
    """A pay is not as it should be, and no run of it waits for anybody."""
    for pay, flow in _sent(world):
        if all(balance == pay.parts(company) for company, balance in _balances(world, pay, flow)):
            continue
        runs = [run for run in world.runs.values() if run.pay is pay and _same(run, flow)]
        if any(run.state not in ENDED for run in runs):
            continue
        known = world.product.known_documents(flow.target) if pay.right is not None else ()
        for document in hand_made(world, flow.target, pay):
            if document.key not in known:
                _delete_hand_made(world, flow, document)
        if pay.right is None and world.counts["restored"]:
            _delete_forgotten(world, pay, flow)
        done = [run for run in reversed(runs) if run.state in (DONE, CLOSED) and not run.view.dry]
        tried = tries["pay", f"{pay.number} {flow_name(flow)}"]
        tries["pay", f"{pay.number} {flow_name(flow)}"] += 1
        _one_more_way(world, pay, flow, done, tried)


def _one_more_way(world: World, pay: Pay, flow: Flow, done: list[Run], tried: int) -> None:
    ways: list[Way] = []
    if pay.right is not None:
        ways.append(
            (
                f"run payroll {flow_name(flow)} for pay {pay.number}",
                lambda desk: _start(world, desk, pay, flow),
            )
        )
    for run in done:
        if run.calculation is not None:
            ways.append((f"runs reverse {run.name}", partial(Desk.reverse, run=run.id)))
            ways.append(
                (f"runs reverse {run.name} --all", partial(Desk.reverse, run=run.id, everything=True))
            )
    if ways:
        text, work = ways[tried % len(ways)]
        world.command(operators.ANNA, text, work)


def _start(world: World, desk: Desk, pay: Pay, flow: Flow) -> None:
    """What `run payroll` takes up of the pay; by its reference, once it was booked or tried before."""
    ours = [
        reference
        for (name, reference), (known, number, whole) in world.references.items()
        if name == flow.source and known is pay and number == pay.right and {*whole} == {*pay.colours}
    ]
    tried = {run.view.reference for run in world.runs.values() if _same(run, flow) and run.judged}
    listed = desk.new_pay_runs(flow.source, flow.target)
    for reference in ours[-1:]:
        if reference in listed or reference in tried:
            desk.start(flow.source, flow.target, reference)
            continue
        looks = [run for run in world.runs.values() if _same(run, flow) and run.view.reference == reference]
        why = (
            ", ".join(f"{run.name} was {'dry' if run.view.dry else run.state}" for run in looks)
            or "never run"
        )
        text = f"pay {pay.number} is not booked in {flow.target}, and `run payroll` does not list it: {why}"
        world.blame(Violation("hidden", text))


def _delete_hand_made(world: World, flow: Flow, document: Document) -> None:
    take_away(world, world.ledgers[flow.target], document, "which was booked by hand")


def _delete_forgotten(world: World, pay: Pay, flow: Flow) -> None:
    """The product booked an undone pay, and was restored to a time at which it had not: no run speaks of the
    document, and nothing will be posted that would find it. Whoever compares payroll with the ledger sees
    it, and deletes it.
    """
    books, known = world.ledgers[flow.target], world.product.known_documents(flow.target)
    for entity in set(flow.entities.values()):
        for document in books.documents(entity):
            if document.key not in known and world.carries(document, pay):
                take_away(world, books, document, "of a pay that is undone")


def _balances(world: World, pay: Pay, flow: Flow) -> list[tuple[str, int]]:
    """How many parts of the pay stand, by company."""
    return [
        (company, world.judge.parts(flow.target, flow.entities[company], colour))
        for company, colour in sorted(pay.colours.items())
    ]


def _sent(world: World) -> list[tuple[Pay, Flow]]:
    """Pays with the flows that they were sent by."""
    return [
        (world.pays[number - 1], flow)
        for number, source, target in sorted(world.wanted)
        for flow in world.flows
        if (flow.source, flow.target) == (source, target)
    ]


def _same(run: Run, flow: Flow) -> bool:
    return (run.view.source, run.view.target) == (flow.source, flow.target)


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
