"""Between an entry and a batch: every field on its way there and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.connectors.visma_net import translate, wire
from ml_connector.connectors.visma_net.settings import Options, read
from ml_connector.connectors.visma_net.translate import Layout
from ml_connector.domain.checks import compare
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import ExchangeRate, JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.errors import Refused, VendorChanged
from ml_connector.ports.ledger import LedgerLimits
from ml_connector.transport.exchange import encode

TENANT = "4e95f4b9-e895-5a20-a960-2ee8b4f8e49b"
DEFAULTS = {"cost_center": "0000", "plant": "OSL"}
LAYOUT = Layout(segments=((1, "Avdeling", "cost_center"), (2, "Anlegg", "plant")), branch="1")
RECEIPT = Receipt(reference="100001", number="100001", entity="FJORD", posted=False)
MARKER = Marker.of("k")


def options() -> Options:
    pairs = {"segments": "cost_center=1, plant=anlegg", "segment_defaults": "cost_center=0000, plant=OSL"}
    found, problems = read({"tenant_id": TENANT, "company": "FJORD", **pairs}, sandbox=False)
    assert problems == []
    return found


def line(amount: str, currency: str = "NOK", text: str = "", **codes: str) -> JournalLine:
    return JournalLine(
        account="5000", amount=Money(Decimal(amount), currency), dimensions=dimensions({**codes}), text=text
    )


def entry(*lines: JournalLine, **changes: Any) -> JournalEntry:
    fixed = {
        "key": "k",
        "entity": "FJORD",
        "journal": "1",
        "posting_date": date(2026, 6, 30),
        "currency": "NOK",
        "text": "Payroll 2026-06",
    }
    return JournalEntry(**{**fixed, "lines": lines or (line("10.50"), line("-10.50")), **changes})


def written(ours: JournalEntry) -> Any:
    return json.loads(
        encode(translate.new_batch(ours, MARKER, "202606", LAYOUT, DEFAULTS)), parse_float=Decimal
    )


def shown(ours: JournalEntry, **changes: Any) -> wire.Batch:
    """The batch as Visma shows what was written."""
    sent = written(ours)
    rows = []
    names = {1: "Avdeling", 2: "Anlegg"}
    for row in sent["journalTransactionLines"]:
        plain = {name: part["value"] for name, part in row.items() if isinstance(part, dict)}
        segments = [{**part, "segmentDescription": names[part["segmentId"]]} for part in row["subaccount"]]
        work = {name: {"id": plain[name]} for name in ("project", "projectTask") if name in plain}
        rows.append(
            {
                "debitAmountInCurrency": 0,
                "creditAmountInCurrency": 0,
                **plain,
                "subaccount": {"segments": segments},
                **work,
            }
        )
    header = {name: part["value"] for name, part in sent.items() if isinstance(part, dict)}
    totals = {
        f"{side}TotalInCurrency": sum((Decimal(row[f"{side}AmountInCurrency"]) for row in rows), Decimal(0))
        for side in ("debit", "credit")
    }
    batch = {
        "exchangeRate": 1,
        "debitTotal": totals["debitTotalInCurrency"],
        **header,
        **totals,
        "status": "Hold",
        "batchNumber": "100001",
        "journalTransactionLines": rows,
        **changes,
    }
    return msgspec.json.decode(encode(batch), type=wire.Batch)


def booked(ours: JournalEntry, **changes: Any) -> Any:
    return translate.booked_entry(RECEIPT, shown(ours, **changes), options(), "NOK")


def test_what_is_written() -> None:
    """On hold, in the calendar's period, wrapped but for what is not, and with every segment in order."""
    ours = entry(line("10.50", cost_center="4100", project="P/1/10", branch="2", text="lønn"), line("-10.50"))

    assert written(ours) == {
        "hold": {"value": True},
        "transactionDate": {"value": "2026-06-30T00:00:00"},
        "financialPeriod": {"value": "202606"},
        "ledger": {"value": "1"},
        "currencyId": {"value": "NOK"},
        "branch": {"value": "1"},
        "autoReversing": {"value": False},
        "description": {"value": f"Payroll 2026-06 #{MARKER.token}"},
        "journalTransactionLines": [
            {
                "operation": "Insert",
                "lineNumber": {"value": 1},
                "accountNumber": {"value": "5000"},
                "subaccount": [
                    {"segmentId": 1, "segmentValue": "4100"},
                    {"segmentId": 2, "segmentValue": "OSL"},
                ],
                "referenceNumber": {"value": f"{MARKER.token}-4"},
                "transactionDescription": {"value": "lønn"},
                "debitAmountInCurrency": {"value": Decimal("10.50")},
                "branch": {"value": "2"},
                "project": {"value": "P/1"},
                "projectTask": {"value": "10"},
            },
            {
                "operation": "Insert",
                "lineNumber": {"value": 2},
                "accountNumber": {"value": "5000"},
                "subaccount": [
                    {"segmentId": 1, "segmentValue": "0000"},
                    {"segmentId": 2, "segmentValue": "OSL"},
                ],
                "referenceNumber": {"value": f"{MARKER.token}-7"},
                "transactionDescription": {"value": ""},
                "creditAmountInCurrency": {"value": Decimal("10.50")},
                "branch": {"value": "1"},
            },
        ],
    }


