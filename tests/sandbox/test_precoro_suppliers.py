"""Suppliers, custom fields, taxes, terms and files of Precoro."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from decimal import Decimal

import pytest
import stdnum
from stdnum import iban
from tests.sandbox.precoro_world import World

FULL = {
    "name": 'O\'Brien & Söhne "Süd"',
    "taxPayerNumber": "DE572487393",
    "internationalBankAccountNumber": "DE95498355032624562418",
    "swiftCode": "GENODEF1",
    "state": "Bayern",
    "currencies[]": "EUR",
    "supplierLegalEntityIds[0]": "41",
    "supplierLegalEntityIds[1]": "42",
    "paymentTerms[0][id]": "602",
    "contacts[0][name]": "Ida",
    "contacts[0][email]": "ida@example.test",
    "externalId": "guid-1",
}


def test_a_supplier_is_made_with_its_lists_and_its_mark() -> None:
    world = World("fast")
    made = world.made("POST", "/suppliers", FULL)
    assert (FULL["name"], "guid-1", 2, True) == tuple(
        made[name] for name in ("name", "externalId", "status", "enable")
    )
    assert ["EUR"] == made["currencies"]
    assert [41, 42] == [row["id"] for row in made["supplierLegalEntities"]["data"]]
    assert [602] == [row["id"] for row in made["paymentTerms"]["data"]]
    assert [{"name": "Ida", "email": "ida@example.test"}] == made["contacts"]["data"]
    read = world.read(f"/suppliers/{made['id']}")
    assert (FULL["name"], "Bayern", 2) == (read["name"], read["state"], read["status"])
    assert "contacts" not in world.rows("/suppliers")[0]
    assert made["uniqueCode"]
    statuses = [
        World("fast", **given).send("POST", "/suppliers", FULL) for given in ({}, {"created_status": 200})
    ]
    assert [201, 200] == [answer.status_code for answer in statuses]


def test_a_supplier_needs_a_name_and_a_code_of_its_own() -> None:
    world = World("fast")
    assert {"name": "This value should not be blank."} == world.refusal("POST", "/suppliers", "city=Delft")
    assert "uniqueCode" in world.refusal("POST", "/suppliers", "name=Pens&uniqueCode=S0001")
    assert "enable" in world.refusal("POST", "/suppliers", "name=Pens&enable=maybe")
    assert "supplierLegalEntityIds" in world.refusal(
        "POST", "/suppliers", "name=P&supplierLegalEntityIds[]=9"
    )
    assert 33 == len(world.books()["suppliers"])
    free = World("fast", unique_code_enforced=False)
    assert free.made("POST", "/suppliers", "name=Pens&uniqueCode=S0001")["id"]


def test_one_name_twice_is_two_suppliers() -> None:
    """Nothing guards against it: a lost answer that is repeated makes a second one."""
    world = World("fast")
    ids = {world.made("POST", "/suppliers", "name=Pens")["id"] for _ in range(2)}
    assert 2 == len(ids)


def test_a_new_supplier_may_have_to_be_approved() -> None:
    world = World("fast", new_supplier="pending", supplier_status_pending=3, supplier_status_rejected=4)
    made = world.made("POST", "/suppliers", "name=Pens")
    assert (3, None) == (made["status"], made["approvalDate"])
    assert made["id"] not in {row["id"] for row in world.rows("/suppliers?status[]=2")}
    assert 2 == world.made("POST", f"/suppliers/{made['id']}/approve")["status"]
    assert "status" in world.refusal("POST", f"/suppliers/{made['id']}/approve")
    assert 4 == world.made("POST", "/suppliers/20433/reject")["status"]


def test_put_replaces_lists_and_keeps_what_was_not_sent() -> None:
    world = World("fast")
    assert ["USD", "EUR"] == world.read("/suppliers/20427")["currencies"]
    changed = world.made("PUT", "/suppliers/20427", "name=Blue+Harbor&currencies[]=EUR")
    assert (["EUR"], "USA") == (changed["currencies"], changed["country"])
    assert 1 == len(changed["paymentTerms"]["data"])
    assert [] == world.made("PUT", "/suppliers/20427", "name=Blue+Harbor")["currencies"]
    strict = World("fast", put_clears_missing=True)
    assert None is strict.made("PUT", "/suppliers/20427", "name=Blue+Harbor")["country"]
    assert {"name": "This value should not be blank."} == world.refusal("PUT", "/suppliers/20427", "city=X")


def test_patch_marks_and_changes_nothing_else() -> None:
    world = World("fast")
    marked = world.made("PATCH", "/suppliers/20402", "externalId=guid-2&name=Other")
    assert ("guid-2", "O'Brien & Söhne GmbH") == (marked["externalId"], marked["name"])
    fields = {"dataSupplierCustomFields": [{"supplierCustomField": {"id": 61}, "value": "Monday"}]}
    answer = world.client.patch("/suppliers/20402/customfields", json=fields)
    assert ["Monday"] == [row["value"] for row in answer.json()["dataSupplierCustomFields"]["data"]]
    assert 400 == world.client.patch("/suppliers/20402/customfields", json={}).status_code
    assert 400 == world.send("PATCH", "/suppliers/20402/customfields", "a=b").status_code


def test_people_add_rename_edit_and_merge() -> None:
    world = World("fast")
    world.control("rename_supplier", code="S0001", to="Kantoor & Papier Groep B.V.")
    assert "Kantoor & Papier Groep B.V." == world.read("/suppliers/20401")["name"]
    iban = "NL79ABNA0632323320"
    world.control("edit_supplier", code="S0001", set={"internationalBankAccountNumber": iban})
    assert iban == world.read("/suppliers/20401")["internationalBankAccountNumber"]
    made = world.control(
        "add_supplier", set={"name": "New", "entities": ["Noordkade Belgium BV"]}, approval="pending"
    )
    assert 1 == world.read(f"/suppliers/{made['id']}")["status"]
    world.control("approve_supplier", code=made["code"])
    assert 2 == world.read(f"/suppliers/{made['id']}")["status"]
    world.control("reject_supplier", code=made["code"])
    assert 3 == world.read(f"/suppliers/{made['id']}")["status"]
    merged = world.control("merge_suppliers", code="S0015", into="S0014")
    assert ["1026"] == merged["moved"]
    assert "S0014" == world.read("/invoices/1026")["supplier"]["uniqueCode"]
    assert False is world.read("/suppliers/20415")["enable"]
    world.control("merge_suppliers", code="S0018", into="S0017", remove=True)
    assert 404 == world.get("/suppliers/20418").status_code
    assert 400 == world.refused("merge_suppliers", code="S0014", into="S0014")
    assert 400 == world.refused("edit_supplier", code="S0001", set={"colour": "red"})
    assert 404 == world.refused("rename_supplier", code="S9", to="X")


def test_suppliers_are_as_people_type_them() -> None:
    """One number in several spellings, two records with one, countries as words, an accent of its own."""
    rows = {row["uniqueCode"]: row for row in World("fast").rows("/suppliers")}
    assert rows["S0014"]["taxPayerNumber"] == rows["S0015"]["taxPayerNumber"]
    assert {"NL 1189.55.597.B01", "nl761760313b01", "BE0675.481.868", "0473564688"} <= {
        row["taxPayerNumber"] for row in rows.values()
    }
    assert {"Holland", "NL", "Deutschland", "Belgique", "USA", "United States", "UK"} <= {
        row["country"] for row in rows.values()
    }
    name = rows["S0031"]["name"]
    assert unicodedata.normalize("NFC", name) != name
    assert [None] == [rows["S0030"]["taxPayerNumber"]]


COUNTRIES = {
    **dict.fromkeys(("Netherlands", "Holland", "NL"), "nl"),
    **dict.fromkeys(("Germany", "Deutschland"), "de"),
    **dict.fromkeys(("Belgium", "Belgique"), "be"),
    "France": "fr",
    "Sweden": "se",
    "Norway": "no",
    "UK": "gb",
}


def test_the_numbers_of_the_demo_suppliers_are_right() -> None:
    """Whoever checks them finds no fault but the spelling."""
    rows = World("fast").rows("/suppliers")
    numbers = [(COUNTRIES[row["country"]], row["taxPayerNumber"]) for row in rows if row["taxPayerNumber"]]
    accounts = [row["internationalBankAccountNumber"] for row in rows]
    assert [] == [pair for pair in numbers if not stdnum.get_cc_module(pair[0], "vat").is_valid(pair[1])]
    assert [] == [account for account in accounts if account and not iban.is_valid(account)]
    assert 29 == len(numbers)


# --- custom fields ------------------------------------------------------------------------------------------


def test_options_are_made_changed_and_marked_by_their_field() -> None:
    world = World("fast")
    base = "/itemcustomfields/21/options"
    made = world.made("POST", base, "name=Travel&code=4305&externalId=guid-4305")
    assert ("Travel", "4305", "guid-4305", 1, True) == tuple(
        made[name] for name in ("name", "code", "externalId", "level", "enable")
    )
    assert made["id"] in {row["id"] for row in world.rows(base)}
    changed = world.made("PUT", f"{base}/{made['id']}", "name=Travel+and+stay&code=4305&enable=0")
    assert ("Travel and stay", False, "guid-4305") == tuple(
        changed[name] for name in ("name", "enable", "externalId")
    )
    assert "g2" == world.made("PATCH", f"{base}/{made['id']}", "externalId=g2")["externalId"]
    assert {"code": "This value is already used."} == world.refusal("POST", base, "name=Again&code=4305")
    assert {"name": "This value should not be blank."} == world.refusal("POST", base, "code=9")
    assert 404 == world.send("PUT", f"/itemcustomfields/22/options/{made['id']}", "name=X").status_code
    whole = world.read("/itemcustomfields/21")
    assert ("GL account", "dropdown", 19) == (
        whole["name"],
        whole["typeString"],
        len(whole["options"]["data"]),
    )


def test_children_stand_behind_their_parents_with_label_and_level() -> None:
    world = World("fast")
    base = "/documentcustomfields/31/options"
    child = world.made("POST", base, "name=Night+shift&code=OPSNS&parent[id]=5402")
    assert ("Operations / Warehouse / Night shift", 3, 5402) == (
        child["label"],
        child["level"],
        child["parent"]["id"],
    )
    codes = [row["code"] for row in world.rows(base)]
    assert ["OPS", "OPSWH", "OPSNS", "OPSTR"] == codes[:4]
    assert {"parent": "The selected choice is invalid."} == world.refusal(
        "PUT", f"{base}/5401", f"name=Operations&parent[id]={child['id']}"
    )
    assert "parent" in world.refusal("POST", base, "name=X&parent[id]=9")
    assert "parent" in world.refusal("POST", base, "name=X&parent[id]=5408")
    for _ in range(3):
        child = world.made("POST", base, f"name=Deeper&parent[id]={child['id']}")
    assert "parent" in world.refusal("POST", base, f"name=Too+deep&parent[id]={child['id']}")
    assert "customField" in world.refusal("POST", "/documentcustomfields/33/options", "name=X")


def test_an_option_belongs_to_some_legal_entities() -> None:
    world = World("fast")
    form = {"item_custom_field_option_id": "5001", "depend_type": "1", "entity_ids": "[41, 42]"}
    path = "/itemcustomfields/options/depend_add"
    assert [41, 42] == world.made("PATCH", path, form)["data"]["entity_ids"]
    gone = world.made("PATCH", path.replace("add", "remove"), {**form, "entity_ids": "41"})
    assert [42] == gone["data"]["entity_ids"]
    assert [[42]] == [row["entities"] for row in world.books()["options"] if row["id"] == 5001]
    for wrong in (
        {"entity_ids": "[7]"},
        {"entity_ids": "x"},
        {"depend_type": "2"},
        {"item_custom_field_option_id": ""},
    ):
        assert list(wrong) == list(world.refusal("PATCH", path, {**form, **wrong}))


def test_people_close_rename_and_move_options() -> None:
    """A closed one stays on old documents; a closed parent still offers its children."""
    world = World("fast")
    world.control("edit_option", axis="cost_center", code="OPS", enable=False)
    world.control("edit_option", axis="account", code="4300", name="Travel and stay", to="4301")
    rows = {row["code"]: row for row in world.rows("/documentcustomfields/31/options")}
    assert (False, True) == (rows["OPS"]["enable"], rows["OPSWH"]["enable"])
    accounts = {row["code"]: row["name"] for row in world.rows("/itemcustomfields/21/options")}
    assert "Travel and stay" == accounts["4301"]
    (line,) = world.read("/invoices/1058")["items"]["data"]
    assert "4990" == line["dataItemCustomFields"]["data"][0]["itemCustomFieldOption"]["code"]
    world.control("add_option", axis="project", code="P400", name="New", parent="P100")
    assert "New warehouse / New" in {row["label"] for row in world.rows("/documentcustomfields/32/options")}
    hidden = World("fast", disabled_options_hidden=True)
    assert "OLD" not in {row["code"] for row in hidden.rows("/documentcustomfields/31/options")}
    assert 404 == world.refused("edit_option", axis="account", code="none", name="X")


# --- taxes, terms and the rest ------------------------------------------------------------------------------


def test_taxes_and_terms_are_made_replaced_and_marked() -> None:
    world = World("fast")
    tax = world.made("POST", "/taxes", "name=25%25+NO&percent=25&isWithholdingTax=0")
    assert ("25% NO", 25, 25, False) == tuple(
        tax[name] for name in ("name", "percent", "value", "isWithholdingTax")
    )
    assert Decimal("25.5") == world.made("PUT", f"/taxes/{tax['id']}", "name=X&percent=25.5")["percent"]
    assert "guid" == world.made("PATCH", f"/taxes/{tax['id']}", "externalId=guid")["externalId"]
    assert {"percent": "This value is not valid."} == world.refusal("POST", "/taxes", "name=X&percent=much")
    term = world.made("POST", "/paymentterms", "name=45+days&creditPeriodDays=45&paymentType=0")
    assert (45, 0, 100) == tuple(
        term[name] for name in ("creditPeriodDays", "prepaymentPercent", "postpaymentPercent")
    )
    prepaid = world.made(
        "PUT", f"/paymentterms/{term['id']}", "name=P&creditPeriodDays=9&prepaymentPercent=100"
    )
    assert 0 == prepaid["creditPeriodDays"]
    assert 405 == world.get("/taxes/901").status_code
    assert False is [row["enable"] for row in world.rows("/paymentterms")][5]


def test_people_rename_taxes_and_terms_and_add_some() -> None:
    """The same record under another name: who went by the name makes a second one."""
    world = World("fast")
    world.control("rename_tax", name="21% High", to="High rate")
    world.control("rename_term", name="30 days", to="Net 30")
    assert ("High rate", "Net 30") == (
        world.rows("/taxes")[0]["name"],
        world.rows("/paymentterms")[1]["name"],
    )
    assert "High rate" == world.read("/invoices/1001")["taxes"]["data"][0]["name"]
    tax, term = (
        world.control("add_tax", name="25%", percent="25"),
        world.control("add_term", name="7", days=7),
    )
    assert [25] == [row["percent"] for row in world.rows("/taxes") if row["id"] == tax["id"]]
    assert [7] == [row["creditPeriodDays"] for row in world.rows("/paymentterms") if row["id"] == term["id"]]
    assert 404 == world.refused("rename_tax", name="none", to="X")
    assert 400 == world.refused("add_tax", name="X", percent="1000")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/items", "name=Pen&sku=PEN&price=1.10&supplier[id]=20401"),
        ("/locations", "name=Delft&uniqueCode=DFT"),
    ],
)
def test_items_and_locations_are_written(path: str, form: str) -> None:
    world = World("fast")
    made = world.made("POST", path, form)
    assert made == world.read(f"{path}/{made['id']}")
    assert "X" == world.made("PUT", f"{path}/{made['id']}", form.replace("name=", "name=X&n="))["name"]
    assert "guid" == world.made("PATCH", f"{path}/{made['id']}", "externalId=guid")["externalId"]
    assert 400 == world.send("POST", path, form).status_code


def test_legal_entities_can_be_marked_only() -> None:
    world = World("fast")
    marked = world.made("PATCH", "/legalentities/41", "externalId=3010&name=Other")
    assert ("3010", "Noordkade Handel B.V.") == (marked["externalId"], marked["name"])
    assert ["3010", None] == [row["external_id"] for row in world.books()["entities"]]


def test_orders_receipts_contracts_and_scans() -> None:
    world = World("fast")
    order = world.read("/purchaseorders/501")
    assert Decimal("827.64") == order["sum"] == order["invoicedSum"]
    assert "o-1" == world.made("PATCH", "/purchaseorders/501", "externalId=o-1")["externalId"]
    assert "status" in world.refusal("POST", "/purchaseorders/501/approve")
    line = order["items"]["data"][0]["id"]
    answer = world.client.post("/receipts/501", json={"items": [{"itemId": line, "quantity": 60}]})
    assert (201, "501") == (answer.status_code, answer.json()["purchaseOrder"]["idn"])
    assert 1 == len(world.read("/purchaseorders/501")["relatedReceipts"]["data"])
    assert (
        400 == world.client.post("/receipts/501", json={"items": [{"itemId": 1, "quantity": 1}]}).status_code
    )
    contract = {"number": "C-1", "id": 20401, "prolongation": True, "beginDate": "2026-01-01"}
    made = world.client.post("/contract", json=contract)
    assert (201, "S0001") == (made.status_code, made.json()["supplier"]["uniqueCode"])
    assert 405 == world.client.post("/contracts", json=contract).status_code
    assert 2 == len(world.rows("/contracts"))
    (scan,) = world.rows("/ap/documents")
    invoice = world.read(f"/invoices/{scan['invoice']['idn']}")
    assert "scan-0001.pdf" == invoice["relatedOcrAttachment"]["name"] == scan["name"]


# --- files --------------------------------------------------------------------------------------------------


def test_a_file_comes_down_in_three_ways() -> None:
    """The bytes, the same in an answer in JSON, or an address that needs no key."""
    world = World("fast")
    (told, *_) = world.read("/invoices/1002")["attachments"]["data"]
    held = world.invoice("RE-2026-118")["attachments"][0]
    path = f"/attachments/{told['id']}"
    binary = world.get(path)
    assert ("application/pdf", held["bytes"]) == (binary.headers["content-type"], len(binary.content))
    assert held["sha256"] == hashlib.sha256(binary.content).hexdigest()
    encoded = World("fast", attachment_download="base64").read(path)
    assert binary.content == base64.b64decode(encoded["file"])
    other = World("fast", attachment_download="url")
    address = other.read(path)["file"]
    del other.client.headers["X-AUTH-TOKEN"]
    assert binary.content == other.client.get(address).content
    assert 404 == other.client.get(address + "0").status_code


def test_files_say_their_date_as_php_does_and_names_are_as_given() -> None:
    world = World("fast")
    files = world.read("/invoices/1002")["attachments"]["data"]
    assert ["invoice.pdf", "invoice.pdf", "Lieferschein #7.pdf"] == [row["name"] for row in files]
    date = {"date": "2026-06-04 09:12:00.000000", "timezone_type": 3, "timezone": "UTC"}
    assert (date, "pdf", 0, "60 KB") == tuple(
        files[0][name] for name in ("uploadDate", "formatType", "type", "size")
    )
    plain = World("fast", php_dates="none").read("/invoices/1002")["attachments"]["data"]
    assert "2026-06-04T09:12:00+00:00" == plain[0]["uploadDate"]
    odd = [row["name"] for row in world.read("/invoices/1031")["attachments"]["data"]]
    assert ["../../etc/rechnung.pdf", "é" * 200 + ".pdf"] == odd


def test_files_go_up_in_parts_and_people_attach_and_detach() -> None:
    world = World("fast")
    files = {"file": ("Rechnung é.pdf", b"%PDF-1.4 \r\n--x\x00\xff", "application/pdf")}
    sent = world.client.post("/attachments/1017/1", files=files, data={"comment": "Copy"})
    assert (201, "Rechnung é.pdf", "Copy") == (sent.status_code, sent.json()["name"], sent.json()["comment"])
    assert b"%PDF-1.4 \r\n--x\x00\xff" == world.get(f"/attachments/{sent.json()['id']}").content
    for path in ("/attachments/1017/7", "/attachments/1017/x", "/attachments/9/1"):
        assert world.client.post(path, files=files).status_code in (400, 404)
    assert 400 == world.send("POST", "/attachments/1017/1", "a=b").status_code
    made = world.control("attach", idn="1001", name="../x.pdf", bytes=24_000_000)["attachment"]
    assert 24_000_000 == len(world.get(f"/attachments/{made}").content)
    world.control("detach", idn="1001", attachment=made)
    assert 404 == world.get(f"/attachments/{made}").status_code
    exact = world.control("attach", idn="1001", content=base64.b64encode(b"<a/>").decode())["attachment"]
    assert b"<a/>" == world.get(f"/attachments/{exact}").content
