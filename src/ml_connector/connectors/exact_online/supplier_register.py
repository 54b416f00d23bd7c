"""Suppliers of the divisions and their bank accounts, as records that are compared and changed.

rows    ⌈relations/1000⌉ + ⌈bank accounts/60⌉
read    ⌈suppliers/20⌉ + ⌈suppliers/20⌉
put     1 for the fields, 1 for each bank account that is new

The key is `<division>/<GUID>`. Relations that stand for workers are no suppliers here. A bank account is only
ever added, and never as the main one: what is open keeps the one it has. Neither the code nor whether a
relation is blocked is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from ml_connector.connectors.exact_online.axis import ASKED, NOT_OF_A_ROW, Days, day_of
from ml_connector.connectors.exact_online.client import EVERY, WRITE, ExactClient, address, fields
from ml_connector.connectors.exact_online.payees import BULK, MARK, NAME_MAX
from ml_connector.connectors.exact_online.payees import PATH as RELATIONS
from ml_connector.domain.changes import Change
from ml_connector.domain.document import TOKEN
from ml_connector.domain.limits import foreign_entity
from ml_connector.domain.problem import Problem
from ml_connector.domain.supplier import BankAccount, Supplier, written
from ml_connector.errors import NotFound, Refused
from ml_connector.ports.registers import Answer, NotTaken, Register, RegisterLimits, Stale, Versioned, Written
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata
from ml_connector.transport.exchange import encode

BANK_ACCOUNTS = "crm/BankAccounts"
COLUMNS = {
    "name": "Name",
    "country": "Country",
    "vat_number": "VATNumber",
    "chamber_number": "ChamberOfCommerce",
}


class Relation(msgspec.Struct):
    """A relation, as far as it is one of purchases."""

    ID: str
    Code: str
    Name: str | None = None
    IsSupplier: bool | None = None
    Blocked: bool | None = None
    StartDate: str | None = None
    EndDate: str | None = None
    Country: str | None = None
    VATNumber: str | None = None
    ChamberOfCommerce: str | None = None
    Email: str | None = None
    SearchCode: str | None = None


class Account(msgspec.Struct):
    """A bank account of a relation."""

    ID: str
    Account: str
    BankAccount: str | None = None
    BankAccountHolderName: str | None = None
    BICCode: str | None = None
    Main: bool | None = None
    Blocked: bool | None = None


@dataclass(slots=True, kw_only=True)
class ExactSuppliers(Register[Supplier]):
    """A `Register` of `Supplier`. Remembers nothing."""

    divisions: tuple[str, ...]
    client: ExactClient
    clock: Clock
    settle_seconds: float
    limits: RegisterLimits = field(init=False)

    def __post_init__(self) -> None:
        self.limits = RegisterLimits(
            batch=ASKED,
            guarded=False,
            settle_seconds=self.settle_seconds,
            writes=1 + ASKED,
            adds_accounts=True,
        )

    # --- reading --------------------------------------------------------------------------------------------

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[Supplier]]:
        """Every supplier in the order of keys; those of one division are held at a time."""
        for division in sorted(self._wanted(within)):
            rows = self.relations(division, BULK, EVERY)
            accounts = self._accounts(division, "")
            found = [self.record(division, row, accounts.get(row.ID, ())) for row in rows]
            for record in sorted(found, key=lambda one: one.key):
                yield Versioned(record=record)

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[Supplier]]:
        """These suppliers, by twenty."""
        found: dict[str, Versioned[Supplier]] = {}
        for division in sorted({key.partition("/")[0] for key in keys}):
            self._wanted((f"{division}/",))
            ids = sorted({key.partition("/")[2] for key in keys if key.startswith(f"{division}/")})
            for start in range(0, len(ids), ASKED):
                literals = [odata.guid(one) for one in ids[start : start + ASKED]]
                rows = list(self.relations(division, RELATIONS, odata.any_of("ID", literals)))
                if not rows:
                    continue
                of_these = odata.any_of("Account", [odata.guid(row.ID) for row in rows])
                accounts = self._accounts(division, of_these)
                for row in rows:
                    record = self.record(division, row, accounts.get(row.ID, ()))
                    found[record.key] = Versioned(record=record)
        return found

    def relations(self, division: str, path: str, where: str) -> Iterator[Relation]:
        """Those that a filter finds and that are suppliers, of people none."""
        select = fields(Relation)
        for row in self.client.rows(division, path, Relation, select=select, where=where):
            if row.IsSupplier and (row.SearchCode or "").strip().upper() != MARK:
                yield row

    def _accounts(self, division: str, where: str) -> dict[str, tuple[BankAccount, ...]]:
        found: dict[str, list[Account]] = defaultdict(list)
        for row in self.client.rows(division, BANK_ACCOUNTS, Account, select=fields(Account), where=where):
            if (row.BankAccount or "").strip() and not row.Blocked:
                found[row.Account].append(row)
        return {relation: tuple(_bank_accounts(rows)) for relation, rows in found.items()}

    def record(self, division: str, row: Relation, accounts: Iterable[BankAccount] = ()) -> Supplier:
        """A relation as a supplier."""
        closed = self._closed(row)
        token = (row.SearchCode or "").strip().upper()
        return Supplier(
            key=f"{division}/{row.ID.lower()}",
            code=row.Code.strip(),
            name=written(row.Name or ""),
            country=(row.Country or "").strip().upper(),
            vat_number=written(row.VATNumber or ""),
            chamber_number=written(row.ChamberOfCommerce or ""),
            email=(row.Email or "").strip(),
            accounts=tuple(accounts),
            open=not closed,
            external=token if TOKEN.fullmatch(token) else "",
            closed=closed,
        )

    def _closed(self, row: Relation) -> str:
        until, begins = day_of(row.EndDate), day_of(row.StartDate)
        if row.Blocked:
            return "blocked in Exact"
        if not Days(self.clock).is_open(until):
            return f"inactive in Exact since {until}"
        if begins is not None and begins > self.clock.now().date():
            return f"inactive in Exact until {begins}"
        return ""

    def _wanted(self, within: Collection[str]) -> set[str]:
        wanted = {beginning.partition("/")[0] for beginning in within} or set(self.divisions)
        for division in sorted(wanted - set(self.divisions)):
            problem = foreign_entity(division, self.divisions)
            raise Refused(problem.text, where=problem.where, code=problem.code)
        return wanted

    # --- what Exact holds -----------------------------------------------------------------------------------

    def normal(self, record: Supplier) -> Supplier:
        """Composed letters, one blank between words, bank accounts without blanks."""
        accounts = tuple(
            sorted(
                (replace(one, number="".join(one.number.split())) for one in record.accounts),
                key=lambda one: one.number,
            )
        )
        texts: dict[str, Any] = {name: written(getattr(record, name)) for name in COLUMNS}
        return replace(record, **{**texts, "country": texts["country"].upper(), "accounts": accounts})

    def check(self, record: Supplier) -> tuple[Problem, ...]:
        """Whether the name fits. No calls."""
        name = written(record.name)
        if name and len(name) <= NAME_MAX:
            return ()
        text = f"The name {name!r} has {len(name)} characters, and Exact keeps 1 to {NAME_MAX}. It is never"
        return (Problem("supplier.name", record.key, f"{text} cut: enter another at the source."),)

    # --- writing --------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """In order. What stops the work behind the first leaves the others to be read again."""
        answers: list[Answer] = []
        try:
            for change in changes:
                answers.append(self._put(change))
        except NOT_OF_A_ROW:
            if not answers:
                raise
        return (*answers, *(Stale() for _ in changes[len(answers) :]))

    def _put(self, change: Change) -> Answer:
        if change.before is None:
            return Stale()
        before, after = self.normal(change.before), self.normal(change.after)
        if problems := self.check(after):
            return NotTaken(problems[0])
        division, _, guid = change.key.partition("/")
        changed = {
            column: getattr(after, name) or None
            for name, column in COLUMNS.items()
            if getattr(after, name) != getattr(before, name)
        }
        sends: list[tuple[str, str, Mapping[str, Any]]] = []
        if changed:
            sends.append(("PUT", f"{RELATIONS}({odata.guid(guid)})", changed))
        for one in after.accounts:
            if one not in before.accounts:
                sends.append(("POST", BANK_ACCOUNTS, _new_account(guid, one)))
        for method, path, body in sends:
            if (answer := self._send(division, change.key, method, path, body)) is not None:
                return answer
        return Written()

    def _send(
        self, division: str, key: str, method: str, path: str, body: Mapping[str, Any]
    ) -> Answer | None:
        """Sends one write; what became of it where it is not as wished."""
        try:
            with self.client.http.prepare(
                method, address(division, path, {}), scope=division, headers=WRITE, content=encode(body)
            ) as send:
                send(_no_gate)
        except NOT_OF_A_ROW:
            raise
        except NotFound:
            return Stale()
        except Refused as error:
            return NotTaken(replace(error.problem, where=key))
        return None


_no_gate: Callable[[], None] = lambda: None  # noqa: E731 - a plan's row needs none


def _new_account(relation: str, account: BankAccount) -> dict[str, Any]:
    """Without `Main`: open payments would follow a new main account."""
    body = {"Account": relation, "BankAccount": account.number}
    named = {"BICCode": account.bic, "BankAccountHolderName": account.holder}
    return {**body, **{name: value for name, value in named.items() if value}}


def _bank_accounts(rows: Iterable[Account]) -> Iterator[BankAccount]:
    for row in sorted(rows, key=lambda one: one.BankAccount or ""):
        yield BankAccount(
            number="".join((row.BankAccount or "").split()),
            holder=(row.BankAccountHolderName or "").strip(),
            bic=(row.BICCode or "").strip(),
            main=bool(row.Main),
        )
