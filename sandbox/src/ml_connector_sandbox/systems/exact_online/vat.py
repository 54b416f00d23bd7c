"""VAT of purchase lines: what a code makes of an amount on a day, and on which accounts it is booked.

E  net   100.00 at 21 %  ─►  cost 100.00, VAT 21.00         I  gross 121.00  ─►  cost 100.00, VAT 21.00
N, B     no VAT amount       charged: VAT to claim and VAT to pay, and nothing of it is paid
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.dimensions import amount_of, cents

NO_AMOUNT = "A VAT amount is not allowed if you use a VAT code of type 'No VAT' or 'VAT 0%'"
_EXCLUDING, _INCLUDING = "E", "I"
_VAT_ACCOUNT = 24
_ROUNDING = Decimal("0.05")
"""So far may an amount that was sent differ from the one in a gross amount, for roundings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What one purchase line comes to: its base and VAT, and how much of the VAT is cost."""

    base: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    cost_of_tax: Decimal = Decimal(0)
    computed: bool = True
    code: Row | None = None
    percentage: Decimal = Decimal(0)

    @property
    def charged(self) -> bool:
        """Whether the buyer owes the VAT, so that none of it is paid to the supplier."""
        return bool(self.code and self.code.get("Charged"))


def code_of(book: DivisionBook, text: Any) -> Row | None:
    """The code, with or without its trailing blanks."""
    return book["vat_codes"].first("Code", str(text or "").strip().ljust(3))


def references(book: DivisionBook, row: Row) -> list[str]:
    """What stands against the accounts that a code is booked on; adds their texts."""
    problems = []
    for name in ("GLToClaim", "GLToPay"):
        if name in row:
            account = book["accounts"].get(row[name]) if row[name] else None
            row[f"{name}Code"] = (account or {}).get("Code")
            row[f"{name}Description"] = (account or {}).get("Description")
            if row[name] and account is None:
                problems.append("Invalid reference: G/L account")
    return problems


def percentage_on(book: DivisionBook, code: Row, day: datetime) -> Decimal:
    """The fraction that holds on that day, by the code's dated rows; without one, the code's own."""
    rows = [
        row
        for row in book["vat_percentages"].all("VATCodeID", code["ID"])
        if row["StartDate"] <= day and (row.get("EndDate") is None or day <= row["EndDate"])
    ]
    newest = max(rows, key=lambda row: row["StartDate"], default=None)
    return Decimal(newest["Percentage"] if newest else code.get("Percentage") or 0)


def bears_vat(code: Row, percentage: Decimal) -> bool:
    """Whether a VAT amount can stand beside the code: not with none, base only, or 0 %."""
    return code["Type"] in (_EXCLUDING, _INCLUDING) and bool(percentage)


def split(
    book: DivisionBook,
    row: Row,
    account: Row | None,
    day: datetime,
    problems: list[str],
    *,
    selling: bool = False,
) -> Split:
    """Read the VAT of a coded line and write it into the row. Without a code the default of the
    account holds, and without that there is no VAT.
    """
    amount, sent = row["AmountFC"], row.pop("VATAmountFC", None)
    text = str(row.pop("VATCode", None) or (account or {}).get("VATCode") or "").strip()
    given = amount_of(sent, problems, "VAT amount") if sent is not None else None
    asked = row.pop("VATPercentage", None)
    if not text:
        if given:
            problems.append("Mandatory: VAT code")
        return Split(base=amount)
    code = code_of(book, text)
    if code is None:
        problems.append("Invalid reference: VAT code")
        return Split(base=amount)
    share = percentage_on(book, code, day)
    problems += _problems(code, share, asked, given, selling=selling)
    tax = _tax(code, share, amount, given, problems)
    base = amount - tax if code["Type"] == _INCLUDING else amount
    blocked_share = Decimal(row.get("VATNonDeductiblePercentage") or 0)
    if not 0 <= blocked_share <= 1:
        problems.append("Invalid: VAT non-deductible percentage")
        blocked_share = Decimal(0)
    row |= {
        "VATCode": code["Code"],
        "VATCodeDescription": code["Description"],
        "VATPercentage": share,
        "VATAmountFC": tax,
        "VATBaseAmountFC": None if code["Type"] == "N" else base,
    }
    return Split(
        base=base,
        tax=tax,
        cost_of_tax=cents(tax * blocked_share),
        computed=given is None,
        code=code,
        percentage=share,
    )


def booked(book: DivisionBook, switches: Switches, splits: Sequence[Split], key: str | None) -> list[Row]:
    """The lines of VAT, one per code: to claim, or to pay for a code of sales, and to pay besides where the
    buyer owes it. `key` makes their ids, if any.
    """
    groups: dict[str, list[Split]] = {}
    for part in splits:
        if part.code is not None and bears_vat(part.code, part.percentage):
            groups.setdefault(part.code["Code"], []).append(part)
    rows: list[Row] = []
    for parts in groups.values():
        code = parts[0].code
        assert code is not None
        claimed = tax_of(switches, parts) - sum((part.cost_of_tax for part in parts), Decimal(0))
        field = "GLToPay" if code.get("VATTransactionType") == "S" else "GLToClaim"
        rows.append(_line(book, code, field, claimed, parts, key))
        if parts[0].charged:
            rows.append(_line(book, code, "GLToPay", -tax_of(switches, parts), parts, key))
    return [row for row in rows if row["AmountFC"]]


def tax_of(switches: Switches, parts: Sequence[Split]) -> Decimal:
    """The VAT of the lines of one code: rounded by line, or, by switch, over all lines without an amount of
    their own.
    """
    if switches["vat_rounding"] == "line" or (parts[0].code or {}).get("Type") != _EXCLUDING:
        return sum((part.tax for part in parts), Decimal(0))
    own = sum((part.tax for part in parts if not part.computed), Decimal(0))
    base = sum((part.base for part in parts if part.computed), Decimal(0))
    return own + cents(base * parts[0].percentage)


def due(switches: Switches, splits: Sequence[Split]) -> Decimal:
    """What the supplier is owed for all lines."""
    groups: dict[str, list[Split]] = {}
    for part in splits:
        groups.setdefault((part.code or {}).get("Code", ""), []).append(part)
    total = sum((part.base for part in splits), Decimal(0))
    return total + sum(
        (tax_of(switches, parts) for parts in groups.values() if not parts[0].charged), Decimal(0)
    )


def accounts_of(book: DivisionBook) -> list[Row]:
    """Of VAT, for codes that name none: the first takes what is claimed, the last what is owed."""
    return [row for row in book["accounts"] if row["Type"] == _VAT_ACCOUNT]


def _problems(code: Row, share: Decimal, asked: Any, given: Decimal | None, *, selling: bool) -> list[str]:
    problems = []
    if code.get("IsBlocked"):
        problems.append(f"Blocked: VAT code: {code['Code'].strip()}")
    if code.get("VATTransactionType") == "S" and not selling:
        problems.append("Not allowed: VAT code")
    if (asked is not None and Decimal(asked) != share) or (code["Type"] == _INCLUDING and not share):
        problems.append("Invalid: VAT percentage []")
    if given and not bears_vat(code, share):
        problems.append(NO_AMOUNT)
    return problems


def _tax(code: Row, share: Decimal, amount: Decimal, given: Decimal | None, problems: list[str]) -> Decimal:
    if not bears_vat(code, share):
        return Decimal(0)
    including = code["Type"] == _INCLUDING
    computed = cents(amount * share / (1 + share)) if including else cents(amount * share)
    if given is None:
        return computed
    if including and abs(given - computed) > _ROUNDING:
        problems.append(
            f"The amount of the VAT line with VAT code {code['Code'].strip()} differs from the total of the"
            " VAT amounts in the base lines"
        )
    return given


def _line(
    book: DivisionBook, code: Row, field: str, amount: Decimal, parts: Sequence[Split], key: str | None
) -> Row:
    accounts = accounts_of(book)
    fallback = accounts[0 if field == "GLToClaim" else -1] if accounts else None
    account: Mapping[str, Any] = book["accounts"].get(code.get(field)) or fallback or {}
    own = {} if key is None else {"ID": str(uuid.uuid5(uuid.UUID(key), f"{field} {code['Code']}"))}
    return {
        **own,
        "AmountFC": amount,
        "AmountVATBaseFC": sum((part.base for part in parts), Decimal(0)),
        "GLAccount": account.get("ID"),
        "GLAccountCode": account.get("Code"),
        "GLAccountDescription": account.get("Description"),
        "VATCode": code["Code"],
        "VATCodeDescription": code["Description"],
        "VATPercentage": parts[0].percentage,
        "VATType": code["Type"],
    }
