"""The six simulators as targets for `fuzzing`: a small world each, its addresses and its words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from tests.sandbox import dynamics_fo_world as dynamics
from tests.sandbox import findity_world as expenses
from tests.sandbox import precoro_world as procurement
from tests.sandbox import visma_net_world as visma
from tests.sandbox.exact_online_purchases import ENTRIES, LINES, Office
from tests.sandbox.fuzzing import Place, Target
from tests.sandbox.ukg_pro_world import UkgWorld

from ml_connector_sandbox.systems.dynamics_fo.schema import entities as dynamics_sets
from ml_connector_sandbox.systems.exact_online.schema import entities as exact_sets
from ml_connector_sandbox.systems.visma_net.endpoints import ENDPOINTS

ANY_PATH = ("/", "//", "/{}", "/{}/{}", "http://elsewhere/{}", "*")
UKG_OPTIONS = (
    *("page", "per_Page", "blockId", "runId", "mostRecent", "dateTimeChanged", "employeeId", "startDate"),
    *("endDate", "payDate", "startPerControl", "$filter", "$top", "$skip", "$expand", "startDateTime"),
    *("endDateTime", "tableName", "fieldName", "isHomeCompany", "companyId", "modifiedAfterDateTime"),
)
UKG_FIELDS = (
    *("EmployeeIdentifierType", "EmployeeIdentifierValue", "PayDate", "IsVoided", "Earnings", "Deductions"),
    *("EarningCode", "EarningCurrentAmount", "employeeIdentifierType", "employeeIdentifierValue", "url"),
    *("eventTypes", "headers", "hmacSecret", "messageIds", "subscriptionId", "companyId", "startDate"),
    *("endDate", "page", "per_Page", "grant_type", "client_id", "client_secret", "audience", "OrgLevel1"),
    *("level", "code", "description", "glSegment", "isActive", "levelDescription", "currentYearBudgetFTE"),
)
EXACT_OPTIONS = (
    *("$select", "$filter", "$filter", "$filter", "$orderby", "$top", "$skip", "$skiptoken", "$inlinecount"),
    *("$expand", "$batch", "modified", "endPoint", "method", "state", "response_type"),
)
DYNAMICS_OPTIONS = (
    *("$select", "$filter", "$filter", "$filter", "$orderby", "$top", "$skip", "$skiptoken", "$count"),
    *("$expand", "$format", "cross-company", "$apply"),
)
VISMA_OPTIONS = (
    *("pageNumber", "pageSize", "periodId", "lastModifiedDateTime", "lastModifiedDateTimeCondition"),
    *("status", "module", "branch", "ledger", "fromPeriod", "toPeriod", "fromDate", "subaccountId"),
    *("greaterThanValue", "expandBranches", "active", "includeTransactionBalance", "projectId", "onHold"),
)
VISMA_FIELDS = (
    *("batchNumber", "hold", "transactionDate", "postPeriod", "financialPeriod", "ledger", "currencyId"),
    *("exchangeRate", "autoReversing", "description", "controlTotalInCurrency", "branch", "value"),
    *("overrideNumberSeries", "journalTransactionLines", "operation", "lineNumber", "accountNumber"),
    *("subaccount", "segmentId", "segmentValue", "project", "projectTask", "referenceNumber", "quantity"),
    *("debitAmountInCurrency", "creditAmountInCurrency", "segmentValues", "active", "employeeCd", "contact"),
    *("lastName", "email", "department", "employeeClass", "calendar", "status", "address", "accountCD"),
    *("type", "subaccountNumber", "departmentId", "expenseSubaccount", "expenseAccount", "projectID"),
    *("startDate", "endDate", "visibility", "visibleInGl", "taskId", "employeeNr", "projectId", "countryId"),
)
FINDITY_OPTIONS = ("page", "pageSize", "offset", "status", "active")
FINDITY_TOKEN = ("grant_type", "client_id", "client_secret", "refresh_token")
FINDITY_FIELDS = (
    *("status", "message", "externalReference", "number", "name", "accountType", "accountClass", "active"),
    *("code", "description", "percentage", "accountNumber", "vatNumber", "reimbursable", "id"),
)
FINDITY_BODY: dict[str, Any] = {
    "status": "FAILED",
    "message": "x",
    "externalReference": "26600001",
    "number": "4999",
    "name": "Other",
    "accountType": "DEBIT",
    "accountClass": "PROFIT_AND_LOSS",
    "code": "9",
    "description": "Other",
    "percentage": 21,
    "accountNumber": "1520",
    "vatNumber": "NL1",
    "active": True,
}
FINDITY_SCREEN: dict[str, Any] = {
    "add_report": {
        "user": "Anouk de Vries",
        "title": "Fuzz",
        "approved": True,
        "expenses": [
            {
                "date": "2026-06-01",
                "text": "x",
                "category": "Hotel",
                "paid_by": "Company card",
                "currency": "USD",
                "rate": "0.9",
                "amount": "121.00",
                "lines": [
                    {"amount": "54.45", "vat": "2", "codes": {"Cost center": "IT"}},
                    {"amount": "54.45", "vat": "4", "vat_amount": "1.00"},
                ],
                "files": [["a.pdf", 10], ["b.pdf", "QQ=="]],
            },
            {
                "type": "mileage",
                "category": "Mileage",
                "mileage": {"distance": "10", "rate": "0.23", "round_trip": True, "places": ["A", "B"]},
            },
            {
                "type": "per_diem",
                "category": "Per diem",
                "per_diem": {"days": "2", "rate": "50", "deducted": "10", "country": "BE"},
            },
        ],
    },
    "add_expense": {"report": "1016", "set": {"category": "Travel", "amount": "9.99", "vat": "2"}},
    "edit_expense": {"report": "1016", "expense": 1, "set": {"amount": "12.00", "date": "2026-06-01"}},
    "edit_report": {"report": "1016", "set": {"title": "x"}},
    "remove_expense": {"report": "1016", "expense": 1},
    "attach": {"report": "1016", "expense": 1, "name": "a.pdf", "bytes": 10, "content": "QQ=="},
    "approve": {"report": "1016"},
    "take_back": {"report": "1010"},
    "reopen": {"report": "1001"},
    "make_export": {"organization": "NK-NL", "reports": ["1011"], "grouping": "EXPENSE"},
    "set_grouping": {"grouping": "USER_PER_REPORT_PAID"},
    "set_recipient": {"bookkeeping": False, "journal": "91"},
    "add_master": {"table": "accounts", "set": {"number": "1", "name": "x"}},
    "edit_master": {"table": "vat_codes", "key": "2", "set": {"percentage": "21", "active": False}},
    "attach_account": {"table": "categories", "key": "Hotel", "account": "4310"},
    "add_user": {"name": "New Person", "employee_number": "9"},
    "edit_user": {"user": "Finn Jansen", "set": {"supplier_number": "40024"}},
    "send_webhook": {"export": "101"},
    "use_up": {"calls": 0},
}
PRECORO_OPTIONS = (
    *("page", "per_page", "modifiedSince", "status[]", "logicType[]", "approvalLeftDate", "id", "supplier[]"),
    *("approvalDate[left_date]", "createDate[right_date]", "external_id[]", "sent_to_external", "enable"),
    *("externalIntegrated", "name", "taxPayer", "isAllAccessLegalEntity"),
)
PRECORO_FIELDS = (
    *("externalId", "externalIntegrationLog", "invoice[id]", "sumPaid", "payDate", "logicType", "name"),
    *("percent", "code", "enable", "parent[id]", "currencies[]", "supplierLegalEntityIds[]", "uniqueCode"),
    *("paymentTerms[][id]", "contacts[0][name]", "creditPeriodDays", "prepaymentPercent", "entity_ids"),
    *("depend_type", "item_custom_field_option_id", "number", "id", "prolongation", "items", "quantity"),
    *(
        "state",
        "city",
        "country",
        "taxPayer",
        "minimumSum",
        "deliveryPeriod",
        "internationalBankAccountNumber",
    ),
    *(
        "termsDueDateAfterInvoicing",
        "paymentType",
        "isWithholdingTax",
        "sku",
        "price",
        "beginDate",
        "endDate",
    ),
    *("dataSupplierCustomFields", "value", "itemId", "requiredDate", "expense[id]", "supplier[id]"),
)
PRECORO_FORMS = {
    "POST /payments": "invoice[id]=1017&sumPaid=1.00&payDate=2026-07-01T10:00:00Z&logicType=0&externalId=x",
    "POST /suppliers": "name=Pens&currencies[]=EUR&supplierLegalEntityIds[]=41&contacts[0][name]=A",
    "PUT /suppliers/20401": (
        "name=Pens&state=Zeeland&currencies[]=EUR&paymentTerms[0][id]=601&taxPayerNumber=NL1&enable=1"
    ),
    "PATCH /suppliers/20402": "externalId=x",
    "POST /taxes": "name=VAT&percent=21&value=21&isWithholdingTax=0",
    "PUT /taxes/901": "name=VAT&percent=21",
    "POST /paymentterms": "name=7+days&creditPeriodDays=7&paymentType=0",
    "PUT /paymentterms/601": "name=7+days&prepaymentPercent=100",
    "POST /locations": "name=Delft&uniqueCode=DFT",
    "POST /items": "name=Pen&sku=PEN&price=1.10&supplier[id]=20401",
    "POST /itemcustomfields/21/options": "name=Other&code=4991&externalId=x",
    "POST /documentcustomfields/31/options": "name=Other&code=OTH&parent[id]=5401",
    "PUT /documentcustomfields/31/options/5402": "name=Other&code=OPSWH&parent[id]=5403&enable=0",
    "PATCH /itemcustomfields/options/depend_add": (
        "item_custom_field_option_id=5001&depend_type=1&entity_ids=[41, 42]"
    ),
    "POST /expensePayments": "expense[id]=8501&sumPaid=1.00&payDate=2026-07-01",
    "PATCH /invoices/1001": "externalId=x&externalIntegrationLog=booked",
    "POST /invoices/1003/revision": "a=b",
    "PATCH /payments/3001": "externalId=x",
    "POST /payments/3001/cancel": "a=b",
}
PRECORO_JSON: dict[str, Any] = {
    "PATCH /suppliers/20401/customfields": {
        "dataSupplierCustomFields": [{"supplierCustomField": {"id": 61}, "value": "Monday"}]
    },
    "POST /contract": {"number": "C-1", "id": 20401, "prolongation": True, "beginDate": "2026-01-01"},
    "POST /receipts/501": {"items": [{"itemId": 90001, "quantity": 3}], "note": "x"},
}
PRECORO_SCREEN: dict[str, Any] = {
    "add_invoice": {
        "supplier": "S0001",
        "number": "N-1",
        "issued": "2026-07-01",
        "currency": "USD",
        "rate": "0.9",
        "term": "30 days",
        "codes": {"cost_center": "FIN", "period": "x"},
        "lines": [{"text": "x", "price": "10.00", "tax": "21% High", "codes": {"account": "4100"}}],
        "stated": {"21% High": "2.11"},
    },
    "edit_invoice": {
        "idn": "1001",
        "set": {"number": "N-2", "due": "2026-08-01", "codes": {"project": "P100"}},
    },
    "pay": {"idn": "1003", "amount": "1.00", "date": "2026-07-01"},
    "cancel_payment": {"payment": "3001"},
    "split": {"idn": "1004", "parts": [{"percent": 50, "codes": {"cost_center": "IT"}}, {"percent": 50}]},
    "attach": {"idn": "1001", "name": "a.pdf", "bytes": 10, "content": "QQ==", "scan": True},
    "detach": {"idn": "1001", "attachment": 55001},
    "revise": {"idn": "1002"},
    "allocate": {"idn": "1025", "to": "1001"},
    "before_detail": {"idn": "1001", "do": "edit_invoice", "arguments": {"set": {"note": "x"}}},
    "add_supplier": {
        "set": {"name": "Pens", "currencies": ["EUR"], "terms": ["30 days"]},
        "approval": "pending",
    },
    "edit_supplier": {"code": "S0001", "set": {"internationalBankAccountNumber": "NL1", "minimumSum": "1"}},
    "merge_suppliers": {"code": "S0015", "into": "S0014", "remove": True},
    "add_option": {"axis": "account", "code": "4999", "name": "x"},
    "edit_option": {"axis": "cost_center", "code": "OPSWH", "name": "x", "enable": False, "parent": "OPS"},
    "add_tax": {"name": "x", "percent": "5"},
    "add_term": {"name": "x", "days": 5},
    "restrict_user": {"locations": ["RTM"], "entities": ["Noordkade Belgium BV"], "options": ["FIN"]},
    "withdraw_right": {"right": "payments"},
    "add_webhook": {"url": "http://127.0.0.1:1/y", "types": [3], "actions": [1]},
    "send_webhook": {"idn": "1001"},
    "use_up": {"what": "day"},
}
SCREEN_FIELDS = (
    *("id", "number", "entity", "line", "amount", "text", "account", "lines", "journal", "date", "period"),
    *("code", "cost_center", "kind", "seconds", "match", "path", "times", "set", "advance_seconds", "run_id"),
    *("worker", "changes", "what", "row", "block", "dimension", "format", "name", "employee", "department"),
    *("segment", "values", "scopes", "project", "task", "url", "entities", "layout", "status", "headers"),
    *("set", "to", "description", "start", "end", "last_name", "email", "granted", "role", "active"),
    *(
        "supplier",
        "pays",
        "extra",
        "entries",
        "payment",
        "entry",
        "discount",
        "rate",
        "currency",
        "iban",
        "into",
    ),
    *("vat_code", "vat_amount", "percentage", "due", "main", "instead_of", "line_set", "your_ref", "archive"),
    *("dimensions", "reference", "cost_unit", "without", "without_company", "pay_date", "post", "release"),
)


def ukg_pro() -> Target:
    """Core endpoints with the keys, platform endpoints with a token."""
    world = UkgWorld(workers=3, void=True, rehired=True, dual_company=True, send=lambda *_: None)
    core, platform = _lower(world.headers()), _lower(world.bearer())
    endpoints = [endpoint for _, _, endpoint in world.vendor._routes._routes]
    places = [
        Place(re.sub(r"\{\w+\}", "{}", endpoint.path), (endpoint.method,), UKG_FIELDS)
        for endpoint in endpoints
    ]

    record = {
        "EmployeeIdentifierType": "EmployeeNumber",
        "EmployeeIdentifierValue": "000000001",
        "PayDate": "2026-07-03T00:00:00Z",
        "IsVoided": "N",
        "Earnings": [{"EarningCode": "REG", "EarningCurrentAmount": 1.5}],
    }
    record_path = "/services/payroll/v1/third-party-pay"
    hook = {"url": "http://127.0.0.1:1/x", "eventTypes": ["*"], "headers": {"a": "b"}, "isActive": True}
    span = {
        "companyId": "6Y4NV",
        "startDate": "2026-07-01",
        "endDate": "2026-07-31",
        "page": 1,
        "per_Page": 2,
    }
    level = {"level": 1, "code": "X1", "description": "x", "glSegment": "1", "currentYearBudgetFTE": 1.5}
    levels = "/configuration/v1/org-levels"
    places += [
        Place(levels, ("POST",), UKG_FIELDS, [level, {**level, "level": 3, "isActive": False}]),
        Place(f"{levels}/1/BOSFIN", ("PUT", "PATCH"), UKG_FIELDS, {"description": "x", "isActive": False}),
        Place(record_path, ("POST",), UKG_FIELDS, record),
        Place("/webhooks/v1/subscriptions", ("POST",), UKG_FIELDS, hook),
        Place("/payroll/v1/companies/pay-statements-summary", ("POST",), UKG_FIELDS, span),
        Place("/personnel/v1/employee-ids", ("POST",), UKG_FIELDS, [record]),
    ] * 5

    def headers(path: str) -> dict[str, str]:
        return {**core, **platform} if path.startswith("/webhooks") else core

    changes = {"changes": {"W00001": "100.00"}, "without": ["W00002"], "pay_date": "2026-07-07"}
    places += _screen({"rerun": changes, "undo_run": {"run_id": "1"}, "void": {"worker": "W00001"}})
    later = {"employee": "W00002", "date": "2026-08-01"}
    worker = {"department": "BOSFIN", "location": "LOC1", "employee_type": "REG", "date": "2026-08-01"}
    places += _screen(
        {
            "hire": {**worker, "first_name": "Ida", "annual_salary": "1.00", "supervisor": "W00001"},
            "rehire": later,
            "transfer": {**later, "to": "HTC02", "department": "BOSFIN"},
            "change_employee": {**later, "status": "T", "reason": "202", "last_worked": "2026-07-31"},
            "redate_change": later,
            "withdraw_change": {"employee": "W00002"},
            "add_org_level": {"code": "X1", "name": "x", "level": 3},
            "change_org_level": {"code": "BOSFIN", "name": "x", "active": False},
            "change_location": {"code": "LOC2", "active": False},
            "move_pay_date": {"period_control": "202607171", "pay_date": "2026-07-16"},
            "plan_off_cycle": {"pay_date": "2026-07-15"},
            "skip_run": {"period_control": "202607171"},
            "run_period": {"period_control": "202607171"},
        }
    )
    return Target(host=world.host, headers=headers, places=places + _any(UKG_FIELDS), options=UKG_OPTIONS)


def exact_online() -> Target:
    """Every set in one division, by key, counted, and one step further; filters are not demanded."""
    world = Office(
        "fast", select_required=False, webhooks_need_https=False, hr_writes=True, keeps_entry_id=True
    )
    office_entries(world)
    world.vendor.webhooks.outbox.send = lambda url, body, headers: 200
    world.vendor.webhooks.outbox.background = False
    places = [
        Place(f"/api/v1/1204/{path}{tail}", _verbs(entity.verbs), _some(entity.properties))
        for path, entity in exact_sets().items()
        for tail in ("", "", "({})", "/$count", "(guid'{}')", "({})/{}")
    ]
    bodies = {
        "generaljournalentry/GeneralJournalEntries": world.entry(
            world.line("4100", 5), {**world.line("1600", -5), "Account": world.supplier()}
        ),
        "hrm/Costcenters": {"Code": "N1", "Description": "New", "EndDate": "2026-12-31", "Active": True},
        "hrm/Costunits": {"Code": "N1", "Description": "New"},
        "crm/Accounts": {"Name": "Pens", "IsSupplier": True, "Country": "NL", "Code": "77"},
        "financial/GLAccounts": {"Code": "4711", "Description": "New", "Type": 125, "UseCostcenter": 1},
        "webhooks/WebhookSubscriptions": {"Topic": "Accounts", "CallbackURL": "http://connector.example/x"},
    }
    places += [
        Place(f"/api/v1/1204/{path}", ("POST",), tuple(body), body) for path, body in bodies.items()
    ] * 10
    places += _ledger_screen("90", "4000", "1530", "SALES") + _purchase_screen() + _bought(world)
    me = _some(exact_sets()["current/Me"].properties)
    others = (
        *("/api/v1/current/Me", "/api/v1/{}/{}", "/api/oauth2/auth", "/api/oauth2/token"),
        *("/api/v1/1204/users/UserHasRights", "/api/v1/1204/read/sync/Sync/SyncTimestamp"),
    )
    return Target(
        host=world.host,
        headers=lambda _: _lower(world.client.headers),
        places=[*places, *(Place(path, ("GET", "POST"), me) for path in others), *_any(me)],
        options=EXACT_OPTIONS,
    )


def office_entries(world: Office) -> None:
    """Rows in every set of the purchase side: paid in part, in two currencies, with a file."""
    made = world.buy(YourRef="A", Description="Paper")
    world.buy(world.cost(-7, "R"), Currency="USD", Rate=0.9)
    world.control("pay", pays=[{"entry": made["EntryNumber"], "amount": "21.00"}])
    file = {"Document": made["Document"], "FileName": "a.pdf", "Attachment": "JVBERi0="}
    world.post("documents/DocumentAttachments", file).raise_for_status()


def _bought(world: Office) -> list[Place]:
    """What a client writes of purchases, to be spoilt: new, and by the keys of what is there."""
    made, line = world.rows(ENTRIES)[0], world.rows(LINES)[0]
    payable, account = world.rows("cashflow/Payments")[0], world.rows("crm/BankAccounts")[0]
    bank = {"GLAccount": world.account("1600"), "AmountFC": -5, "Account": world.supplier()}
    document = {"Subject": "x", "Type": 20, "Account": world.supplier(), "DocumentDate": "2026-07-01"}
    terms = {"Code": "N", "Description": "x", "PaymentDays": 5, "PaymentEndOfMonths": 1, "Percentage": 0.5}
    bodies: dict[str, Any] = {
        ENTRIES: world.invoice(world.cost("1.10", "I", VATAmountFC="0.2"), Rate=1, YourRef="B", Type=31),
        LINES: {"EntryID": made["EntryID"], **world.cost(1, From="2026-01-01", To="2026-02-01")},
        "financialtransaction/BankEntries": {"JournalCode": "20", "BankEntryLines": [bank]},
        "financialtransaction/BankEntryLines": {"EntryID": made["EntryID"], **bank},
        "crm/BankAccounts": {"Account": world.supplier(), "BankAccount": "NL1", "BICCode": "X", "Main": True},
        "crm/Contacts": {"Account": world.supplier(), "FirstName": "x", "LastName": "y", "HID": 5},
        "cashflow/PaymentConditions": terms,
        "financial/ExchangeRates": {"SourceCurrency": "USD", "Rate": 0.9, "StartDate": "2026-07-01"},
        "documents/Documents": {**document, "HID": 7, "FinancialTransactionEntryID": made["EntryID"]},
        "documents/DocumentAttachments": {
            "Document": made["Document"],
            "FileName": "x.pdf",
            "Attachment": "AAAA",
        },
    }
    changes: dict[str, Any] = {
        f"{ENTRIES}(guid'{made['EntryID']}')": {"YourRef": "C", "EntryDate": "2026-07-02", "Rate": 1},
        f"{LINES}(guid'{line['ID']}')": {"AmountFC": 5, "VATCode": "21", "VATAmountFC": 1},
        f"cashflow/Payments(guid'{payable['ID']}')": {
            "AccountBankAccountID": account["ID"],
            "PaymentMethod": "K",
        },
        f"crm/BankAccounts(guid'{account['ID']}')": {"BankAccount": "NL2", "Main": True, "Blocked": False},
        f"documents/Documents(guid'{made['Document']}')": {**document, "Body": "x", "HID": 9},
    }
    root = "/api/v1/1204/"
    file = Place("/docs/SysAttachment.aspx", ("GET",), ("ID", "_Division_"))
    return [
        *[Place(root + path, ("POST",), tuple(body), body) for path, body in bodies.items()] * 10,
        *[
            Place(root + path, ("PUT", "PUT", "PUT", "DELETE"), tuple(body), body)
            for path, body in changes.items()
        ]
        * 10,
        *[file] * 5,
    ]


def _purchase_screen() -> list[Place]:
    """What the purchase side's people do, to be spoilt."""
    line = {"account": "4000", "amount": "5.00", "vat_code": "21", "vat_amount": "1.05"}
    pay = {"entry": "26600001", "amount": "1.00", "discount": "0.50"}
    samples = {
        "book_purchase": {
            "supplier": "2",
            "date": "2026-07-09",
            "your_ref": "x",
            "rate": "0.9",
            "lines": [line],
        },
        "edit_purchase": {
            "number": "26600001",
            "set": {"YourRef": "x"},
            "line": 1,
            "line_set": {"AmountFC": 9},
        },
        "pay": {"pays": [pay], "extra": [{"account": "4100", "amount": "1"}], "discount_account": "4300"},
        "match": {"entries": ["26600001", "26600002"]},
        "unmatch": {"payment": "26200001"},
        "reverse_payment": {"payment": "26200001", "date": "2026-07-20"},
        "set_payment_status": {"entries": ["26600001"], "status": "processed"},
        "merge_supplier": {"code": "30", "into": "2", "archive": True},
        "put_bank_account": {"code": "2", "iban": "NL3", "main": True, "instead_of": "NL1"},
        "set_vat_percentage": {"code": "9", "percentage": "0.21", "date": "2026-01-01"},
        "end_supplier": {"code": "30", "date": "2026-07-31"},
    }
    return _screen(samples)


