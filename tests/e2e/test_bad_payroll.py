"""What the payroll system sends is damaged: the run stops with an error that can be acted on, nothing is
posted, and once it is mended the run goes on.

A case is what is done at the payroll system, and the problems it must come to: code, where, and words of the
text. `tamper` changes what the simulator serves, not the pay run, so the judge knows what must be booked in
the end.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from scenes import PAYROLL
from tests.stand import Stand

ROW = "run {run}, block 1, row 1: debitAmt"
MEND = "Correct it in UKG and run the general-ledger step again; nothing of this run is posted until then."
HUGE = "1234567890123456789.00"
DAMAGE = [
    pytest.param(
        {"what": "truncate_last_block"},
        "blocks.missing",
        "blocks",
        "Blocks 8 of 8 did not arrive. Nothing is proposed from a part of a run. Resume the run, and it is"
        " read again.",
        id="a block cut off",
    ),
    pytest.param(
        {"what": "truncate_last_block", "keep_rows": 3},
        "run.unbalanced",
        "company HTC01",
        "Correct it in payroll and run its general ledger step again.",
        id="rows cut off the last block",
    ),
    pytest.param(
        {"what": "repeat_block", "block": 2},
        "blocks.twice",
        "blocks",
        "Blocks 2 arrived twice. Resume the run, and it is read again.",
        id="a block twice",
    ),
    pytest.param(
        {"what": "both_sides", "row": 1},
        "amount.both_sides",
        f"{ROW}, creditAmt",
        f"debitAmt, creditAmt is 12.34 and 12.34. A row is a debit or a credit, not both. {MEND}",
        id="debit and credit both set",
    ),
    pytest.param(
        {"what": "amount", "row": 1, "text": "1e400"},
        "amount.invalid",
        ROW,
        f"debitAmt is 1E+400. {{why}} {MEND}",
        id="1e400",
    ),
    pytest.param(
        {"what": "amount", "row": 1, "text": "NaN"},
        "amount.invalid",
        ROW,
        f"debitAmt is NaN. NaN is not an amount of money. {MEND}",
        id="not a number",
    ),
    pytest.param(
        {"what": "amount", "row": 1, "text": HUGE},
        "amount.invalid",
        ROW,
        f"debitAmt is {HUGE}. {{why}} {MEND}",
        id="19 digits",
    ),
    pytest.param(
        {"what": "amount", "row": 1, "text": "100.005"},
        "amount.invalid",
        ROW,
        f"debitAmt is 100.005. {{why}} {MEND}",
        id="a fraction of a cent",
    ),
    pytest.param(
        {"what": "amount", "row": 1, "text": '"abc"'},
        "amount.unreadable",
        ROW,
        f'debitAmt is "abc". It cannot be read. {MEND}',
        id="letters",
    ),
    pytest.param(
        {"what": "missing_field", "row": 1, "field": "debitAmt"},
        "amount.missing",
        ROW,
        f"debitAmt is missing. The row lacks the field. {MEND}",
        id="a field that is missing",
    ),
    pytest.param(
        {"what": "html"},
        "vendor_changed",
        "/payroll/v2/general-ledger/{run}",
        "Expected JSON from /payroll/v2/general-ledger/{run} and got text/html|"
        "Try again later; if it happens again, show the request to the vendor's support.",
        id="an HTML page instead of JSON",
    ),
]


@pytest.mark.parametrize(("damage", "code", "where", "text"), DAMAGE)
def test_damage_is_named_and_nothing_is_posted_until_it_is_mended(
    stand: Stand, run: str, damage: dict[str, Any], code: str, where: str, text: str
) -> None:
    """Field, value and remedy are in the error; after mending, `runs resume` finishes the same run."""
    stand.at_payroll("tamper", run_id=run, **damage)

    held = stand.post(run, code=3)
    first = held["problems"][0]
    stand.assert_booked()

    assert ("held", code, where.format(run=run)) == (held["state"], first["code"], first["where"])
    for words in text.format(run=run, why="|").split("|"):
        assert words.strip() in first["text"]

    stand.at_payroll("untamper", run_id=run)
    assert "done" == stand.ask("runs", "resume", held["run"])["state"]
    stand.assert_booked(run)


def test_blocks_in_another_order_are_taken_whole(stand: Stand, run: str) -> None:
    """The gate wants every block once and does not care for their order: lines are summed, so the entry is
    the same, to the cent.
    """
    stand.at_payroll("tamper", run_id=run, what="reorder_blocks")

    assert "done" == stand.post(run)["state"]
    stand.assert_booked(run)


def test_amounts_that_balance_and_are_wrong_do_not_tie_to_the_register(stand: Stand, run: str) -> None:
    """A debit and a credit too high by the same sum: the entry would balance, the pay register says
    otherwise.
    """
    rows = list(csv.DictReader(io.StringIO(stand.at_payroll("gl_file", run_id=run, layout="L1")["text"])))
    for side in ("Debit", "Credit"):
        number, amount = next(
            (number, Decimal(row[side])) for number, row in enumerate(rows, 1) if Decimal(row[side])
        )
        stand.at_payroll(
            "tamper",
            run_id=run,
            what="amount",
            row=number,
            field=f"{side.lower()}Amt",
            text=str(amount + 500),
        )

    held = stand.post(run, code=3)
    stand.assert_booked()

    assert {"tie_out.difference"} == {problem["code"] for problem in held["problems"]}
    assert "500.00" in {row["difference"] for row in held["tie_out"]}

    stand.at_payroll("untamper", run_id=run)
    stand.ask("runs", "resume", held["run"])
    stand.assert_booked(run)


def test_an_answer_cut_in_the_middle_is_not_half_a_pay_run(stand: Stand, run: str) -> None:
    """JSON that ends too early is an answer we do not know; nothing of it is used."""
    stand.fail(PAYROLL, "garbage", "GET", f"general-ledger/{run}", body="truncated")

    held = stand.post(run, code=3)
    stand.assert_booked()

    assert "vendor_changed" == held["problems"][0]["code"]
    stand.ask("runs", "resume", held["run"])
    stand.assert_booked(run)


def test_a_right_taken_away_is_named(stand: Stand, run: str) -> None:
    """The service account may no longer read the ledger of the payroll system: the error says which box to
    tick.
    """
    stand.at_payroll("permissions", revoke=["Payroll Integration"])
    try:
        held = stand.post(run, code=3)
    finally:
        stand.at_payroll("permissions", grant=["Payroll Integration"])
    stand.assert_booked()

    assert ("right.missing", "Payroll Integration") == (
        held["problems"][0]["code"],
        held["problems"][0]["where"],
    )
    assert (
        "Tick View for 'Payroll Integration' under Service Account Administration in UKG."
        in held["problems"][0]["text"]
    )
    stand.ask("runs", "resume", held["run"])
    stand.assert_booked(run)


def test_a_password_changed_at_the_vendor_is_entered_anew(stand: Stand, run: str) -> None:
    """UKG answers a wrong secret with an empty 401: the run is held, the new password is stored, the run goes
    on.
    """
    right = stand.sandbox.systems[PAYROLL]["credentials"]["password"]
    stand.at_payroll("change_password", password="changed")
    held = stand.post(run, code=3)
    stand.at_payroll("change_password", password=right)
    stand.assert_booked()

    assert ("sign_in.lost", "administrator") == (held["problems"][0]["code"], held["problems"][0]["owner"])
    stand.ask("runs", "resume", held["run"])
    stand.assert_booked(run)


def test_a_pay_run_that_payroll_does_not_know_is_refused(stand: Stand) -> None:
    """A mistyped reference is no empty pay run."""
    held = stand.post("99999", code=3)

    assert "UKG has no general-ledger run 99999" in held["problems"][0]["text"]
    stand.ask("runs", "cancel", held["run"])
    stand.assert_booked()


def test_a_pay_run_that_was_undone_is_not_posted(stand: Stand, run: str) -> None:
    """Its rows can still be read, but its pay period is open again: the payroll will be run anew."""
    stand.at_payroll("undo_run", run_id=run)

    held = stand.post(run, code=3)

    assert "run.period_open" == held["problems"][0]["code"]
    assert (
        "Close the period in UKG and run the general-ledger step, then use the new run."
        in held["problems"][0]["text"]
    )
    new = stand.at_payroll("rerun", run_id=run)["run_id"]
    assert "done" == stand.post(new)["state"]
    stand.assert_booked(new)
