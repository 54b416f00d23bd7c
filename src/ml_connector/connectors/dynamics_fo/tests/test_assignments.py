"""Default dimensions of employments on the simulator: the contract, and what is the vendor's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.dynamics_fo.tests.employments_world import EmploymentsWorld, midnight
from ml_connector.contract.assignments import LONG_AGO, AssignmentContract, AssignmentWorld, change_of, put
from ml_connector.domain.worker import NO_EMPLOYMENT, Assignment
from ml_connector.errors import Refused
from ml_connector.ports.registers import NotTaken, Stale, Written

Make = Callable[..., EmploymentsWorld]


@pytest.fixture
def make(make_world: Callable[..., Any]) -> Make:
    """An environment with two companies, and a connection to both."""
    return lambda **more: EmploymentsWorld(make_world(company="usmf, dat", **more))


@pytest.fixture
def employments(make: Make) -> EmploymentsWorld:
    return make()


class TestAssignments(AssignmentContract):
    """Default dimensions of employments in two companies."""

    @pytest.fixture
    def world(self, employments: EmploymentsWorld) -> AssignmentWorld:
        return employments


# --- the text of default dimensions -------------------------------------------------------------------------


def test_the_segments_of_others_go_back_to_the_letter(employments: EmploymentsWorld) -> None:
    """An escape stays as it was read, blanks at the end are written, and nothing else of the row is sent."""
    employments.employ("E1", "usmf", LONG_AGO, cost_center="LINE-7", branch="001")
    assert r"-LINE\-7-001" == employments.text("E1")
    wish(employments, "E1", project="P-2026-01")
    (sent,) = employments.sent()

    assert {"DimensionDisplayValue": r"-LINE\-7-001-P\-2026\-01"} == sent
    assert [{"cost_center": "LINE-7", "branch": "001", "project": "P-2026-01"}] == employments.held(
        "E1", "usmf"
    )


def test_a_segment_that_only_the_vendor_understands_goes_back_to_the_letter(
    employments: EmploymentsWorld,
) -> None:
    """A backslash in a code of others is written twice, however it came there."""
    employments.inner.control("add_dimension_value", dimension="Project", code="A\\B-C", name="Odd")
    employments.inner.control("put_worker", **person("E1"), dimensions=r"010---A\\B\-C")
    wish(employments, "E1", cost_center="AKRASM")

    assert r"010-AKRASM--A\\B\-C" == employments.sent()[0]["DimensionDisplayValue"]
    assert "A\\B-C" == employments.held("E1", "usmf")[0]["project"]


def test_the_format_is_the_one_that_is_active_when_the_row_is_read(employments: EmploymentsWorld) -> None:
    """A person adds a dimension in front between the plan and the write."""
    employments.employ("E1", "usmf", LONG_AGO)
    list(employments.register.rows())
    employments.inner.control(
        "set_dimension_format", kind="default", format="CostCenter-Project-Department-BusinessUnit"
    )
    wish(employments, "E1", cost_center="AKRASM", project="P0001")

    assert "AKRASM-P0001--" == employments.sent()[0]["DimensionDisplayValue"]


def test_another_delimiter_is_read_and_written(employments: EmploymentsWorld) -> None:
    employments.inner.control("set_delimiter", delimiter="Bar")
    employments.employ("E1", "usmf", LONG_AGO)
    wish(employments, "E1", cost_center="LINE-7")

    assert "|LINE-7||" == employments.sent()[0]["DimensionDisplayValue"]


def test_without_an_active_format_nothing_is_read_or_written(employments: EmploymentsWorld) -> None:
    employments.employ("E1", "usmf", LONG_AGO)
    employments.inner.control("deactivate_format", kind="default")

    with pytest.raises(Refused, match="No dimension format for default dimensions is active") as refused:
        list(employments.register.rows())
    assert "format.missing" == refused.value.problem.code


def test_an_axis_that_the_format_lacks_is_said_and_never_dropped(employments: EmploymentsWorld) -> None:
    """The vendor drops surplus segments without a word."""
    employments.inner.control("set_dimension_format", kind="default", format="CostCenter-Department")
    employments.employ("E1", "usmf", LONG_AGO)
    keys = {row.key for row in employments.register.rows(("usmf/",))}
    wished = assignment("E1", "project", "P0001")

    assert "usmf/E1/cost_center" in keys
    assert wished.key not in keys
    assert ["dimension.format"] == [problem.code for problem in employments.register.check(wished)]
    assert ["dimension.format"] == [answer.problem.code for answer in put(employments, wished)]
    assert [] == employments.sent()


def test_a_text_that_does_not_fit_the_format_concerns_that_worker_only(make: Make) -> None:
    """Left over from a longer format. The others are written."""
    world = make()
    for worker in ("E1", "E2"):
        world.employ(worker, "usmf", LONG_AGO, project="P0001" if worker == "E1" else "")
    world.inner.control("set_dimension_format", kind="default", format="Department-CostCenter")
    keys = {row.key for row in world.register.rows(("usmf/",))}
    first, second = (assignment(worker, "cost_center", "AKRASM") for worker in ("E1", "E2"))

    assert [False, True] == [row.key in keys for row in (first, second)]
    (problem,) = world.register.check(first)
    assert (NO_EMPLOYMENT, True) == (problem.code, "more segments" in problem.text)
    assert [NotTaken, Written] == [type(answer) for answer in put(world, first, second)]


def test_letters_of_any_case_are_one_and_written_as_dynamics_has_them(employments: EmploymentsWorld) -> None:
    """C3: of the code, and of the worker's number."""
    employments.employ("e1", "usmf", LONG_AGO)
    list(employments.register.rows())

    assert () == employments.register.check(assignment("E1", "cost_center", "akrasm "))
    assert (Written(),) == put(employments, assignment("E1", "cost_center", "akrasm "))
    assert "AKRASM" == employments.held("e1", "usmf")[0]["cost_center"]


