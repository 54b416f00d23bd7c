"""What became of the invoices of a procurement system in the books of a ledger, counted from the simulators'
books alone.

    invoice    approved, and no share of another one's costs
    booked     an entry of a supplier with the invoice's number, or with its amount on its day where it has no
               number
    equal      what is owed, and the VAT of all lines, to the cent
    files      the bytes of every file of the invoice stand at its entry
    marked     the source holds the entry's id

An invoice that cannot be booked as it stands is named by the scenario with the reason, and is left out of
what is expected; where there is an entry of it all the same, that counts as any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

Json = Mapping[str, Any]
APPROVED = frozenset({"approved", "partly_paid", "paid", "closed"})
LETTERS = 24
"""So many letters of a number are compared: a ledger may take a part of a long one."""


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What was found; `wrong` says every difference in words."""

    invoices: int = 0
    booked: int = 0
    files: int = 0
    marked: int = 0
    amount_equal: bool = True
    vat_equal: bool = True
    duplicates: int = 0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.wrong

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {"ok": self.ok, **asdict(self)}


def judge(bought: Json, books: Json, files: Sequence[Json], trouble: Mapping[str, str]) -> Verdict:
    """Compare. `bought` and `books` are the books of the two simulators, `files` what the ledger has at its
    entries; `trouble` is the number in the source of an invoice that cannot be booked → why.
    """
    verdict = Verdict()
    invoices = [row for row in bought["invoices"] if row["status"] in APPROVED and not row.get("parent")]
    suppliers = {row["id"]: row["code"].removeprefix("S") for row in bought["suppliers"]}
    entries = [row for row in books["documents"] if row.get("invoice")]
    by_id = {row["id"]: row for row in entries}
    at_entry: dict[str, Counter[str]] = {}
    for file in files:
        at_entry.setdefault(str(file["entry"]), Counter())[file["sha256"]] += 1
    taken: Counter[str] = Counter()
    for invoice in invoices:
        verdict.invoices += 1
        name = f"invoice {invoice['idn']} ({invoice['number'] or 'no number'})"
        entry = by_id.get(str(invoice["external_id"])) or next(
            iter(_entries_of(invoice, suppliers[invoice["supplier"]], entries, taken)), None
        )
        if entry is None:
            if str(invoice["idn"]) not in trouble:
                verdict.lost += 1
                verdict.wrong.append(f"{name} is not booked")
            continue
        taken[entry["id"]] += 1
        verdict.booked += 1
        _compare(verdict, name, invoice, entry)
        _files(verdict, name, invoice, at_entry.get(entry["id"], Counter()))
        if invoice["external_id"] == entry["id"]:
            verdict.marked += 1
        else:
            verdict.wrong.append(f"{name} is booked and not marked")
    for entry in entries:
        if taken[entry["id"]] != 1:
            verdict.duplicates += 1
            what = (
                "nothing is bought by it" if not taken[entry["id"]] else "several invoices are booked by it"
            )
            verdict.wrong.append(f"entry {entry['number']} in {entry['entity']}: {what}")
    return verdict


def _entries_of(
    invoice: Json, supplier: str, entries: Sequence[Json], taken: Mapping[str, int]
) -> Iterator[Json]:
    for entry in entries:
        held = entry["invoice"]
        if taken.get(entry["id"]) or held["supplier"].lstrip("0") != supplier.lstrip("0"):
            continue
        number = str(invoice["number"] or "")
        if (number and held["reference"][:LETTERS] == number[:LETTERS]) or (
            not number and abs(Decimal(held["amount"])) == abs(Decimal(invoice["gross"]))
        ):
            yield entry


def _compare(verdict: Verdict, name: str, invoice: Json, entry: Json) -> None:
    """What is owed, and VAT: an entry of a credit note is negative, whatever sign the source gives it."""
    owed, vat = (abs(Decimal(invoice[part])) for part in ("gross", "vat"))
    held = entry["invoice"]
    if abs(Decimal(held["amount"])) != owed:
        verdict.amount_equal = False
        verdict.wrong.append(f"{name} is for {owed}, and its entry for {held['amount']}")
    if abs(Decimal(held["vat"])) != vat:
        verdict.vat_equal = False
        verdict.wrong.append(f"{name} has {vat} VAT, and its entry {held['vat']}")
    if entry["currency"] != invoice["currency"]:
        verdict.amount_equal = False
        verdict.wrong.append(f"{name} is in {invoice['currency']}, and its entry in {entry['currency']}")


def _files(verdict: Verdict, name: str, invoice: Json, there: Counter[str]) -> None:
    """Every file once; the same bytes twice are one file."""
    wanted = {file["sha256"] for file in invoice["attachments"]}
    verdict.files += len(wanted & there.keys())
    if wanted != there.keys() or any(count != 1 for count in there.values()):
        verdict.wrong.append(f"{name} has {len(wanted)} files, and its entry {sum(there.values())}")
