"""The suppliers of the demo company, with what people type into such records: one VAT number in three
spellings, two records with the same one, countries as free text, quotes and accents in names.

They stand in `register_suppliers.csv`. Numbers have right check digits; none belongs to a real company that
we know of.
"""

from __future__ import annotations

import csv
import unicodedata
from importlib import resources

from ml_connector_sandbox.core.vendor import Json

DISABLED, PENDING = "S0032", "S0033"
DECOMPOSED = "S0031"
"""Its name came from a machine that writes an accent as a character of its own."""
ABROAD = {"S0027": ["USD", "EUR"], "S0029": ["GBP", "EUR"]}


def suppliers() -> list[Json]:
    """The rows with the vendor's names."""
    text = resources.files(__package__).joinpath("register_suppliers.csv").read_text(encoding="utf-8")
    return [_supplier(row) for row in csv.DictReader(text.splitlines())]


def _supplier(row: dict[str, str]) -> Json:
    facts: Json = {name: value or None for name, value in row.items()}
    code, name = row["uniqueCode"], row["name"]
    shown = unicodedata.normalize("NFD", name) if code == DECOMPOSED else name
    return {
        **facts,
        "name": shown,
        "taxPayer": facts["taxPayerNumber"] is not None,
        "currencies": ABROAD.get(code, [row["currency"]]),
        "terms": ["14 days"] if code == "S0030" else ["30 days"],
        "enable": code != DISABLED,
        "approval": "pending" if code == PENDING else "approved",
        "entities": ["Noordkade Belgium BV"] if code == "S0023" else [],
        "contacts": [{"name": "Accounts", "email": f"billing@{code.lower()}.example"}],
    }
