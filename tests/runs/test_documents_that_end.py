"""Part payments that change and are cancelled, and an export of five vouchers that is answered once:
documents end by their vendor's own verb, and a field of somebody else's document is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.payday import Crash
from tests.runs.desk import ENTITY, ORIGIN, Desk, ToySink, Vendor

from ml_connector.domain import codec
from ml_connector.domain.document import CommitKey, Receipt
from ml_connector.domain.money import Money
from ml_connector.errors import OutcomeUnknown, Refused
from ml_connector.ports.commits import ENDED
from ml_connector.ports.sinks import Ending
from ml_connector.runs.run import Hold, StageRun


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyPayment:
    """What is paid of one invoice; another amount is another payment."""

    key: str
    entity: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyVoucher:
    """One of an export."""

    key: str
    entity: str
    amount: Money


codec.learn(ToyPayment, ToyVoucher)


@dataclass(slots=True)
class Cashier(Vendor):
    """The other side, where payments can be cancelled, and exports have a status."""

    cancelled: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    status: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def arrive(self) -> None:
        """Cancellations that were on their way for long are carried out, but for those that are already."""
        self.cancelled.extend(name for name in self.late if name not in self.cancelled)
        self.late.clear()

    def cancel(self, receipt: Receipt) -> None:
        fault, self.fault = self.fault, ""
        self.asked += 1
        if fault == "late, dies":
            self.late.append(receipt.reference)
            raise Crash("before the cancellation")
        if fault == "overtaken":
            self.late.append(receipt.reference)
            self.arrive()
        if fault == "refused":
            raise Refused("The payment is closed.")
        if receipt.reference in self.cancelled:
            raise Refused("The payment is cancelled already.")
        if fault not in ("lost before", "ignored"):
            self.cancelled.append(receipt.reference)
        if fault == "dies":
            raise Crash("after the cancellation")
        if fault.startswith("lost"):
            raise OutcomeUnknown("No answer came back.", where="network")

    def paid(self) -> dict[str, str]:
        """What is paid of each invoice by payments that stand."""
        found: dict[str, str] = {}
        for booked in self.booked:
            if booked.receipt.reference not in self.cancelled:
                invoice = CommitKey.parse(booked.document.key).family
                assert invoice not in found, f"{invoice} is paid twice"
                found[invoice] = str(booked.document.amount.amount)
        return found


class CashierSink(ToySink):
    """Payments end by the vendor's own verb."""

    ends = Ending.CANCEL

    def __init__(self, vendor: Cashier) -> None:
        super().__init__(vendor)
        self._cashier = vendor

    def is_ended(self, receipt: Receipt) -> bool:
        return receipt.reference in self._cashier.cancelled

    def end(self, receipt: Receipt) -> None:
        self._cashier.cancel(receipt)


class Till(Desk):
    """An installation that makes the payments agree with what is wished."""

    def __init__(self) -> None:
        super().__init__()
        self.cashier = Cashier()
        self.vendor, self.sink = self.cashier, CashierSink(self.cashier)

    def align(self, wished: Mapping[str, str]) -> None:
        """One pass: what is paid and not wished is ended, what is wished and not paid is written."""
        committer, commits = self.process(), self.world.commits
        for invoice in sorted({*wished, *self.paid()}):
            key = CommitKey(f"payment:acme:{invoice}", 1, 1)
            while (row := commits.get(str(key))) is not None and row.reversed_by:
                key = replace(key, revision=key.revision + 1)
            made = codec.decode(row.content) if row is not None else None
            amount = wished.get(invoice)
            if made is not None and (amount is None or Money.parse(amount, "EUR") != made.amount):
                committer.end_once(str(key))
                key = replace(key, revision=key.revision + 1)
                made = None
            if amount is not None and made is None:
                payment = ToyPayment(key=str(key), entity=ENTITY, amount=Money.parse(amount, "EUR"))
                committer.commit_once(payment, ORIGIN)

    def passes(self, wished: Mapping[str, str]) -> None:
        """Passes, each in a process of its own, until one comes to its end."""
        self.to_its_end(lambda: self.align(wished))

    def paid(self) -> dict[str, str]:
        """By the number of the invoice."""
        return {name.rpartition(":")[2]: amount for name, amount in self.cashier.paid().items()}


def test_part_payments_change_and_are_cancelled() -> None:
    till = Till()
    till.passes({"INV-1": "40.00", "INV-2": "10.00"})
    till.passes({"INV-1": "100.00", "INV-2": "10.00"})
    till.passes({"INV-1": "100.00"})

    assert {"INV-1": "100.00"} == till.paid()
    assert (3, 2) == (len(till.cashier.booked), len(till.cashier.cancelled))
    till.passes({"INV-1": "100.00"})
    assert (3, 2) == (len(till.cashier.booked), len(till.cashier.cancelled))


