"""Finding an entry again: pages that split batches, lists that move, filters that may be ignored, and how
many calls it takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, timedelta
from typing import Any

import httpx2
import pytest

from ml_connector.contract.acts import locate, send
from ml_connector.domain.checks import compare
from ml_connector.domain.document import Marker
from ml_connector.errors import OutcomeUnknown, Refused, VendorChanged
from ml_connector.ports.ledger import Place
from ml_connector.ports.sinks import located


def since(world: Any, entry: Any, seconds: float = 0) -> list[str]:
    """The look-up after a send."""
    found = located(world.ledger, entry, Marker.of(entry.key), world.clock.now() - timedelta(seconds=seconds))
    return [receipt.reference for receipt in found]


def test_batch_on_several_pages_is_one_document(make_world: Callable[..., Any]) -> None:
    """Pages count lines, so a batch begins on one and ends on another, and is found once."""
    world = make_world(switches={"page_lines_max": 7, "release_seconds": 0})
    world.book_by_hand()
    entry = world.entry(lines=20)
    receipt = send(world.ledger, entry)
    world.book_by_hand()

    assert [receipt.reference] == locate(world.ledger, entry) == since(world, entry)


def test_calls_of_an_entry_of_a_thousand_lines(world: Any) -> None:
    """What is in the README: looked up, written, read back, released, looked up again."""
    world.ledger.journals("FJORD")
    world.system.entities()
    entry = world.entry(lines=1000)
    count = len(world.calls())

    def made() -> list[str]:
        nonlocal count
        calls, count = world.calls()[count:], len(world.calls())
        return calls

    assert locate(world.ledger, entry) == []
    assert made() == ["GET v1/financialPeriod", "GET v2/journaltransaction"]
    receipt = send(world.ledger, entry)
    facts = [
        "subaccount",
        "branch",
        "dimension/SUBACCOUNT",
        "account",
        "currency",
        "ledger",
        "financialPeriod",
    ]
    assert made() == [*(f"GET v1/{name}" for name in facts), "POST v2/journaltransaction"]
    assert compare(entry, world.ledger.read_back(receipt)) == []
    assert made() == [f"GET v2/journaltransaction/{receipt.number}"]
    assert world.ledger.release(receipt).posted
    path = f"v2/journaltransaction/{receipt.number}"
    assert made() == [f"PUT {path}", f"POST {path}/action/release", f"GET {path}"]
    assert compare(entry, world.ledger.read_back(replace(receipt, posted=True))) == []
    assert made() == []
    assert locate(world.ledger, entry) == [receipt.reference]
    assert made() == ["GET v2/journaltransaction"]


def test_facts_of_the_proposal_are_believed_for_a_minute(world: Any) -> None:
    """What was just read is not asked for again, but for the combinations; what speaks against an entry is
    looked at again before it is refused.
    """
    entry, axes = world.entry(), frozenset({"cost_center"})
    count = len(world.calls())

    def asked() -> list[str]:
        nonlocal count
        calls, count = (
            [call for call in world.calls()[count:] if call.startswith("GET v1/")],
            len(world.calls()),
        )
        return [call.removeprefix("GET v1/") for call in calls]

    world.ledger.chart(entry.entity, entry.journal, axes)
    world.ledger.calendar(entry.entity, entry.journal, entry.posting_date)
    asked()
    send(world.ledger, entry)
    assert asked() == ["subaccount"]

    world.block_account(entry.lines[0].account)
    world.ledger.chart(entry.entity, entry.journal, axes)
    world.control("unblock_account", code=entry.lines[0].account)
    asked()
    send(world.ledger, replace(entry, key=f"{entry.key}:again"))
    assert {"account", "branch", "financialPeriod"} < set(asked())

    world.advance(61)
    send(world.ledger, replace(entry, key=f"{entry.key}:later"))
    assert {"account", "branch", "financialPeriod"} < set(asked())


def test_posted_batch_is_read_once_for_its_state_and_its_lines(world: Any) -> None:
    """A moment later it is asked for again."""
    entry = world.entry()
    receipt = send(world.ledger, entry)
    world.ledger.read_back(receipt)
    receipt = world.ledger.release(receipt)
    count = len(world.calls())

    assert [compare(entry, world.ledger.read_back(receipt)) for _ in range(2)] == [[], []]

    assert world.calls()[count:] == [f"GET v2/journaltransaction/{receipt.number}"]


@pytest.mark.parametrize("minutes", [-840, -60, 0, 60, 840])
def test_server_clock_in_any_zone(make_world: Callable[..., Any], minutes: int) -> None:
    """Time stamps name no zone; 26 hours are more than any."""
    world = make_world(switches={"modified_offset_minutes": minutes})
    entry = world.entry()
    receipt = send(world.ledger, entry)

    assert since(world, entry) == [receipt.reference]


def test_look_up_after_a_send_sees_every_period_and_state(world: Any) -> None:
    """A draft, a posted one, and one that stands in another period."""
    entry = world.entry(day=date(2026, 5, 31))
    receipt = send(world.ledger, entry)

    assert since(world, world.entry()) == [receipt.reference]
    world.ledger.read_back(receipt)
    world.ledger.release(receipt)
    assert since(world, world.entry()) == [receipt.reference]
    assert locate(world.ledger, world.entry()) == []


def test_query_names_what_is_looked_for(world: Any) -> None:
    """The period by its own number, or the change since 26 hours before the send; encoded once, whatever the
    state.
    """
    locate(world.ledger, world.entry())
    since(world, world.entry())

    first, second = [
        dict(request.url.params)
        for request in world.wire.requests
        if "journaltransaction" in request.url.path
    ]
    assert first == {"pageSize": "1000", "pageNumber": "1", "module": "GL", "periodId": "202606"}
    earliest = (world.clock.now().astimezone(UTC) - timedelta(hours=26)).strftime("%Y-%m-%dT%H:%M:%S")
    assert second == {"pageSize": "1000", "pageNumber": "1", "module": "GL", "lastModifiedDateTime": earliest}


def paged(world: Any, act: Callable[[int], Any]) -> None:
    """Act before the page of the number arrives."""

    def before(request: httpx2.Request) -> None:
        if request.url.path == "/v2/journaltransaction" and request.method == "GET":
            act(int(request.url.params["pageNumber"]))

    world.wire.before = before


def test_list_that_moves_once_is_read_again(make_world: Callable[..., Any]) -> None:
    """A batch deleted behind our back pulls lines over to pages that were read: the count does not agree, so
    it is read again.
    """
    world = make_world(switches={"page_lines_max": 6})
    early = world.book_by_hand()
    entry = world.entry(lines=10)
    receipt = send(world.ledger, entry)
    deleted: list[str] = []

    def act(page: int) -> None:
        if page == 2 and not deleted:
            world.delete(early)
            deleted.append(early)

    paged(world, act)

    assert locate(world.ledger, entry) == [receipt.reference]
    assert deleted == [early]


def test_list_that_never_holds_still_proves_nothing(make_world: Callable[..., Any]) -> None:
    """An empty look-up must be worth something: somebody books all the time, so it is said to be unknown."""
    world = make_world(switches={"page_lines_max": 6})
    for _ in range(4):
        world.book_by_hand()
    paged(world, lambda page: world.book_by_hand() if page > 1 else None)

    with pytest.raises(OutcomeUnknown, match="kept changing while it was read"):
        locate(world.ledger, world.entry())


def without_counts(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
    """A vendor that stopped counting."""
    if request.url.path != "/v2/journaltransaction" or request.method != "GET":
        return response
    body = response.read().replace(b'"metadata":{', b'"was":{')
    return httpx2.Response(response.status_code, headers={"content-type": "application/json"}, content=body)


def test_list_without_a_count_is_not_believed(world: Any) -> None:
    """Its end cannot be proven."""
    world.book_by_hand()
    world.wire.after = without_counts

    with pytest.raises(VendorChanged, match="do not say how many"):
        locate(world.ledger, world.entry())


def test_marker_on_lines_is_enough(world: Any) -> None:
    """Somebody rewrote the description: the lines still say whose the batch is."""
    entry = world.entry()
    receipt = send(world.ledger, entry)
    world.control("edit", id=receipt.reference, description="Lønn juni")

    assert locate(world.ledger, entry) == [receipt.reference]


JUNE, JULY = (date(2026, 6, 1), date(2026, 6, 30)), (date(2026, 7, 1), date(2026, 7, 31))


def listed(world: Any, days: tuple[date, date]) -> list[str]:
    """Numbers of the batches of the days."""
    return [found.receipt.number for found in world.ledger.documents("FJORD", "1", *days)]


def put(world: Any, number: str, **fields: str) -> None:
    """Somebody changes fields of a batch's header."""
    world.screen(
        "PUT", f"/v2/journaltransaction/{number}", {name: {"value": v} for name, v in fields.items()}
    )