@given(
    minor=st.lists(st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1), min_size=1, max_size=9),
    currency=st.sampled_from(["NOK", "JPY", "KWD"]),
    codes=st.dictionaries(
        st.sampled_from(["cost_center", "plant", "branch"]), st.sampled_from(["0000", "OSL", "1", "4100"])
    ),
)
def test_amounts_and_codes_survive_the_wire(minor: list[int], currency: str, codes: dict[str, str]) -> None:
    """To the last digit, through JSON numbers; codes that equal a default too."""
    amounts = [Money.from_minor(amount, currency) for amount in [*minor, -sum(minor)] if abs(amount) < 10**15]
    lines = tuple(
        JournalLine(account="5000", amount=amount, dimensions=dimensions({**codes})) for amount in amounts
    )
    ours = entry(*lines, currency=currency)

    assert compare(ours, replace(booked(ours, exchangeRate=None), rate=None)) == []


def test_longest_reference_fits() -> None:
    """Fifteen characters, with the highest segment that can be spoken of."""
    layout = Layout(
        segments=tuple((number, "", f"axis {number}") for number in range(1, translate.SEGMENT_MAX + 1)),
        branch="1",
    )
    body = translate.new_batch(
        entry(),
        MARKER,
        "202606",
        layout,
        {f"axis {number}": "x" for number in range(1, translate.SEGMENT_MAX + 1)},
    )

    assert body["journalTransactionLines"][0]["referenceNumber"] == {"value": f"{MARKER.token}-FFFF"}
    assert len(f"{MARKER.token}-FFFF") == 15


def test_negative_amount_counts_against_its_side() -> None:
    """A person may write a debit of less than nothing."""
    batch = shown(entry())
    batch.lines[0].debitAmountInCurrency, batch.lines[1].creditAmountInCurrency = (
        Decimal("-3.00"),
        Decimal("-3.00"),
    )
    batch.debitTotalInCurrency = batch.creditTotalInCurrency = Decimal("-3.00")

    found = translate.booked_entry(RECEIPT, batch, options(), "NOK")

    assert [Money(Decimal("-3.00"), "NOK"), Money(Decimal("3.00"), "NOK")] == [
        row.amount for row in found.lines
    ]


def test_non_project_is_none() -> None:
    """Where projects are kept, the code for none stands on every other line."""
    batch = shown(entry())
    batch.lines[0].project = wire.IdAndName(id="X")

    assert translate.booked_entry(RECEIPT, batch, options(), "NOK").lines[0].dimensions == ()


def test_project_without_a_task_is_shown_as_it_is() -> None:
    """It was not written so."""
    batch = shown(entry())
    batch.lines[0].project = wire.IdAndName(id="P1")

    assert translate.booked_entry(RECEIPT, batch, options(), "NOK").lines[0].dimensions == dimensions(
        {"project": "P1"}
    )


def test_line_of_somebody_else_has_no_defaults() -> None:
    """Without our reference every code is meant."""
    batch = shown(entry())
    batch.lines[0].referenceNumber = "4711"

    found = translate.booked_entry(RECEIPT, batch, options(), "NOK").lines[0]

    assert found.dimensions == dimensions({"cost_center": "0000", "plant": "OSL", "branch": "1"})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"transactionDate": "soon"}, "cannot be read"),
        ({"debitTotalInCurrency": Decimal("11.00")}, "the answer is not complete"),
        ({"creditTotalInCurrency": None}, "the answer is not complete"),
    ],
)
def test_batch_that_does_not_add_up(changes: dict[str, Any], text: str) -> None:
    """Nothing is concluded from it."""
    with pytest.raises(VendorChanged, match=text):
        booked(entry(), **changes)


