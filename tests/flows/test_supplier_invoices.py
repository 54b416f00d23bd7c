"""Supplier invoices become purchase entries: each once, with its files and its mark; corrected, never edited;
and a question where only a person can tell.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.flows.invoice_world import PDF, Invoices, NotSent, OutcomeUnknown, coded
from tests.payday import Crash
from tests.unit.domain.invoices import eur

from ml_connector.contract import world as faults
from ml_connector.domain.invoice import InvoiceKind, InvoiceState
from ml_connector.domain.money import Money
from ml_connector.domain.purchase import Attachment, Dossier, PurchaseEntry
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState
from ml_connector.runs.inline import Inline

DONE, HELD, ASKS = RunState.DONE, RunState.HELD, RunState.AWAITING_APPROVAL


def codes(world: Invoices, at: Any) -> list[str]:
    return world.problems(at.id)


def approved(world: Invoices, identity: str = "7", files: int = 1, **more: Any) -> str:
    reference = world.bought.approve(identity, **more)
    for number in range(files):
        world.bought.attach(identity, f"{number}.pdf", PDF + str(number).encode())
    return reference


def book_by_hand(world: Invoices, **changes: Any) -> str:
    """The invoice as a clerk typed it: what a run in another installation would book, without its marker."""
    sink, books = world.sinks[PurchaseEntry], world.purchases
    other = Invoices()
    other.book(approved(other, files=0))
    (row,) = other.purchases.of(PurchaseEntry).values()
    row.booked = replace(row.booked, marker="", **changes)
    world._use()
    assert books is sink.books
    return str(sink.keep(row).number)


# --- once ---------------------------------------------------------------------------------------------------


def test_an_invoice_is_booked_with_its_files_and_marked() -> None:
    """Net, VAT, supplier, number, due date, both files; the source holds the ledger's id and a text."""
    world = Invoices()
    reference = approved(world, files=2, term="30", due=date(2026, 4, 13))

    at = world.book(reference)

    assert (DONE, "report") == (at.state, at.stage), world.problem_list(at.id)
    (entry,) = world.entries
    assert ("S1", "F-7", eur("181.51"), date(2026, 3, 14)) == (
        entry.supplier,
        entry.number,
        entry.payable,
        entry.invoice_date,
    )
    assert {"E": eur("31.51")} == _vat(entry)
    assert [10, 10] == [file.size for file in world.files]
    assert ({"7": "r4"}, {"7": "Booked as 4 in 10."}) == (world.bought.external, world.bought.notes)
    assert "read back, tied out and marked" in at.summary


def _vat(entry: Any) -> dict[str, Any]:
    from ml_connector.domain.purchase import by_code

    return by_code(entry.lines, entry.currency)


def test_the_same_reference_again_books_nothing() -> None:
    world = Invoices()
    reference = approved(world)
    world.book(reference)

    again = world.book(reference)

    assert DONE == again.state
    assert again.summary.startswith("Booked already as 3 in 10")
    assert (1, 1, "181.51") == (len(world.entries), len(world.files), world.owed)


def test_approved_anew_without_a_change_is_marked_and_not_booked_again() -> None:
    """Another reference of the same invoice: the entry stays, and so does the mark."""
    world = Invoices()
    world.book(approved(world))

    again = world.book(world.bought.approve("7"))

    assert (DONE, 1, {"7": "r3"}) == (again.state, len(world.entries), world.bought.external)


@pytest.mark.parametrize(("change", "code"), [("gone", "booked.gone"), ("edited", "booked.changed")])
def test_what_people_did_to_an_entry_is_said_before_it_is_called_booked(change: str, code: str) -> None:
    """Approved anew without a change, while the entry was deleted or edited in the ledger."""
    world = Invoices()
    world.book(approved(world, files=0))
    rows = world.purchases.of(PurchaseEntry)
    if change == "gone":
        rows.clear()
    else:
        rows["r1"].booked = replace(rows["r1"].booked, number="typed over")

    at = world.book(world.bought.approve("7"))

    assert (HELD, [code]) == (at.state, codes(world, at))


