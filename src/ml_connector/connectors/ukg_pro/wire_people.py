"""Shapes of UKG's lists of people: the fields that we read, and no others. National ids, birth dates, pay,
addresses and phone numbers come in the same rows and are passed over unread. Any field may be missing: a row
that says too little is judged by itself, and the rest of the list goes on.

UKG spells the id of a person `employeeID` in one list and `employeeId` in the others. Source: UKG Pro
developer pages, employment details, person details, employee changes and job history, read 2026-08.
"""

from __future__ import annotations

import msgspec


class EmploymentRow(msgspec.Struct, frozen=True, gc=False):
    """A person in a company, as it is now: one row, also after a rehire."""

    employeeID: str | None = None
    companyID: str | None = None
    companyCode: str | None = None
    employeeNumber: str | None = None
    employeeStatusCode: str | None = None
    originalHireDate: str | None = None
    lastHireDate: str | None = None
    dateOfTermination: str | None = None
    termReason: str | None = None
    employeeTypeCode: str | None = None
    isHomeCompany: bool | str | None = None
    orgLevel1Code: str | None = None
    orgLevel2Code: str | None = None
    orgLevel3Code: str | None = None
    orgLevel4Code: str | None = None
    primaryWorkLocationCode: str | None = None
    primaryProjectCode: str | None = None
    primaryJobCode: str | None = None


class PersonRow(msgspec.Struct, frozen=True, gc=False):
    """A person in a company."""

    employeeId: str | None = None
    companyId: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    emailAddress: str | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """What began to hold for a person in a company on a day."""

    employeeId: str | None = None
    companyId: str | None = None
    jobEffectiveDate: str | None = None
    dateTimeCreated: str | None = None
    systemId: str | None = None
    employeeStatus: str | None = None
    employeeType: str | None = None
    reasonCode: str | None = None
    orgLevel1Code: str | None = None
    orgLevel2Code: str | None = None
    orgLevel3Code: str | None = None
    orgLevel4Code: str | None = None
    locationCode: str | None = None
    projectCode: str | None = None
    jobCode: str | None = None


class PersonId(msgspec.Struct, frozen=True, gc=False):
    """Whose row of another list it is."""

    employeeId: str | None = None
