"""What operators say to the product: answers to its questions, and what they saw in the ledger.

They tell the truth, except those of a world with liars.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from moving_world.acts import act, pick
from moving_world.adapter import Desk
from moving_world.baton import Task
from moving_world.ledger_people import hand_made
from moving_world.ledgers.ledger import Document
from moving_world.operators import ANNA, BEN, of
from moving_world.truth import Run
from moving_world.views import Refusal
from moving_world.world import World

ACCEPTS = re.compile(r"--accept (\S+/\S+?)(?=[\s.]|$)")
AGAIN = re.compile(r"name it(?: again)?: ml-connector runs mark-booked-elsewhere \S+ --document (\S+)")
NAMED = re.compile(r"run (payroll-[0-9a-f]+)")


@act("say it was booked elsewhere", "operators", 3, 1)
def elsewhere(world: World, numbers: Sequence[int]) -> bool:
    """Somebody names the documents that people booked for a proposed pay; a liar names one that is none."""
    run = pick([run for run in of(world, "awaiting_approval", "held") if run.pay], numbers[0])
    if run is None:
        return False
    documents = unknown_by_hand(world, run) or edited_by_hand(world, run)
    if not documents and world.shape.liars:
        documents = lies(world, run)
        run.lied_about = bool(documents)
    if not documents:
        return False
    say_elsewhere(world, run, documents)
    return True


def unknown_by_hand(world: World, run: Run) -> list[str]:
    """Documents that people booked for the pay of the run, and that the product does not know."""
    if run.pay is None:
        return []
    known = world.product.known_documents(run.view.target)
    return [held.name for held in hand_made(world, run.view.target, run.pay) if held.key not in known]


def edited_by_hand(world: World, run: Run) -> list[str]:
    """Posted documents that hold the pay of the run, that the product says were edited and offers to count
    as they are, whoever booked them and whether people have taken them back since.
    """
    asked = {name for _, _, text, _ in run.view.problems for name in AGAIN.findall(text)}
    if run.pay is None:
        return []
    books = world.ledgers[run.view.target]
    held = [document for entity in books.entities for document in books.documents(entity)]
    return [
        document.name
        for document in held
        if document.name in asked
        and document.posted
        and any(world.parts_in(document, colour) for colour in run.pay.colours.values())
    ]


def lies(world: World, run: Run) -> list[str]:
    """A document that cannot be what a person says it is: one that the product booked itself, or none at all.
    Nobody can refute a person who names another document of others; what is taken back then is shown.
    """
    books, known = world.ledgers[run.view.target], world.product.known_documents(run.view.target)
    ours = [held for entity in books.entities for held in books.documents(entity) if held.key in known]
    return [ours[-1].name] if ours else [f"{books.entities[0]}/99999999"]


def asked_about(world: World, run: Run) -> list[str]:
    """Documents that the product asks about and that hold the pay of the run, whoever booked them, as the
    product names them.
    """
    return [name for name, held in _asked(world, run) if _is_of(world, run, held)]


def _asked(world: World, run: Run) -> list[tuple[str, Document]]:
    """The documents that the product asks about, by its names: with the journal, where that is not the flow's
    own.
    """
    found = {name for _, _, text, _ in run.view.problems for name in ACCEPTS.findall(text)}
    asked = {plain(name): name for name in sorted(found)}
    books = world.ledgers[run.view.target]
    held = [document for entity in books.entities for document in books.documents(entity)]
    return [(asked[document.name], document) for document in held if document.name in asked]


def plain(name: str) -> str:
    """The name of a document without its journal."""
    entity, *_, number = name.split("/")
    return f"{entity}/{number}"


def _is_of(world: World, run: Run, document: Document) -> bool:
    """Whether the document holds the pay of the run. One that takes another back holds it, too, where the
    product counts the other for the pay.
    """
    if run.pay is None or not document.void:
        return run.pay is not None and world.carries(document, run.pay)
    known = world.product.known_documents(run.view.target)
    return any(
        world.parts_in(other, colour) == -world.parts_in(document, colour) != 0
        for other in world.ledgers[run.view.target].documents(document.entity)
        if other.void and other.key in known
        for colour in run.pay.colours.values()
    )


def say_elsewhere(world: World, run: Run, documents: list[str]) -> None:
    """The command. The product goes by these documents as they stand at some moment while it is carried
    out.
    """
    books, names = world.ledgers[run.view.target], {plain(name) for name in documents}
    since = {
        held.key: world.papers.version(books.name, held.key)
        for entity in books.entities
        for held in books.documents(entity)
        if held.name in names and held.lines
    }

    def name(desk: Desk) -> None:
        sure = False
        try:
            desk.booked_elsewhere(run.id, documents, "by hand")
            sure = True
        except Refusal:
            since.clear()
            raise
        finally:
            for key, version in since.items():
                world.papers.named(books.name, key, version, sure=sure)

    world.command(ANNA, f"runs mark-booked-elsewhere {run.name} {' '.join(documents)}", name, run)


def accepts(world: World, run: Run) -> list[str]:
    """Documents that the product asks about and that are not the run's pay, as anybody can see in them."""
    return [name for name, held in _asked(world, run) if not _is_of(world, run, held)]


@act("say it is not this pay", "operators", 3, 1)
def accept(world: World, numbers: Sequence[int]) -> bool:
    """Somebody answers that a document of others is no pay of ours."""
    run = pick([run for run in of(world, "held") if accepts(world, run)], numbers[0])
    if run is None:
        return False
    say_accepted(world, run)
    return True


