"""Where payments are written.

locate     payments ⌈payments/20⌉
prepare    0
read_back  payments 1
near       invoices 1, payments ⌈n/page⌉
is_ended   payments 1
end        1 for the cancellation

A payment carries the token of its marker in `externalId`, from the POST on, so that one whose answer was lost
is found again. Where Precoro should not look for it there, every payment is listed and looked through. There
is no way to change a payment: it is canceled and made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from urllib.parse import quote, urlencode

import msgspec

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.client import FORM, PrecoroClient, Query, anew, explained
from ml_connector.connectors.precoro.payable import ASKED
from ml_connector.domain.document import TOKEN, Marker, Receipt
from ml_connector.domain.payment import BookedPayment, Payment
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import Inexpressible, NotFound, OutcomeUnknown, Refused, VendorChanged
from ml_connector.ports.payments import PaymentSink
from ml_connector.ports.sinks import NONE_KNOWN, Ending, Gate, Send, SinkLimits
from ml_connector.ports.storage import Clock
from ml_connector.transport.answer import Answer

PAYMENTS = "/payments"
STANDARD = "0"
EXCEEDS = "payment.exceeds"
CANCELED = "payment_canceled"
DECIMALS = 2
NOON = "T12:00:00Z"
"""Of a day that is written: it is the same day in almost every time zone."""
_NOTHING_LEFT = ("already fully paid", "greater than 0 and not exceed")


class Row(msgspec.Struct):
    """A payment, without what is not read of it."""

    id: int
    idn: str | int
    invoice: msgspec.Raw = wire.ABSENT
    sumPaid: msgspec.Raw = wire.ABSENT
    payDate: msgspec.Raw = wire.ABSENT
    status: msgspec.Raw = wire.ABSENT
    externalId: msgspec.Raw = wire.ABSENT


class PrecoroPayments(PaymentSink):
    """As `ports.payments.PaymentSink`. Amounts are read in the currency of the payment that they are compared
    with: Precoro states none.
    """

    ends = Ending.CANCEL

    def __init__(self, precoro: PrecoroClient, clock: Clock) -> None:
        self._precoro, self._clock, self._options = precoro, clock, precoro.options
        self.limits = SinkLimits(
            deadline_seconds=self._options.numbers["deadline_seconds"],
            settle_seconds=self._options.numbers["settle_seconds"],
            visible_seconds=self._options.numbers["visible_seconds"],
        )

    def check(self, document: Payment) -> tuple[Problem, ...]:
        """What Precoro cannot hold of it."""
        problems = []
        if document.amount.minor <= 0:
            text = f"Precoro takes no payment of {document.amount}."
            problems.append(Problem("payment.amount", "amount", text, Owner.CONTROLLER))
        if document.amount.amount != round(document.amount.amount, DECIMALS):
            text = f"Precoro keeps payments with two decimals, and {document.amount} has more."
            problems.append(Problem("payment.decimals", "amount", text, Owner.CONTROLLER))
        return tuple(problems)

    # --- finding --------------------------------------------------------------------------------------------

    def locate(
        self, wanted: Sequence[tuple[Payment, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By key every payment with the token, also where it was canceled: so it is never paid twice."""
        tokens = {marker.token: payment for payment, marker in wanted}
        found: dict[str, dict[int, Receipt]] = {payment.key: {} for payment, _ in wanted}
        every = list(tokens)
        for start in range(0, len(every), ASKED):
            for row in self._marked(every[start : start + ASKED]):
                payment = tokens[_text(row.externalId)]
                found[payment.key][row.id] = _receipt(row, payment.entity)
        return {key: tuple(rows[one] for one in sorted(rows)) for key, rows in found.items()}

    def _marked(self, tokens: Sequence[str]) -> Iterator[Row]:
        """A filter that Precoro does not know is not applied, so what comes is looked at."""
        for row in self._rows(tuple(("external_id[]", token) for token in tokens)):
            if _text(row.externalId) in tokens:
                yield row

    def _rows(self, query: Query) -> Iterator[Row]:
        for page in self._precoro.pages(PAYMENTS, (*query, anew(self._clock.now()))):
            yield from map(_decoded, page.rows)

    # --- writing --------------------------------------------------------------------------------------------

    @contextmanager
    def prepare(
        self,
        document: Payment,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        """Everything but the send. Raises `Inexpressible` for what `check` would have said."""
        if problems := self.check(document):
            raise Inexpressible.of(problems)
        body = urlencode(
            (
                ("invoice[id]", document.invoice),
                ("sumPaid", format(document.amount.amount, "f")),
                ("payDate", f"{document.paid_on.isoformat()}{NOON}"),
                ("logicType", STANDARD),
                ("externalId", marker.token),
            )
        ).encode()
        with explained(), self._precoro.http.prepare("POST", PAYMENTS, headers=FORM, content=body) as post:

            def send(gate: Gate) -> Receipt:
                try:
                    return self._made(post(gate), document.entity)
                except Refused as error:
                    raise self._exceeds(error, document) from error

            yield send

    def _made(self, answer: Answer, entity: str) -> Receipt:
        try:
            return _receipt(answer.decode(Row), entity)
        except VendorChanged as error:
            text = "Precoro answered the payment in a form that is not known, so the payment is searched for."
            raise OutcomeUnknown(text, where=PAYMENTS, support=error.support) from error

    def _exceeds(self, error: Refused, document: Payment) -> Refused:
        """Both texts that say that less is left to pay; any other refusal as it is."""
        if not any(words in error.problem.text for words in _NOTHING_LEFT):
            return error
        text = (
            f"Invoice {document.number} has less left to pay in Precoro than the {document.amount} that the"
            " ledger has settled, so somebody entered a payment there. Compare its payments with the ledger,"
            f" and cancel the one that is not right. {error.problem.text}"
        )
        where = f"invoice {document.number}"
        return Refused(text, where=where, support=error.support, code=EXCEEDS, owner=Owner.PROCUREMENT)

    def release(self, receipt: Receipt) -> Receipt:
        """A payment counts at once."""
        return receipt

    def abandon(self, receipt: Receipt) -> None:
        """A payment is made whole or not at all."""

    # --- reading --------------------------------------------------------------------------------------------

    def read_back(self, receipt: Receipt) -> BookedPayment:
        """The payment as it is now. Raises `NotFound` where it is gone or canceled."""
        row = self._one(receipt)
        if row is None or self._is_canceled(row):
            how = "is not in Precoro any more" if row is None else "was canceled in Precoro"
            status = "" if row is None else f" (status {_text(row.status)})"
            text = f"Payment {receipt.number} {how}{status}."
            raise NotFound(text, where=f"payment {receipt.number}")
        return self._booked(row, receipt)

    def _one(self, receipt: Receipt) -> Row | None:
        """By the token, of all that have it the one with the id."""
        identity, _, token = receipt.reference.partition("/")
        return next((row for row in self._marked([token]) if str(row.id) == identity), None)

    def _is_canceled(self, row: Row) -> bool:
        return _text(row.status) in self._options.canceled

    def _booked(self, row: Row, receipt: Receipt) -> BookedPayment:
        where = f"payment {receipt.number}"
        try:
            invoice = wire.ref(row.invoice, wire.Ref)
            amount, day = wire.number(row.sumPaid), wire.day(row.payDate, self._options.zone)
            if invoice is None or amount is None or day is None:
                raise ValueError("it lacks its invoice, amount or day")
            identity = wire.text(invoice.id)
        except ValueError as error:
            text = f"Payment {row.idn} of Precoro cannot be read: {error}. Report it to our support."
            raise VendorChanged(text, where=where) from error
        token = _text(row.externalId)
        return BookedPayment(
            receipt=receipt,
            invoice=identity,
            amount=amount,
            paid_on=day,
            marker=token if TOKEN.fullmatch(token) else "",
        )

    def near(self, document: Payment, last: date | None = None) -> tuple[BookedPayment, ...]:
        """Every payment of the invoice that stands, whoever made it and whatever day it names."""
        found = []
        for row in self._rows(()):
            invoice = wire.ref(row.invoice, wire.Ref) if not wire.is_unset(row.invoice) else None
            if invoice is None or _text(invoice.id) != document.invoice or self._is_canceled(row):
                continue
            found.append(self._booked(row, _receipt(row, document.entity)))
        return tuple(found)

    def compare(self, document: Payment, booked: BookedPayment) -> tuple[Problem, ...]:
        """Invoice, amount and day."""
        pairs = (
            ("invoice", document.invoice, booked.invoice),
            ("amount", document.amount.amount, booked.amount),
            ("day", document.paid_on, booked.paid_on),
        )
        return tuple(
            Problem(
                "read_back.header",
                f"payment {booked.receipt.number}",
                f"The {what} is {theirs} in Precoro and was written as {ours}. Correct it there.",
                Owner.PROCUREMENT,
            )
            for what, ours, theirs in pairs
            if ours != theirs
        )

    def takes_back(self, booked: BookedPayment, document: Payment) -> bool:
        """A payment takes nothing back."""
        return False

    def cancels(self, booked: BookedPayment, other: BookedPayment) -> bool:
        """A payment takes nothing back."""
        return False

    # --- ending ---------------------------------------------------------------------------------------------

    def is_ended(self, receipt: Receipt) -> bool:
        """Whether it was canceled, or is gone."""
        row = self._one(receipt)
        return row is None or self._is_canceled(row)

    def end(self, receipt: Receipt) -> None:
        """Cancel it; nothing where that has happened. Raises `VendorChanged` where Precoro canceled it and
        shows a status that does not say so here.
        """
        if self.is_ended(receipt):
            return
        path = f"{PAYMENTS}/{quote(receipt.number, safe='')}/cancel"
        with explained(), self._precoro.http.prepare("POST", path, headers=FORM) as post:
            answer = post(lambda: None)
        row = _decoded(msgspec.Raw(answer.body))
        if not self._is_canceled(row):
            text = (
                f"Precoro canceled payment {receipt.number} and shows it with status {_text(row.status)},"
                f" which the setting {CANCELED} does not name. If it is canceled there, add the number."
            )
            raise VendorChanged(text, where=f"payment {receipt.number}")


def _decoded(raw: msgspec.Raw) -> Row:
    try:
        return msgspec.json.decode(raw, type=Row)
    except msgspec.DecodeError as error:
        text = f"A payment of Precoro cannot be read: {error}. Report it to our support."
        raise VendorChanged(text, where=PAYMENTS) from error


def _text(raw: msgspec.Raw) -> str:
    """The text of a field; empty for one that holds none."""
    try:
        return wire.text(raw)
    except ValueError:
        return ""


def _receipt(row: Row, entity: str) -> Receipt:
    """The reference holds the token too: there is no reading of a payment by its id."""
    return Receipt(
        reference=f"{row.id}/{_text(row.externalId)}", number=str(row.idn), entity=entity, posted=True
    )