def dynamics_fo() -> Target:
    """Every set with and without a key, the documents about the service, batches and actions."""
    world = dynamics.DynamicsWorld()
    places: list[Any] = []
    for name, entity in dynamics_sets().items():
        key = ",".join(f"{part}={{}}" for part in entity.keys)
        tails = ("", "", "({})", f"({key})", "/$count", "/{}")
        fields, verbs = _some(entity.properties), _verbs(entity.verbs.replace("U", "A"))
        places += [Place(f"/data/{name}{tail}", verbs, fields) for tail in tails]
    journal = world.journal()
    bodies = {
        "LedgerJournalHeaders": {"dataAreaId": "usmf", "JournalName": "PAYROLL", "Description": "x"},
        "LedgerJournalLines": world.line(journal, "601100--AKRASM", "1.00", Text="x"),
        "FinancialDimensionValues": {"FinancialDimension": "Plant", "DimensionValue": "P9"},
        "EmployeesV2": {"PersonnelNumber": "900", "FirstName": "A", "LastName": "B"},
        "VendorsV3": {"VendorOrganizationName": "Pens", "VendorGroupId": "30", "dataAreaId": "usmf"},
    }
    places += [Place(f"/data/{name}", ("POST",), tuple(body), body) for name, body in bodies.items()] * 10
    line = f"/data/{world.key(journal, 1)}?cross-company=true"
    world.add(journal, "601100--AKRASM", "1.00").raise_for_status()
    places += [Place(line, ("PATCH",), ("Text",), {"Text": "y", "DebitAmount": 2})] * 10
    places += _ledger_screen("GenJrn", "601100", "230100", "AKRASM")
    names = ("_attributeNames", "_attributeValues", "_entityName", "_propertyName")
    others = (
        *(
            "/data",
            "/data/$metadata",
            "/data/$batch",
            "/data/{}",
            "/{}/oauth2/token",
            "/{}/oauth2/v2.0/token",
        ),
        *("/metadata/{}", "/metadata/PublicEntities('{}')", "/metadata/Labels({})", "/Metadata/DataEntities"),
        *("/metadata/PublicEnumerations('{}')", "/metadata/Labels(Id='{}',Language='{}')"),
        "/data/DimensionSets/Microsoft.Dynamics.DataEntities.getSetDisplayValue",
        "/data/DimensionCombinations/Microsoft.Dynamics.DataEntities.getCombinationDisplayValue",
    )
    return Target(
        host=world.host,
        headers=lambda _: _lower(world.client.headers),
        places=[*places, *(Place(path, ("GET", "POST"), names) for path in others), *_any(names)],
        options=DYNAMICS_OPTIONS,
        base_url=dynamics.HOST,
    )


