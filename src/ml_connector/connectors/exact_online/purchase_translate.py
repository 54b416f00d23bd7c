"""Between our purchase entry and Exact's. Pure: nothing is fetched, nothing is guessed, every field is
accounted for.

    entry.entity        → the division in the address
    entry.journal       → Journal
    entry.supplier      → Supplier, by the GUID of the relation with this code
    entry.number        → YourRef, fitted to 30 characters
    entry.invoice_date  → EntryDate, which is the date of the invoice
    entry.period        → ReportingYear and ReportingPeriod, only where it is another than that of the date
    entry.due_date      → DueDate
    entry.term          → PaymentCondition
    entry.currency      → Currency, and rate → Rate
    entry.text          → Description, before the marker: it ends with `#` and the token
    entry.refers        → Document, by the GUID of the dossier
    line.account        → GLAccount, by its GUID
    line.net, line.vat  → AmountFC net for a code of kind excluding, gross for one of kind including; the VAT
                          as VATAmountFC wherever the code takes any, so that Exact computes none
    line.vat_code       → VATCode, always: without one Exact takes the account's own
    line.text           → Description, or the entry's text where a line has none
    line.dimensions     → CostCenter and CostUnit by code, Project by its GUID

What was booked is read from ledger lines. One is VAT where its account is the one of its own VAT code, to pay
or to claim, or an account of VAT where a code that takes VAT names none; what the supplier is owed is on
accounts of payables; each other line is a cost.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from ml_connector.connectors.exact_online import purchase_wire, translate, wire
from ml_connector.domain.dimension import code_on, dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.invoice_number import fitted
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import AmountError, Money
from ml_connector.domain.purchase import BookedPurchase, PaymentTerm, PurchaseEntry, PurchaseLine
from ml_connector.domain.vat import VatCode, VatKind, VatRate, apportion
from ml_connector.errors import CodeUnknown, VendorChanged

NUMBER_MAX = 30
PAYABLES, TAXES = 22, 24
NO_COSTS = {20: "what customers owe", PAYABLES: "what suppliers are owed"}
"""Types of accounts that Exact refuses on a line of a purchase entry, or that such a line cannot be read back
from.
"""
"""Types of accounts: on which suppliers are owed, and those of VAT."""
PURCHASE, CREDIT_NOTE = 22, 31
"""The type of a purchase journal, and that of a credit note's entry."""
MATCHED = 50
KINDS = {"E": VatKind.EXCLUDING, "I": VatKind.INCLUDING, "B": VatKind.BASE_ONLY, "N": VatKind.NONE}
SALES, TAXED = "S", ("E", "I")
_TOKEN = re.compile(r"#([A-Z2-7]{10})\s*$")
_CENT = Decimal("0.01")


def described(text: str, marker: Marker) -> str:
    """A text with the marker behind it."""
    return f"{text} #{marker.token}".lstrip()


def token_in(text: str | None) -> str:
    """The token that a text ends with; empty for none."""
    found = _TOKEN.search(text or "")
    return found[1] if found else ""


# --- to Exact -----------------------------------------------------------------------------------------------


def to_wire(
    entry: PurchaseEntry,
    marker: Marker,
    *,
    supplier: str,
    accounts: Mapping[str, str],
    projects: Mapping[str, str],
    codes: Mapping[str, VatCode],
    document: str | None = None,
    by_type: bool = False,
) -> purchase_wire.NewPurchaseEntry:
    """The entry as Exact takes it; `supplier` and `document` are GUIDs, `accounts` and `projects` are code →
    GUID. `by_type`: a credit note is written with positive amounts and its type. Raises `CodeUnknown` for a
    code without a GUID.
    """
    turned = by_type and entry.payable.minor < 0
    year, period = entry.period or (None, None)
    return purchase_wire.NewPurchaseEntry(
        Journal=entry.journal,
        Supplier=supplier,
        EntryDate=entry.invoice_date.isoformat(),
        YourRef=fitted(entry.number, NUMBER_MAX),
        Description=described(entry.text, marker),
        Currency=entry.currency,
        PurchaseEntryLines=[
            _line(line, entry, accounts, projects, codes[line.vat_code], -1 if turned else 1)
            for line in entry.lines
        ],
        DueDate=entry.due_date.isoformat() if entry.due_date else None,
        PaymentCondition=entry.term or None,
        Rate=entry.rate.rate if entry.rate else None,
        ReportingYear=year,
        ReportingPeriod=period,
        Document=document,
        Type=CREDIT_NOTE if turned else None,
    )


