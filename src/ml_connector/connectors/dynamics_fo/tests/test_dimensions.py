"""Dimension values on the simulator: the contract of registers, and how Dynamics reads and keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ml_connector.connectors.dynamics_fo.tests.values_world import (
    TODAY,
    VALUES,
    ValuesWorld,
    answering,
    change,
    value,
)
from ml_connector.contract.registers import RegisterContract, RegisterWorld, put
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import Refused
from ml_connector.ports.registers import HandedOver, Register, Stale, Written


class TestDimensionValues(RegisterContract):
    """Values of a custom dimension."""

    @pytest.fixture
    def world(self, values: ValuesWorld) -> RegisterWorld:
        return values

    @pytest.fixture
    def register(self, values: ValuesWorld) -> Register[Any]:
        return values.register


# --- calls --------------------------------------------------------------------------------------------------


def test_a_pass_costs_the_facts_once_and_a_page_of_each_axis(values: ValuesWorld) -> None:
    list(values.register.rows(("/project/", "/cost_center/")))

    assert [
        "GET DimensionAttributes",
        "GET DimensionParameters",
        f"GET {VALUES}",
        "GET CostCenters",
        f"GET {VALUES}",
    ] == values.calls()


def test_a_hundred_new_values_are_one_write_and_their_look_up_a_few_short_addresses(
    values: ValuesWorld,
) -> None:
    """Where nobody knows how long the list is."""
    put(values.register, *(value(f"W{number:05}") for number in range(100)))

    facts = ["GET DimensionAttributes", "GET DimensionParameters"]
    assert [*facts, *[f"GET {VALUES}"] * 3, "POST $batch"] == values.calls()
    assert max(len(str(request.url)) for request in values.requests) < 2_000
    assert 100 == len(values.register.read([f"/project/W{number:05}" for number in range(100)]))


@pytest.mark.parametrize(("codes", "listed", "calls"), [(100, True, 1), (20, True, 1), (400, False, 1)])
def test_the_whole_list_is_read_where_that_is_fewer_calls(
    values: ValuesWorld, codes: int, listed: bool, calls: int
) -> None:
    """By what the list had last, and else by what a long one has."""
    put(values.register, *(value(f"W{number:05}") for number in range(30)))
    if listed:
        list(values.register.rows(("/project/",)))
    before = len(values.requests)

    found = values.register.read([f"/project/W{number:05}" for number in range(codes)])

    assert calls == len(values.requests) - before
    assert {f"/project/W{number:05}" for number in range(min(codes, 30))} == set(found)


def test_a_value_that_somebody_makes_between_read_and_write_is_read_again(values: ValuesWorld) -> None:
    """Dynamics says that it exists; so it is somebody's, and the others are made."""
    keys = [value(f"W{number:05}").key for number in (1, 2)]
    assert {} == values.register.read(keys)
    values.edit(value("W00001", "Somebody's"))
    changes = [Change(key=key, act=Act.CREATE, after=value(key[-6:])) for key in keys]

    assert (Stale(), Written()) == values.register.put(changes, {})
    assert "Somebody's" == values.now("W00001").title


def test_lists_are_read_to_their_end(make_values: Callable[..., ValuesWorld]) -> None:
    world = make_values(switches={"page_rows_max": 4})
    put(world.register, *(value(f"W{number:05}") for number in range(20)))
    keys = [row.key for row in world.register.rows()]

    assert keys == sorted(set(keys))
    assert 20 == sum(key.startswith("/project/W") for key in keys)


# --- codes and titles ---------------------------------------------------------------------------------------


def test_letters_of_any_case_and_blanks_behind_are_one_code_written_as_it_was(values: ValuesWorld) -> None:
    """C3: the vendor's spelling stays, ours is compared."""
    put(values.register, value("k1a "))
    found = values.now("K1A")

    assert values.register.normal(value("K1A")) == found == values.register.normal(value("k1A "))
    assert ("k1a", "K1A") == (found.written, found.code)
    assert isinstance(change(values, "K1A", title="Ola Moe"), HandedOver)
    assert ("k1a", "Ola Moe") == (values.now("K1A").written, values.now("K1A").title)


