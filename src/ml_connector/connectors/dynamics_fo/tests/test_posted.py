"""What is posted, and not what was entered: read back, listed, and where nobody says it.

The simulator posts what was entered, and reverses a voucher with a journal of its own, so its answers are
changed on their way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.dynamics_fo.posted import ASKED_MAX
from ml_connector.contract.acts import send
from ml_connector.domain.checks import compare, takes_back
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, ExchangeRate, JournalEntry
from ml_connector.errors import NotFound, Refused

JUNE = (date(2026, 6, 1), date(2026, 6, 30))
BI = ("GeneralJournalEntryBiEntities", "GeneralJournalAccountEntryBiEntities")
PUBLISHED = ("GeneralJournalAccountEntries",)
AMOUNT, OWN = "TransactionCurrencyAmount", "AccountingCurrencyAmount"
SETS = {"bi": BI, "published": PUBLISHED}
Rows = list[dict[str, Any]]


def booked(world: Any, **more: Any) -> tuple[JournalEntry, Receipt]:
    """An entry of four lines, posted."""
    entry = world.entry(**more)
    whole = world.whole()
    return entry, whole.release(send(whole, entry))


def changing(world: Any, entity_set: str, change: Callable[[Rows], Rows]) -> None:
    """Answers of the set are changed on their way."""

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if not request.url.path.endswith(f"/{entity_set}"):
            return response
        body = json.loads(response.read(), parse_float=Decimal)
        text = json.dumps({**body, "value": change(body["value"])}, default=str)
        return httpx2.Response(200, headers={"Content-Type": "application/json"}, content=text)

    world.wire.after = after


def first(**fields: Any) -> Callable[[Rows], Rows]:
    """The first row has these fields."""
    return lambda rows: [{**row, **(fields if place == 0 else {})} for place, row in enumerate(rows)]


def texts(entry: JournalEntry, found: BookedEntry) -> str:
    """What differs, as people read it."""
    return " ".join(problem.text for problem in compare(entry, found))


def asked(world: Any, since: int) -> list[str]:
    """The sets that were asked from there on."""
    return [call.removeprefix("GET ") for call in world.calls()[since:]]


def listed(world: Any) -> list[BookedEntry]:
    """The documents of June."""
    return list(world.ledger.documents("usmf", "PAYROLL", *JUNE))


# --- read back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sets", SETS)
def test_posted_journal_is_read_from_what_is_posted(make_world: Callable[..., Any], sets: str) -> None:
    """Its lines say which voucher, and their texts stay; the list of sets is asked for once."""
    world = make_world(switches={"gl_sets": sets})
    entry, receipt = booked(world)
    before = len(world.calls())

    found = world.ledger.read_back(receipt)
    world.ledger.read_back(receipt)

    assert ([], None) == (compare(entry, found), found.stand_in)
    assert {line.text for line in entry.lines if line.text} <= {line.text[:7] for line in found.lines}
    calls = asked(world, before)
    assert [*SETS[sets]] * 2 == [call for call in calls if call.startswith("GeneralJournal")]
    assert 1 == calls.count("/data")


def test_draft_is_read_from_its_lines(world: Any) -> None:
    """Nothing is posted of it, so nobody is asked."""
    entry = world.entry()
    receipt = send(world.whole(), entry)

    found = world.ledger.read_back(receipt)

    assert ([], None) == (compare(entry, found), found.stand_in)
    assert not [call for call in world.calls() if "GeneralJournal" in call]


@pytest.mark.parametrize("sets", SETS)
@pytest.mark.parametrize("field", ["amount", "account", "cost center"])
def test_voucher_that_differs_from_its_journal_is_found(
    make_world: Callable[..., Any], sets: str, field: str
) -> None:
    """The journal is as it was written, and the books have something else."""
    world = make_world(switches={"gl_sets": sets})
    entry, receipt = booked(world)
    amounts = {AMOUNT: 7, OWN: 7}
    shown = {"account": "601200--HOFIN", "cost center": "601100--AKRASM"}.get(field, "")
    named = {"MainAccount": shown[:6], "CostCenter": shown[8:]}
    fields = (
        amounts
        if not shown
        else {"AccountDisplayValue": shown}
        if sets == "published"
        else {"LedgerAccount": shown, "LedgerDimensionValuesJson": json.dumps(named)}
    )
    changing(world, SETS[sets][-1], first(**fields))

    found, (in_list,) = world.ledger.read_back(receipt), listed(world)

    assert compare(entry, found) == compare(entry, in_list) != []
    assert "in the ledger nothing" in texts(entry, found) or "7.00" in texts(entry, found)


def test_cost_center_that_is_read_by_its_position_where_nothing_is_named(world: Any) -> None:
    """An environment may leave the names out; the display value is in the active format then."""
    entry, receipt = booked(world)
    changing(world, BI[1], lambda rows: [{**row, "LedgerDimensionValuesJson": ""} for row in rows])

    assert [] == compare(entry, world.ledger.read_back(receipt))
    other = {"LedgerDimensionValuesJson": "", "LedgerAccount": "601100--AKRASM"}
    changing(world, BI[1], lambda rows: [{**row, **other} for row in rows])
    assert [] != compare(entry, world.ledger.read_back(receipt))


def test_line_that_was_posted_besides_is_found(world: Any) -> None:
    """Such as a difference of rounding that the vendor books by itself."""
    entry, receipt = booked(world)
    more = {"LedgerAccount": "618160", "LedgerDimensionValuesJson": '{"MainAccount": "618160"}'}
    changing(world, BI[1], lambda rows: [*rows, {**rows[0], **more, "SourceKey": 1}])

    assert "Account 618160" in texts(entry, world.ledger.read_back(receipt))


def test_lines_that_were_added_up_are_no_difference(world: Any) -> None:
    """A journal name may post a sum for each account with its dimensions; another sum is a difference."""
    entry, receipt = booked(world, lines=8)

    def summed(rows: Rows, by: int = 0) -> Rows:
        sums: dict[str, Decimal] = {}
        for row in rows:
            sums[row["LedgerAccount"]] = sums.get(row["LedgerAccount"], Decimal(0)) + row[AMOUNT]
        once = {row["LedgerAccount"]: row for row in rows}.values()
        more = {"601100--AKRASM": by}
        found = [(row, float(sums[shown := row["LedgerAccount"]] + more.get(shown, 0))) for row in once]
        return [{**row, AMOUNT: amount, OWN: amount} for row, amount in found]

    changing(world, BI[1], summed)
    assert [] == compare(entry, world.ledger.read_back(receipt))
    changing(world, BI[1], lambda rows: summed(rows, by=1))
    assert [] != compare(entry, world.ledger.read_back(receipt))


@pytest.mark.parametrize("sets", SETS)
def test_posted_journal_without_posted_entries_is_said(make_world: Callable[..., Any], sets: str) -> None:
    """It is not taken for deleted, and not for well; a list leaves it to be read by itself."""
    world = make_world(switches={"gl_sets": sets})
    _, receipt = booked(world)
    changing(world, SETS[sets][-1], lambda rows: [])

    with pytest.raises(Refused, match="is posted, and the ledger shows no entries of its voucher") as caught:
        world.ledger.read_back(receipt)

    assert ("entries.missing", False) == (caught.value.problem.code, isinstance(caught.value, NotFound))
    assert [True] == [found.irregular for found in listed(world)]
    with pytest.raises(Refused, match="must not be posted again"):
        world.ledger.document("usmf", "PAYROLL", receipt.number)


def test_rate_is_that_of_the_books(world: Any) -> None:
    """Amounts of the books that are not the journal's at its rate show the rate they were booked with."""
    entry, receipt = booked(world, currency="EUR")
    entry = replace(entry, rate=ExchangeRate(currency="USD", rate=Decimal("1.125"), source="ours"))
    assert [] == compare(entry, world.ledger.read_back(receipt))

    changing(world, BI[1], lambda rows: [{**row, OWN: float(row[AMOUNT] * 2)} for row in rows])

    assert "The exchange rate is 2.000000 in the ledger" in texts(entry, world.ledger.read_back(receipt))


