"""Several companies behind one connection: a token, books and a quota for each, and never an entry in
another's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ml_connector.connectors.visma_net.client import token_broker
from ml_connector.connectors.visma_net.settings import read
from ml_connector.contract.acts import locate, send
from ml_connector.contract.memory import memory_wiring
from ml_connector.domain.checks import compare
from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import JournalEntry
from ml_connector.errors import Refused, SignInLost
from ml_connector.ports.storage import Priority, RateLimit

FJORD, VERFT = "4e95f4b9-e895-5a20-a960-2ee8b4f8e49b", "2072dc1f-9564-5e3c-a5d1-8d7cef68ef02"
BOTH = {"company": "FJORD, VERFT", "tenant_id": f"FJORD={FJORD}, VERFT={VERFT}"}


def swapped(make_world: Callable[..., Any]) -> Any:
    """Somebody wrote the tenant ids the wrong way round."""
    return make_world(scenario="two_companies", tenant_id=f"FJORD={VERFT}, VERFT={FJORD}")


def of_verft(world: Any, **wishes: Any) -> JournalEntry:
    """An entry of the second company, in its own currency."""
    entry: JournalEntry = world.entry(key="payroll:acme:run-1:20:1:1", currency="EUR", **wishes)
    return replace(entry, entity="VERFT")


def booked(world: Any) -> list[tuple[str, str]]:
    """Company and number of every batch in the books."""
    return [(document["entity"], document["number"]) for document in world.documents()]


# --- entries ------------------------------------------------------------------------------------------------


def test_one_pay_run_posts_one_entry_in_each_company(two: Any) -> None:
    """Both are written, read back, released and found, each in its own books and under the same number."""
    receipts = []
    for entry in (two.entry(), of_verft(two)):
        assert locate(two.ledger, entry) == []
        receipt = send(two.ledger, entry)
        assert compare(entry, two.ledger.read_back(receipt)) == []
        receipts.append(two.ledger.release(receipt))
        assert locate(two.ledger, entry) == [receipt.reference]

    assert (
        booked(two)
        == [(receipt.entity, receipt.number) for receipt in receipts]
        == [("FJORD", "100001"), ("VERFT", "100001")]
    )
    assert [receipt.posted for receipt in receipts] == [True, True]


def test_entry_is_looked_for_in_its_own_company_only(two: Any) -> None:
    """The same content in another company is another entry."""
    send(two.ledger, two.entry())

    assert locate(two.ledger, replace(two.entry(), entity="VERFT")) == []


def test_batch_of_the_same_number_in_another_company_is_not_taken_for_ours(two: Any) -> None:
    """What was written, compared and released is remembered of each company."""
    first, second = send(two.ledger, two.entry()), send(two.ledger, of_verft(two))
    two.ledger.read_back(first)
    two.ledger.read_back(second)
    two.control("edit", company="VERFT", id=second.reference, description="changed")

    assert two.ledger.release(first).posted
    with pytest.raises(Refused, match="Somebody changed batch 100001"):
        two.ledger.release(second)


def test_others_batches_are_those_of_the_company(two: Any) -> None:
    """A batch booked by hand in one company is not listed for the other."""
    two.book_by_hand()

    days = (date(2026, 6, 1), date(2026, 6, 30))
    assert [1, 0] == [len(two.ledger.documents(company, "1", *days)) for company in ("FJORD", "VERFT")]


def test_batch_is_read_by_its_number_in_its_own_company(two: Any) -> None:
    """Both number their batches from the same number on."""
    first, second = send(two.ledger, two.entry()), send(two.ledger, of_verft(two))
    assert first.number == second.number

    found = [two.ledger.document(company, "1", first.number) for company in ("FJORD", "VERFT")]

    assert [("FJORD", "NOK"), ("VERFT", "EUR")] == [(each.receipt.entity, each.currency) for each in found]


@pytest.mark.parametrize("company", ["OTHER", "fjord", ""])
def test_company_that_is_not_in_the_connection(two: Any, company: str) -> None:
    """Said before any call: what there is, and what to do; no token is asked for."""
    entry = replace(two.entry(), entity=company)

    (problem,) = two.ledger.check(entry)
    assert (problem.code, problem.where) == ("entity.not_pinned", "entity")
    assert (
        f"Legal entity {company} is not one of this connection's (FJORD, VERFT). Add it to the connection"
        " with its tenant id" in problem.text
    )
    receipt = Receipt(reference="100001", number="100001", entity=company, posted=False)
    for act in (
        lambda: two.ledger.journals(company),
        lambda: two.ledger.calendar(company, "1", entry.posting_date),
        lambda: locate(two.ledger, entry),
        lambda: two.ledger.chart(company, "1", frozenset()),
        lambda: two.ledger.release(receipt),
        lambda: two.ledger.read_back(receipt),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.problem.code == "entity.not_pinned"
    assert two.wire.requests == []


# --- facts --------------------------------------------------------------------------------------------------


def test_facts_are_the_company_s_own(two: Any) -> None:
    """Currency, periods and blocked accounts of one say nothing of the other."""
    two.control("close_period", company="VERFT", period="2026-06")
    two.control("block_account", company="FJORD", code="5000")

    charts = [two.ledger.chart(company, "1", frozenset()) for company in ("FJORD", "VERFT")]
    calendars = [two.ledger.calendar(company, "1", date(2026, 6, 30)) for company in ("FJORD", "VERFT")]

    assert [(chart.entity, chart.currency, chart.accounts["5000"].blocked) for chart in charts] == [
        ("FJORD", "NOK", True),
        ("VERFT", "EUR", False),
    ]
    assert [
        next(period.open for period in calendar if period.name == "2026-06") for calendar in calendars
    ] == [True, False]


def test_entities_are_listed_in_the_order_of_the_setting(two: Any) -> None:
    """Each with its own currency."""
    assert [(entity.code, entity.currency) for entity in two.system.entities()] == [
        ("FJORD", "NOK"),
        ("VERFT", "EUR"),
    ]


def test_ping_says_what_each_company_lacks(two: Any) -> None:
    """Every right names its company, and what one lacks is not said of the other."""
    two.control("close_period", company="VERFT", period="2026-07")

    rights = two.system.check()

    assert [right.name for right in rights if not right.granted] == ["period open today VERFT"]
    assert {"sign in FJORD", "company FJORD", "read accounts FJORD", "write batches FJORD"} <= {
        right.name for right in rights
    }
    assert {right.name.replace("FJORD", "VERFT") for right in rights if "FJORD" in right.name} == {
        right.name for right in rights if "VERFT" in right.name
    }


def test_quota_is_counted_for_each_company(make_world: Callable[..., Any]) -> None:
    """Visma gives each company and application an hour of its own."""
    world = make_world(scenario="two_companies", switches={"calls_per_hour": 50}, calls_per_hour="500")
    for company in ("FJORD", "FJORD", "VERFT"):
        world.ledger.journals(company)

    hour, left = RateLimit(name="hour", limit=500, seconds=3600), []
    for company in ("FJORD", "VERFT"):
        taken = 0
        while world.wiring.budget.take(f"test/{company}", (hour,), Priority.WRITE) == 0:
            taken += 1
        left.append(taken)
    assert left == [48, 49]


# --- tokens -------------------------------------------------------------------------------------------------


def test_each_company_has_a_token_of_its_own(two: Any) -> None:
    """Kept under its tenant id, and none under the connection's own name."""
    for company in ("FJORD", "VERFT"):
        two.ledger.journals(company)

    tokens = [two.tokens_of(company).read().access_token for company in ("FJORD", "VERFT")]
    assert tokens == two.wire.tokens
    assert len(set(tokens)) == 2
    assert two.wiring.tokens.read().access_token == ""