def test_batch_put_into_another_period_is_of_that_period(world: Any) -> None:
    """It is dated in June and stands in July: whoever posts in July is shown it, for a day as for the month.
    No query of Visma's finds it by its date.
    """
    moved = send(world.ledger, world.entry()).number
    put(world, moved, financialPeriod="202607")

    assert ([], [moved], [moved]) == (
        listed(world, JUNE),
        listed(world, JULY),
        listed(world, (JULY[1], JULY[1])),
    )
    assert [True] == [found.irregular for found in world.ledger.documents("FJORD", "1", *JULY)]


def test_marker_on_a_line_is_listed_where_somebody_rewrote_the_description(world: Any) -> None:
    """The lines still say whose the batch is."""
    entry = world.entry()
    receipt = send(world.ledger, entry)
    world.control("edit", id=receipt.reference, description="Lønn juni #PAYROLLX")

    (found,) = world.ledger.documents("FJORD", "1", *JUNE)

    assert (Marker.of(entry.key).token, "Lønn juni #PAYROLLX") == (found.marker, found.text)


def test_one_look_reads_a_period_once(world: Any) -> None:
    """For entries of a run and for what stands beside them, and it shows what each alone shows."""
    entries = [replace(world.entry(), key=f"{world.entry().key}:{number}") for number in range(3)]
    receipt, by_hand = send(world.ledger, entries[0]), world.book_by_hand()
    place = Place(entity="FJORD", journal="1", start=JUNE[0], end=JUNE[1])
    count = len(world.calls())

    look = world.ledger.look([(entry, Marker.of(entry.key)) for entry in entries], [place])

    assert ["GET v2/journaltransaction"] == world.calls()[count:]
    numbers = [[found.reference for found in look.found[entry.key]] for entry in entries]
    assert [[receipt.reference], [], []] == numbers
    assert {receipt.number, by_hand} == {found.receipt.number for found in look.documents[place]}
    assert look.documents[place] == world.ledger.documents("FJORD", "1", *JUNE)