def test_amount_of_the_books_counts_in_their_own_currency(world: Any) -> None:
    """What the transaction says besides is no figure of the books."""
    entry, receipt = booked(world)
    changing(world, BI[1], first(**{OWN: 7}))

    assert "7.00" in texts(entry, world.ledger.read_back(receipt))


# --- where nobody says what is posted -----------------------------------------------------------------------


def test_journal_lines_stand_in_where_neither_set_is_published(make_world: Callable[..., Any]) -> None:
    """And the entry says so; a journal by its number too."""
    world = make_world(switches={"gl_sets": "none"})
    entry, receipt = booked(world)

    found = world.ledger.read_back(receipt)

    assert [] == compare(entry, found)
    assert found.stand_in is not None
    assert found.stand_in.startswith("the journal's lines: neither General")
    assert found.stand_in == world.ledger.document("usmf", "PAYROLL", receipt.number).stand_in
    assert [[]] == [compare(entry, one) for one in listed(world)]
    assert not [call for call in world.calls() if "GeneralJournal" in call]


def test_set_that_is_withdrawn_while_we_work_is_no_document_that_is_gone(world: Any) -> None:
    """Journal lines stand in from then on; ten minutes after it is back, what is posted counts again."""
    entry, receipt = booked(world)
    assert world.ledger.read_back(receipt).stand_in is None

    world.post("switches", {"gl_sets": "none"})
    found = world.ledger.read_back(receipt)
    world.post("switches", {"gl_sets": "bi"})
    world.advance(599)
    still = world.ledger.read_back(receipt).stand_in
    world.advance(1)

    assert ([], True, True) == (compare(entry, found), bool(found.stand_in), bool(still))
    assert world.ledger.read_back(receipt).stand_in is None


