"""Documents and files, bank accounts of suppliers, terms, rates, suppliers at the screen, and who is told."""

from __future__ import annotations

import base64
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.exact_online_purchases import ENTRIES, LINES

from ml_connector_sandbox.systems.exact_online.schema import entities
from ml_connector_sandbox.systems.exact_online.users import LICENSED

ORDERS: dict[str, str] = json.loads(
    Path(__file__).with_name("exact_online_recorded.json").read_text(encoding="utf-8")
)["posted"]
DOCUMENTS, FILES, ACCOUNTS = "documents/Documents", "documents/DocumentAttachments", "crm/BankAccounts"
PDF = b"%PDF-1.7 \x00\xff"
SHIPPED = base64.b64encode(PDF).decode()
SERVICES = (
    *("bulk", "sync", "read", "cashflow", "crm", "documents", "financial", "financialtransaction", "vat"),
    "purchaseentry",
)
NOBODY = "00000000-0000-0000-0000-000000000001"


def _document(office: Any, **more: Any) -> dict[str, Any]:
    answer = office.post(DOCUMENTS, {"Subject": "Invoice", "Type": 20, "Account": office.supplier(), **more})
    assert 201 == answer.status_code, answer.text
    row: dict[str, Any] = answer.json()["d"]
    return row


def test_a_document_comes_back_as_recorded(office: Any) -> None:
    """Every recorded field; a number of its own; no body."""
    made = _document(office)
    assert ["__metadata", *ORDERS[DOCUMENTS].split()] == list(made)
    shown = (made["HID"], made["HasEmptyBody"], made["SendMethod"], made["InheritShare"], made["AccountCode"])
    assert (1, True, 0, False, "2".rjust(18)) == shown
    assert ("EUR", "Purchase invoice") == (made["Currency"], made["TypeDescription"])
    assert 2 == _document(office)["HID"]
    assert 9 == _document(office, HID=9)["HID"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Subject": " "}, "Mandatory: Subject"),
        ({"Type": None}, "Mandatory: Type"),
        ({"Type": 4711}, "Invalid reference: Type"),
        ({"Type": 183}, "Not allowed: Type"),
        ({"HID": 0}, "Invalid: Number"),
        ({"HID": 1}, "Data already exists"),
        ({"Account": NOBODY}, "Invalid reference: Account"),
        ({"FinancialTransactionEntryID": NOBODY}, "Invalid reference: Entry"),
    ],
)
def test_documents_that_are_refused(office: Any, body: dict[str, Any], message: str) -> None:
    _document(office)
    answer = office.post(DOCUMENTS, {"Subject": "Invoice", "Type": 20, **body})
    assert (500, message) == (answer.status_code, answer.json()["error"]["message"]["value"])


def test_a_portal_user_makes_no_documents(make_office: Any) -> None:
    office = make_office(portal_user=True)
    assert "Document Type not allowed" in office.post(DOCUMENTS, {"Subject": "Invoice", "Type": 20}).text
    office.vendor.switches.set({"portal_user": False})
    _document(office)


@pytest.mark.parametrize(
    ("path", "portal", "has"),
    [
        (DOCUMENTS, False, True),
        (DOCUMENTS, True, False),
        (ENTRIES, True, True),
        ("purchase/PurchaseInvoices", False, False),
        ("cashflow/Payments", False, False),
    ],
)
def test_rights_are_told_beforehand(make_office: Any, path: str, portal: bool, has: bool) -> None:
    """Of a user who may not make documents, of a set without a licence, and of one that takes no POST."""
    office = make_office(portal_user=portal)
    answer = office.get(f"users/UserHasRights?endpoint='{path}'&method=POST")
    assert {"d": {"UserHasRights": has}} == answer.json()