def test_looks_take_up_each_approval_once_and_nothing_is_lost_between_look_and_run() -> None:
    """What a look found is kept though the process dies before its run is made."""
    world = Invoices()
    approved(world, "7")
    approved(world, "8", issued=date(2026, 3, 15))
    operations, kind = world.operations, "supplier_invoices"
    first, _ = operations.new(kind, "pay", "books", None)
    assert ["7", "8"] == [reference.partition("/")[0] for reference in first]

    again, _ = world.operations.new(kind, "pay", "books", None)
    assert first == again

    assert [DONE, DONE] == [at.state for at in world.look()]
    assert [] == world.look()
    approved(world, "9", files=0, issued=date(2026, 3, 16))
    assert [DONE] == [at.state for at in world.look()]
    assert 3 == len(world.entries)


def test_nothing_is_booked_while_the_flow_only_proposes() -> None:
    world = Invoices(mode=Mode.PROPOSE)
    at = world.book(approved(world))

    assert (ASKS, [], []) == (at.state, world.entries, world.files)


def test_consent_is_to_just_this() -> None:
    """The fingerprint covers the entry and each file: with another file it is another proposal."""
    world = Invoices(mode=Mode.APPROVE)
    at = world.book(approved(world))
    shown = world.operations.records.fingerprint(at.id)
    other = Invoices(mode=Mode.APPROVE)
    beside = other.book(approved(other, files=2))
    assert shown != other.operations.records.fingerprint(beside.id)
    world._use()

    assert DONE == world.consent(at).state
    assert 1 == len(world.entries)


# --- crashes and faults -------------------------------------------------------------------------------------

CRASHES = (
    "commit: opened",
    "intent: written",
    "send: before",
    "send: answered",
    "send: recorded",
    "assign: before",
    "assign: done",
    "end: before",
    "end: answered",
)


def dies_at(name: str, time: int) -> Any:
    """A process that dies when it comes to a place for the n-th time."""
    left = [time]

    def point(place: str) -> None:
        if place == name:
            left[0] -= 1
            if not left[0]:
                raise Crash(place)

    return point


@pytest.mark.parametrize("place", CRASHES)
@pytest.mark.parametrize("time", [1, 2, 3])
def test_a_process_that_dies_anywhere_books_once(place: str, time: int) -> None:
    """A revision that takes its entry back included: one entry, two files, one mark in the end."""
    world = Invoices()
    world.book(approved(world, files=1))
    lines = (coded("80.00", "16.80"),)
    reference = world.bought.approve("7", lines=lines, net=eur("80.00"), gross=eur("96.80"))
    run = world.begin(reference)
    world.run_to_rest()
    world.operations.approve(run, world.operations.records.fingerprint(run))

    died = False
    try:
        world.run_to_rest(dies_at(place, time))
    except Crash:
        died = True
    assert died or time > 1
    world.run_to_rest()
    world.clock.advance(3600)
    world.run_to_rest()

    assert DONE == world.at(run).state, world.problem_list(run)
    (entry,) = world.entries
    assert (eur("96.80"), 1) == (entry.payable, len(world.files))
    assert {"7": entry.receipt.reference} == world.bought.external


@pytest.mark.parametrize(
    "fault", [faults.LOST_AFTER, faults.LOST_BEFORE, faults.UNREACHABLE, faults.THROTTLED]
)
@pytest.mark.parametrize("write", [0, 1, 2, 3])
def test_a_write_that_fails_is_made_once(fault: str, write: int) -> None:
    """Each of the four writes of an invoice with two files, by each fault of the wire."""
    world = Invoices()
    reference = approved(world, files=2)
    world.fail(fault, after=write)

    run = world.begin(reference)
    for _ in range(6):
        world.run_to_rest()
        world.clock.advance(120)
        if world.at(run).state in (RunState.HELD, RunState.FAILED):
            world.resume(run)

    assert DONE == world.at(run).state, world.problem_list(run)
    assert (1, 2) == (len(world.entries), len(world.files))
    assert 1 == len(world.purchases.of(Dossier))


@pytest.mark.parametrize("error", [NotSent("down"), OutcomeUnknown("lost")])
def test_a_mark_that_fails_is_set_later_and_nothing_is_booked_again(error: Exception) -> None:
    world = Invoices()
    world.bought.fail_mark.append(error)
    run = world.begin(approved(world))
    for _ in range(6):
        world.run_to_rest()
        world.clock.advance(120)
        if world.at(run).state in (RunState.HELD, RunState.FAILED):
            world.resume(run)

    assert (DONE, 1, {"7": "r3"}) == (world.at(run).state, len(world.entries), world.bought.external)


