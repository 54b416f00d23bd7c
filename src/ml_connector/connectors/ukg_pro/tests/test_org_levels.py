"""Org levels as a register, on the simulated tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.ukg_pro import client
from ml_connector.connectors.ukg_pro.tests.world import UkgWorld
from ml_connector.contract import world as faults
from ml_connector.contract.registers import RegisterContract, RegisterWorld, put
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import ConnectorError, OutcomeUnknown, Refused, RightMissing
from ml_connector.ports.registers import NotTaken, Register, Stale, Written

WRITES = ("POST", "PATCH", "PUT")


def value(code: str, title: str = "", **more: Any) -> DimensionValue:
    return DimensionValue(entity="", axis="org_level_1", code=code, title=title or f"Name of {code}", **more)


class OrgLevels(UkgWorld):
    """A tenant whose org levels may be written."""

    def __init__(self, switches: dict[str, Any] | None = None, **settings: str) -> None:
        super().__init__(switches=switches, **{"org_levels": "write", **settings})

    @property
    def register(self) -> Register[DimensionValue]:
        return self.system.register(DimensionValue)

    def record(self, number: int, *, again: bool = False) -> DimensionValue:
        return value(f"N{number:03}", "Another name" if again else "")

    def within(self) -> tuple[str, str]:
        return "/org_level_1/", "/org_level_2/"

    def unfit(self) -> DimensionValue:
        return value("A\tB")

    def edit(self, record: DimensionValue) -> None:
        said = {"level": 1, "code": record.code, "name": record.title}
        there = record.key in {row.key for row in self.register.rows()}
        self.control("change_org_level" if there else "add_org_level", **said)

    def fail_next(self, fault: str) -> None:
        kinds = {
            faults.LOST_BEFORE: "lost_before_commit",
            faults.LOST_AFTER: "lost_after_commit",
            faults.UNREACHABLE: "refused",
        }
        self.post("faults", {"kind": kinds[fault], "match": {"method": "POST"}, "times": 1})

    def writes(self) -> int:
        return len(self.sent())

    def sent(self) -> list[httpx2.Request]:
        return [request for request in self.recording.requests if request.method in WRITES]

    def finish(self) -> None:
        """Nothing takes its time."""

    def listed(self) -> dict[str, tuple[str, bool, str | None]]:
        """What UKG lists at the first level."""
        answer = self.register.ukg.get(client.ORG_LEVELS)  # type: ignore[attr-defined]
        rows = answer.decode_list(dict[str, Any])
        return {
            row["code"]: (row["description"], row["isActive"], row["glSegment"])
            for row in rows
            if row["level"] == 1
        }


@pytest.fixture
def levels() -> OrgLevels:
    return OrgLevels()


class TestOrgLevels(RegisterContract):
    """The suite."""

    @pytest.fixture
    def world(self, levels: OrgLevels) -> RegisterWorld:
        return levels

    @pytest.fixture
    def register(self, levels: OrgLevels) -> Register[Any]:
        return levels.register


def test_a_code_is_made_renamed_closed_and_opened_again(levels: OrgLevels) -> None:
    """In one call each; what is not ours in the row stays as it is."""
    assert (Written(),) == put(levels.register, value("NEW"))
    assert ("Name of NEW", True, None) == levels.listed()["NEW"]
    levels.control("change_org_level", level=1, code="NEW", gl_segment="4711")
    for wished in (value("NEW", "Other"), value("NEW", "Other", open=False), value("NEW", "Other")):
        before = levels.writes()
        assert (Written(),) == put(levels.register, wished)
        assert (before + 1, ("Other", wished.open, "4711")) == (levels.writes(), levels.listed()["NEW"])


@pytest.mark.parametrize(
    ("wished", "kept"),
    [
        (value("A1", "  Two   words "), "Two words"),
        (value("A1", "x" * 24 + " yz"), "x" * 24),
        (DimensionValue(entity="", axis="org_level_1", code=" A1 "), "A1"),
    ],
)
def test_a_title_is_kept_as_ukg_keeps_it(levels: OrgLevels, wished: DimensionValue, kept: str) -> None:
    """Cut to what it holds, and the code where there is none."""
    normal = levels.register.normal(wished)
    put(levels.register, normal)

    assert kept == normal.title == levels.listed()["A1"][0]
    assert normal == levels.register.read([normal.key])[normal.key].record


def test_signs_that_an_address_has_to_hide(levels: OrgLevels) -> None:
    codes = ["a/b", "a b", "a%2F", "é#?&"]
    put(levels.register, *(value(code) for code in codes))

    assert (Written(),) * 4 == put(levels.register, *(value(code, "Other") for code in codes))
    assert {"Other"} == {levels.listed()[code][0] for code in codes}


def test_nothing_is_written_unless_the_connection_says_so() -> None:
    """A plan can be made; its apply says what to do."""
    world = OrgLevels(org_levels="read")
    assert () == world.register.check(value("NEW"))
    with pytest.raises(Refused, match="org_levels of the connection") as raised:
        put(world.register, value("NEW"))

    assert "org_levels.read_only" == raised.value.problem.code
    assert [] == world.sent()


@pytest.mark.parametrize(("right", "method"), [("Add", "POST"), ("Edit", "PATCH")])
def test_a_right_that_is_missing_is_named(levels: OrgLevels, right: str, method: str) -> None:
    put(levels.register, value("OLD"))
    levels.control("permissions", revoke=[f"Company Configuration Integration:{right}"], grant=[])
    with pytest.raises(RightMissing, match=f"Tick {right} for 'Company Configuration Integration'"):
        put(levels.register, value("NEW") if method == "POST" else value("OLD", "Other"))


def test_a_row_that_ukg_refuses_stops_no_other(levels: OrgLevels) -> None:
    """In its words."""
    answers = put(levels.register, value("FAR_TOO_LONG_FOR_IT"), value("NEW"))

    assert isinstance(answers[0], NotTaken)
    assert "FAR_TOO_LONG_FOR_IT" in answers[0].problem.text
    assert "code" in answers[0].problem.text
    assert Written() == answers[1]


def test_a_code_that_somebody_deleted_is_read_again(levels: OrgLevels) -> None:
    put(levels.register, value("OLD"))
    inner = levels.recording.after

    def gone(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        found = httpx2.Response(404) if request.method == "PATCH" else inner(request, response)
        return found

    levels.recording.after = gone
    assert (Stale(),) == put(levels.register, value("OLD", "Other"))


@pytest.mark.parametrize(
    "switches",
    [
        {"org_level_answer": "array"},
        {"org_level_status": "200"},
        {"org_level_status": "word"},
        {"org_level_row": "none"},
        {"org_level_post": "array"},
        {"org_level_key_in_body": True},
        {"org_level_put": "all"},
        {"org_level_active_left_out": False},
    ],
)
def test_every_form_of_the_answer_is_understood(switches: dict[str, Any]) -> None:
    world = OrgLevels(switches)

    assert (Written(),) == put(world.register, value("NEW"))
    assert (Written(),) == put(world.register, value("NEW", "Other", open=False))
    assert isinstance(put(world.register, value("FAR_TOO_LONG_FOR_IT"))[0], NotTaken)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"<html>", b'{"multistatus":[{"status":"302"}]}', b'{"multistatus":[{},{}]}']
)
def test_an_answer_that_says_neither_is_an_unknown_outcome(levels: OrgLevels, body: bytes) -> None:
    inner = levels.recording.after
    levels.recording.after = lambda request, response: (
        httpx2.Response(207, content=body, headers={"content-type": "application/json"})
        if request.method == "POST"
        else inner(request, response)
    )
    with pytest.raises(OutcomeUnknown):
        put(levels.register, value("NEW"))


@pytest.mark.parametrize(
    "act", [lambda one: list(one.rows(("/moon/",))), lambda one: put(one, _on_the_moon())]
)
def test_another_axis_is_refused(
    levels: OrgLevels, act: Callable[[Register[DimensionValue]], object]
) -> None:
    with pytest.raises(ConnectorError, match="no org level moon"):
        act(levels.register)
    assert [] == levels.sent()
    assert ["dimension.inexpressible"] == [one.code for one in levels.register.check(_on_the_moon())]


def _on_the_moon() -> DimensionValue:
    return DimensionValue(entity="", axis="moon", code="A", title="A")


def test_a_pass_costs_one_call(levels: OrgLevels) -> None:
    before = len(levels.recording.requests)
    list(levels.register.rows(("/org_level_1/", "/org_level_3/")))
    levels.register.read([value("A").key, value("B").key])

    assert before + 2 == len(levels.recording.requests)