def test_files_of_a_document(office: Any) -> None:
    """Two of one name are two; the content is fetched at its address with the token, and never read back."""
    document = _document(office)
    body = {"Document": document["ID"], "FileName": "invoice.pdf", "Attachment": SHIPPED}
    made = office.post(FILES, body).json()["d"]
    other = office.post(FILES, {**body, "Attachment": "AAAA"}).json()["d"]
    assert ["__metadata", *ORDERS[FILES].split()] == list(made)
    assert (len(PDF), None) == (made["FileSize"], made["Attachment"])
    assert made["Url"].startswith(f"http://exact/docs/SysAttachment.aspx?ID={made['ID']}&_Division_=1204")
    answer = office.client.get(made["Url"] + "&Download=1")
    assert (200, PDF, "application/pdf") == (
        answer.status_code,
        answer.content,
        answer.headers["content-type"],
    )
    bare = office.client.get(made["Url"], headers={"Authorization": ""})
    assert (401, "text/html") == (bare.status_code, bare.headers["content-type"].partition(";")[0])
    assert 403 == office.client.get(made["Url"].replace("1204", "99")).status_code
    assert 404 == office.client.get(made["Url"].replace(made["ID"], NOBODY)).status_code
    office.control("scope", scope="Organization documents", level="none")
    assert 403 == office.client.get(made["Url"]).status_code
    office.control("scope", scope="Organization documents", level="manage")
    rows = office.rows(f"{FILES}?$filter=Document eq guid'{document['ID']}'")
    assert {made["ID"], other["ID"]} == {row["ID"] for row in rows}
    assert 405 == office.put(FILES, made["ID"], FileName="x").status_code
    assert 204 == office.remove(FILES, other["ID"]).status_code
    assert [made["ID"]] == [file["id"] for file in office.control("files")["files"]]
    assert 4 in [row["EntityType"] for row in office.every_row("sync/Deleted")]


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"Attachment": "not base64!"}, 400, "property 'Attachment' to type 'Byte[]'"),
        ({"Attachment": None}, 500, "Mandatory: Attachment"),
        ({"FileName": ""}, 500, "Mandatory: File name"),
        ({"Document": NOBODY}, 500, "Invalid reference: Document"),
        ({"Attachment": base64.b64encode(bytes(1024 * 1024 + 1)).decode()}, 500, "too large. Maximum: 1 MB"),
        ({"FileName": "a.docx"}, 500, "Type is not allowed"),
    ],
)
def test_files_that_are_refused(make_office: Any, body: dict[str, Any], status: int, text: str) -> None:
    """What is no base64 does not bind; sizes and types are switches."""
    office = make_office(attachment_limit_mb=1, attachment_types="listed")
    held = {"Document": _document(office)["ID"], "FileName": "a.PDF", "Attachment": SHIPPED}
    answer = office.post(FILES, {**held, **body})
    assert (status, True) == (answer.status_code, text in answer.text)
    assert [] == office.rows(FILES)


def test_the_limit_is_the_countrys(office: Any) -> None:
    """25 MB in the Netherlands, 7 elsewhere."""
    document = _document(office)["ID"]
    eight = base64.b64encode(bytes(8 * 1024 * 1024)).decode()
    body = {"Document": document, "FileName": "a.pdf", "Attachment": eight}
    assert 201 == office.post(FILES, body).status_code
    made = office.client.post(f"/api/v1/1305/{DOCUMENTS}", json={"Subject": "x", "Type": 20}).json()["d"][
        "ID"
    ]
    answer = office.client.post(f"/api/v1/1305/{FILES}", json={**body, "Document": made})
    assert "too large. Maximum: 7 MB" in answer.text


