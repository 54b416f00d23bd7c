"""The system on the simulator: the ping, the facts, and where the vendor's habits may differ."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx2
import pytest

from ml_connector.contract.acts import send
from ml_connector.errors import Refused, SignInLost


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
        "write segment values",
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
        "write segment values",
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