def _line(
    line: PurchaseLine,
    entry: PurchaseEntry,
    accounts: Mapping[str, str],
    projects: Mapping[str, str],
    code: VatCode,
    sign: int,
) -> purchase_wire.NewPurchaseLine:
    amount = line.net + line.vat if code.kind is VatKind.INCLUDING else line.net
    project = code_on("project", line.dimensions)
    return purchase_wire.NewPurchaseLine(
        GLAccount=_guid("GL account", line.account, accounts),
        AmountFC=sign * amount.amount,
        VATCode=line.vat_code,
        Description=line.text or entry.text,
        VATAmountFC=sign * line.vat.amount if code.takes_vat(entry.invoice_date) else None,
        CostCenter=code_on("cost_center", line.dimensions),
        CostUnit=code_on("cost_unit", line.dimensions),
        Project=_guid("project", project, projects) if project else None,
    )


def _guid(what: str, code: str, known: Mapping[str, str]) -> str:
    if code not in known:
        text = f"Exact has no {what} {code}. Create it there, or map to another."
        kind = "code" if what == "project" else "account"
        raise CodeUnknown(text, where=f"{what} {code}", code=f"{kind}.unknown")
    return known[code]


# --- from Exact ---------------------------------------------------------------------------------------------


def booked(
    receipt: Receipt,
    head: purchase_wire.PurchaseEntry,
    rows: Sequence[purchase_wire.PurchaseRow],
    *,
    supplier: str,
    own: str,
    payables: Collection[str],
    taxes: Collection[str],
    codes: Mapping[str, purchase_wire.VatCode],
    payments: Iterable[purchase_wire.Payment] = (),
) -> BookedPurchase:
    """The entry from its head and ledger lines. `supplier` is its code, `own` the division's currency,
    `payables` and `taxes` are the accounts on which suppliers are owed and those of VAT, `codes` the VAT
    codes by code. Raises `VendorChanged` for amounts that cannot be read exactly.
    """
    currency = head.Currency.strip()
    rows = sorted((row for row in rows if row.GLAccountCode), key=lambda row: row.LineNumber or 0)
    owed, vat, costs = (list[purchase_wire.PurchaseRow]() for _ in range(3))
    for row in rows:
        on, code = (row.GLAccountCode or "").strip(), codes.get(_code(row))
        is_vat = code is not None and on in _vat_accounts(code, taxes)
        (owed if on in payables else vat if is_vat else costs).append(row)
    try:
        lines, charged = _lines(costs, vat, currency, codes)
        payable = -sum((_money(row, currency) for row in owed), Money.from_minor(0, currency))
        still = _open(payable, payments)
    except AmountError as error:
        text = f"Document {receipt.number} has an amount that cannot be read: {error}."
        raise VendorChanged(text, where=f"document {receipt.number}", support=str(rows)) from error
    text = head.Description or ""
    return BookedPurchase(
        receipt=receipt,
        journal=head.Journal.strip(),
        supplier=supplier,
        number=(head.YourRef or "").strip(),
        invoice_date=translate.day_of(head.EntryDate),
        currency=currency,
        payable=payable,
        lines=lines,
        due_date=translate.day_of(head.DueDate) if head.DueDate else None,
        text=text,
        marker=token_in(text),
        rate=_rate(head, own, len(rows)),
        open=still,
        charged=charged,
        period=(head.ReportingYear, head.ReportingPeriod)
        if head.ReportingYear is not None and head.ReportingPeriod is not None
        else None,
        credit_note=None if head.Type is None else head.Type == CREDIT_NOTE,
    )


def _code(row: purchase_wire.PurchaseRow) -> str:
    return (row.VATCode or "").strip()


def _vat_accounts(code: purchase_wire.VatCode, taxes: Collection[str]) -> Collection[str]:
    """Where VAT of the code is booked; on an account of VAT where it names none."""
    named = {account.strip() for account in (code.GLToPayCode, code.GLToClaimCode) if account}
    return named or (taxes if code.Type.strip() in TAXED else ())


def _money(row: purchase_wire.PurchaseRow, currency: str) -> Money:
    return Money(row.AmountFC if row.AmountFC is not None else Decimal(0), currency)


def _lines(
    costs: Sequence[purchase_wire.PurchaseRow],
    vat: Sequence[purchase_wire.PurchaseRow],
    currency: str,
    codes: Mapping[str, purchase_wire.VatCode],
) -> tuple[tuple[PurchaseLine, ...], tuple[tuple[str, Money], ...]]:
    """The costs, each with its share of what is booked as VAT of its code, and what is charged by code. VAT
    of a code that no cost has is a line of its own: nothing of the entry is left out.
    """
    nothing, coded = Money.from_minor(0, currency), {_code(row) for row in costs}
    stated, charged, alone = dict[str, int](), dict[str, Money](), list[PurchaseLine]()
    for row in vat:
        code, amount = _code(row), _money(row, currency)
        if codes[code].Charged and _is_claim(row, codes[code]):
            charged[code] = charged.get(code, nothing) + amount
        if code in coded:
            stated[code] = stated.get(code, 0) + amount.minor
        else:
            alone.append(_cost(row, nothing, amount))
    shares = {
        code: iter(apportion(minor, [_money(row, currency).minor for row in costs if _code(row) == code]))
        for code, minor in stated.items()
    }
    lines = []
    for row in costs:
        share = next(shares[_code(row)]) if _code(row) in shares else 0
        lines.append(_cost(row, _money(row, currency), Money.from_minor(share, currency)))
    return (*lines, *alone), tuple(sorted(charged.items()))


