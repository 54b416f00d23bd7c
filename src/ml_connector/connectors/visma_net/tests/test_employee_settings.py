"""What the connection gives a new employee, and what a test of it looks at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ml_connector.connectors.visma_net import CONNECTOR
from ml_connector.connectors.visma_net.tests.kept_world import DEFAULTS, EmployeeWorld
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import Refused
from ml_connector.ports.registers import NotTaken


@pytest.fixture
def make_kept(make_world: Callable[..., Any]) -> Callable[..., EmployeeWorld]:
    """A company whose employees are kept as a setting says."""
    return lambda **settings: EmployeeWorld(make_world(**{"employee_defaults": DEFAULTS, **settings}))


@pytest.fixture
def world(make_kept: Callable[..., EmployeeWorld]) -> EmployeeWorld:
    return make_kept()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("class=EMPSTAND", "branch, calendar, department, email is missing"),
        (f"{DEFAULTS}, salary=1", "salary is none of class, branch"),
        (DEFAULTS.replace("{code}@lonn.example", "nobody"), "'nobody' is no e-mail address"),
        (DEFAULTS.replace("{code}", "{name}"), "Only {code} is replaced in it"),
        ("class", "'class' is not a name and its value"),
    ],
)
def test_defaults_that_cannot_be_used(world: EmployeeWorld, given: str, why: str) -> None:
    settings = {**world.visma.settings, "employee_defaults": given}
    problems = CONNECTOR.check_settings(settings, sandbox=True)

    assert why in " ".join(problem.text for problem in problems)


def test_a_segment_for_workers_and_employees_exclude_each_other(world: EmployeeWorld) -> None:
    segments = {"segments": "cost_center=1, employee=2", "segment_defaults": "cost_center=OSLADM"}
    (problem,) = CONNECTOR.check_settings({**world.visma.settings, **segments}, sandbox=True)

    assert "A segment has the axis employee already" in problem.text


def test_employees_are_kept_only_where_a_setting_says_how(make_kept: Callable[..., EmployeeWorld]) -> None:
    world = make_kept(employee_defaults="")

    assert "employee" not in world.register.limits.axes
    with pytest.raises(
        Refused, match="Its setting employee_defaults gives what Visma wants of a new employee: class"
    ):
        list(world.register.rows(world.within()[:1]))
    (problem,) = world.register.check(world.value("0042"))
    assert "employee_defaults" in problem.text
    assert world.visma.system.topics[DimensionValue] == ("Dimension *", "Segment *")


def test_ping_looks_at_what_employees_need_where_they_are_kept(
    make_kept: Callable[..., EmployeeWorld],
) -> None:
    """Posting needs none of it."""
    world = make_kept(employee_defaults=DEFAULTS.replace("OSLADM", "NOWHERE").replace("branch=1", "branch=9"))

    (lacking,) = [right for right in world.visma.system.check() if not right.granted]
    assert ("employee defaults", True) == (lacking.name, lacking.optional)
    assert "Visma has no active branch 9 and no department NOWHERE" in lacking.text
    assert "read employees" in {right.name for right in world.visma.system.check()}
    without = make_kept(employee_defaults="")
    assert not [right for right in without.visma.system.check() if "employee" in right.name]
    assert not [right for right in make_kept().visma.system.check() if not right.granted]
    assert "Employee *" in world.visma.system.topics[DimensionValue]


def test_defaults_that_visma_does_not_have_are_refused_by_name(
    make_kept: Callable[..., EmployeeWorld],
) -> None:
    world = make_kept(employee_defaults=DEFAULTS.replace("OSLADM", "NOWHERE"))

    (answer,) = world.wish(world.value("0042"))
    assert isinstance(answer, NotTaken)
    assert "Department ••• cannot be found in the system" in answer.problem.text
    assert "correct employee_defaults of the connection" in answer.problem.text
    assert json.loads(world.sent()[0].content)["department"] == {"value": "NOWHERE"}
