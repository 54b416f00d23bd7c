"""Every filter that the vendor lists works on each of its lists, and refuses what it cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

from ml_connector_sandbox.systems.ukg_pro.schema import Filter, endpoints, schema_of

ODD = ("general-ledger", "audit-details", "business-structure-status")
"""These take parameters rather than filters."""
LISTS = [path for path in endpoints() if path.rpartition("/")[2] not in ODD]
CALLER_CHOSEN = ("startDate", "endDate", "startPerControl", "endPerControl")
"""Spans, not fields of a row."""


@pytest.fixture(scope="module")
def world() -> UkgWorld:
    return UkgWorld(workers=20, runs=2, dual_company=True, void=True, off_cycle=True, rehired=True)


def filters() -> Iterator[tuple[str, Filter]]:
    for path in LISTS:
        for known in schema_of(path).filters.values():
            if known.name not in CALLER_CHOSEN:
                yield path, known


def named(value: object) -> str:
    return value.name if isinstance(value, Filter) else str(value).rpartition("/")[2]


def held(row: dict[str, object], name: str) -> object:
    """A field of a row, however its name is spelled there; the newer employment list renames some."""
    others = {
        "dateOfTermination": "terminationDate",
        "dateOfRetirement": "retirementDate",
        "payGroup": "payGroupCode",
    }
    lower = {key.lower(): value for key, value in row.items()}
    return lower.get(name.lower(), lower.get(others.get(name, name).lower()))


def text_of(known: Filter, value: object) -> str:
    """A value of a row as its filter wants to hear it."""
    if known.pattern is not None and known.pattern.pattern.startswith("[yY]"):
        return "Y"
    if known.kind == "moment":
        return str(value)[:10]
    if known.kind == "date":
        year, month, day = str(value)[:10].split("-")
        return f"{month}-{day}-{year}"
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(("path", "known"), list(filters()), ids=named)
def test_a_filter_leaves_over_the_rows_that_fit(world: UkgWorld, path: str, known: Filter) -> None:
    """The value of some row gives the rows that have it, and no others."""
    rows = world.rows(f"/{path}")
    of_rows = [held(row, known.name) for row in rows]
    found = next((value for value in of_rows if value is not None), None)
    if found is None:
        return
    text = text_of(known, found)
    if known.pattern is not None and not known.pattern.fullmatch(text):
        return

    chosen = world.rows(f"/{path}?{known.name}={quote(text)}")

    assert of_rows.count(found) == len(chosen) > 0
    assert {found} == {held(row, known.name) for row in chosen}


@pytest.mark.parametrize(("path", "known"), list(filters()), ids=named)
def test_a_value_that_no_row_has_leaves_none(world: UkgWorld, path: str, known: Filter) -> None:
    """Or is refused, where it is not of the filter's kind. Never is it passed over."""
    value = {"moment": "1999-01-01", "date": "01-01-1999"}.get(known.kind, "NOBODY")
    answer = world.get(f"/{path}?{known.name}={value}")

    if known.kind in ("boolean", "number") or (known.pattern and not known.pattern.fullmatch(value)):
        assert 400 == answer.status_code
    else:
        assert (200, []) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    ("path", "known"),
    [(path, known) for path in LISTS for known in schema_of(path).filters.values() if known.pattern],
    ids=named,
)
def test_a_pattern_is_enforced(world: UkgWorld, path: str, known: Filter) -> None:
    """400 with the parameter's name; what may stand in a value differs from list to list."""
    answer = world.get(f"/{path}?{known.name}={quote(chr(97) + chr(39) + 'b!')}")

    assert 400 == answer.status_code
    assert known.name in answer.json()["errors"]["modelstate"]


def test_patterns_are_those_of_the_list_and_no_others() -> None:
    """The same name may hold letters in one list and digits alone in another."""
    world = UkgWorld(workers=2)
    people = "/personnel/v1"

    assert 200 == world.get(f"{people}/employment-details?employeeNumber=12A").status_code
    assert 400 == world.get(f"{people}/employee-employment-details?employeeNumber=12A").status_code
    earnings = "/payroll/v1/earnings-history-base-elements"
    assert 400 == world.get(f"{earnings}?startPerControl=a'b!").status_code
    assert [] == world.rows(f"{earnings}?startPerControl=999999999")
    moved = f"{people}/integration/kronos/business-structure-status?modifiedAfterDateTime=2026-07-01T00:00:00"
    for wrong in ("companyId=a'b!", "companyId=6Y4NV&employeeId=a'b!"):
        assert 400 == world.get(f"{moved}&{wrong}").status_code