def visma_net() -> Target:
    """Every verb on every path, with and without the old prefix, and the background."""
    world = visma.World("fast")
    paths = (
        *("/v1/background/{}", "/v1/background/{}/content", "/connect/token", "/API/controller/api/v2/{}"),
        *("/v2/journaltransaction/100001", "/v1/dimension/SUBACCOUNT/1", "/v1/dimension/SUBACCOUNT/1/{}"),
    )
    places = [
        Place("/" + re.sub(r"\{\w+\}", "{}", endpoint.path), (endpoint.method,), VISMA_FIELDS)
        for endpoint in ENDPOINTS
    ]
    places += [Place(path, ("GET", "PUT", "POST"), VISMA_FIELDS) for path in paths]
    contact = {"value": {"lastName": {"value": "Dahl"}, "email": {"value": "a@b.test"}}}
    person = {
        "department": "SALES",
        "employeeClass": "E",
        "branch": "1",
        "calendar": "NO",
        "employeeCd": "E9",
    }
    values = [{"operation": "Insert", "value": "0200", "description": {"value": "x"}}]
    number = world.booked()
    batch = world.batch()
    spoilt: list[tuple[str, str, Any]] = [
        ("POST", "/v2/journaltransaction", batch),
        ("PUT", f"/v2/journaltransaction/{number}", batch),
        ("PUT", "/v1/dimension/SUBACCOUNT/1", {"segmentValues": values}),
        (
            "POST",
            "/v1/employee",
            {name: {"value": text} for name, text in person.items()} | {"contact": contact["value"]},
        ),
        ("POST", "/v1/account", {"accountCD": {"value": "7"}, "type": {"value": "Expense"}}),
        (
            "POST",
            "/v1/project",
            {
                "projectID": {"value": "P9"},
                "description": {"value": "x"},
                "startDate": {"value": "2026-01-01"},
            },
        ),
        (
            "PUT",
            "/v1/department/SALES",
            {"description": {"value": "x"}, "expenseSubaccount": [{"segmentId": 1, "segmentValue": "0100"}]},
        ),
    ]
    places += [Place(path, (verb,), VISMA_FIELDS, body) for verb, path, body in spoilt] * 10
    places += _ledger_screen("GL", "5000", "2930", "0100")
    return Target(
        host=world.host,
        headers=lambda _: _lower(world.client.headers),
        places=places + _any(VISMA_FIELDS),
        options=VISMA_OPTIONS,
    )