def test_renewal_of_one_leaves_the_other_alone(two: Any) -> None:
    """The token that ends is renewed when its company is called, and no other."""
    two.ledger.journals("FJORD")
    two.advance(1800)
    two.ledger.journals("VERFT")
    kept = two.tokens_of("VERFT").read()
    two.advance(1800)

    two.ledger.journals("FJORD")
    two.ledger.journals("VERFT")

    assert two.renewals() == 3
    assert kept == two.tokens_of("VERFT").read()


def test_renewal_of_one_waits_for_no_other(two: Any) -> None:
    """While one company's token is being renewed, another company's is had."""
    had = threading.Thread(target=lambda: two.ledger.journals("VERFT"), daemon=True)
    with two.tokens_of("FJORD").exclusive():
        had.start()
        had.join(10)
        assert not had.is_alive()
    assert two.tokens_of("VERFT").read().access_token


def test_company_that_withdrew_its_approval_stops_alone(two: Any) -> None:
    """Its entry is refused with the remedy and its name; the other company's is booked."""
    two.system.entities()
    two.control("withdraw_approval", company="VERFT")
    two.control("revoke")

    with pytest.raises(SignInLost, match="VERFT"):
        send(two.ledger, of_verft(two))
    send(two.ledger, two.entry())

    assert booked(two) == [("FJORD", "100001")]
    assert [right.name for right in two.system.check() if not right.granted] == ["sign in VERFT"]


