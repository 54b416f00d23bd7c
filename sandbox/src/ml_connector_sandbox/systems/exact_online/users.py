"""Rows that are made on the spot: the user, and the divisions that user sees."""

from __future__ import annotations

from datetime import datetime

from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.exact_online.book import USER_ID, USER_NAME, DivisionBook

_CUSTOMER_ID = "7d0ef6f1-0c4d-4f27-9a43-3a5b1c1e0002"


def me(now: datetime, current_division: int | None) -> Row:
    """The signed-in user; the current division is the one last opened on screen, so it says little."""
    return {
        "UserID": USER_ID,
        "FullName": USER_NAME,
        "UserName": "sandbox",
        "FirstName": "Sandbox",
        "LastName": "User",
        "Email": "sandbox@connector.example",
        "Language": "EN",
        "LanguageCode": "EN-US",
        "CurrentDivision": current_division,
        "AccountingDivision": current_division,
        "DivisionCustomer": _CUSTOMER_ID,
        "Legislation": 1,
        "ServerTime": now.replace(tzinfo=None).isoformat(timespec="seconds"),
        "ServerUtcOffset": 0,
        "IsClientUser": False,
        "IsStarterUser": False,
        "IsMyFirmLiteUser": False,
        "IsMyFirmPortalUser": False,
        "IsEmployeeSelfServiceUser": False,
    }


def division(book: DivisionBook, *, current: bool) -> Row:
    """One division as the division lists show it."""
    start = datetime(2015, 1, 1)
    return {
        "Code": book.code,
        "Description": book.title,
        "Hid": book.code,
        "HID": book.code,
        "Country": book.country.ljust(3),
        "Currency": book.currency,
        "Status": 1,
        "BlockingStatus": 0,
        "Current": current,
        "Main": True,
        "IsMainDivision": True,
        "IsHRDivision": False,
        "Customer": _CUSTOMER_ID,
        "CustomerCode": "1".rjust(18),
        "CustomerName": book.title,
        "StartDate": start,
        "Created": start,
        "Modified": start,
    }