def test_a_code_that_may_be_read_back_as_another_is_refused(employments: EmploymentsWorld) -> None:
    employments.employ("E1", "usmf", LONG_AGO)
    list(employments.register.rows())
    assert () == employments.register.check(assignment("E1", "cost_center", "LINE-7"))
    employments.inner.control("set_delimiter", delimiter="DoubleHyphen")
    list(employments.register.rows())
    codes = [
        problem.code
        for code in ("LINE-7", "A\\B")
        for problem in employments.register.check(assignment("E1", "cost_center", code))
    ]
    assert ["dimension.delimiter"] * 2 == codes


# --- which codes are open -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("OLD1", "closed, suspended or barred"),
        ("OLD2", "closed, suspended or barred"),
        ("X", "does not have"),
    ],
)
def test_a_code_that_is_not_open_says_why(employments: EmploymentsWorld, code: str, told: str) -> None:
    employments.employ("E1", "usmf", LONG_AGO)
    list(employments.register.rows())
    (problem,) = employments.register.check(assignment("E1", "cost_center", code))

    assert ("assignment.code", True) == (problem.code, told in problem.text)


def test_a_code_that_was_never_used_is_there(make: Make) -> None:
    """C6: what the list of values does not show is read at its source."""
    world = make(switches={"unused_backed_values": "hide"})
    world.employ("E1", "usmf", LONG_AGO)
    list(world.register.rows())

    assert () == world.register.check(assignment("E1", "cost_center", "HOFIN"))
    assert (Written(),) == put(world, assignment("E1", "cost_center", "HOFIN"))


def test_a_code_that_was_opened_meanwhile_is_seen_by_the_next_pass(employments: EmploymentsWorld) -> None:
    """D5: what one pass left out is no more left out when its reason is gone."""
    employments.employ("E1", "usmf", LONG_AGO)
    list(employments.register.rows())
    assert employments.register.check(assignment("E1", "cost_center", "OLD1"))
    employments.inner.control("activate_dimension_value", dimension="CostCenter", code="OLD1")
    list(employments.register.rows())

    assert () == employments.register.check(assignment("E1", "cost_center", "OLD1"))


# --- instants -----------------------------------------------------------------------------------------------


