"""The nightly look in a moving world: what is reported must be so, and what is so must be reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from moving_world.driver import OPENINGS, Step, replay
from moving_world.install import Ground, ground
from moving_world.shape import LEDGERS, VENDORS, Flow, Shape

from ml_connector_sandbox.judges.looked import DUPLICATE, EDITED, GONE, LookJudge, Paper, Report

LEDGER, ENTITY = "books", "1204"
MONDAY = datetime(2026, 7, 6, tzinfo=UTC)
OURS = {"a"}


def paper(identity: str, number: str, cents: int = 100) -> Paper:
    """A document of one pay."""
    return Paper(identity, ENTITY, number, (("4000", cents, ""), ("1700", -cents, "")), {0: cents // 100})


def a_judge(*later: Paper) -> LookJudge:
    """Document 1 is booked on Sunday; on Monday these documents stand."""
    judge = LookJudge()
    judge.holds(LEDGER, ENTITY, [paper("a", "1")], MONDAY - timedelta(days=1))
    judge.holds(LEDGER, ENTITY, later, MONDAY)
    return judge


def false(judge: LookJudge, what: str, number: str = "1") -> bool:
    """Whether the judge says that the report is not true."""
    return bool(judge.false(LEDGER, [Report(what, ENTITY, number)]))


def missing(judge: LookJudge, *named: Report, after: int = 1) -> list[str]:
    """What the judge misses in a look so many days after Monday."""
    found = judge.missing(LEDGER, named, OURS, MONDAY + timedelta(days=after))
    return [wrong.text for wrong in found]


@pytest.mark.parametrize(
    ("later", "truth"),
    [
        ((paper("a", "1"),), set()),
        ((), {GONE}),
        ((paper("a", "1", 200),), {EDITED}),
        ((paper("a", "1"), paper("b", "2")), {DUPLICATE}),
    ],
)
def test_a_report_that_is_not_so_is_seen(later: tuple[Paper, ...], truth: set[str]) -> None:
    """Of a document that stands as it was, that is deleted, that is edited, and that stands twice."""
    judge = a_judge(*later)

    assert truth == {what for what in (GONE, EDITED, DUPLICATE) if not false(judge, what)}
    assert (EDITED in truth) == judge.edited(LEDGER, "a")


def test_a_copy_of_what_was_deleted_is_not_twice_in_the_books() -> None:
    """One of the two stands."""
    judge = a_judge(paper("a", "1"), paper("b", "2"))
    judge.holds(LEDGER, ENTITY, [paper("b", "2")], MONDAY)

    assert false(judge, DUPLICATE, "2")


def test_what_is_not_reported_is_seen() -> None:
    """After its time, and of a document that the product knows as its own."""
    judge = a_judge()

    assert ["books: document 1 in 1204 is gone, and nothing says so"] == missing(judge)
    assert [] == missing(judge, after=0)
    assert [] == missing(judge, Report(GONE, ENTITY, "1"))
    assert [] == judge.missing(LEDGER, (), (), MONDAY + timedelta(days=1))


def test_a_document_that_was_named_is_edited_when_it_changes_after_that() -> None:
    """As it stood then it was named: that it once stood otherwise is no news."""
    judge = a_judge(paper("a", "1", 200))
    judge.named(LEDGER, "a", judge.version(LEDGER, "a"), sure=True)
    assert false(judge, EDITED)
    assert [] == missing(judge)

    judge.holds(LEDGER, ENTITY, [paper("a", "1")], MONDAY)
    assert not false(judge, EDITED)
    assert ["books: document 1 in 1204 is edited, and nothing says so"] == missing(judge)


def test_a_document_that_changed_while_it_was_named_may_be_edited_or_not() -> None:
    """Nobody knows as what the product read it; nor, where a backup is restored, whether it knows of it."""
    for restored in (False, True):
        judge = a_judge(paper("a", "1", 200))
        began = judge.version(LEDGER, "a")
        if not restored:
            judge.holds(LEDGER, ENTITY, [paper("a", "1")], MONDAY)
        judge.named(LEDGER, "a", began, sure=True)
        if restored:
            judge.forgotten()

        assert not false(judge, EDITED)
        assert [] == missing(judge)


def test_a_copy_that_is_not_reported_is_seen() -> None:
    """Whatever it is called: nothing in it may say that it is a copy."""
    judge = a_judge(paper("a", "1"), paper("b", "2"))
    judge.copied(LEDGER, "b", "a")

    assert ["books: document 2 in 1204 is duplicate, and nothing says so"] == missing(judge)
    assert [] == missing(judge, Report("look-alike", ENTITY, "2"))


def test_a_copy_that_people_took_back_may_be_reported_or_not() -> None:
    """It comes to nothing with what takes it back; one of two copies does not."""
    judge = a_judge(paper("a", "1"), paper("b", "2"), paper("c", "3", -100))
    judge.copied(LEDGER, "b", "a")
    assert [] == missing(judge)
    assert not false(judge, DUPLICATE, "2")

    judge.holds(
        LEDGER, ENTITY, [paper("a", "1"), paper("b", "2"), paper("c", "3", -100), paper("d", "4")], MONDAY
    )
    judge.copied(LEDGER, "d", "a")
    assert 2 == len(missing(judge))


# --- with the product ---------------------------------------------------------------------------------------

BOOKED = Shape(
    companies={"pay-a": ("A1",)},
    flows=(Flow(source="pay-a", target="books", mode="approve", entities={"A1": "1204"}),),
    block_rows=100,
    lag_seconds=0,
    keeps_marker=True,
    opening="one is booked",
    liars=False,
    hostile=False,
)
DAY_AND_LOOK: tuple[Step, ...] = (("time goes by", 5), ("the nightly look is due", 0), ("rest",))


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    """What the worlds of these tests stand on."""
    with ground() as found:
        yield found


def looks_of(place: Ground, *steps: Step, shape: Shape = BOOKED) -> tuple[list[str], list[str]]:
    """What is wrong when these steps are taken and a look a day later, and what its looks find."""
    outcome = replay(place, 0, shape, (*OPENINGS["one is booked"], *steps, *DAY_AND_LOOK))
    looks = [line.partition("the nightly look finds ")[2] for line in outcome.trace]
    return [str(wrong) for wrong in outcome.violations], [words for words in looks if words]


@pytest.mark.parametrize("deed", ["a document is deleted", "a document is edited", "a document is copied"])
def test_the_product_reports_what_people_did(place: Ground, deed: str) -> None:
    """One finding, after more than a day, and nothing is wrong with it."""
    wrong, looks = looks_of(place, (deed, 0, 1))

    assert ([], "{'books': 1}") == (wrong, looks[0])


@pytest.mark.parametrize("vendor", sorted({*VENDORS}))
def test_the_product_reports_a_copy_in_every_ledger(place: Ground, vendor: str) -> None:
    """Whether the copy is booked, waits for a job or is on hold."""
    shape = replace(BOOKED, vendors=dict.fromkeys(LEDGERS, vendor))

    wrong, looks = looks_of(place, ("a document is copied", 0, 1), shape=shape)

    assert ([], "{'books': 1}") == (wrong, looks[0])


def test_a_document_that_is_known_to_be_deleted_is_not_asked_for(place: Ground) -> None:
    """Somebody said so; nothing is left to report."""
    wrong, looks = looks_of(place, ("a document is deleted", 0, 1), ("say it was deleted", 0), ("rest",))

    assert ([], "{'books': 0}") == (wrong, looks[0])
