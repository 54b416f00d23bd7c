"""How an invoice goes through approval and is paid, cost shares and all.

0 open ─► 6 awaiting confirmation ─► 1 pending ─► 2 approved ─► 4 partly paid ─► 5 paid ─► 11 closed
                                       │  ▲           └─ 7 on revise ─┐
                                3 denied  └───────────────────────────┘       8 canceled: from anywhere
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.precoro.answers import invalid
from ml_connector_sandbox.systems.precoro.book import Book

OPEN, PENDING, APPROVED, DENIED, PARTLY_PAID, PAID, AWAITING, ON_REVISE, CANCELED = range(9)
PENDING_RECEIPT, APPROVAL_REVIEW, CLOSED = 9, 10, 11
STATUSES = (
    *("open", "pending", "approved", "denied", "partly_paid", "paid", "awaiting_confirmation", "on_revise"),
    *("canceled", "pending_receipt", "approval_review", "closed"),
)
STANDARD, CREDIT_NOTE, FROM_ORDER, OTHER_CREDIT = 0, 1, 2, 5
CREDITS = (CREDIT_NOTE, OTHER_CREDIT)
PAYABLE = (APPROVED, PARTLY_PAID, PAID)
BOOKABLE = (*PAYABLE, CLOSED)
"""Approved, whatever happened since."""
STEPS = {
    "approve": ((PENDING, APPROVAL_REVIEW), APPROVED),
    "confirm": ((AWAITING,), PENDING),
    "reject": ((PENDING, AWAITING, APPROVAL_REVIEW), DENIED),
    "revision": ((PENDING, *PAYABLE), ON_REVISE),
    "confirm_revise": ((ON_REVISE,), PENDING),
}
"""What each step takes, and where it leads."""
CENT = Decimal("0.01")
FULLY_PAID = "The Invoice is already fully paid."


def step(book: Book, switches: Switches, invoice: Row, name: str, user: int) -> None:
    """Take one step of the approval; `Refused` where the invoice does not stand there."""
    before, after = STEPS[name]
    if invoice["status"] not in before:
        raise invalid(status=f"The Invoice is {STATUSES[invoice['status']]}.")
    for row in (invoice, *book.children(invoice)):
        move(book, switches, row, after, user)


def move(book: Book, switches: Switches, invoice: Row, status: int, user: int) -> None:
    """Put an invoice into a status, with what follows from it."""
    now = book.now()
    invoice.update(status=status, updateDate=now, lastEditor=user)
    if status == APPROVED:
        invoice.update(approvalDate=now, lastApprover=user)
        use_prepayments(book, invoice)
        settle(book, invoice)
    elif status == ON_REVISE and switches["revision_clears_approval_date"]:
        invoice["approvalDate"] = None


def remaining(book: Book, invoice: Row) -> Decimal:
    """What is left to pay, in the invoice's currency."""
    left: Decimal = invoice["sum"] - invoice["withholdingTaxSum"] - paid(book, invoice)
    return left


def paid(book: Book, invoice: Row) -> Decimal:
    """What was paid by payments that stand."""
    return sum((row["sumPaid"] for row in book.payments(invoice) if not row["cancelled"]), Decimal(0))


def settle(book: Book, invoice: Row) -> None:
    """The status that follows from the payments."""
    invoice["sumPaid"] = paid(book, invoice)
    if invoice["status"] in PAYABLE:
        part = PARTLY_PAID if invoice["sumPaid"] > 0 else APPROVED
        invoice["status"] = PAID if invoice["sumPaid"] > 0 and remaining(book, invoice) <= 0 else part


def pay(book: Book, switches: Switches, invoice: Row, amount: Decimal, values: Row) -> Row:
    """Add a payment; `Refused` for one that may not be."""
    if invoice["logicType"] in CREDITS and not switches["credit_note_payments"]:
        raise invalid(invoice="Credit notes cannot be paid.")
    if invoice["status"] not in PAYABLE:
        raise invalid(invoice=f"The Invoice is {STATUSES[invoice['status']]}.")
    left = remaining(book, invoice)
    if left <= 0 and switches["paid_text"] == "already":
        raise invalid(sumPaid=FULLY_PAID)
    if amount <= 0 or amount > left:
        raise invalid(
            sumPaid=f"The amount must be greater than 0 and not exceed {shown(max(left, Decimal(0)))}"
        )
    row = book.add(
        "payments",
        {"invoice": invoice["id"], "purchaseOrder": None, "sumPaid": amount, "cancelled": False, **values},
    )
    invoice["updateDate"] = book.now()
    settle(book, invoice)
    return row


def use_prepayments(book: Book, invoice: Row) -> None:
    """What was paid for the order beforehand pays its next approved invoice, as far as it fits."""
    order = invoice["purchaseOrder"]
    waiting = [
        row
        for row in book.rows("payments")
        if order is not None and row["purchaseOrder"] == order and not row["invoice"] and not row["cancelled"]
    ]
    for row in waiting:
        if row["sumPaid"] <= remaining(book, invoice):
            book.pay_with(row, invoice)


def cancel_payment(book: Book, payment: Row) -> None:
    """Take a payment back; the invoice is again as if it had not been made."""
    if payment["cancelled"]:
        raise invalid(status="The Payment is already canceled.")
    payment.update(cancelled=True, updateDate=book.now())
    invoice = book.get("invoices", payment["invoice"])
    if invoice is not None:
        invoice["updateDate"] = book.now()
        settle(book, invoice)


def rounded(value: Decimal) -> Decimal:
    """To the cent."""
    return value.quantize(CENT, ROUND_HALF_UP)


def shares(amount: Decimal, weights: list[int]) -> list[Decimal]:
    """An amount in parts that add up to it: cents that are left over go to the first parts."""
    cents, whole = int(amount / CENT), sum(weights)
    parts = [cents * weight // whole for weight in weights]
    for place in range(cents - sum(parts)):
        parts[place] += 1
    return [part * CENT for part in parts]


def shown(amount: Decimal) -> str:
    """An amount in a sentence: no zeros at the end."""
    text = format(amount.quantize(CENT), "f").rstrip("0").rstrip(".")
    return text or "0"


def approved_at(invoice: Row, switches: Switches) -> datetime | None:
    """The date of approval, as the vendor shows it."""
    if invoice["status"] == PENDING_RECEIPT and not switches["pending_receipt_is_approved"]:
        return None
    found: datetime | None = invoice["approvalDate"]
    return found
