"""Suppliers of a simulated company, with the vendor's limits of calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ml_connector.connectors.precoro.countries import code_of, name_of
from ml_connector.connectors.precoro.tests.simulated_world import SimulatedCompany
from ml_connector.contract import world as faults
from ml_connector.contract.suppliers import SupplierContract, a_supplier, change
from ml_connector.domain.supplier import NewSupplier, Supplier
from ml_connector.ports.registers import Written

STAYS = ("uniqueCode", "currencies", "terms", "entities", "contacts", "externalId", "phone", "city")


class SupplierCompany(SimulatedCompany):
    """As `SupplierWorld`."""

    entity = "3010"

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.kept = self.system

    @property
    def register(self) -> Any:
        return self.kept.register(Supplier)

    @property
    def sink(self) -> Any:
        return self.kept.sink(NewSupplier)

    def enter(self, supplier: Supplier) -> str:
        fields = {
            "name": supplier.name,
            "country": name_of(supplier.country),
            "taxPayerNumber": supplier.vat_number,
            "businessRegistrationNumber": supplier.chamber_number,
            "currencies": ["EUR", "USD"],
            "terms": ["30 days"],
            "phone": "+31 10 1234567",
        }
        for account in supplier.accounts:
            fields["internationalBankAccountNumber"] = account.number
        given = {name: value for name, value in fields.items() if value}
        return str(self.control("add_supplier", set=given)["id"])

    def row(self, key: str) -> dict[str, Any]:
        (found,) = (row for row in self.held_suppliers() if str(row["id"]) == key)
        return found

    def held_suppliers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/__sandbox__/books")["suppliers"]
        return found

    def edit(self, key: str, name: str) -> None:
        self.control("edit_supplier", id=int(key), set={"name": name})

    def close(self, key: str) -> None:
        self.control("edit_supplier", id=int(key), set={"enable": False})

    def remove(self, key: str) -> None:
        self.control("merge_suppliers", id=int(key), into="S0001", remove=True)

    def shown(self) -> Sequence[str]:
        return [row["name"] for row in self.held_suppliers()]

    def untouched(self, key: str) -> Any:
        return {name: value for name, value in self.row(key).items() if name in STAYS}

    def fail_next(self, fault: str) -> None:
        rules: dict[str, dict[str, Any]] = {
            faults.LOST_BEFORE: {"kind": "lost_before_commit"},
            faults.LOST_AFTER: {"kind": "lost_after_commit"},
            faults.UNREACHABLE: {"kind": "refused"},
        }
        for method in ("POST", "PUT"):
            match = {"method": method, "path": "/suppliers"}
            self.call("POST", "/__sandbox__/faults", json={**rules[fault], "match": match, "times": 1})


@pytest.fixture
def world() -> SupplierCompany:
    return SupplierCompany()


class TestSuppliers(SupplierContract):
    """In the newer form of paging."""


class TestOlderForms(SupplierContract):
    """In the older one, where a write of a record empties what it leaves out."""

    @pytest.fixture
    def world(self) -> SupplierCompany:
        return SupplierCompany(
            switches={"paging": "old", "put_clears_missing": True, "unset_reference": "null"}
        )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *[("Austria", "AT"), ("Österreich", "AT"), ("Switzerland", "CH"), ("Holland", "NL"), ("UK", "GB")],
        *[("Greece", "GR"), ("USA", "US"), ("U.S.A.", "US"), ("nl", "NL"), ("Belgique", "BE")],
        *[("Georgia", ""), ("EL", ""), ("", ""), ("Neverland", "")],
    ],
)
def test_a_country_is_told_by_its_code_or_its_name(text: str, code: str) -> None:
    """What may be two things is none, and the prefix of a VAT number is no country (S8)."""
    assert code == code_of(text)
    assert not code or code_of(name_of(code)) == code


def test_a_supplier_in_approval_is_waiting_and_a_country_that_is_not_known_is_said(
    world: SupplierCompany,
) -> None:
    key = world.enter(a_supplier())
    world.control("edit_supplier", id=int(key), set={"country": "Georgia"})
    by_code = {row.record.code: row.record for row in world.register.rows()}

    assert (False, True) == (by_code["S0033"].open, by_code["S0033"].waiting)
    assert (False, "disabled in Precoro") == (by_code["S0032"].open, by_code["S0032"].closed)
    found = world.register.read([key])[key].record
    assert ("", "Precoro says 'Georgia'") == (found.country, found.unclear)


def test_an_id_of_the_ledger_is_entered_and_read(world: SupplierCompany) -> None:
    key = world.enter(a_supplier())
    world.register.assign(key, "9f5f0c1e-0000-4000-8000-000000000001")

    assert "9f5f0c1e-0000-4000-8000-000000000001" == world.register.assigned(key)
    assert "9f5f0c1e-0000-4000-8000-000000000001" == world.register.read([key])[key].record.external


def test_reading_the_list_twice_waits_for_nothing(world: SupplierCompany) -> None:
    """The same question would be refused for a minute."""
    before = world.now()
    for _ in range(3):
        list(world.register.rows())

    assert (world.now() - before).total_seconds() < 30
    assert {} == world.call("GET", "/__sandbox__/books")["calls"]["refused"]


def test_a_second_currency_survives_a_change(world: SupplierCompany) -> None:
    """A write of the record replaces its lists."""
    key = world.enter(a_supplier())

    assert (Written(),) == change(world, key, name="Another")
    assert ["EUR", "USD"] == world.row(key)["currencies"]
