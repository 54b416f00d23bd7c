"""Suppliers of a simulated division."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.kept_world import KeptWorld
from ml_connector.contract.suppliers import (
    IBAN,
    OTHER_IBAN,
    SupplierContract,
    a_document,
    a_supplier,
    change,
    make,
)
from ml_connector.domain.document import Marker
from ml_connector.domain.supplier import BankAccount, NewSupplier, Supplier
from ml_connector.errors import Refused
from ml_connector.ports.registers import Written

STAYS = ("Code", "SearchCode", "Email", "Phone", "Blocked", "EndDate", "PaymentConditionPurchase")


class SupplierDivision(KeptWorld):
    """As `SupplierWorld`."""

    path = "crm/"

    @property
    def entity(self) -> str:
        return str(self.exact.division)

    @property
    def register(self) -> Any:
        return self.exact.system.register(Supplier)

    @property
    def sink(self) -> Any:
        return self.exact.system.sink(NewSupplier)

    def enter(self, supplier: Supplier) -> str:
        fields = {
            "Name": supplier.name,
            "Country": supplier.country,
            "VATNumber": supplier.vat_number,
            "ChamberOfCommerce": supplier.chamber_number,
            "IsSupplier": True,
            "Phone": "010 1234567",
        }
        made = self.screen("POST", "crm/Accounts", {name: value for name, value in fields.items() if value})
        for account in supplier.accounts:
            self.screen("POST", "crm/BankAccounts", {"Account": made["ID"], "BankAccount": account.number})
        return f"{self.entity}/{made['ID']}"

    def row(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.screen("GET", f"crm/Accounts(guid'{key.partition('/')[2]}')")
        return found

    def edit(self, key: str, name: str) -> None:
        self.screen("PUT", f"crm/Accounts(guid'{key.partition('/')[2]}')", {"Name": name})

    def close(self, key: str) -> None:
        self.exact.control("block_supplier", code=self.row(key)["Code"].strip())

    def remove(self, key: str) -> None:
        self.exact.control("remove_relation", code=self.row(key)["Code"].strip())

    def shown(self) -> Sequence[str]:
        every = "bulk/CRM/Accounts?$filter=Modified gt datetime'1970-01-01T00:00:00'&$select=Name"
        return [row["Name"] for row in self.screen("GET", every)["results"]]

    def untouched(self, key: str) -> Any:
        return {name: self.row(key)[name] for name in STAYS}

    def fail_next(self, fault: str) -> None:
        for method in ("POST", "PUT"):
            self.exact.writes = {"method": method, "path": "/crm/"}
            self.exact.fail_next(fault)

    def advance(self, seconds: float) -> None:
        self.exact.advance(seconds)


@pytest.fixture
def world(make_world: Callable[..., Any]) -> SupplierDivision:
    return SupplierDivision(make_world())


class TestSuppliers(SupplierContract):
    """The suite, on the simulator."""


def test_workers_are_no_suppliers(world: SupplierDivision) -> None:
    """Relations that stand for people are nobody's suppliers."""
    world.screen("POST", "crm/Accounts", {"Name": "A worker", "IsSupplier": True, "SearchCode": "WORKER"})
    world.screen("POST", "crm/Accounts", {"Name": "A customer", "IsSupplier": False})

    assert not {"A worker", "A customer"} & {row.record.name for row in world.register.rows()}


def test_a_bank_account_that_is_added_is_not_the_main_one(world: SupplierDivision) -> None:
    """Open payments would follow it (S4)."""
    key = world.enter(a_supplier(accounts=(BankAccount(number=IBAN),)))
    change(world, key, accounts=(BankAccount(number=IBAN), BankAccount(number=OTHER_IBAN)))

    (sent,) = (body for method, path, body in world.on_wire() if path == "crm/BankAccounts")
    assert ("Main" not in sent, OTHER_IBAN) == (True, sent["BankAccount"])
    found = world.register.read([key])[key].record.accounts
    assert {IBAN: True, OTHER_IBAN: False} == {one.number: one.main for one in found}


def test_a_change_sends_what_changed_only(world: SupplierDivision) -> None:
    """A code that is sent unchanged is refused as taken."""
    key = world.enter(a_supplier())

    assert (Written(),) == change(world, key, name="Another")
    assert [("PUT", {"Name": "Another"})] == [(method, body) for method, _, body in world.on_wire()]


@pytest.mark.parametrize(
    ("fields", "closed"),
    [
        ({"Blocked": True}, "blocked in Exact"),
        ({"EndDate": "2020-06-30"}, "inactive in Exact since 2020-06-30"),
        ({"StartDate": "2099-01-01"}, "inactive in Exact until 2099-01-01"),
    ],
)
def test_blocked_ended_and_not_begun_are_three_things(
    world: SupplierDivision, fields: dict[str, Any], closed: str
) -> None:
    """It is said which, and since when (S6)."""
    key = world.enter(a_supplier())
    world.screen("PUT", f"crm/Accounts(guid'{key.partition('/')[2]}')", fields)

    assert closed == world.register.read([key])[key].record.closed


def test_a_name_that_is_too_long_is_never_cut(world: SupplierDivision) -> None:
    document = NewSupplier(key="supplier:a:1:b:1:1", entity=world.entity, supplier=a_supplier("N" * 51))

    (problem,) = world.sink.check(document)
    assert ("supplier.name", True) == (problem.code, "51 characters" in problem.text)


def test_the_marker_stands_as_the_search_code(world: SupplierDivision) -> None:
    document = a_document(world)
    receipt = make(world, document)

    found = world.row(f"{world.entity}/{receipt.reference}")
    assert Marker.of(document.key).token == found["SearchCode"]
    assert found["Code"].strip().isdigit()
    (sent,) = (json.dumps(body) for _, path, body in world.on_wire() if path == "crm/Accounts")
    assert '"Code"' not in sent


def test_a_division_that_is_not_reached_is_refused(world: SupplierDivision) -> None:
    with pytest.raises(Refused):
        list(world.register.rows(("9999/",)))