def test_documents_are_linked_both_ways(make_office: Any) -> None:
    """Named by the entry, or naming it; one in use stays."""
    office = make_office(auto_document=False)
    first = _document(office)
    made = office.buy(Document=first["ID"], YourRef="a")
    assert (first["ID"], 1, "Invoice") == (made["Document"], made["DocumentNumber"], made["DocumentSubject"])
    assert "Already in use" in office.remove(DOCUMENTS, first["ID"]).text
    bare = office.buy(YourRef="b")
    second = _document(office, FinancialTransactionEntryID=bare["EntryID"])
    assert second["ID"] == office.one(ENTRIES, bare["EntryID"])["Document"]
    assert 204 == office.put(DOCUMENTS, second["ID"], Body="text").status_code
    assert False is office.one(DOCUMENTS, second["ID"])["HasEmptyBody"]
    line = {**office.line("4100", 0), "Document": first["ID"]}
    assert 1 == office.book(office.entry(line)).json()["d"]["Status"] // 20
    shown = office.rows(
        f"generaljournalentry/GeneralJournalEntryLines?$filter=Document eq guid'{first['ID']}'"
    )
    assert [1] == [row["DocumentNumber"] for row in shown]
    third = _document(office)
    office.post(FILES, {"Document": third["ID"], "FileName": "a", "Attachment": ""}).raise_for_status()
    assert 204 == office.remove(DOCUMENTS, third["ID"]).status_code
    assert [] == office.rows(FILES)


def test_documents_in_bulk_and_in_sync(office: Any) -> None:
    """The twins hold the same."""
    made = _document(office)
    office.post(
        FILES, {"Document": made["ID"], "FileName": "a.pdf", "Attachment": SHIPPED}
    ).raise_for_status()
    for kind in ("Documents", "DocumentAttachments"):
        bulk = office.every_row(f"bulk/Documents/{kind}?$select=ID")
        sync = office.every_row(f"sync/Documents/{kind}?$filter=Timestamp gt 1L")
        assert 1 == len(bulk) == len(sync)
        assert bulk[0]["ID"] == sync[0]["ID"]
    creatable = {row["ID"]: row["DocumentIsCreatable"] for row in office.rows("documents/DocumentTypes")}
    assert (True, False) == (creatable[20], creatable[183])


def test_bank_accounts_of_a_supplier(office: Any) -> None:
    """The first is the main one, a new main one takes its place; blanks do not count."""
    supplier = office.supplier("30")
    body = {"Account": supplier, "BankAccount": "NL20 INGB 0001 2345 67"}
    first = office.post(ACCOUNTS, body).json()["d"]
    assert ("NL20INGB0001234567", True, "A", "Ink Ltd") == tuple(
        first[name] for name in ("BankAccount", "Main", "Type", "AccountName")
    )
    assert "Data already exists" in office.post(ACCOUNTS, {**body, "BankAccount": "NL20INGB0001234567"}).text
    second = office.post(ACCOUNTS, {"Account": supplier, "BankAccount": "DE89370400440532013000"}).json()["d"]
    assert False is second["Main"]
    assert 204 == office.put(ACCOUNTS, second["ID"], Main=True, BICCode="COBADEFF").status_code
    assert False is office.one(ACCOUNTS, first["ID"])["Main"]
    [row] = office.rows(f"crm/Accounts?$filter=ID eq guid'{supplier}'&$expand=BankAccounts")
    assert {first["ID"], second["ID"]} == {child["ID"] for child in row["BankAccounts"]["results"]}
    assert 204 == office.remove(ACCOUNTS, first["ID"]).status_code
    assert [] == office.every_row("sync/Payroll/BankAccounts")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Account": None}, "Mandatory: Account"),
        ({"Account": NOBODY}, "Invalid reference: Account"),
        ({"BankAccount": " "}, "Mandatory: Bank account"),
        ({"BankAccount": "1" * 51}, "BankAccount is too long. Maximum: 50"),
        ({"BICCode": "X" * 12}, "BICCode is too long. Maximum: 11"),
    ],
)
def test_bank_accounts_that_are_refused(office: Any, body: dict[str, Any], message: str) -> None:
    answer = office.post(ACCOUNTS, {"Account": office.supplier(), "BankAccount": "X", **body})
    assert (500, message) == (answer.status_code, answer.json()["error"]["message"]["value"])


