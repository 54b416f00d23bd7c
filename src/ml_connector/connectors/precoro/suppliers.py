"""Suppliers of a company: read, changed, marked with their id in the ledger, and made.

rows       ⌈suppliers/page⌉
read       the same, or 1 for each supplier of a large company
put        2 for each change: the record whole, and the write, because lists that are left out may be emptied
assign     1
locate     1 for each supplier
prepare    1

The key is Precoro's `id`. The e-mail stands in contacts, whose form in a write is not published: it is not
written, and neither is the one bank account that Precoro keeps, because another one would take its place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.client import FORM, PrecoroClient, Query, explained
from ml_connector.connectors.precoro.client import written as moment
from ml_connector.connectors.precoro.countries import code_of, name_of
from ml_connector.connectors.precoro.marks import EXTERNAL_ID
from ml_connector.domain.changes import Change
from ml_connector.domain.checks import REMEDY
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.supplier import BankAccount, BookedSupplier, NewSupplier, Supplier, written
from ml_connector.errors import (
    Inexpressible,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Refused,
    RightMissing,
    SignInLost,
    Throttled,
    VendorChanged,
)
from ml_connector.ports.registers import Answer, NotTaken, Register, RegisterLimits, Stale, Versioned, Written
from ml_connector.ports.sinks import NONE_KNOWN, Gate, Send, Sink, SinkLimits
from ml_connector.ports.storage import Clock
from ml_connector.transport.answer import Answer as Reply

SUPPLIERS = "/suppliers"
APPROVED = 2
SMALL_PAGES = 5
"""A company whose list has so many pages is read whole rather than supplier by supplier."""
NOT_OF_A_ROW = (NotSent, RightMissing, SignInLost, Throttled)
"""What the next row would meet too."""
COLUMNS = {
    "name": "name",
    "country": "country",
    "vat_number": "taxPayerNumber",
    "chamber_number": "businessRegistrationNumber",
}
_TEXTS = (
    *("name", "uniqueCode", "legalAddress", "city", "state", "postalCode", "country", "phone"),
    *("taxPayerType", "taxPayerLabel", "taxPayerNumber", "businessRegistrationNumber"),
    *("permanentAccountNumber", "accountHolderName", "bankName", "bankAddress", "accountNumber"),
    *("internationalBankAccountNumber", "swiftCode", "sortCode", "americanBankersAssociationNumber"),
    *("indianFinancialSystemCode", "currency", "minimumSum", "deliveryPeriod", "conditions", "note"),
    *("toleranceRatePercent", EXTERNAL_ID),
)
_FLAGS = ("enable", "taxPayer", "enterInvoiceAsOneLine", "enableToleranceRate")
Whole = Mapping[str, msgspec.Raw]
_NONE = msgspec.Raw()


class PrecoroSuppliers(Register[Supplier]):
    """A `Register` of `Supplier`, and an `Assignable` of their ids in the ledger."""

    def __init__(self, precoro: PrecoroClient, clock: Clock, settle_seconds: float) -> None:
        self.precoro, self._clock = precoro, clock
        self._pages, self._asked = 0, 0
        self.limits = RegisterLimits(
            batch=20, guarded=False, shared=True, settle_seconds=settle_seconds, writes=1
        )

    # --- reading --------------------------------------------------------------------------------------------

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[Supplier]]:
        """Every supplier in the order of keys, disabled ones and those in approval among them. Memory holds
        them all: the vendor's order is not published.
        """
        found = {record.key: record for record in self._listed()}
        for key in sorted(found):
            if not within or key.startswith(tuple(within)):
                yield Versioned(record=found[key])

    def _listed(self) -> Iterator[Supplier]:
        self._pages = 0
        for page in self.precoro.pages(SUPPLIERS, (self.anew(),)):
            self._pages += 1
            for raw in page.rows:
                yield _record(_whole(raw))

    def anew(self) -> tuple[str, str]:
        """A filter that leaves nothing out and makes another question of the same one, which would be refused
        for a minute.
        """
        self._asked += 1
        seconds = (int(self._clock.now().timestamp()) + self._asked) % 600_000_000
        return "modifiedSince", moment(datetime(1980, 1, 1) + timedelta(seconds=seconds))

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[Supplier]]:
        """These suppliers now."""
        wanted = set(keys)
        if self._pages <= SMALL_PAGES or len(wanted) >= self._pages:
            rows = (record for record in self._listed() if record.key in wanted)
        else:
            rows = (_record(whole) for key in sorted(wanted) if (whole := self._one(key)) is not None)
        return {record.key: Versioned(record=record) for record in rows}

    def _one(self, key: str) -> Whole | None:
        try:
            return _whole(msgspec.Raw(self.precoro.get(f"{SUPPLIERS}/{int(key)}").body))
        except NotFound:
            return None

    # --- what Precoro holds ---------------------------------------------------------------------------------

    def normal(self, record: Supplier) -> Supplier:
        """Composed letters, and one blank between words."""
        texts: dict[str, Any] = {name: written(getattr(record, name)) for name in COLUMNS}
        return replace(record, **texts)

    def check(self, record: Supplier) -> tuple[Problem, ...]:
        """A supplier has a name. No calls; no lengths are published."""
        if written(record.name):
            return ()
        return (Problem("supplier.name", record.key, "The supplier has no name. Enter one at the source."),)

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
        after = self.normal(change.after)
        if problems := self.check(after):
            return NotTaken(problems[0])
        whole = self._one(change.key)
        if whole is None or self.normal(_record(whole)) != self.normal(change.before):
            return Stale()
        changed = {
            column: name_of(after.country) if name == "country" else getattr(after, name)
            for name, column in COLUMNS.items()
            if getattr(after, name) != getattr(self.normal(change.before), name)
        }
        try:
            self._send("PUT", f"{SUPPLIERS}/{int(change.key)}", tuple(_form(whole, changed)))
        except NOT_OF_A_ROW:
            raise
        except NotFound:
            return Stale()
        except Refused as error:
            return NotTaken(replace(error.problem, where=change.key))
        return Written()

    def assigned(self, reference: str) -> str:
        """The id in the ledger that Precoro holds now."""
        whole = self._one(reference)
        if whole is None:
            raise NotFound(f"Precoro has no supplier {reference}.", where=f"supplier {reference}")
        return _record(whole).external

    def assign(self, reference: str, value: str) -> None:
        """Set the id in the ledger."""
        self._send("PATCH", f"{SUPPLIERS}/{int(reference)}", ((EXTERNAL_ID, value),))

    def _send(self, method: str, path: str, fields: Query) -> Reply:
        with self.sending(method, path, fields) as send:
            return send(lambda: None)

    @contextmanager
    def sending(self, method: str, path: str, fields: Query) -> Iterator[Callable[[Gate], Reply]]:
        """Everything but the send of a form."""
        content = urlencode(fields).encode()
        with explained(), self.precoro.http.prepare(method, path, headers=FORM, content=content) as send:
            yield send


class PrecoroNewSuppliers(Sink[NewSupplier, BookedSupplier]):
    """A `Sink` of `NewSupplier`: what is made carries its id in the ledger, and is found by it."""

    def __init__(self, register: PrecoroSuppliers, limits: SinkLimits) -> None:
        self._register, self.limits = register, limits

    def check(self, document: NewSupplier) -> tuple[Problem, ...]:
        """As the register."""
        return self._register.check(document.supplier)

    def locate(
        self, wanted: Sequence[tuple[NewSupplier, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By key every supplier with the id, over all time."""
        found: dict[str, tuple[Receipt, ...]] = {}
        for document, marker in wanted:
            external = document.supplier.external
            rows = self._rows((("external_id[]", external), self._register.anew()))
            same = [record for record in rows if record.external == external]
            found[marker.key] = tuple(_receipt(document.entity, record) for record in same)
        return found

    def _rows(self, query: Query) -> Iterator[Supplier]:
        for page in self._register.precoro.pages(SUPPLIERS, query):
            for raw in page.rows:
                yield _record(_whole(raw))

    @contextmanager
    def prepare(
        self,
        document: NewSupplier,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        """Everything but the send. Raises `Inexpressible` for what `check` would have said."""
        if problems := self.check(document):
            raise Inexpressible.of(problems)
        supplier = self._register.normal(document.supplier)
        texts = {column: getattr(supplier, name) for name, column in COLUMNS.items()}
        texts |= {"country": name_of(supplier.country), EXTERNAL_ID: document.supplier.external}
        fields = [(name, value) for name, value in texts.items() if value]
        fields.append(("taxPayer", "1" if supplier.vat_number else "0"))
        with self._register.sending("POST", SUPPLIERS, fields) as post:

            def send(gate: Gate) -> Receipt:
                answer = post(gate)
                try:
                    record = _record(_whole(msgspec.Raw(answer.body)))
                except VendorChanged as error:
                    text = "Precoro's answer to the new supplier cannot be read, so it is searched for."
                    raise OutcomeUnknown(text, where=SUPPLIERS, support=error.support) from error
                return _receipt(document.entity, record)

            yield send

    def release(self, receipt: Receipt) -> Receipt:
        """A supplier is there as soon as it is made; its approval is Precoro's own affair."""
        return receipt

    def abandon(self, receipt: Receipt) -> None:
        """A supplier is made completely or not at all."""

    def read_back(self, receipt: Receipt) -> BookedSupplier:
        """The supplier as it is now."""
        for record in self._rows((("id", receipt.reference), self._register.anew())):
            if record.key == receipt.reference:
                return BookedSupplier(receipt=_receipt(receipt.entity, record), supplier=record)
        text = f"Supplier {receipt.number} is not in Precoro any more, or cannot be seen by our user."
        raise NotFound(text, where=f"supplier {receipt.number}")

    def near(self, document: NewSupplier, last: date | None = None) -> tuple[BookedSupplier, ...]:
        """Every supplier: none has a day."""
        found = (row.record for row in self._register.rows())
        return tuple(BookedSupplier(receipt=_receipt(document.entity, one), supplier=one) for one in found)

    def compare(self, document: NewSupplier, booked: BookedSupplier) -> tuple[Problem, ...]:
        """Every field that was sent."""
        ours, theirs = map(self._register.normal, (document.supplier, booked.supplier))
        return tuple(
            Problem(
                "read_back.header",
                f"supplier {booked.receipt.number}",
                f"{column} is {getattr(theirs, name)!r} in Precoro and was written as"
                f" {getattr(ours, name)!r}. {REMEDY}",
                Owner.CONTROLLER,
            )
            for name, column in COLUMNS.items()
            if getattr(ours, name) not in ("", getattr(theirs, name))
        )

    def takes_back(self, booked: BookedSupplier, document: NewSupplier) -> bool:
        """No supplier takes another one back."""
        return False

    def cancels(self, booked: BookedSupplier, other: BookedSupplier) -> bool:
        """No supplier cancels another one."""
        return False


def _receipt(entity: str, record: Supplier) -> Receipt:
    return Receipt(reference=record.key, number=record.code or record.key, entity=entity, posted=True)


def _whole(raw: msgspec.Raw) -> Whole:
    """A record with all its fields. Raises `VendorChanged`."""
    try:
        return msgspec.json.decode(bytes(raw), type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = f"A supplier of Precoro cannot be read: {error}. Report it to our support."
        raise VendorChanged(text, where=SUPPLIERS) from error


def _record(whole: Whole) -> Supplier:
    """A supplier. Raises `VendorChanged`."""
    try:
        return _supplier(whole)
    except ValueError as error:
        text = f"A supplier of Precoro cannot be read: {error}. Report it to our support."
        raise VendorChanged(text, where=SUPPLIERS) from error


def _supplier(whole: Whole) -> Supplier:
    def text(name: str) -> str:
        return wire.text(whole.get(name, _NONE))

    if not text("id"):
        raise ValueError("it has no id")
    enabled = text("enable").lower() not in ("false", "0")
    status = wire.whole(whole.get("status", _NONE))
    waiting = status not in (None, APPROVED)
    said, number = text("country"), text("internationalBankAccountNumber") or text("accountNumber")
    account = BankAccount(
        number="".join(number.split()), holder=text("accountHolderName"), bic=text("swiftCode")
    )
    return Supplier(
        key=text("id"),
        code=text("uniqueCode"),
        name=written(text("name")),
        country=code_of(said),
        vat_number=written(text("taxPayerNumber")),
        chamber_number=written(text("businessRegistrationNumber")),
        accounts=(account,) if number else (),
        open=enabled and not waiting,
        external=text(EXTERNAL_ID),
        closed=""
        if enabled and not waiting
        else "not approved in Precoro"
        if waiting
        else "disabled in Precoro",
        waiting=waiting,
        unclear=f"Precoro says {said!r}" if said and not code_of(said) else "",
    )


def _form(whole: Whole, changed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The record as it was, with what changes, in the form of a write: what is left out may be emptied."""
    for name in _TEXTS:
        value = changed.get(name)
        if value is None:
            value = wire.text(whole.get(name, _NONE))
        if value or name in changed:
            yield name, value
    for name in _FLAGS:
        if not wire.is_unset(whole.get(name, _NONE)):
            yield name, "1" if wire.text(whole[name]).lower() in ("true", "1") else "0"
    currencies = whole.get("currencies", _NONE)
    if not wire.is_unset(currencies):
        yield from (("currencies[]", one) for one in msgspec.json.decode(bytes(currencies), type=list[str]))
    for one in wire.rows(whole.get("supplierLegalEntities", _NONE), wire.Ref):
        yield "supplierLegalEntityIds[]", wire.text(one.id)
    for number, one in enumerate(wire.rows(whole.get("paymentTerms", _NONE), wire.Ref)):
        yield f"paymentTerms[{number}][id]", wire.text(one.id)