def precoro() -> Target:
    """Every verb on every path, by forms, JSON and files, and what people do at the screens."""
    world = procurement.World("fast")
    world.hear()
    places = [
        Place(re.sub(r"\{\w+\}", "{}", endpoint.path), (endpoint.method,), PRECORO_FIELDS, form=True)
        for endpoint in procurement.endpoints()
    ]
    shown = (
        *("/invoices/1002", "/purchaseorders/501", "/suppliers/20402", "/attachments/55001", "/expenses/401"),
        *("/itemcustomfields/21", "/itemcustomfields/21/options", "/documentcustomfields/31/options"),
        *("/items/33001", "/locations/71", "/contracts/2201", "/files/{}"),
    )
    places += [Place(path, ("GET",), PRECORO_FIELDS) for path in shown]
    for asked, form in PRECORO_FORMS.items():
        verb, _, path = asked.partition(" ")
        places += [Place(path, (verb,), PRECORO_FIELDS, dict(parse_qsl(form)), form=True)] * 5
    for asked, body in PRECORO_JSON.items():
        verb, _, path = asked.partition(" ")
        places += [Place(path, (verb,), PRECORO_FIELDS, body)] * 5
    places += _screen(PRECORO_SCREEN)
    keys = _lower(world.client.headers)

    def headers(path: str) -> dict[str, str]:
        kind = "multipart/form-data; boundary=x" if path.startswith("/attachments/") else procurement.FORM
        return {**keys, "content-type": kind}

    return Target(
        host=world.host, headers=headers, places=places + _any(PRECORO_FIELDS), options=PRECORO_OPTIONS
    )


