"""The delta endpoint: how often it may be called, what a sweep is, and its other address."""

from __future__ import annotations

from tests.sandbox.ukg_pro_world import UkgWorld

PATH = "/personnel/v1/employee-changes"
OTHER = "/personnel/v1/employees/changed"
HOUR = 3_600


def test_eight_sweeps_fit_in_a_day():
    """One each half hour is tried; those three hours apart are answered."""
    world = UkgWorld(profile="vendor", workers=3)
    answers = []
    for _ in range(48):
        answers.append(world.get(PATH).status_code)
        world.clock.advance(HOUR / 2)

    assert 8 == answers.count(200)
    assert 40 == answers.count(429)


def test_the_pages_of_a_sweep_are_free_and_another_span_is_another_sweep():
    """Whatever page is asked for first; one person is read beside it at any time."""
    world = UkgWorld(profile="vendor")
    span = "startDate=2026-07-01T00:00:00&endDate=2026-07-02T00:00:00"

    assert [200, 200, 200] == [world.get(f"{PATH}?page={page}").status_code for page in (1, 2, 3)]
    assert [429, 429] == [world.get(f"{PATH}?page={page}&{span}").status_code for page in (1, 2)]
    person = world.rows("/personnel/v1/employment-details")[0]["employeeID"]
    assert [200, 200] == [world.get(f"{PATH}/{person}").status_code for _ in range(2)]
    world.clock.advance(3 * HOUR)
    assert [200, 200, 429] == [
        world.get(f"{PATH}?{tail}").status_code for tail in (span, f"{span}&page=2", "page=2")
    ]


def test_a_sweep_without_dates_goes_on_in_the_next_window():
    """The span moves with the clock; it is the same sweep."""
    world = UkgWorld(profile="vendor", changes_without_dates="last_3_hours")
    world.clock.advance(3 * HOUR - 60)
    assert 200 == world.get(PATH).status_code
    world.clock.advance(120)
    assert [200, 429] == [world.get(f"{PATH}?page={page}").status_code for page in (2, 1)]


def test_a_refused_sweep_does_not_count():
    """A span that cannot be read is a 400, and the next sweep is answered."""
    world = UkgWorld(profile="vendor", workers=3)

    assert [400, 200] == [world.get(f"{PATH}?{tail}").status_code for tail in ("startDate=soon", "")]


def test_the_other_address_is_there_by_switch_alone():
    """Beside the first one, with the same rows, and counted with it."""
    world = UkgWorld(profile="vendor", workers=3)
    person = world.rows("/personnel/v1/employment-details")[0]["employeeID"]
    assert [404, 404] == [world.get(path).status_code for path in (OTHER, f"{OTHER}/{person}")]

    world.vendor.switches.set({"employees_changed": True})
    rows = world.rows(OTHER)
    assert 429 == world.get(PATH).status_code
    world.clock.advance(3 * HOUR)
    assert rows == world.rows(PATH)
    assert 200 == world.get(f"{OTHER}/{person}").status_code


def test_both_switches_can_name_the_same_address():
    world = UkgWorld(workers=3, employees_changed=True, changes_path=OTHER)

    assert 3 == len(world.rows(OTHER))
    assert 404 == world.get(PATH).status_code


def test_the_list_can_go_by_creation():
    """Somebody who was made long ago and changed today is in the one list, and not in the other; one person
    alone is named likewise.
    """
    world = UkgWorld(workers=3)
    world.clock.advance(24 * HOUR)
    world.vendor.control("change_employee", {"employee": "W00001", "last_name": "Moss"})
    span = "startDate=2026-07-11T00:00:00&endDate=2026-07-12T00:00:00"
    named = [row["employeeId"] for row in world.rows(f"{PATH}?{span}")]
    alone = world.rows(f"{PATH}/{named[0]}")

    world.vendor.switches.set({"changes_name": "created"})

    assert (1, 1) == (len(named), len(alone))
    assert [] == world.rows(f"{PATH}?{span}") == world.rows(f"{PATH}/{named[0]}")
