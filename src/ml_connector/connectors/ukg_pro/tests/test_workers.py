"""The workers of the simulated tenant, and lists that only an answer in its place has."""

from __future__ import annotations

import json
import random
from datetime import date
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.ukg_pro import client
from ml_connector.connectors.ukg_pro.settings import read
from ml_connector.connectors.ukg_pro.tests.people_world import CHANGES, PeopleWorld, Rows, Tenant, row
from ml_connector.contract.workers import WorkerSourceContract
from ml_connector.contract.workers_world import DAY, WorkerSourceWorld, first_cursor
from ml_connector.domain.problem import Owner
from ml_connector.domain.worker import NOBODY, Employment, EmploymentState, UnreadWorker, Worker
from ml_connector.errors import VendorChanged

ACTIVE, ENDED, UNKNOWN = EmploymentState.ACTIVE, EmploymentState.ENDED, EmploymentState.UNKNOWN


@pytest.fixture
def world() -> WorkerSourceWorld:
    return PeopleWorld()


class TestWorkers(WorkerSourceContract):
    """The suite, on the simulated tenant."""


# --- rows ---------------------------------------------------------------------------------------------------


def employment(**more: Any) -> Employment:
    """The one employment of a person whose row says so."""
    (found,) = Tenant([row(**more)]).one().employments
    return found


@pytest.mark.parametrize("code", ["0040", "040", "1.10", "3E5", " 77 ", "Ä 1"])
def test_codes_and_numbers_are_text(code: str) -> None:
    worker = Tenant([row(employeeNumber=code, orgLevel1Code=code, primaryJobCode=code)]).one()

    assert code.strip() == worker.number
    codes = [(each.axis, each.code) for each in worker.employments[0].codes]
    assert [("job_code", code.strip()), ("org_level_1", code.strip())] == codes


def test_no_project_is_none_and_a_blank_is_nothing() -> None:
    found = employment(primaryProjectCode="Z", orgLevel2Code=" ", orgLevel3Code="Z")

    assert [("org_level_3", "Z")] == [(each.axis, each.code) for each in found.codes]


@pytest.mark.parametrize(
    ("says", "end", "state", "moved"),
    [
        ({}, None, ACTIVE, False),
        ({"dateOfTermination": "2026-09-30T00:00:00"}, date(2026, 9, 30), ACTIVE, False),
        (
            {"employeeStatusCode": "T", "dateOfTermination": "2026-06-30T23:59:59.9"},
            date(2026, 6, 30),
            ENDED,
            False,
        ),
        ({"employeeStatusCode": "T"}, None, UNKNOWN, False),
        ({"employeeStatusCode": "T", "dateOfTermination": "2019-12-31T00:00:00"}, None, UNKNOWN, False),
        ({"dateOfTermination": "2019-12-31T00:00:00", "termReason": "TRO"}, None, ACTIVE, False),
        (
            {"dateOfTermination": "2026-06-30T00:00:00", "termReason": " TRO "},
            date(2026, 6, 30),
            ACTIVE,
            True,
        ),
        ({"termReason": "TRO"}, None, ACTIVE, False),
        ({"employeeStatusCode": "t"}, None, UNKNOWN, False),
        ({"employeeStatusCode": None}, None, UNKNOWN, False),
    ],
)
def test_an_end_is_the_day_of_termination_and_is_never_made_up(
    says: dict[str, Any], end: date | None, state: EmploymentState, moved: bool
) -> None:
    """An end without a day, or with one before the last hire, is no end of this employment."""
    found = employment(**says)

    assert (end, state, moved) == (found.end, found.state, found.moved)


def test_letters_and_reasons_are_the_connections_own() -> None:
    settings = {"status_letters": "A=ACTIVE, R=ended", "transfer_reasons": "XFR, 9"}
    said = {"employeeStatusCode": "R", "dateOfTermination": "2026-06-30T00:00:00", "termReason": "9"}
    (found,) = Tenant([row(**said)], **settings).one().employments

    assert (ENDED, True, "R") == (found.state, found.moved, found.letter)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A=alive", "status_letters"),
        ("A", "status_letters"),
        ("A=active, A=ended", "status_letters"),
        ("A=unknown", "status_letters"),
        ("personnel/v1", "changes_path"),
        ("perhaps", "job_history"),
    ],
)
def test_settings_that_cannot_be_read_are_problems(text: str, name: str) -> None:
    found = read({"base_url": "http://127.0.0.1:9102", "username": "u", name: text}, True)[1]

    assert [name] == [problem.where for problem in found]


