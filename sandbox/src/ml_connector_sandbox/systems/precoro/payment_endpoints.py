"""Payments of invoices, prepayments of orders, and payments of expenses."""

from __future__ import annotations

from decimal import Decimal

from ml_connector_sandbox.core.vendor import Response, Row
from ml_connector_sandbox.systems.precoro.answers import invalid, json_answer
from ml_connector_sandbox.systems.precoro.endpoint import Call, Endpoint
from ml_connector_sandbox.systems.precoro.invoices import CENT, cancel_payment, pay
from ml_connector_sandbox.systems.precoro.masters import BLANK, named, set_external_id, values_of

PREPAYMENT = 1


def _create(call: Call) -> Response:
    """Names its invoice by id, not by number."""
    call.may_write("payments")
    form, book = call.form(), call.book
    values = values_of("payments", form, whole=True)
    amount: Decimal = values.pop("sumPaid")
    if amount != amount.quantize(CENT):
        raise invalid(sumPaid="This value is not valid.")
    if values["logicType"] not in (0, PREPAYMENT):
        raise invalid(logicType="The selected choice is invalid.")
    values |= {"creator": call.user["id"], "means": "api"}
    invoice = book.get("invoices", named(book, form, "invoice", "invoices"))
    if invoice is not None:
        call.allowed("invoices", invoice)
        row = pay(book, call.tenant.switches, invoice, amount, values)
        call.tell("invoices", invoice)
        return json_answer(call.view.row("payments", row, detail=True), 201)
    order = book.get("purchaseorders", named(book, form, "purchaseOrder", "purchaseorders"))
    if order is None or values["logicType"] != PREPAYMENT:
        raise invalid(invoice=BLANK)
    return json_answer(call.view.row("payments", _prepaid(call, order, amount, values), detail=True), 201)


def _prepaid(call: Call, order: Row, amount: Decimal, values: Row) -> Row:
    """A payment of an order before there is an invoice."""
    call.allowed("purchaseorders", order)
    standing = {"invoice": None, "purchaseOrder": order["id"], "cancelled": False}
    before = sum(
        (
            row["sumPaid"]
            for row in call.book.rows("payments")
            if row["purchaseOrder"] == order["id"] and not row["cancelled"]
        ),
        Decimal(0),
    )
    if amount <= 0 or amount > order["sum"] - before:
        raise invalid(sumPaid=f"The amount must be greater than 0 and not exceed {order['sum'] - before}")
    row = call.book.add("payments", {**standing, "sumPaid": amount, **values})
    call.tell("purchaseorders", order)
    return row


def _cancel(call: Call) -> Response:
    row = call.found("payments")
    call.may_write("payments")
    if row["purchaseOrder"] is not None:
        raise invalid(purchaseOrder="A prepayment is canceled at its Purchase Order.")
    cancel_payment(call.book, row)
    invoice = call.book.get("invoices", row["invoice"])
    if invoice is not None:
        call.tell("invoices", invoice)
    return call.detail("payments", row)


def _mark(call: Call) -> Response:
    """Nothing but `externalId` of a payment can be changed."""
    row = call.found("payments")
    call.may_write("payments")
    set_external_id(call.book, call.tenant.switches, "payments", row, call.form())
    return call.detail("payments", row)


def _pay_expense(call: Call) -> Response:
    call.may_write("expenses")
    form, book = call.form(), call.book
    values = values_of("expensepayments", form, whole=True)
    expense = book.get("expenses", named(book, form, "expense", "expenses"))
    if expense is None:
        raise invalid(expense=BLANK)
    call.allowed("expenses", expense)
    left = expense["sum"] - expense["sumPaid"]
    if expense["status"] not in (2, 4) or not 0 < values["sumPaid"] <= left:
        raise invalid(sumPaid=f"The amount must be greater than 0 and not exceed {left}")
    row = book.add("expensepayments", {"expense": expense["id"], "creator": call.user["id"], **values})
    paid = expense["sumPaid"] + values["sumPaid"]
    expense.update(sumPaid=paid, status=5 if paid == expense["sum"] else 4, updateDate=book.now())
    call.tell("expenses", expense)
    return json_answer(call.view.row("expensepayments", row, detail=True), 201)


def endpoints() -> list[Endpoint]:
    """Every path of payments."""
    return [
        Endpoint(method="GET", path="/payments", answer=lambda call: call.listing("payments")),
        Endpoint(method="POST", path="/payments", answer=_create),
        Endpoint(method="POST", path="/payments/{key}/cancel", answer=_cancel),
        Endpoint(method="PATCH", path="/payments/{key}", answer=_mark),
        Endpoint(method="GET", path="/expensePayments", answer=lambda call: call.listing("expensepayments")),
        Endpoint(method="POST", path="/expensePayments", answer=_pay_expense),
    ]