def test_customer_s_tenant_id_at_one_company(make_world: Callable[..., Any]) -> None:
    """Every call with it is a 401, which says nothing of the other company."""
    known = make_world(scenario="two_companies").credentials
    world = make_world(
        scenario="two_companies", tenant_id=f"FJORD={known['tenant_id']}, VERFT={known['customer_tenant_id']}"
    )

    with pytest.raises(
        SignInLost, match=r"gave a token for company VERFT, and the API does not accept it \(401\)"
    ):
        send(world.ledger, of_verft(world))
    send(world.ledger, world.entry())

    assert booked(world) == [("FJORD", "100001")]


def test_token_is_never_taken_for_one_of_another_tenant_id() -> None:
    """A tenant id that was corrected has no token yet, whatever stands under the one before it; upper case is
    the same id.
    """
    wiring = memory_wiring(sandbox=False)
    wanted = [{"company": "FJORD", "tenant_id": tenant} for tenant in (FJORD, FJORD.upper(), VERFT)]

    first, same, other = (
        token_broker(read(settings, sandbox=False)[0], wiring, "FJORD").wiring.tokens for settings in wanted
    )

    assert first is same
    assert first is not other


# --- wrong pairing ------------------------------------------------------------------------------------------


def test_swapped_tenant_ids_are_named_and_nothing_is_booked(make_world: Callable[..., Any]) -> None:
    """Both tokens work, and each leads into the other company."""
    world = swapped(make_world)

    assert {right.name: right.text for right in world.system.check() if not right.granted} == {
        "company FJORD": (
            "The tenant id leads to VERFT, not to FJORD. Correct the company or the tenant id; nothing is"
            " booked."
        ),
        "company VERFT": (
            "The tenant id leads to FJORD, not to VERFT. Correct the company or the tenant id; nothing is"
            " booked."
        ),
    }
    for entry in (world.entry(), of_verft(world)):
        with pytest.raises(Refused) as caught:
            send(world.ledger, entry)
        assert caught.value.problem.code == "company.wrong"
    with pytest.raises(Refused, match="leads to VERFT, not to FJORD"):
        world.system.entities()
    assert booked(world) == []


def test_wrong_company_proves_nothing_and_is_not_touched(make_world: Callable[..., Any]) -> None:
    """An entry is not said to be absent, and no batch of the same number is read or released, where its token
    leads elsewhere.
    """
    world = swapped(make_world)
    receipt = Receipt(reference="100001", number="100001", entity="FJORD", posted=False)
    world.control(
        "book",
        company="VERFT",
        date="2026-06-30",
        description="theirs",
        lines=[
            {"account": "5000", "amount": "5.00", "subaccount": "OSLADM-OSL"},
            {"account": "2930", "amount": "-5.00", "subaccount": "OSLADM-OSL"},
        ],
    )

    for act in (
        lambda: locate(world.ledger, world.entry()),
        lambda: world.ledger.release(receipt),
        lambda: world.ledger.read_back(receipt),
        lambda: world.ledger.calendar("FJORD", "1", date(2026, 6, 30)),
        lambda: world.ledger.chart("FJORD", "1", frozenset()),
    ):
        with pytest.raises(Refused, match="leads to VERFT, not to FJORD"):
            act()

    assert [call for call in world.calls() if "journaltransaction" in call] == []


def test_tenant_ids_put_right_work_at_once(make_world: Callable[..., Any]) -> None:
    """The tokens had meanwhile stand under the tenant ids they are for."""
    world = swapped(make_world)
    world.system.check()
    world.settings |= {"tenant_id": BOTH["tenant_id"]}
    ledger = world.reopen()

    send(ledger, world.entry())
    send(ledger, of_verft(world))

    assert booked(world) == [("FJORD", "100001"), ("VERFT", "100001")]


def test_tenant_id_that_shows_both_companies(two: Any) -> None:
    """It could not be told where an entry would be booked, so none is."""
    answer = (
        b'[{"organizationCd":"FJORD","baseCurrency":"NOK"},{"organizationCd":"VERFT","baseCurrency":"EUR"}]'
    )

    def after(request: Any, response: Any) -> Any:
        return (
            type(response)(200, headers={"content-type": "application/json"}, content=answer)
            if "organization" in request.url.path
            else response
        )

    two.wire.after = after

    with pytest.raises(Refused, match="The tenant id of FJORD leads to VERFT too") as caught:
        send(two.ledger, two.entry())
    assert caught.value.problem.code == "company.unclear"
    assert booked(two) == []
