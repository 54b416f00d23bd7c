"""Journals as people and other programs fill them: offset accounts, several days, several currencies; and how
many calls it takes to list them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.dynamics_fo import CONNECTOR, client, translate, wire
from ml_connector.connectors.dynamics_fo.segments import DimensionFormat
from ml_connector.contract.acts import send
from ml_connector.contract.memory import memory_wiring
from ml_connector.domain.checks import compare
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, JournalEntry
from ml_connector.errors import NotFound, Refused, VendorChanged
from ml_connector.ports.ledger import Place
from ml_connector.ports.sinks import located
from ml_connector.transport.exchange import encode

JUNE, JULY = (date(2026, 6, 1), date(2026, 6, 30)), (date(2026, 7, 1), date(2026, 7, 31))
COST, PAYABLE = {"AccountDisplayValue": "601100--AKRASM"}, {"AccountDisplayValue": "230100"}


def post(world: Any, *lines: dict[str, Any]) -> str:
    """Another program creates a journal of these lines; its number."""
    http = world.ledger._client.http

    def create(path: str, body: dict[str, Any]) -> wire.Header:
        with http.prepare("POST", client.address(path), headers=client.WRITE, content=encode(body)) as post:
            created: wire.Header = post(lambda: None).decode(wire.Header)
            return created

    number = create(
        "LedgerJournalHeaders", {"dataAreaId": "usmf", "JournalName": "PAYROLL"}
    ).JournalBatchNumber
    for line in lines:
        fixed = {"AccountType": "Ledger", "CurrencyCode": "USD", "TransDate": "2026-06-30T12:00:00Z"}
        create("LedgerJournalLines", {"dataAreaId": "usmf", "JournalBatchNumber": number, **fixed, **line})
    return number


def listed(world: Any, days: tuple[date, date] = JUNE) -> list[BookedEntry]:
    """The journals of the days."""
    return list(world.ledger.documents("usmf", "PAYROLL", *days))


def amounts(entry: BookedEntry) -> list[tuple[str, Decimal]]:
    """Accounts and amounts, in order."""
    return [(line.account, line.amount.amount) for line in entry.lines]


# --- what people book ---------------------------------------------------------------------------------------


def test_line_with_an_offset_account_is_two_lines(world: Any) -> None:
    """It books the same amount on the other side of another account."""
    post(world, {**COST, "DebitAmount": Decimal(5), "OffsetAccountDisplayValue": "230100"})

    (found,) = listed(world)

    assert [("601100", Decimal(5)), ("230100", Decimal(-5))] == amounts(found)
    assert (True, ["AKRASM"]) == (found.receipt.complete, [value.code for value in found.lines[0].dimensions])
    assert found.irregular


def test_vouchers_of_other_days_are_not_listed(world: Any) -> None:
    """Each balances by itself, and those of the days are what is booked in them; by its number the journal is
    whole.
    """
    july = {"TransDate": "2026-07-01T12:00:00Z"}
    number = post(
        world,
        {**COST, "DebitAmount": Decimal(5)},
        {**PAYABLE, "CreditAmount": Decimal(5)},
        {**COST, "DebitAmount": Decimal(7), **july},
        {**PAYABLE, "CreditAmount": Decimal(7), **july},
    )

    assert [[5, -5], [7, -7]] == [
        [amount for _, amount in amounts(found)] for days in (JUNE, JULY) for found in listed(world, days)
    ]
    assert [True] == [found.irregular for found in listed(world, (JUNE[0], JULY[1]))]
    whole = world.ledger.document("usmf", "PAYROLL", number)
    assert ([5, -5, 7, -7], JUNE[1]) == ([amount for _, amount in amounts(whole)], whole.posting_date)


def test_journal_in_two_currencies_is_listed_in_each(world: Any) -> None:
    """Amounts of two currencies are never added up, and the journal cannot be named as one entry."""
    number = post(
        world,
        {**COST, "DebitAmount": Decimal(5)},
        {**PAYABLE, "CreditAmount": Decimal(5)},
        {**COST, "DebitAmount": Decimal(7), "CurrencyCode": "EUR"},
        {**PAYABLE, "CreditAmount": Decimal(7), "CurrencyCode": "EUR"},
    )

    assert [("USD", number, None), ("EUR", number, "USD")] == [
        (found.currency, found.receipt.number, found.rate.currency if found.rate else None)
        for found in listed(world)
    ]
    with pytest.raises(Refused) as caught:
        world.ledger.document("usmf", "PAYROLL", number)
    assert "document.currencies" == caught.value.problem.code
    assert "several currencies (USD, EUR)" in caught.value.problem.text


def test_journal_without_lines_is_of_no_day(world: Any) -> None:
    """It has no date; asked for by its number it is said to be empty, not to be gone."""
    number = post(world)

    assert [] == listed(world)
    with pytest.raises(Refused, match="they were deleted, or never written") as caught:
        world.ledger.document("usmf", "PAYROLL", number)
    assert not isinstance(caught.value, NotFound)


def test_marker_is_found_where_somebody_changed_the_description(world: Any) -> None:
    """Every line has it too."""
    entry = world.entry()
    receipt = send(world.whole(), entry)
    (before,) = listed(world)

    def changed(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if not request.url.path.endswith("LedgerJournalHeaders"):
            return response
        body = response.read().replace(f" #{before.marker}".encode(), b" of June #1")
        return httpx2.Response(200, headers={"Content-Type": "application/json"}, content=body)

    world.wire.after = changed

    (after,) = listed(world)
    assert (receipt.reference, before.marker) == (after.receipt.reference, after.marker)
    assert "Payroll 2026-06 of June #1" == after.text


# --- what the simulator does not keep -----------------------------------------------------------------------


FORMAT = DimensionFormat(names=("MainAccount", "CostCenter"), delimiter="-")
AXES = {"cost_center": "CostCenter"}


def translated(**changes: Any) -> BookedEntry:
    """A journal of one line."""
    fixed = {"AccountType": "Ledger", "AccountDisplayValue": "601100-A", "CurrencyCode": "USD"}
    dated = {"TransDate": "2026-06-30T12:00:00Z", "DebitAmount": Decimal(5)}
    line = wire.Line(JournalBatchNumber="1", LineNumber=Decimal(1), **{**fixed, **dated, **changes})
    receipt = Receipt(reference="1", number="1", entity="usmf", posted=False)
    header = wire.Header(dataAreaId="usmf", JournalBatchNumber="1", JournalName="PAYROLL")
    return translate.document(receipt, header, [line], AXES, FORMAT, "USD")


def test_subledger_account_goes_by_its_kind() -> None:
    """A vendor's number is no GL account, even where the two look alike."""
    found = translated(
        AccountType="Vend",
        AccountDisplayValue="601100",
        OffsetAccountType="Ledger",
        OffsetAccountDisplayValue="601100",
    )

    assert [("Vend 601100", Decimal(5)), ("601100", Decimal(-5))] == amounts(found)