def test_set_that_may_not_be_read_is_none(make_world: Callable[..., Any]) -> None:
    """The other one is read then; where both are refused, journal lines stand in. Each is asked once."""
    world = make_world(switches={"gl_sets": "published"})
    entry, receipt = booked(world)
    refused = {"kind": "status", "status": 403, "body": {}, "times": 99}
    world.post("faults", {**refused, "match": {"method": "GET", "path": "GeneralJournalAccountEntries"}})
    assert ([], None) == (compare(entry, found := world.ledger.read_back(receipt)), found.stand_in)

    world.post("faults", {**refused, "match": {"method": "GET", "path": "BiEntities"}})

    assert world.ledger.read_back(receipt).stand_in is not None
    before = len(world.calls())
    world.ledger.read_back(receipt)
    assert not [call for call in asked(world, before) if "GeneralJournal" in call]


# --- lists --------------------------------------------------------------------------------------------------


def test_journals_that_share_a_voucher_have_what_is_theirs(world: Any) -> None:
    """The simulator keeps the voucher's number in a copy and in a mirror of a journal."""
    entry, receipt = booked(world)
    copy, mirror = world.double(receipt.reference), world.control("reverse", id=receipt.reference)["id"]

    found = {one.receipt.reference: one for one in listed(world)}

    assert {receipt.reference, copy, mirror} == set(found)
    assert [[], []] == [compare(entry, found[one]) for one in (receipt.reference, copy)]
    assert takes_back(found[mirror], entry)
    assert takes_back(world.ledger.read_back(found[mirror].receipt), entry)
    assert found[copy] == replace(world.ledger.read_back(found[copy].receipt), text=found[copy].text)


