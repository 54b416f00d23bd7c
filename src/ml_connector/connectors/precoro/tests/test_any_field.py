"""Whatever stands in a field: it is read exactly, or the invoice is refused by name."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.settings import read
from ml_connector.connectors.precoro.tests.company import Company, line
from ml_connector.connectors.precoro.translate import Translator
from ml_connector.contract.memory import VirtualClock
from ml_connector.domain import codec
from ml_connector.domain.invoice import SupplierInvoice
from ml_connector.errors import Refused, VendorChanged

FIELDS = "item:41=account, document:7=project"
OPTIONS, _ = read({"email": "ap@acme.example", "fields": FIELDS, "currency": "SEK"}, False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "data", "idn", "date", "code"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def whole() -> dict[str, Any]:
    """An invoice with something in every field that is read."""
    option = {"id": 1, "name": "Travel", "code": "4000"}
    values = [{"value": "x", "itemCustomField": {"id": 41}, "itemCustomFieldOption": option}]
    heads = [{"value": "P-1", "documentCustomField": {"id": 7}}]
    return Company(VirtualClock()).add(
        items=[line(1, "50.00", "10.50", dataItemCustomFields={"data": values}, description="Trip")],
        taxes=[{"id": 9, "percent": 21, "taxAmount": "10.50"}],
        dataDocumentCustomFields={"data": heads},
        attachments={"data": [{"id": 1, "name": "a.pdf", "formatType": "pdf"}]},
        relatedOcrAttachment={"id": 2, "name": "scan.pdf"},
        exchangeRate="11.25",
        sumInCompanyCurrency="680.63",
        withholdingTaxSum="0",
        customName="INV-1",
    )


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in it."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, inner in pairs for place in places(inner, (*path, key))]


def outcome(body: Any) -> SupplierInvoice | str:
    """As `PrecoroInvoices.invoice` reads it, from the bytes of an answer; else why not."""
    try:
        found = msgspec.json.decode(msgspec.json.encode(body), type=wire.Invoice)
        return Translator(found, OPTIONS).invoice()
    except (msgspec.DecodeError, Refused, VendorChanged) as error:
        return str(error)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.sampled_from(places(whole())), value=VALUES)
@example(place=("sum",), value=1e400)
@example(place=("items", 0, "taxes", "data", 0, "percent"), value="21 %")
@example(place=("issueDate",), value={"date": "9999-12-31 23:59:59", "timezone": "-12:00"})
@example(place=("approvalDate",), value="0001-01-01T00:00:00+14:00")
def test_a_value_of_any_form_ends_in_no_defect(place: tuple[Any, ...], value: Any) -> None:
    """It is read, or refused with a problem that says something."""
    body = copy.deepcopy(whole())
    inner = body
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    found = outcome(body)
    assert found
    assert isinstance(found, str) or found == codec.decode(codec.encode(found))


@pytest.mark.parametrize("place", places(whole()), ids=str)
def test_a_field_that_is_missing_ends_in_no_defect(place: tuple[Any, ...]) -> None:
    body = whole()
    inner: Any = body
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    assert outcome(body)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**17), max_value=10**17))
def test_an_amount_is_the_same_to_the_last_digit(amount: Decimal) -> None:
    """Written as a number or as text."""
    for written in (str(amount), f'"{amount}"'):
        assert amount == wire.number(wire.Raw(written.encode()))