@pytest.mark.parametrize(
    "odd",
    [
        {"DebitAmount": Decimal("0.005")},
        {"CurrencyCode": "ZZZ"},
        {"AccountDisplayValue": "601100-A-B"},
        {"OffsetAccountType": "Ledger", "OffsetAccountDisplayValue": "601100-A-B"},
        {"TransDate": "1900-01-01T12:00:00Z"},
        {"TransDate": "yesterday"},
    ],
    ids=str,
)
def test_line_that_cannot_be_read_stops_the_list(odd: dict[str, Any]) -> None:
    """A journal is never left out because a line of it is odd."""
    with pytest.raises(VendorChanged):
        translated(**odd)


# --- calls --------------------------------------------------------------------------------------------------


def calls_of(world: Any, days: tuple[date, date] = JUNE) -> list[str]:
    """What one listing asks for, beside facts that are remembered."""
    before = len(world.calls())
    listed(world, days)
    return [call.removeprefix("GET ") for call in world.calls()[before:]]


def test_calls_for_documents(world: Any) -> None:
    """The headers, and the lines of twenty journals to a call; for one that is asked for by number, three."""
    assert ["LedgerJournalHeaders"] == calls_of(world)
    for _ in range(21):
        world.book_by_hand(draft=True)
    facts = ["DimensionIntegrationFormats", "DimensionParameters", "Ledgers"]
    assert ["LedgerJournalHeaders", *["LedgerJournalLines"] * 2, *facts] == calls_of(world)
    assert ["LedgerJournalHeaders", *["LedgerJournalLines"] * 2] == calls_of(world)

    before = len(world.calls())
    world.ledger.document("usmf", "PAYROLL", listed(world)[0].receipt.number)
    asked = [call.removeprefix("GET ") for call in world.calls()[before:]]
    assert ["LedgerJournalHeaders", "LedgerJournalLines", "DimensionIntegrationFormats"] == asked[-3:]


def test_journals_are_listed_after_somebody_changed_the_format(world: Any) -> None:
    """It is believed for a while, until lines do not fit it; then it is read again."""
    world.book_by_hand(draft=True)
    world.control("set_dimension_format", format="MainAccount", kind="ledger", name="Short")
    (short,) = listed(world)
    world.control(
        "set_dimension_format", format="MainAccount-Department-CostCenter", kind="ledger", name="Long"
    )

    (found,) = listed(world)

    assert amounts(short) == amounts(found)
    assert {()} == {line.dimensions for line in short.lines}
    assert {()} != {line.dimensions for line in found.lines}