def test_fraction_of_an_ore_is_not_rounded() -> None:
    """A third decimal in the books stops the comparison."""
    batch = shown(entry())
    batch.lines[0].debitAmountInCurrency = batch.debitTotalInCurrency = Decimal("10.505")

    with pytest.raises(VendorChanged, match="more decimals than NOK has"):
        translate.booked_entry(RECEIPT, batch, options(), "NOK")


def test_segment_that_nobody_named() -> None:
    """The company has added one since."""
    batch = shown(entry())
    batch.lines[0].subaccount = wire.Subaccount(
        segments=[wire.SegmentOfSubaccount(segmentId=3, segmentDescription="Ny", segmentValue="1")]
    )

    with pytest.raises(VendorChanged, match=r"Segment 3 \(Ny\) of the subaccount has no axis"):
        translate.booked_entry(RECEIPT, batch, options(), "NOK")


# --- rates --------------------------------------------------------------------------------------------------

FOREIGN = {"currency": "EUR", "rate": ExchangeRate(currency="NOK", rate=Decimal("11.635"), source="ECB")}
EURO = (line("10.50", "EUR"), line("-10.50", "EUR"))


def test_rate_goes_with_the_batch() -> None:
    """To its last digit, and comes back as Visma booked it."""
    ours = entry(*EURO, **FOREIGN)

    assert written(ours)["exchangeRate"] == {"value": Decimal("11.635")}
    found = booked(ours, debitTotal=Decimal("122.17"))
    assert (Decimal("11.635"), "NOK") == (found.rate.rate, found.rate.currency)
    assert compare(ours, found) == []


def test_rate_the_other_way_round_is_refused() -> None:
    """Where ten euros are less than one krone, the rate was read for kroner."""
    with pytest.raises(Refused, match="the rate is not for one EUR") as caught:
        booked(entry(*EURO, **FOREIGN), debitTotal=Decimal("0.90"))

    assert caught.value.problem.code == "rate.direction"


def test_no_rate_in_the_own_currency() -> None:
    """Visma writes 1 there."""
    assert booked(entry()).rate is None
    assert "exchangeRate" not in written(entry())


# --- before -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "code"),
    [
        (entry(entity="OTHER"), "entity.not_pinned"),
        (entry(text="x" * 49), "text.too_long"),
        (entry(line("1", text="x" * 257), line("-1")), "text.too_long"),
        (entry(line("12345678901234.56"), line("-12345678901234.56")), "amount.digits"),
        (entry(line("1")), "entry.unbalanced"),
        (replace(entry(), lines=()), "entry.unbalanced"),
        (entry(line("1", project="P1"), line("-1")), "project.task"),
        (entry(line("1", project="/10"), line("-1")), "project.task"),
        (entry(line("1", moon="full"), line("-1")), "dimension.inexpressible"),
        (entry(*[line("1"), line("-1")] * 6), "entry.lines"),
    ],
)
def test_what_a_batch_cannot_hold(ours: JournalEntry, code: str) -> None:
    """Said before anything is sent."""
    limits = LedgerLimits(
        lines_max=10,
        text_max=translate.TEXT_MAX,
        line_text_max=translate.LINE_TEXT_MAX,
        decimals=3,
        axes=options().axes,
    )

    assert {code} == {problem.code for problem in translate.preflight(ours, limits, options())}


def test_largest_exact_amount_passes() -> None:
    """Fifteen digits, wherever the point stands; zeros behind do not count."""
    limits = LedgerLimits(lines_max=10, text_max=48, decimals=3)

    assert (
        list(
            translate.preflight(entry(line("1234567890123.45"), line("-1234567890123.45")), limits, options())
        )
        == []
    )
    assert (
        list(
            translate.preflight(
                entry(line("1000000000000000.00"), line("-1000000000000000.00")), limits, options()
            )
        )
        == []
    )


def test_ledger_of_the_connection() -> None:
    """Where it names some, others are refused."""
    limits = LedgerLimits(lines_max=10, text_max=48)

    assert ["journal.not_pinned"] == [
        problem.code for problem in translate.preflight(entry(), limits, replace(options(), ledgers=("2",)))
    ]
