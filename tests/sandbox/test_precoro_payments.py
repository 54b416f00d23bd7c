"""Payments of Precoro: what is taken, what is refused in which words, and what an invoice is afterwards."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.sandbox.precoro_world import World, pay

FIRST = 1017
"""The invoice of 223.06 with the number 1001."""


def status(world: World, idn: str = "1001") -> tuple[int, str]:
    whole = world.read(f"/invoices/{idn}")
    return whole["status"], whole["sumPaid"]


def test_parts_make_an_invoice_partly_paid_and_paid() -> None:
    """By the id of the invoice; the id of the counterpart may come along."""
    world = World("fast")
    made = world.made("POST", "/payments", pay(FIRST, "100.00", externalId="bank-1"))
    assert ("bank-1", 100, {"id": FIRST, "idn": "1001"}) == (
        made["externalId"],
        made["sumPaid"],
        made["invoice"],
    )
    assert Decimal("123.06") == made["balance"]
    assert (4, "100.00") == status(world)
    world.made("POST", "/payments", pay(FIRST, "123.06"))
    assert (5, "223.06") == status(world)
    assert 2 == len(world.read("/invoices/1001")["payments"]["data"])
    assert ["bank-1"] == [row["externalId"] for row in world.rows("/payments?external_id[]=bank-1")]


def test_a_cent_too_much_is_refused_with_what_is_left() -> None:
    world = World("fast")
    text = "The amount must be greater than 0 and not exceed 223.06"
    assert {"sumPaid": text} == world.refusal("POST", "/payments", pay(FIRST, "223.07"))
    assert {"sumPaid": text} == world.refusal("POST", "/payments", pay(FIRST, "0"))
    assert {"sumPaid": text} == world.refusal("POST", "/payments", pay(FIRST, "-1.00"))
    assert (2, "0.00") == status(world)


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("already", "The Invoice is already fully paid."),
        ("exceeds", "The amount must be greater than 0 and not exceed 0"),
    ],
)
def test_nothing_is_left_to_pay(mode: str, text: str) -> None:
    """In the vendor's two sentences."""
    world = World("fast", paid_text=mode)
    world.control("pay", idn="1001")
    assert {"sumPaid": text} == world.refusal("POST", "/payments", pay(FIRST, "1.00"))


def test_what_is_mandatory_is_named_and_nothing_is_made() -> None:
    world = World("fast")
    blank = "This value should not be blank."
    assert {"sumPaid": blank, "payDate": blank, "logicType": blank} == world.refusal("POST", "/payments")
    assert {"invoice": blank} == world.refusal(
        "POST", "/payments", "sumPaid=1&payDate=2026-07-01&logicType=0"
    )
    assert {"invoice": "The selected choice is invalid."} == world.refusal(
        "POST", "/payments", pay(9, "1.00")
    )
    for wrong in ({"payDate": "soon"}, {"sumPaid": "1,00"}, {"sumPaid": "1.005"}, {"logicType": "7"}):
        assert list(wrong) == list(world.refusal("POST", "/payments", {**pay(FIRST, "1.00"), **wrong}))
    flat = World("fast", field_errors="flat").send("POST", "/payments")
    assert "sumPaid" in flat.json()["errors"]
    assert 3 == len(world.books()["payments"])


def test_json_is_not_read_as_a_payment() -> None:
    world = World("fast")
    answer = world.client.post("/payments", json={"sumPaid": "1.00"})
    assert 400 == answer.status_code
    assert 3 == len(world.books()["payments"])


def test_only_approved_invoices_and_no_credit_notes_are_paid() -> None:
    world = World("fast")
    pending, credit = world.invoice("GS/2026/07/12")["id"], world.books()["invoices"][24]["id"]
    assert {"invoice": "The Invoice is pending."} == world.refusal("POST", "/payments", pay(pending, "1.00"))
    assert "invoice" in world.refusal("POST", "/payments", pay(credit, "1.00"))
    allowed = World("fast", credit_note_payments=True)
    assert 1 == allowed.made("POST", "/payments", pay(credit, "1.00"))["sumPaid"]


