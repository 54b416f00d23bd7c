"""Segment values as a register, on the simulator."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.visma_net.tests.segment_world import SEGMENT, SegmentWorld
from ml_connector.contract.registers import RegisterContract
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import OutcomeUnknown, Refused, VendorChanged
from ml_connector.ports.registers import NotTaken, Register, Stale, Written


@pytest.fixture
def world(make_world: Callable[..., Any]) -> SegmentWorld:
    return SegmentWorld(make_world())


@pytest.fixture
def register(world: SegmentWorld) -> Register[DimensionValue]:
    return world.register


class TestDimensions(RegisterContract):
    """Values of a segment at Visma."""


def create(value: DimensionValue) -> Change:
    return Change(key=value.key, act=Act.CREATE, after=value)


# --- codes and titles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("SEVENCH", r"has 7 characters, and Segment 1 \(Avdeling\) has 6"),
        (" ", "The code is empty"),
        ("A 1", "holds a blank, which reports read as any character"),
        ("A\u00a01", "holds a blank"),
        ("osladm", "has OSLADM, and osladm differs only in leading zeros or case"),
    ],
)
def test_what_a_segment_cannot_hold(world: SegmentWorld, code: str, why: str) -> None:
    (problem,) = world.register.check(world.value(code))

    assert problem.where == world.value(code).key
    assert re.search(why, problem.text)


def test_what_a_segment_holds(world: SegmentWorld) -> None:
    """A sign in place of the blank, a shorter code, and one that is there already."""
    assert [world.register.check(world.value(code)) for code in ("A_1", "40", "040", "OSLADM")] == [()] * 4


def test_a_longer_segment_makes_no_twins(world: SegmentWorld) -> None:
    """`000042` is `0042` filled up to the segment's length: neither is made for the other. The structure is
    read with every plan.
    """
    world.wish(world.value("0042"))
    list(world.register.rows())

    (problem,) = world.register.check(world.value("000042"))
    assert "has 0042, and 000042 differs only in leading zeros" in problem.text
    assert not world.register.check(world.value("042"))

    shorter = world.visma.screen("GET", f"{SEGMENT}1") | {"length": 3}
    world.answer(
        lambda request: httpx2.Response(200, json=shorter) if request.url.path == f"{SEGMENT}1" else None
    )
    list(world.register.rows())
    (problem,) = world.register.check(world.value("0042"))
    assert "has 4 characters" in problem.text


def test_a_segment_that_numbers_itself(world: SegmentWorld) -> None:
    own = world.visma.screen("GET", f"{SEGMENT}1") | {"isAutoNumber": True}
    world.answer(
        lambda request: httpx2.Response(200, json=own) if request.url.path == f"{SEGMENT}1" else None
    )

    (problem,) = world.register.check(world.value("A1"))
    assert "is numbered by Visma, so A1 cannot be given" in problem.text


def test_codes_go_out_as_they_are(world: SegmentWorld) -> None:
    """Nothing is filled up or cut, and no name of the segment is sent."""
    codes = ["0040", "040", "40", "1.10", "3E5", "1-2"]
    world.wish(*(world.value(code) for code in codes))

    body = json.loads(world.on_wire()[-1].content)
    assert [row["value"] for row in body["segmentValues"]] == codes
    assert set(body) == {"dimensionId", "segementId", "segmentValues"}
    keys = [world.value(code).key for code in codes]
    assert [world.register.read(keys)[key].record.code for key in keys] == codes


def test_a_long_title_is_cut_once_and_for_all(world: SegmentWorld) -> None:
    wished = world.value("LONG", "Müller  GmbH " + "x" * 80)
    world.wish(wished)

    assert world.kept("LONG") == world.register.normal(wished)
    assert len(world.kept("LONG").title) == 60


def test_closing_and_opening_again(world: SegmentWorld) -> None:
    """A value has no last day; nothing is deleted."""
    world.wish(world.value("K300"))
    world.wish(world.value("K300", open=False, until=date(2026, 7, 1)))
    assert (world.kept("K300").open, world.kept("K300").until) == (False, None)

    world.wish(world.value("K300"))
    assert world.kept("K300").open
    sent = [json.loads(request.content)["segmentValues"][0]["operation"] for request in world.on_wire()]
    assert sent == ["Insert", "Update", "Update"]


# --- writing ------------------------------------------------------------------------------------------------


def test_bad_rows_do_not_stop_the_others(world: SegmentWorld) -> None:
    """Two of 120 are too long: the others are written, in few requests, each with the version of a read."""
    values = [world.value(f"B{number:03}") for number in range(120)]
    values[17] = world.value("B017LONG")
    values[90] = world.value("B090LONG")
    answers = world.register.put([create(value) for value in values], {})

    refused = [number for number, answer in enumerate(answers) if answer != Written()]
    assert refused == [17, 90]
    assert all(isinstance(answers[number], NotTaken) for number in refused)
    assert "its length is 6" in answers[17].problem.text
    assert world.kept("B119").title == "Tittel"
    assert world.writes() <= 1 + 2 * 2 * 7
    assert all(request.headers["if-match"] for request in world.on_wire())


def test_a_row_that_somebody_made_meanwhile_is_read_again(world: SegmentWorld) -> None:
    """It is not made a second time, and not overwritten."""
    value, other = world.value("M1"), world.value("M2")
    world.edit(world.value("M1", "Theirs"))

    assert world.register.put([create(value), create(other)], {}) == (Stale(), Written())
    assert world.kept("M1").title == "Theirs"


def test_an_edit_between_halves_is_not_overwritten(world: SegmentWorld) -> None:
    """Behind our own write the segment is read again: what somebody changed meanwhile is left to the plan,
    and the next write has the version of that read.
    """
    world.wish(*(world.value(f"E{number}") for number in range(4)))
    keys = [world.value(f"E{number}").key for number in range(4)]
    fresh = world.register.read(keys)
    changes = [
        Change(
            key=key, act=Act.CHANGE, before=fresh[key].record, after=replace(fresh[key].record, title="Ours")
        )
        for key in keys
    ]
    bad = create(world.value("SEVENCH"))
    edited = []

    def edit(request: httpx2.Request) -> None:
        if request.method == "GET" and not edited and request.url.path == f"{SEGMENT}1":
            edited.append(request)
            world.edit(world.value("E3", "Theirs"))

    world.visma.wire.before = edit
    versions = {key: row.version for key, row in fresh.items()}
    answers = world.register.put([changes[0], changes[1], bad, changes[2], changes[3]], versions)

    assert [type(answer) for answer in answers] == [Written, Written, NotTaken, Written, Stale]
    assert world.kept("E3").title == "Theirs"


def test_a_segment_that_is_always_changed_is_left(world: SegmentWorld) -> None:
    """Stale whenever it is tried; nothing is written."""
    value = world.value("S1")
    world.visma.wire.before = lambda request: (
        world.visma.control("touch", kind="segment", segment=1) if request.method == "PUT" else None
    )

    assert [world.wish(value) for _ in range(2)] == [(Stale(),)] * 2
    world.visma.wire.before = lambda request: None
    assert world.wish(value) == (Written(),)


def test_every_write_has_the_version_of_a_fresh_read(world: SegmentWorld) -> None:
    """The version that a write answers with is not taken for that of the segment."""
    world.visma.wire.after = lambda request, response: (
        httpx2.Response(204, headers={"ETag": '"AAAAAAAAAAA="'}) if request.method == "PUT" else response
    )

    assert world.wish(world.value("V1")) == world.wish(world.value("V1", "Ny")) == (Written(),)
    tags = [request.headers["if-match"] for request in world.on_wire()]
    assert '"AAAAAAAAAAA="' not in tags
    assert len(set(tags)) == 2


def test_what_was_read_last_needs_no_other_read(world: SegmentWorld) -> None:
    """Nor do new rows behind a write, which answers the new version; a row that is there is read again, in
    case that version is not that of the segment.
    """
    first, second = world.value("V1"), world.value("V2")
    assert world.register.last_read([first.key]) is None
    list(world.register.rows())
    assert {} == world.register.last_read([first.key])

    assert ["PUT"] == world.calls(lambda: world.put_new(first))
    assert ({}, None) == tuple(world.register.last_read([value.key]) for value in (second, first))
    assert ["PUT"] == world.calls(lambda: world.put_new(second))
    assert {first.key, second.key} == set(world.register.read([first.key, second.key]))


def test_an_edit_behind_the_last_read_is_not_overwritten(world: SegmentWorld) -> None:
    """It may be of another row of the segment: nothing is written, and the rows are read."""
    world.wish(world.value("V1"))
    list(world.register.rows())
    world.edit(world.value("V1", "Annet"))
    fresh = world.register.last_read([world.value("V1").key])
    assert fresh is not None
    change = Change(
        key=world.value("V1").key, act=Act.CHANGE, before=world.value("V1"), after=world.value("V1", "Ny")
    )

    assert (Stale(),) == world.put_new(world.value("V2"))
    assert world.register.last_read([world.value("V2").key]) is None
    assert (Stale(),) == world.register.put([change], {key: row.version for key, row in fresh.items()})
    assert "Annet" == world.register.read([world.value("V1").key])[world.value("V1").key].record.title


def test_a_wrong_version_in_an_answer_costs_a_read(world: SegmentWorld) -> None:
    """What was to be made on it is stale."""
    world.visma.wire.after = lambda request, response: (
        httpx2.Response(204, headers={"ETag": '"AAAAAAAAAAA="'}) if response.status_code == 204 else response
    )
    list(world.register.rows())

    assert [(Written(),), (Stale(),)] == [world.put_new(world.value(code)) for code in ("V1", "V2")]
    assert (Written(),) == world.wish(world.value("V2"))


def test_segments_are_written_apart(world: SegmentWorld) -> None:
    """One request for each; the refusal of one is no matter of the other."""
    answers = world.wish(world.value("A1"), world.value("TOOLONG", axis="plant"), world.value("A2"))

    assert [type(answer) for answer in answers] == [Written, NotTaken, Written]
    assert [request.url.path for request in world.on_wire()] == [f"{SEGMENT}1", f"{SEGMENT}2"]


def test_a_limit_behind_the_first_request_leaves_the_others_unwritten(world: SegmentWorld) -> None:
    """What is known of each stays true."""
    limit = httpx2.Response(429, headers=world.visma.throttled())
    world.answer(
        lambda request: limit if request.method == "PUT" and request.url.path.endswith("/2") else None
    )

    assert world.wish(world.value("A1"), world.value("P1", axis="plant")) == (Written(), Stale())


def test_a_lost_answer_is_sent_no_second_time(world: SegmentWorld) -> None:
    """Not in halves either."""
    world.visma.fail_next("lost after commit")

    with pytest.raises(OutcomeUnknown):
        world.wish(*(world.value(f"L{number}") for number in range(4)))
    assert world.writes() == 1


# --- reading ------------------------------------------------------------------------------------------------


def test_calls(world: SegmentWorld) -> None:
    """One for each segment; the company and the number of a segment by name are asked for once."""
    values = [world.value(f"C{number:03}") for number in range(100)]
    here, other = world.within()

    assert ["GET"] * 2 == world.calls(lambda: list(world.register.rows((here,))))
    assert ["GET"] * 2 == world.calls(lambda: list(world.register.rows((other,))))
    assert ["GET"] * 3 == world.calls(lambda: list(world.register.rows())), "departments too"
    assert ["GET", "PUT"] == world.calls(lambda: world.wish(*values))
    assert ["GET"] == world.calls(lambda: world.register.read([value.key for value in values]))
    assert [] == world.calls(lambda: world.register.check(values[0]))


def test_other_companies_and_axes_are_refused(world: SegmentWorld) -> None:
    """Nobody is asked."""

    def ask() -> None:
        with pytest.raises(Refused, match="VERFT is not one of this connection's"):
            list(world.register.rows(("VERFT/cost_center/",)))
        with pytest.raises(Refused, match="axis project are not kept in Visma"):
            world.register.read([f"{world.visma.company}/project/A"])

    assert world.calls(ask) == []


def test_companies_are_kept_apart(make_world: Callable[..., Any]) -> None:
    """What is read of one says nothing of the other, and is asked of it alone."""
    world = SegmentWorld(make_world(scenario="two_companies"))
    value = world.value("ONLY")
    assert world.wish(value) == (Written(),)

    assert value.key in {row.key for row in world.register.rows(("FJORD/",))}
    assert "VERFT/cost_center/ONLY" not in {row.key for row in world.register.rows(("VERFT/cost_center/",))}


def test_a_token_of_another_company_changes_nothing(make_world: Callable[..., Any]) -> None:
    visma = make_world(company="VERFT")
    visma.company = "VERFT"
    world = SegmentWorld(visma)

    change = create(world.value("A1"))

    for seen in ({}, {change.key: "AAAAAE0YAAw="}):
        with pytest.raises(Refused, match="leads to FJORD, not to VERFT"):
            world.register.put([change], seen)
    assert world.writes() == 0


def test_a_segment_without_a_version_is_not_read(world: SegmentWorld) -> None:
    bare = world.visma.screen("GET", f"{SEGMENT}1") | {"timeStamp": ""}
    world.answer(
        lambda request: httpx2.Response(200, json=bare) if request.url.path == f"{SEGMENT}1" else None
    )

    with pytest.raises(VendorChanged, match="has no version"):
        list(world.register.rows())


def test_records_that_take_a_call_each_are_written_apart_and_few_at_a_time(world: SegmentWorld) -> None:
    """Values of a segment go out together; nothing is remembered of a department for a write."""
    values = [create(world.value(f"C{number:03}")) for number in range(300)]
    records = [create(world.value(f"D{number:03}", axis="department")) for number in range(300)]
    list(world.register.rows())

    assert [300, 200, 1] == [
        world.register.at_once(some) for some in (values + records, records + values, records[:1] + values)
    ]
    assert world.register.last_read([values[0].key]) == {}
    assert world.register.last_read([values[0].key, records[0].key]) is None
