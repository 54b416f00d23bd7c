"""What a ledger has settled is paid at Precoro once, over real sockets and with real processes, that die and
whose answers are lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from stage import Product, Sandbox

pytestmark = pytest.mark.slow

DIVISION, HOLLAND = "3010", "Noordkade Handel B.V."
ARGUMENTS = ("--scenario", "procurement", "--profile", "fast")
UNPACED = {"pace_seconds": "0", "same_read_seconds": "0", "calls_per_hour": "0", "calls_per_day": "0"}
BOTH = ("--from", "ledger", "--to", "procurement")


class Office:
    """Both simulators, the product between them, and what people do at their screens."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox, self.product = sandbox, Product(home)
        exact, precoro = sandbox.systems["exact_online"], sandbox.systems["precoro"]
        self.precoro = precoro
        self.product._add("ledger", "exact_online", self._settings(exact))
        self.product.authorize("ledger")
        mine = {"base_url": precoro["base_url"], "fields": "item:21=account", **UNPACED}
        mine |= {name: precoro["credentials"][name] for name in ("email", "token")}
        self.product._add("procurement", "precoro", mine)
        self.product.run(
            *("flows", "set", "--kind", "payments", *BOTH, "--mode", "automatic"),
            *("--starts-on", "2026-01-01", "--option", f"entities=*={DIVISION}", "--json"),
        )
        self.at_precoro("forget_external_ids")
        named = {"Name": "O'Brien & Söhne", "IsSupplier": True}
        self.at_exact("put_relation", code="90001", set=named)
        self.numbers = 0

    def _settings(self, exact: dict[str, Any]) -> dict[str, str]:
        held = exact["credentials"]
        names = ("client_id", "client_secret", "redirect_uri")
        own = {name: held[name] for name in names}
        unlimited = {"calls_per_minute": "0", "calls_per_day": "0", "errors_per_hour": "0"}
        return {"base_url": exact["base_url"], "division": DIVISION, **own, **unlimited}

    def at_exact(self, action: str, **typed: Any) -> Any:
        return self.sandbox.control("exact_online", f"control/{action}", {"entity": DIVISION, **typed})

    def at_precoro(self, action: str, **typed: Any) -> Any:
        return self.sandbox.control("precoro", f"control/{action}", typed)

    def fail(self, kind: str, path: str, **more: Any) -> None:
        rule = {"kind": kind, "match": {"method": "POST", "path": path}, "times": 1, **more}
        self.sandbox.control("precoro", "faults", rule)

    def booked(self, amount: str, *, sign: int = 1) -> tuple[str, str]:
        """An approved invoice, its entry in the ledger, and the mark at the one that names the other."""
        self.numbers += 1
        number = f"PAY-{self.numbers}"
        lines = [{"text": "Goods", "quantity": "1", "price": amount, "codes": {"account": "4100"}}]
        made = self.at_precoro(
            "add_invoice",
            supplier="S0001",
            number=number,
            entity=HOLLAND,
            status="approved",
            currency="EUR",
            kind=0 if sign > 0 else 1,
            lines=lines,
        )
        entry = self.at_exact(
            "book_purchase",
            supplier="90001",
            date="2026-06-15",
            your_ref=number,
            text="Goods",
            lines=[{"account": "4100", "amount": str(sign * Decimal(amount)), "vat_code": "0"}],
        )
        headers = {
            "X-AUTH-TOKEN": self.precoro["credentials"]["token"],
            "email": self.precoro["credentials"]["email"],
        }
        url = f"{self.precoro['base_url']}/invoices/{made['idn']}"
        httpx2.patch(url, headers=headers, data={"externalId": entry["id"]}).raise_for_status()
        return str(made["id"]), str(entry["id"])

    def pay(self, *of: tuple[str, str]) -> str:
        pays = [{"entry": entry, "amount": amount} for entry, amount in of]
        return str(self.at_exact("pay", pays=pays, date="2026-07-01")["id"])

    def align(self, *codes: int) -> Any:
        return self.product.run("run", "payments", *BOTH, "--json", expect=codes or (0,))

    def paid(self, invoice: str) -> tuple[list[str], str]:
        """What stands of an invoice, and its status."""
        books = self.sandbox.control("precoro", "books")
        (held,) = (row for row in books["invoices"] if str(row["id"]) == invoice)
        standing = [
            str(Decimal(row["amount"]))
            for row in books["payments"]
            if row["invoice"] == held["idn"] and not row["cancelled"]
        ]
        return sorted(standing, key=Decimal), held["status"]

    def made(self) -> int:
        """Payments that were ever made through the API, cancelled ones too."""
        payments = self.sandbox.control("precoro", "books")["payments"]
        return sum(row["means"] == "api" for row in payments)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Both simulators without limits of calls."""
    with Sandbox(list(ARGUMENTS)) as started:
        yield started


@pytest.fixture
def office(sandbox: Sandbox, tmp_path: Path) -> Office:
    """A new installation; the books of both sides are as at the beginning."""
    for slug in ("exact_online", "precoro"):
        sandbox.control(slug, "reset", {})
    return Office(sandbox, tmp_path)


def test_payments_come_back_once_whatever_is_lost(office: Office) -> None:
    """Parts, one payment of three invoices, two equal ones, a credit note, a reversal: with a lost answer, a
    503 after the write and one that comes late, no payment stands twice.
    """
    first, first_entry = office.booked("1000.00")
    second, second_entry = office.booked("300.00")
    third, third_entry = office.booked("250.00")
    note, note_entry = office.booked("50.00", sign=-1)
    office.pay((first_entry, "400.00"), (second_entry, "300.00"), (third_entry, "50.00"))
    office.pay((third_entry, "50.00"))
    office.fail("lost_after_commit", "/payments")
    office.align()
    before = office.made()
    assert (["400.00"], "partly_paid") == office.paid(first)
    assert (["300.00"], "paid") == office.paid(second)
    assert (["50.00", "50.00"], "partly_paid") == office.paid(third)
    assert 4 == before

    back = office.pay((first_entry, "550.00"))
    office.at_exact("match", entries=[first_entry, note_entry])
    office.fail("status", "/payments", status=503, after_commit=True)
    office.align()
    assert (["50.00", "400.00", "550.00"], "paid") == office.paid(first)
    assert ([], "approved") == office.paid(note)

    office.at_exact("reverse_payment", payment=back)
    office.fail("lost_after_commit", "/cancel")
    office.align()
    assert (["50.00", "400.00"], "partly_paid") == office.paid(first)
    assert 6 == office.made()

    office.pay((first_entry, "550.00"))
    office.fail("late_commit", "/payments", seconds=1, answer="drop")
    office.align()
    assert (["50.00", "400.00", "550.00"], "paid") == office.paid(first)
    assert 7 == office.made()
    assert "nothing to do" in office.align()["summary"]


def test_killed_again_and_again_leaves_one_of_each(office: Office) -> None:
    """`kill -9` while payments are on their way; the next one finds what was made and makes the rest."""
    invoices = [office.booked("100.00") for _ in range(6)]
    office.pay(*((entry, "25.00") for _, entry in invoices))
    (run,) = office.product.run("run", "payments", *BOTH, "--detach", "--json")["runs"]
    for made, wait in ((1, 0.0), (2, 0.1), (4, 0.0)):
        process = office.product.start("serve", "--json")
        try:
            until(lambda made=made: office.made() >= made)
            time.sleep(wait)
        finally:
            process.kill()
            process.communicate(timeout=30)

    process = office.product.start("serve", "--json")
    try:
        until(lambda: office.product.run("runs", "show", run, "--json")["state"] == "done")
    finally:
        process.terminate()
        process.communicate(timeout=60)

    assert [(["25.00"], "partly_paid")] * 6 == [office.paid(invoice) for invoice, _ in invoices]
    assert 6 == office.made()


def until(what: Callable[[], bool]) -> None:
    """Wait until it is so."""
    ends = time.monotonic() + 120
    while not what():
        assert time.monotonic() < ends, "never"
        time.sleep(0.02)
