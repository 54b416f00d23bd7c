"""People, projects and the facts of a company on the wire, property by property in the published order."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.visma_net.book import Company, etag

_MODULES = ("Ap", "Ar", "So", "Po", "Ea", "Ta", "In", "Ca", "Cr")
_EXPANDED = {
    "expandaddress": "mainAddress",
    "expandcontact": "mainContact",
    "expanddeliveryaddress": "deliveryAddress",
    "expanddeliverycontact": "deliveryContact",
    "expanddefaultcountry": "defaultCountry",
    "expandindustrycode": "industryCode",
    "expandcurrency": "currency",
    "expandvatzone": "vatZone",
    "expandledger": "ledger",
    "expandbanksettings": "bankSettings",
}
"""What a branch shows only when asked, by the parameter that asks."""


def employee(book: Company, row: Row) -> Row:
    """An employee; the status is read as `OnHold` and written as `Hold`."""
    full = ", ".join(part for part in (row["lastName"], row["firstName"]) if part)
    contact = {
        "employeeContact": full,
        "title": None,
        "firstName": row["firstName"],
        "midName": row["middleName"],
    }
    contact |= {
        "lastName": row["lastName"],
        "phone3": row["phone3"],
        "contactId": row["contactId"],
        "name": full,
    }
    contact |= {"attention": None, "email": row["email"], "web": None}
    contact |= {name: row[name] for name in ("phone1", "phone2", "fax")}
    return {
        "employeeUserId": row["employeeUserId"],
        "employeeId": row["employeeId"],
        "employeeNumber": row["employeeNumber"],
        "employeeName": full,
        "status": row["status"],
        "department": row["department"],
        "contact": contact,
        "address": _address(row["address"], int(row["employeeId"])),
        "lastModifiedDateTime": row["_modified"],
        "employeeClass": {"id": row["employeeClass"], "description": "Employee"},
        "branch": _branch_named(book, row["branch"]),
        "calendarID": row["calendarID"],
        "employeeLogin": None,
        "workGroupDescription": [],
        "timeStamp": etag(row),
        "errorInfo": None,
    }


def _address(given: Row, number: int) -> Row:
    """An address: country and county are written as ids and read as objects."""
    lines = {
        name: given.get(name)
        for name in ("addressLine1", "addressLine2", "addressLine3", "postalCode", "city")
    }
    country, county = given.get("countryId"), given.get("county")
    return {
        "addressId": number,
        **lines,
        "country": {"id": country, "name": country, "errorInfo": None} if country else None,
        "county": {"id": county, "name": county} if county else None,
    }


def _branch_named(book: Company, number: str | None) -> Row | None:
    row = book.branches.get(number or "")
    return {"number": row["number"], "name": row["name"]} if row else None


def project(book: Company, row: Row) -> Row:
    """A project with its tasks; what a payroll has no use for is null."""
    own = [
        _task_of_project(held)
        for held in book.tasks.values()
        if held["projectInternalId"] == row["internalID"]
    ]
    return {
        "internalID": row["internalID"],
        "projectID": row["projectID"],
        "customer": None,
        "hold": row["status"] == "OnHold",
        "status": row["status"],
        "template": None,
        "description": row["description"],
        **dict.fromkeys(("assets", "liability", "income", "expenses"), Decimal(0)),
        "startDate": row["startDate"],
        "endDate": row["endDate"],
        "projectManager": None,
        "restrictEmployees": False,
        "restrictEquipment": False,
        "visibility": _visibility(row),
        **dict.fromkeys(("defAccount", "defSub", "defAccrualAccount", "defAccrualSub", "billingPeriod")),
        **dict.fromkeys(
            ("nextBillingDate", "lastBillingDate", "customerLocation", "allocationRule", "billingRule")
        ),
        "branch": _branch_named(book, row["branch"]),
        "rateTable": None,
        "autoAllocate": False,
        "automaticReleaseAr": False,
        "lastModifiedDateTime": row["_modified"],
        "tasks": own,
        "employees": [],
        "publicId": row["publicId"],
        "systemTemplate": False,
        "attributes": [],
        "timeStamp": etag(row),
        "note": None,
        "errorInfo": None,
    }


def project_basic(_: Company, row: Row) -> Row:
    """A project on the light list: without tasks and accounts."""
    return {
        "internalID": row["internalID"],
        "projectID": row["projectID"],
        "customer": None,
        "hold": row["status"] == "OnHold",
        "status": row["status"],
        "description": row["description"],
        "startDate": row["startDate"],
        "endDate": row["endDate"],
        "autoAllocate": False,
        "automaticReleaseAr": False,
        "lastModifiedDateTime": row["_modified"],
        "publicId": row["publicId"],
        "visibility": _visibility(row),
        "errorInfo": None,
    }


def _task_of_project(row: Row) -> Row:
    """A task as it stands inside its project: without ids of its own."""
    return {
        "taskId": row["taskId"],
        "description": row["description"],
        "plannedStart": row["startDate"],
        "plannedEnd": row["endDate"],
        "startDate": row["startDate"],
        "endDate": row["endDate"],
        "branch": None,
        "rateTable": None,
        "status": row["status"],
        "restrictEmployees": False,
        "visibility": _visibility(row),
        "employees": [],
        "attributes": [],
    }


def task(_: Company, row: Row) -> Row:
    """A task as it is listed, with its id and its project's."""
    return {
        "internalId": row["internalId"],
        "projectInternalId": row["projectInternalId"],
        **dict.fromkeys(("defAccount", "defSub", "defAccrualAccount", "defAccrualSub", "taxCategory")),
        "lastModifiedDateTime": row["_modified"],
        "createdDateTime": row["_modified"],
        **_task_of_project(row),
        "timeStamp": etag(row),
    }


