"""Dimension values that are not written, or not at once: behind records, edited, refused, hidden, doubled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.dynamics_fo.tests.values_world import (
    ValuesWorld,
    answering,
    change,
    changed,
    value,
)
from ml_connector.contract.registers import put
from ml_connector.domain.changes import Act, Change
from ml_connector.errors import OutcomeUnknown, Throttled
from ml_connector.ports.registers import HandedOver, NotTaken, Stale, Written

# --- values behind records ----------------------------------------------------------------------------------


def test_a_value_behind_a_record_is_written_at_its_source_only(values: ValuesWorld) -> None:
    """C5: no write, for a new one, a rename or a closing; the others of the plan are written."""
    found = values.now("AKRASM", "cost_center")
    changes = [
        Change(key="/cost_center/NEW", act=Act.CREATE, after=value("NEW", axis="cost_center")),
        changed(found, title="Another"),
        Change(key="/project/W1", act=Act.CREATE, after=value("W1")),
    ]
    answers = values.register.put(changes, {found.key: "x"})

    assert [NotTaken, NotTaken, Written] == [type(answer) for answer in answers]
    assert "come from CostCenters" in answers[0].problem.text
    assert 1 == values.writes()
    assert [] == values.rows("NEW", "CostCenter")


def test_a_value_that_was_never_used_is_there(make_values: Callable[..., ValuesWorld]) -> None:
    """C6: what the list of values does not show is read at its source."""
    world = make_values(switches={"unused_backed_values": "hide"})
    list(world.register.rows(("/project/",)))

    assert [] == world.rows("AKRASM", "CostCenter")
    assert world.now("AKRASM", "cost_center").open
    assert "/cost_center/AKRASM" in {row.key for row in world.register.rows(("/cost_center/",))}


def test_what_a_value_behind_a_record_says_itself_counts(values: ValuesWorld) -> None:
    values.inner.control("suspend_dimension_value", dimension="CostCenter", code="AKRASM")

    assert not values.now("AKRASM", "cost_center").open


# --- edits, refusals, lost answers --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [412, 400])
def test_a_stale_version_is_said_each_time(make_values: Callable[..., ValuesWorld], status: int) -> None:
    """C16, C17: read again, the version is the one of the fresh read."""
    world = make_values(switches={"stale_etag": status})
    put(world.register, value("W1"))
    for number in range(2):
        fresh = world.register.read(["/project/W1"])
        (row,) = fresh.values()
        world.edit(value("W1", f"Edit {number}"))
        assert (Stale(),) == world.register.put([changed(row.record, title="Ours")], {row.key: row.version})

    assert isinstance(change(world, "W1", title="Ours"), HandedOver)
    assert "Ours" == world.now("W1").title


def test_one_bad_row_of_many_is_aside(values: ValuesWorld) -> None:
    """C19: one that breaks the mask, one that is hidden; the rest is written, in the order asked."""
    put(values.register, value("W900"))
    values.inner.control("conceal_dimension_value", dimension="Project", code="W900")
    values.inner.control("set_dimension_mask", dimension="Project", mask="&###")
    codes = [*(f"W{number}" for number in range(100, 120)), "W-1", "W900"]
    answers = put(values.register, *(value(code) for code in codes))

    assert [Written()] * 20 == list(answers[:20])
    assert all(isinstance(answer, NotTaken) for answer in answers[20:])
    assert "refused" in answers[20].problem.text
    assert "/project/W-1" == answers[20].problem.where
    assert "roles hide it" in answers[21].problem.text
    assert 20 == len(values.register.read([f"/project/W{number}" for number in range(100, 120)]))


def test_what_a_batch_leaves_behind_a_failed_row_is_written_in_another(
    make_values: Callable[..., ValuesWorld],
) -> None:
    """The rows behind it were not answered, so they were not done."""
    world = make_values(switches={"batch_continues": False})
    world.inner.control("set_dimension_mask", dimension="Project", mask="&###")
    answers = put(world.register, *(value(code) for code in ("W001", "W-1", "W002", "W-2", "W003")))

    kinds = [type(answer) for answer in answers]
    assert [Written, NotTaken, Written, NotTaken, Written] == kinds
    assert 3 == world.writes()


def test_a_row_that_is_gone_is_read_again(values: ValuesWorld) -> None:
    put(values.register, value("W1"))
    (row,) = values.register.read(["/project/W1"]).values()
    values.inner.control("remove_dimension_value", dimension="Project", code="W1", force=True)

    assert (Stale(),) == values.register.put([changed(row.record, title="Ours")], {row.key: row.version})


def test_a_busy_vendor_is_waited_for(values: ValuesWorld) -> None:
    """Rows that were not done wait; those that were are found by the next read."""
    list(values.register.rows(("/project/",)))
    values.register.read(["/project/W1"])
    values.inner.control("pressure", operations=1, skip=1, where="part", retry_after=5)
    changes = [
        Change(key=f"/project/W{number}", act=Act.CREATE, after=value(f"W{number}")) for number in range(3)
    ]

    with pytest.raises(Throttled) as error:
        values.register.put(changes, {})
    assert 5 == error.value.retry_after_seconds
    assert 2 == len(values.register.read([change.key for change in changes]))


def test_an_answer_without_a_part_for_each_row_proves_nothing(values: ValuesWorld) -> None:
    """Fewer successes than rows, a part of another number, no parts at all."""
    list(values.register.rows(("/project/",)))
    real = values.inner.wire.after
    for spoil in (
        lambda body: body.replace(b"Content-ID: 2", b"Content-ID: 1"),
        lambda body: body.split(b"--batchresponse")[0],
        lambda body: body.replace(b"HTTP/1.1 201", b"HTTP/1.1 500"),
    ):

        def after(request: httpx2.Request, response: httpx2.Response, spoil: Any = spoil) -> httpx2.Response:
            if not request.url.path.endswith("$batch"):
                return response
            body = spoil(response.read())
            return httpx2.Response(
                200, headers={"content-type": response.headers["content-type"]}, content=body
            )

        values.inner.wire.after = after
        before = values.writes()
        with pytest.raises(OutcomeUnknown):
            values.register.put(
                [
                    Change(key=f"/project/X{n}{before}", act=Act.CREATE, after=value(f"X{n}{before}"))
                    for n in "12"
                ],
                {},
            )
        assert before + 1 == values.writes()
        values.inner.wire.after = real


def test_a_new_name_that_takes_its_time_is_under_way_until_it_is_seen(
    make_values: Callable[..., ValuesWorld],
) -> None:
    """C4."""
    world = make_values(switches={"rename_seconds": 600})
    put(world.register, value("W1"))

    assert HandedOver("The new name of W1") == change(world, "W1", title="Ola Moe")
    assert "Kari Lund" == world.now("W1").title
    world.inner.advance(600)
    assert "Ola Moe" == world.now("W1").title


# --- values that differ in letters only ---------------------------------------------------------------------


def test_two_values_that_differ_in_letters_only_are_one_and_named(values: ValuesWorld) -> None:
    """C3, the other way round: such pairs come with imports. Nothing is written until one is suspended."""
    put(values.register, value("TWIN"), value("LONE"))
    suspended = False

    def doubled(row: dict[str, Any]) -> Any:
        if row.get("DimensionValue") != "TWIN":
            return row
        return [row | {"DimensionValue": "twin", "IsSuspended": "Yes" if suspended else "No"}, row]

    answering(values, doubled)
    keys = [row.key for row in values.register.rows(("/project/",))]
    assert len(keys) == len(set(keys))
    answer = change(values, "TWIN", title="Ola Moe")
    assert isinstance(answer, NotTaken)
    assert "TWIN and twin" in answer.problem.text
    assert "TWIN and twin" in values.register.check(value("TWIN"))[0].text

    suspended = True
    assert value("TWIN") == values.now("TWIN")
    assert "TWIN" == values.now("TWIN").written
    assert isinstance(change(values, "TWIN", title="Ola Moe"), HandedOver)
