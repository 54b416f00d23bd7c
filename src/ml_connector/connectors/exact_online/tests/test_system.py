"""The system on the simulator: the ping, the number of calls, and what goes wrong at Exact's side."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import httpx2
import pytest

from ml_connector.contract.acts import locate, send, settle
from ml_connector.domain.checks import compare
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.period import period_of
from ml_connector.errors import (
    NotSent,
    OutcomeUnknown,
    Refused,
    RightMissing,
    SignInLost,
    SignInRenewed,
    Throttled,
    VendorChanged,
)
from ml_connector.ports.sinks import located


@pytest.fixture
def world(make_world: Callable[..., Any]) -> Any:
    """A division that the connection may use."""
    world = make_world()
    world.authorize()
    return world


def calls(world: Any) -> list[str]:
    """Requests so far without token calls: `GET hrm/Costcenters`."""
    paths = [
        (request.method, request.url.path)
        for request in world.wire.requests
        if "/oauth2/" not in request.url.path
    ]
    return [f"{method} {path.partition(f'/{world.division}/')[2] or path}" for method, path in paths]


def test_ping_says_what_is_there(world: Any) -> None:
    """Every right is asked for by name, nothing is written and nothing refused."""
    rights = world.system.check()

    assert [right.name for right in rights if not right.granted] == []
    assert {
        "division 1204",
        "read journals 1204",
        "write journal entries 1204",
        "period open today 1204",
    } <= {right.name for right in rights}
    assert {call.split()[0] for call in calls(world)} == {"GET"}
    assert {exchange.status for exchange in world.wiring.exchanges.all} == {200}


def test_ping_says_what_is_missing(world: Any) -> None:
    """A closed period and a missing scope are named, with the remedy; no 403 was provoked."""
    world.close_period(date(2026, 7, 1))
    world.control("scope", scope="Financial costcenters", level="none")

    missing = {right.name: right.text for right in world.system.check() if not right.granted}

    assert "period open today 1204" in missing
    assert {name for name in missing if name.startswith("read cost")} == {
        "read cost centers 1204",
        "read cost units 1204",
    }
    assert 403 not in {exchange.status for exchange in world.wiring.exchanges.all}


def test_ping_of_a_lost_division(make_world: Callable[..., Any]) -> None:
    """A division that is not among the user's is said to be missing without being called."""
    world = make_world(division="1204,777")
    world.authorize()

    missing = [right for right in world.system.check() if not right.granted]

    assert [right.name for right in missing] == ["division 777"]
    assert "Tick it in the consent" in missing[0].text
    assert [entity.code for entity in world.system.entities()] == ["1204"]
    assert not [request for request in world.wire.requests if "/777/" in request.url.path]


def test_ping_without_a_sign_in(make_world: Callable[..., Any]) -> None:
    """Nobody has signed in: that is what is missing, and the text says what to do."""
    (right,) = make_world().system.check()

    assert (right.name, right.granted, right.text) == (
        "sign in",
        False,
        "Nobody has signed in to this connection yet. Authorise it: ml-connector connections authorize NAME.",
    )


def test_calls_of_one_entry_are_at_the_floor(world: Any) -> None:
    """4 + ⌈accounts/1000⌉ + ⌈cost centers/60⌉ + ⌈cost units/60⌉, and 3 + ⌈lines/1000⌉ for the entry: which
    books they are costs nothing beside it.
    """
    ledger, entry = world.ledger, world.entry(lines=259)
    chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center", "cost_unit"}))
    calendar = ledger.calendar(entry.entity, entry.journal, entry.posting_date)
    period = period_of(entry.posting_date, calendar)
    codes = {
        axis: len(chart.codes[axis]) + len(chart.inactive[axis]) for axis in ("cost_center", "cost_unit")
    }
    facts = 4 + math.ceil(len(chart.accounts) / 1000) + sum(math.ceil(count / 60) for count in codes.values())
    assert period is not None

    assert ledger.tenant(entry.entity)
    assert ledger.documents(entry.entity, entry.journal, period.start, period.end) == ()
    assert locate(ledger, entry) == []
    receipt = send(ledger, entry)
    assert compare(entry, ledger.read_back(receipt)) == []

    assert len(calls(world)) == facts + 3 + 1, calls(world)


def test_look_up_without_the_filter_reads_the_change_feed(world: Any) -> None:
    """Should Exact refuse to filter by OurRef, the entry is found by its text in the feed; the refused search
    is not tried again.
    """
    world.post("switches", {"our_ref_filter": False})
    receipt = send(world.ledger, world.entry())

    first = locate(world.ledger, world.entry())
    since = located(world.ledger, world.entry(), Marker.of(world.entry().key), world.wiring.clock.now())

    assert first == [receipt.reference]
    assert [found.reference for found in since] == [receipt.reference]
    assert calls(world).count("GET generaljournalentry/GeneralJournalEntryLines") == 1