# --- corrections --------------------------------------------------------------------------------------------


def revised(world: Invoices, **more: Any) -> str:
    lines = (coded("80.00", "16.80"),)
    return world.bought.approve("7", lines=lines, net=eur("80.00"), gross=eur("96.80"), **more)


def test_a_revision_withdraws_the_open_entry_and_books_the_next_one() -> None:
    """With consent, also where the flow goes on by itself: the change is shown with what it takes back."""
    world = Invoices()
    world.book(approved(world))

    at = world.book(revised(world))
    assert (ASKS, "181.51") == (at.state, world.owed)
    assert "3 in 10 (181.51 EUR" in at.summary
    done = world.consent(at)

    assert DONE == done.state, world.problem_list(done.id)
    (entry,) = world.entries
    assert (eur("96.80"), {"7": entry.receipt.reference}) == (entry.payable, world.bought.external)


def test_a_revision_of_what_is_paid_is_a_mirror_and_the_next_one() -> None:
    """What was matched with a payment stays in the books, with what takes it back."""
    world = Invoices()
    world.book(approved(world, files=0))
    world.paid("1")

    done = world.consent(world.book(revised(world)))

    assert DONE == done.state, world.problem_list(done.id)
    assert [eur("181.51"), eur("-181.51"), eur("96.80")] == [one.payable for one in world.entries]
    assert "96.80" == world.owed
    assert {"7": world.entries[-1].receipt.reference} == world.bought.external


def test_an_entry_that_is_paid_between_consent_and_withdrawal_gets_a_mirror() -> None:
    """The ledger refuses the withdrawal: proposed again, with consent of its own."""
    world = Invoices()
    world.book(approved(world, files=0))
    asked = world.book(revised(world))
    for row in world.purchases.of(PurchaseEntry).values():
        row.final = True

    again = world.consent(asked)
    assert ASKS == again.state
    assert "Proposed again" in again.summary
    done = world.consent(again)

    assert (DONE, "96.80", 3) == (done.state, world.owed, len(world.entries))


def test_a_canceled_invoice_is_withdrawn() -> None:
    world = Invoices()
    world.book(approved(world))

    at = world.book(world.bought.cancel("7"))
    assert ASKS == at.state
    done = world.consent(at)

    assert (DONE, []) == (done.state, world.entries)
    assert "Taken back: 3." == world.bought.notes["7"]


def test_what_was_canceled_and_never_booked_is_nothing_to_do() -> None:
    world = Invoices()
    approved(world)

    at = world.book(world.bought.cancel("7"))

    assert (DONE, []) == (at.state, world.entries)
    assert "nothing to do" in at.summary


def test_approved_again_after_it_was_canceled_is_booked_again_once() -> None:
    """The key of the entry that was withdrawn is never used again."""
    world = Invoices()
    world.book(approved(world))
    world.consent(world.book(world.bought.cancel("7")))

    world.book(world.bought.approve("7"))

    (entry,) = world.entries
    assert eur("181.51") == entry.payable
    assert {"7": entry.receipt.reference} == world.bought.external


def test_what_is_taken_back_to_be_changed_stays_booked_until_it_is_decided() -> None:
    world = Invoices()
    world.book(approved(world))

    at = world.book(world.bought.approve("7", state=InvoiceState.ON_REVISE, approved_at=None))

    assert (DONE, "181.51") == (at.state, world.owed)
    assert "stays until" in at.summary


def test_an_entry_that_people_edited_is_not_taken_back_silently() -> None:
    world = Invoices()
    world.book(approved(world, files=0))
    (row,) = world.purchases.of(PurchaseEntry).values()
    row.booked = replace(row.booked, invoice_date=date(2026, 3, 1))

    at = world.book(revised(world))

    assert (HELD, ["booked.changed"], 1) == (at.state, codes(world, at), len(world.entries))


def test_another_file_is_added_to_the_entry_that_is_booked() -> None:
    world = Invoices()
    world.book(approved(world, files=1))
    reference = world.bought.approve("7")
    world.bought.attach("7", "later.pdf", PDF + b"later")

    at = world.book(reference)

    assert DONE == at.state, world.problem_list(at.id)
    assert (1, 2, 1) == (len(world.entries), len(world.files), len(world.purchases.of(Dossier)))


