"""What a flow of expense reports is told by its settings, read from plain text once and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ml_connector.domain.expense import ExpenseReport, PaidWith
from ml_connector.domain.expense_policy import ExpenseForm, ExpensePolicy, PaidByWages
from ml_connector.domain.lists import listed
from ml_connector.domain.period import ClosedPeriodRule, PostingDatePolicy
from ml_connector.flows.flow import Mode, Option, PolicyError
from ml_connector.flows.given_settings import mode_of, pairs_of, refuse_unknown

HOLD, TELL = "hold", "tell"


class EntryDay(StrEnum):
    """The day of an entry: that of the approval, or of the last expense. One that the source chose counts
    before.
    """

    APPROVED = "approved"
    LAST_EXPENSE = "last_expense"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPolicy:
    """Settings of one flow of expense reports. `building` says how an entry is made. `employees` is the
    source's id or number of an employee → the ledger's code of them as a supplier. `day` and `zone` give the
    day of an entry. `tells`: a report that only its source can mend is left out, and its source is told.
    """

    mode: Mode
    starts_on: date
    building: ExpensePolicy
    posting_date: PostingDatePolicy
    employees: Mapping[str, str]
    day: EntryDay = EntryDay.APPROVED
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    tells: bool = False

    @property
    def journals(self) -> Mapping[str, str]:
        """Legal entity → journal of what most reports become."""
        if self.building.form is ExpenseForm.PURCHASE:
            return self.building.purchase_journals
        return self.building.general_journals

    @property
    def axes(self) -> frozenset[str]:
        """The axes that the ledger is asked about."""
        return self.building.axes

    def day_of(self, report: ExpenseReport) -> date:
        """The day of the report's entry."""
        if report.posting_date is not None:
            return report.posting_date
        if self.day is EntryDay.LAST_EXPENSE and report.lines:
            return max(line.date for line in report.lines)
        return report.approved_at.astimezone(self.zone).date()


OPTIONS = (
    Option(
        name="entities",
        help="Company of the source=legal entity, required; several pairs separated by commas, * for every"
        " other company and for reports without one",
    ),
    Option(name="form", help="purchase_entry, with the employee as the supplier; or journal_entry"),
    Option(
        name="journal",
        help="Purchase journal; legal entity=journal pairs, separated by commas, if each has its own",
    ),
    Option(
        name="general_journal",
        help="General journal, also for reports of which the employee is owed nothing; or pairs",
    ),
    Option(name="countries", help="Legal entity=country (10=NL); for drives and for VAT of other countries"),
    Option(name="accounts", help="Category=GL account, for expenses that name none (mileage=4700)"),
    Option(name="vat_codes", help="Tax of the source=VAT code of the ledger, for purchase entries"),
    Option(name="vat_accounts", help="Tax of the source=account of VAT to claim, for journal entries"),
    Option(name="no_vat", help="VAT code of a line without VAT; required for purchase entries"),
    Option(name="no_vat_taxes", help="Taxes that mean no VAT line: the gross amount is the cost"),
    Option(name="no_vat_categories", help="Categories whose VAT is never claimed, such as meals"),
    Option(name="foreign_vat_account", help="Account of VAT of other countries; without one it is a cost"),
    Option(name="employees", help="Employee=supplier code of the ledger, where the source knows none"),
    Option(name="employee_account", help="Account of what employees are owed, for journal entries"),
    Option(name="employee_accounts", help="Employee=account, for those with an account of their own"),
    Option(
        name="clearing", help="What paid=account (company_card=1700, company_account=1710, cash_advance=1720)"
    ),
    Option(name="advance_account", help="Account of what employees were advanced"),
    Option(name="private_account", help="Account of what employees owe for private parts"),
    Option(name="wages", help="hold, or leave_out: expenses that wages repay"),
    Option(name="extras", help="Categories of tolls and parking"),
    Option(name="owes", help="no, or yes: an employee may end up owing the company"),
    Option(name="axes", help="Dimension axes that the ledger keeps, separated by commas (cost_center)"),
    Option(name="day", help="Day of the entry: approved, or last_expense; one that the source chose first"),
    Option(name="zone", help="Time zone of the day of an approval (UTC), such as Europe/Amsterdam"),
    Option(name="closed_period", help="hold, or next_open: the next open period"),
    Option(name="fails", help="hold, or tell: what only the source can mend is left out and told there"),
)
"""What the settings of the flow may say."""


