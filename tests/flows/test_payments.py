"""What a ledger has settled is paid at the source of the invoice: once, in parts, cancelled, and asked about
where somebody else paid.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.flows.payment_world import Paying
from tests.payday import Crash

from ml_connector.contract import world as faults
from ml_connector.domain.money import Money
from ml_connector.domain.payment import SettledPart, Settlement
from ml_connector.errors import Throttled
from ml_connector.flows.flow import Mode, PolicyError
from ml_connector.flows.purchasing.payment_policy import read_policy
from ml_connector.flows.purchasing.settling import Settled
from ml_connector.ports.runs import RunState

NOTHING = "Every invoice is paid as the ledger has settled it; nothing to do."


def test_parts_are_paid_each_once() -> None:
    world = Paying()
    first = world.owe("1000.00")
    world.settle((first, "400.00"))

    at = world.align()

    assert (RunState.DONE, [["400.00"]]) == (at.state, world.paid(first))
    assert "1 change made" in at.summary
    world.settle((first, "600.00"))
    world.align()
    assert [["400.00", "600.00"]] == world.paid(first)
    assert (NOTHING, (2, 0)) == (world.align().summary, world.made())


def test_two_equal_payments_and_one_of_several_invoices_are_divided() -> None:
    """500.00 for 300.00 and 250.00 is 300.00 and 200.00; 50.00 twice on a day is two payments."""
    world = Paying()
    first, second, third = world.owe("300.00"), world.owe("250.00"), world.owe("100.00")
    world.settle((first, "300.00"), (second, "200.00"))
    world.settle((third, "50.00"))
    world.settle((third, "50.00"))

    world.align()

    assert [["300.00"], ["200.00"], ["50.00", "50.00"]] == world.paid(first, second, third)


def test_what_is_taken_back_is_cancelled_once_and_paid_again_as_another() -> None:
    """400 + 600, then 600 reversed: one cancellation, 400 stays; matched again it is a new payment."""
    world = Paying()
    first = world.owe("1000.00")
    world.settle((first, "400.00"))
    back = world.settle((first, "600.00"))
    world.align()
    world.unmatch(back)

    world.align()

    assert ([["400.00"]], (2, 1)) == (world.paid(first), world.made())
    assert NOTHING == world.align().summary
    world.settle((first, "600.00"))
    world.align()
    assert ([["400.00", "600.00"]], (3, 1)) == (world.paid(first), world.made())


def test_a_part_that_is_matched_again_has_the_next_revision() -> None:
    """The ledger keeps the id of the part: what was cancelled is not sent under its old key."""
    world = Paying()
    first = world.owe("1000.00")
    world.settle((first, "600.00"))
    (match,) = world.debts.matches
    world.align()
    world.debts.matches = []
    world.align()
    world.debts.matches = [match]

    world.align()

    assert ([["600.00"]], (2, 1)) == (world.paid(first), world.made())
    assert [1, 2] == [int(key.rpartition(":")[2]) for key in world.commit_rows()]


def test_another_amount_of_a_part_is_cancelled_and_paid_anew_in_one_pass() -> None:
    """A whole payment that the ledger matches in part later: there is room for it once it is cancelled."""
    world = Paying()
    first = world.owe("1000.00")
    world.settle((first, "1000.00"))
    world.align()
    world.debts.matches[0].amount = Money.parse("400.00", "EUR")

    world.align()

    assert ([["400.00"]], (2, 1)) == (world.paid(first), world.made())


def test_deleted_entry_cancels_its_payments() -> None:
    world = Paying()
    first = world.owe("100.00")
    world.settle((first, "100.00"))
    world.align()
    del world.debts.totals[first]
    world.debts.matches = []

    world.align()

    assert [[]] == world.paid(first)


def test_in_transit_is_not_paid() -> None:
    """A file for the bank proves nothing; what comes back was never paid."""
    world = Paying()
    first = world.owe("100.00")
    world.debts.in_transit.add(first)

    assert (NOTHING, [[]]) == (world.align().summary, world.paid(first))


def test_credit_note_pays_its_invoice_and_is_not_paid_itself() -> None:
    world = Paying()
    first, note = world.owe("1000.00"), world.owe("-50.00")
    world.settle((first, "50.00"), (note, "-50.00"))

    world.align()

    assert [["50.00"], []] == world.paid(first, note)


@pytest.mark.parametrize(
    ("there", "rounding", "paid"),
    [
        ("100.01", "1", ["100.01"]),
        ("99.99", "1", ["99.99"]),
        ("100.02", "1", ["100.00"]),
        ("99.98", "1", ["99.98"]),
        ("99.98", "2", ["99.98"]),
        ("99.99", "0", ["99.99"]),
        ("100.01", "0", ["100.00"]),
    ],
)
def test_a_cent_of_difference_is_paid_by_policy(there: str, rounding: str, paid: list[str]) -> None:
    """What is left is paid where it differs by no more than the policy says; more than is left never
    is, and beyond the policy that is an alarm.
    """
    world = Paying(rounding=rounding)
    first = world.owe("100.00", invoice=there)
    world.settle((first, "100.00"))

    world.align()

    assert [paid] == world.paid(first)
    over = (there, rounding) in (("99.98", "1"), ("99.99", "0"))
    assert ["payment.overpaid"] * over == world.told()
    assert NOTHING in world.align().summary


def test_a_cent_more_is_paid_for_the_last_part_only() -> None:
    """50.00 of 100.01 is not rounded up while the ledger itself has a cent open."""
    world = Paying()
    first = world.owe("100.01")
    world.settle((first, "50.00"))
    world.settle((first, "50.00"))

    world.align()

    assert [["50.00", "50.00"]] == world.paid(first)


def test_a_payment_of_a_person_is_a_question() -> None:
    """Nothing is sent where less is left than was settled; the question is over once it fits."""
    world = Paying()
    first, second = world.owe("100.00"), world.owe("20.00")
    world.enter(first, "40.00")
    world.settle((first, "100.00"), (second, "20.00"))

    world.align()

    assert [["40.00"], ["20.00"]] == world.paid(first, second)
    assert ["payment.by_others"] == world.told()
    world.invoices.cancelled.add(next(iter(world.sink.rows())))
    world.align()
    assert ([["100.00"]], []) == (world.paid(first), world.told())


def test_a_person_who_pays_between_plan_and_payment_is_named() -> None:
    """The source refuses what is already paid: the run names the invoice, makes the others and is asked for
    again under the same key.
    """
    world = Paying(mode=Mode.APPROVE)
    first, second = world.owe("100.00"), world.owe("20.00")
    world.settle((first, "100.00"), (second, "20.00"))
    run = world.align()
    world.enter(first, "100.00")

    world.operations.approve(run.id, world.operations.records.fingerprint(run.id))
    world.run_to_rest()

    assert (RunState.HELD, ["plan.refused"]) == (world.at(run.id).state, world.problems(run.id))
    assert [["100.00"], ["20.00"]] == world.paid(first, second)
    assert 2 == len(world.commit_rows())


@pytest.mark.parametrize(
    ("fields", "code"), [({"takes_payments": False}, ""), ({"company": "7"}, "payment.company")]
)
def test_what_cannot_be_told_or_paid_is_not_paid(fields: dict[str, object], code: str) -> None:
    world = Paying(entities="8=10") if code == "payment.company" else Paying()
    world.owe("30.00", company="8")
    first = world.owe("100.00")
    world.settle((first, "100.00"))
    world.refer(first, **fields)

    world.align()

    assert ([[]], [code] if code else []) == (world.paid(first), world.told())


def test_two_invoices_of_one_entry_are_a_question() -> None:
    """Nobody can tell which of them was settled, so neither is paid."""
    world = Paying()
    first, second = world.owe("100.00"), world.owe("100.00")
    world.settle((first, "100.00"))
    world.refer(second, entry=first)

    world.align()

    assert ([[], []], ["payment.entries"]) == (world.paid(first, second), world.told())


def test_other_currency_is_a_question() -> None:
    world = Paying()
    first = world.owe("100.00", currency="USD")
    world.settle((first, "100.00"))

    world.align()

    assert ([[]], ["payment.currency"]) == (world.paid(first), world.told())


def test_no_more_than_the_invoice_is_paid_and_the_rest_is_an_alarm() -> None:
    """110.00 on an invoice of 100.00: 100.00 is paid, and 10.00 is told of until the ledger is mended."""
    world = Paying()
    first = world.owe("110.00", invoice="100.00")
    payment = world.settle((first, "110.00"))

    for _ in range(2):
        world.align()
        assert ([["100.00"]], ["payment.overpaid"]) == (world.paid(first), world.told())
    assert (
        "has settled 110.00 EUR of invoice F-i0, which is for 100.00 EUR: 10.00 EUR more" in world.texts()[0]
    )

    world.unmatch(payment)
    world.settle((first, "100.00"))
    world.align()
    assert ([["100.00"]], (2, 1), []) == (world.paid(first), world.made(), world.told())


def test_a_second_payment_of_the_whole_is_an_alarm_and_pays_nothing() -> None:
    world = Paying()
    first, second = world.owe("100.00"), world.owe("20.00")
    world.settle((first, "100.00"))
    world.align()
    world.settle((first, "100.00"), (second, "20.00"))

    for _ in range(2):
        world.align()
        assert [["100.00"], ["20.00"]] == world.paid(first, second)
        assert ["payment.overpaid"] == world.told()


def test_an_over_payment_of_what_a_person_paid_in_part_is_asked_about() -> None:
    """Nobody knows what the person paid: both are told, and nothing is sent."""
    world = Paying()
    first = world.owe("110.00", invoice="100.00")
    world.enter(first, "40.00")
    world.settle((first, "110.00"))

    world.align()

    assert ([["40.00"]], ["payment.by_others", "payment.overpaid"]) == (world.paid(first), world.told())


def test_an_amount_that_contradicts_its_rate_is_a_question() -> None:
    world = Paying()
    first, second = world.owe("100.00"), world.owe("20.00")
    world.debts.unfit[first] = "100.00 EUR at 0.92 is 92.00 USD and is shown as 108.70 USD"
    world.settle((first, "100.00"), (second, "20.00"))

    world.align()

    assert ([[], ["20.00"]], ["payment.rate"]) == (world.paid(first, second), world.told())
    assert "is shown as 108.70 USD" in world.texts()[0]


def test_a_payment_of_ours_that_a_person_cancels_is_a_question() -> None:
    """It is not made again by itself, nor is anything else paid of the invoice."""
    world = Paying()
    first = world.owe("100.00")
    world.settle((first, "40.00"))
    world.align()
    world.invoices.cancelled.add(next(iter(world.sink.rows())))

    for amount in ("", "60.00"):
        if amount:
            world.settle((first, amount))
        world.align()

        assert ([[]], ["payment.cancelled"]) == (world.paid(first), world.told())
    world.enter(first, "40.00")
    world.align()
    assert ([["40.00", "60.00"]], []) == (world.paid(first), world.told())


def test_an_invoice_that_takes_no_payment_any_more_is_a_question() -> None:
    """Where we paid a part before, and the rest is settled after it was taken back."""
    world = Paying()
    first = world.owe("100.00")
    world.settle((first, "40.00"))
    world.align()
    world.refer(first, takes_payments=False)
    world.settle((first, "60.00"))

    world.align()

    assert ([["40.00"]], ["payment.not_taken"]) == (world.paid(first), world.told())


# --- once ---------------------------------------------------------------------------------------------------


def busy() -> tuple[Paying, list[str]]:
    """Two payments to cancel, and four to make."""
    world = Paying()
    invoices = [world.owe("100.00") for _ in range(5)]
    backs = [world.settle((invoice, "10.00")) for invoice in invoices[:2]]
    world.align()
    for back in backs:
        world.unmatch(back)
    for invoice in invoices[1:]:
        world.settle((invoice, "25.00"))
    return world, invoices


WISHED = [[], ["25.00"], ["25.00"], ["25.00"], ["25.00"]]


def places() -> list[str]:
    world, _ = busy()
    names: list[str] = []
    world.begin()
    world.run_to_rest(names.append)
    return names


@pytest.mark.parametrize("place", range(len(places())))
def test_a_process_may_die_anywhere(place: int) -> None:
    """Before and after every durable write and every send: each payment stands once, each cancellation is
    made once.
    """
    world, invoices = busy()
    seen: list[str] = []

    def dies(name: str) -> None:
        seen.append(name)
        if len(seen) - 1 == place:
            raise Crash(name)

    run = world.begin()
    with pytest.raises(Crash):
        world.run_to_rest(dies)
    world.run_to_rest()

    assert RunState.DONE is world.at(run).state
    assert (WISHED, (6, 2)) == (world.paid(*invoices), world.made())
    assert NOTHING == world.align().summary


@pytest.mark.parametrize("fault", faults.FAULTS)
@pytest.mark.parametrize("before", [0, 1, 2, 4])
def test_an_answer_may_be_lost_anywhere(fault: str, before: int) -> None:
    """Of a cancellation, and of a payment: it is looked for, and nothing is made twice."""
    world, invoices = busy()
    world.invoices.books.faults += [*[""] * before, fault]

    run = world.begin()
    world.run_to_rest()

    assert RunState.DONE is world.at(run).state
    assert (WISHED, (6, 2)) == (world.paid(*invoices), world.made())


def test_a_day_without_calls_left_stops_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of the day is reached in the middle: the run waits as long as the vendor says."""
    world, invoices = busy()
    keep, until = world.sink.keep, world.clock.now().timestamp() + 20_000
    calls: list[float] = []

    def limited(row: object) -> object:
        calls.append(world.clock.now().timestamp())
        if len(calls) > 2 and calls[-1] < until:
            raise Throttled("The day is over.", retry_after_seconds=until - calls[-1])
        return keep(row)  # type: ignore[arg-type]

    monkeypatch.setattr(world.sink, "keep", limited)

    at = world.align()

    assert (RunState.DONE, WISHED, (6, 2)) == (at.state, world.paid(*invoices), world.made())
    assert 5 == len(calls)