# --- while it waits -----------------------------------------------------------------------------------------


def test_an_invoice_that_was_edited_since_it_was_read_is_read_again() -> None:
    """Edited without a new approval, after consent: what is booked is what stands there."""
    world = Invoices(mode=Mode.APPROVE)
    at = world.book(approved(world, files=0))
    world.bought.edit("7", lines=(coded("80.00", "16.80"),), net=eur("80.00"), gross=eur("96.80"))
    world.clock.advance(3600)

    again = world.consent(at)

    assert (ASKS, []) == (again.state, world.entries)
    assert DONE == world.consent(again).state
    assert "96.80" == world.owed


def test_an_invoice_that_was_approved_again_ends_the_older_run() -> None:
    world = Invoices(mode=Mode.APPROVE)
    at = world.book(approved(world, files=0))
    newer = world.bought.approve("7", number="F-8")
    world.clock.advance(3600)

    ended = world.consent(at)

    assert (DONE, []) == (ended.state, world.entries)
    assert "Nothing more was booked" in ended.summary
    assert DONE == world.consent(world.book(newer)).state
    assert ["F-8"] == [entry.number for entry in world.entries]


def test_paying_it_meanwhile_changes_nothing() -> None:
    """What is owed is the same, so consent holds."""
    world = Invoices(mode=Mode.APPROVE)
    at = world.book(approved(world, files=0))
    world.bought.edit("7", state=InvoiceState.PART_PAID, paid=eur("10.00"))
    world.clock.advance(3600)

    assert DONE == world.consent(at).state
    assert "181.51" == world.owed


# --- questions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["F-7", "f 7", "F7"])
def test_the_same_number_again_is_a_question(number: str) -> None:
    """However it is spelled: accepted by number it is booked, named as this one it is not."""
    world = Invoices()
    world.book(approved(world, files=0))
    reference = approved(world, "8", files=0, number=number, title="Again")
    at = world.book(reference)
    assert (HELD, ["ledger.look_alike"], 1) == (at.state, codes(world, at), len(world.entries))

    other = world.answered(at, "booked_as", "10/1")

    assert (DONE, 1) == (other.state, len(world.entries))
    assert "Booked by hand as 10/1." == world.bought.notes["8"]


@pytest.mark.parametrize(
    ("number", "day", "asked"),
    [
        ("F-7", date(2024, 1, 9), True),
        ("f 7", date(2025, 4, 1), True),
        ("f 7", date(2024, 1, 9), False),
        ("F-70", date(2026, 3, 1), False),
    ],
)
def test_the_same_number_of_other_months_is_a_question(number: str, day: date, asked: bool) -> None:
    """As it is written: whatever its date. Spelled otherwise: within a year."""
    world = Invoices()
    book_by_hand(world, number=number, invoice_date=day)

    at = world.book(approved(world, files=0))

    assert (asked, 1 if asked else 2) == (codes(world, at) == ["ledger.look_alike"], len(world.entries))


def test_an_invoice_and_a_credit_note_of_one_number_are_two() -> None:
    """A supplier may number both alike: neither is asked about."""
    world = Invoices()
    world.book(approved(world, files=0))
    back = {"kind": InvoiceKind.CREDIT_NOTE, "number": "F-7"}

    at = world.book(approved(world, "8", files=0, **back))

    assert (DONE, ["181.51", "-181.51"]) == (at.state, [str(one.payable.amount) for one in world.entries])


def test_a_number_that_comes_each_month_is_accepted_with_one_command() -> None:
    """A landlord prints the same each time: all of them are named, five are described."""
    world = Invoices()
    for month in range(1, 8):
        day = date(2025, month, 1)
        book_by_hand(world, number="R-77", invoice_date=day)
    at = world.book(approved(world, files=0, number="R-77"))
    text = world.problem_list(at.id)[0].text

    assert (5, 7, True) == (text.count("number R-77"), text.count("--accept"), "and 2 more." in text)
    names = re.findall(r"--accept ([^ .]+)", text)
    assert (DONE, 8) == (world.resume(at.id, accept=names).state, len(world.entries))


