"""The system on the simulator: the ping, the facts, the sign-in, and where the vendor's habits may differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from ml_connector.contract.acts import locate, send
from ml_connector.domain.checks import compare
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker
from ml_connector.domain.money import Money
from ml_connector.errors import (
    ConnectorError,
    OutcomeUnknown,
    Refused,
    SignInLost,
    SignInRenewed,
    Throttled,
    VendorChanged,
)
from ml_connector.ports.storage import Permit, Window


def missing(world: Any) -> dict[str, str]:
    return {right.name: right.text for right in world.system.check() if not right.granted}


def test_ping_says_what_is_there(world: Any) -> None:
    """Everything is read, nothing is written and nothing refused."""
    rights = world.system.check()

    assert [right.name for right in rights if not right.granted] == []
    assert {
        "sign in",
        "company FJORD",
        "read accounts",
        "read segments",
        "read subaccounts",
        "read branches",
        "read projects",
        "read periods",
        "read currencies",
        "read batches",
        "read ledgers",
        "write batches",
        "period open today",
    } == {right.name for right in rights}
    assert {call.split()[0] for call in world.calls()} == {"GET"}
    assert {exchange.status for exchange in world.wiring.exchanges.all} == {200}


def test_ping_says_what_is_missing(make_world: Callable[..., Any]) -> None:
    """Ledgers, segments, branch, period and scope, each with the remedy."""
    world = make_world(
        ledger="1, BUDSJETT, 7",
        segments="cost_center=1",
        segment_defaults="",
        branch="9",
        scope="vismanet_erp_service_api:read",
    )
    world.close_period(date(2026, 7, 1))

    found = missing(world)

    assert {
        "ledger BUDSJETT",
        "ledger 7",
        "read segments",
        "read branches",
        "period open today",
        "write batches",
    } == set(found)
    assert "Segment 2 (Anlegg) of the subaccount has no axis" in found["read segments"]
    assert "no active branch 9" in found["read branches"]
    assert "The scope lacks create and update" in found["write batches"]
    assert "is of type Budget" in found["ledger BUDSJETT"]
    assert "2026-07-01 is in no open period" in found["period open today"]


def test_ping_of_a_segment_that_is_not_there(make_world: Callable[..., Any]) -> None:
    """The text shows which there are."""
    found = missing(make_world(segments="cost_center=1, plant=2, team=Lag", segment_defaults=""))

    assert "has the axis team. The segments are 1 (Avdeling), 2 (Anlegg)" in found["read segments"]


def test_ping_of_another_company(make_world: Callable[..., Any]) -> None:
    """The tenant id leads elsewhere: nothing is asked beyond that."""
    found = missing(make_world(company="OTHER"))

    assert set(found) == {"company OTHER"}
    assert "The tenant id leads to FJORD, not to OTHER" in found["company OTHER"]


def test_empty_list_is_a_wrong_company(world: Any) -> None:
    """A wrong company context answers 200 and nothing."""
    world.wire.after = lambda request, response: (
        httpx2.Response(200, headers={"content-type": "application/json"}, content=b"[]")
        if request.method == "GET"
        else response
    )

    found = missing(world)

    assert "with an empty list, which no company has" in found["company FJORD"]


@pytest.mark.parametrize(
    "path",
    [
        "account",
        "subaccount",
        "branch",
        "project",
        "currency",
        "financialPeriod",
        "journaltransaction",
        "ledger",
    ],
)
def test_ping_names_the_right_that_is_missing(world: Any, path: str) -> None:
    """A list that the application may not read."""
    world.post(
        "faults", {"kind": "status", "status": 403, "match": {"method": "GET", "path": path}, "times": 9}
    )

    found = missing(world)

    assert found
    assert all("may not use" in text for text in found.values())


def test_customer_s_tenant_id(make_world: Callable[..., Any]) -> None:
    """It gives a token that is refused: the text says so in words, at the ping and at a posting, and nothing
    is booked.
    """
    right = make_world()
    world = make_world(tenant_id=right.credentials["customer_tenant_id"])

    (ping,) = world.system.check()
    assert (ping.name, ping.granted) == ("sign in", False)
    with pytest.raises(SignInLost) as caught:
        send(world.ledger, world.entry())
    for text in (ping.text, caught.value.problem.text):
        assert "the tenant id is the customer's, not the company's" in text
        assert "Visma Admin" in text
    assert caught.value.problem.where == "tenant_id"
    assert world.renewals() >= 1
    assert world.journal_references() == []


def test_unknown_tenant_and_scope(make_world: Callable[..., Any]) -> None:
    """Connect refuses; its own word is shown."""
    unknown = make_world(tenant_id="00000000-0000-0000-0000-000000000000").system.check()[0]
    scope = make_world(scope="vismanet_erp_service_api:fly").system.check()[0]

    assert "unauthorized_client" in unknown.text
    assert "invalid_scope" in scope.text


def test_entities(make_world: Callable[..., Any]) -> None:
    """The one company, with its own currency."""
    assert [(entity.code, entity.currency) for entity in make_world().system.entities()] == [("FJORD", "NOK")]
    with pytest.raises(Refused, match="leads to FJORD"):
        make_world(company="OTHER").system.entities()


def test_periods_are_the_calendar_s(world: Any) -> None:
    """Numbered by Visma; a closed one shows as closed."""
    world.close_period(date(2026, 5, 1))
    calendar = {period.start: period for period in world.ledger.calendar("FJORD", "1", date(2026, 6, 30))}

    assert (
        calendar[date(2026, 6, 1)].name,
        calendar[date(2026, 5, 1)].open,
        calendar[date(2026, 6, 1)].open,
    ) == ("2026-06", False, True)


def answered(path: str, body: bytes) -> Callable[[httpx2.Request, httpx2.Response], httpx2.Response]:
    """Another answer for a path."""
    return lambda request, response: (
        httpx2.Response(200, headers={"content-type": "application/json"}, content=body)
        if request.url.path == path
        else response
    )


PERIOD = (
    '{"year":2026,"period":"%s","startDate":"%sT00:00:00","endDate":"%sT00:00:00",'
    '"active":true,"closedInGeneralLedger":false}'
)


@pytest.mark.parametrize(
    "rows",
    [
        [("202601", "2026-01-01", "2026-01-31"), ("202602", "2026-02-01", "2026-02-28")],
        [("202601", "2026-01-01", "2026-02-01"), ("202602", "2026-02-01", "2026-02-28")],
        [
            ("202601", "2026-01-01", "2026-01-31"),
            ("202602", "2026-02-01", "2026-02-28"),
            ("202603", "2026-02-28", "2026-02-28"),
        ],
    ],
    ids=["last day inside", "last day outside", "a period of adjustments"],
)
def test_calendar_in_other_habits(world: Any, rows: list[tuple[str, str, str]]) -> None:
    """Each day is in one period, however Visma writes the last one."""
    world.wire.after = answered("/v1/financialPeriod", f"[{','.join(PERIOD % row for row in rows)}]".encode())

    found = world.ledger.calendar("FJORD", "1", date(2026, 1, 15))

    assert [(date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 28))] == [
        (one.start, one.end) for one in found
    ]


def test_branches_of_another_organisation_are_not_ours(world: Any) -> None:
    """Behind one tenant id there may be several; their branches are not offered."""
    body = (
        b'[{"organizationCd":"FJORD","baseCurrency":"NOK","branches":[{"number":"1"}]},'
        b'{"organizationCd":"OTHER","branches":[{"number":"2"}]}]'
    )
    world.wire.after = answered("/v1/organization", body)

    assert {"1"} == world.ledger.chart("FJORD", "1", frozenset({"branch"})).codes["branch"]


def test_account_that_is_kept_in_one_currency(world: Any) -> None:
    """It takes no other."""

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.url.path != "/v1/account":
            return response
        head, found, tail = response.read().partition(b'"accountCD":"5000"')
        body = head + found + tail.replace(b'"currency":null', b'"currency":"EUR"', 1)
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=body)

    world.wire.after = after

    with pytest.raises(Refused, match="GL account 5000 is kept in EUR and takes no NOK"):
        send(world.ledger, world.entry())


def test_long_lists_of_master_data_are_read_to_their_end(make_world: Callable[..., Any]) -> None:
    """Projects and subaccounts come in pages; the last one holds what bars the entry."""
    world = make_world(switches={"project_page_max": 2, "page_lines_max": 1})
    whole = make_world().ledger.chart("FJORD", "1", frozenset({"project"}))
    world.control("deactivate_subaccount", code="OSLADM-OSL")

    assert whole.codes["project"] == world.ledger.chart("FJORD", "1", frozenset({"project"})).codes["project"]
    with pytest.raises(Refused, match="Subaccount OSLADM-OSL of line 1 is not active"):
        send(world.ledger, world.entry())
    assert world.calls().count("GET v1/subaccount") == 2
    assert world.calls().count("GET v1/project") == 3


# --- calls --------------------------------------------------------------------------------------------------


def test_quota_of_the_vendor_is_ours(make_world: Callable[..., Any]) -> None:
    """What Visma says of its hour replaces what we assumed."""
    world = make_world(switches={"calls_per_hour": 50}, calls_per_hour="500")
    world.ledger.journals("FJORD")

    hour = Window(name="hour", limit=500, seconds=3600)
    taken = 0
    while world.wiring.budget.take("test/FJORD", (hour,), Permit.WRITE) == 0:
        taken += 1
    assert taken == 49


def test_limit_of_calls_says_when(make_world: Callable[..., Any]) -> None:
    """Used up: the run goes on by itself when the hour is over."""
    world = make_world(switches={"calls_per_hour": 3}, calls_per_hour="500")

    for _ in range(3):
        world.ledger.journals("FJORD")
    with pytest.raises(Throttled) as caught:
        world.ledger.journals("FJORD")

    assert caught.value.retry_after_seconds is not None
    assert 0 < caught.value.retry_after_seconds <= 3600


def test_token_is_renewed_as_it_nears_its_end(world: Any) -> None:
    """Three minutes early, once; before that it is kept."""
    world.ledger.journals("FJORD")
    world.advance(3400)
    world.ledger.journals("FJORD")
    assert world.renewals() == 1
    world.advance(60)
    world.ledger.journals("FJORD")
    assert world.renewals() == 2


def test_token_refused_before_its_time_is_renewed(world: Any) -> None:
    """A read goes on with a new one."""
    world.ledger.journals("FJORD")
    world.control("revoke")

    assert dict(world.ledger.journals("FJORD"))
    assert world.renewals() == 2


def test_token_revoked_between_preparing_and_sending(world: Any) -> None:
    """A 401 proves that nothing was booked; with a new token at hand the refusal says so."""
    entry = world.entry()
    with world.ledger.prepare(entry, Marker.of(entry.key)) as post:
        world.control("revoke")
        with pytest.raises(SignInRenewed):
            post(lambda: None)

    assert world.journal_references() == []
    assert [send(world.ledger, entry).reference] == world.journal_references()


# --- answers ------------------------------------------------------------------------------------------------


def test_page_of_html_stops_the_work(world: Any) -> None:
    """It is not taken for an empty list; the text says what to do."""
    world.post("faults", {"kind": "garbage", "match": {"method": "GET"}, "times": 1})

    with pytest.raises(VendorChanged, match="Expected JSON"):
        world.ledger.journals("FJORD")


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(201),
        httpx2.Response(201, headers={"location": "https://api.finance.visma.net/v2/journaltransaction/"}),
        httpx2.Response(200, headers={"content-type": "text/html"}, content=b"<html>Sign in</html>"),
        httpx2.Response(202, headers={"location": "https://api.finance.visma.net/v1/background/17"}),
    ],
    ids=["no location", "no number", "a page", "another place"],
)
def test_answer_without_a_number_is_unknown(world: Any, answer: httpx2.Response) -> None:
    """The batch is booked, and nobody knows which it is: it is looked up, not sent again."""
    entry = world.entry()
    world.wire.after = lambda request, response: (
        answer if request.method == "POST" and "/v2/" in request.url.path else response
    )

    with pytest.raises(OutcomeUnknown):
        send(world.ledger, entry)

    world.wire.after = lambda request, response: response
    assert locate(world.ledger, entry) == world.journal_references()
    assert len(world.journal_references()) == 1


@pytest.mark.parametrize("host", ["http://integration.visma.net/API/controller/api", "https://evil.example"])
def test_number_is_taken_from_any_location_and_its_host_is_not_followed(
    make_world: Callable[..., Any], host: str
) -> None:
    """The vendor is known to name an old host."""
    world = make_world(switches={"location_host": host, "release_seconds": 0})
    receipt = send(world.ledger, world.entry())

    assert [receipt.reference] == world.journal_references()
    assert world.ledger.release(receipt).posted
    assert {request.url.host for request in world.wire.requests} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "switches",
    [
        {"hold_on_entry": False},
        {"subaccounts_on_the_fly": True, "company_header": "filter"},
        {"text_overflow": "refuse", "header_text_max": 60},
        {"unauthorized_body": "ipp"},
        {"journal_condition": True},
        {"date_outside_period": "refuse"},
        {"missing_task": "first"},
        {"release_scope": "create"},
    ],
    ids=str,
)
def test_habits_of_the_vendor_that_are_not_known(
    make_world: Callable[..., Any], switches: dict[str, Any]
) -> None:
    """An entry comes back, and a refused one leaves nothing, either way."""
    world = make_world(switches={"release_seconds": 0, **switches})
    entry = world.entry(lines=20, text="x" * 48)
    receipt = send(world.ledger, entry)
    assert compare(entry, world.ledger.read_back(receipt)) == []
    released = world.ledger.release(receipt)
    assert released.posted
    assert compare(entry, world.ledger.read_back(released)) == []

    wrong = world.entry(key="payroll:acme:run-2:10:1:1", lines=20)
    wrong = replace(wrong, lines=(*wrong.lines[:-1], replace(wrong.lines[-1], account="987654")))
    with pytest.raises(ConnectorError):
        send(world.ledger, wrong)
    assert world.journal_references() == [receipt.reference]


def test_subaccount_that_must_exist_first(make_world: Callable[..., Any]) -> None:
    """Where postings make no combinations, Visma refuses one that is not there, and it is said as a code."""
    world = make_world(switches={"subaccounts_on_the_fly": False})
    entry = world.entry()
    lines = (
        replace(entry.lines[0], dimensions=dimensions({"cost_center": "OSLFIN", "plant": "BER"})),
        *entry.lines[1:],
    )

    with pytest.raises(Refused, match="Visma refused"):
        send(world.ledger, replace(entry, lines=lines))

    assert world.journal_references() == []


def test_foreign_amounts_are_kept_in_their_currency(world: Any) -> None:
    """Read back in the batch's currency, never in the company's."""
    entry = world.entry(currency="EUR")
    booked = world.ledger.read_back(send(world.ledger, entry))

    assert Money(Decimal("1000.01"), "EUR") == booked.lines[0].amount
    assert booked.rate is not None
    assert (booked.rate.currency, booked.rate.rate, booked.rate.source) == (
        "NOK",
        Decimal("11.635"),
        "as Visma booked it",
    )