def test_contacts_of_a_supplier(office: Any) -> None:
    """A first or a last name is needed; little comes back without `Prefer`; gone with their relation."""
    path, body = "crm/Contacts", {"Account": office.supplier("30"), "FirstName": "Zoë", "LastName": "O'Brien"}
    sparse = office.post(path, body).json()["d"]
    assert ["__metadata", *ORDERS[path].split()] == list(sparse)
    assert (None, body["Account"]) == (sparse["LastName"], sparse["Account"])
    row = office.one(path, sparse["ID"])
    assert ("Zoë O'Brien", "Ink Ltd", True, True) == tuple(
        row[name] for name in ("FullName", "AccountName", "IsMainContact", "AccountIsSupplier")
    )
    assert "Mandatory: Last name" in office.post(path, {"Account": body["Account"]}).text
    assert "Invalid reference: Account" in office.post(path, {**body, "Account": NOBODY}).text
    assert 204 == office.put(path, sparse["ID"], Email="z@ink.example").status_code
    assert [sparse["ID"]] == [
        found["ID"] for found in office.every_row("sync/CRM/Contacts?$filter=Timestamp gt 1L&$select=ID")
    ]
    assert 204 == office.remove("crm/Accounts", body["Account"]).status_code
    assert [2, 5] == sorted(row["EntityType"] for row in office.every_row("sync/Deleted"))


def test_texts_that_are_cut(make_office: Any) -> None:
    """By switch: two references that differ at their end become one."""
    office = make_office(text_overflow="truncate")
    made = office.buy(YourRef="x" * 33 + "1", Description="y" * 70)
    assert ("x" * 30, "y" * 60) == (made["YourRef"], made["Description"])
    assert "Already exists: Your ref." == office.refused(YourRef="x" * 33 + "2")


def test_new_entries_are_seen_later(make_office: Any) -> None:
    """By switch; read by its key an entry is there at once."""
    office = make_office(visibility_lag_seconds=60)
    made = office.buy()
    assert [[], []] == [office.rows(ENTRIES), office.rows("cashflow/Payments")]
    assert made["EntryID"] == office.one(ENTRIES, made["EntryID"])["EntryID"]


def test_suppliers_refer_to_what_there_is(office: Any) -> None:
    """Terms and accounts; creditors of another account than the journal's are refused on booking."""
    key = office.supplier()
    for changes, message in (
        ({"PaymentConditionPurchase": "XX"}, "Invalid reference: Payment condition"),
        ({"GLAP": office.account("4000")}, "Invalid: G/L account type"),
        ({"GLAccountPurchase": NOBODY}, "Invalid reference: G/L account"),
    ):
        assert message in office.put("crm/Accounts", key, **changes).text
    assert 204 == office.put("crm/Accounts", key, PaymentConditionPurchase="ME").status_code
    assert (
        "Second month's end and 15 days"
        == office.one("crm/Accounts", key)["PaymentConditionPurchaseDescription"]
    )
    assert 204 == office.put("crm/Accounts", key, GLAP=office.account("1610")).status_code
    assert "supplier (1610) and of the journal (1600) differ" in office.refused()


def test_suppliers_are_no_customers(office: Any) -> None:
    customer = office.post("crm/Accounts", {"Name": "Buyer"}).json()["d"]["ID"]
    assert "Invalid: Supplier (Type)" == office.refused(Supplier=customer)


def test_blocked_and_ended_suppliers(make_office: Any) -> None:
    """Two different states, and both are switches; today is 14 July."""
    office = make_office()
    office.control("block_supplier", code="2")
    assert "Blocked: Account: 2" == office.refused()
    office.control("unblock_supplier", code="2")
    office.control("end_supplier", code="2", date="2026-06-30")
    assert "Inactive: Account: 2" == office.refused(EntryDate="2026-06-15")
    office.vendor.switches.set({"ended_supplier_judged_by": "entry"})
    office.buy(EntryDate="2026-06-15")
    assert "Inactive: Account: 2" == office.refused(EntryDate="2026-07-01")
    office.control("block_supplier", code="2")
    office.vendor.switches.set({"blocked_supplier": "accept", "ended_supplier": "accept"})
    office.buy()