def _visibility(row: Row) -> Row:
    return {"visibleInGl": row["visibleInGl"], **{f"visibleIn{module}": True for module in _MODULES}}


def branch(book: Company, row: Row, expand: frozenset[str] = frozenset()) -> Row:
    """A branch; what can be expanded is absent unless it was asked for."""
    names = ("branchId", "number", "name", "organizationId", "isMainBranch", "isActive")
    shown = {name: row[name] for name in names}
    shown |= {
        "lastModifiedDateTime": row["_modified"],
        "corporateId": row["corporateId"],
        "vatRegistrationId": row["vatRegistrationId"],
    }
    base = book.currencies[book.currency]
    known = {
        "currency": {"id": base["id"], "description": base["description"], "symbol": base["symbol"]},
        "ledger": {"id": row["ledger"], "description": book.ledgers[row["ledger"]]["description"]},
        "mainAddress": _address({}, int(row["branchId"])),
    }
    return shown | {name: known.get(name) for parameter, name in _EXPANDED.items() if parameter in expand}


def organization(book: Company, *, branches: bool = False) -> Row:
    """The company itself."""
    first = next(iter(book.ledgers.values()), None)
    main = book.main_branch()
    shown: Row = {
        "organizationCd": book.code,
        "name": book.title,
        "organizationType": "WithBranchesNotBalancing",
        "fileTaxByBranches": False,
        "baseCurrency": book.currency,
        **dict.fromkeys(("mainAddress", "mainContact", "deliveryAddress", "deliveryContact")),
        **book.facts,
        **dict.fromkeys(("defaultCountry", "industryCode")),
        "currency": currency(book, book.currencies[book.currency]),
        "vatZone": None,
        "lastModifiedDateTime": main["_modified"],
        "ledger": {"id": first["number"], "description": first["description"]} if first else None,
    }
    if branches:
        shown["branches"] = [{"number": row["number"], "name": row["name"]} for row in book.branches.values()]
    return {**shown, "timeStamp": etag(main)}


def ledger(_: Company, row: Row) -> Row:
    """A ledger."""
    first = ("internalId", "number", "description", "balanceType", "currencyId", "consolidationSource")
    shown = {name: row[name] for name in first} | {
        "consolBranch": None,
        "branchAccounting": row["branchAccounting"],
    }
    return {**shown, "lastModifiedDateTime": row["_modified"], "postInterCompany": row["postInterCompany"]}


def period(_: Company, row: Row) -> Row:
    """A financial period and the ledgers it is closed in."""
    shown = {name: value for name, value in row.items() if name != "closed"}
    names = (
        "SupplierLedger",
        "CustomerLedger",
        "InventoryManagement",
        "GeneralLedger",
        "CashManagement",
        "FixedAssets",
    )
    return {**shown, **{f"closedIn{name}": row["closed"] for name in names}}


def currency(_: Company, row: Row) -> Row:
    """A currency."""
    return {name: value for name, value in row.items() if name != "rate"}


def vat(book: Company, row: Row) -> Row:
    """A VAT rate."""
    schedule = {
        "startDate": datetime(2020, 1, 1),
        "vatRate": row["rate"],
        "minTaxableAmt": Decimal(0),
        "maxTaxableAmt": Decimal(0),
    }
    schedule |= {"reportingGroup": None, "deductibleVatRate": Decimal(100), "groupType": "Input"}
    flags = (
        "deductibleVat",
        "reverseVat",
        "statisticalVat",
        "pendingVat",
        "includeinVatExemptTotal",
        "includeinVatTotal",
    )
    return {
        "vatCategoryId": row["vatId"],
        "vatId": row["vatId"],
        "description": row["description"],
        "type": "Vat",
        **dict.fromkeys(flags, False),
        "enterFromVatInvoice": False,
        "calculateOn": "ExtractFromItemAmount",
        "cashDiscount": "ToTaxableAmount",
        **dict.fromkeys(
            (
                "vatAgencyId",
                "notValidAfter",
                "euReportCode",
                "documentText",
                "defaultNonStockItem",
                "vismaXmlVatType",
            )
        ),
        "lastModifiedDateTime": row["_modified"],
        "glAccounts": None,
        "schedules": [schedule],
        "categories": [vat_category(book, row)],
        "zones": [],
    }


def vat_category(_: Company, row: Row) -> Row:
    """A VAT code, as lines name it in `vatCodeId`, with the one rate it stands for."""
    line = {
        "vatId": row["vatId"],
        "description": row["description"],
        "type": "Vat",
        "calculateOn": "ExtractFromItemAmount",
    }
    line |= {
        "cashDiscount": "ToTaxableAmount",
        "vatRates": [{"revisionID": 1, "vatRate": row["rate"], "startDate": datetime(2020, 1, 1)}],
    }
    return {
        "vatCategoryId": row["vatId"],
        "description": row["description"],
        "active": True,
        "excludeListedTaxes": False,
        "lastModifiedDateTime": row["_modified"],
        "vatCategoryLines": [line],
    }
