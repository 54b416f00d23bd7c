"""What Precoro and its screens refuse: with the reason, without a trace in the books, and without a crash."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.precoro_world import FORM, World

LINE = {"text": "x", "price": "1.00", "tax": "21% High", "codes": {"account": "4100"}}
NEW = {"supplier": "S0001", "number": "N-1", "lines": [LINE]}
DEEP = "a" + "[b]" * 5_000 + "=1"


@pytest.fixture(scope="module")
def world() -> World:
    return World("fast")


def untouched(world: World) -> Any:
    """What the books hold, but the calls."""
    return {name: value for name, value in world.books().items() if name != "calls"}


@pytest.mark.parametrize(
    ("method", "path", "form", "field"),
    [
        ("POST", "/payments", "invoice[id]=1017&sumPaid=1e3&payDate=2026-07-01&logicType=0", "sumPaid"),
        ("POST", "/payments", "invoice[id]=1017&sumPaid=1&payDate=0001-01-01&logicType=0", "payDate"),
        ("POST", "/payments", "invoice=x&sumPaid=1&payDate=2026-07-01&logicType=0", "invoice"),
        ("POST", "/payments", "invoice[id][id]=1&sumPaid=1&payDate=2026-07-01&logicType=0", "invoice"),
        ("POST", "/payments", "sumPaid[a]=1&payDate=2026-07-01&logicType=0", "sumPaid"),
        ("PATCH", "/invoices/1001", "externalId[a]=1", "externalId"),
        ("POST", "/suppliers", "name=X&deliveryPeriod=soon", "deliveryPeriod"),
        ("POST", "/suppliers", "name=X&minimumSum=%D9%A1", "minimumSum"),
        ("POST", "/paymentterms", "name=X&creditPeriodDays=1.5", "creditPeriodDays"),
        ("POST", "/items", "name=X&supplier[id]=9", "supplier"),
        ("GET", "/invoices?sent_to_external=maybe", "", "sent_to_external"),
        ("GET", "/invoices?modifiedSince=0001-01-01T00:00:00", "", "modifiedSince"),
        ("GET", "/invoices?approvalDate[left_date]=01.01.0001", "", "approvalDate[left_date]"),
        ("GET", "/invoices?page=99999999999999999999", "", "page"),
        ("GET", "/invoices?id=%C2%B2", "", "id"),
    ],
)
def test_a_value_that_does_not_fit_is_named(
    world: World, method: str, path: str, form: str, field: str
) -> None:
    before = untouched(world)
    assert field in world.refusal(method, path, form)
    assert before == untouched(world)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/receipts/501", []),
        ("/receipts/501", {"items": []}),
        ("/receipts/501", {"items": [{"itemId": True, "quantity": 1}]}),
        ("/receipts/501", {"items": [{"itemId": 90001, "quantity": "1"}], "requiredDate": "soon"}),
        ("/contract", {"number": "C", "id": "20401"}),
        ("/contract", {"number": {"a": 1}, "id": 20401}),
    ],
)
def test_json_that_does_not_fit_is_a_400(world: World, path: str, body: Any) -> None:
    before = untouched(world)
    assert 400 == world.client.post(path, json=body).status_code
    assert before == untouched(world)


def test_custom_fields_and_files_that_do_not_fit_are_a_400(world: World) -> None:
    path, wrong = "/suppliers/20401/customfields", [{"supplierCustomField": {"id": 9}, "value": "x"}]
    assert 400 == world.client.patch(path, json={"dataSupplierCustomFields": wrong}).status_code
    assert 400 == world.client.post("/attachments/1017/1", files={"other": ("a", b"x")}).status_code
    assert 400 == world.client.post("/attachments/1017/1", files={"file": (None, b"x")}).status_code


@pytest.mark.parametrize(
    "body", [DEEP, "[]=1", "a[=1&b]=2&name=", "=&&=", "name=%FF%FE", "x" * 100_000, "a&" * 5_000]
)
def test_odd_forms_have_an_answer(world: World, body: str) -> None:
    """PHP reads what it can of them."""
    answer = world.client.post("/taxes", content=body, headers={"Content-Type": FORM})
    assert 400 == answer.status_code
    assert {"name", "percent"} & set(answer.json()["errors"]["errors"])


def test_a_field_and_a_list_of_one_name_do_not_meet(world: World) -> None:
    assert "currencies" in world.made("POST", "/suppliers", "name=X&currencies=EUR&currencies[]=USD")


def test_an_order_is_approved_or_rejected_once(world: World) -> None:
    assert 1 == world.read("/purchaseorders/502")["status"]
    approved = world.made("POST", "/purchaseorders/502/approve")
    assert (2, "2026-07-14") == (approved["status"], approved["approvalDate"][:10])
    assert "status" in world.refusal("POST", "/purchaseorders/502/reject")
    assert 3 == World("fast").made("POST", "/purchaseorders/502/reject")["status"]


@pytest.mark.parametrize(
    ("status", "action", "body"),
    [
        (404, "pay", {"idn": "9"}),
        (400, "pay", {"idn": "1001", "amount": "NaN"}),
        (400, "pay", {"idn": "1001", "amount": "1", "date": "soon"}),
        (404, "cancel_payment", {"payment": "9"}),
        (400, "approve", {"idn": "1001"}),
        (400, "add_invoice", {**NEW, "kind": 9}),
        (400, "add_invoice", {**NEW, "lines": []}),
        (400, "add_invoice", {**NEW, "status": "lost"}),
        (400, "add_invoice", {**NEW, "issued": "0001-01-01"}),
        (400, "add_invoice", {**NEW, "number": "\ud800"}),
        (400, "add_invoice", {**NEW, "lines": [{**LINE, "quantity": "1e9", "price": "1e9"}]}),
        (404, "add_invoice", {**NEW, "codes": {"cost_center": "NONE"}}),
        (404, "add_invoice", {**NEW, "codes": {"colour": "red"}}),
        (404, "edit_invoice", {"idn": "1001", "set": {"lines": [LINE], "codes": {"cost_center": "NONE"}}}),
        (400, "attach", {"idn": "1001", "bytes": 10**12}),
        (400, "attach", {"idn": "1001", "content": "?"}),
        (404, "detach", {"idn": "1001", "attachment": 9}),
        (400, "split", {"idn": "1001", "parts": [{"percent": 0}, {"percent": 1}]}),
        (404, "edit_supplier", {"set": {"name": "X"}}),
        (400, "edit_supplier", {"code": "S0001", "set": {"name": ""}}),
        (400, "add_supplier", {"set": {"city": "Delft"}}),
        (400, "add_supplier", {"set": {"name": "X"}, "approval": "maybe"}),
        (400, "rename_supplier", {"code": "S0001"}),
        (404, "merge_suppliers", {"code": "S0001", "into": "S9"}),
        (404, "add_option", {"axis": "colour", "code": "1", "name": "X"}),
        (404, "edit_option", {"axis": "project", "code": "P100", "parent": "NONE"}),
        (400, "edit_option", {"axis": "project", "code": "P100", "parent": "P100"}),
        (400, "rename_tax", {"name": "9% Low"}),
        (400, "add_term", {"name": "X", "days": -1}),
        (400, "restrict_user", {}),
        (404, "restrict_user", {"email": "nobody@noordkade.example", "locations": []}),
        (404, "restrict_user", {"locations": ["MARS"]}),
        (400, "send_webhook", {"table": "taxes"}),
        (404, "nothing", {}),
    ],
)
def test_what_cannot_be_done_at_a_screen_changes_nothing(
    world: World, status: int, action: str, body: dict[str, Any]
) -> None:
    before = untouched(world)
    assert status == world.refused(action, **body)
    assert before == untouched(world)
    assert 0 == world.client.get("/__sandbox__/failures").json()["count"]


def test_people_change_any_part_of_an_invoice(world: World) -> None:
    facts = {"issued": "2026-06-05", "due": "2026-06-06", "supplier": "S0003", "currency": "USD", "note": "n"}
    world.control(
        "edit_invoice",
        idn="1006",
        set={**facts, "entity": "Noordkade Belgium BV", "codes": {"project": "P200"}},
    )
    whole = world.read("/invoices/1006")
    assert ("2026-06-05", "2026-06-06", "USD", "n") == (
        whole["issueDate"][:10],
        whole["requiredDate"][:10],
        whole["currency"],
        whole["note"],
    )
    assert ("S0003", 42) == (whole["supplier"]["uniqueCode"], whole["legalEntity"]["id"])
    assert 2 == len(whole["dataDocumentCustomFields"]["data"])


def test_the_last_user_stays_active() -> None:
    world = World("fast")
    for user in world.told["users"]:
        world.client.post("/__sandbox__/control/deactivate_user", json={"email": user["email"]})
    assert 1 == len([user for user in world.vendor.describe("")["users"] if user["active"]])


def test_a_plan_that_cannot_be_carried_out_is_forgotten() -> None:
    world = World("fast")
    world.control("before_detail", idn="1001", do="approve")
    assert 2 == world.read("/invoices/1001")["status"]
    assert 0 == world.client.get("/__sandbox__/failures").json()["count"]


def test_a_scan_may_come_later() -> None:
    world = World("fast")
    made = world.control("attach", idn="1001", name="scan.pdf", scan=True)["attachment"]
    assert made == world.read("/invoices/1001")["relatedOcrAttachment"]["id"]
    world.control("detach", idn="1001", attachment=made)
    assert [] == world.read("/invoices/1001")["relatedOcrAttachment"]