def test_the_home_company_is_asked_for_in_two_ways() -> None:
    """A truth in the older list, a letter in the newer one."""
    world = UkgWorld(workers=3, dual_company=True)
    people = "/personnel/v1"

    assert 3 == len(world.rows(f"{people}/employee-employment-details?isHomeCompany=Y"))
    assert 400 == world.get(f"{people}/employee-employment-details?isHomeCompany=true").status_code
    assert 1 == len(world.rows(f"{people}/employment-details?isHomeCompany=false"))
    assert 400 == world.get(f"{people}/employment-details?isHomeCompany=Y").status_code


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (">05-20-2026", 7),
        ("=>05-20-2026", 8),
        ("<05-20-2026", 2),
        ("=<05-20-2026", 3),
        ("=05-20-2026", 1),
        ("2026-05-20", 1),
    ],
)
def test_later_and_earlier_are_strict_unless_they_say_equal(value: str, expected: int) -> None:
    """One person changed on each of the ten days from 18 to 27 May."""
    world = UkgWorld(workers=10)

    assert expected == len(world.rows(f"/personnel/v1/employment-details?dateTimeChanged={quote(value)}"))


def test_newer_lists_take_iso_days_and_no_operators() -> None:
    """What works in one list is refused in another."""
    world = UkgWorld(workers=2)
    path = "/personnel/v1/employee-employment-details"

    assert 400 == world.get(f"{path}?dateTimeChanged=%3E05-20-2026").status_code
    assert 400 == world.get("/payroll/v1/pay-register?payDate=%3E07-01-2026").status_code
    assert 200 == world.get("/payroll/v1/pay-register?periodEndDate=%3E06-01-2026").status_code


def test_a_star_stands_for_anything_where_the_pattern_has_one() -> None:
    """And for itself elsewhere."""
    world = UkgWorld(workers=3)
    first = world.rows("/personnel/v1/compensation-details")[0]["employeeID"]

    assert 1 == len(world.rows(f"/personnel/v1/compensation-details?employeeId={first[:6]}*"))
    assert 3 == len(world.rows("/personnel/v1/compensation-details?employeeId=*"))
    assert [] == world.rows("/personnel/v1/employment-details?employeeId=*")


def test_filters_hold_in_every_form_of_an_address() -> None:
    """By company, by company and employee, by employee, by row."""
    world = UkgWorld(workers=3)
    people, row = "/personnel/v1", world.rows("/personnel/v1/compensation-details")[1]
    company, employee = f"{people}/companies/{row['companyID']}", row["employeeID"]
    one = f"{company}/employees/{employee}/compensation-details"
    history = world.rows(f"{people}/employee-job-history-details?employeeId={employee}")[0]["systemId"]

    assert 1 == len(world.rows(f"{company}/compensation-details?employeeId={employee}"))
    assert employee == world.rows(f"{one}?payGroupCode=BIWEEK")["employeeID"]
    assert 404 == world.get(f"{one}?payGroupCode=OTHER").status_code
    assert [] == world.rows(f"{people}/compensation-details/{employee}?payGroupCode=OTHER")
    assert 404 == world.get(f"{people}/employee-job-history-details/{history}?isJobChange=true").status_code


@pytest.mark.parametrize("path", [path for path in LISTS if schema_of(path).blank], ids=named)
def test_a_row_has_every_field_and_truths_are_truths(world: UkgWorld, path: str) -> None:
    """Fields that nobody filled are null, or false; a truth is never a letter."""
    blank = schema_of(path).blank
    for row in world.rows(f"/{path}"):
        assert set() == set(blank) - set(row)
        assert {} == {
            name: row[name]
            for name, value in blank.items()
            if value is False and row[name] not in (True, False)
        }


def test_rows_of_earnings_spell_the_company_once() -> None:
    """The filter has a capital D, the field has none."""
    world = UkgWorld(workers=1)
    rows = world.rows("/payroll/v1/earnings-history-base-elements")

    assert "companyID" not in rows[0]
    assert len(rows) == len(
        world.rows(f"/payroll/v1/earnings-history-base-elements?companyID={rows[0]['companyId']}")
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"employeeIdentifierType": "SSN", "employeeIdentifierValue": "900000000"}, ["6Y4NV", "8K2PD"]),
        (
            {
                "employeeIdentifierType": "EmployeeNumber",
                "employeeIdentifierValue": "000000001",
                "companyIdentifierType": "Company Code",
                "companyIdentifierValue": "HTC02",
            },
            ["8K2PD"],
        ),
        (
            {
                "employeeIdentifierType": "EmployeeNumber",
                "employeeIdentifierValue": "000000001",
                "companyIdentifierType": "Company ID",
                "companyIdentifierValue": "XXXXX",
            },
            None,
        ),
        ({"employeeIdentifierType": "Shoe size", "employeeIdentifierValue": "9"}, None),
    ],
)
def test_ids_are_looked_up_within_a_company_where_one_is_named(
    asked: dict[str, str], expected: list[str] | None
) -> None:
    """The company was passed over before; an unknown kind of identifier finds nobody."""
    world = UkgWorld(workers=3, dual_company=True)
    found = world.call("POST", "/personnel/v1/employee-ids", body=[asked]).json()[0]["multistatus"][0]

    assert expected == (found["body"] or {}).get("coid")