def test_merged_suppliers(office: Any) -> None:
    """All records are the other's; the first one is gone, and among the deleted."""
    gone, kept = office.supplier("2"), office.supplier("30")
    made = office.buy()
    body = office.invoice()
    office.control("merge_supplier", code="2", into="30")
    assert 404 == office.get(f"crm/Accounts(guid'{gone}')").status_code
    assert kept == office.one(ENTRIES, made["EntryID"])["Supplier"]
    assert {kept} == {row["Account"] for row in office.rows("cashflow/Payments")}
    assert {kept} == {row["Account"] for row in office.rows(ACCOUNTS)}
    assert (2, gone) == [(row["EntityType"], row["EntityKey"]) for row in office.every_row("sync/Deleted")][
        -1
    ]
    assert "Invalid reference: Supplier" in office.post(ENTRIES, body).text


def test_merged_suppliers_may_be_archived(office: Any) -> None:
    gone = office.supplier("2")
    office.control("merge_supplier", code="2", into="30", archive=True)
    row = office.one("crm/Accounts", gone)
    assert (True, "/Date(1783987200000)/") == (row["Blocked"], row["EndDate"])


def test_vat_codes_are_blocked_at_the_screen(office: Any) -> None:
    office.control("block_vat_code", code="21")
    assert "Blocked: VAT code: 21" == office.refused()
    [row] = office.rows("vat/VATCodes?$filter=Code eq '21'")
    assert (True, "1520", "1530") == (row["IsBlocked"], row["GLToClaimCode"], row["GLToPayCode"])
    office.control("unblock_vat_code", code="21")
    office.buy()
    kinds = {row["Code"].strip(): (row["Type"], row["Charged"]) for row in office.every_row("vat/VATCodes")}
    assert [("E", False), ("I", False), ("N", False), ("B", False), ("E", True)] == [
        kinds[code] for code in ("21", "I", "N", "B", "R")
    ]


def test_payment_conditions_are_made_and_never_changed(office: Any) -> None:
    path = "cashflow/PaymentConditions"
    made = office.post(path, {"Code": "60", "Description": "60 days", "PaymentDays": 60}).json()["d"]
    assert (60, "B", 1) == (made["PaymentDays"], made["PaymentMethod"], made["Percentage"])
    assert "Data already exists" in office.post(path, {"Code": "60", "Description": "x"}).text
    assert [405, 405] == [
        office.put(path, made["ID"], Description="x").status_code,
        office.remove(path, made["ID"]).status_code,
    ]
    office.buy(PaymentCondition="60")
    assert "2026-08-30" == office.documents()[0]["invoice"]["due"]


@pytest.mark.parametrize(
    "body",
    [{"DiscountPercentage": 2}, {"Percentage": -1}, {"PaymentMethod": "X"}, {"DiscountCalculation": ""}],
)
def test_payment_conditions_that_are_refused(office: Any, body: dict[str, Any]) -> None:
    answer = office.post("cashflow/PaymentConditions", {"Code": "60", "Description": "x", **body})
    assert (500, True) == (answer.status_code, "Invalid: " in answer.text)


def test_rates_are_rows_from_a_day_on(office: Any) -> None:
    path = "financial/ExchangeRates"
    made = office.post(path, {"SourceCurrency": "USD", "Rate": 0.8, "StartDate": "2026-07-01"}).json()["d"]
    assert ("EUR", "US dollar") == (made["TargetCurrency"], made["SourceCurrencyDescription"])
    own = [
        office.buy(office.cost(100, "N"), Currency="USD", EntryDate=day)["AmountDC"]
        for day in ("2026-06-30", "2026-07-01")
    ]
    assert [90, 80] == own
    assert 204 == office.put(path, made["ID"], Rate=0.7).status_code
    assert 70 == office.buy(office.cost(100, "N"), Currency="USD", YourRef="x")["AmountDC"]
    assert 500 == office.put(path, made["ID"], Rate=0).status_code
    assert 204 == office.remove(path, made["ID"]).status_code