def test_number_that_is_dropped_silently_finds_nothing(world: Any) -> None:
    """A vendor may ignore a field: this is why the first read-back of a connection goes through the
    look-up.
    """
    world.post("switches", {"ignores_our_ref": True})
    send(world.ledger, world.entry())

    assert locate(world.ledger, world.entry()) == []


def test_bulk_that_refuses_the_filter_is_read_in_small_pages(world: Any) -> None:
    """The same lines, sixty at a time; the refused address is not tried again."""
    entry = world.entry(lines=130)
    receipt = send(world.ledger, entry)
    refusal = {
        "error": {
            "code": "",
            "message": {"lang": "", "value": "Filtering on these fields is not supported: EntryID"},
        }
    }
    world.post(
        "faults",
        {
            "kind": "status",
            "status": 400,
            "body": refusal,
            "match": {"path": "/bulk/Financial/TransactionLines"},
            "times": 9,
        },
    )

    for _ in range(2):
        assert compare(entry, world.ledger.read_back(receipt)) == []

    assert calls(world).count("GET bulk/Financial/TransactionLines") == 1
    assert calls(world).count("GET financialtransaction/TransactionLines") == 2 * 3


def test_entry_is_invisible_for_a_while(world: Any) -> None:
    """A new entry is missing from searches at first; after the visibility time it is found."""
    world.post("switches", {"visibility_lag_seconds": 30})
    world.fail_next("lost after commit")
    with pytest.raises(OutcomeUnknown):
        send(world.ledger, world.entry())
    assert locate(world.ledger, world.entry()) == []

    world.advance(30)

    assert locate(world.ledger, world.entry()) == world.journal_references()


def test_lost_division_in_mid_run(world: Any) -> None:
    """The text says that the division is gone and how to get it back."""
    world.ledger.chart(world.division, "95", frozenset())
    world.control("lose_division", division=world.division)

    with pytest.raises(RightMissing) as caught:
        send(world.ledger, world.entry())

    assert "no access to this division" in caught.value.problem.text
    assert world.journal_references() == []


def test_html_instead_of_json_on_a_read(world: Any) -> None:
    """A page of a gateway stops the work; it is not taken for an empty list."""
    world.post("faults", {"kind": "garbage", "match": {"method": "GET"}, "times": 1})

    with pytest.raises(VendorChanged) as caught:
        world.ledger.journals(world.division)

    assert "Expected JSON" in caught.value.problem.text


@pytest.mark.parametrize("body", ["html", "truncated"])
def test_unreadable_answer_to_a_posting_is_unknown(world: Any, body: str) -> None:
    """Booked or not, nobody knows from such an answer: it is looked up, and found."""
    world.post(
        "faults",
        {
            "kind": "garbage",
            "body": body,
            "after_commit": True,
            "match": {"method": "POST", "path": "GeneralJournal"},
            "times": 1,
        },
    )

    receipt = settle(world, world.ledger, world.entry())

    assert world.journal_references() == [receipt.reference]


def test_access_token_revoked_between_preparing_and_sending(world: Any) -> None:
    """A 401 proves that nothing was booked; with a new token at hand the refusal says so."""
    entry = world.entry()
    with world.ledger.prepare(entry, Marker.of(entry.key)) as post:
        world.refuse_access_token()
        world.control("revoke", what="access")
        with pytest.raises(Refused) as caught:
            post(lambda: None)

    assert isinstance(caught.value, SignInLost | SignInRenewed)
    assert world.journal_references() == []


def test_division_that_is_not_pinned(world: Any) -> None:
    """Only divisions of the connection are written to."""
    entry = replace(world.entry(), entity="4711")

    (problem,) = world.ledger.check(entry)

    assert problem.code == "entity.not_pinned"


def test_cost_center_that_is_no_longer_active(world: Any) -> None:
    """Codes that may not be used are told apart from codes that do not exist."""
    world.control("deactivate_cost_center", code="BOSFIN")

    chart = world.ledger.chart(world.division, "95", frozenset({"cost_center"}))

    assert ("BOSFIN" in chart.codes["cost_center"], "BOSFIN" in chart.inactive["cost_center"]) == (
        False,
        True,
    )