def copies(run: Run) -> list[str]:
    """Documents with the marker of another one that the product asks about: whether they are taken back."""
    texts = [text for code, _, text, _ in run.view.problems if code == "documents.duplicate"]
    return [name for text in texts for name in ACCEPTS.findall(text)]


def say_accepted(world: World, run: Run, documents: list[str] | None = None) -> None:
    """The command."""
    documents = accepts(world, run) if documents is None else documents
    text = f"runs resume {run.name} {' '.join(f'--accept {name}' for name in documents)}"
    world.command(ANNA, text, lambda desk: desk.resume(run.id, accept=documents), run)


@act("say which pay it is", "operators", 5, 1)
def which_pay(world: World, numbers: Sequence[int]) -> bool:
    """Somebody answers whether a delivery is a pay of its own or comes in place of another."""
    run = pick([run for run in of(world, "held") if asks_which(run)], numbers[0])
    if run is None:
        return False
    say_which(world, run)
    return True


def asks_which(run: Run) -> bool:
    """Whether the product asks which pay the run is of."""
    return any(code == "pay.which" for code, _, _, _ in run.view.problems)


def say_which(world: World, run: Run) -> None:
    """The truth: in place of a run of the same pay, or a pay of its own."""
    named = {name for _, _, text, _ in run.view.problems for name in NAMED.findall(text)}
    same = [other for other in world.runs.values() if other.id in named and other.pay is run.pay]
    if same:
        text = f"runs answer {run.name} --replaces {same[-1].name}"
        world.command(ANNA, text, lambda desk: desk.replaces(run.id, same[-1].id), run)
        return
    world.command(ANNA, f"runs answer {run.name} --own-pay", lambda desk: desk.own_pay(run.id), run)


def asks_older(run: Run) -> bool:
    """Whether the product asks if the run counts beside one of a newer calculation."""
    return any(code == "pay.newer" for code, _, _, _ in run.view.problems)


def say_older_counts(world: World, run: Run) -> None:
    """The command."""
    text = f"runs answer {run.name} --older-counts"
    world.command(ANNA, text, lambda desk: desk.older_counts(run.id), run)


@act("say it was deleted", "operators", 2, 1)
def deleted(world: World, numbers: Sequence[int]) -> bool:
    """Somebody says that documents of a run were deleted; liars say it when they stand."""
    runs = [run for run in of(world, "done", "held", "closed") if world.shape.liars or gone(world, run)]
    run = pick(runs, numbers[0])
    if run is None:
        return False
    world.command(ANNA, f"runs mark-deleted {run.name}", lambda desk: desk.deleted(run.id), run)
    return True


def gone(world: World, run: Run) -> set[str]:
    """Documents that the run posted and that do not stand any more, whatever the product can see of it."""
    books = world.ledgers[run.view.target]
    standing = {document.key for entity in books.entities for document in books.documents(entity)}
    return set(world.product.documents(run.id)) - standing


@act("look at the books", "operators", 2, 1)
def look_at_books(world: World, _: Sequence[int]) -> bool:
    """The nightly look of the product."""
    world.command(ANNA, "look", lambda desk: desk.look())
    return True


@act("settle an unknown outcome", "operators", 4, 2)
def settle(world: World, numbers: Sequence[int]) -> bool:
    """One person says what became of an entry; the next time another does."""
    found = pick(world.product.unknown(), numbers[0])
    if found is None:
        return False
    say_settled(world, *found, who=(ANNA, BEN)[numbers[1] % 2], lie=world.shape.liars and numbers[1] % 5 == 0)
    return True


def say_settled(world: World, key: str, ledger: str, entity: str, *, who: str, lie: bool = False) -> Task:
    """The truth: the document that the entry became, or that there is none. Known from the books, and from
    what the product shows of the entry.
    """
    documents = _became(world, key, ledger, entity)
    booked_as = documents[-1].id if bool(documents) != lie and documents else None
    text = f"runs settle, {'booked' if booked_as else 'not booked'}"
    return world.command(who, text, lambda desk: desk.settle(key, booked_as))


def _became(world: World, key: str, ledger: str, entity: str) -> list[Document]:
    """Documents that the entry may have become, the likeliest last: none that people made, as the ledger says
    of each. The product wrote it for the run that asks, or it holds what the run shows of the entry.
    """
    asks = next((run for run in world.runs.values() if _asks_about(run, key)), None)
    shown = Desk(world.product, ANNA).accounts(asks.id, key) if asks else {}
    known = world.product.known_documents(ledger)
    found = [
        (_accounts(document) == shown, document)
        for document in world.ledgers[ledger].documents(entity)
        if document.lines and (ledger, document.name) not in world.by_hand and document.key not in known
    ]
    may_be = [
        (same, document)
        for same, document in found
        if not world.made_by_people(ledger, document)
        and (same or (asks is not None and world.made_by(ledger, document) == asks.id))
    ]
    return [document for _, document in sorted(may_be, key=lambda each: each[0])]


def _asks_about(run: Run, key: str) -> bool:
    return any(f"'{key}'" in text for _, _, text, _ in run.view.problems)


def _accounts(document: Document) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for account, cents, _ in document.lines:
        sums[account] += cents
    return {account: cents for account, cents in sums.items() if cents}