def test_the_last_second_of_the_last_day_in_the_company_counts(employments: EmploymentsWorld) -> None:
    """P3: the day ends at 04:00 UTC; dates are instants, so the register needs no zone."""
    employments.employ("E1", "usmf", LONG_AGO)
    employments.end("E1", "usmf", date(2026, 7, 1))
    employments.inner.clock.advance(
        (datetime(2026, 7, 2, 3, 59, 58, tzinfo=UTC) - now(employments)).total_seconds()
    )
    key = "usmf/E1/cost_center"

    assert key in employments.register.read([key])
    employments.inner.clock.advance(2)
    assert {} == employments.register.read([key])


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_that_hold_at_once_the_one_that_began_last_counts(
    employments: EmploymentsWorld, turned: bool
) -> None:
    """P7: whatever the order of the list. The vendor's screens refuse such rows; an import may bring them."""
    employments.employ("E1", "usmf", LONG_AGO)

    def doubled(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if "EmploymentsV2" not in request.url.path:
            return response
        said = json.loads(response.read())
        mine = [row for row in said["value"] if row["PersonnelNumber"] == "E1"]
        again = [row | {"EmploymentId": "X", "EmploymentStartDate": "2026-01-01T05:00:00Z"} for row in mine]
        said["value"] = [*again, *said["value"]] if turned else [*said["value"], *again]
        return httpx2.Response(200, headers={"content-type": "application/json"}, json=said)

    employments.inner.wire.after = doubled
    key = "usmf/E1/cost_center"

    assert "X" == employments.register.read([key])[key].record.employment
    assert 1 == [row.key for row in employments.register.rows()].count(key)


# --- writes -------------------------------------------------------------------------------------------------


def test_a_write_is_guarded_by_the_version_and_names_the_employment(employments: EmploymentsWorld) -> None:
    employments.employ("O'Neil", "usmf", LONG_AGO)
    (row,) = employments.rows("O''Neil")
    wish(employments, "O'Neil", cost_center="AKRASM")
    content = employments.batches()[-1].content.decode()

    assert f"If-Match: {row['@odata.etag']}" in content
    assert f"EmploymentId='{row['EmploymentId']}'" in content
    assert "PersonnelNumber='O''Neil'" in content


def test_a_stale_version_may_be_told_as_a_conflict(make: Make) -> None:
    """C16: by a 400 with the text of an update conflict."""
    world = make(switches={"stale_etag": 400})
    world.employ("E1", "usmf", LONG_AGO)
    wished = assignment("E1", "cost_center", "AKRASM")
    fresh = world.register.read([wished.key])
    world.edit("E1", "usmf", project="P0001")

    assert (Stale(),) == world.register.put([change_of(world.register, wished, fresh)], versions(fresh))
    assert [{"project": "P0001"}] == world.held("E1", "usmf")


def test_versions_that_were_not_read_last_are_read_again_before_a_write(
    employments: EmploymentsWorld,
) -> None:
    """The other segments would be those of another moment. Nothing is sent."""
    employments.employ("E1", "usmf", LONG_AGO)
    wished = assignment("E1", "cost_center", "AKRASM")
    fresh = employments.register.read([wished.key])
    change = change_of(employments.register, wished, fresh)
    employments.edit("E1", "usmf", project="P0001")
    employments.register.read([wished.key])

    assert (Stale(),) == employments.register.put([change], versions(fresh))
    assert 0 == employments.writes()


def test_what_a_batch_leaves_behind_a_failed_row_is_written_in_another(make: Make) -> None:
    world = make(switches={"batch_continues": False})
    for number in range(5):
        world.employ(f"E{number}", "usmf", LONG_AGO)
    list(world.register.rows())
    codes = ["AKRASM", "NOWHERE", "AKRASM", "NOWHERE", "AKRASM"]
    answers = put(world, *(assignment(f"E{n}", "cost_center", code) for n, code in enumerate(codes)))

    assert [Written, NotTaken, Written, NotTaken, Written] == [type(answer) for answer in answers]
    assert 3 == world.writes()


def test_an_environment_where_hr_is_not_written_says_so_for_each(make: Make) -> None:
    world = make()
    world.employ("E1", "usmf", LONG_AGO)
    world.inner.post("switches", {"hr_writable": False})
    (answer,) = put(world, assignment("E1", "cost_center", "AKRASM"))

    assert "read-only" in answer.problem.text
    assert [{}] == world.held("E1", "usmf")


def test_another_process_than_the_one_that_planned_writes(make: Make) -> None:
    """Nothing of the plan's reads is remembered."""
    world = make()
    world.employ("E1", "usmf", LONG_AGO)

    assert (Written(),) == put(world, assignment("E1", "cost_center", "line-7"))
    assert "LINE-7" == world.held("E1", "usmf")[0]["cost_center"]


# --- calls --------------------------------------------------------------------------------------------------


def test_a_pass_without_changes_reads_the_format_and_the_employments(make: Make) -> None:
    world = make()
    world.employ("E1", "usmf", LONG_AGO)
    list(world.register.rows(("usmf/",)))

    assert ["GET DimensionIntegrationFormats", "GET DimensionParameters", "GET EmploymentsV2"] == sorted(
        world.calls()
    )


def test_the_values_of_an_axis_are_asked_for_once_in_a_pass(make: Make) -> None:
    world = make()
    for worker in ("E1", "E2"):
        world.employ(worker, "usmf", LONG_AGO)
    list(world.register.rows(("usmf/",)))
    before = len(world.calls())
    for worker in ("E1", "E2"):
        for code in ("AKRASM", "HOFIN", "NOWHERE"):
            world.register.check(assignment(worker, "cost_center", code))

    asked = ["DimensionAttributes", "DimensionParameters", "FinancialDimensionValues", "CostCenters"]
    assert [f"GET {name}" for name in asked] == world.calls()[before:]


def test_a_hundred_employments_are_one_write_and_a_few_short_addresses(make: Make) -> None:
    world = make()
    for number in range(100):
        world.employ(f"E{number:05}", "usmf", LONG_AGO)
    list(world.register.rows(("usmf/",)))
    before = len(world.inner.wire.requests)
    answers = put(world, *(assignment(f"E{n:05}", "cost_center", "AKRASM") for n in range(100)))
    asked = world.inner.wire.requests[before:]

    assert {Written()} == set(answers)
    assert 1 == world.writes()
    assert 3 == sum("EmploymentsV2" in request.url.path for request in asked)
    assert max(len(str(request.url)) for request in asked) < 2_000


def test_many_employments_are_read_at_once(make: Make) -> None:
    """As they were asked for, and no other."""
    world = make()
    for number in range(300):
        world.employ(f"E{number:05}", "usmf", LONG_AGO)
    wanted = [assignment(f"E{n:05}", "cost_center", "").key for n in range(1, 300)]
    before = len(world.calls())
    assert sorted(wanted) == sorted(world.register.read(wanted))
    assert 1 == world.calls()[before:].count("GET EmploymentsV2")


def test_lists_are_read_to_their_end(make: Make) -> None:
    world = make(switches={"page_rows_max": 3})
    for number in range(10):
        world.employ(f"E{number}", "usmf", LONG_AGO)
    keys = [row.key for row in world.register.rows(("usmf/",))]

    assert keys == sorted(set(keys))
    assert 10 == sum(key.startswith("usmf/E") and key.endswith("/project") for key in keys)


# --- in short -----------------------------------------------------------------------------------------------


def assignment(worker: str, axis: str, code: str) -> Assignment:
    return Assignment(entity="usmf", worker=worker, axis=axis, code=code)


def wish(world: EmploymentsWorld, worker: str, **codes: str) -> None:
    answers = put(world, *(assignment(worker, axis, code) for axis, code in codes.items()))
    assert {Written()} == set(answers)


def versions(fresh: Mapping[str, Any]) -> dict[str, str]:
    return {key: row.version for key, row in fresh.items()}


def person(worker: str) -> dict[str, str]:
    return {
        "number": worker,
        "first_name": "Kari",
        "last_name": "Lund",
        "company": "usmf",
        "start": midnight(LONG_AGO),
    }


def now(world: EmploymentsWorld) -> datetime:
    moment: datetime = world.inner.clock.now()
    return moment
