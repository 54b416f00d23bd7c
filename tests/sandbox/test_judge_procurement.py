"""The judge of invoices tells every damage that it is there for, and nothing else."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from ml_connector_sandbox.judges.procurement import Ledger, Verdict, judge

BOUGHT: dict[str, Any] = {
    "suppliers": [{"id": 1, "name": "Müller"}],
    "invoices": [
        {
            "idn": number,
            "number": f"F-{number}",
            "supplier": 1,
            "status": "approved",
            "approved_at": "2026-06-01T00:00:00+00:00",
            "parent": None,
            "waits": False,
            "external_id": f"e{number}",
            "gross": "121.00",
            "vat": "21.00",
            "paid": "0.00",
            "currency": "EUR",
            "attachments": [{"sha256": f"s{number}"}],
        }
        for number in ("1", "2")
    ],
}
BOOKS: dict[str, Any] = {
    "documents": [
        {
            "id": f"e{number}",
            "number": number,
            "entity": "10",
            "currency": "EUR",
            "invoice": {"supplier": "7", "reference": f"F-{number}", "amount": "121.00", "vat": "21.00"},
        }
        for number in ("1", "2")
    ]
}
FILES = [{"entry": f"e{number}", "sha256": f"s{number}"} for number in ("1", "2")]


def judged(**damage: Any) -> Verdict:
    bought, books = copy.deepcopy(BOUGHT), copy.deepcopy(BOOKS)
    bought["invoices"][0].update(damage.get("invoice", {}))
    books["documents"][0].update(damage.get("entry", {}))
    books["documents"][0]["invoice"].update(damage.get("booked", {}))
    books["documents"] += damage.get("more", [])
    del books["documents"][len(books["documents"]) - damage.get("gone", 0) :]
    ledger = Ledger(
        books=books,
        files=damage.get("files", FILES),
        names={("10", "7"): "Mu\u0308ller", ("10", "8"): "Somebody"},
        settled=damage.get("settled", {}),
    )
    return judge(bought, ledger, damage.get("trouble", {}))


def test_what_is_in_order_is_in_order() -> None:
    found = judged(settled={"e1": Decimal("10.00")}, invoice={"paid": "10.00"})

    assert (True, 2, 2, 2, 2, 1) == (
        found.ok,
        found.invoices,
        found.booked,
        found.files,
        found.marked,
        found.paid,
    )


@pytest.mark.parametrize(
    "damage",
    [
        {"gone": 1},
        {"booked": {"amount": "120.99"}},
        {"booked": {"vat": "20.99"}},
        {"entry": {"currency": "USD"}},
        {"booked": {"supplier": "8"}},
        {"files": FILES[:1]},
        {"files": [*FILES, FILES[0]]},
        {"invoice": {"external_id": None}},
        {"settled": {"e1": Decimal("10.00")}},
        {"more": [{**BOOKS["documents"][0], "id": "e3"}]},
    ],
    ids=["lost", "amount", "vat", "currency", "supplier", "file", "twice", "mark", "paid", "duplicate"],
)
def test_each_damage_is_told(damage: dict[str, Any]) -> None:
    assert not judged(**damage).ok


def test_what_cannot_be_booked_is_not_lost() -> None:
    found = judged(gone=1, trouble={"2": "its account is closed"})

    assert (True, 1, 0) == (found.ok, found.booked, found.lost)