def test_a_long_number_that_the_ledger_cut_is_known_again() -> None:
    """Two that differ behind the cut are two; the same one twice is a question."""
    world = Invoices()
    numbers = ["INVOICE-2026-00000000000000000000-" + end for end in "AB"]
    for identity, number in zip("78", numbers, strict=True):
        world.book(approved(world, identity, files=0, number=number, issued=date(2026, 3, int(identity))))
    at = world.book(approved(world, "9", files=0, number=numbers[0], issued=date(2026, 3, 9)))

    assert (["ledger.look_alike"], 2) == (codes(world, at), len(world.entries))
    assert 2 == len({entry.number for entry in world.entries})


def test_a_look_alike_that_is_accepted_by_number_is_booked() -> None:
    world = Invoices()
    world.book(approved(world, files=0))
    at = world.book(approved(world, "8", files=0, number="F-7"))

    done = world.resume(at.id, accept=["10/1"])

    assert (DONE, 2) == (done.state, len(world.entries)), world.problem_list(at.id)


def test_what_a_clerk_booked_between_consent_and_posting_is_found() -> None:
    """Asked again under the claim: nothing is booked beside it."""
    world = Invoices(mode=Mode.APPROVE)
    at = world.book(approved(world, files=0))
    number = book_by_hand(world)

    held = world.consent(at)

    assert (HELD, ["ledger.look_alike"], 1) == (held.state, codes(world, held), len(world.entries))
    assert f"10/{number}" in world.problem_list(held.id)[0].text


def test_two_invoices_without_a_number_are_two() -> None:
    """'NA' is no number; on another day and of another amount they are no look-alikes."""
    world = Invoices()
    world.book(approved(world, "7", files=0, number="NA"))
    world.book(approved(world, "8", files=0, number="n.v.t.", issued=date(2026, 3, 15)))

    assert ["ID 7", "ID 8"] == [entry.number for entry in world.entries]


def test_what_others_marked_is_a_question() -> None:
    """The source says that it is booked, and nobody here booked it."""
    world = Invoices()
    reference = approved(world, files=0)
    world.bought.external["7"] = "theirs"
    at = world.book(reference)
    assert (HELD, ["invoice.marked"], []) == (at.state, codes(world, at), world.entries)

    done = world.answered(at, "not_booked")

    assert (DONE, {"7": "r1"}) == (done.state, world.bought.external)


def test_what_is_paid_at_the_source_is_a_question_or_booked_by_policy() -> None:
    world = Invoices()
    at = world.book(approved(world, files=0, state=InvoiceState.PAID, paid=eur("181.51")))
    assert (HELD, ["invoice.paid"], []) == (at.state, codes(world, at), world.entries)
    assert DONE == world.answered(at, "book_open").state

    other = Invoices(paid="book")
    assert DONE == other.book(approved(other, files=0, state=InvoiceState.PAID, paid=eur("181.51"))).state


# --- what stops one invoice ---------------------------------------------------------------------------------


def test_a_supplier_that_is_not_linked_stops_the_invoice() -> None:
    world = Invoices()
    at = world.book(approved(world, supplier_external=""))
    assert (HELD, ["supplier.unlinked"], [], []) == (at.state, codes(world, at), world.entries, world.files)

    at = world.book(approved(world, "8", supplier_external="merged"))
    assert (HELD, ["supplier.gone"]) == (at.state, codes(world, at))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"blocked": True}, "supplier.blocked"),
        ({"is_supplier": False}, "supplier.kind"),
        ({"end": date(2026, 1, 31)}, "supplier.dates"),
        ({"creditor": "1610"}, "supplier.creditor"),
    ],
)
def test_a_supplier_that_may_not_be_booked_on(changes: dict[str, Any], code: str) -> None:
    world = Invoices()
    suppliers = world.purchases.suppliers
    suppliers["id-1"] = replace(suppliers["id-1"], **changes)

    at = world.book(approved(world))

    assert (HELD, [code], [], []) == (at.state, codes(world, at), world.entries, world.files)


def test_a_supplier_that_is_new_in_the_ledger_takes_invoices_of_before() -> None:
    """It was made today, of an invoice that is dated in spring."""
    world = Invoices()
    suppliers = world.purchases.suppliers
    suppliers["id-1"] = replace(suppliers["id-1"], start=world.clock.now().date())

    assert DONE == world.book(approved(world)).state


