"""What people of the ledger do: book by hand, delete, copy, edit, close periods, block accounts, end sign-
ins.

What they break they mend in the end: each act that somebody would take back leaves how in `world.mess`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from moving_world.acts import act, pick
from moving_world.ledgers.ledger import KINDS, Document, Ledger, Removal
from moving_world.truth import Pay
from moving_world.world import World

TEXTS = ("Payroll June", "Loonrun juni", "[/red] =1+1", "\u202eesrever\u202c", "x" * 55, "a & b <i>")


@act("pay is booked by hand", "ledger people", 5, 3)
def book(world: World, numbers: Sequence[int]) -> bool:
    """Somebody books a pay as it stands, because payroll asked for it, or does not know that it is booked."""
    flow = pick(world.flows, numbers[0])
    assert flow is not None
    pays = [pay for pay in world.pays if pay.payroll == flow.source and pay.right is not None]
    pay = pick(pays, numbers[1])
    if pay is None:
        return False
    company = pick(sorted(pay.colours), numbers[2])
    assert company is not None
    books, entity = world.ledgers[flow.target], flow.entities[company]
    if world.judge.parts(books.name, entity, pay.colours[company]) and numbers[2] % 5:
        return False
    colour = pay.colours[company]
    text = TEXTS[numbers[2] % len(TEXTS)] if world.shape.hostile else TEXTS[0]
    try:
        number = books.book(entity, pay.end, {colour: pay.parts(company)}, f"D{company}", text)
    except ValueError:
        return False
    world.by_hand[books.name, f"{entity}/{number}"] = (pay, company)
    world.by_people(books.name, f"books pay {pay.number} of {company} by hand as {number}")
    return True


@act("something else is booked", "ledger people", 2, 2)
def book_other(world: World, numbers: Sequence[int]) -> bool:
    """An entry in the journal of payroll that is no pay."""
    books, pay = _books(world, numbers[0]), pick(world.pays, numbers[1])
    if pay is None:
        return False
    entity = books.entities[numbers[1] % len(books.entities)]
    try:
        number = books.book_other(entity, pay.end, TEXTS[numbers[0] % len(TEXTS)])
    except ValueError:
        return False
    world.by_people(books.name, f"books something else in {entity} as {number}")
    return True


@act("a document is deleted", "ledger people", 4, 2)
def delete(world: World, numbers: Sequence[int]) -> bool:
    """Somebody takes an entry away, whoever booked it. What the vendor only lets them take back, and nobody
    booked by hand, comes back in the end.
    """
    books = _books(world, numbers[0])
    document = pick(_documents(books), numbers[1])
    if document is None:
        return False
    by_hand = (books.name, document.name) in world.by_hand
    removal = take_away(world, books, document)
    put_back = removal.put_back if removal else None
    if put_back is not None and not by_hand:
        world.mess.append((f"{document.name} is put back", put_back))
    return removal is not None


def take_away(world: World, books: Ledger, document: Document, which: str = "") -> Removal | None:
    """Delete a document, or take it back, as the vendor has it."""
    removal = books.remove(document)
    if removal is None:
        return None
    world.by_hand.pop((books.name, document.name), None)
    world.by_people(books.name, f"{removal.text}{which and f', {which}'}")
    return removal


@act("a document is copied", "ledger people", 2, 2)
def double(world: World, numbers: Sequence[int]) -> bool:
    """Somebody copies an entry, and takes the copy away in the end."""
    books = _books(world, numbers[0])
    document = pick(_documents(books), numbers[1])
    if document is None or not document.lines:
        return False
    copy = books.double(document)
    if copy is None:
        return False
    world.papers_of(books.name, document.entity)
    world.papers.copied(books.name, copy, document.key)
    world.by_people(books.name, f"copies {document.number} in {document.entity}")

    def mend() -> None:
        for held in _documents(books):
            if held.key == copy:
                take_away(world, books, held, f"the copy of {document.number}")

    world.mess.append((f"the copy of {document.number} is taken away", mend))
    return True


@act("a draft is posted", "ledger people", 2, 2)
def post(world: World, numbers: Sequence[int]) -> bool:
    """Somebody posts what the product wrote and did not post yet."""
    books = _books(world, numbers[0])
    known = world.product.known_documents(books.name)
    waiting = [held for held in _documents(books) if not held.posted and held.key in known]
    document = pick(waiting, numbers[1])
    if document is None or not books.post(document):
        return False
    world.by_people(books.name, f"posts {document.number} in {document.entity}")
    return True


@act("a document is edited", "ledger people", 2, 2)
def edit(world: World, numbers: Sequence[int]) -> bool:
    """Somebody doubles the amounts of an entry, and halves them again in the end; or changes its text for
    good.
    """
    books = _books(world, numbers[0])
    document = pick(_documents(books), numbers[1])
    if document is None:
        return False
    if numbers[1] % 3 == 0:
        if not books.reword(document, "Corrected text"):
            return False
        world.by_people(books.name, f"words {document.number} anew")
        return True
    if not books.edit(document, 2):
        return False
    world.by_people(books.name, f"doubles the amounts of {document.number}")

    def mend() -> None:
        for held in _documents(books):
            if held.key == document.key and books.edit(held, 1, 2):
                world.by_people(books.name, f"halves the amounts of {document.number} again")

    world.mess.append((f"{document.number} is put right", mend))
    return True


@act("a period is closed", "ledger people", 2, 2)
def close(world: World, numbers: Sequence[int]) -> bool:
    """A period is closed for all journals; it is opened again in the end."""
    books = _books(world, numbers[0])
    entity = books.entities[numbers[1] % len(books.entities)]
    period = ("2026-06", "2026-07")[numbers[1] // 2 % 2]
    books.close(entity, period, True)
    world.by_people(books.name, f"closes {period} in {entity}")
    world.mess.append((f"{period} is opened in {entity}", lambda: books.close(entity, period, False)))
    return True


@act("the books are closed in the middle", "ledger people", 2, 1)
def close_in_the_middle(world: World, numbers: Sequence[int]) -> bool:
    """A period is closed right after the next document of the product is booked, whatever else it wants to
    book there; it is opened again in the end.
    """
    period = ("2026-06", "2026-07")[numbers[0] % 2]

    def close_now(name: str) -> None:
        books = world.ledgers[name]
        for entity in books.entities:
            books.close(entity, period, True)
            world.mess.append(
                (f"{period} is opened in {entity}", partial(books.close, entity, period, False))
            )
        world.note(f"somebody at {name} closes {period} everywhere")

    world.after_a_send.append(close_now)
    world.note(f"somebody will close {period} after the next document that is booked")
    return True


@act("a period is opened", "ledger people", 1, 2)
def open_(world: World, numbers: Sequence[int]) -> bool:
    """A period is opened for all journals."""
    books = _books(world, numbers[0])
    entity = books.entities[numbers[1] % len(books.entities)]
    period = ("2026-06", "2026-07")[numbers[1] // 2 % 2]
    books.close(entity, period, False)
    world.by_people(books.name, f"opens {period} in {entity}")
    return True


@act("an account is blocked", "ledger people", 1.5, 2)
def block(world: World, numbers: Sequence[int]) -> bool:
    """A GL account of payroll is blocked for a while."""
    books = _books(world, numbers[0])
    entity, code = books.entities[numbers[1] % len(books.entities)], pick(sorted(KINDS), numbers[1])
    assert code is not None
    books.block(entity, code, True)
    world.by_people(books.name, f"blocks account {code} in {entity}")
    world.mess.append((f"account {code} is released in {entity}", lambda: books.block(entity, code, False)))
    return True


@act("a cost center is ended", "ledger people", 1, 2)
def end_center(world: World, numbers: Sequence[int]) -> bool:
    """A cost center of payroll is ended for a while."""
    books = _books(world, numbers[0])
    flow = pick([flow for flow in world.flows if flow.target == books.name], numbers[1])
    company = pick(sorted(flow.entities), numbers[1]) if flow else None
    if flow is None or company is None:
        return False
    entity, code = flow.entities[company], f"D{company}"
    books.end_center(entity, code, True)
    world.by_people(books.name, f"ends cost center {code} in {entity}")
    world.mess.append((f"{code} is in use in {entity}", lambda: books.end_center(entity, code, False)))
    return True


@act("a sign-in is revoked", "ledger people", 2, 2)
def revoke(world: World, numbers: Sequence[int]) -> bool:
    """Access tokens, or the whole consent, end at once."""
    books = _books(world, numbers[0])
    what = ("access", "refresh")[numbers[1] % 2]
    books.revoke(what)
    world.revoked = True
    world.coverage.strikes("sign-in")
    world.by_people(books.name, f"revokes {what} tokens")
    return True


def _books(world: World, number: int) -> Ledger:
    books = pick(list(world.ledgers.values()), number)
    assert books is not None
    return books


def _documents(books: Ledger) -> list[Document]:
    return [document for entity in books.entities for document in books.documents(entity)]


def hand_made(world: World, ledger: str, pay: Pay) -> list[Document]:
    """The documents that people booked for the pay, and that stand."""
    return [
        document
        for document in _documents(world.ledgers[ledger])
        if not document.void and world.by_hand.get((ledger, document.name), (None, ""))[0] is pay
    ]