def findity() -> Target:
    """Every verb on every path, and what people do with reports and settings."""
    world = expenses.World("fast", master_delete=True)
    world.hear()
    books = world.books()
    export = books["exports"][0]
    keys = {
        "organization": world.holland,
        "export": export["id"],
        "voucher": export["vouchers"][0]["id"],
        "attachment": books["reports"][0]["expenses"][0]["receipts"][0]["id"],
        "dimension": books["dimensions"][0]["id"],
    }
    places = [Place(expenses.TOKEN, ("POST",), FINDITY_TOKEN, form=True)] * 5
    for endpoint in expenses.endpoints(master_delete=True):
        path = "/api/v1" + endpoint.path
        table = {"vatCodes": "vat_codes", "paymentMethods": "payment_methods", "values": "dimension_values"}
        name = path.split("/")[-2] if path.endswith("{key}") else path.split("/")[-1]
        known = {**keys, "key": next((row["id"] for row in books.get(table.get(name, name), ())), "x")}
        places += [
            Place(re.sub(r"\{\w+\}", "{}", path), (endpoint.method,), FINDITY_FIELDS),
            Place(path.format(**known), (endpoint.method,), FINDITY_FIELDS),
            *[Place(path.format(**known), (endpoint.method,), FINDITY_FIELDS, FINDITY_BODY)] * 4,
        ]
    places += _screen(FINDITY_SCREEN)
    headers = {**_lower(world.client.headers), "content-type": "application/json"}

    def signed(path: str) -> dict[str, str]:
        return {**headers, "content-type": expenses.FORM} if path == expenses.TOKEN else headers

    return Target(
        host=world.host, headers=signed, places=places + _any(FINDITY_FIELDS), options=FINDITY_OPTIONS
    )