def test_codes_are_text(values: ValuesWorld) -> None:
    """C1, and signs that an address has to hide."""
    codes = ["0040", "040", "40", "1.10", "3E5", "1-2", "a b", "O'Neil", "a/b&c%+#é", "A*B"]
    answers = put(values.register, *(value(code) for code in codes))
    titles = [change(values, code.upper(), title="Ola Moe") for code in codes]

    assert [Written()] * len(codes) == list(answers)
    assert [HandedOver(f"The new name of {code}") for code in codes] == titles
    assert set(codes) == {values.now(code.upper()).written for code in codes}


@pytest.mark.parametrize("spaces", ["keep", "trim", "fold"])
def test_a_text_that_is_cut_or_folded_is_not_written_again(
    make_values: Callable[..., ValuesWorld], spaces: str
) -> None:
    """C18."""
    world = make_values(switches={"text_spaces": spaces})
    wished = [value("W1", " Müller  GmbH "), value("W2", "x" * 59 + " yz")]
    put(world.register, *wished)

    assert [world.register.normal(one) for one in wished] == [world.now("W1"), world.now("W2")]
    assert ["Müller GmbH", "x" * 59] == [world.now("W1").title, world.now("W2").title]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (value(""), "value.length"),
        (value("x" * 31), "value.length"),
        (value("A\\B"), "dimension.delimiter"),
        (value("A1", "  "), "value.title"),
        (value("A1", axis="cost_center"), "value.behind"),
        (value("A1", axis="moon"), "value.dimension"),
    ],
)
def test_what_dynamics_cannot_hold_is_said_in_the_plan(
    values: ValuesWorld, record: DimensionValue, code: str
) -> None:
    list(values.register.rows())
    before = len(values.requests)
    (problem,) = values.register.check(values.register.normal(record))

    assert code == problem.code
    assert before == len(values.requests)


def test_a_delimiter_in_a_code_is_escaped_and_half_a_double_one_is_refused(values: ValuesWorld) -> None:
    assert () == values.register.check(value("LINE-7"))
    values.inner.control("set_delimiter", delimiter="DoubleHyphen")
    list(values.register.rows())

    assert ["dimension.delimiter"] == [problem.code for problem in values.register.check(value("LINE-7"))]


def test_the_mask_is_read_with_every_plan(values: ValuesWorld) -> None:
    """C15."""
    list(values.register.rows())
    assert () == values.register.check(value("0042"))
    values.inner.control("set_dimension_mask", dimension="Project", mask="&-###")
    list(values.register.rows(("/project/",)))

    found = [
        bool(values.register.check(value(code))) for code in ("W-042", "w-042", "0042", "W-0042", "1-042")
    ]
    assert [False, False, True, True, True] == found


# --- opening and closing ------------------------------------------------------------------------------------


def test_a_value_is_closed_on_its_last_day_and_opened_again(values: ValuesWorld) -> None:
    """Bookings up to that day still pass, so it is a date and no suspension (C8); nothing is deleted (C7)."""
    put(values.register, value("W1"))
    assert Written() == change(values, "W1", open=False, until=date(2026, 6, 30))
    row = values.row("W1")
    assert row is not None
    assert ("2026-06-30T12:00:00Z", "No") == (row["ActiveTo"], row["IsSuspended"])
    assert (False, date(2026, 6, 30)) == (values.now("W1").open, values.now("W1").until)

    assert Written() == change(values, "W1", open=True, until=None)
    assert (True, None) == (values.now("W1").open, values.now("W1").until)