def test_a_closed_period_holds_or_moves_the_period_and_never_the_date() -> None:
    world = Invoices()
    world.purchases.closed.add((2026, 3))
    at = world.book(approved(world, files=0))
    assert (HELD, ["period.closed"], []) == (at.state, codes(world, at), world.entries)

    world.option(closed_period="next_open")
    done = world.resume(at.id)

    (entry,) = world.entries
    assert DONE == done.state
    assert (date(2026, 3, 14), (2026, 4)) == (entry.invoice_date, entry.period)


def test_a_term_and_a_tax_that_nobody_mapped_stop_the_invoice() -> None:
    world = Invoices()
    at = world.book(approved(world, term="60"))
    assert (HELD, ["invoice.term"], []) == (at.state, codes(world, at), world.entries)

    world.option(terms="60=30", vat_codes="none=N")
    assert ["invoice.vat_code"] == list(dict.fromkeys(codes(world, world.resume(at.id))))
    world.option(vat_codes="high=E")
    assert DONE == world.resume(at.id).state


def test_a_total_that_differs_from_its_lines_stops_the_invoice() -> None:
    world = Invoices()

    at = world.book(approved(world, gross=eur("181.50")))

    assert (HELD, ["invoice.gross"], []) == (at.state, codes(world, at), world.entries)


def test_an_account_that_takes_no_cost_and_an_unknown_currency_stop_the_invoice() -> None:
    """Said before anything is written, with what helps."""
    world = Invoices()
    lines = [replace(coded("100.00", "21.01", account), text="") for account in ("1300", "4000")]
    world.bought.approve("7", lines=tuple(lines), net=eur("200.00"), gross=eur("242.02"))
    krone = {"net": Money.parse("200.00", "NOK"), "vat": Money.parse("42.02", "NOK")}
    foreign = replace(lines[1], net=krone["net"], taxes=(replace(lines[1].taxes[0], amount=krone["vat"]),))
    gross = krone["net"] + krone["vat"]
    world.bought.approve("8", currency="NOK", lines=(foreign,), net=krone["net"], gross=gross)

    found = [world.problem_list(world.book(world.bought.held[one].reference).id) for one in "78"]

    assert [["account.no_cost"], ["currency.refused"]] == [[one.code for one in some] for some in found]
    assert "GL account 1300 in 10 is for what customers owe" in found[0][0].text
    assert "Allow it there, or choose another journal." in found[1][0].text
    assert ([], []) == (world.entries, world.files)


def test_texts_that_are_cut_are_said_in_the_proposal() -> None:
    """The source keeps them whole; the approver sees which are cut, and nothing is said of those that fit."""
    world = Invoices(mode=Mode.APPROVE)
    long, short = (
        replace(coded("75.00", vat), text=text) for vat, text in (("15.75", "x" * 61), ("15.76", "Ink"))
    )
    at = world.book(
        approved(world, lines=(short, long, long), title="t" * 90, net=eur("225.00"), gross=eur("272.26"))
    )

    assert "Look at this: its title and number are cut to 'F-7 ttt" in at.summary
    assert "Look at this: the texts of lines 2, 3 are cut to the 60 characters that fit" in at.summary
    fits = world.book(approved(world, "8", number="G-8", issued=date(2026, 3, 20)))
    assert (ASKS, False) == (fits.state, "Look at this" in fits.summary)


def test_a_file_that_is_not_what_it_says_stops_the_invoice_before_anything_is_written() -> None:
    world = Invoices()
    reference = world.bought.approve("7")
    world.bought.attach("7", "invoice.pdf", b"<html>")

    at = world.book(reference)

    assert (HELD, ["attachment.content"]) == (at.state, codes(world, at))
    assert ({}, {}) == (world.purchases.of(Dossier), world.purchases.of(Attachment))


def test_the_same_bytes_twice_are_one_file() -> None:
    world = Invoices()
    reference = world.bought.approve("7")
    world.bought.attach("7", "invoice.pdf")
    world.bought.attach("7", "invoice.pdf")
    world.bought.attach("7", "invoice.pdf", PDF + b"other")

    world.book(reference)

    assert 2 == len(world.files)


