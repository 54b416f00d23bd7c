"""What a flow of supplier invoices is told by its settings, read from plain text once and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ml_connector.domain.lists import listed
from ml_connector.domain.period import ClosedPeriodRule, PostingDatePolicy
from ml_connector.domain.purchase_build import PurchasePolicy
from ml_connector.flows.flow import Mode, Option, PolicyError
from ml_connector.flows.given_settings import mode_of, pairs_of, refuse_unknown

ASK, BOOK = "ask", "book"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePolicy:
    """Settings of one flow of invoices. `building` says how an entry is made. `books_paid`: an invoice that
    is paid at the source already is booked as open, without asking.
    """

    mode: Mode
    starts_on: date
    building: PurchasePolicy
    posting_date: PostingDatePolicy
    books_paid: bool = False

    @property
    def journals(self) -> Mapping[str, str]:
        """Legal entity → purchase journal."""
        return self.building.journals

    @property
    def axes(self) -> frozenset[str]:
        """The axes that the ledger is asked about."""
        return self.building.axes


OPTIONS = (
    Option(
        name="journal",
        help="Purchase journal of the entries, required; legal entity=journal pairs, separated by commas, if"
        " each has its own",
    ),
    Option(
        name="entities",
        help="Company of the source=legal entity, required; several pairs separated by commas",
    ),
    Option(name="vat_codes", help="Tax of the source=VAT code of the ledger; pairs separated by commas"),
    Option(name="no_vat", help="VAT code of a line without a tax; without one such a line is not booked"),
    Option(name="axes", help="Dimension axes that the ledger keeps, separated by commas (cost_center)"),
    Option(name="terms", help="Payment term of the source=that of the ledger; pairs separated by commas"),
    Option(name="closed_period", help="hold, or next_open: the next open period, with the invoice's date"),
    Option(name="paid", help="ask, or book: an invoice that is paid at the source already, as open"),
    Option(name="rounding_account", help="GL account of a rounding that an invoice states"),
    Option(name="rounding_max", help="The largest such rounding (0.05)"),
)
"""What the settings of the flow may say."""


def read_policy(mode: str, starts_on: date, options: Mapping[str, str]) -> InvoicePolicy:
    """The policy. Raises `PolicyError` naming the option, its value and what it may be."""
    refuse_unknown(options, OPTIONS)
    entities = pairs_of("entities", options, "company=legal entity")
    closed = _one_of("closed_period", options, ClosedPeriodRule.HOLD, ClosedPeriodRule.NEXT_OPEN)
    return InvoicePolicy(
        mode=mode_of(mode),
        starts_on=starts_on,
        building=PurchasePolicy(
            entities=entities,
            journals=_journals(options, frozenset(entities.values())),
            vat_codes=_pairs("vat_codes", options, "tax=VAT code"),
            no_vat=options.get("no_vat", ""),
            axes=frozenset(listed(options.get("axes", "cost_center"))),
            terms=_pairs("terms", options, "term=term of the ledger"),
            rounding_account=options.get("rounding_account", ""),
            rounding_max=_amount("rounding_max", options.get("rounding_max", "0.05")),
        ),
        posting_date=PostingDatePolicy(closed=ClosedPeriodRule(closed)),
        books_paid=_one_of("paid", options, ASK, BOOK) == BOOK,
    )


def _pairs(name: str, options: Mapping[str, str], shape: str) -> Mapping[str, str]:
    return pairs_of(name, options, shape) if options.get(name) else {}


def _one_of(name: str, options: Mapping[str, str], *choices: str) -> str:
    """The value of an option, the first of these where it is not set."""
    value = options.get(name, choices[0])
    if value not in choices:
        raise PolicyError(f"{name} is {value!r}, expected {' or '.join(choices)}")
    return value


def _journals(options: Mapping[str, str], entities: frozenset[str]) -> Mapping[str, str]:
    value = options.get("journal", "").strip()
    if value and "=" not in value:
        return dict.fromkeys(sorted(entities), value)
    journals = pairs_of("journal", options, "one journal, or legal entity=journal")
    if different := sorted(entities ^ journals.keys()):
        raise PolicyError(f"journal and entities do not name the same legal entities: {', '.join(different)}")
    return journals


def _amount(name: str, text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,4})?", text):
        raise PolicyError(f"{name} is {text!r}, expected an amount such as 0.05")
    return Decimal(text)