def test_journal_is_named_as_exact_writes_it(world: Any) -> None:
    """Exact finds `mem` where its journal is `MEM`, and shows `MEM` afterwards: that is said before anything
    is sent.
    """

    def found(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if not request.url.path.endswith("financial/Journals"):
            return response
        body = b'{"d":{"results":[{"Code":"MEM","Type":90}]}}'
        return httpx2.Response(200, headers={"Content-Type": "application/json"}, content=body)

    world.wire.after = found

    assert "Exact writes journal mem of division 1204 as MEM. Write it the same way." == (
        world.ledger.chart(world.division, "mem", frozenset()).journal_problem
    )
    assert world.ledger.chart(world.division, "MEM", frozenset()).journal_problem is None


def test_project_that_is_not_kept(world: Any) -> None:
    """A division without projects has no such code, and nothing is sent for an entry that uses one."""
    entry = world.entry()
    line = replace(entry.lines[0], dimensions=dimensions({"cost_center": "BOSADM", "project": "P1"}))
    entry = replace(entry, lines=(line, *entry.lines[1:]))

    assert not world.ledger.chart(world.division, "95", frozenset({"project"})).codes.get("project")
    with pytest.raises(Refused) as caught:
        send(world.ledger, entry)
    assert caught.value.problem.text == "Exact has no project P1. Create it there, or map to another."


def test_calls_wait_for_the_next_minute(world: Any) -> None:
    """The connection's own count stops before Exact does; nothing is answered with 429."""
    for _ in range(70):
        world.ledger.journals(world.division)

    assert world.wiring.clock.now().minute > 0
    assert 429 not in {exchange.status for exchange in world.wiring.exchanges.all}


def test_unreachable_token_endpoint_keeps_the_sign_in(world: Any) -> None:
    """A renewal that never reached Exact spent nothing, however long the network is away."""
    world.advance(601)
    world.post("faults", {"kind": "refused", "match": {"path": "/api/oauth2/token"}, "times": 1})
    with pytest.raises(NotSent):
        world.ledger.journals(world.division)
    assert world.tokens.read().renewing_since is None

    world.advance(3600)
    world.ledger.journals(world.division)

    assert world.tokens.read().lost == ""


@pytest.mark.parametrize(
    "fault", [{"kind": "garbage"}, {"kind": "status", "status": 429}, {"kind": "status", "status": 503}]
)
def test_token_endpoint_that_says_nothing_keeps_the_sign_in(world: Any, fault: dict[str, Any]) -> None:
    """A gateway's page, a limit or a failure is no refusal of the token."""
    world.advance(601)
    world.post("faults", {**fault, "match": {"path": "/api/oauth2/token"}, "times": 1})
    with pytest.raises((NotSent, Refused)):
        world.ledger.journals(world.division)

    world.ledger.journals(world.division)

    assert world.tokens.read().lost == ""


def test_endpoint_that_refuses_is_left_alone_before_the_app_is_blocked(world: Any) -> None:
    """Exact blocks an app at ten client errors of one endpoint within an hour: we stop at four, all processes
    together, and the rest goes on.
    """
    world.control("scope", scope="Financial costcenters", level="none")
    refusals: list[type] = []
    for number in range(12):
        ledger = world.ledger if number % 2 else world.reopen()
        with pytest.raises((RightMissing, Throttled)) as caught:
            ledger.chart(world.division, "90", frozenset({"cost_center"}))
        refusals.append(caught.type)

    assert [RightMissing] * 4 + [Throttled] * 8 == refusals
    assert "blocks an application that does not stop" in caught.value.problem.text
    assert 0 < (caught.value.retry_after_seconds or 0) <= 3600
    assert 4 == len([exchange for exchange in world.wiring.exchanges.all if exchange.status == 403])
    assert world.ledger.journals(world.division)

    world.control("scope", scope="Financial costcenters", level="manage")
    world.advance(3600)
    assert world.ledger.chart(world.division, "90", frozenset({"cost_center"})).codes["cost_center"]


def test_books_in_an_unknown_currency_stop_the_proposal(world: Any) -> None:
    """Without it an entry in another currency could not be told from one in the division's own, and might be
    booked one to one.
    """

    def silent(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if not request.url.path.endswith("hrm/Divisions"):
            return response
        body = response.read().replace(b'"Currency":"USD"', b'"Currency":null')
        return httpx2.Response(200, headers={"Content-Type": "application/json"}, content=body)

    world.wire.after = silent
    with pytest.raises(Refused, match="does not say in which currency division 1204 keeps its books"):
        world.ledger.chart(world.division, "95", frozenset())


def test_entries_of_a_run_are_looked_for_together(world: Any) -> None:
    """Twenty to a question, and each is found as it is alone; also where the change feed is read instead."""
    entries = [replace(world.entry(), key=f"{world.entry().key}:{number}") for number in range(21)]
    written = {entry.key: [send(world.ledger, entry).reference] for entry in entries[::10]}
    wanted = [(entry, Marker.of(entry.key)) for entry in entries]
    before = len(calls(world))

    found = world.ledger.locate(wanted, None)

    assert ["GET generaljournalentry/GeneralJournalEntryLines"] * 2 == calls(world)[before:]
    assert {entry.key: written.get(entry.key, []) for entry in entries} == references(found)
    world.post("switches", {"our_ref_filter": False})
    assert references(found) == references(world.reopen().locate(wanted, None))


def references(found: Mapping[str, tuple[Receipt, ...]]) -> dict[str, list[str]]:
    return {key: [receipt.reference for receipt in receipts] for key, receipts in found.items()}
