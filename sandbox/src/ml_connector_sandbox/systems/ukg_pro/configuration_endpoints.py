"""The configuration endpoints: companies, org levels, locations, jobs, positions, earnings, code tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.companies import FEDERAL_TAX_ID
from ml_connector_sandbox.systems.ukg_pro.employments import Person
from ml_connector_sandbox.systems.ukg_pro.endpoint import Answer, Endpoint, Tenant
from ml_connector_sandbox.systems.ukg_pro.filters import row_tests
from ml_connector_sandbox.systems.ukg_pro.masters import find_org_level, org_levels
from ml_connector_sandbox.systems.ukg_pro.org_level_endpoints import OrgLevelEndpoints
from ml_connector_sandbox.systems.ukg_pro.paging import Query
from ml_connector_sandbox.systems.ukg_pro.reads import listed
from ml_connector_sandbox.systems.ukg_pro.render import empty, json_response, stamp
from ml_connector_sandbox.systems.ukg_pro.schema import schema_of

PERMISSION = "Company Configuration Integration"
CODE_TABLES: Mapping[str, Sequence[tuple[str, str]]] = {
    "PROJECT": (("Z", "None"), ("P100", "Store opening")),
    "JOBFAMILY": (("ADM", "Administration"), ("OPS", "Operations")),
    "TERMTYPE": (("V", "Voluntary"), ("I", "Involuntary")),
}
EARNINGS = (("REG", "Regular pay"), ("OT", "Overtime"))


class ConfigurationEndpoints:
    """How the tenant is set up; all of it can be read, and org levels written."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def endpoints(self) -> list[Endpoint]:
        """Everything under `/configuration`."""
        root = "/configuration/v1"
        table: tuple[tuple[str, Answer], ...] = (
            (f"{root}/company-details", self._list("company-details", _companies)),
            (f"{root}/org-levels", self._list("org-levels", _org_levels, paged=False)),
            (f"{root}/org-levels/{{level}}/{{code}}", self._org_level),
            (f"{root}/locations", self._list("locations", _locations, paged=False)),
            (f"{root}/jobs", self._list("jobs", _jobs, paged=False)),
            ("/configuration/v2/jobs", self._list("jobs", _jobs)),
            ("/configuration/v2/jobs/{code}", self._job),
            (f"{root}/positions", self._list("positions", _positions)),
            (f"{root}/earnings", self._list("earnings", _earnings)),
            (f"{root}/earnings/{{code}}", self._earning),
            (f"{root}/tax-groups", self._list("tax-groups", _tax_groups)),
            (f"{root}/code-tables", self._code_tables),
            (f"{root}/code-tables/{{table}}", self._code_table),
        )
        reads = [
            Endpoint(method="GET", path=path, permission=PERMISSION, answer=answer) for path, answer in table
        ]
        return [*reads, *OrgLevelEndpoints(self._tenant).endpoints(PERMISSION)]

    def _list(self, name: str, make: Callable[[Book], list[Json]], *, paged: bool = True) -> Answer:
        schema = schema_of(f"configuration/v1/{name}")

        def answer(request: Request, _: Mapping[str, str]) -> Response:
            most = self._tenant.switches["page_rows_max"]
            return listed(request, schema, make(self._tenant.book), dict, rows_max=most, paged=paged)

        return answer

    def _org_level(self, request: Request, params: Mapping[str, str]) -> Response:
        row = find_org_level(self._tenant, params["level"], params["code"])
        return empty(404) if row is None else json_response(row)

    def _job(self, request: Request, params: Mapping[str, str]) -> Response:
        return _one(row for row in _jobs(self._tenant.book) if row["jobCode"] == params["code"])

    def _earning(self, request: Request, params: Mapping[str, str]) -> Response:
        schema = schema_of("configuration/v1/earnings")
        wanted = list(row_tests(schema, Query(request)))
        whole = (schema.whole(row) for row in _earnings(self._tenant.book))
        return _one(
            row for row in whole if row["earningCode"] == params["code"] and all(test(row) for test in wanted)
        )

    def _code_tables(self, request: Request, params: Mapping[str, str]) -> Response:
        root = f"{request.base_url}/configuration/v1/code-tables"
        return json_response([{"codeTable": name, "url": f"{root}/{name}"} for name in CODE_TABLES])

    def _code_table(self, request: Request, params: Mapping[str, str]) -> Response:
        rows = CODE_TABLES.get(params["table"].upper())
        return (
            empty(404)
            if rows is None
            else json_response([{"code": code, "description": text} for code, text in rows])
        )


