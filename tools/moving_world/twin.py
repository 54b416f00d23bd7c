"""Another installation that lives on: the one of which a backup was taken, while that is restored elsewhere.

It has its own database and its own people, and the same ledgers. What the product promises there: each of
the two finds what the other has written, by its marker or because it looks alike, before it posts the same
pay. So the books that the other one changed are judged as if people had booked there by hand; and if it
books a pay that the first has booked, alone and as it is, that is wrong at once. It works in one go: what
the first one has begun meanwhile does not go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ml_connector_sandbox.judges.moving import Violation
from moving_world.acts import act, pick
from moving_world.adapter import Desk, Product
from moving_world.baton import Baton
from moving_world.ledgers.ledger import Document
from moving_world.setting_up import put_back
from moving_world.views import Refusal
from moving_world.world import World

PASSES_MAX = 12
OTHER = "the other installation"
Standing = dict[tuple[str, str, int], list[Document]]
"""Ledger, legal entity and colour → the documents that hold it."""


@act("restore beside the living", "operators", 2, 1)
def restore_beside(world: World, numbers: Sequence[int]) -> bool:
    """A backup is restored on this machine, and the installation as it was lives on elsewhere."""
    path = pick(world.backups, numbers[0])
    if path is None:
        return False
    world.twin = None
    world.reboot()
    settings = world.product.settings
    twin = Product(
        settings.at(world.home / "twin.sqlite3"), world.host, world.wire, Baton(world.clock), claims=True
    )
    twin.path.write_bytes(world.product.path.read_bytes())
    world.note(f"{OTHER} lives on")
    put_back(world, path)
    world.twin = twin
    return True


@act("the other installation works", "operators", 6, 2)
def work(world: World, numbers: Sequence[int]) -> bool:
    """It carries out what it can; before that its people start what is new, or approve what waits."""
    twin = world.twin
    if twin is None or world.product.wrapper.in_atomic_block:
        return False
    before = _standing(world)
    known = {name: world.product.known_documents(name) for name in world.ledgers}
    with twin.beside(world.product):
        desk = Desk(twin, OTHER)
        _try(world, (_approve, _run_payroll, _nothing)[numbers[1] % 3], twin, desk)
        for _ in range(PASSES_MAX):
            run = pick(twin.able(), numbers[0])
            if run is None:
                break
            _try(world, lambda twin, desk, run=run: desk.carry_out(run), twin, desk)  # type: ignore[misc]
    _judge(world, before, _standing(world), known)
    return True


def _try(world: World, deed: Callable[[Product, Desk], None], twin: Product, desk: Desk) -> None:
    try:
        deed(twin, desk)
    except Refusal as refusal:
        world.note(f"{OTHER}: refused: {refusal}")
    except MemoryError:
        world.note(f"{OTHER}: no memory")


def _nothing(_: Product, __: Desk) -> None:
    """Nobody does anything there."""


def _approve(twin: Product, desk: Desk) -> None:
    for view in twin.runs():
        if view.state == "awaiting_approval":
            desk.approve(view.id, desk.fingerprint(view.id))


def _run_payroll(twin: Product, desk: Desk) -> None:
    for view in twin.runs()[-1:]:
        for reference in desk.new_pay_runs(view.source, view.target):
            desk.start(view.source, view.target, reference)


# --- what it has booked -------------------------------------------------------------------------------------


def _standing(world: World) -> Standing:
    found: Standing = {}
    for books in world.ledgers.values():
        for entity in books.entities:
            for document in books.documents(entity):
                for pay in world.pays:
                    for colour in pay.colours.values():
                        if not document.void and world.parts_in(document, colour):
                            found.setdefault((books.name, entity, colour), []).append(document)
    return found


def _judge(world: World, before: Standing, after: Standing, known: Mapping[str, set[str]]) -> None:
    """What it booked is a document of others from now on; what it booked though it stood is wrong."""
    for (ledger, entity, colour), documents in after.items():
        old = before.get((ledger, entity, colour), [])
        keys = {document.key for document in old}
        for document in documents:
            if document.key in keys:
                continue
            pay, company = world.of_colour(colour)
            world.by_hand[ledger, document.name] = (pay, company)
            world.note(f"{OTHER} books {document.name}: pay {pay.number} of {company}")
            if len(old) == 1 and old[0].key in known[ledger] and not world.ledgers[ledger].lag_seconds:
                stood, added = world.parts_in(old[0], colour), world.parts_in(document, colour)
                stands = sum(world.parts_in(each, colour) for each in documents)
                if is_double(stood, added, stands, pay.parts(company)):
                    text = f"{OTHER} booked pay {pay.number} of {company} as {document.name}, and it stood as"
                    world.blame(Violation("booked twice", f"{text} {old[0].name}"))


def is_double(stood: int, added: int, stands: int, right: int) -> bool:
    """Whether what was added is what stood already, in parts of a pay. A difference to another calculation
    may be just as big: then all that stands now is what payroll paid.
    """
    return added == stood and stands != right
