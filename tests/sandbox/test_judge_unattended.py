"""The judge of months that nobody watched: what it counts, and that a fault planted in the books or in the
post is found.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.sandbox.test_judge_payroll import _document, _lines
from tests.sandbox.ukg_pro_world import UkgWorld

from ml_connector_sandbox.judges.unattended import (
    Cause,
    Heard,
    Paid,
    alarms,
    documents,
    longest_pause_days,
    paid,
    youngest_days,
)

SKIPPED = "202608141"
FIRST, LAST = date(2026, 7, 10), date(2026, 8, 31)


@pytest.fixture(scope="module")
def books() -> tuple[Any, Any]:
    """Four pays, of which one never came; the others are booked. What was before the first day is not of
    it.
    """
    world = UkgWorld(runs_ahead=4, workers=24)
    world.vendor.control("skip_run", {"period_control": SKIPPED})
    world.clock.set(datetime(2026, 8, 31, 16, tzinfo=UTC))
    payroll = world.vendor.books()
    runs = [run for run in payroll["runs"] if run["pay_date"] >= str(FIRST)]
    made = [
        _document(number, _lines(world, run["run_id"], summary=True), run["period_end"])
        for number, run in enumerate(runs, start=1)
    ]
    return payroll, {"documents": made, "calls": {}}


def seen(books: tuple[Any, Any]) -> Paid:
    payroll, ledger = books
    return paid(payroll, ledger, since=FIRST, until=LAST, slugs=("ukg_pro", "exact_online"))


def test_pays_are_counted_by_the_calendar(books: tuple[Any, Any]) -> None:
    found = seen(books)

    assert (4, 3, 3, (SKIPPED,)) == (found.planned, len(found.came), found.booked, found.never_came)
    assert (0, 0, ()) == (found.missed, found.duplicates, found.problems)
    assert 3 == documents(books[1])
    assert 28 == longest_pause_days(books[0], found.came)
    assert 0 == longest_pause_days(books[0], found.came[:1])


def test_a_notification_is_as_old_as_the_next_run_finds_it() -> None:
    """The youngest of all counts; one behind the last run has no next one."""
    runs = [{"run_id": "1", "ran_at": "2026-07-03T14:00"}, {"run_id": "2", "ran_at": "2026-08-03T14:00"}]
    made = ["2026-07-01T15:00+00:00", "2026-07-08T12:00+00:00", "2026-08-04T12:00+00:00"]
    payroll = {"runs": runs, "webhooks": {"made_at": made}}

    assert 1 == youngest_days(payroll, ["1", "2"])
    assert 26 == youngest_days(payroll, ["2"])
    assert (
        0
        == youngest_days({**payroll, "webhooks": {"made_at": made[2:]}}, ["2"])
        == youngest_days(payroll, [])
    )


def without(ledger: Any) -> None:
    del ledger["documents"][1]


def twice(ledger: Any) -> None:
    ledger["documents"].append({**ledger["documents"][1], "id": "again", "number": "99"})


def edited(ledger: Any) -> None:
    first, second = ledger["documents"][0]["lines"][:2]
    first["amount"], second["amount"] = second["amount"], first["amount"]


def a_draft(ledger: Any) -> None:
    ledger["documents"][0]["status"] = "draft"


@pytest.mark.parametrize(
    ("fault", "missed", "duplicates", "words"),
    [
        (without, 1, 0, "is not fully booked"),
        (twice, 0, 1, "is booked again"),
        (edited, 1, 0, "was changed"),
        (a_draft, 0, 0, "is a draft"),
    ],
)
def test_a_fault_in_the_ledger(
    books: tuple[Any, Any], fault: Any, missed: int, duplicates: int, words: str
) -> None:
    payroll, ledger = copy.deepcopy(books)
    fault(ledger)
    found = seen((payroll, ledger))

    assert (missed, duplicates) == (found.missed, found.duplicates)
    assert words in " ".join(found.problems)


def test_nothing_is_booked_at_all(books: tuple[Any, Any]) -> None:
    assert 3 == seen((books[0], {"documents": [], "calls": {}})).missed


NOON = datetime(2026, 8, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CAUSE = Cause(
    name="a pay", words=(SKIPPED, "payroll"), first=NOON, last=NOON + DAY, channels=("mail", "hook")
)
TOLD = [
    Heard(channel=channel, at=NOON, event="opened", text=f"{SKIPPED} of payroll")
    for channel in CAUSE.channels
]


def test_what_was_told_in_time_by_every_channel() -> None:
    later = [replace(TOLD[0], event=event, at=NOON + 9 * DAY) for event in ("repeated", "closed")]

    found = alarms([CAUSE], [*TOLD, *later])

    assert (("a pay",), ()) == (found.rung, found.problems)


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        ([], "mail was never told"),
        (TOLD[:1], "hook was never told"),
        ([TOLD[0], replace(TOLD[1], event="repeated")], "hook was never told"),
        ([TOLD[0], replace(TOLD[1], at=NOON - DAY / 24)], "hook was told at 2026-08-14 11:00, not from"),
        ([TOLD[0], replace(TOLD[1], at=NOON + 2 * DAY)], "hook was told at 2026-08-16 12:00, not from"),
        ([*TOLD, TOLD[0]], "mail was told 2 times"),
        ([*TOLD, replace(TOLD[0], channel="dead")], "told by dead"),
        ([TOLD[0], replace(TOLD[1], text="202608281 of payroll")], "false alarm by hook at 2026-08-14 12:00"),
    ],
)
def test_a_fault_in_what_was_told(heard: list[Heard], words: str) -> None:
    found = alarms([CAUSE], heard)

    assert () == found.rung or "false alarm" in words
    assert words in " ".join(found.problems)


def test_a_false_alarm_spoils_no_cause() -> None:
    found = alarms([CAUSE], [*TOLD, replace(TOLD[0], text="fire")])

    assert (("a pay",), 1) == (found.rung, len(found.problems))
    assert "fire" in found.problems[0]


def test_some_causes_may_be_told_more_than_once() -> None:
    assert () == alarms([replace(CAUSE, most=2)], [*TOLD, *TOLD]).problems
