"""From a supplier's invoice to the purchase entry of it, nothing dropped and no cent invented.

    line  →  account and codes, by the mapping or as the source has them  →  a cost per target
    VAT of the line, as stated  →  divided over its targets by itself, never computed from their shares

The amount owed is the invoice's own, to the cent; whatever cannot be booked so is a problem, and then there
is no entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from ml_connector.domain.dimension import code_on, dimensions
from ml_connector.domain.invoice import (
    InvoiceLine,
    StatedVat,
    SupplierInvoice,
    check_totals,
    signed,
    vat_of_lines,
)
from ml_connector.domain.mapping import Booking, MappingRule, Resolution, Resolver
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import Distribution
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase import PurchaseEntry, PurchaseLine
from ml_connector.domain.purchase_proposal import Origin

ACCOUNT = "account"
"""The axis of a line's code on which a source names the GL account."""
ALL = Decimal(100)
_AS_IT_IS = MappingRule(name="as the source has it", account="*", targets=())


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchasePolicy:
    """How the entry of an invoice is made.

    `entities` is company → legal entity, `journals` legal entity → purchase journal. `vat_codes` is the
    source's tax → VAT code, and `no_vat` the code of a line without a tax. `axes` are those that the ledger
    keeps. `terms` is the source's payment term → the ledger's. `rounding_account` takes the rounding that an
    invoice states, up to `rounding_max` in its currency, with the code `no_vat`.
    """

    entities: Mapping[str, str]
    journals: Mapping[str, str]
    vat_codes: Mapping[str, str] = field(default_factory=dict)
    no_vat: str = ""
    axes: frozenset[str] = frozenset({"cost_center"})
    terms: Mapping[str, str] = field(default_factory=dict)
    rounding_account: str = ""
    rounding_max: Decimal = Decimal("0.05")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the entry of an invoice is called in the ledger: its commit key, the supplier there, the number as
    the ledger takes it, the text, the period where it is another than that of the date, and its dossier.
    """

    key: str
    supplier: str
    number: str
    text: str
    period: tuple[int, int] | None = None
    refers: tuple[str, ...] = ()


class Built(NamedTuple):
    """The entry of an invoice with where each of its lines comes from, or everything that stands against it:
    then there is no entry.
    """

    entry: PurchaseEntry | None
    problems: tuple[Problem, ...] = ()
    origins: tuple[Origin, ...] = ()


def purchase_entry(
    invoice: SupplierInvoice, policy: PurchasePolicy, named: Named, resolver: Resolver | None = None
) -> Built:
    """The entry of an invoice. `resolver` is the mapping on the day of the invoice; without one the source's
    codes are the ledger's.
    """
    found = signed(invoice)
    if isinstance(found, Problem):
        return Built(None, (found,))
    builder = _Builder(found, policy, resolver)
    problems = [*check_totals(found), *builder.head_problems()]
    lines = [] if problems else [*builder.lines()]
    problems += builder.problems
    if problems:
        return Built(None, tuple(dict.fromkeys(problems)))
    entity = policy.entities[found.company]
    entry = PurchaseEntry(
        key=named.key,
        entity=entity,
        journal=policy.journals[entity],
        supplier=named.supplier,
        number=named.number,
        invoice_date=found.issued,
        currency=found.currency,
        text=named.text,
        lines=tuple(lines),
        due_date=found.due,
        period=named.period,
        term=policy.terms.get(found.term, ""),
        rate=found.rate,
        refers=named.refers,
    )
    if entry.payable != found.payable:
        text = (
            f"Invoice {found.number} is for {found.payable}, and its entry would be for {entry.payable}. This"
            " is a defect; nothing was booked."
        )
        return Built(None, (Problem("invoice.dropped", f"invoice {found.reference}", text, Owner.SUPPORT),))
    return Built(entry, origins=tuple(builder.origins))


class _Builder:
    def __init__(self, invoice: SupplierInvoice, policy: PurchasePolicy, resolver: Resolver | None) -> None:
        self._invoice, self._policy, self._resolver = invoice, policy, resolver
        self._where = f"invoice {invoice.reference}"
        self.problems: list[Problem] = []
        self.origins: list[Origin] = []

    def head_problems(self) -> Iterator[Problem]:
        invoice, policy = self._invoice, self._policy
        entity = policy.entities.get(invoice.company)
        if entity is None or entity not in policy.journals:
            text = (
                f"Company {invoice.company or '(none)'} of invoice {invoice.number} has no legal entity with"
                " a purchase journal. Name both in the settings of the flow."
            )
            yield Problem("invoice.company", self._where, text)
        if invoice.prepaid:
            text = (
                f"{invoice.prepaid} of invoice {invoice.number} were paid before. A prepayment is not settled"
                " here: book this invoice in the ledger by hand, and say so."
            )
            yield Problem("invoice.prepaid", self._where, text, Owner.CONTROLLER)
        if not invoice.lines:
            text = f"Invoice {invoice.number} has no lines. Add them in procurement."
            yield Problem("invoice.lines", self._where, text, Owner.PROCUREMENT)
        if invoice.term and invoice.term not in policy.terms:
            text = (
                f"Invoice {invoice.number} has payment term {invoice.term}, and the flow knows none of the"
                " ledger for it. Name one in its settings (terms), or correct the invoice."
            )
            yield Problem("invoice.term", self._where, text, Owner.CONTROLLER)
        rounding = invoice.rounding
        if rounding and abs(rounding.amount) > policy.rounding_max:
            text = (
                f"Invoice {invoice.number} states a rounding of {rounding}, more than the"
                f" {policy.rounding_max} that the flow takes. Correct it in procurement."
            )
            yield Problem("invoice.rounding", self._where, text, Owner.PROCUREMENT)
        elif rounding and not (policy.rounding_account and policy.no_vat):
            text = (
                f"Invoice {invoice.number} states a rounding of {rounding}, and the flow has no account for"
                " it. Name one, and the VAT code for no VAT, in its settings."
            )
            yield Problem("invoice.rounding", self._where, text)

    def lines(self) -> Iterator[PurchaseLine]:
        """The costs in the order of the invoice; those of a line that cannot be booked are left out, and its
        problem is kept.
        """
        of_lines = vat_of_lines(self._invoice)
        for number, (line, taxes) in enumerate(zip(self._invoice.lines, of_lines, strict=True), 1):
            if line.net or any(stated.amount for stated in taxes):
                yield from self._costs(number, line, taxes)
        if self._invoice.rounding:
            self.origins.append(Origin(line="", rule="rounding"))
            yield PurchaseLine(
                account=self._policy.rounding_account,
                net=self._invoice.rounding,
                vat=self._money(0),
                vat_code=self._policy.no_vat,
                text="Rounding",
            )

    def _costs(self, number: int, line: InvoiceLine, taxes: tuple[StatedVat, ...]) -> Iterator[PurchaseLine]:
        vat_code, resolution = self._vat_code(number, taxes), self._resolution(number, line)
        if vat_code is None or resolution is None:
            return
        vat = sum(stated.amount.minor for stated in taxes)
        parts = zip(resolution.bookings, resolution.split(line.net.minor), resolution.split(vat), strict=True)
        for booking, net, vat_of_part in parts:
            if net or vat_of_part:
                self.origins.append(Origin(line=str(number), rule=resolution.rule.name))
                yield PurchaseLine(
                    account=booking.account,
                    net=self._money(net),
                    vat=self._money(vat_of_part),
                    vat_code=vat_code,
                    dimensions=booking.dimensions,
                    text=booking.text or line.text,
                )

    def _vat_code(self, number: int, taxes: tuple[StatedVat, ...]) -> str | None:
        """The ledger's code for the one tax of a line. A line never goes without."""
        if len(taxes) > 1:
            names = ", ".join(stated.tax for stated in taxes)
            text = (
                f"Line {number} of invoice {self._invoice.number} has several taxes ({names}), and a line of"
                " the ledger takes one VAT code. Split the line in procurement."
            )
            self.problems.append(Problem("invoice.taxes", self._at(number), text, Owner.PROCUREMENT))
            return None
        tax = taxes[0].tax if taxes else ""
        code = self._policy.vat_codes.get(tax, "") if tax else self._policy.no_vat
        if not code:
            what = f"tax {tax}" if tax else "no tax"
            text = (
                f"Line {number} of invoice {self._invoice.number} has {what}, and the flow has no VAT code"
                " for that. Name one in its settings; without one the ledger would take the account's own."
            )
            self.problems.append(Problem("invoice.vat_code", self._at(number), text, Owner.CONTROLLER))
        return code or None

    def _resolution(self, number: int, line: InvoiceLine) -> Resolution | None:
        """Where the line is booked: by the mapping, or on its own account and codes."""
        account = code_on(ACCOUNT, line.codes)
        if account is None:
            text = (
                f"Line {number} of invoice {self._invoice.number} names no account. Choose one in"
                " procurement, and approve the invoice again."
            )
            self.problems.append(Problem("invoice.account", self._at(number), text, Owner.PROCUREMENT))
            return None
        codes = {value.axis: value.code for value in (*self._invoice.codes, *line.codes)}
        codes.pop(ACCOUNT)
        if self._resolver is None:
            kept = dimensions({axis: code for axis, code in codes.items() if axis in self._policy.axes})
            booking = Booking(account=account, dimensions=kept, text="", percent=ALL)
            return Resolution(rule=_AS_IT_IS, bookings=(booking,))
        row = Distribution(
            company=self._invoice.company,
            account=account,
            amount=line.net,
            dimensions=dimensions(dict(codes)),
            pay_code=None,
            origin=line.number,
        )
        found = self._resolver.resolve(row)
        if isinstance(found, Problem):
            self.problems.append(found)
            return None
        return found

    def _at(self, number: int) -> str:
        return f"{self._where}, line {number}"

    def _money(self, minor: int) -> Money:
        return Money.from_minor(minor, self._invoice.currency)