def test_a_cancelled_payment_leaves_the_invoice_as_it_was() -> None:
    """400 and 600 of 1,000, 600 taken back: 400 stays; matched again it is another payment."""
    world = World("fast")
    key = world.invoice("WB-2026-0099")
    world.made("POST", "/payments", pay(key["id"], "400.00"))
    second = world.made("POST", "/payments", pay(key["id"], "600.00"))
    assert 5 == status(world, key["idn"])[0]
    gone = world.made("POST", f"/payments/{second['idn']}/cancel")
    assert (2, second["id"]) == (gone["status"], gone["id"])
    assert (4, "400.00") == status(world, key["idn"])
    assert "status" in world.refusal("POST", f"/payments/{second['idn']}/cancel")
    third = world.made("POST", "/payments", pay(key["id"], "600.00"))
    assert third["idn"] != second["idn"]
    assert (5, "1000.00") == status(world, key["idn"])
    numbers = World("fast", payment_status_active=7, payment_status_cancelled=9)
    assert {7} == {row["status"] for row in numbers.rows("/payments")}
    assert 9 == numbers.made("POST", "/payments/3001/cancel")["status"]


def test_a_payment_is_marked_and_never_changed() -> None:
    world = World("fast")
    marked = world.made("PATCH", "/payments/3001", "externalId=bank-9&sumPaid=1.00")
    assert ("bank-9", 1_000) == (marked["externalId"], marked["sumPaid"])
    assert 405 == world.send("PUT", "/payments/3001", pay(FIRST, "1.00")).status_code
    assert 405 == world.get("/payments/3001").status_code
    assert 404 == world.send("PATCH", "/payments/3021", "externalId=x").status_code


def test_a_post_that_is_repeated_is_paid_twice() -> None:
    """There is no key for it: who lost the answer has to look."""
    world = World("fast")
    for _ in range(2):
        world.made("POST", "/payments", pay(FIRST, "10.00", externalId="bank-1"))
    assert (4, "20.00") == status(world)


def test_withheld_tax_is_not_paid_to_the_supplier() -> None:
    world = World("fast")
    held = world.invoice("ANZ 26/99")
    world.made("POST", "/payments", pay(held["id"], "1110.00"))
    assert 5 == status(world, held["idn"])[0]


def test_a_negative_invoice_has_nothing_to_pay() -> None:
    world = World("fast")
    held = world.invoice("1002-C")
    assert (-121, -100) == tuple(world.read(f"/invoices/{held['idn']}")[name] for name in ("sum", "netSum"))
    assert "sumPaid" in world.refusal("POST", "/payments", pay(held["id"], "-121.00"))


def test_people_pay_by_card_and_take_payments_back() -> None:
    world = World("fast")
    world.control("pay", idn="1001", amount="23.06", means="card")
    world.control("pay", idn="1001")
    assert (5, "223.06") == status(world)
    made = {row["means"] for row in world.books()["payments"] if row["invoice"] == "1001"}
    assert {"card", "screen"} == made
    world.control("cancel_payment")
    assert (4, "23.06") == status(world)
    assert 400 == world.refused("pay", idn="1001", amount="1000.00")


def test_prepayments_of_orders_and_payments_of_expenses() -> None:
    world = World("fast")
    order = {"purchaseOrder[id]": "7101", "sumPaid": "100.00", "payDate": "2026-07-01", "logicType": "1"}
    made = world.made("POST", "/payments", order)
    assert (True, "501", []) == (made["prepayment"], made["purchaseOrder"]["idn"], made["invoice"])
    assert "sumPaid" in world.refusal("POST", "/payments", {**order, "sumPaid": "9000.00"})
    assert "invoice" in world.refusal("POST", "/payments", {**order, "logicType": "0"})
    billed = world.control("wait_for_receipt", idn="1012")
    assert [] == world.read("/invoices/1012")["payments"]["data"]
    world.control("receive", idn=billed["idn"])
    assert ("100.00", 4) == tuple(world.read("/invoices/1012")[name] for name in ("sumPaid", "status"))
    assert "purchaseOrder" in world.refusal("POST", f"/payments/{made['idn']}/cancel")
    world.control("cancel_payment", payment=made["idn"])
    assert 2 == world.read("/invoices/1012")["status"]
    expense = {"expense[id]": "8501", "sumPaid": "20.00", "payDate": "2026-07-01"}
    assert 20 == world.made("POST", "/expensePayments", expense)["sumPaid"]
    whole = world.read("/expenses/401")
    assert (4, 20, 1) == (whole["status"], whole["sumPaid"], len(whole["expensePayments"]["data"]))
    assert "sumPaid" in world.refusal("POST", "/expensePayments", {**expense, "sumPaid": "31.00"})
    assert "expense" in world.refusal("POST", "/expensePayments", "sumPaid=1&payDate=2026-07-01")
    assert 1 == len(world.rows("/expensePayments"))