# --- consent ------------------------------------------------------------------------------------------------


def test_consent_is_to_exactly_the_plan() -> None:
    """Nothing is paid before it; what the ledger takes back meanwhile is not paid after it."""
    world = Paying(mode=Mode.APPROVE)
    first, second = world.owe("100.00"), world.owe("20.00")
    world.settle((first, "100.00"))
    back = world.settle((second, "20.00"))
    run = world.align()
    assert (RunState.AWAITING_APPROVAL, [[], []]) == (run.state, world.paid(first, second))
    world.unmatch(back)

    world.operations.approve(run.id, world.operations.records.fingerprint(run.id))
    world.run_to_rest()

    assert (RunState.DONE, [["100.00"], []]) == (world.at(run.id).state, world.paid(first, second))
    assert "1 not made" in world.at(run.id).summary


def test_a_plan_that_cancels_much_waits_for_a_person() -> None:
    """A ledger that is read in part looks like one that took everything back."""
    world = Paying()
    invoices = [world.owe("10.00") for _ in range(6)]
    for invoice in invoices:
        world.settle((invoice, "10.00"))
    world.align()
    world.debts.matches = []

    at = world.align()

    assert (RunState.AWAITING_APPROVAL, (6, 0)) == (at.state, world.made())
    assert "6 to cancel" in at.summary


