"""Invoices of Precoro: their shape with its quirks, approval, revision, marks, shares, credit notes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.sandbox.precoro_world import World

DETAIL_ONLY = ("items", "taxes", "payments", "attachments", "dataDocumentCustomFields", "approvalSteps")


def test_a_row_is_a_summary_and_the_record_the_whole() -> None:
    world = World("fast")
    row, whole = world.rows("/invoices")[1], world.read("/invoices/1002")
    assert [] == [name for name in DETAIL_ONLY if name in row]
    assert [] == [name for name in DETAIL_ONLY if name not in whole]
    assert {name: value for name, value in whole.items() if name in row} == row
    assert ("1002", 1018, "RE-2026-118") == (whole["idn"], whole["id"], whole["invoiceNumber"])
    assert (2, "status.approved", 0) == (whole["status"], whole["statusString"], whole["logicType"])
    assert "2026-06-03T00:00:00+00:00" == whole["issueDate"]
    assert "2026-07-03T00:00:00+00:00" == whole["requiredDate"]


def test_a_line_says_account_tax_and_cost_unit() -> None:
    """One pair of field and option for each custom field of the line."""
    (line,) = World("fast").read("/invoices/1027")["items"]["data"]
    codes = {
        held["itemCustomField"]["name"]: held["itemCustomFieldOption"]["code"]
        for held in line["dataItemCustomFields"]["data"]
    }
    assert {"GL account": "7000", "Cost unit": "U01"} == codes
    assert (98_400, 98_400, 0) == (line["netSum"], line["sum"], line["taxSum"])
    assert ["0% Reverse charge EU goods"] == [tax["name"] for tax in line["taxes"]["data"]]


def test_the_vat_of_a_document_is_as_stated_and_not_the_sum_of_its_lines() -> None:
    world = World("fast")
    whole = world.read("/invoices/1007")
    assert [Decimal("10.51")] == [tax["taxAmount"] for tax in whole["taxes"]["data"]]
    assert (Decimal("60.51"), 50) == (whole["sum"], whole["netSum"])
    assert Decimal("10.51") == sum(line["taxSum"] for line in whole["items"]["data"])
    two = world.read("/invoices/1008")["taxes"]["data"]
    assert [Decimal("21.01"), Decimal("8.99")] == [tax["taxAmount"] for tax in two]
    withheld = world.read(f"/invoices/{world.invoice('ANZ 26/99')['idn']}")
    assert (1_210, 100) == (withheld["sum"], withheld["withholdingTaxSum"])


def test_money_is_number_and_text_as_the_switch_says() -> None:
    """A paid sum is text and the total a number; nothing is rounded by a float on its way."""
    assert '"sumPaid":"1000.00"' in World("fast").get("/invoices/1042").text
    assert '"sum":1718.2,' in World("fast").get("/invoices/1042").text
    text = World("fast", money="text").read("/invoices/1042")
    assert ("1718.20", "1420.00") == (text["sum"], text["items"]["data"][0]["price"])
    exact = World("fast", money="text")
    line = {"text": "Screws", "quantity": "1000", "price": "0.0125", "tax": "No VAT", "codes": {}}
    exact.control("edit_invoice", idn="1001", set={"lines": [line]})
    assert ("0.0125", "12.50") == tuple(
        exact.read("/invoices/1001")["items"]["data"][0][name] for name in ("price", "netSum")
    )
    assert 1_000 == World("fast", money="number").read("/invoices/1042")["sumPaid"]


def test_what_is_not_set_is_an_empty_array_or_null() -> None:
    for mode, unset in (("array", []), ("null", None)):
        bare = World("fast", unset_reference=mode).read("/invoices/1059")
        names = ("legalEntity", "purchaseOrder", "budget", "allocatedInvoice", "relatedOcrAttachment")
        assert [unset] * 5 == [bare[name] for name in names], mode
        assert {"data": []} == bare["dataDocumentCustomFields"]


def test_the_rate_has_two_shapes_and_two_directions() -> None:
    def rate(number: int, **switches: str) -> object:
        return World("fast", **switches).read(f"/invoices/{number}")["exchangeRate"]

    assert {"currency": "USD", "rate": Decimal("0.9")} == rate(1037)
    assert [] == rate(1001)
    assert Decimal("0.9") == rate(1037, exchange_rate_as="number")
    turned = {"exchange_rate_as": "number", "exchange_rate_direction": "document_per_company"}
    assert Decimal("1.111111") == rate(1037, **turned)
    dollars = World("fast").read("/invoices/1037")
    assert (Decimal("99.99"), Decimal("89.99")) == (dollars["sum"], dollars["sumInCompanyCurrency"])


def test_values_of_header_fields_come_in_three_forms() -> None:
    def value(form: str) -> object:
        return World("fast", field_value_as=form).read("/invoices/1002")["dataDocumentCustomFields"]["data"][
            0
        ]

    assert ("5402", "Cost center") == (value("id")["value"], value("id")["documentCustomField"]["name"])  # type: ignore[index]
    assert "Warehouse" == value("name")["value"]  # type: ignore[index]
    assert "OPSWH" == value("object")["value"]["code"]  # type: ignore[index]
    assert "5402,5408" == World("fast").read("/invoices/1002")["allDocumentCustomFieldOptionsIds"]
    listed = World("fast", option_ids_as="list").read("/invoices/1002")
    assert [5402, 5408] == listed["allDocumentCustomFieldOptionsIds"]
    texts = World("fast").read("/invoices/1023")["dataDocumentCustomFields"]["data"]
    assert "2026-11-01/2027-10-31" == texts[1]["value"]


# --- approval -----------------------------------------------------------------------------------------------


def test_every_status_is_there() -> None:
    assert set(range(12)) == {row["status"] for row in World("fast").rows("/invoices")}
    paid = World("fast").read("/invoices/1038")
    assert (5, "1000.00") == (paid["status"], paid["sumPaid"])


def test_steps_of_the_approval_through_the_api() -> None:
    """Each from where it may be taken; else the invoice says where it stands."""
    world = World("fast")

    def taken(number: str, name: str) -> int:
        return int(world.made("POST", f"/invoices/{number}/{name}")["status"])

    assert None is world.read("/invoices/1045")["approvalDate"]
    assert 2 == taken("1045", "approve")
    assert "2026-07-14" == world.read("/invoices/1045")["approvalDate"][:10]
    assert {"status": "The Invoice is approved."} == world.refusal("POST", "/invoices/1045/approve")
    assert 7 == taken("1045", "revision")
    assert 1 == taken("1045", "confirm_revise")
    assert 3 == taken("1045", "reject")
    assert 1 == taken("1048", "confirm")
    assert "status" in world.refusal("POST", "/invoices/1048/confirm_revise")
    assert 404 == world.send("POST", "/invoices/9/approve").status_code


@pytest.mark.parametrize("clears", [True, False])
def test_a_revision_keeps_the_mark_and_may_change_the_amount(clears: bool) -> None:
    world = World("fast", revision_clears_approval_date=clears)
    world.made("PATCH", "/invoices/1001", "externalId=entry-1&externalIntegrationLog=Booked")
    world.control("revise", idn="1001")
    assert clears == (world.read("/invoices/1001")["approvalDate"] is None)
    line = {"text": "Paper", "price": "90.00", "tax": "21% High", "codes": {"account": "4100"}}
    world.control("edit_invoice", idn="1001", set={"lines": [line], "number": "KP-26-0417a"})
    world.control("confirm_revision", idn="1001")
    world.control("approve", idn="1001")
    again = world.read("/invoices/1001")
    assert (2, Decimal("108.9"), "entry-1") == (again["status"], again["sum"], again["externalId"])
    assert again["approvalDate"][:10] == "2026-07-14"


def test_people_deny_cancel_close_and_wait() -> None:
    world = World("fast")
    steps = (
        ("deny", "1045", 3),
        ("cancel", "1002", 8),
        ("close", "1001", 11),
        ("wait_for_receipt", "1003", 9),
    )
    for action, number, status in steps:
        world.control(action, idn=number)
        assert status == world.read(f"/invoices/{number}")["status"], action
    assert None is world.read("/invoices/1003")["approvalDate"]
    world.control("receive", idn="1003")
    assert 2 == world.read("/invoices/1003")["status"]
    waiting = World("fast", pending_receipt_is_approved=True)
    waiting.control("wait_for_receipt", idn="1003")
    assert "2026-06-03T09:12:00+00:00" == waiting.read("/invoices/1003")["approvalDate"]


def test_an_approval_is_taken_back() -> None:
    world = World("fast")
    world.control("back_to_approval", idn="1001")
    assert 1 == world.read("/invoices/1001")["status"]
    assert 400 == world.refused("receive", idn="1001")


def test_an_invoice_that_waits_for_another_connector_says_so() -> None:
    world = World("fast")
    assert 8 == world.read(f"/invoices/{world.invoice('WB-2026-0120')['idn']}")["integrationStatus"]
    world.control("hold_back", number="WB-2026-0120", waits=False)
    assert None is world.read(f"/invoices/{world.invoice('WB-2026-0120')['idn']}")["integrationStatus"]


# --- marks --------------------------------------------------------------------------------------------------


def test_a_mark_is_text_overwritten_and_counted() -> None:
    """It moves the date of the last change, is not unique, and is taken away by an empty one."""
    world = World("fast")
    before = world.read("/invoices/1001")["updateDate"]
    marked = world.made("PATCH", "/invoices/1001", {"externalId": "12", "externalIntegrationLog": "Booked é"})
    assert ("12", "Booked é") == (marked["externalId"], marked["externalIntegrationLog"])
    assert before < marked["updateDate"]
    world.made("PATCH", "/invoices/1002", "externalId=12")
    world.made("PATCH", "/invoices/1001", "externalId=13")
    assert (2, "13", "Booked é") == tuple(
        world.invoice("KP-26-0417")[name] for name in ("marks", "external_id", "log")
    )
    assert None is world.made("PATCH", "/invoices/1001", "externalId=")["externalId"]


def test_marks_may_be_unique_final_and_quiet() -> None:
    world = World(
        "fast", external_id_unique=True, external_id_overwritable=False, patch_bumps_update_date=False
    )
    before = world.read("/invoices/1001")["updateDate"]
    world.made("PATCH", "/invoices/1001", "externalId=12")
    assert {"externalId": "This value is already used."} == world.refusal(
        "PATCH", "/invoices/1002", "externalId=12"
    )
    assert {"externalId": "This value is already set."} == world.refusal(
        "PATCH", "/invoices/1001", "externalId=13"
    )
    assert before == world.made("PATCH", "/invoices/1001", "externalId=12")["updateDate"]


def test_a_json_body_is_no_form() -> None:
    """It changes nothing, or is refused; both look the same to whoever does not read the answer."""
    world = World("fast")
    ignored = world.client.patch("/invoices/1001", json={"externalId": "12"})
    assert (200, None) == (ignored.status_code, ignored.json()["externalId"])
    refused = World("fast", json_body="refused").client.patch("/invoices/1001", json={"externalId": "12"})
    assert 415 == refused.status_code


# --- shares and credit notes --------------------------------------------------------------------------------


def test_shares_are_invoices_with_a_parent_and_add_up_to_it() -> None:
    world = World("fast")
    parent = world.read("/invoices/1018")
    shares = [row for row in world.rows("/invoices") if (row["parentData"] or {}).get("idn") == "1018"]
    assert 3 == len(shares)
    assert None is parent["parentData"]
    assert parent["sum"] == sum(row["sum"] for row in shares)
    assert parent["netSum"] == sum(row["netSum"] for row in shares)
    whole = world.read(f"/invoices/{shares[0]['idn']}")
    assert (1, "ANZ 26/88") == (whole["items"]["data"][0]["splitIndex"], whole["invoiceNumber"])
    older = World("fast", parent_as="parentIdn").read(f"/invoices/{shares[0]['idn']}")
    assert ("1018", False) == (older["parentIdn"], "parentData" in older)


def test_people_split_an_invoice_and_shares_follow_it() -> None:
    world = World("fast")
    parts = [{"percent": 1, "codes": {"cost_center": code}} for code in ("FIN", "IT", "SALES")]
    made = world.control("split", idn="1003", parts=parts)["children"]
    assert Decimal("776.98") == sum(world.read(f"/invoices/{idn}")["sum"] for idn in made)
    world.made("POST", "/invoices/1003/revision")
    assert [7, 7, 7] == [world.read(f"/invoices/{idn}")["status"] for idn in made]
    world.control("cancel", idn="1003")
    assert [8, 8, 8] == [world.read(f"/invoices/{idn}")["status"] for idn in made]
    assert 400 == world.refused("split", idn="1003", parts=parts)
    assert 400 == world.refused("split", idn="1001", parts=parts[:1])


def test_credit_notes_have_a_type_an_original_and_a_sign() -> None:
    world = World("fast")
    credit = world.read("/invoices/1025")
    assert (1, 121, "1024") == (credit["logicType"], credit["sum"], credit["allocatedInvoice"]["idn"])
    negative = World("fast", credit_note_sums="negative").read("/invoices/1025")
    assert (-121, -100, -100) == (negative["sum"], negative["netSum"], negative["items"]["data"][0]["netSum"])
    assert -21 == negative["taxes"]["data"][0]["taxAmount"]
    assert "121.00" == world.invoice("1001")["gross"]
    world.control("allocate", idn="1055", to="1036")
    assert "1036" == world.read("/invoices/1055")["allocatedInvoice"]["idn"]
    assert 400 == world.refused("allocate", idn="1001", to="1036")


def test_people_enter_an_invoice_now() -> None:
    """With stated VAT, another currency and a rounding; unknown names make nothing."""
    world = World("fast")
    lines = [
        {"text": "Beans", "quantity": "3", "price": "33.33", "tax": "21% High", "codes": {"account": "7000"}}
    ]
    facts = {"supplier": "S0002", "number": "N-1", "issued": "2026-07-12", "currency": "USD", "rate": "0.92"}
    made = world.control("add_invoice", **facts, lines=lines, stated={"21% High": "21.01"}, rounding="-0.01")
    assert ("pending", "120.99") == (made["status"], made["left"])
    assert world.read(f"/invoices/{made['idn']}")["createDate"].startswith("2026-07-14")
    assert None is world.invoice("N-1")["approved_at"]
    direct = world.control("add_invoice", **{**facts, "number": "N-2"}, lines=lines, status="approved")
    assert "2026-07-14" == str(world.read(f"/invoices/{direct['idn']}")["approvalDate"])[:10]
    count = len(world.books()["invoices"])
    assert 404 == world.refused("add_invoice", **{**facts, "supplier": "S9"}, lines=lines)
    assert 400 == world.refused("add_invoice", **{**facts, "rate": "0"}, lines=lines)
    assert count == len(world.books()["invoices"])


def test_an_invoice_changes_between_the_list_and_the_record() -> None:
    """Once, and for that invoice alone."""
    world = World("fast")
    world.control("before_detail", idn="1003", do="revise")
    world.control("before_detail", idn="1003", do="edit_invoice", arguments={"set": {"note": "New"}})
    assert 2 == world.rows("/invoices", id=1019)[0]["status"]
    assert 2 == world.read("/invoices/1004")["status"]
    read = world.read("/invoices/1003")
    assert (7, "New") == (read["status"], read["note"])
    assert 400 == world.refused("before_detail", idn="1003", do="merge_suppliers")