def test_a_value_that_closes_today_is_open_until_the_day_is_over(values: ValuesWorld) -> None:
    put(values.register, value("W1"))
    wished = value("W1", open=False, until=TODAY)
    change(values, "W1", open=False, until=TODAY)
    assert values.register.normal(wished) == values.now("W1")

    values.inner.advance(86_400)
    assert values.register.normal(wished) == values.now("W1") == wished


def test_a_value_without_a_last_day_is_suspended(values: ValuesWorld) -> None:
    put(values.register, value("W1"))
    change(values, "W1", open=False)
    row = values.row("W1")

    assert row is not None
    assert "Yes" == row["IsSuspended"]
    assert (False, None) == (values.now("W1").open, values.now("W1").until)


def test_a_value_that_was_suspended_by_hand_is_renamed_without_being_opened(values: ValuesWorld) -> None:
    put(values.register, value("W1", until=date(2026, 12, 31)))
    values.inner.control("suspend_dimension_value", dimension="Project", code="W1")
    assert value("W1", open=False) == values.now("W1")
    change(values, "W1", title="Ola Moe")
    row = values.row("W1")
    assert row is not None
    assert ("Yes", "2026-12-31T12:00:00Z") == (row["IsSuspended"], row["ActiveTo"])

    change(values, "W1", open=True)
    assert value("W1", "Ola Moe") == values.now("W1")


def test_a_value_that_journals_may_not_use_is_closed_and_says_why(values: ValuesWorld) -> None:
    """C10, for blocked ones, totals and those that begin later: what we do not set we do not clear."""
    about = {"dimension": "Project", "code": "P0001"}
    values.inner.control("block_dimension_value", **about)
    assert not values.now("P0001").open
    (problem,) = values.register.check(value("P0001", "Project 1"))
    assert "value.barred" == problem.code
    assert "blocks P0001 for manual entry" in problem.text

    later = about | {"code": "P0003", "from": "2026-08-01", "to": None}
    values.inner.control("date_dimension_value", **later)
    assert not values.now("P0003").open
    assert "from 2026-08-01 on only" in values.register.check(value("P0003"))[0].text

    answering(values, lambda row: row | {"IsTotal": "Yes"} if row["DimensionValue"] == "P0002" else row)
    assert not values.now("P0002").open
    assert "as a total" in values.register.check(value("P0002"))[0].text


# --- companies ----------------------------------------------------------------------------------------------


def test_the_row_of_a_company_is_neither_read_nor_written(values: ValuesWorld) -> None:
    """C13, C14: the shared value is what it is, however a company has it."""
    values.inner.control("suspend_dimension_value", dimension="Project", code="P0001", company="dat")
    values.inner.control(
        "date_dimension_value", dimension="Project", code="P0002", company="dat", to="2026-01-31"
    )
    keys = [row.key for row in values.register.rows(("/project/",))]

    assert len(keys) == len(set(keys))
    assert values.now("P0001").open
    assert values.now("P0002").open
    own = [row for row in values.rows("P0001") if row["LegalEntityId"]]
    change(values, "P0001", title="Ola Moe", open=False, until=date(2026, 6, 30))
    assert own == [row for row in values.rows("P0001") if row["LegalEntityId"]]
    assert not values.now("P0001").open

    about = {"dimension": "Project", "code": "P0003", "company": "dat", "to": "2026-12-31"}
    values.inner.control("date_dimension_value", **about)
    assert value("P0003", "Project 3") == values.now("P0003")
    assert isinstance(change(values, "P0003", title="Ola Moe"), HandedOver)


def test_another_axis_than_the_connections_own_is_refused(make_values: Callable[..., ValuesWorld]) -> None:
    world = make_values(dimensions="project=project, moon=Moon")
    assert {"/project/P0001"} <= {row.key for row in world.register.rows()}
    for beginning in ("/branch/", "/moon/", "usmf/project/"):
        with pytest.raises(Refused, match="setting `dimensions`"):
            list(world.register.rows((beginning,)))
