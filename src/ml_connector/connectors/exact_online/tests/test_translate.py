"""Both directions of the translation, and the wire's own habits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest

from ml_connector.connectors.exact_online import translate, wire
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.errors import CodeUnknown, VendorChanged
from ml_connector.ports.ledger import LedgerLimits
from ml_connector.transport.exchange import encode

ACCOUNTS = {"4000": "guid-4000", "1700": "guid-1700"}
LIMITS = LedgerLimits(
    lines_max=10, text_max=translate.TEXT_MAX, line_text_max=translate.DESCRIPTION_MAX, axes=translate.AXES
)
RECEIPT = Receipt(reference="e", number="26900001", entity="1204", posted=True)


def entry() -> JournalEntry:
    amount = Money(Decimal("1234567890123.10"), "EUR")
    codes = dimensions({"cost_center": "SALES", "cost_unit": "NL", "project": "P1"})
    lines = (
        JournalLine(account="4000", amount=amount, dimensions=codes, text="wages"),
        JournalLine(account="1700", amount=-amount),
    )
    return JournalEntry(
        key="payroll:acme:1:1204:1:1",
        entity="1204",
        journal="90",
        posting_date=date(2026, 6, 30),
        currency="EUR",
        text="Payroll 2026-06",
        lines=lines,
    )


def test_every_field_is_accounted_for() -> None:
    """The whole body, as it is sent; amounts are numbers and exact."""
    marker = Marker.of(entry().key)

    body = encode(translate.to_wire(entry(), marker, ACCOUNTS, {"P1": "guid-P1"}))

    assert b'"AmountFC":1234567890123.10,' in body
    assert json.loads(body, parse_float=Decimal) == {
        "JournalCode": "90",
        "Currency": "EUR",
        "GeneralJournalEntryLines": [
            {
                "Date": "2026-06-30",
                "GLAccount": "guid-4000",
                "AmountFC": Decimal("1234567890123.10"),
                "Description": f"Payroll 2026-06 #{marker.token}",
                "CostCenter": "SALES",
                "CostUnit": "NL",
                "Project": "guid-P1",
                "OurRef": marker.number,
                "Notes": "payroll:acme:1:1204:1:1\nwages",
            },
            {
                "Date": "2026-06-30",
                "GLAccount": "guid-1700",
                "AmountFC": Decimal("-1234567890123.10"),
                "Description": "Payroll 2026-06",
            },
        ],
    }


def test_marker_stands_on_the_first_line_only() -> None:
    """A marker on every line would cost a page for every sixty lines."""
    sent = translate.to_wire(entry(), Marker.of(entry().key), ACCOUNTS, {"P1": "guid-P1"})

    assert [line.OurRef is not None for line in sent.GeneralJournalEntryLines] == [True, False]


def test_account_without_a_guid_is_named() -> None:
    """The code and the remedy are in the text."""
    with pytest.raises(CodeUnknown) as caught:
        translate.to_wire(entry(), Marker.of("k"), {"4000": "guid-4000"}, {"P1": "guid-P1"})

    assert caught.value.problem.text == "Exact has no GL account 1700. Create it there, or map to another."
    assert (caught.value.problem.code, caught.value.problem.where) == ("account.unknown", "GL account 1700")


def test_preflight_returns_every_problem() -> None:
    """All of them at once, each with field, value and remedy."""
    line = entry().lines[0]
    wrong = replace(
        entry(),
        entity="999",
        text="x" * 49,
        lines=(
            replace(line, text="y" * 61),
            replace(line, amount=Money(Decimal("1.001"), "KWD")),
            replace(line, amount=Money(Decimal("12345678901234.56"), "EUR")),
            replace(line, dimensions=dimensions({"branch": "7"})),
        ),
    )

    problems = translate.preflight(wrong, LIMITS, ("1204",))

    assert [(problem.code, problem.where) for problem in problems] == [
        ("entity.not_pinned", "entity"),
        ("text.too_long", "text"),
        ("text.too_long", "line 1"),
        ("amount.decimals", "line 2"),
        ("amount.digits", "line 3"),
        ("dimension.inexpressible", "line 4"),
    ]


def test_key_or_token_proves_the_document() -> None:
    """A person may change the text or the notes, not both; another document with the same number is not
    ours.
    """
    marker = Marker.of("payroll:acme:1")

    assert translate.carries(marker, f"Payroll #{marker.token}", None)
    assert translate.carries(marker, "changed by hand", "payroll:acme:1\nwages")
    assert not translate.carries(marker, f"#{marker.token} and more", "payroll:acme:12")
    assert not translate.carries(marker, None, None)


def rows(*amounts: str, **changes: object) -> list[wire.TransactionLine]:
    lines = [
        {
            "EntryID": "e",
            "EntryNumber": 26900001,
            "LineNumber": number,
            "JournalCode": "90",
            "Date": "/Date(1782777600000)/",
            "GLAccountCode": "4000",
            "Currency": "EUR",
            "CostCenter": "SALES ",
            "CostUnit": None,
            "AmountFC": "?",
            **changes,
        }
        for number in range(len(amounts))
    ]
    body = json.dumps(lines)
    for amount in amounts:
        body = body.replace('"?"', amount, 1)
    return msgspec.json.decode(body, type=list[wire.TransactionLine])


def test_header_row_is_no_line() -> None:
    """Row 0 of an entry is its header."""
    booked = translate.booked_entry(RECEIPT, rows("0", "1234567890123.1", "-1234567890123.10"), "EUR")

    assert [line.amount for line in booked.lines] == [
        Money(Decimal("1234567890123.10"), "EUR"),
        Money(Decimal("-1234567890123.10"), "EUR"),
    ]
    assert (booked.posting_date, booked.journal, booked.lines[0].dimensions) == (
        date(2026, 6, 30),
        "90",
        dimensions({"cost_center": "SALES"}),
    )


def test_lines_that_disagree_are_not_ours() -> None:
    """An entry has one date; what shows several was changed."""
    with pytest.raises(VendorChanged) as caught:
        translate.booked_entry(
            RECEIPT, [*rows("0", "1"), *rows("0", "-1", Date="/Date(1782864000000)/")], "EUR"
        )

    assert "several journals, dates, currencies or rates" in caught.value.problem.text


def test_amount_with_a_fraction_of_a_cent_is_not_rounded() -> None:
    """A third decimal in the books stops the comparison."""
    with pytest.raises(VendorChanged) as caught:
        translate.booked_entry(RECEIPT, rows("0", "1.005"), "EUR")

    assert "more decimals than EUR has" in caught.value.problem.text


def test_both_envelopes_are_read() -> None:
    """A list comes bare or in `results`, with a next page or without."""
    shape = wire.Page[wire.Me]
    bare = msgspec.json.decode(b'{"d":[{"__metadata":{"uri":"x"},"CurrentDivision":1}]}', type=shape)
    page = msgspec.json.decode(
        b'{"d":{"results":[{"CurrentDivision":1}],"__next":"https://x/y?$skiptoken=1"}}', type=shape
    )
    empty = msgspec.json.decode(b'{"d":[]}', type=shape)

    assert [len(found.rows) for found in (bare, page, empty)] == [1, 1, 0]
    assert [found.next for found in (bare, page, empty)] == [None, "https://x/y?$skiptoken=1", None]


def test_dates() -> None:
    """Milliseconds since 1970, before it negative; ISO text is understood too."""
    assert wire.day("/Date(-86400000)/") == date(1969, 12, 31)
    assert wire.day("2026-06-30T00:00:00") == date(2026, 6, 30)
    assert wire.moment("2023-01-17T22:56:23.087") == datetime(2023, 1, 17, 22, 56, 23, 87000, tzinfo=UTC)
    with pytest.raises(ValueError, match="Invalid"):
        wire.day("yesterday")


def test_chart() -> None:
    """Uses of cost centers become required and forbidden axes; codes that ended are inactive; padding is
    stripped.
    """
    accounts = [
        wire.GLAccount(ID="1", Code="4000 ", UseCostcenter=1, UseCostunit=2),
        wire.GLAccount(ID="2", Code="1700", IsBlocked=True, UseCostcenter=0),
    ]
    centers = [
        wire.CostCode(Code="A"),
        wire.CostCode(Code="B", Active=False),
        wire.CostCode(Code="C", EndDate="2026-06-29"),
    ]
    journal = wire.Journal(Code="90", Type=90)

    chart = translate.chart(
        "1204", "90", journal, "EUR", accounts, {"cost_center": centers}, date(2026, 6, 30)
    )

    assert (chart.accounts["4000"].required, chart.accounts["4000"].forbidden) == (
        frozenset({"cost_center"}),
        frozenset({"cost_unit"}),
    )
    assert (chart.accounts["1700"].blocked, chart.currencies, chart.journal_problem) == (
        True,
        frozenset({"EUR"}),
        None,
    )
    assert (chart.codes, chart.inactive) == (
        {"cost_center": frozenset({"A"})},
        {"cost_center": frozenset({"B", "C"})},
    )


@pytest.mark.parametrize(
    ("journal", "words"),
    [
        (None, "has no journal 90"),
        (wire.Journal(Code="90", Type=20), "not a general journal"),
        (wire.Journal(Code="90", Type=90, IsBlocked=True), "is blocked"),
        (wire.Journal(Code="90", Type=90, AllowVAT=True), "without VAT"),
    ],
)
def test_journal_that_does_not_take_entries(journal: wire.Journal | None, words: str) -> None:
    """Each reason is said, with what to do."""
    assert words in (translate.journal_problem("1204", "90", journal) or "")