@pytest.mark.parametrize(("fault", "asked"), [("lost", 1), ("lost before", 2), ("dies", 1), ("ignored", 2)])
def test_a_lost_answer_of_a_cancellation_is_read_and_not_believed(fault: str, asked: int) -> None:
    """Whether it happened is asked of the vendor, also where it said yes and did nothing, and it is cancelled
    again only where it did not; the new payment is written after that, once.
    """
    till = Till()
    till.passes({"INV-1": "40.00"})
    till.cashier.fault = fault

    till.passes({"INV-1": "100.00"})

    assert {"INV-1": "100.00"} == till.paid()
    assert (2, 1, asked) == (len(till.cashier.booked), len(till.cashier.cancelled), till.cashier.asked)
    assert ENDED == till.world.commits.get("payment:acme:INV-1:1:1").reversed_by


def test_a_cancellation_that_is_carried_out_late_ends_no_other_payment() -> None:
    """The process died behind it, and nothing was noted: the next one sees that the payment stands, cancels
    it and writes the new one. What comes late then finds its own payment cancelled.
    """
    till = Till()
    till.passes({"INV-1": "40.00"})
    till.cashier.fault = "late, dies"
    till.passes({"INV-1": "100.00"})
    assert (2, 1) == (till.cashier.asked, len(till.cashier.cancelled))

    till.cashier.arrive()

    assert {"INV-1": "100.00"} == till.paid()
    till.passes({"INV-1": "100.00"})
    assert (2, 1, 2) == (len(till.cashier.booked), len(till.cashier.cancelled), till.cashier.asked)


def test_a_cancellation_that_an_earlier_one_overtook_is_not_called_refused() -> None:
    """The first one comes through between our look and our second send, which the vendor refuses then."""
    till = Till()
    till.passes({"INV-1": "40.00"})
    till.cashier.fault = "overtaken"

    till.align({"INV-1": "100.00"})

    assert {"INV-1": "100.00"} == till.paid()
    assert ENDED == till.world.commits.get("payment:acme:INV-1:1:1").reversed_by


def test_a_refused_cancellation_leaves_the_payment_and_makes_no_other() -> None:
    till = Till()
    till.passes({"INV-1": "40.00"})
    till.cashier.fault = "refused"

    with pytest.raises(Refused, match="The payment is closed"):
        till.align({"INV-1": "100.00"})
    assert {"INV-1": "40.00"} == till.paid()


# --- an answer for an export --------------------------------------------------------------------------------


@dataclass(slots=True)
class Exports:
    """The status of exports, as `ports.sinks.Assignable`."""

    status: dict[str, str] = field(default_factory=dict)
    writes: int = 0
    fault: str = ""

    def assigned(self, reference: str) -> str:
        return self.status.get(reference, "")

    def assign(self, reference: str, value: str) -> None:
        self.writes += 1
        fault, self.fault = self.fault, ""
        self.status[reference] = value
        if fault:
            raise Crash("after the answer")


def a_run(desk: Desk) -> StageRun:
    """A run of the desk, as a stage sees it."""
    row = desk.world.runs.create(flow="payroll", stage="post", input={})
    parts: dict[str, Any] = dict.fromkeys(
        ("runs", "artifacts", "claims", "committers", "clock", "auditor", "converger")
    )
    return StageRun(row=row, **parts)


def test_an_export_of_five_vouchers_is_answered_once_they_are_all_booked() -> None:
    """The process dies behind the answer: it is there, and not written again."""
    desk, exports = Desk(), Exports(fault="dies")
    vouchers = [
        ToyVoucher(key=f"voucher:acme:E7-{n}:1:1", entity=ENTITY, amount=Money.parse(f"{n}.10", "EUR"))
        for n in range(1, 6)
    ]
    desk.write(*vouchers)
    run = a_run(desk)

    with pytest.raises(Crash):
        run.assign(exports, "E7", "booked")
    run.assign(exports, "E7", "booked")

    assert (["ToyVoucher"] * 5, {"E7": "booked"}, 1) == (desk.kinds(), exports.status, exports.writes)


def test_an_answer_that_somebody_else_gave_is_not_overwritten() -> None:
    desk, exports = Desk(), Exports(status={"E7": "rejected"})

    with pytest.raises(Hold) as held:
        a_run(desk).assign(exports, "E7", "booked")
    assert (["assign.conflict"], 0) == ([p.code for p in held.value.problems], exports.writes)
