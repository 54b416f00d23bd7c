"""The ledgers of a moving world: what people do there, as each vendor allows, and what counts as booked."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from moving_world.clock import TrueClock
from moving_world.driver import SEEDS_A_SHAPE, shape_of_seed
from moving_world.ledgers.dynamics_fo import JOB_SECONDS, DynamicsLedger
from moving_world.ledgers.exact_online import ExactLedger
from moving_world.ledgers.ledger import Document, Ledger
from moving_world.ledgers.visma_net import VismaLedger
from moving_world.places import ledger_of
from moving_world.shape import ENTITIES, LEDGERS, VENDORS, Shape, shape_of

from ml_connector_sandbox.judges.coloured import counted

CASES = Path(__file__).parent / "cases"
BOOKS, ENTITY, OTHER = LEDGERS[0], *ENTITIES
DAY, PERIOD, CENTER = date(2026, 6, 5), "2026-06", "DA1"
COLOUR, PARTS = 2, 3


def shape(vendor: str) -> Shape:
    """A shape whose ledgers are of that vendor; its flows are of no interest here."""
    kept = json.loads((CASES / "defect-two-mappings.json").read_text())["shape"]
    return shape_of({**kept, "vendors": dict.fromkeys(LEDGERS, vendor)})


@pytest.fixture(params=sorted({*VENDORS}))
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """A ledger of each vendor."""
    return ledger_of(BOOKS, TrueClock(), shape(request.param))


def booked(ledger: Ledger) -> Document:
    """Parts of a colour, booked by hand."""
    number = ledger.book(ENTITY, DAY, {COLOUR: PARTS}, CENTER, "Payroll June")
    return find(ledger, number)


def find(ledger: Ledger, number: str) -> Document:
    """The document with that number, as it is now."""
    return next(found for found in ledger.documents(ENTITY) if found.number == number)


def parts(ledger: Ledger) -> int:
    """How many parts of the colour the books say."""
    return counted(ledger.balances(ENTITY)).get(COLOUR, 0)


def test_what_is_booked_by_hand_is_booked(ledger: Ledger) -> None:
    """With its cost center, in one entity and no other; what is no pay has no colour."""
    document = booked(ledger)
    ledger.book_other(ENTITY, DAY, "Rent")

    assert (PARTS, {}) == (parts(ledger), counted(ledger.balances(OTHER)))
    assert [{COLOUR: PARTS}, {}] == [counted(found.balances()) for found in ledger.documents(ENTITY)]
    assert ({CENTER}, PERIOD) == ({center for _, _, center in document.lines}, document.period)
    assert (True, True, False) == (document.booked, document.posted, document.void)


def test_what_is_taken_away_counts_no_more_and_comes_back(ledger: Ledger) -> None:
    """Deleted for ever, or taken back by another document, which is taken back in its turn."""
    document = booked(ledger)

    removal = ledger.remove(document)

    assert removal is not None
    assert 0 == parts(ledger)
    if removal.put_back is None:
        assert [] == ledger.documents(ENTITY)
        return
    assert [True, True] == [found.void for found in ledger.documents(ENTITY)]
    assert ledger.remove(find(ledger, document.number)) is None
    removal.put_back()
    assert PARTS == parts(ledger)
    assert [False, True, True] == [found.void for found in ledger.documents(ENTITY)]


def test_only_exact_online_deletes_and_changes_what_is_posted(ledger: Ledger) -> None:
    """At the others' screens neither can be done."""
    document = booked(ledger)
    can = ledger.slug == "exact_online"

    changed = ledger.edit(document, 2), ledger.reword(document, "Corrected text")

    removal = ledger.remove(find(ledger, document.number))
    assert removal is not None
    assert (can, can, can) == (*changed, removal.put_back is None)


def test_a_copy_counts_where_nobody_has_to_do_more(ledger: Ledger) -> None:
    """In Dynamics the job posts it, in Visma it stays on hold. Before that it is deleted, afterwards not."""
    copy = ledger.double(booked(ledger))

    held = next(found for found in ledger.documents(ENTITY) if found.key == copy)
    assert (held.booked, 2 * PARTS if held.booked else PARTS) == (ledger.slug != "visma_net", parts(ledger))
    assert (ledger.slug == "exact_online") == held.posted
    assert ledger.edit(held, 2)
    removal = ledger.remove(held)
    assert removal is not None
    assert (None, PARTS) == (removal.put_back, parts(ledger))


