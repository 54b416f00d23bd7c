"""Expense reports become documents of the ledger: each once, with its receipts, and their source is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.flows.expense_world import Expenses, dinner
from tests.payday import Crash
from tests.unit.domain.expenses import drive, money

from ml_connector.contract import world as faults
from ml_connector.domain.expense import PaidWith
from ml_connector.domain.purchase import Attachment, Dossier, PurchaseEntry
from ml_connector.errors import Refused
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState
from ml_connector.runs.inline import Inline

DONE, HELD, ASKS = RunState.DONE, RunState.HELD, RunState.AWAITING_APPROVAL


def told(world: Expenses) -> dict[str, str]:
    """What the platform was told of each report."""
    return {reference: status for reference, (status, _) in world.platform.told.items()}


# --- once ---------------------------------------------------------------------------------------------------


def test_a_report_is_booked_with_its_receipts_and_its_source_is_told() -> None:
    world = Expenses()
    export = world.platform.approved("7", dinner(), drive("92.00", "400", "0.23", account="4000"))

    at = world.book(export)

    assert (DONE, "report") == (at.state, at.stage), world.problem_list(at.id)
    (entry,) = world.entries
    assert ("E19", "ER-7", money("213.00")) == (entry.supplier, entry.number, entry.payable)
    assert 1 == len(world.files)
    ((reference, (status, text)),) = world.platform.told.items()
    assert ("7:1", "booked", f"Booked as {entry.receipt.number} in 10.") == (reference, status, text)
    assert "1 report booked as" in at.summary
    assert "read back, tied out and told" in at.summary


def test_an_export_is_one_run_and_each_report_one_document() -> None:
    world = Expenses()
    keys = [
        world.platform.write(str(number), dinner(f"{number}1.00", f"{number}.00")) for number in (1, 2, 3)
    ]
    world.platform.hand_over(*keys)

    (at,) = world.look()

    assert DONE == at.state, world.problem_list(at.id)
    assert ["11.00", "21.00", "31.00"] == sorted(str(entry.payable.amount) for entry in world.entries)
    assert 3 == len(world.files)
    assert {"1:1": "booked", "2:1": "booked", "3:1": "booked"} == told(world)
    assert [] == world.look()


def test_the_same_export_again_books_nothing() -> None:
    world = Expenses()
    export = world.platform.approved("7")
    world.book(export)

    again = world.book(export)

    assert (DONE, 1, 1) == (again.state, len(world.entries), len(world.files))
    assert again.summary.startswith("Booked already as")


@pytest.mark.parametrize("form", ["purchase_entry", "journal_entry"])
def test_a_death_anywhere_books_each_document_once(form: str) -> None:
    """However often the process dies, and wherever: one entry, its receipts, and the source told once."""
    died = 0
    for at_point in range(1, 200):
        world = Expenses(form=form)
        run = world.begin(world.platform.approved("7"))
        count = iter(range(at_point))

        def point(name: str, count: Any = count) -> None:
            if next(count, None) is None:
                raise Crash(name)

        try:
            world.run_to_rest(point)
        except Crash:
            died += 1
        else:
            break
        world.run_to_rest()
        assert DONE == world.at(run).state, (at_point, world.problem_list(run))
        booked = len(world.entries) + len(world.vendor.documents)
        assert (1, 1, {"7:1": "booked"}) == (booked, len(world.files), told(world)), at_point
    assert 10 < died < 199


@pytest.mark.parametrize("fault", [faults.LOST_AFTER, faults.LOST_BEFORE, faults.LATE_COMMIT])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_lost_answer_books_nothing_twice(fault: str, after: int) -> None:
    world = Expenses()
    world.fail(fault, after)
    run = world.begin(world.platform.approved("7"))

    world.run_to_rest()

    assert DONE == world.at(run).state, world.problem_list(run)
    assert (1, 1) == (len(world.entries), len(world.files))
    assert 1 == len(world.purchases.of(Dossier))


def test_an_answer_that_is_lost_when_the_source_is_told_is_told_again() -> None:
    world = Expenses()
    export = world.platform.approved("7")
    world.platform.fault = faults.LOST_BEFORE

    at = world.book(export)

    assert (DONE, {"7:1": "booked"}) == (at.state, told(world)), world.problem_list(at.id)
    assert 1 == len(world.entries)


# --- a journal entry ----------------------------------------------------------------------------------------


def test_a_journal_entry_owes_the_employee_and_its_receipts_name_it() -> None:
    world = Expenses(form="journal_entry")

    at = world.book(world.platform.approved("7", dinner()))

    assert DONE == at.state, world.problem_list(at.id)
    (document,) = world.vendor.documents
    lines = [(line.account, str(line.amount.amount)) for line in document.entry.lines]
    assert [("4000", "100.00"), ("4020", "21.00"), ("1710", "-121.00")] == lines
    assert ([], 1) == (world.entries, len(world.files))
    assert any("without a VAT code" in text for text in world.operations.records.proposal(at.id).doubts)
    (dossier,) = world.purchases.of(Dossier).values()
    assert dossier.booked.title.startswith("ER-7")


def test_a_report_of_a_company_card_alone_owes_nobody_and_is_a_journal_entry() -> None:
    world = Expenses()

    at = world.book(world.platform.approved("7", dinner(paid_with=PaidWith.COMPANY_CARD)))

    assert DONE == at.state, world.problem_list(at.id)
    (document,) = world.vendor.documents
    assert [("4000", "100.00"), ("4020", "21.00"), ("1720", "-121.00")] == [
        (line.account, str(line.amount.amount)) for line in document.entry.lines
    ]
    assert [] == world.entries


# --- approved again, canceled -------------------------------------------------------------------------------


@pytest.mark.parametrize("paid", [False, True])
def test_a_report_that_is_approved_anew_corrects_what_is_booked(paid: bool) -> None:
    """Open and unpaid it is withdrawn; paid, it gets a mirror; and a person approves either."""
    world = Expenses()
    world.book(world.platform.approved("7", dinner()))
    if paid:
        world.paid(world.entries[0].receipt.number)
    world.platform.take_back("7", dinner("60.50", "10.50"))
    assert [] == world.look()
    world.platform.hand_over("7")

    (asks,) = world.look()
    assert (ASKS, "121.00") == (asks.state, world.owed)
    at = world.consent(asks)

    assert (DONE, "60.50") == (at.state, world.owed), world.problem_list(at.id)
    assert (3 if paid else 1) == len(world.entries)
    assert {"7:1": "booked", "7:2": "booked"} == told(world)


def test_a_journal_entry_that_is_approved_anew_gets_a_mirror() -> None:
    world = Expenses(form="journal_entry")
    world.book(world.platform.approved("7", dinner()))
    world.platform.take_back("7", dinner("60.50", "10.50"))
    world.platform.hand_over("7")

    (asks,) = world.look()
    at = world.consent(asks)

    assert DONE == at.state, world.problem_list(at.id)
    owed = [
        line.amount.minor
        for one in world.vendor.documents
        for line in one.entry.lines
        if line.account == "1710"
    ]
    assert [-12100, 12100, -6050] == owed


def test_approved_anew_without_a_change_is_told_and_not_booked_again() -> None:
    world = Expenses()
    world.book(world.platform.approved("7", dinner()))
    old = world.platform.kept["7"].report
    world.platform.put(replace(old, state=old.state.TAKEN_BACK))
    world.platform.hand_over("7")

    (at,) = world.look()

    assert (DONE, 1, {"7:1": "booked", "7:2": "booked"}) == (at.state, len(world.entries), told(world))


def test_a_report_that_is_canceled_is_taken_back() -> None:
    world = Expenses()
    world.book(world.platform.approved("7"))
    world.platform.cancel("7")

    (asks,) = world.look()
    at = world.consent(asks)

    assert (DONE, "0.00") == (at.state, world.owed), world.problem_list(at.id)
    assert [] == world.look()


def test_a_report_that_is_canceled_before_it_is_booked_books_nothing() -> None:
    world = Expenses()
    export = world.platform.approved("7")
    world.platform.cancel("7")

    first, (second,) = world.book(export), world.look()

    assert (DONE, DONE, []) == (first.state, second.state, world.entries)
    assert "Nothing is booked of report ER-7, which was canceled." in second.summary


def test_a_report_that_is_edited_while_it_waits_for_approval_is_not_booked_as_it_was() -> None:
    world = Expenses(mode=Mode.APPROVE)
    asks = world.book(world.platform.approved("7", dinner()))
    assert ASKS == asks.state
    world.clock.advance(3600)
    world.platform.take_back("7", dinner("60.50", "10.50"))

    at = world.consent(asks)

    assert (DONE, []) == (at.state, world.entries)
    assert "Nothing was booked" in at.summary


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_export_that_its_source_took_back_ends_the_run_and_comes_again(when: str) -> None:
    """Nothing is booked of an export that is gone; what was booked of one that is gone since is told when the
    reports come again, and not booked twice.
    """
    world = Expenses()
    export = world.platform.approved("7")
    if when == "before":
        world.platform.kept["7"].export = "X99"
        assert "Nothing was booked" in world.book(export).summary
    else:
        run = world.begin(export)
        points = []

        def goes(name: str) -> None:
            points.append(name)
            if name == "assign: before":
                world.platform.references.discard("7:1")
                raise Crash(name)

        with pytest.raises(Crash):
            world.run_to_rest(goes)
        world.run_to_rest()
        assert "was not told" in world.at(run).summary
        assert "tied out and told" not in world.at(run).summary
        world.platform.references.add("7:1")
        world.platform.kept["7"].export = "X99"

    at = world.book("X99")

    assert (DONE, 1, {"7:1": "booked"}) == (at.state, len(world.entries), told(world)), at.summary


# --- what cannot be booked ----------------------------------------------------------------------------------


def test_an_unknown_employee_holds_the_export_and_is_mended() -> None:
    world = Expenses(employees="emp-20=E20")
    held = world.book(world.platform.approved("7"))

    assert (HELD, []) == (held.state, world.entries)
    assert ["expense.employee", "expense.fails"] == world.problems(held.id)
    world.option(employees="emp-19=E19")

    at = world.resumed(held)

    assert (DONE, 1) == (at.state, len(world.entries)), world.problem_list(at.id)


def test_one_report_is_left_out_and_its_source_told_while_the_others_are_booked() -> None:
    world = Expenses()
    keys = [world.platform.write("1"), world.platform.write("2", dinner(), employee="emp-99")]
    world.platform.hand_over(*keys)
    (held,) = world.look()
    assert (HELD, []) == (held.state, world.entries)

    at = world.answered(held, "without", "ER-2")

    assert (DONE, 1) == (at.state, len(world.entries)), world.problem_list(at.id)
    assert {"1:1": "booked", "2:1": "failed"} == told(world)
    assert "not a supplier in the ledger" in world.platform.told["2:1"][1]
    world.option(employees="emp-19=E19,emp-99=E99")
    supplier = world.purchases.suppliers["id-19"]
    world.purchases.suppliers["id-99"] = replace(supplier, identity="id-99", code="E99")
    again = world.book(held.reference)
    assert (DONE, 2, "booked") == (again.state, len(world.entries), told(world)["2:1"])


def test_what_only_the_source_can_mend_is_told_where_the_flow_says_so() -> None:
    world = Expenses(fails="tell")
    export = world.platform.approved("7", dinner("121.00", "150.00"))

    at = world.book(export)

    assert (DONE, [], {"7:1": "failed"}) == (at.state, world.entries, told(world)), at.summary


@pytest.mark.parametrize("company", ["NL07", ""])
def test_every_other_company_is_booked_where_the_flow_says_so(company: str) -> None:
    world = Expenses()
    held = world.book(world.platform.approved("7", company=company))
    assert (HELD, []) == (held.state, world.entries)
    assert "expense.company" in world.problems(held.id)
    world.option(entities="NL01=11,*=10")

    assert DONE == world.resumed(held).state


def test_an_expense_that_wages_repay_is_never_booked() -> None:
    world = Expenses(wages="leave_out")

    mixed = world.book(world.platform.approved("1", dinner(), dinner("24.20", "4.20", payroll_code="W1")))
    alone = world.book(world.platform.approved("2", dinner("36.30", "6.30", payroll_code="W1")))

    assert (DONE, DONE, "121.00") == (mixed.state, alone.state, world.owed), world.problem_list(mixed.id)
    assert "repaid with wages" in alone.summary


def test_a_closed_period_holds_or_moves_by_policy() -> None:
    world = Expenses()
    export = world.platform.approved("7")
    day = world.clock.now().date()
    world.purchases.closed.add((day.year, day.month))

    held = world.book(export)
    assert (HELD, []) == (held.state, world.entries)
    assert "period.closed" in world.problems(held.id)
    world.option(closed_period="next_open")
    at = world.resumed(held)

    assert DONE == at.state, world.problem_list(at.id)
    assert (day.year, day.month + 1) == world.entries[0].period
    said = world.operations.records.proposal(at.id).doubts
    assert any(f"is booked in period {day.year}-{day.month + 1:02}" in text for text in said)


def test_an_entry_that_the_ledger_refuses_holds_and_the_others_stay_booked() -> None:
    """A supplier that was blocked between: its receipts are removed again, and the first report stays."""
    world = Expenses(mode=Mode.APPROVE, employees="emp-19=E19,emp-20=E20")
    world.purchases.suppliers["id-20"] = replace(
        world.purchases.suppliers["id-19"], identity="id-20", code="E20"
    )
    keys = [world.platform.write("1"), world.platform.write("2", dinner("60.50", "10.50"), employee="emp-20")]
    world.platform.hand_over(*keys)
    (asks,) = world.look()
    del world.purchases.suppliers["id-20"]

    held = world.consent(asks)

    assert (HELD, 0) == (held.state, len([e for e in world.entries if e.number == "ER-2"]))
    assert {} == told(world) or {"1:1": "booked"} == told(world)


# --- questions ----------------------------------------------------------------------------------------------


def test_a_report_that_somebody_booked_by_hand_is_a_question() -> None:
    world = Expenses()
    export = world.platform.approved("7")
    booked_by_hand(world)

    held = world.book(export)
    assert ([HELD, 1], ["ledger.look_alike"]) == ([held.state, len(world.entries)], world.problems(held.id))
    name = f"10/{world.entries[0].receipt.number}"
    at = world.answered(held, "booked_as", name)

    assert (DONE, 1, {"7:1": "booked"}) == (at.state, len(world.entries), told(world))
    assert f"Booked by hand as {name}." == world.platform.told["7:1"][1]


def test_a_look_alike_that_is_another_report_is_accepted() -> None:
    world = Expenses()
    export = world.platform.approved("7")
    booked_by_hand(world)
    held = world.book(export)

    at = world.resumed(held, f"10/{world.entries[0].receipt.number}")

    assert (DONE, 2) == (at.state, len(world.entries)), world.problem_list(at.id)


@pytest.mark.parametrize("same", ["amount", "file"])
def test_an_expense_in_two_reports_is_a_question(same: str) -> None:
    """The photographed receipt in one report, what the card says of it in another."""
    world = Expenses()
    world.book(world.platform.approved("1", dinner()))
    if same == "file":
        world.platform.files["2-0"] = world.platform.files["1-0"]
    export = world.platform.approved("2", dinner("121.00" if same == "amount" else "99.00", "10.00"))

    held = world.book(export)
    assert ([HELD, 1], ["expense.same"]) == ([held.state, len(world.entries)], world.problems(held.id))
    at = world.answered(held, "not_same", "ER-2")

    assert (DONE, 2) == (at.state, len(world.entries)), world.problem_list(at.id)


def test_an_expense_in_two_reports_of_one_export_is_a_question_too() -> None:
    world = Expenses()
    world.platform.hand_over(world.platform.write("1", dinner()), world.platform.write("2", dinner()))

    (held,) = world.look()

    assert (HELD, []) == (held.state, world.entries)
    assert "expense.same" in world.problems(held.id)


def test_what_was_booked_is_said_line_by_line() -> None:
    world = Expenses()
    at = world.book(world.platform.approved("7", dinner()))

    assert ["expense 7-0 of report ER-7"] == world.operations.records.behind(at.id, 0, 0)
    rows = world.operations.records.tie_out(at.id)
    assert {"spent", "owed", "vat E"} == {row.what for row in rows}
    assert {"121.00"} == {str(row.run.amount) for row in rows if row.what in ("spent", "owed")}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"form": "letter"}, "form is 'letter'"),
        ({"journal": ""}, "journal"),
        ({"clearing": "purse=1"}, "clearing has 'purse'"),
        ({"zone": "Mars"}, "zone is 'Mars'"),
        ({"countries": "99=NL"}, "countries and entities"),
        ({"nonsense": "1"}, "unknown option 'nonsense'"),
    ],
)
def test_wrong_settings_are_named(options: dict[str, str], said: str) -> None:
    from datetime import date

    from tests.flows.expense_world import OPTIONS

    from ml_connector.flows.expenses.policy import read_policy
    from ml_connector.flows.flow import PolicyError

    with pytest.raises(PolicyError, match=said):
        read_policy("approve", date(2026, 1, 1), {**OPTIONS, **options})


def test_receipts_are_kept_byte_by_byte() -> None:
    world = Expenses()
    world.book(world.platform.approved("7", dinner(), dinner("12.10", "2.10")))

    contents = {row.content for row in world.purchases.of(Attachment).values()}

    assert set(world.platform.files.values()) == contents


# --- at once ------------------------------------------------------------------------------------------------


def booked_by_hand(world: Expenses) -> str:
    """The report as a clerk typed it: what a run in another installation would book, without its marker."""
    other = Expenses()
    other.book(other.platform.approved("7"))
    (row,) = other.purchases.of(PurchaseEntry).values()
    row.booked = replace(row.booked, marker="")
    world._use()
    return str(world.sinks[PurchaseEntry].keep(row).number)


def test_two_runs_of_one_export_wait_for_each_other() -> None:
    """One holds the report while its outcome is not known; the other waits, and books nothing."""
    world = Expenses()
    export = world.platform.approved("7", dinner(files=(), missing_receipt="lost"))
    world.fail(faults.LOST_AFTER)
    first, second = world.begin(export), world.begin(export)
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


def test_what_a_clerk_booked_between_consent_and_posting_is_found() -> None:
    """Asked again under the claim: nothing is booked beside it."""
    world = Expenses(mode=Mode.APPROVE)
    asks = world.book(world.platform.approved("7"))
    number = booked_by_hand(world)

    held = world.consent(asks)

    assert (HELD, ["ledger.look_alike"], 1) == (held.state, world.problems(held.id), len(world.entries))
    assert f"10/{number}" in world.problem_list(held.id)[0].text


@pytest.mark.parametrize(("change", "code"), [("gone", "booked.gone"), ("edited", "booked.changed")])
def test_what_people_did_to_an_entry_is_said_before_it_is_called_booked(change: str, code: str) -> None:
    world = Expenses()
    export = world.platform.approved("7")
    world.book(export)
    rows = world.purchases.of(PurchaseEntry)
    if change == "gone":
        rows.clear()
    else:
        for row in rows.values():
            row.booked = replace(row.booked, number="typed over")

    at = world.book(export)

    assert HELD == at.state
    assert code in world.problems(at.id)


def test_a_receipt_that_is_missing_is_sent_when_it_is_proposed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry is booked and its receipt was refused: the receipt is written then, and no second entry."""
    world = Expenses(form="journal_entry")
    sink, made = world.sinks[Attachment], world.sinks[Attachment].made

    def refuses(*given: Any) -> Any:
        raise Refused("The ledger is full.", where="file")

    monkeypatch.setattr(sink, "made", refuses)
    held = world.book(world.platform.approved("7"))
    assert ([HELD, 1, 0], {}) == ([held.state, len(world.vendor.documents), len(world.files)], told(world))
    monkeypatch.setattr(sink, "made", made)

    world.operations.resume(held.id, propose_again=True)
    world.run_to_rest()

    assert DONE == world.at(held.id).state, world.problem_list(held.id)
    assert (1, 1, {"7:1": "booked"}) == (len(world.vendor.documents), len(world.files), told(world))
