"""From an approved expense report to the document of it, nothing dropped and no cent invented.

    line  →  its parts (see `expense_parts`)               →  costs, with the VAT that is claimed
    own money                                              →  owed to the employee
    company card, company account, advance                 →  taken off on an account of its own

What the employee is owed is their own money alone, less advances. A report becomes one document: a purchase
entry with the employee as the supplier, or a general journal entry; a report of which the employee is owed
nothing always becomes the latter. Whatever cannot be booked so is a problem, and then there is no document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ml_connector.domain.expense import ExpenseLine, ExpenseReport, PaidWith
from ml_connector.domain.expense_checks import advanced, business, check_report, doubtful, own_money
from ml_connector.domain.expense_parts import CostPart, LineParts
from ml_connector.domain.expense_policy import ExpenseForm, ExpensePolicy, NamedReport, PaidByWages
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.mapping import Resolver
from ml_connector.domain.mileage import CountryRates, known_rates
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase import PurchaseEntry, PurchaseLine


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltReport:
    """What a report becomes: its document, or every problem that stands against it. `left_out` are the
    numbers of expenses that wages repay, and where they are all of them there is neither. `notes` are for the
    person who approves the document. `origins` has for each line of the document the number of the expense
    behind it, empty for what balances them.
    """

    entry: PurchaseEntry | JournalEntry | None = None
    problems: tuple[Problem, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


def owed(report: ExpenseReport) -> Money:
    """What the employee is to be paid: their own money, less advances."""
    return own_money(report) - advanced(report)


def form_of(report: ExpenseReport, policy: ExpensePolicy) -> ExpenseForm:
    """The kind of document that the report becomes."""
    purchase = policy.form is ExpenseForm.PURCHASE and bool(owed(report))
    return ExpenseForm.PURCHASE if purchase else ExpenseForm.JOURNAL


def journal_of(report: ExpenseReport, policy: ExpensePolicy) -> str:
    """The journal of that document, the source's where it chose one; empty where none is known."""
    purchase = form_of(report, policy) is ExpenseForm.PURCHASE
    journals = policy.purchase_journals if purchase else policy.general_journals
    return report.journal or journals.get(policy.entity_of(report.company), "")


def expense_entry(
    report: ExpenseReport,
    policy: ExpensePolicy,
    named: NamedReport,
    resolver: Resolver | None = None,
    rates: Mapping[str, CountryRates] | None = None,
) -> BuiltReport:
    """The document of a report. `resolver` is the mapping on the day of the entry; without one the source's
    codes are the ledger's. `rates` are those of mileage by country, `known_rates` without any.
    """
    found = known_rates() if rates is None else rates
    wrong = tuple(check_report(report, policy.km_per_day_max))
    if wrong:
        return BuiltReport(problems=wrong)
    return _Builder(report, policy, named, LineParts(report, policy, found, resolver)).built()


