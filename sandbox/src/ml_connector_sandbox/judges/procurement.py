"""What became of the invoices of a procurement system in the books of a ledger, counted from the simulators'
books alone.

    invoice    approved, and no share of another one's costs
    booked     an entry of a supplier with the invoice's number, or with its amount on its day where it has no
               number
    equal      what is owed, and the VAT of all lines, to the cent
    files      the bytes of every file of the invoice stand at its entry
    marked     the source holds the entry's id
    paid       what the source shows as paid is what the ledger has settled of the entry

An invoice that cannot be booked as it stands is named by the scenario with the reason, and is left out of
what is expected; where there is an entry of it all the same, that counts as any other.
"""

from __future__ import annotations

import unicodedata
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
    paid: int = 0
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the ledger holds: its books, the files at its entries, the names of its suppliers by legal entity
    and code, and what was settled of an entry, by its id.
    """

    books: Json
    files: Sequence[Json]
    names: Mapping[tuple[str, str], str]
    settled: Mapping[str, Decimal]


def judge(bought: Json, ledger: Ledger, trouble: Mapping[str, str]) -> Verdict:
    """Compare. `bought` are the books of the source; `trouble` is the number in the source of an invoice that
    cannot be booked → why.
    """
    verdict, books, files = Verdict(), ledger.books, ledger.files
    approved = [row for row in bought["invoices"] if row["approved_at"] and row["status"] in APPROVED]
    invoices = [row for row in approved if not row["parent"] and not row["waits"]]
    suppliers = {row["id"]: row["name"] for row in bought["suppliers"]}
    entries = [row for row in books["documents"] if row.get("invoice")]
    by_id = {row["id"]: row for row in entries}
    at_entry: dict[str, Counter[str]] = {}
    for file in files:
        at_entry.setdefault(str(file["entry"]), Counter())[file["sha256"]] += 1
    taken: Counter[str] = Counter()
    marked = {str(row["external_id"]) for row in invoices if row["external_id"]}
    unmarked = [row for row in entries if row["id"] not in marked]
    for invoice in invoices:
        verdict.invoices += 1
        name = f"invoice {invoice['idn']} ({invoice['number'] or 'no number'})"
        entry = by_id.get(str(invoice["external_id"])) or next(
            _entries_of(invoice, suppliers[invoice["supplier"]], unmarked, taken, ledger.names), None
        )
        if entry is None:
            if str(invoice["idn"]) not in trouble:
                verdict.lost += 1
                verdict.wrong.append(f"{name} is not booked")
            continue
        taken[entry["id"]] += 1
        verdict.booked += 1
        _compare(verdict, name, invoice, entry)
        _paid(verdict, name, invoice, ledger.settled.get(entry["id"], Decimal(0)))
        name_there = ledger.names[entry["entity"], entry["invoice"]["supplier"]]
        if _folded(name_there) != _folded(suppliers[invoice["supplier"]]):
            verdict.wrong.append(f"{name} is booked for another supplier")
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
    invoice: Json,
    supplier: str,
    entries: Sequence[Json],
    taken: Mapping[str, int],
    names: Mapping[tuple[str, str], str],
) -> Iterator[Json]:
    for entry in entries:
        held = entry["invoice"]
        if taken.get(entry["id"]) or _folded(names[entry["entity"], held["supplier"]]) != _folded(supplier):
            continue
        number = str(invoice["number"] or "")
        if (number and held["reference"][:LETTERS] == number[:LETTERS]) or (
            not number and abs(Decimal(held["amount"])) == abs(Decimal(invoice["gross"]))
        ):
            yield entry


def _folded(name: str) -> str:
    """A letter may be written in one part or in two."""
    return unicodedata.normalize("NFC", name)


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


def _paid(verdict: Verdict, name: str, invoice: Json, settled: Decimal) -> None:
    """What the ledger settled is what the source shows; a payment that was there before stays."""
    if not settled:
        return
    verdict.paid += 1
    if Decimal(invoice["paid"]) != settled:
        verdict.wrong.append(f"{name} is settled with {settled}, and its source shows {invoice['paid']}")


def _files(verdict: Verdict, name: str, invoice: Json, there: Counter[str]) -> None:
    """Every file once; the same bytes twice are one file."""
    wanted = {file["sha256"] for file in invoice["attachments"]}
    verdict.files += len(wanted & there.keys())
    if wanted != there.keys() or any(count != 1 for count in there.values()):
        verdict.wrong.append(f"{name} has {len(wanted)} files, and its entry {sum(there.values())}")