def test_files_of_an_entry_that_is_refused_are_removed_and_sent_again_with_it() -> None:
    """Nothing is half booked: the ledger refuses the entry after its files were written."""
    world = Invoices()
    reference = approved(world, files=2)
    sink = world.sinks[PurchaseEntry]
    kept = type(sink).keep

    def refuse(self: Any, row: Any) -> Any:
        from ml_connector.errors import CodeUnknown

        raise CodeUnknown("No such account.", where="account 4000")

    type(sink).keep = refuse
    try:
        at = world.book(reference)
    finally:
        type(sink).keep = kept
    assert (HELD, [], []) == (at.state, world.entries, world.files)

    done = world.resume(at.id)

    assert DONE == done.state, world.problem_list(done.id)
    assert (1, 2, 1) == (len(world.entries), len(world.files), len(world.purchases.of(Dossier)))


def test_a_run_of_an_invoice_is_shown_and_explained() -> None:
    """The table ties invoice, lines, entry and ledger; a line names the invoice's line and rule."""
    world = Invoices()
    at = world.book(approved(world))
    records = world.operations.records

    assert ["owed", "vat", "vat E"] == [row.what for row in records.tie_out(at.id)]
    assert all(not row.difference for row in records.tie_out(at.id))
    assert ["rule 'as the source has it'", "line 2 of invoice F-7: Goods 50.00 EUR"] == records.behind(
        at.id, 0, 1
    )
    (shown,) = records.entries(at.id)
    assert (eur("181.51"), "confirmed") == (shown.amount, shown.state)


def test_a_run_of_an_invoice_is_not_reversed_from_here() -> None:
    """It is corrected where it comes from."""
    world = Invoices()
    from ml_connector.app.refusals import NotAllowed

    at = world.book(approved(world))

    with pytest.raises(NotAllowed, match="Cancel it"):
        world.operations.reverse(at.id)


def test_a_number_is_known_however_it_is_spelled() -> None:
    """Another amount on another day, and the same number with a blank, a stroke and a nought."""
    world = Invoices()
    world.book(approved(world, files=0, number="2026-0042"))

    lines = (coded("80.00", "16.80"),)
    figures = {"lines": lines, "net": eur("80.00"), "gross": eur("96.80"), "issued": date(2026, 3, 20)}
    at = world.book(approved(world, "8", files=0, number="2026 / 0042", **figures))

    assert (HELD, ["ledger.look_alike"], 1) == (at.state, codes(world, at), len(world.entries))


def test_two_runs_of_one_invoice_wait_for_each_other() -> None:
    """One holds the invoice while its outcome is not known; the other waits, and books nothing."""
    world = Invoices()
    reference = approved(world, files=0)
    world.fail(faults.LOST_AFTER)
    first, second = world.begin(reference), world.begin(reference)
    engine = Inline(world.workshop(), world.runs, world._advance_to)
    while able := [call for call in engine.able() if call.id == first]:
        engine.step(able[0])
    assert RunState.WAITING == world.at(first).state
    while able := [call for call in engine.able() if call.id == second]:
        engine.step(able[0])

    assert (RunState.WAITING, "post") == (world.at(second).state, world.at(second).stage)
    assert first in world.at(second).summary
    for _ in range(5):
        world.run_to_rest()
        world.clock.advance(120)
    assert (DONE, DONE, 1) == (world.at(first).state, world.at(second).state, len(world.entries))


def test_the_nightly_look_tells_what_people_did_to_an_entry() -> None:
    """Deleted, edited, copied: each once, over when it is mended, and nothing of what is in order."""
    world = Invoices()
    from ml_connector.app.look import look

    for identity, day in (("7", 14), ("8", 15), ("9", 16)):
        world.book(approved(world, identity, files=0, issued=date(2026, 3, day)))
    assert {"books": 0} == look(world.access, world._assembly, now=True)
    rows = world.purchases.of(PurchaseEntry)
    del rows["r1"]
    rows["r2"].booked = replace(rows["r2"].booked, number="typed over")
    world.sinks[PurchaseEntry].keep(replace(rows["r3"]))

    assert {"books": 3} == look(world.access, world._assembly, now=True)

    found = world.operations.records.open_incidents()
    assert ["booked.edited", "booked.gone", "documents.duplicate"] == sorted(one.code for one in found)