@pytest.mark.parametrize("sets", SETS)
@pytest.mark.parametrize("same", ["the number", "the document"])
def test_reversal_of_a_voucher_without_its_journal_is_listed(
    make_world: Callable[..., Any], sets: str, same: str
) -> None:
    """It has the voucher's number, or our token as its document; read by its number and receipt."""
    world = make_world(switches={"gl_sets": sets})
    entry, receipt = booked(world)
    (ours,) = listed(world)
    number = {"the number": "PAYR00000001", "the document": "GJRV000001"}[same]
    document = {"the number": "", "the document": Marker.of(entry.key).token}[same]
    mirrored(world, sets, number, document)

    mine, reversal = listed(world)

    assert ours == mine
    assert (True, number, True) == (
        takes_back(reversal, entry),
        reversal.receipt.number,
        reversal.receipt.posted,
    )
    assert document == reversal.marker
    assert reversal == world.ledger.read_back(reversal.receipt)
    if same == "the document":
        assert [reversal] * 2 == [world.ledger.document("usmf", name, number) for name in ("", "PAYROLL")]
    else:
        with pytest.raises(NotFound, match=f"is of journal {receipt.number}: name that"):
            world.ledger.document("usmf", "PAYROLL", number)
    world.wire.after = lambda request, response: response
    with pytest.raises(NotFound, match=f"Voucher {number} is not in the ledger"):
        world.ledger.read_back(reversal.receipt)


def mirrored(world: Any, sets: str, number: str, document: str) -> None:
    """Somebody reverses the voucher at the screen: the ledger has its mirror, and no journal is made."""

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        name = request.url.path.rpartition("/")[2]
        if name not in SETS[sets]:
            return response
        body = json.loads(response.read())
        value = body["value"]
        if name == BI[0]:
            seen = value or [{"AccountingDate": "2026-06-30T12:00:00Z"}]
            value = [
                *value,
                {**seen[0], "SourceKey": 1, "SubledgerVoucher": number, "DocumentNumber": document},
            ]
        elif value or name == BI[1]:
            value = [*value, *(turned(row, number, document) for row in value or ENTRIES)]
        else:
            value = [turned(row, number, document) for row in ENTRIES]
        text = json.dumps({**body, "value": value})
        return httpx2.Response(200, headers={"Content-Type": "application/json"}, content=text)

    rows = service(world, SETS[sets][-1])
    ENTRIES[:] = rows
    world.wire.after = after


ENTRIES: Rows = []


def turned(row: dict[str, Any], number: str, document: str) -> dict[str, Any]:
    """The row with its amount on the other side, in another voucher."""
    other = {"JournalNumber": "JE9", "Voucher": number, "DocumentNumber": document, "GeneralJournalEntry": 1}
    keys = {
        name: 10**9 + row[name] % 10**9
        for name in ("SourceKey", "GeneralJournalAccountEntryRecId")
        if name in row
    }
    return {**row, **other, **keys, **{name: -row[name] for name in (AMOUNT, OWN)}}


def service(world: Any, entity_set: str) -> Rows:
    """The rows of a set, as anybody reads them."""
    http = world.ledger._client.http
    found: Rows = json.loads(http.read("GET", f"/data/{entity_set}?cross-company=true").body)["value"]
    return found


def test_many_vouchers_are_read_by_their_days(world: Any) -> None:
    """So that a list takes few calls; no address is longer than two thousand characters."""
    for _ in range(12):
        world.book_by_hand()
    assert listed(world)
    before = len(world.calls())
    listed(world)
    few = [call for call in asked(world, before) if call == BI[0]]
    for _ in range(100):
        world.book_by_hand()
    before = len(world.calls())

    found = listed(world)

    many = [call for call in asked(world, before) if call == BI[0]]
    assert (112, 1, 1) == (len(found), len(few), len(many))
    assert not [one for one in found if one.irregular]
    assert max(len(str(request.url)) for request in world.wire.requests) < 2_000
    assert ASKED_MAX < 2_000