def _is_claim(row: purchase_wire.PurchaseRow, code: purchase_wire.VatCode) -> bool:
    return (row.GLAccountCode or "").strip() == (code.GLToClaimCode or "").strip()


def _cost(row: purchase_wire.PurchaseRow, net: Money, vat: Money) -> PurchaseLine:
    found = {"cost_center": row.CostCenter, "cost_unit": row.CostUnit, "project": row.ProjectCode}
    return PurchaseLine(
        account=(row.GLAccountCode or "").strip(),
        net=net,
        vat=vat,
        vat_code=_code(row),
        dimensions=dimensions({axis: (code or "").strip() or None for axis, code in found.items()}),
        text=row.Description or "",
    )


def _open(payable: Money, payments: Iterable[purchase_wire.Payment]) -> Money | None:
    """What is not matched yet; `None` where the parts do not add up to what is owed. Which sign they have is
    not documented, so they are compared with the whole that they name.
    """
    parts = [(part.Status, Money(part.AmountFC or Decimal(0), payable.currency)) for part in payments]
    nothing = Money.from_minor(0, payable.currency)
    whole = sum((amount for _, amount in parts), nothing)
    if not parts or whole not in (payable, -payable):
        return None
    rest = sum((amount for status, amount in parts if status != MATCHED), nothing)
    return rest if whole == payable else -rest


def _rate(head: purchase_wire.PurchaseEntry, own: str, rows: int) -> ExchangeRate | None:
    """Units of the division's currency for one of the entry's: as Exact shows it, or as its own amounts say
    where they contradict it by more than rounding each line does.
    """
    currency, rate, whole, there = head.Currency.strip(), head.Rate, head.AmountFC, head.AmountDC
    if rate is None or not own or currency == own:
        return None
    if whole and there is not None and abs(whole * rate - there) > _CENT * max(rows, 1):
        rate = (there / whole).quantize(Decimal("0.000001"))
    return ExchangeRate(currency=own, rate=rate, source="as Exact booked it")


# --- facts --------------------------------------------------------------------------------------------------


def journal_problem(entity: str, journal: str, found: wire.Journal | None) -> str | None:
    """Why the journal does not take purchase entries, or `None`."""
    if found is None:
        return f"Division {entity} has no journal {journal}. Create a purchase journal, or choose another."
    if found.Code.strip() != journal:
        written = found.Code.strip()
        return f"Exact writes journal {journal} of division {entity} as {written}. Write it the same way."
    if found.Type != PURCHASE:
        return (
            f"Journal {journal} of division {entity} is not a purchase journal (type {found.Type}). Choose"
            f" one of type {PURCHASE}."
        )
    if found.IsBlocked:
        return f"Journal {journal} of division {entity} is blocked. Release it, or choose another."
    return None


def vat_code(row: purchase_wire.VatCode, rates: Iterable[purchase_wire.VatPercentage]) -> VatCode:
    """A VAT code with its percentages by date; without any it has the one on its own row, for all time.
    Raises `VendorChanged` for a kind that is not known.
    """
    kind = KINDS.get(row.Type.strip())
    if kind is None:
        text = f"VAT code {row.Code.strip()} is of a kind that is not known: {row.Type!r}."
        raise VendorChanged(text, where=f"VAT code {row.Code.strip()}", support=str(row))
    dated = [
        VatRate(
            percentage=_percent(rate.Percentage),
            start=translate.day_of(rate.StartDate) if rate.StartDate else None,
            end=translate.day_of(rate.EndDate) if rate.EndDate else None,
        )
        for rate in rates
    ]
    always = [] if row.Percentage is None else [VatRate(percentage=_percent(row.Percentage))]
    return VatCode(
        code=row.Code.strip(),
        title=row.Description or "",
        kind=kind,
        rates=tuple(sorted(dated, key=lambda rate: rate.start or date.min)) or tuple(always),
        charged=bool(row.Charged),
        purchases=(row.VATTransactionType or "").strip() != SALES,
        blocked=bool(row.IsBlocked),
    )


def _percent(fraction: Decimal) -> Decimal:
    """21 for 0.21."""
    percentage = (fraction * 100).normalize()
    return percentage.quantize(Decimal(1)) if percentage == percentage.to_integral() else percentage


def term(row: purchase_wire.PaymentCondition) -> PaymentTerm:
    """A payment condition."""
    return PaymentTerm(
        code=row.Code.strip(),
        title=row.Description or "",
        days=row.PaymentDays or 0,
        month_ends=row.PaymentEndOfMonths or 0,
    )