def _one(rows: object) -> Response:
    row = next(iter(rows), None)  # type: ignore[call-overload]
    return empty(404) if row is None else json_response(row)


def _org_levels(book: Book) -> list[Json]:
    return list(org_levels(book).values())


def _companies(book: Book) -> list[Json]:
    master = book.companies[0][1]
    return [
        {
            "isMasterCompany": "Y" if company_id == master else "N",
            "masterCompanyId": master,
            "companyID": company_id,
            "companyCode": code,
            "companyName": name,
            "addressLine1": "14 Harbor Street",
            "addressLine2": None,
            "addressCity": "Boston",
            "addressState": "MA",
            "addressZipCode": "02110",
            "addressCountry": "USA",
            "phoneNumber": "6175550100",
            "federalTaxId": FEDERAL_TAX_ID,
            "orgLevel1Code": "Department",
            "orgLevel2Code": "Division",
            "orgLevel3Code": None,
            "orgLevel4Code": None,
        }
        for code, company_id, name in book.companies
    ]


def _locations(book: Book) -> list[Json]:
    return [
        {
            "locationCode": code,
            "description": name,
            "isActive": code not in book.closed_locations,
            "addressLine1": "14 Harbor Street",
            "addressLine2": None,
            "city": "Boston",
            "state": "MA",
            "zipOrPostalCode": "02110",
            "countryCode": "USA",
            "locationGLSegment": code,
        }
        for code, name in book.locations.items()
    ]


def _jobs(book: Book) -> list[Json]:
    return [
        {
            "jobCode": code,
            "code": code,
            "title": name,
            "countryCode": "USA",
            "jobFamilyCode": "OPS",
            "isActive": True,
            "longDescription": name,
        }
        for code, name in book.jobs.items()
    ]


def _positions(book: Book) -> list[Json]:
    return [_position(person) for person in book.people if person.is_home]


def _position(person: Person) -> Json:
    return {
        "positionCode": f"P{person.place + 1:06d}",
        "companyId": person.company_id,
        "jobcode": person.job,
        "locationCode": person.location,
        "organizationLevelCode1": person.department,
        "organizationLevelCode2": person.division,
        "organizationLevelCode3": None,
        "organizationLevelCode4": None,
        "glSegment": None,
        "fundID": None,
        "payGroupCode": person.pay_group,
        "projectCode": "Z",
        "employeeType": "REG",
        "shiftGroupCode": None,
        "isProrated": False,
        "isApproved": True,
        "isEligibleForBenefits": True,
        "effectiveStartDate": stamp(person.hired),
        "effectiveStopDate": None,
        "statusCode": "A",
        "integrationRecordId": f"Q{person.place + 1:07d}",
    }


def _earnings(_: Book) -> list[Json]:
    return [
        {
            "earningCode": code,
            "longDescription": name,
            "taxCategory": code,
            "calculationRule": "20",
            "reportCategory": code,
            "isSupplimentalWages": False,
            "includeInAllocations": True,
            "includeInShiftDiffrential": False,
            "includeInManualCheck": True,
            "useDeductionOffset": False,
            "includeInAccruals": "N",
            "includeInDeferredCompensation": code == "REG",
            "includeInDeferredCompensationHours": code == "REG",
            "countryCode": "USA",
        }
        for code, name in EARNINGS
    ]


def _tax_groups(_: Book) -> list[Json]:
    return [{"taxCalcGroupIdCode": "USA", "taxGroupCountryCode": "USA", "taxGroupIsInactive": False}]
