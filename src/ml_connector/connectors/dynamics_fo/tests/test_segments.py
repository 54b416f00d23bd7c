"""Account and dimensions as one text, there and back, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.connectors.dynamics_fo.segments import (
    DimensionFormat,
    active_format,
    display_value,
    problems,
    read_display_value,
    split,
)
from ml_connector.connectors.dynamics_fo.wire import IntegrationFormat
from ml_connector.contract.acts import send
from ml_connector.domain.checks import compare
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker
from ml_connector.domain.journal import JournalLine
from ml_connector.domain.money import Money
from ml_connector.errors import Inexpressible, VendorChanged

AXES = {"cost_center": "CostCenter", "department": "Department"}
FORM = DimensionFormat(names=("MainAccount", "Department", "CostCenter", "Project"), delimiter="-")


def line(account: str = "601100", **codes: str) -> JournalLine:
    """A line on the account and codes."""
    return JournalLine(account=account, amount=Money(Decimal(1), "USD"), dimensions=dimensions({**codes}))


def formats(text: str = "MainAccount-CostCenter", active: str = "Yes") -> list[IntegrationFormat]:
    """A format for ledger accounts, and others that are not looked at."""
    return [
        IntegrationFormat(
            DimensionFormatType="DataEntityLedgerDimensionFormat",
            FinancialDimensionFormat=text,
            IsActive=active,
        ),
        IntegrationFormat(
            DimensionFormatType="DataEntityLedgerDimensionFormat",
            FinancialDimensionFormat="MainAccount",
            IsActive="No",
        ),
        IntegrationFormat(
            DimensionFormatType="DataEntityDefaultDimensionFormat",
            FinancialDimensionFormat="CostCenter",
            IsActive="Yes",
        ),
    ]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (line(), "601100---"),
        (line(cost_center="AKRASM"), "601100--AKRASM-"),
        (line(cost_center="LINE-7", department="010"), r"601100-010-LINE\-7-"),
        (line(account="6-1"), r"6\-1---"),
    ],
)
def test_every_segment_is_written_and_read(given: JournalLine, text: str) -> None:
    """In the format's order, blanks included, delimiters escaped; the vendor may leave trailing blanks
    out.
    """
    assert display_value(given, FORM, AXES) == text
    assert read_display_value(text, FORM, AXES) == (given.account, given.dimensions)
    assert read_display_value(text.rstrip("-"), FORM, AXES) == (given.account, given.dimensions)


def test_dimension_on_no_axis_is_kept() -> None:
    """It is not ours, and comparing must see it."""
    assert read_display_value("601100---P1", FORM, AXES) == ("601100", dimensions({"Project": "P1"}))


def test_more_segments_than_the_format() -> None:
    """The format was changed under us."""
    with pytest.raises(VendorChanged, match="more segments than the active dimension format"):
        read_display_value("601100----X", FORM, AXES)


@pytest.mark.parametrize(
    ("text", "parts"), [("a\\-b-c", ["a-b", "c"]), ("a\\\\-b", ["a\\", "b"]), ("", [""]), ("-", ["", ""])]
)
def test_split_honours_escapes(text: str, parts: list[str]) -> None:
    """Only a delimiter without a backslash ends a segment."""
    assert split(text, "-") == parts


def test_lone_backslash() -> None:
    """Such a text was not written by the vendor we know."""
    with pytest.raises(VendorChanged, match="lone backslash"):
        split("a\\", "-")


@pytest.mark.parametrize(
    ("name", "delimiter"), [("Hyphen", "-"), ("Bar", "|"), ("DoubleTilde", "~~"), ("Underscore", "_")]
)
def test_active_format(name: str, delimiter: str) -> None:
    """The active one for ledger accounts, cut at the delimiter."""
    dimension_format = active_format(formats(f"MainAccount{delimiter}CostCenter"), name)

    assert (dimension_format.names, dimension_format.delimiter, dimension_format.problem) == (
        ("MainAccount", "CostCenter"),
        delimiter,
        None,
    )


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (formats(active="No"), "format.missing"),
        ([], "format.missing"),
        (formats("CostCenter"), "format.main_account"),
    ],
)
def test_format_that_cannot_be_used(rows: list[IntegrationFormat], code: str) -> None:
    """Each says where to set it up."""
    problem = active_format(rows, "Hyphen").problem

    assert problem is not None
    assert problem.code == code
    assert "Financial dimension configuration for integrating applications" in problem.text


def test_unknown_delimiter() -> None:
    """Guessing one would book on wrong accounts."""
    with pytest.raises(VendorChanged, match="'Slash'"):
        active_format(formats(), "Slash")


@pytest.mark.parametrize(
    ("given", "delimiter", "code"),
    [
        (line(cost_center="A\\B"), "-", "dimension.delimiter"),
        (line(cost_center="A-B"), "--", "dimension.delimiter"),
        (line(department="010"), "-", "dimension.format"),
        (line(cost_center="A-B"), "-", None),
    ],
)
def test_what_a_line_may_hold(given: JournalLine, delimiter: str, code: str | None) -> None:
    """A code that could be read as another is refused, and so is a dimension that would be dropped."""
    dimension_format = DimensionFormat(names=("MainAccount", "CostCenter"), delimiter=delimiter)

    assert [problem.code for problem in problems([given], dimension_format, AXES)] == ([code] if code else [])


def test_a_cause_is_named_once_for_all_lines() -> None:
    """A hundred lines without their dimension are one thing to mend, and so is a code that stands on
    several.
    """
    lacking = DimensionFormat(names=("MainAccount", "Department"), delimiter="-")
    doubled = DimensionFormat(names=("MainAccount", "CostCenter"), delimiter="--")
    lines = [line(cost_center="A-B"), line(cost_center="A-B"), line(cost_center="C-D")]

    assert [("dimension.format", "line 1")] == [
        (found.code, found.where) for found in problems(lines, lacking, AXES)
    ]
    assert ["line 1", "line 3"] == [found.where for found in problems(lines, doubled, AXES)]


def test_double_delimiter_is_noticed_by_whoever_knew_the_single_one(world: Any) -> None:
    """Formats are rewritten with it and seem to be readable still; a code with half of it in it is refused
    before anything is sent.
    """
    world.ledger.chart("usmf", "PAYROLL", frozenset())
    world.control("set_delimiter", delimiter="DoubleHyphen")

    with pytest.raises(Inexpressible) as caught:
        send(world.ledger, world.entry())

    assert "'LINE-7' of CostCenter holds '-'" in caught.value.problem.text
    assert world.journal_references() == []


def test_format_not_configured_in_the_environment(world: Any) -> None:
    """The chart says so before a proposal, and nothing is sent."""
    world.control("deactivate_format", kind="ledger")

    chart = world.ledger.chart("usmf", "PAYROLL", frozenset({"cost_center"}))

    assert "No dimension format for ledger accounts is active" in chart.journal_problem
    assert {problem.code for problem in world.ledger.check(world.entry())} == {"format.missing"}
    with pytest.raises(Inexpressible):
        send(world.ledger, world.entry())
    assert world.journal_references() == []


def test_format_without_the_dimension(world: Any) -> None:
    """Another integration activated a shorter format: refused before a journal is created, although the old
    one was known.
    """
    world.ledger.chart("usmf", "PAYROLL", frozenset())
    world.control("set_dimension_format", format="MainAccount-Department", kind="ledger", name="Other")

    with pytest.raises(Inexpressible) as caught:
        send(world.ledger, world.entry())

    assert caught.value.problem.code == "dimension.format"
    assert world.journal_references() == []


def test_delimiter_of_the_environment(world: Any) -> None:
    """Whatever it is, codes come back as they were."""
    world.control("set_delimiter", delimiter="Tilde")
    world.control("set_dimension_format", format="MainAccount~CostCenter", kind="ledger", name="Tilde")

    booked = world.ledger.read_back(send(world.whole(), world.entry()))

    assert {value.code for line in booked.lines for value in line.dimensions} == {"AKRASM", "LINE-7", "HOFIN"}


def test_format_changed_before_reading_back(world: Any) -> None:
    """Accounts are shown in the format of the day, so that is what they are read in."""
    entry = world.entry()
    receipt = send(world.whole(), entry)
    world.control(
        "set_dimension_format", format="MainAccount-CostCenter-Department", kind="ledger", name="Other"
    )

    assert compare(entry, world.ledger.read_back(receipt)) == []


def test_format_changed_while_writing(world: Any) -> None:
    """The vendor reads a remembered order in its new one: what it books on wrong dimensions is seen when it
    is read back.
    """
    codes = dimensions({"department": "010", "cost_center": "HOFIN"})
    entry = world.entry()
    entry = replace(entry, lines=(replace(entry.lines[0], dimensions=codes), *entry.lines[1:]))
    world.control("add_dimension_value", dimension="CostCenter", code="010", name="Ten")
    world.control("add_dimension_value", dimension="Department", code="HOFIN", name="Finance")
    for code in ("AKRASM", "LINE-7"):
        world.control("add_dimension_value", dimension="Department", code=code, name=code)
    marker = Marker.of(entry.key)
    with world.ledger.prepare(entry, marker) as post:
        receipt = post(lambda: None)
    world.control(
        "set_dimension_format",
        format="MainAccount-CostCenter-Department-BusinessUnit-Project",
        kind="ledger",
        name="Other",
    )
    with world.ledger.prepare(entry, marker, receipt) as post:
        receipt = post(lambda: None)

    assert compare(entry, world.ledger.read_back(receipt)) != []