def test_people_post_what_waits(ledger: Ledger) -> None:
    """A journal before the job does, a batch that is on hold; an entry of Exact waits for nothing."""
    document = booked(ledger)
    copy = ledger.double(document)
    waiting = next(found for found in ledger.documents(ENTITY) if found.key == copy)

    assert (ledger.slug != "exact_online") == ledger.post(waiting)

    assert not ledger.post(document)
    assert [True, True] == [found.posted for found in ledger.documents(ENTITY)]
    assert 2 * PARTS == parts(ledger)


def test_the_job_of_dynamics_posts_what_waits() -> None:
    """Money counts from the moment the journal stands, so its posting changes nothing."""
    clock = TrueClock()
    ledger = ledger_of(BOOKS, clock, shape("dynamics_fo"))
    copy = ledger.double(booked(ledger))
    assert [ENTITY] == [*ledger.changed()]

    clock.advance(JOB_SECONDS + 1)
    ledger.catch_up()

    assert [] == [*ledger.changed()]
    assert [True, True] == [found.posted for found in ledger.documents(ENTITY)]
    assert copy == ledger.documents(ENTITY)[-1].key


def test_a_closed_period_refuses_people_too(ledger: Ledger) -> None:
    """And nothing of it is left; opened again it takes them. So it is with accounts and cost centers."""
    for undo, do in (
        (lambda: ledger.close(ENTITY, PERIOD, False), lambda: ledger.close(ENTITY, PERIOD, True)),
        (lambda: ledger.block(ENTITY, "4000", False), lambda: ledger.block(ENTITY, "4000", True)),
        (lambda: ledger.end_center(ENTITY, CENTER, False), lambda: ledger.end_center(ENTITY, CENTER, True)),
    ):
        do()
        if ledger.slug != "exact_online":
            with pytest.raises(ValueError, match=r"\w"):
                booked(ledger)
        assert [] == ledger.documents(ENTITY)
        undo()
    assert PARTS == (booked(ledger), parts(ledger))[1]


def test_an_entity_is_changed_once(ledger: Ledger) -> None:
    """When it was looked at it is as before, until something else happens."""
    assert [] == [*ledger.changed()]
    document = booked(ledger)
    assert ([ENTITY], []) == ([*ledger.changed()], [*ledger.changed()])
    ledger.remove(document)
    assert ([ENTITY], []) == ([*ledger.changed()], [*ledger.changed()])


@pytest.mark.parametrize(
    ("vendor", "writes"),
    [
        ("exact_online", [("POST", "/api/v1/1204/generaljournalentry/GeneralJournalEntries")]),
        (
            "dynamics_fo",
            [
                ("POST", "/data/LedgerJournalHeaders"),
                ("POST", "/data/$batch"),
                ("DELETE", "/data/LedgerJournalHeaders(dataAreaId='1204',JournalBatchNumber='1204-000001')"),
            ],
        ),
        (
            "visma_net",
            [
                ("POST", "/v2/journaltransaction"),
                ("PUT", "/v2/journaltransaction/100001"),
                ("POST", "/v2/journaltransaction/100001/action/release"),
            ],
        ),
    ],
)
def test_every_request_of_a_send_is_a_write(vendor: str, writes: list[tuple[str, str]]) -> None:
    """So a fault strikes any of them; reads and sign-ins are none."""
    ledger = ledger_of(BOOKS, TrueClock(), shape(vendor))
    sign_in = urlsplit(ledger.settings(9101).get("token_url", "http://127.0.0.1/api/oauth2/token")).path

    assert all(ledger.is_write(*asked) for asked in writes)
    assert not any(ledger.is_write("GET", path) for _, path in writes)
    assert not ledger.is_write("POST", sign_in)


def test_shapes_take_turns_at_the_vendors() -> None:
    """Half of the first ledgers are Exact's and a quarter each of the others'; a kept shape that names no
    vendor is Exact's.
    """
    drawn = [shape_of_seed(number * SEEDS_A_SHAPE).vendors for number in range(40)]
    kept = json.loads((CASES / "defect-two-mappings.json").read_text())["shape"]

    assert [20, 10, 10] == [[vendors[BOOKS] for vendors in drawn].count(name) for name in VENDORS[:3]]
    assert {*VENDORS} == {vendors[LEDGERS[1]] for vendors in drawn}
    assert "vendors" not in kept
    assert dict.fromkeys(LEDGERS, "exact_online") == shape_of(kept).vendors
    assert [ExactLedger, DynamicsLedger, VismaLedger] == [
        type(ledger_of(BOOKS, TrueClock(), shape(name))) for name in VENDORS[:3]
    ]
