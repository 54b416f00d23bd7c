"""How the personnel endpoints write a person; each has its own spelling of the same names."""

from __future__ import annotations

from datetime import date

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.employments import GONE, JobRow, Person, Spell
from ml_connector_sandbox.systems.ukg_pro.render import Cents, stamp, us_stamp

HOURS_A_YEAR = 2_080
DEDUCTION_GROUP, EARNING_GROUP = "ALL", "REG"
"""The benefit and the earning group everybody is in."""
RESIGNED = "203"
TERM_REASONS = {"TRO": "Company transfer", "202": "Laid off", "204": "Retired"}
FREQUENCIES = {"W": "Weekly", "B": "Biweekly", "S": "Semimonthly", "M": "Monthly"}


def hours(person: Person) -> int:
    """Scheduled hours a year."""
    return HOURS_A_YEAR // 2 if person.is_parttime else HOURS_A_YEAR


def employment(book: Book, person: Person) -> Json:
    """A row of employment-details."""
    boss = None if person.supervisor is None else book.home(person.supervisor)
    left, paid = _last_day(book, person), book.last_period(person.pay_group)
    frequency = book.frequency(person.pay_group)
    reason, reason_text, kind = _why_left(person) if person.terminated else (None, None, None)
    return {
        "companyID": person.company_id,
        "companyCode": person.company_code,
        "companyName": book.company_named(person.company_code).title,
        "employeeID": person.employee_id,
        "employeeNumber": person.number,
        "employeeStatusCode": person.status,
        "statusStartDate": stamp(person.status_since or person.terminated or person.rehired or person.hired),
        "originalHireDate": stamp(person.hired),
        "lastHireDate": stamp(person.rehired or person.hired),
        "dateOfTermination": stamp(left),
        "termReason": reason,
        "terminationReasonDescription": reason_text,
        "termType": kind,
        "okToRehire": "Y" if person.terminated else None,
        "dateLastWorked": stamp((person.last_worked or person.terminated) if person.terminated else None),
        "dateOfSuspension": stamp(person.status_since) if person.status == "S" else None,
        "leaveReasonCode": person.leave_reason,
        "orgLevel1Code": person.department,
        "orgLevel2Code": person.division,
        "orgLevel3Code": None,
        "orgLevel4Code": None,
        "companyGLSegment": person.company_code,
        "locationGLSegment": person.location,
        "primaryJobCode": person.job,
        "jobDescription": book.jobs[person.job],
        "jobTitle": book.jobs[person.job],
        "jobGroupCode": None,
        "positionCode": f"P{person.place + 1:06d}",
        "primaryWorkLocationCode": person.location,
        "primaryProjectCode": "Z",
        "payGroup": person.pay_group,
        "payGroupDescription": FREQUENCIES[frequency],
        "payPeriod": frequency,
        "fullTimeOrPartTimeCode": "P" if person.is_parttime else "F",
        "salaryOrHourly": "S",
        "employeeTypeCode": person.employee_type,
        "scheduledFTE": Cents(50 if person.is_parttime else 100),
        "scheduledWorkHrs": Cents(hours(person) * 100 // 52),
        "scheduledAnnualHrs": Cents(hours(person) * 100),
        "weeklyHours": Cents(hours(person) * 100 // 52),
        "supervisorID": boss and boss.employee_id,
        "supervisorEmployeeNumber": boss and boss.number,
        "supervisorCOID": boss and boss.company_id,
        "supervisorCompanyCode": boss and boss.company_code,
        "supervisorFirstName": boss and boss.first_name,
        "supervisorLastName": boss and boss.last_name,
        "dateInJob": stamp(person.hired),
        "dateOfSeniority": stamp(person.hired),
        "dateOfBenefitSeniority": stamp(person.hired),
        "dateLastPayDatePaid": stamp(paid.pay_date if paid else None),
        "datePaidThru": stamp(person.paid_through or (paid.end if paid else None)),
        "deductionGroupCode": DEDUCTION_GROUP,
        "earningGroupCode": EARNING_GROUP,
        "shift": "Z",
        "autoAllocate": "N",
        "isAutoAllocated": "N",
        "isMultipleJob": "N",
        "isAutopaid": "Y",
        "languageCode": "EN",
        "isHomeCompany": person.is_home,
        "dateTimeCreated": stamp(person.created_at or person.hired),
        "dateTimeChanged": stamp(person.changed_at),
    }


def newer_employment(book: Book, person: Person, *, with_old_names: bool = False) -> Json:
    """A row of employee-employment-details: the same data under other names, without company code and GL
    segments. Its filters go by the old names for some of them.
    """
    old = employment(book, person)
    same = (
        *(
            "companyID",
            "employeeID",
            "employeeNumber",
            "employeeStatusCode",
            "originalHireDate",
            "lastHireDate",
            "orgLevel1Code",
        ),
        *(
            "orgLevel2Code",
            "orgLevel3Code",
            "orgLevel4Code",
            "primaryJobCode",
            "jobTitle",
            "positionCode",
            "primaryWorkLocationCode",
        ),
        *(
            "primaryProjectCode",
            "fullTimeOrPartTimeCode",
            "salaryOrHourly",
            "employeeTypeCode",
            "dateTimeCreated",
            "dateTimeChanged",
        ),
    )
    return {
        **(old if with_old_names else {name: old[name] for name in same}),
        "payGroupCode": person.pay_group,
        "supervisorId": old["supervisorID"],
        "terminationDate": old["dateOfTermination"],
        "terminationReasonCode": old["termReason"],
        "terminationDescription": old["terminationReasonDescription"],
        "retirementDate": None,
        "suspensionDate": old["dateOfSuspension"],
        "paidThruDate": old["datePaidThru"],
        "employeeStatusStartDate": old["statusStartDate"],
        "employeeStatusExpectedEndDate": None,
        "seniorityDate": old["dateOfSeniority"],
        "benefitSeniorityDate": old["dateOfBenefitSeniority"],
        "salaryEffectiveDate": stamp(person.hired),
        "unionLocalCode": None,
        "homeCompany": book.home(person.place).company_id,
        "isHomeCompany": person.is_home,
        "isSupervisor": person.job == "MANAGER",
        "currentCompanyCountryCode": "USA",
        "homeCompanyCountryCode": "USA",
        "annualSalary": Cents(person.annual_salary),
        "hourlyPayRate": Cents(person.annual_salary // hours(person)),
        "scheduledAnnualHours": Cents(hours(person) * 100),
        "integrationRecordId": f"R{person.place + 1:07d}",
    }


def details(person: Person) -> Json:
    """A row of person-details; what is private is made up, and there to be dropped."""
    return {
        "employeeId": person.employee_id,
        "companyId": person.company_id,
        "personId": person.person_id,
        "firstName": person.first_name,
        "middleName": None,
        "lastName": person.last_name,
        "preferredName": person.preferred_name,
        "nameSufixCode": None,
        "emailAddress": person.email,
        "emailAddressAlternate": None,
        "userName": person.email,
        "addressLine1": f"{person.place + 1} Example Street",
        "addressCity": "Boston",
        "addressState": "MA",
        "addressZipCode": "02110",
        "addressCountry": "USA",
        "homePhone": "6175550100",
        "ssn": person.ssn,
        "previousSSN": None,
        "nationalId": f"N{person.place + 1:08d}",
        "nationalIdCountry": "USA",
        "dateOfBirth": stamp(date(person.hired.year - 30, person.hired.month, 1)),
        "gender": "X",
        "ethnicIDCode": "Z",
        "maritalStatusCode": "Z",
        "disabilityType": None,
        "isDisabled": False,
        "isSmoker": False,
        "cobraIsActive": False,
        "cobraStatus": None,
        "dateOfCobraEvent": None,
        "datetimeCreated": stamp(person.created_at or person.hired),
        "datetimeChanged": stamp(person.changed_at),
    }


def supervisor(book: Book, person: Person) -> Json:
    """A row of employee-supervisor-details."""
    boss = None if person.supervisor is None else book.home(person.supervisor)
    return {
        "employeeID": person.employee_id,
        "companyID": person.company_id,
        "employeeNumber": person.number,
        "supervisorEmployeeID": boss and boss.employee_id,
        "supervisorFirstName": boss and boss.first_name,
        "supervisorLastName": boss and boss.last_name,
        "supervisorEmployeeNumber": boss and boss.number,
        "supervisorCompanyID": boss and boss.company_id,
        "supervisorCompanyCode": boss and boss.company_code,
        "supervisorStatusCode": boss and boss.status,
        "supervisorJobCode": boss and boss.job,
        "supervisorEmail": boss and boss.email,
        "supervisorPersonId": boss and boss.person_id,
    }


def compensation(book: Book, person: Person) -> Json:
    """A row of compensation-details, the only place with a currency per employee."""
    yearly, paid = person.annual_salary, book.last_period(person.pay_group)
    return {
        "employeeID": person.employee_id,
        "companyID": person.company_id,
        "annualSalary": Cents(yearly),
        "hourlyPayRate": Cents(yearly // hours(person)),
        "weeklyPayRate": Cents(yearly // 52),
        "payPeriodPayRate": Cents(yearly // 26),
        "currencyCode": book.scenario.CURRENCY,
        **{f"otherRate{number}": Cents(0) for number in range(1, 5)},
        "primaryJobCode": person.job,
        "jobTitle": book.jobs[person.job],
        "dateOfNextSalayrReview": None,
        "isAutoPaid": True,
        "jobGroupCode": None,
        "dateInJob": stamp(person.hired),
        "primaryShiftCode": "Z",
        "primaryShiftGroupCode": None,
        "payGroupCode": person.pay_group,
        "payGroupDescription": FREQUENCIES[book.frequency(person.pay_group)],
        "payPeriod": book.frequency(person.pay_group),
        "salaryOrHourlyCode": "S",
        "fullTimeOrPartTimeCode": "P" if person.is_parttime else "F",
        "scheduledFullTimeEquivalency": Cents(50 if person.is_parttime else 100),
        "scheduledAnnualWorkHours": Cents(hours(person) * 100),
        "dateLastPaid": stamp(paid.pay_date if paid else None),
        "datePaidThru": stamp(paid.end if paid else None),
        "emplStatus": person.status,
        "totalAnnSalary": Cents(yearly),
    }


def job_history(book: Book, person: Person, row: JobRow) -> Json:
    """A row of employee-job-history-details: the placement from a day on."""
    held = row.state
    return {
        "systemId": system_id(person, row),
        "employeeId": person.employee_id,
        "companyId": person.company_id,
        "homeCompanyId": book.home(person.place).company_id,
        "jobEffectiveDate": stamp(row.effective),
        "integrationEffectiveDate": stamp(row.effective),
        "dateTimeCreated": stamp(row.created_at),
        "reasonCode": row.reason,
        "employeeStatus": held["status"],
        "employeeType": held["employee_type"],
        "fullTimeOrPartTime": "P" if held["is_parttime"] else "F",
        "salaryOrHourly": "S",
        "jobCode": held["job"],
        "jobTitle": book.jobs[held["job"]],
        "jobDescription": book.jobs[held["job"]],
        "locationCode": held["location"],
        "orgLevel1Code": held["department"],
        "orgLevel2Code": held["division"],
        "orgLevel3Code": None,
        "orgLevel4Code": None,
        "payGroupCode": held["pay_group"],
        "positionCode": f"P{person.place + 1:06d}",
        "projectCode": "Z",
        "annualSalary": Cents(person.annual_salary),
        "isJobChange": row.is_job_change,
        "isOrgchange": row.is_org_change,
        "isTransfer": row.is_transfer,
        "isPromotion": False,
        "isRateChange": False,
        "isSystem": row.number == 1,
        "supervisorId": None if held["supervisor"] is None else book.home(held["supervisor"]).employee_id,
    }


def system_id(person: Person, row: JobRow) -> str:
    """The id of a row of a job history, which it keeps whatever day it is moved to."""
    own = f"H{person.place + 1:08d}{chr(ord('A') + person.ordinal) if person.ordinal else ''}"
    return own if row.number == 1 else f"{own}{row.number:02d}"


def _last_day(book: Book, person: Person) -> date | None:
    """The day of termination, as far as the tenant shows one that has not come."""
    return person.terminated or (person.ends_ahead if book.shows_ends_ahead else None)


def _why_left(person: Person) -> tuple[str, str, str]:
    """Code, text and kind of the reason."""
    code = person.term_reason or RESIGNED
    if code == RESIGNED:
        return code, "Resigned", "V"
    return code, TERM_REASONS.get(code, "Other"), "I"


def change(book: Book, person: Person, spell: Spell | None = None) -> Json:
    """A row of employee-changes: a flat snapshot with US dates and empty text for nothing.

    `spell` gives the row of an employment that ended before the person came back.
    """
    boss = None if person.supervisor is None else book.home(person.supervisor)
    left = spell.ended if spell else _last_day(book, person)
    status = GONE if spell else person.status
    since = person.status_since or person.terminated or person.rehired or person.hired
    return {
        "firstName": person.first_name,
        "middleName": "",
        "lastName": person.last_name,
        "preferredName": person.preferred_name or "",
        "prefix": "",
        "suffix": "",
        "emailAddress": person.email,
        "alternateEmailAddress": "",
        "employeeNumber": person.number,
        "employeeId": person.employee_id,
        "personId": person.person_id,
        "userIntegrationKey": "",
        "companyName": book.company_named(person.company_code).title,
        "companyId": person.company_id,
        "supervisorId": boss.employee_id if boss else "",
        "supervisorName": f"{boss.last_name}, {boss.first_name}" if boss else "",
        "salaryOrHourly": "S",
        "fullTimeOrPartTime": "P" if person.is_parttime else "F",
        "isActive": status != GONE,
        "employeeStatus": status,
        "employeeType": person.employee_type,
        "emplStatusStartDate": us_stamp(spell.ended if spell else since),
        "hireDate": us_stamp(person.hired),
        "dateOfLastHire": us_stamp(spell.hired if spell else person.rehired or person.hired),
        "dateInJob": us_stamp(person.hired),
        "terminationDate": us_stamp(left),
        "workLocation": person.location,
        "jobCode": person.job,
        "jobGroupCode": "",
        "alternateJobTitle": "",
        "projectCode": "Z",
        "orgLevel1Code": person.department,
        "orgLevel2Code": person.division,
        "orgLevel3Code": "",
        "orgLevel4Code": "",
        "workPhone": "",
        "homePhone": "6175550100",
        "employeeAddress1": f"{person.place + 1} Example Street",
        "employeeAddress2": "",
        "city": "Boston",
        "state": "MA",
        "zipCode": "02110",
        "countryCode": "USA",
        "languageCode": "EN",
        "gender": "X",
    }