TARGETS = (ukg_pro, exact_online, dynamics_fo, visma_net, precoro, findity)


def _any(fields: tuple[str, ...]) -> list[Place]:
    return [Place(path, ("GET", "POST"), fields) for path in ANY_PATH]


def _ledger_screen(journal: str, wages: str, owed: str, center: str) -> list[Place]:
    """What a bookkeeper does, to be spoilt."""
    line = {"account": wages, "amount": "5.00", "cost_center": center, "dimensions": {"cost_center": center}}
    lines = [{**line, "text": "x", "reference": "7"}, {**line, "account": owed, "amount": "-5.00"}]
    samples = {
        "book": {"journal": journal, "date": "2026-07-09", "text": "x", "lines": lines},
        "edit": {"line": 1, **lines[0]},
        "double": {"id": "1"},
        "delete": {"number": "1"},
        "close_period": {"period": "2026-07"},
        "open_period": {"period": "2026-07"},
        "block_account": {"account": wages},
        "end_cost_center": {"cost_center": center, "date": "2026-07-31"},
        "reopen_cost_center": {"cost_center": center},
    }
    return _screen(samples)


def _screen(samples: dict[str, Any]) -> list[Place]:
    path = "/__sandbox__/control/"
    return [Place(path + action, ("POST",), SCREEN_FIELDS, body) for action, body in samples.items()] * 3


def _some(names: Iterable[str]) -> tuple[str, ...]:
    """At most two dozen of the names, from all over."""
    held = tuple(names)
    return held[:: 1 + len(held) // 24]


def _verbs(letters: str) -> tuple[str, ...]:
    names = {"G": "GET", "P": "POST", "U": "PUT", "A": "PATCH", "D": "DELETE"}
    return tuple(names[letter] for letter in letters)


def _lower(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in dict(headers).items()}
