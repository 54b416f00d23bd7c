"""What sensible people do about a run that waits for a person.

Operators want a run that brings its pay to what payroll paid, and give up any other. They read what the
product says, do in the ledger and at the settings what it asks for, and type the command that it names.
Where it refuses one, they type what the refusal names, at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from moving_world import advice, operators, setting_up, statements
from moving_world.adapter import Desk
from moving_world.baton import Task
from moving_world.ledger_people import hand_made, take_away
from moving_world.ledgers.ledger import Document
from moving_world.righting import Tries, as_it_should_be, balances, delete_forgotten, delete_hand_made
from moving_world.truth import ENDED, Run
from moving_world.turns import go_on
from moving_world.views import Refusal
from moving_world.world import World

COMMANDS_MAX = 4
"""How many commands somebody types about a run at a time."""
ELSEWHERE_TRIES = 2
"""How often a document is named before somebody takes it away instead: it may stand in another journal."""
DELETED_TRIES = 2
"""How often somebody says of the same documents that they are deleted."""
PATIENCE = 2
"""How often somebody lets a run wait for another that should end first."""
DUPLICATE = re.compile(r"duplicate")
NUMBERS = re.compile(r"[\w-]+")
CHANGED_SINCE = ("read_back.", "adopt.", "booked.edited")
"""Codes of a document that does not say what was written."""
LEFT = frozenset({"draft.left", "journal.lines_deleted"})
"""Codes of a document that is written and not posted, and that should be deleted."""
UNSURE = frozenset({"sending", "writing", "draft"})
"""States of an entry of which the run itself must find out whether it is booked."""
TO_THE_END = 10**6
SIGN_IN = "[sign_in"
"""How the code of a refusal begins that wants somebody to sign in again."""


@dataclass(frozen=True, slots=True)
class Way:
    """A command in words, how it is carried out, and the run it is about."""

    text: str
    work: Callable[[Desk], object]
    run: Run


def decide(world: World, run: Run, tries: Tries) -> None:
    """One decision about a run that waits for a person."""
    if run.state == "awaiting_approval" and is_wanted(world, run):
        _approve(world, run, tries)
    elif run.state in ("held", "failed", "awaiting_approval"):
        codes = ",".join(code for code, _, _, _ in run.view.problems)
        _help(world, run, tries[run.id, codes], tries)
        tries[run.id, codes] += 1


def is_wanted(world: World, run: Run) -> bool:
    """Whether the run would bring a pay to what it should be."""
    if run.pay is None:
        return False
    if run.calculation is None:
        return not as_it_should_be(world, run.pay, operators.flow_of(world, run))
    return run.calculation == run.pay.right and not run.view.dry


def _approve(world: World, run: Run, tries: Tries) -> None:
    documents = statements.unknown_by_hand(world, run)
    if documents and _name(world, run, documents, tries):
        return
    world.looked.pop(run.id, None)
    operators.approve(world, run)


def _name(world: World, run: Run, documents: list[str], tries: Tries) -> bool:
    """Say that the pay was booked as these documents; or take them away, where that helped nothing."""
    if tries[run.id, "elsewhere"] < ELSEWHERE_TRIES:
        tries[run.id, "elsewhere"] += 1
        statements.say_elsewhere(world, run, documents)
        return True
    if run.pay is None:
        return False
    flow = operators.flow_of(world, run)
    names = {statements.plain(name) for name in documents}
    for document in hand_made(world, run.view.target, run.pay):
        if document.name in names:
            delete_hand_made(world, flow, document)
    return False


# --- a run that is held, or has failed ----------------------------------------------------------------------


def _help(world: World, run: Run, tried: int, tries: Tries) -> None:
    texts = " ".join(text for _, _, text, _ in run.view.problems)
    before = [world.runs[other] for other in advice.first_to_end(texts) if other in world.runs]
    if tried < PATIENCE and any(other.state not in ENDED for other in before):
        return
    _set_right(world, run)
    told = _delete_in_the_ledger(world, run, tries)
    if tried == 0 and (copies := statements.copies(run)):
        # They were taken back when peace began; the ledger shows them all the same.
        statements.say_accepted(world, run, copies)
        return
    if is_wanted(world, run) and _answer(world, run, tries):
        return
    if (edited := statements.edited_by_hand(world, run)) and _name(world, run, edited, tries):
        return
    ways = _ways(world, run, "" if told else texts)
    turn = max(0, tried - PATIENCE if run.state == "failed" else tried) % len(ways)
    _say(world, run, [*ways[turn:], *ways[:turn]])


def _set_right(world: World, run: Run) -> None:
    """What the product wants to be set up."""
    codes = {code for code, _, _, _ in run.view.problems}
    if "run.ambiguous" in codes:
        _to_the_end(world, partial(setting_up.say_periods, world, run.view.source))
    if any(code.startswith("sign_in") for code in codes):
        _to_the_end(world, partial(setting_up.sign_in_to, world, run.view.target))


def _answer(world: World, run: Run, tries: Tries) -> bool:
    """The answer to what the product asks of a run that is wanted; whether there was a question."""
    if statements.asks_which(run):
        statements.say_which(world, run)
        return True
    if statements.asks_older(run):
        statements.say_older_counts(world, run)
        return True
    if documents := statements.asked_about(world, run):
        if _name(world, run, documents, tries):
            return True
        if run.pay is not None:
            delete_forgotten(world, run.pay, operators.flow_of(world, run), "which no run speaks of")
        return False
    if statements.accepts(world, run):
        statements.say_accepted(world, run)
        return True
    documents = statements.unknown_by_hand(world, run) or statements.edited_by_hand(world, run)
    return bool(documents) and _name(world, run, documents, tries)


def _say(world: World, run: Run, ways: list[Way]) -> None:
    """Type one after the other until the product does what it is told. What a refusal names comes next."""
    done: set[tuple[str, str]] = set()
    for _ in range(COMMANDS_MAX):
        way = next((way for way in ways if (way.text, way.run.id) not in done), None)
        if way is None:
            return
        done.add((way.text, way.run.id))
        refusal = typed(world, way)
        if not refusal:
            return
        given_up = [way_of(run, "mark-deleted")] if _delete_draft(world, run, refusal) else []
        ways = [*given_up, *_named(world, run, refusal), *ways]


def typed(world: World, way: Way) -> str:
    """Type a command, to its end, and once more after signing in; why the product refuses it, if it does."""
    text = f"runs {way.text} {way.run.name}"
    task = signed_in(
        world, way.run.view.target, lambda: world.command(operators.ANNA, text, way.work, way.run)
    )
    return str(task.error) if isinstance(task.error, Refusal) else ""


def signed_in(world: World, ledger: str, command: Callable[[], Task]) -> Task:
    """Type a command, to its end, and once more after signing in where its refusal asks for that."""
    for _ in range(2):
        task = command()
        go_on(world, task, TO_THE_END)
        if SIGN_IN not in str(task.error):
            break
        _to_the_end(world, partial(setting_up.sign_in_to, world, ledger))
    return task


def _to_the_end(world: World, deed: Callable[[], object]) -> None:
    """Do something, and let what was typed for it come to its end."""
    before = [*world.baton.tasks]
    deed()
    for task in [task for task in world.baton.tasks if task not in before]:
        go_on(world, task, TO_THE_END)


# --- which command ------------------------------------------------------------------------------------------


def _ways(world: World, run: Run, texts: str) -> list[Way]:
    """What the product names in these words, then whatever else there is."""
    again = [way_of(run, "resume"), way_of(run, "resume", "--propose-again")]
    give_up = [way_of(run, "cancel"), way_of(run, "close"), way_of(run, "reverse")]
    named = _named(world, run, texts)
    if is_wanted(world, run):
        others = [*again, *give_up]
        if "run.booked_otherwise" in {code for code, _, _, _ in run.view.problems}:
            others = [*give_up, *again]
    else:
        states = Desk(world.product, operators.ANNA).entry_states(run.id)
        if states & UNSURE:
            find_out = again[run.state == "awaiting_approval"]
            others = [find_out, *give_up, *again]
        elif "confirmed" in states:
            others = [*give_up[1:], give_up[0], *again]
        else:
            others = [*give_up, *again]
        named = []
    return list({(way.text, way.run.id): way for way in (*named, *others)}.values())


def _named(world: World, run: Run, text: str) -> list[Way]:
    """The commands of the text, about the runs that it names. Nobody approves what was not looked at, or says
    that a document was deleted which stands. What ends a run comes before what lets it go on, where nobody
    wants it.
    """
    found = [
        way_of(world.runs[command.run or run.id], command.verb, command.flags)
        for command in advice.commands(text)
        if command.verb not in ("approve", "mark-deleted") and (command.run or run.id) in world.runs
    ]
    if is_wanted(world, run):
        return found
    return sorted(found, key=lambda way: (way.run is not run, not way.text.startswith(("cancel", "close"))))


def way_of(run: Run, verb: str, flags: str = "") -> Way:
    """A command about a run."""
    again, everything = "--propose-again" in flags, "--all" in flags
    works: dict[str, Callable[[Desk], object]] = {
        "cancel": partial(Desk.cancel, run=run.id),
        "close": partial(Desk.close_run, run=run.id, why="not needed any more"),
        "reverse": partial(Desk.reverse, run=run.id, everything=everything),
        "resume": partial(Desk.resume, run=run.id, again=again),
        "mark-deleted": partial(Desk.deleted, run=run.id),
    }
    return Way(f"{verb} {flags}".strip(), works[verb], run)


# --- what people do in the ledger ---------------------------------------------------------------------------


def _delete_in_the_ledger(world: World, run: Run, tries: Tries) -> bool:
    """Ledger people delete what the product asks them to, and operators say so at once; whether they did."""
    codes = [code for code, _, _, _ in run.view.problems]
    if any(DUPLICATE.search(code) for code in codes):
        _delete_double(world, run)
    if LEFT & {*codes}:
        _delete_drafts(world, run)
    if any(code.startswith(CHANGED_SINCE) for code in codes):
        _delete_edited(world, run)
    texts = " ".join(text for _, _, text, _ in run.view.problems)
    asked = [
        world.runs[command.run or run.id]
        for command in advice.commands(texts)
        if command.verb == "mark-deleted" and (command.run or run.id) in world.runs
    ]
    told = [say_deleted(world, other, tries, asked=other in asked) for other in [*asked, run]]
    return any(told)


def say_deleted(world: World, run: Run, tries: Tries, *, asked: bool = False) -> bool:
    """Say that documents of the run were deleted, where they were; unasked only a few times of the same
    documents. Whether the product took it.
    """
    gone = statements.gone(world, run)
    told = (run.id, f"gone {sorted(gone)}")
    if not gone or (tries[told] >= DELETED_TRIES and not asked):
        return False
    tries[told] += 1
    return not typed(world, way_of(run, "mark-deleted"))


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
    for company, balance in balances(world, run.pay, flow):
        wanted = run.pay.parts(company)
        if wanted and balance == 2 * wanted:
            standing = [held for held in books.documents(flow.entities[company]) if not held.void]
            take_away(world, books, standing[-1], "which the product names as double")


def _delete_drafts(world: World, run: Run) -> None:
    """The product says that documents of the run are written and not posted, and asks to delete them: ledger
    people do, or take them back where somebody posted them meanwhile.
    """
    named = {
        number for code, where, _, _ in run.view.problems if code in LEFT for number in NUMBERS.findall(where)
    }
    for document in _documents(world, run):
        if document.number in named and not document.posted:
            _take_away(world, run, document, "which the product names as a draft that is left")


def _delete_draft(world: World, run: Run, refusal: str) -> bool:
    """Ledger people delete the draft that a refusal names, where nobody wants the run; whether they did."""
    number, entity = advice.draft(refusal)
    if not number or is_wanted(world, run):
        return False
    books = world.ledgers[run.view.target]
    for document in books.documents(entity):
        if document.number == number and not document.posted:
            _take_away(world, run, document, "a draft of a run that is given up")
            return True
    return False


def _delete_edited(world: World, run: Run) -> None:
    """The product says that a document does not say what was written, and nobody can put it right: ledger
    people delete it, or take it back, but for one that is posted, that the product offers to count, and of
    which the run is to make the pay.
    """
    ours = set(world.product.documents(run.id))
    named = statements.edited_by_hand(world, run) if is_wanted(world, run) else []
    for document in _documents(world, run):
        if document.name in named:
            continue
        if document.key in ours and world.papers.edited(run.view.target, document.key):
            _take_away(world, run, document, "which the product names as edited")


def _documents(world: World, run: Run) -> list[Document]:
    books = world.ledgers[run.view.target]
    return [document for entity in books.entities for document in books.documents(entity)]


def _take_away(world: World, run: Run, document: Document, which: str) -> None:
    take_away(world, world.ledgers[run.view.target], document, which)
