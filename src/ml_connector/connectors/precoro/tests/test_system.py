"""The connection: what its user sees, its legal entities, and what it can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ml_connector.connectors.precoro.tests.company import EMAIL, answer
from ml_connector.domain.invoice import SupplierInvoice
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.payment import PayableInvoice, Payment
from ml_connector.domain.supplier import NewSupplier, Supplier
from ml_connector.errors import NoCapability, VendorChanged
from ml_connector.ports.systems import Right

FLAGS = ("allLocationsAccess", "allUserDocumentCostcentersAccess", "allProductGroupsAccess")
USER = {"id": 1, "email": EMAIL.upper(), **dict.fromkeys(FLAGS, True)}


def rights(it: Any) -> Mapping[str, Right]:
    """What the ping says, by name."""
    return {right.name: right for right in it.system.check()}


def test_a_user_who_sees_everything_passes(connect: Callable[..., Any]) -> None:
    """Every list that is read is there."""
    it = connect(fields="item:41=account, document:7=project")
    it.company.lists = {
        "users": [USER],
        "itemcustomfields": [{"id": 41}],
        "documentcustomfields": [{"id": "7"}],
    }

    found = rights(it)

    assert [] == [right for right in found.values() if not right.granted]
    assert {"sign in", "user", "all locations", "read invoices", "read legal entities"} < found.keys()
    assert all(call.startswith("GET") for call in it.calls())


@pytest.mark.parametrize(
    ("user", "name", "optional"),
    [
        ({**USER, "allLocationsAccess": False}, "all locations", False),
        ({**USER, "allLocationsAccess": 0}, "all locations", False),
        ({**USER, FLAGS[1]: False}, "all options of document fields", False),
        ({**USER, FLAGS[2]: False}, "all options of line fields", False),
        ({"id": 1, "email": EMAIL}, "all locations", True),
        ({**USER, "email": "other@acme.example"}, "user", False),
    ],
)
def test_a_user_who_may_not_see_everything_is_found(it: Any, user: Any, name: str, optional: bool) -> None:
    """What it does not see would be missing without a word."""
    it.company.lists = {"users": [user]}

    right = rights(it)[name]

    assert (False, optional) == (right.granted, right.optional)
    assert "every role and access to all locations" in right.text


def test_a_user_on_a_later_page_is_found(connect: Callable[..., Any]) -> None:
    it = connect(page_rows="10")
    it.company.lists = {
        "users": [{"id": number, "email": f"{number}@acme.example"} for number in range(20)] + [USER]
    }

    assert rights(it)["user"].granted


def test_a_sign_in_that_is_refused_is_the_only_thing_said(it: Any) -> None:
    it.wiring.vault.write("token", "another-key-altogether")

    (right,) = it.system.check()

    assert ("sign in", False) == (right.name, right.granted)
    assert "Configuration > Integrations > API Key" in right.text


def test_a_right_that_is_missing_is_named_and_the_others_are_looked_at(it: Any) -> None:
    """Each with what it is needed for."""
    it.company.before = lambda request: (
        answer({}, 403) if request.url.path in ("/users", "/invoices") else None
    )

    found = rights(it)

    lost = {name for name, right in found.items() if not right.granted}
    assert {"read users", "read invoices"} == lost
    assert all("all locations" in found[name].text and found[name].needed_for for name in lost)


def test_a_custom_field_that_is_not_there_is_named(connect: Callable[..., Any]) -> None:
    """Else every invoice would come without its account."""
    it = connect(fields="item:41=account, item:42=cost_center")
    it.company.lists = {"users": [USER], "itemcustomfields": [{"id": 42, "name": "Cost center"}]}

    right = rights(it)["custom fields of the lines"]

    assert not right.granted
    assert "41 for account" in right.text


def test_legal_entities_have_their_ids_and_the_currency_of_the_books(connect: Callable[..., Any]) -> None:
    """Their list has no word of pages."""
    it = connect(currency="12=EUR, 15=SEK")
    it.company.before = lambda request: answer(
        {"data": [{"id": 12, "name": "Acme BV"}, {"id": "15", "name": None}]}
    )

    found = it.system.entities()

    assert [("12", "Acme BV", "EUR"), ("15", "15", "SEK")] == [
        (each.code, each.title, each.currency) for each in found
    ]


def test_a_legal_entity_of_another_form_is_an_error(it: Any) -> None:
    it.company.lists = {"legalentities": [{"name": "Acme BV"}]}
    with pytest.raises(VendorChanged):
        it.system.entities()


def test_the_tenant_of_a_sandbox_is_its_installation(it: Any) -> None:
    """Asked once; a question with the time is never the same."""
    it.company.before = lambda request: answer({"data": []}, **{"X-Sandbox-Installation": "inst-1"})
    system = it.system
    assert ["inst-1"] * 2 == [system.tenant(""), system.tenant("12")]
    assert 1 == len(it.calls())
    it.clock.advance(2)
    assert "inst-1" == it.system.tenant("")
    assert it.clock.monotonic() < 10


def test_invoices_payments_and_suppliers_are_all_it_has(it: Any) -> None:
    """And that it says."""
    system = it.system

    assert {SupplierInvoice, PayableInvoice, Supplier} == set(system.sources)
    assert {Payment, NewSupplier} == set(system.sinks)
    with pytest.raises(NoCapability):
        system.sink(JournalEntry)
    assert {SupplierInvoice, Supplier} == set(system.topics)
    assert any("{address}" in step for step in system.by_hand)
    assert [] == it.calls()