@pytest.mark.parametrize(
    "said",
    [
        {"originalHireDate": None, "lastHireDate": " "},
        {"lastHireDate": "31/12/CANARY"},
        {"dateOfTermination": "CANARY"},
        {"employeeID": " "},
        {"companyCode": ""},
        {"companyCode": None},
        {"companyID": None},
        {"isHomeCompany": "CANARY"},
        {"employeeID": None},
    ],
)
def test_a_row_that_is_no_employment_leaves_its_person_unread(said: dict[str, Any]) -> None:
    """It names the person by id, where there is one, and repeats no value."""
    tenant = Tenant([row("E0"), row(**said)])
    unread, other = tenant.worker_source.workers()

    assert isinstance(unread, UnreadWorker)
    assert (NOBODY if "employeeID" in said else "E1", Owner.PAYROLL) == (unread.key, unread.owner)
    assert "E0" == other.key
    assert "CANARY" not in f"{unread} {tenant.said()}"


@pytest.mark.parametrize(
    ("said", "whose"),
    [({"companyId": None}, "E1"), ({"jobEffectiveDate": "CANARY"}, "E1"), ({"employeeId": " "}, NOBODY)],
)
def test_a_job_history_that_says_too_little_leaves_its_person_unread(
    said: dict[str, Any], whose: str
) -> None:
    """What is entered for later may be in the row."""
    later = {"employeeId": "E1", "companyId": "id HTC01", "jobEffectiveDate": "2031-01-01T00:00:00", **said}
    tenant = Tenant([row("E0"), row("E1")], history=[later])
    (unread, *_) = tenant.worker_source.workers()

    assert isinstance(unread, UnreadWorker)
    assert (whose, Owner.PAYROLL) == (unread.key, unread.owner)
    assert "CANARY" not in f"{unread} {tenant.said()}"


def test_a_row_of_another_shape_stops_the_read() -> None:
    tenant = Tenant([row("E0"), row(employeeNumber=12)])
    with pytest.raises(VendorChanged):
        next(tenant.worker_source.workers())


def test_somebody_who_is_read_in_part_is_unread() -> None:
    """The employment in the other company would be taken to have ended."""
    tenant = Tenant([row("E0"), row("E1"), row("E1", "HTC02", lastHireDate="CANARY"), row("E2")])

    assert ["E1", "E0", "E2"] == [each.key for each in tenant.worker_source.workers()]
    assert {"E1": UnreadWorker, "E2": Worker} == {
        key: type(each) for key, each in tenant.worker_source.read(["E1", "E2"]).items()
    }