def read_policy(mode: str, starts_on: date, options: Mapping[str, str]) -> ReportPolicy:
    """The policy. Raises `PolicyError` naming the option, its value and what it may be."""
    refuse_unknown(options, OPTIONS)
    entities = pairs_of("entities", options, "company=legal entity")
    known = frozenset(entities.values())
    form = ExpenseForm(_one_of("form", options, *ExpenseForm))
    building = ExpensePolicy(
        entities=entities,
        countries=_of_entities("countries", options, known),
        form=form,
        purchase_journals=_journals("journal", options, known, required=form is ExpenseForm.PURCHASE),
        general_journals=_journals("general_journal", options, known, required=form is ExpenseForm.JOURNAL),
        accounts=_pairs("accounts", options, "category=account"),
        vat_codes=_pairs("vat_codes", options, "tax=VAT code"),
        vat_accounts=_pairs("vat_accounts", options, "tax=account"),
        no_vat=options.get("no_vat", ""),
        no_vat_taxes=frozenset(listed(options.get("no_vat_taxes", ""))),
        no_vat_categories=frozenset(listed(options.get("no_vat_categories", ""))),
        foreign_vat_account=options.get("foreign_vat_account", ""),
        employee_account=options.get("employee_account", ""),
        employee_accounts=_pairs("employee_accounts", options, "employee=account"),
        clearing=_clearing(options),
        advance_account=options.get("advance_account", ""),
        private_account=options.get("private_account", ""),
        wages=PaidByWages(_one_of("wages", options, *PaidByWages)),
        extras=frozenset(listed(options.get("extras", ""))),
        may_owe=_one_of("owes", options, "no", "yes") == "yes",
        axes=frozenset(listed(options.get("axes", "cost_center"))),
    )
    closed = _one_of("closed_period", options, ClosedPeriodRule.HOLD, ClosedPeriodRule.NEXT_OPEN)
    return ReportPolicy(
        mode=mode_of(mode),
        starts_on=starts_on,
        building=building,
        posting_date=PostingDatePolicy(closed=ClosedPeriodRule(closed)),
        employees=_pairs("employees", options, "employee=supplier code"),
        day=EntryDay(_one_of("day", options, *EntryDay)),
        zone=_zone(options.get("zone", "UTC")),
        tells=_one_of("fails", options, HOLD, TELL) == TELL,
    )


def _pairs(name: str, options: Mapping[str, str], shape: str) -> Mapping[str, str]:
    return pairs_of(name, options, shape) if options.get(name) else {}


def _one_of(name: str, options: Mapping[str, str], *choices: str) -> str:
    """The value of an option, the first of these where it is not set."""
    value = options.get(name, choices[0])
    if value not in choices:
        raise PolicyError(f"{name} is {value!r}, expected {' or '.join(choices)}")
    return value


def _journals(
    name: str, options: Mapping[str, str], entities: frozenset[str], *, required: bool
) -> Mapping[str, str]:
    value = options.get(name, "").strip()
    if not value and not required:
        return {}
    if value and "=" not in value:
        return dict.fromkeys(sorted(entities), value)
    return _of_entities(name, {**options, name: value}, entities, whole=True)


def _of_entities(
    name: str, options: Mapping[str, str], entities: frozenset[str], *, whole: bool = False
) -> Mapping[str, str]:
    """Pairs by legal entity; with `whole` one for each."""
    if not options.get(name) and not whole:
        return {}
    found = pairs_of(name, options, f"legal entity={name}")
    if different := sorted(entities ^ found.keys() if whole else found.keys() - entities):
        raise PolicyError(f"{name} and entities do not name the same legal entities: {', '.join(different)}")
    return found


def _clearing(options: Mapping[str, str]) -> Mapping[str, str]:
    found = _pairs("clearing", options, "what paid=account")
    known = [paid.value for paid in PaidWith if paid is not PaidWith.OWN_MONEY]
    if unknown := sorted(found.keys() - set(known)):
        raise PolicyError(f"clearing has {unknown[0]!r}, expected one of {', '.join(known)}")
    return found


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise PolicyError(f"zone is {name!r}, expected a time zone such as Europe/Amsterdam") from None
