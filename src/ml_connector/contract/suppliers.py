"""The contract of a register of suppliers and of where they are made: what the product may believe of every
system that keeps some.

A connector gives a `world` of the shape below; differences are data, `RegisterLimits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

import pytest

from ml_connector.contract.world import LOST_AFTER, LOST_BEFORE, UNREACHABLE
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.supplier import BankAccount, NewSupplier, Supplier
from ml_connector.errors import Inexpressible, NotFound, NotSent, OutcomeUnknown
from ml_connector.ports.registers import Register, Stale, Written
from ml_connector.ports.sinks import Sink, located

MANY = 25
QUOTED = 'O\'Brien & Söhne "Süd" 100% +1'
IBAN, OTHER_IBAN = "DE89370400440532013000", "NL91ABNA0417164300"


class SupplierWorld(Protocol):
    """The vendor's side of a register of suppliers."""

    entity: str

    @property
    def register(self) -> Register[Supplier]: ...

    @property
    def sink(self) -> Sink[NewSupplier, Any]: ...

    def enter(self, supplier: Supplier) -> str:
        """A person enters one, with its bank account; the key it has in the register."""
        ...

    def edit(self, key: str, name: str) -> None:
        """A person gives one another name."""
        ...

    def close(self, key: str) -> None:
        """A person blocks or disables one."""
        ...

    def remove(self, key: str) -> None:
        """A person merges one into another, so that it is gone."""
        ...

    def shown(self) -> Sequence[str]:
        """The names of all that the vendor's books have."""
        ...

    def untouched(self, key: str) -> Any:
        """What of a supplier no write of ours may change."""
        ...

    def fail_next(self, fault: str) -> None:
        """What happens to the next write."""
        ...

    def writes(self) -> int:
        """How many writes the vendor has received."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the clock of both sides."""
        ...


def a_supplier(name: str = "Kantoor B.V.", **more: Any) -> Supplier:
    """One that is to be entered or made."""
    values = {"country": "NL", "vat_number": "NL123456782B01", "chamber_number": "12345678", **more}
    return Supplier(key="", name=name, **values)


def a_document(world: SupplierWorld, number: int = 1, **more: Any) -> NewSupplier:
    """One that is to be made, with a name full of signs."""
    supplier = a_supplier(QUOTED, external=f"E-{number}", **more)
    return NewSupplier(key=f"supplier:a:{number}:b:1:1", entity=world.entity, supplier=supplier)


def make(world: SupplierWorld, document: NewSupplier) -> Receipt:
    """One write, once."""
    with world.sink.prepare(document, Marker.of(document.key)) as send:
        return send(lambda: None)


def find(world: SupplierWorld, document: NewSupplier) -> tuple[Receipt, ...]:
    """Those that carry the marker, once they are visible."""
    world.advance(world.sink.limits.visible_seconds)
    return located(world.sink, document, Marker.of(document.key), None)


def change(world: SupplierWorld, key: str, **fields: Any) -> tuple[Any, ...]:
    """Wish a supplier with these fields, as a plan made now would."""
    register = world.register
    before = register.read([key])[key].record
    after = register.normal(replace(before, **fields))
    return register.put([Change(key=key, act=Act.CHANGE, before=before, after=after)], {})