@pytest.fixture
def told(make_office: Any) -> Any:
    """An office with subscriptions to all topics of the purchase side, and what was sent since last asked."""
    office = make_office(webhooks_need_https=False, webhooks_same_domain=False)
    hooks, arrived = office.vendor.webhooks.outbox, []
    hooks.background = False

    def receive(_: str, body: bytes, __: Any) -> int:
        if body:
            arrived.append(json.loads(body)["Content"])
        return 200

    hooks.send = receive
    topics = (
        "Accounts",
        "Contacts",
        "BankAccounts",
        "Documents",
        "DocumentAttachments",
        "PurchaseEntries",
        "BankEntries",
    )
    for topic in topics:
        wish = {"Topic": topic, "CallbackURL": "http://127.0.0.1:9/hook"}
        assert 201 == office.post("webhooks/WebhookSubscriptions", wish).status_code

    def look() -> list[str]:
        news = [f"{content['Topic']} {content['Action']}" for content in arrived]
        gone = {content["Key"] for content in arrived if content["Action"] == "Delete"}
        for content in arrived:
            if content["Key"] not in gone:
                assert 200 == office.client.get(content["ExactOnlineEndpoint"]).status_code
        arrived.clear()
        return news

    return office, look


def test_whatever_is_written_is_told(told: Any) -> None:
    """Each topic with the address of what changed; lines are news of their entry."""
    office, look = told
    made = office.buy()
    assert ["PurchaseEntries Create", "Documents Create"] == look()
    line = office.post(LINES, {"EntryID": made["EntryID"], **office.cost(1)}).json()["d"]["ID"]
    office.put(LINES, line, AmountFC=2)
    office.remove(LINES, line)
    office.put(ENTRIES, made["EntryID"], YourRef="x")
    assert ["PurchaseEntries Update"] * 4 == look()
    file = office.post(FILES, {"Document": made["Document"], "FileName": "a", "Attachment": "AAAA"}).json()[
        "d"
    ]
    office.put(DOCUMENTS, made["Document"], Subject="y")
    office.remove(FILES, file["ID"])
    assert ["DocumentAttachments Create", "Documents Update", "DocumentAttachments Delete"] == look()
    account = office.post(ACCOUNTS, {"Account": office.supplier(), "BankAccount": "X"}).json()["d"]["ID"]
    office.put(ACCOUNTS, account, BICCode="Y")
    office.remove(ACCOUNTS, account)
    assert ["BankAccounts Create", "BankAccounts Update", "BankAccounts Delete"] == look()
    office.remove(ENTRIES, made["EntryID"])
    assert ["PurchaseEntries Delete"] == look()
    contact = {"Account": office.supplier(), "LastName": "Z"}
    office.remove("crm/Contacts", office.post("crm/Contacts", contact).json()["d"]["ID"])
    assert ["Contacts Create", "Contacts Delete"] == look()
    bank = {"GLAccount": office.account("4100"), "AmountFC": -1}
    entry = office.post("financialtransaction/BankEntries", {"JournalCode": "20", "BankEntryLines": [bank]})
    key = entry.json()["d"]["EntryID"]
    office.post("financialtransaction/BankEntryLines", {"EntryID": key, **bank})
    office.remove("financialtransaction/BankEntries", key)
    assert ["BankEntries Create", "BankEntries Update", "BankEntries Delete"] == look()


def test_what_is_done_at_the_screen_is_told(told: Any) -> None:
    """The same as through the API; a payment has no topic, and a payment service's entry none either."""
    office, look = told
    line = {"account": "4000", "amount": "1.00"}
    made = office.control("book_purchase", supplier="2", lines=[line])
    assert ["PurchaseEntries Create", "Documents Create"] == look()
    office.control("edit_purchase", id=made["id"], set={"YourRef": "x"})
    office.control("process", id=made["id"])
    assert ["PurchaseEntries Update"] * 2 == look()
    paid = office.control("pay", pays=[{"entry": made["id"]}])
    office.control("unmatch", payment=paid["id"])
    office.control("set_payment_status", entries=[made["id"]], status="processed")
    office.control("pay", pays=[{"entry": made["id"]}], journal="25")
    assert ["BankEntries Create"] == look()
    office.control("reverse_payment", payment=paid["id"])
    office.control("delete", id=paid["id"])
    assert ["BankEntries Create", "BankEntries Delete"] == look()
    office.control("put_bank_account", code="2", iban="NL02ABNA0123456789", instead_of="NL91ABNA0417164300")
    office.control("block_supplier", code="2")
    office.control("merge_supplier", code="2", into="30")
    assert ["BankAccounts Update", "Accounts Update", "Accounts Delete", "Accounts Update"] == look()


