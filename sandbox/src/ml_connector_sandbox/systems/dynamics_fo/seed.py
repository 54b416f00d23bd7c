"""Fills an environment from a scenario's ledger: plain data in, tables out.

    {"default_company", "chart", "companies": [{"code", "title", "currency"}], "currencies": [{"code", "name",
    "rounding"}],
     "exchange_rates": [{"from", "to", "rate", "start"}], "calendar": {"id", "first_year", "years",
     "first_month"}, "closed": [[company, "2026-05"]], "accounts": [{"code", "name", "type", "demands": […],
     "suspended", "blocked"}], "dimensions": [{"name", "axis", "values_from", "values": [{"code", "name",
     "suspended", "blocked", "total", "company"}], "mask"}], "delimiter", "formats": [{"name", "kind":
     "ledger"|"default", "format", "active"}], "journal_names": [{"name", "title", "type", "new_voucher", …}],
     "vendors", "vendor_payments", "customer_payments", "workers"}

What is left out is empty. Rates are per 100 units, as the vendor keeps them.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Row
from ml_connector_sandbox.systems.dynamics_fo import masters
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.dimensions import FORMAT_KINDS
from ml_connector_sandbox.systems.dynamics_fo.schema import BLANK_DATE, BLANK_MOMENT

_UNITS = {
    "CostCenters": ("cost_centers", "OMCostCenter"),
    "BusinessUnits": ("business_units", "OMBusinessUnit"),
    "Departments": ("departments", "OMDepartment"),
}
_QUARTERS = ("Q1", "Q2", "Q3", "Q4")


def build_book(ledger: Json, clock: Clock, seed: int, switches: Switches, client_id: str) -> Book:
    """The environment before anybody called it."""
    book = Book(clock=clock, seed=seed, switches=switches)
    book.default_company = str(
        switches["default_company"] or ledger.get("default_company") or ledger["companies"][0]["code"]
    )
    _companies(book, ledger)
    _calendar(book, ledger)
    _chart(book, ledger)
    _dimensions(book, ledger)
    for facts in ledger.get("journal_names", ()):
        _journal_name(book, ledger, facts)
    for company, month in ledger.get("closed", ()):
        masters.set_period(book, switches, company, month, closed=True)
    _parties(book, ledger)
    for facts in ledger.get("workers", ()):
        masters.fill_position(book, masters.hire(book, _worker(facts)))
    book.add(
        "aad_clients", {"AADClientId": client_id, "Name": "Sandbox integration", "UserId": "integration"}
    )
    return book


def add_value(book: Book, dimension: Row, facts: Mapping[str, Any]) -> Row:
    """A value of a dimension, and the operating unit behind it where there is one."""
    unit = _UNITS.get(dimension["UseValuesFrom"])
    if unit is not None:
        table, kind = unit
        row = {
            "OperatingUnitNumber": facts["code"],
            "Name": facts["name"],
            "PartyNumber": book.next_number("party", "#########"),
        }
        row |= {
            "OperatingUnitType": kind,
            "OperatingUnitTypes": kind,
            "LanguageId": "en-US",
            "Language": "en-US",
            "KnownAs": facts["name"],
        }
        if book[table].get(facts["code"]) is None:
            book.add(table, row)
            book.add("operating_units", row)
    values = {
        "FinancialDimension": dimension["DimensionName"],
        "LegalEntityId": facts.get("company", ""),
        "DimensionValue": facts["code"],
        "Description": facts["name"],
        "IsSuspended": _yes(facts.get("suspended")),
        "IsBlockedForManualEntry": _yes(facts.get("blocked")),
        "IsTotal": _yes(facts.get("total")),
        "ActiveFrom": _day(facts.get("from")),
        "ActiveTo": _day(facts.get("to")),
        "Owner": "",
    }
    return book.add("dimension_values", values)


def _companies(book: Book, ledger: Json) -> None:
    chart = ledger.get("chart", "Shared")
    book.add(
        "charts",
        {"ChartOfAccounts": chart, "MainAccountMask": "######", "Description": f"{chart} chart of accounts"},
    )
    chart_row = book["charts"].get(chart) or {}
    chart_row["ChartOfAccountsRecId"] = chart_row["RecId"]
    for facts in ledger.get("currencies") or [{"code": "USD", "name": "US Dollar"}]:
        book.add(
            "currencies",
            {
                "CurrencyCode": facts["code"],
                "Name": facts["name"],
                "GeneralRoundingRule": Decimal(facts.get("rounding", "0.01")),
            },
        )
    for facts in ledger.get("exchange_rates", ()):
        start = date.fromisoformat(facts["start"])
        row = {
            "RateTypeName": "Default",
            "FromCurrency": facts["from"],
            "ToCurrency": facts["to"],
            "StartDate": start,
        }
        book.add(
            "exchange_rates",
            {
                **row,
                "Rate": Decimal(facts["rate"]),
                "ConversionFactor": "Hundred",
                "RateTypeDescription": "Default",
            },
        )
    for number, facts in enumerate(ledger["companies"], start=1):
        code, title = facts["code"], facts["title"]
        row = {
            "LegalEntityId": code,
            "Name": title,
            "CompanyName": title,
            "PartyNumber": f"{number:09d}",
            "LanguageId": "en-US",
        }
        row |= {
            "AddressTimeZone": None,
            "LegalNature": None,
            "AddressCountryRegionId": facts.get("country", "USA"),
        }
        book.add("companies", {**row, "AddressValidFrom": BLANK_MOMENT})
        book.add(
            "company_infos",
            {
                "DataArea": code,
                "Name": title,
                "KnownAs": title,
                "LanguageId": "en-US",
                "PartyNumber": f"{number:09d}",
            },
        )
        made = book.add(
            "ledgers",
            {
                "LegalEntityId": code,
                "Name": code,
                "Description": title,
                "ChartOfAccounts": chart,
                "ChartOfAccountsRecId": chart_row["RecId"],
                "AccountingCurrency": facts.get("currency", "USD"),
                "ReportingCurrency": facts.get("currency", "USD"),
                "FiscalCalendar": ledger["calendar"]["id"],
                "AccountStructureName1": "Manufacturing P&L",
                "ExchangeRateType": "Default",
            },
        )
        made["LedgerRecId"] = made["RecId"]


def _calendar(book: Book, ledger: Json) -> None:
    """Years named after the calendar year they end in, each of twelve months."""
    facts = ledger["calendar"]
    first_month = int(facts.get("first_month", 1))
    for start_year in range(int(facts["first_year"]), int(facts["first_year"]) + int(facts["years"])):
        name = f"FY{start_year + (first_month > 1)}"
        rec_ids = {}
        for company in book["ledgers"]:
            code = company["LegalEntityId"]
            row = {
                "LegalEntityId": code,
                "Calendar": facts["id"],
                "FiscalYear": name,
                "LegalEntityName": code,
                "Status": "Open",
            }
            rec_ids[code] = book.add("fiscal_years", row)["RecId"]
        for number in range(1, 13):
            year, month = start_year + (first_month + number - 2) // 12, (first_month + number - 2) % 12 + 1
            start, days = date(year, month, 1), calendar.monthrange(year, month)[1]
            _period(book, facts["id"], name, number, start, days, rec_ids)


def _period(
    book: Book, calendar_id: str, year: str, number: int, start: date, days: int, rec_ids: Mapping[str, int]
) -> None:
    row = {
        "Calendar": calendar_id,
        "FiscalYear": year,
        "StartDate": start,
        "EndDate": start.replace(day=days),
        "PeriodName": f"Period {number}",
    }
    row |= {
        "Type": "Operating",
        "Month": f"Month{number}",
        "Quarter": _QUARTERS[(number - 1) // 3],
        "ShortName": f"P{number:02d}",
        "Days": days,
    }
    book.add("fiscal_periods", row)
    for code, rec_id in rec_ids.items():
        status = {
            "LedgerName": code,
            "Calendar": calendar_id,
            "YearName": year,
            "PeriodName": row["PeriodName"],
            "LegalEntityId": code,
        }
        status |= {
            "PeriodStatus": "Open",
            "LedgerAccessLevel": "All",
            "VendAccessLevel": "All",
            "CustAccessLevel": "All",
        }
        book.add("period_statuses", {**status, "_closed": False, "_start": start, "_year_rec_id": rec_id})


def _chart(book: Book, ledger: Json) -> None:
    chart = ledger.get("chart", "Shared")
    for facts in ledger.get("accounts", ()):
        made = book.add(
            "accounts",
            {
                "ChartOfAccounts": chart,
                "MainAccountId": facts["code"],
                "Name": facts["name"],
                "MainAccountType": facts.get("type", "Expense"),
                "IsSuspended": _yes(facts.get("suspended")),
                "DoNotAllowManualEntry": _yes(facts.get("blocked")),
                "BalanceControl": facts.get("balance_control", "None"),
                "ActiveFrom": _day(facts.get("from")),
                "ActiveTo": _day(facts.get("to")),
                "ChartOfAccountsRecId": (book["charts"].get(chart) or {})["RecId"],
                "MainAccountCategory": "",
            },
        )
        made["MainAccountRecId"] = made["RecId"]
        book.demands[facts["code"]] = tuple(facts.get("demands", ()))
    for facts in ledger.get("account_overrides", ()):
        row = {"MainAccountId": facts["code"], "ChartOfAccounts": chart, "LegalEntityId": facts["company"]}
        flags = {
            "IsSuspended": _yes(facts.get("suspended")),
            "DoNotAllowManualEntry": _yes(facts.get("blocked")),
        }
        book.add("account_overrides", {**row, **flags, "ActiveFrom": BLANK_DATE, "ActiveTo": BLANK_DATE})


def _dimensions(book: Book, ledger: Json) -> None:
    book.add(
        "dimension_parameters", {"Key": 1, "DimensionSegmentDelimiter": ledger.get("delimiter", "Hyphen")}
    )
    for facts in ledger.get("dimensions", ()):
        row = {
            "DimensionName": facts["name"],
            "UseValuesFrom": facts.get("values_from", "Custom list"),
            "ReportColumnName": facts["name"],
            "DimensionValueMask": facts.get("mask", ""),
        }
        dimension = book.add("dimensions", row)
        book.axes[facts["name"]] = facts.get("axis", facts["name"])
        for value in facts.get("values", ()):
            add_value(book, dimension, value)
    names = [facts["name"] for facts in ledger.get("dimensions", ())]
    segments = {
        f"SegmentName{number:02d}": name for number, name in enumerate(["MainAccount", *names][:4], start=1)
    }
    book.add(
        "dimension_sets", {"Name": "MA+all", "Description": "Main account and every dimension", **segments}
    )
    for facts in ledger.get("formats", ()):
        row = {"DimensionFormatName": facts["name"], "DimensionFormatType": FORMAT_KINDS[facts["kind"]]}
        book.add(
            "formats",
            {**row, "FinancialDimensionFormat": facts["format"], "IsActive": _yes(facts.get("active", True))},
        )


def _journal_name(book: Book, ledger: Json, facts: Mapping[str, Any]) -> None:
    for company in facts.get("companies") or [row["code"] for row in ledger["companies"]]:
        series = facts.get("series", f"{facts['name'][:4]}")
        flags = {
            "IsWorkflowApprovalActive": "workflow",
            "IsApprovalActive": "approval",
            "VoucherAllocationAtPosting": "allocation_at_posting",
            "DeleteLinesAfterPosting": "delete_lines",
            "AllowOnlyPositiveDebitsAndCredits": "only_positive",
        }
        row = {
            "dataAreaId": company,
            "Name": facts["name"],
            "Description": facts["title"],
            "Type": facts.get("type", "Daily"),
            "NewVoucher": facts.get("new_voucher", "OneVoucher"),
            "VoucherSeriesCode": series,
            "VoucherSeriesCompanyId": company,
            "OffsetAccountType": "Ledger",
            "Currency": facts.get("currency", ""),
            "PostingLayer": "Current",
            "DetailLevel": "Detail",
            "PostingLineLimit": int(facts.get("line_limit", 0)),
        }
        book.add("journal_names", row | {field: _yes(facts.get(short)) for field, short in flags.items()})


def _parties(book: Book, ledger: Json) -> None:
    for facts in ledger.get("vendors", ()):
        row = {
            "dataAreaId": facts["company"],
            "VendorAccountNumber": facts["code"],
            "VendorOrganizationName": facts["name"],
        }
        row |= {
            "VendorGroupId": facts.get("group", "30"),
            "CurrencyCode": facts.get("currency", "USD"),
            "OnHoldStatus": "No",
        }
        book.add("vendors", {**row, "VendorPartyNumber": book.next_number("party", "#########")})
    for party, table in (("Vend", "vendor_payments"), ("Cust", "customer_payments")):
        for facts in ledger.get(table, ()):
            _payment_journal(book, party, table, facts)


def _payment_journal(book: Book, party: str, table: str, facts: Mapping[str, Any]) -> None:
    number = book.next_number(f"journal {facts['company']}", f"{facts['company'].upper()}-######")
    row = {
        "dataAreaId": facts["company"],
        "JournalBatchNumber": number,
        "JournalName": facts["journal"],
        "Description": facts["text"],
    }
    book.add(table, {**row, "IsPosted": _yes(facts.get("posted")), "OverrideSalesTax": "No"})
    for place, line in enumerate(facts["lines"], start=1):
        amount = Decimal(str(line["amount"]))
        book.add(
            f"{table.removesuffix('s')}_lines",
            {
                "dataAreaId": facts["company"],
                "JournalBatchNumber": number,
                "LineNumber": Decimal(place),
                "AccountType": party,
                "AccountDisplayValue": line["account"].replace("-", "\\-"),
                "VendorName" if party == "Vend" else "CustomerName": line.get("name", ""),
                "TransactionDate": date.fromisoformat(line["date"]),
                "DebitAmount": amount if party == "Vend" else Decimal(0),
                "CreditAmount": Decimal(0) if party == "Vend" else amount,
                "CurrencyCode": line.get("currency", "USD"),
                "ExchangeRate": Decimal(100),
                "MarkedInvoice": line.get("invoice", ""),
                "MarkedInvoiceCompany": facts["company"],
                "TransactionText": line.get("text", ""),
                "PaymentReference": line.get("reference", ""),
                "Voucher": book.next_number("voucher payment", "PAYM########"),
                "OffsetAccountType": "Bank",
                "OffsetAccountDisplayValue": line.get("bank", "BANK1"),
                "Company": facts["company"],
                "SettleVoucher": "SelectedTransact",
                "PaymentMethodName": "CHECK",
            },
        )


def _worker(facts: Mapping[str, Any]) -> Json:
    start = datetime.fromisoformat(facts["start"])
    row = {
        "PersonnelNumber": facts["number"],
        "FirstName": facts["first_name"],
        "LastName": facts["last_name"],
        "EmploymentStartDate": start,
    }
    return {
        **row,
        "EmploymentLegalEntityId": facts["company"],
        "DimensionDisplayValue": facts.get("dimensions", ""),
    }


def _yes(flag: Any) -> str:
    return "Yes" if flag else "No"


def _day(text: Any) -> date:
    return date.fromisoformat(str(text)) if text else BLANK_DATE