def test_calls_for_documents_of_a_journal_name_that_many_use(world: Any) -> None:
    """From 61 journals on, the lines of the company in the days are read instead: a call for 10,000."""
    for _ in range(60):
        world.book_by_hand(draft=True)
    listed(world)
    assert ["LedgerJournalHeaders", *["LedgerJournalLines"] * 3] == calls_of(world)
    world.book_by_hand(day=JULY[0], draft=True)
    world.book_by_hand(journal=world.other_journal(), draft=True)

    assert ["LedgerJournalHeaders", "LedgerJournalLines"] == calls_of(world)
    assert (60, 1) == (len(listed(world)), len(listed(world, JULY)))


def test_one_look_asks_for_journals_by_name_and_by_marker_together(world: Any) -> None:
    """Ten entries to a question, and each is found as it is alone."""
    entries = [replace(world.entry(), key=f"{world.entry().key}:{number}") for number in range(11)]
    receipts = [send(world.ledger, entry) for entry in (entries[0], entries[10])]
    world.book_by_hand(draft=True)
    place = Place(entity="usmf", journal="PAYROLL", start=JUNE[0], end=JUNE[1])
    listed(world)
    before = len(world.calls())

    look = world.ledger.look([(entry, Marker.of(entry.key)) for entry in entries], [place])

    asked = [call.removeprefix("GET ") for call in world.calls()[before:]]
    assert ["LedgerJournalHeaders"] * 2 == asked[:2]
    assert 2 == asked.count("LedgerJournalHeaders")
    found = [[one.reference for one in look.found[entry.key]] for entry in entries]
    assert [[receipts[0].reference], *[[]] * 9, [receipts[1].reference]] == found
    assert listed(world) == list(look.documents[place])
    alone = [located(world.ledger, entry, Marker.of(entry.key), None) for entry in entries]
    assert alone == [look.found[entry.key] for entry in entries]


# --- whose books --------------------------------------------------------------------------------------------


def test_tenant_is_the_environment_s_host() -> None:
    """It takes no call, and no header of an answer changes it."""
    settings = {
        "base_url": "https://acme.operations.dynamics.com",
        "company": "usmf",
        "token_url": "https://login.microsoftonline.com/3f2a/oauth2/v2.0/token",
    }
    ledger = CONNECTOR.open(settings, memory_wiring(sandbox=False)).ledger
    assert ledger is not None
    ledger._client.http.installation = "simulated"  # type: ignore[attr-defined]

    assert "acme.operations.dynamics.com" == ledger.tenant("usmf")


def test_tenant_in_a_sandbox(world: Any) -> None:
    """The installation that the simulator names, for which a call is made only where there was none."""
    assert ("simulated", ["GET Ledgers"]) == (world.ledger.tenant("usmf"), world.calls())
    world.ledger.tenant("usmf")
    assert ["GET Ledgers"] == world.calls()

    world.wire.installation = "restored"
    world.ledger.journals("usmf")
    assert "restored" == world.ledger.tenant("usmf")


def test_tenant_of_a_simulator_that_names_none(world: Any) -> None:
    """All of them are `sandbox` then, whatever their port."""
    ledger = world.ledger
    world.wire.after = lambda request, response: httpx2.Response(
        response.status_code,
        headers={
            name: value
            for name, value in response.headers.items()
            if name.lower() not in ("x-sandbox-installation", "content-length", "transfer-encoding")
        },
        content=response.read(),
    )
    world.wire.installation = ""

    assert "sandbox" == ledger.tenant("usmf")


# --- codes in other letters ---------------------------------------------------------------------------------


def test_settings_in_other_letters_are_the_vendor_s(make_world: Callable[..., Any]) -> None:
    """Dynamics compares companies, journal names and dimensions without case."""
    world = make_world(company="USMF", journals="payroll", dimensions="cost_center=costcenter")

    rights = world.system.check()

    assert [] == [(right.name, right.text) for right in rights if not right.granted or "lacks" in right.text]
    assert ["usmf"] == [entity.code for entity in world.system.entities()]
    assert ["PAYROLL"] == [code for code, _ in world.ledger.journals("usmf")]
    entry: JournalEntry = world.entry()
    chart = world.ledger.chart("usmf", "PAYROLL", frozenset({"cost_center"}))
    assert (None, True) == (chart.journal_problem, "AKRASM" in chart.codes["cost_center"])
    assert compare(entry, world.ledger.read_back(send(world.whole(), entry))) == []


def test_flow_in_other_letters_is_told_the_spelling(world: Any) -> None:
    """What is written is read back in Dynamics' spelling, and would look like another journal's."""
    assert "Dynamics writes journal name payroll of company usmf as PAYROLL. Write it the same way." == (
        world.ledger.chart("usmf", "payroll", frozenset()).journal_problem
    )
    with pytest.raises(Refused, match="Write it the same way"):
        send(world.whole(), replace(world.entry(), journal="payroll"))
    with pytest.raises(NotFound, match="This connection writes company USMF as usmf"):
        world.ledger.calendar("USMF", "PAYROLL", date(2026, 6, 30))
    assert [] == world.journal_references()