@pytest.mark.parametrize(
    ("path", "name", "kind", "text"),
    [
        (ENTRIES, "AmountFC", "Edm.Double", "121"),
        (ENTRIES, "DueDate", "Edm.DateTime", "2026-07-31T00:00:00"),
        (ENTRIES, "ReportingPeriod", "Edm.Int16", "7"),
        (LINES, "VATAmountFC", "Edm.Double", "21"),
        ("cashflow/Payments", "AmountDC", "Edm.Double", "121"),
        ("cashflow/Payments", "TransactionIsReversal", "Edm.Boolean", "false"),
        ("sync/Cashflow/PaymentTerms", "IsFullyPaid", "Edm.Boolean", "false"),
        ("read/financial/PayablesList", "Amount", "Edm.Double", "121"),
        ("cashflow/PaymentConditions?$filter=Code eq '30'", "PaymentDays", "Edm.Int32", "30"),
        (ACCOUNTS, "Main", "Edm.Boolean", "true"),
        (DOCUMENTS, "HID", "Edm.Int32", "1"),
        (FILES, "FileSize", "Edm.Double", "3"),
        (FILES, "Attachment", "Edm.Binary", None),
    ],
)
def test_the_same_in_atom(office: Any, path: str, name: str, kind: str, text: str | None) -> None:
    """With the model's types; a missing value is a null."""
    made = office.buy()
    file = {"Document": made["Document"], "FileName": "a", "Attachment": "AAAA"}
    office.post(FILES, file).raise_for_status()
    feed = ET.fromstring(office.get(path, Accept="application/atom+xml").raise_for_status().content)
    found = next(element for element in feed.iter() if element.tag.endswith("}" + name))
    of_metadata = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"
    assert (kind, text) == (found.get(of_metadata + "type"), found.text)
    assert ("true" if text is None else None) == found.get(of_metadata + "null")


@pytest.mark.parametrize("accept", ["application/json", "application/atom+xml"])
def test_every_set_of_the_purchase_side_can_be_read(office: Any, accept: str) -> None:
    """With rows in it: whole, by key, chosen by their time of change."""
    made = office.buy(PaymentCondition="D")
    office.post(FILES, {"Document": made["Document"], "FileName": "a", "Attachment": ""}).raise_for_status()
    office.control("pay", pays=[{"entry": made["EntryID"], "amount": "1.00"}])
    office.post("crm/Contacts", {"Account": made["Supplier"], "LastName": "Z"}).raise_for_status()
    sets = [path for path in entities() if path.split("/")[0] in SERVICES and path not in LICENSED]
    assert len(sets) > 30
    for path in sets:
        entity = entities()[path]
        wish = "?$select=" + ",".join(entity.properties) if path.startswith("bulk/") else ""
        answer = office.get(path + wish, Accept=accept)
        assert (200, path) == (answer.status_code, path), answer.text
        if path.startswith(("cashflow/P", "crm", "documents", "purchase", "financialtransaction/B")):
            row = office.every_row(path)[0]
            key = row["__metadata"]["uri"]
            assert 200 == office.client.get(key, headers={"Accept": accept}).status_code
    assert [] == office.host.wire.failures.describe()["failures"]


def test_an_expanded_entry_in_atom(office: Any) -> None:
    """Its lines stand inside."""
    office.buy()
    text = office.get(f"{ENTRIES}?$expand=PurchaseEntryLines", Accept="application/atom+xml").text
    assert "<m:inline><feed><entry>" in text
    assert 2 == text.count("<d:EntryID ")
