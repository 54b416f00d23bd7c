"""From our purchase entry to Exact's: every field, every kind of VAT code."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.connectors.exact_online import purchase_translate
from ml_connector.connectors.exact_online.tests.purchase_lines import ACCOUNTS, CODES, MARKER, entry, line
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.purchase import PurchaseEntry
from ml_connector.domain.vat import VatCode, VatKind, VatRate
from ml_connector.errors import CodeUnknown
from ml_connector.transport.exchange import encode


def body(entry_: PurchaseEntry, **more: Any) -> dict[str, Any]:
    """The JSON that is sent, numbers as they are written."""
    made = purchase_translate.to_wire(
        entry_, MARKER, supplier="guid-s", accounts=ACCOUNTS, projects={"P1": "guid-p"}, codes=CODES, **more
    )
    found: dict[str, Any] = json.loads(encode(made), parse_float=str, parse_int=str)
    return found


def test_what_is_sent_and_nothing_else() -> None:
    """An entry without what is optional says no period, rate, term, due date, document or type."""
    codes = dimensions({"cost_center": "SALES", "cost_unit": "U1", "project": "P1"})

    assert {
        "Journal": "60",
        "Supplier": "guid-s",
        "EntryDate": "2026-03-15",
        "YourRef": "F-77",
        "Description": f"Office goods #{MARKER.token}",
        "Currency": "EUR",
        "PurchaseEntryLines": [
            {
                "GLAccount": "guid-4100",
                "AmountFC": "100.00",
                "VATCode": "5",
                "Description": "Paper",
                "VATAmountFC": "21.01",
                "CostCenter": "SALES",
                "CostUnit": "U1",
                "Project": "guid-p",
            },
            {"GLAccount": "guid-4200", "AmountFC": "50.00", "VATCode": "0", "Description": "Office goods"},
        ],
    } == body(
        entry(
            line("100.00", "21.01", dimensions=codes, text="Paper"), line("50.00", code="0", account="4200")
        )
    )


def test_what_is_optional_is_sent_where_it_is_given() -> None:
    """Period, due date, term, rate and the document that holds the files."""
    document = entry(
        due_date=date(2026, 4, 14),
        period=(2026, 4),
        term="30",
        rate=ExchangeRate(currency="USD", rate=Decimal("1.0825"), source="the bank"),
    )

    sent = body(document, document="guid-d")

    assert {
        "DueDate": "2026-04-14",
        "ReportingYear": "2026",
        "ReportingPeriod": "4",
        "PaymentCondition": "30",
        "Rate": "1.0825",
        "Document": "guid-d",
    }.items() <= sent.items()


@pytest.mark.parametrize(
    ("code", "net", "vat", "amount", "override"),
    [
        ("5", "100.00", "21.00", "100.00", "21.00"),
        ("6", "100.00", "21.00", "121.00", "21.00"),
        ("5", "100.00", "0.00", "100.00", "0.00"),
        ("0", "12.00", "0.00", "12.00", None),
        ("B", "12.00", "0.00", "12.00", None),
        ("RC", "1000.00", "0.00", "1000.00", None),
        ("5", "-100.00", "-21.00", "-100.00", "-21.00"),
    ],
)
def test_amount_by_the_kind_of_the_code(
    code: str, net: str, vat: str, amount: str, override: str | None
) -> None:
    """Net for excluding, gross for including; the VAT wherever the code takes any, also where it is 0."""
    (sent,) = body(entry(line(net, vat, code)))["PurchaseEntryLines"]

    assert (amount, override, code) == (sent["AmountFC"], sent.get("VATAmountFC"), sent["VATCode"])


def test_no_vat_is_sent_for_a_code_of_nought_percent() -> None:
    """Exact refuses a VAT amount there, so what is nought is not said."""
    nought = VatCode(code="Z", title="", kind=VatKind.EXCLUDING, rates=(VatRate(percentage=Decimal(0)),))
    codes = {**CODES, "Z": nought}
    made = purchase_translate.to_wire(
        entry(line("10.00", code="Z")), MARKER, supplier="s", accounts=ACCOUNTS, projects={}, codes=codes
    )

    assert made.PurchaseEntryLines[0].VATAmountFC is None


def test_credit_note_in_either_reading() -> None:
    """Negative amounts say all; by its type, amounts are positive and the type is said. An invoice is the
    same in both.
    """
    credit = entry(line("-100.00", "-21.01"), line("-20.00", "-4.20", "6"))

    by_sign, by_type = body(credit), body(credit, by_type=True)

    assert [("-100.00", "-21.01"), ("-24.20", "-4.20")] == amounts(by_sign)
    assert "Type" not in by_sign
    assert [("100.00", "21.01"), ("24.20", "4.20")] == amounts(by_type)
    assert by_type["Type"] == "31"
    assert body(entry(), by_type=True) == body(entry())


def amounts(sent: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["AmountFC"], one["VATAmountFC"]) for one in sent["PurchaseEntryLines"]]


def test_codes_without_an_id_are_named() -> None:
    """Nothing is sent for an account or a project that Exact does not have."""
    project = dimensions({"project": "P9"})
    for wrong, code in (
        (line("1.00", account="9999"), "account.unknown"),
        (line("1.00", dimensions=project), "code.unknown"),
    ):
        with pytest.raises(CodeUnknown) as caught:
            body(entry(wrong))
        assert code == caught.value.problem.code
