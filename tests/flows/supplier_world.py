"""An installation that keeps suppliers of a procurement system and of a ledger alike, both in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from tests.payday import SOURCE, TARGET, World

from ml_connector.contract.reference_suppliers import (
    MarkedSuppliers,
    ReferenceNewSuppliers,
    ReferenceSuppliers,
    SupplierBooks,
)
from ml_connector.domain.supplier import BankAccount, NewSupplier, Supplier
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunRow
from ml_connector.ports.systems import System

ENTITY = "10"
VAT, OTHER_VAT = "NL123456782B01", "NL820646660B01"
IBAN, OTHER_IBAN = "DE89370400440532013000", "NL91ABNA0417164300"


def supplier(name: str = "Kantoor B.V.", **more: Any) -> Supplier:
    """As a person enters it."""
    accounts = tuple(BankAccount(number=number) for number in more.pop("accounts", ()))
    return Supplier(key="", name=name, accounts=accounts, **{"country": "NL", **more})


class Suppliers(World):
    """`bought` are the suppliers of the procurement system, which keeps the ledger's id, `owed` those of the
    ledger, which carry the marker.
    """

    def __init__(
        self,
        *,
        mode: Mode = Mode.AUTOMATIC,
        bought: SupplierBooks | None = None,
        owed: SupplierBooks | None = None,
        **options: str,
    ) -> None:
        self.bought = bought or SupplierBooks(marks=False)
        self.owed = owed or SupplierBooks(prefix=f"{ENTITY}/")
        self.systems = {
            SOURCE: self._system("proc", MarkedSuppliers(self.bought)),
            TARGET: self._system("books", ReferenceSuppliers(self.owed)),
        }
        super().__init__()
        self.mode = mode
        self.set_options(**options)

    def _system(self, name: str, register: ReferenceSuppliers) -> System:
        return System(
            connection=name,
            check=tuple,
            entities=tuple,
            tenant=lambda entity: name,
            sources={Supplier: register},
            sinks={NewSupplier: ReferenceNewSuppliers(register)},
            registers={Supplier: register},
        )

    def system(self, name: str) -> System:
        return self.systems[name]

    def set_options(self, **options: str) -> None:
        """Store the flows of both ways."""
        for source, target in ((SOURCE, TARGET), (TARGET, SOURCE)):
            self.access.set_flow(
                kind="suppliers",
                source=self.access.connection(source),
                target=self.access.connection(target),
                mode=self.mode,
                starts_on=date(2026, 1, 1),
                mapping="",
                options={"entity": ENTITY, **options},
            )

    def begin(self, *, back: bool = False, **given: Any) -> str:
        """The next pass, not carried out."""
        source, target = (TARGET, SOURCE) if back else (SOURCE, TARGET)
        references, _ = self.operations.new("suppliers", source, target, None)
        values = {name: [value] for name, value in given.items()}
        return str(self.operations.start("suppliers", source, target, references[0], given=values).id)

    def align(self, *, back: bool = False, **given: Any) -> RunRow:
        """The next pass, as far as it goes by itself."""
        run = self.begin(back=back, **given)
        self.run_to_rest()
        self.clock.advance(1)
        return self.at(run)

    def consent(self, run: str) -> RunRow:
        """A person approves the plan."""
        from ml_connector.store.plans import StoredPlans

        self.operations.approve(run, StoredPlans().fingerprint(run))
        self.run_to_rest()
        self.clock.advance(1)
        return self.at(run)

    def acts(self, run: str) -> list[str]:
        return [str(row.change.act) for row in self.operations.records.plan(run, 100)]

    def there(self) -> list[str]:
        """Names in the ledger."""
        return [row.name for row in self.owed.rows.values()]

    def edit(self, books: SupplierBooks, key: str, **fields: Any) -> None:
        """What a person does."""
        books.rows[key] = replace(books.rows[key], **fields)

    def items(self) -> Mapping[str, list[str]]:
        """Texts of what people have to look at, by code."""
        from ml_connector.app.worklist import Worklist

        found: dict[str, list[str]] = {}
        for item in Worklist(self.access, self._actor).open():
            found.setdefault(item.code, []).append(item.text)
        return found
