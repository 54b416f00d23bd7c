"""What a record of Third-Party Pay may hold: lengths, lists of values, dates, amounts, children.

The vendor's table of the header is public up to the organisation levels; what comes behind it (dates, the
fields of children) is checked by its kind alone, and names that are not in the table are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.body import read_json
from ml_connector_sandbox.core.vendor import Json, Request
from ml_connector_sandbox.systems.ukg_pro.paging import BadParameter

READ_ONLY = ("Id", "DateTimeCreated", "DateTimeChanged")
REQUIRED = ("EmployeeIdentifierType", "EmployeeIdentifierValue")
CHILDREN = ("Earnings", "Deductions")
LENGTHS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("AddressLine1", "AddressLine2", "AddressMunicipality", "AddressRegion"), (1, 255)),
    **dict.fromkeys(("NameFirst", "NameLast", "JobCode"), (1, 100)),
    **{f"OrgLevel{level}": (1, 50) for level in range(1, 5)},
    **dict.fromkeys(("DocumentNumber", "EmployeeNumber", "LocationDescription"), (1, 25)),
    "EmployeeIdentifierValue": (1, 12),
    "CompanyIdentifierValue": (1, 5),
    "CountryCode": (3, 3),
    "CheckAddModeCode": (1, 1),
}
"""Fewest and most characters."""
VALUES: Mapping[str, Collection[str]] = {
    "IsVoided": ("Y", "N"),
    "EmployeeIdentifierType": (
        *("EmployeeId", "EmployeeNumber", "Ssn", "EmailAddress", "Sin", "NationalId", "PersonId"),
    ),
    "CompanyIdentifierType": ("Company Code", "CompanyId", "FederalId", "ImportCode"),
}
"""Texts a field may hold; for kinds of identifiers neither case nor blanks count."""


def read_record(request: Request) -> Json:
    """A record as it was sent, without what is read-only. BadParameter names the first wrong field."""
    try:
        given = read_json(request.body)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise BadParameter("body", "The body must be one JSON object.")
    record = {name: value for name, value in given.items() if name not in READ_ONLY}
    for name in REQUIRED:
        if record.get(name) in (None, ""):
            raise BadParameter(name, f"The {name} field is required.")
    return {name: _checked(name, value) for name, value in record.items()}


def _checked(name: str, value: Any) -> Any:
    """The value as it is kept: a whole number in a text field becomes text."""
    if name in CHILDREN:
        return _children(name, value)
    if value is None:
        return None
    if name in LENGTHS or name in VALUES:
        text = str(value) if type(value) is int else value
        if not isinstance(text, str):
            raise BadParameter(name, f"The field {name} must be a text.")
        _check_length(name, text)
        _check_value(name, text)
        return text
    if name.endswith("Date"):
        _check_date(name, value)
    return value


def _check_length(name: str, text: str) -> None:
    least, most = LENGTHS.get(name, (0, len(text)))
    if not least <= len(text) <= most:
        raise BadParameter(name, f"The field {name} must have between {least} and {most} characters.")


def _check_value(name: str, text: str) -> None:
    known = VALUES.get(name)
    if known is None or text in known:
        return
    loose = {_plain(other) for other in known} if name.endswith("Type") else ()
    if _plain(text) not in loose:
        raise BadParameter(name, f"The value '{text}' is not valid for {name}.")


def _plain(text: str) -> str:
    return text.replace(" ", "").lower()


def _check_date(name: str, value: Any) -> None:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadParameter(name, f"The value '{value}' is not valid for {name}.") from None


def _children(name: str, value: Any) -> Any:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise BadParameter(name, f"The {name} must be an array of objects.")
    for row in value:
        for field, held in row.items():
            is_number = isinstance(held, (int, Decimal)) and not isinstance(held, bool)
            if field.endswith("Amount") and held is not None and not is_number:
                raise BadParameter(name, f"The field {field} must be a number.")
    return value