def test_calls_for_documents(world: Any) -> None:
    """The lines of each period of the days; the calendar once, and the company before anything of it."""
    send(world.ledger, world.entry(lines=20))
    world.system = world.connector.open(world.settings, world.wiring)
    count = len(world.calls())

    def made(days: tuple[date, date]) -> list[str]:
        nonlocal count
        listed(world, days)
        calls, count = world.calls()[count:], len(world.calls())
        return [call.removeprefix("GET ") for call in calls]

    lines = "v2/journaltransaction"
    assert ["v1/financialPeriod", "v1/organization", lines] == made(JUNE)
    assert [lines] == made(JUNE)
    assert [lines, lines] == made((JUNE[1], JULY[0]))
    world.ledger.document("FJORD", "1", "100001")
    assert ["GET v2/journaltransaction/100001"] == world.calls()[count:]


def test_batch_of_somebody_else_with_an_odd_rate_is_listed(world: Any) -> None:
    """Its rate is nobody's business here, and must not hide the batches of others; one of ours is compared
    with its totals when it is read back.
    """
    receipt = send(world.ledger, world.entry(currency="EUR"))

    def odd(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if "journaltransaction" not in request.url.path:
            return response
        body = json.loads(response.read())
        for batch in body if isinstance(body, list) else [body]:
            batch["exchangeRate"] = 0.001
        return httpx2.Response(
            200, headers={"content-type": "application/json"}, content=json.dumps(body).encode()
        )

    world.wire.after = odd

    assert [receipt.number] == listed(world, JUNE)
    with pytest.raises(Refused, match="the rate is not for one EUR"):
        world.ledger.read_back(receipt)


@pytest.mark.parametrize(
    "change",
    [
        lambda batch: batch["journalTransactionLines"].pop(),
        lambda batch: batch["journalTransactionLines"][0].update(debitAmountInCurrency=0.0001),
        lambda batch: batch.update(currencyId="ZZZ"),
        lambda batch: batch.update(transactionDate="yesterday"),
    ],
    ids=["line missing", "fraction", "currency", "date"],
)
def test_batch_that_cannot_be_read_stops_the_list(world: Any, change: Callable[[Any], Any]) -> None:
    """A batch is never left out because something of it is odd."""
    world.book_by_hand()

    def odd(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if not request.url.path.endswith("journaltransaction"):
            return response
        body = json.loads(response.read())
        change(body[0])
        for batch in body:
            batch["metadata"]["totalCount"] = len(batch["journalTransactionLines"])
        return httpx2.Response(
            200, headers={"content-type": "application/json"}, content=json.dumps(body).encode()
        )

    world.wire.after = odd

    with pytest.raises(VendorChanged):
        listed(world, JUNE)


def test_batch_in_another_period_than_its_date(world: Any) -> None:
    """A person moved it: that is said, and it is not taken for right."""
    entry = world.entry()
    receipt = send(world.ledger, entry)
    world.screen("PUT", f"/v2/journaltransaction/{receipt.number}", {"financialPeriod": {"value": "202607"}})

    with pytest.raises(Refused) as caught:
        world.ledger.read_back(receipt)

    assert caught.value.problem.code == "document.period"
    assert "is in period 202607, and its date belongs to 202606" in caught.value.problem.text
    assert [receipt.reference] == since(world, entry)


def test_batch_that_is_not_shown_whole(world: Any) -> None:
    """A line missing from what is shown is noticed by the batch's own totals, not taken for a difference."""
    receipt = send(world.ledger, world.entry())

    def cut(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if not request.url.path.endswith(receipt.number):
            return response
        batch = json.loads(response.read())
        batch["journalTransactionLines"].pop()
        return httpx2.Response(
            200, headers={"content-type": "application/json"}, content=json.dumps(batch).encode()
        )

    world.wire.after = cut

    with pytest.raises(VendorChanged, match="the answer is not complete"):
        world.ledger.read_back(receipt)


def test_entry_without_text_carries_the_marker_all_the_same(world: Any) -> None:
    """The description is the marker alone."""
    entry = replace(world.entry(), text="")
    receipt = send(world.ledger, entry)

    assert locate(world.ledger, entry) == [receipt.reference]
