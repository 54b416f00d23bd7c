"""What has to be paid at the source of an invoice, so that it says what the ledger has settled.

    settled in the ledger    paid by us at the source    →
    400                      –                           pay 400
    400                      400                         nothing
    –                        400                         cancel it: the ledger's payment was taken back
    300                      400                         cancel it, pay 300

    110 of an invoice of 100 –                           pay 100, and tell of 10 too much

Who else paid at the source is not guessed: where less is left than the ledger has settled it is a question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ml_connector.domain.changes import Act, Change
from ml_connector.domain.money import Money
from ml_connector.domain.payment import PayableInvoice, Payment, SettledPart, Settlement
from ml_connector.domain.problem import Owner, Problem

Keyed = Callable[[Payment], Payment]
"""A payment with its commit key: the next revision for its part."""


@dataclass(slots=True, kw_only=True)
class Settled:
    """One entry: what is settled of it, the invoice it was booked for, and the payments that we made there.
    `settlement` is `None` for an entry that is gone, `invoice` where the source shows none with its id.
    """

    entry: str
    settlement: Settlement | None
    invoice: PayableInvoice | None
    ours: Sequence[Payment] = ()
    in_flight: frozenset[str] = frozenset()
    rounding: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def parts(self) -> tuple[SettledPart, ...]:
        """What is to be paid: nothing of a credit note, nor of an entry that was taken back."""
        found = self.settlement
        if found is None or found.reversed or found.total.minor <= 0:
            return ()
        return tuple(part for part in found.parts if part.amount.minor > 0)

    @property
    def ends(self) -> tuple[Payment, ...]:
        """Payments of ours that the ledger does not show any more, or with another amount."""
        settled = {part.key: part.amount for part in self.parts}
        return tuple(payment for payment in self.ours if settled.get(payment.part) != payment.settles)

    @property
    def new(self) -> tuple[SettledPart, ...]:
        """Parts that are not paid by us as they are, the oldest first."""
        ends = {payment.key for payment in self.ends}
        paid = {payment.part for payment in self.ours if payment.key not in ends} | self.in_flight
        found = (part for part in self.parts if part.key not in paid)
        return tuple(sorted(found, key=lambda part: (part.on, part.key)))

    @property
    def uneven(self) -> bool:
        """Whether the ledger has settled something else than we paid by more than a rounding each."""
        return any(abs(one.settles.minor - one.amount.minor) > self.rounding for one in self.ours)

    def changes(self, keyed: Keyed) -> Iterator[Change]:
        """Cancellations first, because they make room. What is for people is in `problems` afterwards."""
        for payment in self.ends:
            why = "The ledger does not show what it settles any more, or with another amount."
            yield Change(key=payment.key, act=Act.CLOSE, before=payment, why=why)
        invoice, settlement = self.invoice, self.settlement
        if invoice is None or settlement is None:
            return
        if (problem := self._cancelled(invoice)) or (self.new and (problem := _untaken(invoice, settlement))):
            self.problems.append(problem)
            return
        left = sum((payment.amount for payment in self.ends), invoice.left)
        over = self._over(invoice)
        if over is not None:
            self.problems.append(_overpaid(invoice, over))
        for part in self.new:
            amount = self._rounded(part, left, last=part is self.new[-1] and not settlement.open)
            if amount.minor > left.minor and over is not None and not self._others(invoice):
                amount = left
                if not amount:
                    return
            if amount.minor > left.minor:
                self.problems.append(_by_others(invoice, part, left))
                return
            left -= amount
            payment = keyed(
                Payment(
                    key="",
                    entity=invoice.company,
                    invoice=invoice.invoice,
                    number=invoice.number,
                    entry=self.entry,
                    part=part.key,
                    amount=amount,
                    settles=part.amount,
                    paid_on=part.on,
                    discount=part.discount,
                    rate=settlement.rate,
                )
            )
            yield Change(key=payment.key, act=Act.CREATE, after=payment)

    def _rounded(self, part: SettledPart, left: Money, last: bool) -> Money:
        """The amount, or what is left where that is as good as the same: a little less, or a little more
        where the ledger has settled the whole entry by it.
        """
        differs = left.minor - part.amount.minor
        if left.minor > 0 and (-self.rounding <= differs < 0 or (last and 0 < differs <= self.rounding)):
            return left
        return part.amount

    def _over(self, invoice: PayableInvoice) -> Money | None:
        """How much more than the invoice the ledger has settled, beyond a rounding."""
        nothing = invoice.paid - invoice.paid
        over = sum((part.amount for part in self.parts), nothing) - invoice.payable
        return over if over.minor > self.rounding else None

    def _others(self, invoice: PayableInvoice) -> Money:
        """What is paid at the source and not by us."""
        return invoice.paid - sum((one.amount for one in self.ours), invoice.paid - invoice.paid)

    def _cancelled(self, invoice: PayableInvoice) -> Problem | None:
        """Whether less is paid than we paid: it is not made again by itself."""
        ends = {payment.key for payment in self.ends}
        kept = (payment.amount for payment in self.ours if payment.key not in ends)
        ours = sum(kept, invoice.paid - invoice.paid)
        if ours.minor <= invoice.paid.minor:
            return None
        text = (
            f"Of invoice {invoice.number} {ours} was paid by us and only {invoice.paid} is paid now: somebody"
            " cancelled a payment of ours, and nothing more was paid. Enter it again by hand, or undo the"
            " payment in the ledger."
        )
        return Problem("payment.cancelled", f"invoice {invoice.number}", text, Owner.PROCUREMENT)


def _untaken(invoice: PayableInvoice, settlement: Settlement) -> Problem | None:
    """Why no payment of the invoice can be made."""
    where = f"invoice {invoice.number}"
    if invoice.payable.currency != settlement.total.currency:
        text = (
            f"Invoice {invoice.number} is in {invoice.payable.currency}, and entry {settlement.number}, which"
            f" was booked for it, in {settlement.total.currency}: what is settled of it was not paid there."
            " Find out which is right, and enter the payment by hand."
        )
        return Problem("payment.currency", where, text, Owner.CONTROLLER)
    if settlement.unfit:
        text = (
            f"What the ledger has settled of invoice {invoice.number} contradicts its rate:"
            f" {settlement.unfit}. Nothing was paid. Correct entry {settlement.number} or its payment there,"
            " or enter the payment by hand."
        )
        return Problem("payment.rate", where, text, Owner.CONTROLLER)
    if not invoice.takes_payments:
        text = (
            f"The ledger has settled entry {settlement.number}, and invoice {invoice.number} takes no"
            " payment: it was taken back, canceled, or is none that is paid. Approve it again, or undo the"
            " payment in the ledger."
        )
        return Problem("payment.not_taken", where, text, Owner.PROCUREMENT)
    return None


def _overpaid(invoice: PayableInvoice, over: Money) -> Problem:
    text = (
        f"The ledger has settled {invoice.payable + over} of invoice {invoice.number}, which is for"
        f" {invoice.payable}: {over} more. No more than the invoice is paid at its source. If the supplier"
        " was paid twice or too much, claim it back; if not, undo the payment in the ledger, or correct the"
        " entry."
    )
    return Problem("payment.overpaid", f"invoice {invoice.number}", text, Owner.CONTROLLER)


def _by_others(invoice: PayableInvoice, part: SettledPart, left: Money) -> Problem:
    text = (
        f"The ledger has settled {part.amount} of invoice {invoice.number}, and {left} is left to pay there:"
        " somebody entered a payment that is not ours. If it is the same, nothing is to be done; if not,"
        " cancel it there. What was paid twice has to be claimed back from the supplier."
    )
    return Problem("payment.by_others", f"invoice {invoice.number}", text, Owner.PROCUREMENT)