class SupplierContract:
    """Every claim about suppliers."""

    # --- what is kept ---------------------------------------------------------------------------------------

    def test_every_supplier_comes_once_in_the_order_of_the_keys(self, world: SupplierWorld) -> None:
        """Over all pages, with everything that identifies it."""
        numbers = {"vat_number": "", "chamber_number": ""}
        keys = {world.enter(a_supplier(f"Supplier {number}", **numbers)) for number in range(MANY)}
        rows = [row.record for row in world.register.rows()]

        assert [row.key for row in rows] == sorted({row.key for row in rows})
        assert keys <= {row.key for row in rows}
        assert {f"Supplier {number}" for number in range(MANY)} <= {row.name for row in rows}

    def test_what_identifies_a_supplier_is_read(self, world: SupplierWorld) -> None:
        """Country, VAT number, chamber number and bank account, as they were entered."""
        wished = a_supplier(QUOTED, accounts=(BankAccount(number=IBAN),))
        key = world.enter(wished)

        (found,) = (row.record for row in world.register.rows() if row.key == key)
        assert replace(world.register.normal(wished), key=key) == world.register.normal(found)
        assert (True, "") == (found.open, found.closed)
        assert found == world.register.read([key])[key].record

    def test_one_letter_in_two_parts_is_the_letter(self, world: SupplierWorld) -> None:
        """A name that a machine wrote with its accents apart."""
        key = world.enter(a_supplier("Mu\u0308ller"))

        assert "M\u00fcller" == world.register.read([key])[key].record.name

    def test_a_supplier_that_is_closed_says_why(self, world: SupplierWorld) -> None:
        """It is not open, and the reason stands beside it."""
        key = world.enter(a_supplier())
        world.close(key)

        found = world.register.read([key])[key].record
        assert not found.open
        assert found.closed

    def test_a_supplier_that_is_gone_is_not_read(self, world: SupplierWorld) -> None:
        """It has no place in the answer, and is no error."""
        key = world.enter(a_supplier())
        world.remove(key)

        assert {} == world.register.read([key])
        assert key not in {row.key for row in world.register.rows()}

    def test_a_change_writes_its_fields_and_nothing_else(self, world: SupplierWorld) -> None:
        """Neither code, nor bank account, nor what we do not know."""
        key = world.enter(a_supplier(accounts=(BankAccount(number=IBAN),)))
        before = world.untouched(key)

        assert (Written(),) == change(world, key, name=QUOTED, vat_number="NL820646660B01", country="BE")
        found = world.register.read([key])[key].record
        wished = (QUOTED, "NL820646660B01", "BE", (BankAccount(number=IBAN),))
        assert wished == (found.name, found.vat_number, found.country, found.accounts)
        assert before == world.untouched(key)

    def test_a_name_that_cannot_be_kept_is_said_and_not_sent(self, world: SupplierWorld) -> None:
        """Of the supplier by its key."""
        key = world.enter(a_supplier())
        before = world.writes()
        empty = replace(world.register.read([key])[key].record, name=" ")

        assert [key] == [problem.where for problem in world.register.check(empty)]
        assert before == world.writes()

    @pytest.mark.parametrize("fault", [LOST_BEFORE, LOST_AFTER])
    def test_a_change_whose_answer_is_lost_is_not_sent_again(self, world: SupplierWorld, fault: str) -> None:
        """Who asked reads what is there, after the settling time."""
        key = world.enter(a_supplier())
        before = world.writes()
        world.fail_next(fault)

        with pytest.raises(OutcomeUnknown):
            change(world, key, name=QUOTED)
        assert before + 1 == world.writes()

    def test_a_supplier_that_is_gone_is_not_made_by_a_change(self, world: SupplierWorld) -> None:
        """It is read again."""
        key = world.enter(a_supplier())
        before = world.register.read([key])[key].record
        world.remove(key)
        after = replace(before, name=QUOTED)

        wanted = Change(key=key, act=Act.CHANGE, before=before, after=after)
        assert (Stale(),) == world.register.put([wanted], {})
        assert QUOTED not in world.shown()

    def test_a_bank_account_is_added_and_the_old_one_stays(self, world: SupplierWorld) -> None:
        """Where the limits say that one can be added; else none is touched."""
        key = world.enter(a_supplier(accounts=(BankAccount(number=IBAN),)))
        old = world.register.read([key])[key].record.accounts
        both = (*old, BankAccount(number=OTHER_IBAN))

        change(world, key, accounts=both)
        found = world.register.read([key])[key].record.accounts
        if world.register.limits.adds_accounts:
            assert set(both) == set(found)
            assert [one.main for one in old] == [one.main for one in found if one in old]
        else:
            assert old == found

    # --- what is made ---------------------------------------------------------------------------------------

    def test_a_supplier_is_made_once_and_found_by_its_marker(self, world: SupplierWorld) -> None:
        """With quotes, ampersands and umlauts, which are data."""
        document = a_document(world)
        assert () == find(world, document)
        receipt = make(world, document)

        assert [receipt.reference] == [found.reference for found in find(world, document)]
        assert 1 == list(world.shown()).count(QUOTED)
        assert () == world.sink.compare(document, world.sink.read_back(receipt))
        assert () == find(world, a_document(world, 2))

    def test_what_was_made_is_in_the_register(self, world: SupplierWorld) -> None:
        """Open, under the reference of its receipt."""
        receipt = make(world, a_document(world))
        rows = [row for row in world.register.rows() if row.key.endswith(receipt.reference)]

        assert [(QUOTED, True, ())] == [
            (row.record.name, row.record.open, row.record.accounts) for row in rows
        ]

    def test_a_lost_answer_leaves_one_supplier(self, world: SupplierWorld) -> None:
        """It is found and not made again."""
        document = a_document(world)
        world.fail_next(LOST_AFTER)

        with pytest.raises(OutcomeUnknown):
            make(world, document)
        world.advance(world.sink.limits.settle_seconds)
        assert 1 == len(find(world, document)) == list(world.shown()).count(QUOTED)

    def test_a_vendor_that_is_not_reached_has_made_nothing(self, world: SupplierWorld) -> None:
        """It is said so, and nobody is found."""
        document = a_document(world)
        world.fail_next(UNREACHABLE)

        with pytest.raises(NotSent):
            make(world, document)
        assert () == find(world, document)

    def test_a_gate_that_says_no_stops_the_send(self, world: SupplierWorld) -> None:
        """No byte leaves."""
        document, before = a_document(world), world.writes()

        def closed() -> None:
            raise NotSent("The time had passed.")

        with suppress(NotSent), world.sink.prepare(document, Marker.of(document.key)) as send:
            send(closed)
        assert before == world.writes()

    def test_an_edit_of_what_was_made_is_seen(self, world: SupplierWorld) -> None:
        """With the value that is there."""
        document = a_document(world)
        receipt = make(world, document)
        (key,) = (row.key for row in world.register.rows() if row.key.endswith(receipt.reference))
        world.edit(key, "Another name")

        (problem,) = world.sink.compare(document, world.sink.read_back(receipt))
        assert "Another name" in problem.text

    def test_what_was_made_and_is_gone_is_not_read_back(self, world: SupplierWorld) -> None:
        """It is an error of its own."""
        receipt = make(world, a_document(world))
        (key,) = (row.key for row in world.register.rows() if row.key.endswith(receipt.reference))
        world.remove(key)

        with pytest.raises(NotFound):
            world.sink.read_back(receipt)

    def test_a_supplier_without_a_name_is_not_made(self, world: SupplierWorld) -> None:
        """It is said before anything is sent."""
        document = replace(a_document(world), supplier=a_supplier(" ", external="E-1"))
        before = world.writes()

        assert world.sink.check(document)
        with pytest.raises(Inexpressible), world.sink.prepare(document, Marker.of(document.key)):
            pass
        assert before == world.writes()
