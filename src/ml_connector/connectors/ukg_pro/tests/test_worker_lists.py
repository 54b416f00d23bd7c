"""Lists of workers, addresses and changes that only an answer in its place has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.ukg_pro import client
from ml_connector.connectors.ukg_pro.tests.people_world import CHANGES, PeopleWorld, Tenant, row
from ml_connector.connectors.ukg_pro.workers import AGAIN_MAX
from ml_connector.contract.workers_world import DAY, first_cursor
from ml_connector.domain.worker import EmploymentState, Worker
from ml_connector.errors import ConnectorError, Refused, RightMissing, VendorChanged

ACTIVE, ENDED, UNKNOWN = EmploymentState.ACTIVE, EmploymentState.ENDED, EmploymentState.UNKNOWN


# --- lists and addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("takes", [lambda ids: ids[:1], lambda ids: ids if len(ids) == 1 else []])
def test_a_tenant_that_takes_one_id_at_a_time_is_read_as_well(
    takes: Callable[[list[str]], list[str]],
) -> None:
    tenant = Tenant([row("E1"), row("E2"), row("E3")])
    tenant.takes = takes

    assert ["E1", "E2", "E3"] == list(tenant.worker_source.read(["E3", "E1", "E2"]))


def test_a_tenant_that_refuses_several_ids_is_read_as_well() -> None:
    tenant = Tenant([row("E1"), row("E2")])
    inner = tenant.recording.after
    tenant.recording.after = lambda request, response: (
        httpx2.Response(400) if "," in request.url.params.get("employeeId", "") else inner(request, response)
    )

    assert ["E1", "E2"] == list(tenant.worker_source.read(["E1", "E2"]))


def test_a_tenant_that_passes_over_the_ids_is_not_believed() -> None:
    tenant = Tenant([row("E1"), row("E2")])
    tenant.takes = lambda ids: ["E1", "E2"]

    with pytest.raises(VendorChanged, match="others"):
        tenant.worker_source.read(["E1"])


def test_an_address_has_a_length() -> None:
    keys = [f"EAAAAA{number:06}" for number in range(400)]
    tenant = Tenant([row(key) for key in keys])
    found = tenant.worker_source.read(keys)

    assert keys == list(found)
    assert 4 == len(tenant.asked(client.EMPLOYMENTS)) == len(tenant.asked(client.PERSONS))
    assert 2_200 > max(len(str(request.url)) for request in tenant.recording.requests)


def test_an_employment_of_nobody_is_asked_for_once_more_and_named() -> None:
    tenant = Tenant([row("E1"), row("E2")], [{"employeeId": "E1"}])
    unread, other = tenant.worker_source.workers()
    assert ("E2", "workers.apart", "E1") == (unread.key, unread.code, other.key)
    assert unread == tenant.worker_source.read(["E2"])["E2"]
    assert ["", "E2", "E2"] == tenant.asked(client.PERSONS)


def test_two_lists_that_do_not_fit_are_not_put_together_one_by_one() -> None:
    tenant = Tenant([row(f"E{number}") for number in range(AGAIN_MAX + 1)], [])
    with pytest.raises(VendorChanged, match=f"{AGAIN_MAX + 1} are in one"):
        list(tenant.worker_source.workers())

    assert 2 == tenant.calls()


def test_a_row_that_comes_on_two_pages_is_one_employment() -> None:
    """Rows came in on top while the list was read, and pushed the others down."""
    tenant = Tenant([row("E0"), row("E1"), row("E1"), row("E2")])

    assert {"E0": 1, "E1": 1, "E2": 1} == {
        each.key: len(each.employments) for each in tenant.worker_source.workers()
    }


def test_a_person_without_an_employment_here_is_nobody() -> None:
    """A hire that is not finished, or one withdrawn while the lists were read."""
    tenant = Tenant([row("E1")], [{"employeeId": "E1"}, {"employeeId": "E2", "companyId": "id HTC01"}])

    assert "E1" == tenant.one().key


@pytest.mark.parametrize("path", [client.EMPLOYMENTS, client.PERSONS])
def test_a_list_that_is_not_there_is_no_empty_one(path: str) -> None:
    world = PeopleWorld()
    inner = world.recording.after
    world.recording.after = lambda request, response: (
        httpx2.Response(404) if request.url.path == path else inner(request, response)
    )
    with pytest.raises(ConnectorError):
        next(world.worker_source.workers())


@pytest.mark.parametrize(
    ("service", "read_it"),
    [
        ("Personnel Integration", lambda world: list(world.worker_source.workers())),
        ("Employee Person Details", lambda world: list(world.worker_source.workers())),
        ("Employee Job History Details", lambda world: list(world.worker_source.workers())),
        ("EmployeeExport", lambda world: world.worker_source.changed(first_cursor(world))),
    ],
)
def test_a_right_that_is_missing_is_named(service: str, read_it: Callable[[PeopleWorld], Any]) -> None:
    world = PeopleWorld()
    world.control("permissions", revoke=[service], grant=[])
    with pytest.raises(RightMissing, match=service):
        read_it(world)


def test_a_refusal_does_not_repeat_what_ukg_says() -> None:
    world = PeopleWorld()
    world.put_canaries()
    world.refuse_reads()
    with pytest.raises(Refused, match="its words may name people"):
        list(world.worker_source.workers())


def test_a_refusal_of_the_pay_register_is_not_kept_either() -> None:
    """Its rows name people, with their pay."""
    world = PeopleWorld()
    world.marked = {"ssn": "900-12-3456"}
    inner = world.recording.after

    def refused(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        world.refuses = request.url.path == client.PAY_REGISTER
        return inner(request, response)

    world.recording.after = refused
    with pytest.raises(Refused, match="its words may name people") as raised:
        world.source.pay_run(world.newest())

    assert "900-12-3456" not in f"{raised.value} {raised.value.support} {world.said()}"


# --- changes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        # summer and winter time change on 1 November at 06:00 and on 8 March at 07:00, UTC
        (datetime(2026, 11, 1, 4, 30, tzinfo=UTC), "2026-10-31T17:00:00", "2026-11-01T00:30:00"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "2026-10-31T17:00:00", "2026-11-01T01:30:00"),
        (datetime(2026, 11, 1, 13, 0, tzinfo=UTC), "2026-11-01T01:00:00", "2026-11-01T08:00:00"),
        (datetime(2026, 3, 8, 8, 0, tzinfo=UTC), "2026-03-07T19:00:00", "2026-03-08T04:00:00"),
    ],
)
def test_a_window_is_told_in_the_zone_of_ukg(now: datetime, start: str, end: str) -> None:
    """From the window before the last read's: over a clock change too it reaches back two hours at the
    least.
    """
    tenant = Tenant([])
    tenant.clock.set(now)
    tenant.worker_source.changed((now - 4 * DAY / 24).isoformat())
    (asked,) = (each for each in tenant.recording.requests if each.url.path == CHANGES)

    params = asked.url.params
    assert (start, end, "10") == (params["startDate"], params["endDate"], params["per_page"])
    assert "per_Page" not in params


def test_another_path_of_changes_is_asked_where_the_tenant_has_one() -> None:
    path = "/personnel/v1/employees/changed"
    world = PeopleWorld(switches={"employees_changed": True}, changes_path=path)
    cursor = first_cursor(world)
    key, _ = world.somebody()
    world.rename(key, "Elsewhere", "")
    world.pass_time(4)

    assert key in world.worker_source.changed(cursor).keys
    assert [path] == [request.url.path for request in world.recording.requests]


def test_changes_that_are_not_there_mean_everybody() -> None:
    """UKG answers 404 where nothing matched as well, so it is no error; and no quiet time."""
    world = PeopleWorld(changes_path="/personnel/v1/nowhere")
    cursor = first_cursor(world)
    world.pass_time(4)
    found = world.worker_source.changed(cursor)

    assert ((), True) == (found.keys, found.whole)


def test_an_end_that_ukg_shows_ahead_is_kept() -> None:
    world = PeopleWorld(switches={"future_termination": "ahead"})
    key, company = world.somebody()
    day = world.today() + 20 * DAY
    world.end(key, company, day)

    (found,) = world.worker_source.read([key])[key].employments
    assert (day, ACTIVE, True) == (found.end, found.state, found.on(world.today()))


def test_a_person_moved_there_and_back_on_one_day() -> None:
    world = PeopleWorld(switches={"transfer_back": True})
    key, company = world.somebody()
    other = world.company_beside(company)
    world.move(key, other, world.today())
    world.move(key, company, world.today())

    found = world.worker_source.read([key])[key]
    assert [(world.today() - DAY, True), (None, False)] == [
        (each.end, each.moved) for each in found.in_company(company)
    ]
    assert [True] == [each.moved for each in found.in_company(other)]


def test_a_flat_file_has_no_workers() -> None:
    assert Worker not in PeopleWorld().open(source="flat_file", file_path="/nowhere").sources
