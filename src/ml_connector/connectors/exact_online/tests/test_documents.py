"""Entries of a journal as people book them: into another period than their date's, with lines of several
days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from ml_connector.connectors.exact_online import client, wire
from ml_connector.connectors.exact_online.documents import ExactDocuments
from ml_connector.contract.acts import send
from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import BookedEntry
from ml_connector.domain.period import FiscalPeriod
from ml_connector.errors import Refused, VendorChanged
from ml_connector.transport.exchange import encode

FIRST, SECOND = (f"924ec2db-7dc7-454b-91e0-7cd301f164a{digit}" for digit in "ab")
JUNE, JULY = (date(2026, 6, 1), date(2026, 6, 30)), (date(2026, 7, 1), date(2026, 7, 31))


@pytest.fixture
def world(make_world: Callable[..., Any]) -> Any:
    """A division that the connection may use."""
    world = make_world()
    world.authorize()
    return world


def post(world: Any, *lines: tuple[str, int, str], **header: int) -> str:
    """Another program books an entry of these lines: account, amount, day. Its number."""
    exact = world.ledger._client
    ids = {row.Code.strip(): row.ID for row in world.ledger.read_accounts(world.division)}
    rows = [{"GLAccount": ids[account], "AmountFC": amount, "Date": day} for account, amount, day in lines]
    for row, (account, *_) in zip(rows, lines, strict=True):
        row |= {"CostCenter": "BOSADM"} if account == "4000" else {}
    body = {"JournalCode": "95", "Currency": "USD", "GeneralJournalEntryLines": rows, **header}
    address = client.address(world.division, "generaljournalentry/GeneralJournalEntries", {})
    with exact.http.prepare("POST", address, headers=client.WRITE, content=encode(body)) as post:
        return str(post(lambda: None).decode(wire.One[wire.CreatedEntry]).d.EntryNumber)


def numbers(world: Any, days: tuple[date, date]) -> dict[str, BookedEntry]:
    """The entries of the days, by number."""
    return {found.receipt.number: found for found in world.ledger.documents(world.division, "95", *days)}


def calls(world: Any) -> list[str]:
    """Which addresses were read so far, without sign-in."""
    paths = [request.url.path for request in world.wire.requests if "/oauth2/" not in request.url.path]
    return [path.partition(f"/{world.division}/")[2] for path in paths]


def test_entry_booked_into_another_period_is_of_both(world: Any) -> None:
    """Its date is in June and its period July: whoever posts in either is shown it."""
    moved = post(
        world, ("4000", 5, "2026-06-29"), ("1700", -5, "2026-06-29"), FinancialYear=2026, FinancialPeriod=7
    )

    assert [[moved], [moved]] == [list(numbers(world, days)) for days in (JUNE, JULY)]
    assert [] == list(numbers(world, (date(2026, 6, 1), date(2026, 6, 28))))
    assert numbers(world, JUNE)[moved].irregular is None


def test_entry_with_lines_of_two_periods_is_shown_by_period(world: Any) -> None:
    """Exact balances it in each period by itself, and the lines of each are what is booked there; by its
    number it is whole.
    """
    june, july = "2026-06-30", "2026-07-01"
    number = post(world, ("4000", 5, june), ("1700", -5, june), ("4000", 7, july), ("1700", -7, july))

    shown = [[line.amount.amount for line in numbers(world, days)[number].lines] for days in (JUNE, JULY)]

    assert [[5, -5], [7, -7]] == shown
    whole = world.ledger.document(world.division, "95", number)
    assert ([5, -5, 7, -7], JUNE[1]) == ([row.amount.amount for row in whole.lines], whole.posting_date)


@pytest.mark.parametrize("days", [JUNE, (date(2026, 6, 30), date(2026, 6, 30))])
def test_entry_that_reaches_out_of_the_days_is_whole(world: Any, days: tuple[date, date]) -> None:
    """One of its lines is dated in June, and its period is July: the other line is read too."""
    number = post(
        world, ("4000", 5, "2026-06-30"), ("1700", -5, "2026-07-01"), FinancialYear=2026, FinancialPeriod=7
    )

    assert [5, -5] == [row.amount.amount for row in numbers(world, days)[number].lines]
    assert numbers(world, days)[number].irregular


def test_calls_for_documents(world: Any) -> None:
    """One for a thousand lines; the periods once while the connection lives; one more for entries that reach
    out of the days.
    """
    send(world.ledger, world.entry(lines=20))
    world.book_by_hand()
    world.ledger.calendar(world.division, "95", JUNE[1])
    before = len(calls(world))

    def made(days: tuple[date, date]) -> list[str]:
        nonlocal before
        numbers(world, days)
        new, before = calls(world)[before:], len(calls(world))
        return [call.rpartition("/")[2] for call in new]

    assert ["TransactionLines", "Divisions"] == made(JUNE)
    assert ["TransactionLines"] == made(JULY)
    post(world, ("4000", 5, "2026-06-30"), ("1700", -5, "2026-07-01"), FinancialYear=2026, FinancialPeriod=7)
    before = len(calls(world))
    assert ["TransactionLines"] * 2 == made(JUNE)
    world.ledger.document(world.division, "95", "26950001")
    assert ["TransactionLines"] == [call.rpartition("/")[2] for call in calls(world)[before:]]

    world.system = world.connector.open(world.settings, world.wiring)
    before = len(calls(world))
    assert ["FinancialPeriods", "TransactionLines", "TransactionLines", "Divisions"] == made(JUNE)


# --- what the simulator does not book -----------------------------------------------------------------------


def line(number: int, amount: str, **changes: Any) -> wire.TransactionLine:
    """A line of an entry of June."""
    fixed = {
        "EntryID": FIRST,
        "EntryNumber": 26950001,
        "LineNumber": number,
        "JournalCode": "95",
        "Date": "/Date(1782777600000)/",
        "FinancialYear": 2026,
        "FinancialPeriod": 6,
        "GLAccountCode": "4000",
        "AmountFC": amount,
        "Currency": "EUR",
    }
    return wire.msgspec.convert({**fixed, **changes}, wire.TransactionLine, strict=False)


def documents(*rows: wire.TransactionLine) -> ExactDocuments:
    """A reader of these lines."""

    def lines(entity: str, where: str, select: str) -> Iterator[wire.TransactionLine]:
        return iter(rows)

    june = FiscalPeriod(start=JUNE[0], end=JUNE[1], year=2026, number=6, open=True)
    return ExactDocuments(
        lines,
        lambda entity, start, end: [june],
        lambda entity, key, number: Receipt(reference=key, number=str(number), entity=entity, posted=True),
        lambda entity: "EUR",
    )


def test_number_that_two_entries_have(world: Any) -> None:
    """Numbers may begin again in a new year: neither is taken for the one that is meant."""
    rows = line(1, "5"), line(1, "7", EntryID=SECOND, Date="/Date(1751155200000)/")

    with pytest.raises(Refused) as caught:
        documents(*rows).numbered("1204", "95", "26950001")

    assert "document.ambiguous" == caught.value.problem.code
    assert "2 entries with the number 26950001, of 2026-06-30, 2025-06-29" in caught.value.problem.text


def test_number_that_several_journals_have(world: Any) -> None:
    """Where no journal is named, the choice is, as it is to be said."""
    rows = line(1, "5"), line(1, "7", EntryID=SECOND, JournalCode="90")

    with pytest.raises(Refused) as caught:
        documents(*rows).numbered("1204", "", "26950001")

    assert "document.ambiguous" == caught.value.problem.code
    assert "Name the journal: 1204/95/26950001 or 1204/90/26950001." in caught.value.problem.text


@pytest.mark.parametrize(
    "odd",
    [
        {"AmountFC": "0.005"},
        {"Currency": "ZZZ"},
        {"Currency": "USD"},
        {"Date": None},
        {"Date": "yesterday"},
        {"JournalCode": "90"},
    ],
    ids=str,
)
def test_line_that_cannot_be_read_stops_the_list(odd: dict[str, Any]) -> None:
    """An entry is never left out because a line of it is odd."""
    rows = line(1, "5"), line(2, "-5", **odd)

    with pytest.raises(VendorChanged):
        documents(*rows).of_days("1204", "95", *JUNE)


def test_header_rows_are_no_lines() -> None:
    """The feed shows the header of an entry as a row of its own."""
    (found,) = documents(line(0, "0"), line(2, "-5"), line(1, "5")).of_days("1204", "95", *JUNE)

    assert [5, -5] == [row.amount.amount for row in found.lines]