def test_whoever_is_asked_for_and_answered_without_an_id_is_unread() -> None:
    """They are asked for by halves; the others are read."""
    keys = [f"E{number}" for number in range(8)]
    tenant = Tenant([row(key) for key in keys])
    inner = tenant.recording.after

    def nameless(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        rows = json.loads(inner(request, response).read())
        for each in rows:
            if each.get("employeeID") == "E5":
                each["employeeID"] = None
        return httpx2.Response(200, json=rows, headers={"link": '<http://127.0.0.1:9102/>; rel="last"'})

    tenant.recording.after = nameless
    found = tenant.worker_source.read(keys)

    assert ["E5"] == [key for key, each in found.items() if isinstance(each, UnreadWorker)]
    assert set(keys) == set(found)


def test_changes_of_nobody_mean_everybody() -> None:
    tenant = Tenant([row("E1")])
    cursor = first_cursor(tenant)
    tenant.lists[CHANGES] = [{"employeeId": "E1"}, {"employeeId": None}]
    tenant.pass_time(4)

    assert tenant.worker_source.changed(cursor).whole


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_rows_of_a_person_the_home_company_counts(order: int) -> None:
    employments = [row(isHomeCompany="N", employeeNumber="1"), row(company="HTC02", employeeNumber="2")]
    new = {"firstName": "Anna", "lastName": " de Vries ", "emailAddress": "n@x"}
    persons = [
        {"employeeId": "E1", "companyId": "id HTC01", "lastName": "Old", "emailAddress": "o@x"},
        {"employeeId": "E1", "companyId": "id HTC02", **new},
    ]
    worker = Tenant(employments[::order], persons[::order]).one()

    assert ("2", "Anna de Vries", "n@x") == (worker.number, worker.name, worker.email)
    assert "de Vries" == worker.family
    assert [False, True] == [each.home for each in worker.employments]


@pytest.mark.parametrize("order", [1, -1])
def test_two_rows_of_a_rehire_are_two_employments(order: int) -> None:
    """Some tenants list them so; a row that comes twice counts once."""
    old = row(employeeStatusCode="T", dateOfTermination="2023-12-01T00:00:00")
    new = row(lastHireDate="2026-01-05T00:00:00")
    worker = Tenant([old, new, old][::order]).one()

    assert [date(2020, 1, 6), date(2026, 1, 5)] == [each.start for each in worker.employments]
    assert [date(2023, 12, 1), None] == [each.end for each in worker.employments]


def test_one_number_may_be_of_two_people() -> None:
    """A conversion to a contractor, or a rehire under another id: the id is the identity."""
    found = list(Tenant([row("E2"), row("E1", employeeTypeCode="CON")]).worker_source.workers())

    assert [("E1", "CON"), ("E2", "")] == [(each.key, each.employments[0].kind) for each in found]


# --- employments before a rehire ----------------------------------------------------------------------------


def entry(
    day: str, letter: str, reason: str = "", created: str = "", company: str = "HTC01"
) -> dict[str, Any]:
    """A row of the job history of E1."""
    return {
        "employeeId": "E1",
        "companyId": f"id {company}",
        "jobEffectiveDate": f"{day}T00:00:00",
        "dateTimeCreated": created or f"{day}T08:00:00",
        "employeeStatus": letter,
        "reasonCode": reason,
        "annualSalary": 1.5,
    }


HIRED = entry("2020-01-06", "A")
AGAIN = entry("2026-01-05", "A")


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([HIRED, entry("2023-12-01", "T", "203"), AGAIN], [("2020-01-06", "2023-12-01", False)]),
        ([HIRED, entry("2023-12-01", "T", "TRO"), AGAIN], [("2020-01-06", "2023-12-01", True)]),
        (
            [HIRED, entry("2021-05-31", "T"), entry("2022-03-01", "A"), entry("2024-08-31", "T"), AGAIN],
            [("2020-01-06", "2021-05-31", False), ("2022-03-01", "2024-08-31", False)],
        ),
        (
            [HIRED, entry("2023-12-01", "T"), entry("2023-12-15", "T"), AGAIN],
            [("2020-01-06", "2023-12-15", False)],
        ),
        ([HIRED, entry("2021-01-01", "L"), entry("2021-02-01", "A"), AGAIN], []),
        ([entry("2023-12-01", "T"), AGAIN], []),
        ([AGAIN], []),
        ([], []),
        ([HIRED, entry("2023-12-01", "T", company="HTC02"), AGAIN], []),
        (
            [
                HIRED,
                entry("2023-12-01", "A", created="2023-12-01T09"),
                entry("2023-12-01", "T", created="2023-12-01T08"),
            ],
            [("2020-01-06", "2023-12-01", False)],
        ),
    ],
)
def test_an_employment_before_a_rehire_is_what_the_history_shows(
    history: Rows, expected: list[tuple[str, str, bool]]
) -> None:
    """In any order of its rows; one whose end it does not show is left out."""
    random.Random(7).shuffle(history := list(history))
    *before, now = Tenant([row(lastHireDate="2026-01-05T00:00:00")], history=history).one().employments

    assert expected == [(f"{each.start}", f"{each.end}", each.moved) for each in before]
    assert (date(2026, 1, 5), None, ACTIVE) == (now.start, now.end, now.state)


def test_the_whole_history_is_read_of_those_who_were_hired_again_only() -> None:
    """Of the others what is to come, in one list; of some people in one call for all of them."""
    tenant = Tenant([row("E1", lastHireDate="2026-01-05T00:00:00"), row("E2"), row("E3")])
    list(tenant.worker_source.workers())

    assert ["E1", ""] == tenant.asked(client.JOB_HISTORY)
    (asked,) = [
        each.url.params for each in tenant.recording.requests if "jobEffectiveDate" in each.url.params
    ]
    assert f">{tenant.today() - DAY:%m-%d-%Y}" == asked["jobEffectiveDate"]
    tenant.worker_source.read(["E2", "E3"])
    assert ["E1", "", "E2,E3"] == tenant.asked(client.JOB_HISTORY)