class _Builder:
    def __init__(
        self, report: ExpenseReport, policy: ExpensePolicy, named: NamedReport, parts: LineParts
    ) -> None:
        self._report, self._policy, self._named, self._parts = report, policy, named, parts
        self._where = f"report {report.reference}"
        self._entity = policy.entity_of(report.company)
        self._lines = tuple(line for line in report.lines if not line.payroll_code)
        self._owed, self._form = owed(report), form_of(report, policy)
        self._journal = journal_of(report, policy)
        self._problems: list[Problem] = []

    def built(self) -> BuiltReport:
        """The document, or why there is none."""
        left_out = tuple(line.number for line in self._report.lines if line.payroll_code)
        problems = [*self._of_wages()]
        if left_out and not self._lines and not problems:
            return BuiltReport(left_out=left_out)
        problems += [*self._head(), *self._rate()]
        parts = [*self._parts.of(self._lines)]
        contra = [*self._contra()]
        entry = self._purchase(parts, contra) if self._is_purchase else self._general(parts, contra)
        problems += [*self._parts.problems, *self._problems]
        if not problems:
            problems += self._dropped(entry, parts)
        if problems:
            return BuiltReport(problems=tuple(dict.fromkeys(problems)), left_out=left_out)
        notes = dict.fromkeys([*self._parts.notes, *doubtful(self._report, self._parts.rates)])
        return BuiltReport(
            entry=entry, left_out=left_out, notes=tuple(notes), origins=self._origins(entry, parts)
        )

    @property
    def _is_purchase(self) -> bool:
        return self._form is ExpenseForm.PURCHASE

    def _origins(self, entry: PurchaseEntry | JournalEntry, parts: list[CostPart]) -> tuple[str, ...]:
        """Costs come first, in their order; in a journal entry each has a line for its VAT behind it."""
        if isinstance(entry, PurchaseEntry):
            behind = [part.line for part in parts]
        else:
            behind = [part.line for part in parts for minor in (part.net, part.vat) if minor]
        return (*behind, *[""] * (len(entry.lines) - len(behind)))

    # --- what stands against it -----------------------------------------------------------------------------

    def _of_wages(self) -> Iterator[Problem]:
        """One owner for each expense: what wages repay is never booked here."""
        for line in self._report.lines:
            if not line.payroll_code:
                continue
            if line.paid_with is not PaidWith.OWN_MONEY:
                text = (
                    f"Expense {line.number} of report {self._report.number} was paid by the company, and"
                    f" wages are to repay it (code {line.payroll_code}). Correct it there, and approve it"
                    " again."
                )
                yield Problem("expense.payroll", self._where, text, Owner.EXPENSES)
            elif self._policy.wages is PaidByWages.HOLD:
                text = (
                    f"Expense {line.number} of report {self._report.number} is repaid with wages (code"
                    f" {line.payroll_code}), and is not booked a second time. Take the code away there, or"
                    " let the flow leave such expenses out."
                )
                yield Problem("expense.payroll", self._where, text, Owner.PAYROLL)

    def _head(self) -> Iterator[Problem]:
        report = self._report
        if not self._entity or not self._journal:
            kind = "a purchase journal" if self._is_purchase else "a general journal"
            text = (
                f"Company {report.company or '(none)'} of report {report.number} has no legal entity with"
                f" {kind}. Name both in the settings of the flow."
            )
            yield Problem("expense.company", self._where, text)
        if self._is_purchase and not self._named.supplier:
            text = (
                f"Employee {report.employee_name or report.employee} ({report.employee}) of report"
                f" {report.number} is not a supplier in the ledger. Create one there, and name it for this"
                " employee."
            )
            yield Problem("expense.employee", self._where, text, Owner.CONTROLLER)
        if self._owed.minor < 0 and not self._policy.may_owe:
            text = (
                f"The employee of report {report.number} would owe {-self._owed}: advances and returns are"
                " more than what they paid. Ask them for it, or settle it in another report; then approve it"
                " again."
            )
            yield Problem("expense.owes", self._where, text, Owner.CONTROLLER)

    def _rate(self) -> Iterator[Problem]:
        report, own = self._report, self._named.currency
        if report.currency != own and (report.rate is None or report.rate.currency != own):
            given = "no rate" if report.rate is None else f"a rate for {report.rate.currency}"
            text = (
                f"Report {report.number} is in {report.currency} and has {given}, and {self._entity} keeps"
                f" its books in {own}. Give the rate and its source."
            )
            yield Problem("expense.rate", self._where, text, Owner.EXPENSES)
        elif report.currency == own and report.rate is not None:
            text = (
                f"Report {report.number} is in {own}, which the books are kept in, and has a rate. Remove it."
            )
            yield Problem("expense.rate", self._where, text, Owner.EXPENSES)

    def _dropped(self, entry: PurchaseEntry | JournalEntry, parts: list[CostPart]) -> Iterator[Problem]:
        """Look twice: what is booked is what was spent, and what is owed is the employee's."""
        spent = sum(business(line).minor for line in self._lines)
        costs = sum(part.net + part.vat for part in parts)
        if isinstance(entry, PurchaseEntry):
            right = entry.payable == self._owed
        else:
            right = entry.debit == entry.credit
        if costs != spent or not right:
            text = (
                f"Report {self._report.number} is for {self._money(spent)}, and its entry would be for"
                f" {self._money(costs)}. This is a defect; nothing was booked."
            )
            yield Problem("expense.dropped", self._where, text, Owner.SUPPORT)

    # --- the document ---------------------------------------------------------------------------------------

    def _contra(self) -> Iterator[tuple[str, Money, str]]:
        """`(account, amount, text)` of what the employee did not pay: taken off what the costs come to, and
        what they owe for private parts of it.
        """
        for paid in (PaidWith.COMPANY_CARD, PaidWith.COMPANY_ACCOUNT, PaidWith.CASH_ADVANCE):
            lines = [line for line in self._lines if line.paid_with is paid]
            gross = sum(line.gross.minor for line in lines)
            account = self._policy.clearing.get(paid.value, "")
            if gross and self._has(account, f"what was paid with {paid.value}"):
                yield account, self._money(-gross), f"Paid with {paid.value.replace('_', ' ')}"
        advance = advanced(self._report)
        if advance and self._has(self._policy.advance_account, "advances"):
            yield self._policy.advance_account, -advance, "Advance"
        private = sum(_private_of_company(line) for line in self._lines)
        if private and self._has(self._policy.private_account, "private parts of what the company paid"):
            yield self._policy.private_account, self._money(private), "Private"

    def _has(self, account: str, what: str) -> bool:
        if not account:
            text = (
                f"The flow has no account for {what}, and report {self._report.number} has such expenses."
                " Name one in its settings."
            )
            self._problems.append(Problem("expense.clearing", self._where, text, Owner.CONTROLLER))
        return bool(account)

    def _purchase(self, parts: list[CostPart], contra: list[tuple[str, Money, str]]) -> PurchaseEntry:
        named = self._named
        lines = [
            PurchaseLine(
                account=part.account,
                net=self._money(part.net),
                vat=self._money(part.vat),
                vat_code=self._known(self._policy.vat_codes, part.tax) if part.tax else self._no_vat(),
                dimensions=part.dimensions,
                text=part.text,
            )
            for part in parts
        ]
        lines += [
            PurchaseLine(account=account, net=net, vat=self._money(0), vat_code=self._no_vat(), text=text)
            for account, net, text in contra
        ]
        return PurchaseEntry(
            key=named.key,
            entity=self._entity,
            journal=self._journal,
            supplier=named.supplier,
            number=named.number,
            invoice_date=named.day,
            currency=self._report.currency,
            text=named.text,
            lines=tuple(lines),
            period=named.period,
            rate=self._report.rate,
            refers=named.refers,
        )

    def _general(self, parts: list[CostPart], contra: list[tuple[str, Money, str]]) -> JournalEntry:
        report, policy = self._report, self._policy
        lines = []
        for part in parts:
            if part.net:
                lines.append(self._journal_line(part.account, part.net, part))
            if part.vat:
                lines.append(
                    self._journal_line(self._known(policy.vat_accounts, part.tax), part.vat, part, vat=True)
                )
        lines += [JournalLine(account=account, amount=amount, text=text) for account, amount, text in contra]
        if self._owed:
            account = policy.employee_accounts.get(report.employee) or policy.employee_account
            self._has(account, "what employees are owed")
            who = (report.employee_name or report.employee)[: policy.line_text_max]
            lines.append(JournalLine(account=account, amount=-self._owed, text=who))
        return JournalEntry(
            key=self._named.key,
            entity=self._entity,
            journal=self._journal,
            posting_date=self._named.day,
            currency=report.currency,
            text=self._named.text,
            lines=tuple(lines),
            rate=report.rate,
        )

    def _journal_line(self, account: str, minor: int, part: CostPart, *, vat: bool = False) -> JournalLine:
        """VAT to claim is no cost, and has no codes."""
        codes = () if vat else part.dimensions
        return JournalLine(account=account, amount=self._money(minor), dimensions=codes, text=part.text)

    def _no_vat(self) -> str:
        if not self._policy.no_vat:
            text = (
                f"Report {self._report.number} has expenses without VAT, and the flow has no VAT code for"
                " that. Name one in its settings; without one the ledger would take the account's own."
            )
            self._problems.append(Problem("expense.vat_code", self._where, text, Owner.CONTROLLER))
        return self._policy.no_vat

    def _known(self, codes: Mapping[str, str], tax: str) -> str:
        """What the flow books the tax with; never what another one is booked with."""
        found = codes.get(tax, "")
        if not found:
            what = "VAT code" if self._is_purchase else "account of VAT to claim"
            text = (
                f"Report {self._report.number} has tax {tax}, and the flow has no {what} for it. Name one in"
                " its settings."
            )
            self._problems.append(Problem("expense.vat_code", self._where, text, Owner.CONTROLLER))
        return found

    def _money(self, minor: int) -> Money:
        return Money.from_minor(minor, self._report.currency)


def _private_of_company(line: ExpenseLine) -> int:
    """The private part of what the employee did not pay."""
    if line.private is None or line.paid_with is PaidWith.OWN_MONEY:
        return 0
    return line.private.minor