def test_proposing_and_dry_runs_pay_nothing() -> None:
    world = Paying(mode=Mode.PROPOSE)
    first = world.owe("10.00")
    world.settle((first, "10.00"))

    assert RunState.AWAITING_APPROVAL is world.align().state
    at = world.align(dry_run=True)
    assert (RunState.DONE, "Proposed only: 1 payment to make, 0 to cancel.") == (at.state, at.summary)
    assert [[]] == world.paid(first)


@pytest.mark.parametrize(
    "options",
    [{}, {"entities": "*=1", "rounding": "6"}, {"entities": "*=1", "rounding": "-1"}, {"axes": "a"}],
)
def test_settings_that_cannot_be_read_are_named(options: dict[str, str]) -> None:
    with pytest.raises(PolicyError, match=r"entities|rounding|axes"):
        read_policy("automatic", date(2026, 1, 1), options)


def test_a_day_of_payment_is_kept() -> None:
    world = Paying()
    first = world.owe("10.00")
    world.settle((first, "10.00"), on=date(2026, 6, 3))

    world.align()

    assert [date(2026, 6, 3)] == [one.paid_on for one in world.invoices.payments(first)]


def test_payments_are_no_entries_of_a_ledger() -> None:
    """The look of the night has nothing to compare, and nobody reverses them by an entry."""
    world = Paying()
    first = world.owe("10.00")
    world.settle((first, "10.00"))
    run = world.align().id

    from ml_connector.app.look import look
    from ml_connector.app.refusals import NotAllowed

    assert {"books": 0} == look(world.access, world._assembly, now=True)
    with pytest.raises(NotAllowed, match="revers"):
        world.operations.reverse(run)


def test_an_entry_that_was_taken_back_was_never_paid() -> None:
    """Its parts are matched with those of the entry that reverses it."""
    whole = Money.parse("100.00", "EUR")
    nothing = whole - whole
    part = SettledPart(key="p1", amount=whole, on=date(2026, 7, 1))
    shown = Settlement(
        entity="10", entry="e", number="1", total=whole, open=nothing, in_transit=nothing, parts=(part,)
    )

    assert (part,) == Settled(entry="e", settlement=shown, invoice=None).parts
    assert () == Settled(entry="e", settlement=replace(shown, reversed=True), invoice=None).parts