def test_without_the_history_there_is_one_employment_from_the_last_hire() -> None:
    """Its rows carry pay; a connection may do without."""
    tenant = Tenant([row(lastHireDate="2026-01-05T00:00:00")], history=[HIRED], job_history="no")
    (found,) = tenant.one().employments

    assert {"E1": tenant.one()} == tenant.worker_source.read(["E1"])
    assert (date(2026, 1, 5), None, ()) == (found.start, found.end, found.placements)
    assert [] == tenant.asked(client.JOB_HISTORY)


# --- what is to come ----------------------------------------------------------------------------------------


def ahead_of(rows: Rows, **says: Any) -> list[Employment]:
    """The employments of E1, on 1 July 2026, from the rows of the history in any order."""
    random.Random(7).shuffle(rows := list(rows))
    tenant = Tenant([row(orgLevel1Code="100", **says)], history=rows)
    assert date(2026, 7, 1) == tenant.today()
    listed = tenant.one()
    assert [each.codes for each in listed.employments] == [
        each.codes for each in tenant.worker_source.read(["E1"])["E1"].employments
    ]
    return list(listed.employments)


def placed(day: str, code: str, letter: str = "A", **more: Any) -> dict[str, Any]:
    return {**entry(day, letter, **more), "orgLevel1Code": code, "projectCode": "Z"}


def test_rows_of_a_history_are_places_by_their_days() -> None:
    """P5: of one day the last that was entered; a letter that is blank is that of before."""
    rows = [
        placed("2020-01-06", "100"),
        placed("2026-09-01", "300", created="2026-06-02T08:00:00"),
        placed("2026-09-01", "200", created="2026-06-01T08:00:00"),
        placed("2026-12-01", "100", letter=""),
        placed("2026-10-01", "300", letter="L"),
        placed("2026-10-01", "900", company="HTC02"),
    ]
    (found,) = ahead_of(rows)

    said = [(f"{one.since}", [each.code for each in one.codes], one.letter) for one in found.placements]
    assert [
        ("2020-01-06", ["100"], "A"),
        ("2026-09-01", ["300"], "A"),
        ("2026-10-01", ["300"], "L"),
        ("2026-12-01", ["100"], "L"),
    ] == said
    assert EmploymentState.LEAVE is found.placements[-1].state


def test_what_is_to_come_alone_leaves_what_holds_today() -> None:
    """Everybody comes with no rows of before, where nobody is asked for one by one."""
    (found,) = ahead_of([placed("2026-09-01", "200")])

    assert [date(2026, 7, 1), date(2026, 9, 1)] == [one.since for one in found.placements]
    assert ["100", "100", "200"] == [found.codes_on(date(2026, month, 30))[0].code for month in (5, 8, 9)]


@pytest.mark.parametrize(
    ("says", "history", "expected"),
    [
        ({}, [entry("2026-07-01", "T")], [("2026-07-01", False)]),
        ({}, [entry("2026-07-31", "T", "TRO")], [("2026-07-31", True)]),
        ({}, [entry("2026-06-30", "T")], [("None", False)]),
        ({}, [entry("2026-07-31", "X")], [("None", False)]),
        ({"dateOfTermination": "2026-08-31T00:00:00"}, [entry("2026-07-31", "T")], [("2026-08-31", False)]),
        ({}, [entry("2026-07-31", "T"), entry("2026-09-01", "A")], [("2026-07-31", False), ("None", False)]),
        (
            {"employeeStatusCode": "T", "dateOfTermination": "2026-05-31T00:00:00"},
            [entry("2026-05-31", "T"), entry("2026-09-01", "A"), entry("2026-11-30", "T")],
            [("2026-05-31", False), ("2026-11-30", False)],
        ),
    ],
)
def test_an_end_and_a_return_that_are_to_come_are_of_the_history(
    says: dict[str, Any], history: Rows, expected: list[tuple[str, bool]]
) -> None:
    """Of what is so today the details are believed."""
    found = ahead_of([HIRED, *history], **says)

    assert expected == [(f"{each.end}", each.moved) for each in found]
    if len(found) == 2:
        assert date(2026, 9, 1) == found[1].start
