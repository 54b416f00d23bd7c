"""Pay in one currency, books in another: every entry has a rate that somebody answers for, and it is on
record.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.payday import World, a_pay_run

from ml_connector.domain import codec
from ml_connector.domain.journal import ExchangeRate
from ml_connector.flows.flow import PolicyError
from ml_connector.flows.payroll.policy import PayrollInput, read_rates
from ml_connector.flows.posting.consent import rates_booked
from ml_connector.ports.runs import RunState

ECB: dict[str, Any] = {"rates": ["USD=1.0842"], "rate_source": "ECB 2026-06-30"}


def american(*, rates: bool = False) -> World:
    """Books in dollars, of a ledger that has a rate for euros or has none; the pay is in euros."""
    world = World()
    world.vendor.currency, world.vendor.rates = "USD", {"EUR": Decimal("1.1")} if rates else {}
    return world


def test_pay_in_another_currency_waits_for_a_rate() -> None:
    """A ledger without rates would book one to one, or worse; the run is held and says what is missing."""
    world = american()

    at = world.post()

    assert (RunState.HELD, ["rate.missing", "rate.missing"]) == (at.state, world.problems(at.id))
    assert "keeps its books in USD and has no rate for EUR" in world.problem_list(at.id)[0].text
    assert [] == world.texts()


def test_held_run_goes_on_with_a_rate_and_its_source_is_on_record() -> None:
    """The rate is part of what is posted, read back and compared; the audit chain says who gave it."""
    world = american()
    run = world.post().id

    at = world.resume(run, **ECB)

    assert (RunState.DONE, []) == (at.state, world.problems(run))
    assert {ExchangeRate(currency="USD", rate=Decimal("1.0842"), source="ECB 2026-06-30")} == {
        document.entry.rate for document in world.vendor.documents
    }
    assert ["1 EUR = 1.0842 USD, ECB 2026-06-30"] * 2 == world.rates_noted()


def test_ledgers_own_rate_is_on_record_too() -> None:
    """Nobody gave a rate, the ledger took its own: what it was, and that it was its own."""
    world = american(rates=True)

    at = world.post()

    assert RunState.DONE is at.state
    assert ["1 EUR = 1.1 USD, as the reference booked it"] * 2 == world.rates_noted()


def test_rates_of_documents_with_one_number_are_all_on_record() -> None:
    """Each legal entity begins to count anew: two documents 100001 are two rates."""
    world = american()
    run = world.post(**ECB).id
    proposal = world.proposal(run)
    rows = world.commit_rows()
    booked = [codec.decode(rows[entry.key].booked) for entry in proposal.entries]

    noted = rates_booked(
        proposal, [replace(entry, receipt=replace(entry.receipt, number="100001")) for entry in booked]
    )

    assert {"rate 10 100001", "rate 20 100001"} == noted.keys()


def test_rate_for_a_third_currency_is_not_silently_left_out() -> None:
    """A rate for kroner says nothing about books in dollars."""
    world = american(rates=True)

    at = world.post(rates=["NOK=11.4"], rate_source="Norges Bank 2026-06-30")

    assert (RunState.HELD, ["rate.unfit", "rate.unfit"]) == (at.state, world.problems(at.id))


def test_books_in_the_currency_of_the_pay_take_no_rate() -> None:
    """One rate may be given for a run whose entities keep books in several currencies; the one that needs
    none gets none.
    """
    world = World()

    at = world.post(**ECB)

    assert RunState.DONE is at.state
    assert {None} == {document.entry.rate for document in world.vendor.documents}
    assert [] == world.rates_noted()


def test_reversal_cancels_at_the_rate_it_was_booked_at() -> None:
    """At another day's rate the two would leave a difference in the entity's own currency."""
    world = american(rates=True)
    run = world.post().id
    world.vendor.rates = {"EUR": Decimal("1.2")}

    world.reverse(run)

    booked = ExchangeRate(currency="USD", rate=Decimal("1.1"), source="as booked in 4")
    assert booked == world.vendor.documents[2].entry.rate


def test_difference_to_an_earlier_run_takes_its_rate() -> None:
    """The pay was run again: the difference is posted at the rate given for it."""
    world = american()
    first = world.post(**ECB)
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)

    second = world.post("R2", rates=["USD=1.09"], rate_source="ECB 2026-07-01")
    second = world.approve(second.id)

    assert [RunState.DONE] * 2 == [world.at(first.id).state, second.state]
    rates = [document.entry.rate.rate for document in world.vendor.documents if document.entry.rate]
    assert [Decimal("1.0842")] * 2 + [Decimal("1.09")] * 2 == rates


def test_another_rate_of_a_booked_run_is_not_posted_again() -> None:
    """The same run at another rate is other content under the same key: nothing more is posted."""
    world = american()
    world.post(**ECB)

    at = world.post(rates=["USD=1.09"], rate_source="ECB 2026-07-01")

    assert (RunState.HELD, ["run.booked_otherwise"] * 2) == (at.state, world.problems(at.id))
    assert 2 == len(world.texts())


@pytest.mark.parametrize(
    "rates",
    [
        "USD",
        "USD=",
        "USD=0",
        "USD=-1",
        "USD=1e3",
        "USD=NaN",
        "usd=1.1",
        "US=1.1",
        "USD=1,1",
        "USD=" + "1" * 20,
    ],
)
def test_what_is_no_rate_is_refused_with_what_a_rate_is(rates: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(PolicyError, match=r"expected the currency of the books .* EUR=0\.9215"):
        read_rates(PayrollInput(rates=rates, rate_source="ECB"))


def test_rate_without_a_source_is_refused() -> None:
    """Somebody has to answer for it."""
    with pytest.raises(PolicyError, match="rate_source is missing"):
        read_rates(PayrollInput(rates="USD=1.0842", rate_source=" "))


def test_rates_are_read_exactly() -> None:
    """To the last digit, for several books at once."""
    found = read_rates(PayrollInput(rates="USD=1.08420, NOK=11.4", rate_source="ECB"))

    assert {"USD": "1.08420", "NOK": "11.4"} == {currency: str(rate.rate) for currency, rate in found.items()}
    assert {} == read_rates(PayrollInput())
    assert replace(found["NOK"], rate=Decimal("11.4")) == found["NOK"]
