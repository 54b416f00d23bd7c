"""People of a moving world are sensible: they say what is true, and end what the product lets them end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from moving_world import advice
from moving_world.advice import Command
from moving_world.driver import OPENINGS, Outcome, Step, replay
from moving_world.install import Ground, ground
from moving_world.shape import LEDGERS, VENDORS, Flow, Shape

ONE_PAY = Shape(
    companies={"pay-a": ("A1",)},
    flows=(Flow(source="pay-a", target="books", mode="approve", entities={"A1": "1204"}),),
    block_rows=100,
    lag_seconds=0,
    keeps_marker=True,
    opening="one is booked",
    liars=False,
    hostile=False,
)


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    """What the worlds of these tests stand on."""
    with ground() as found:
        yield found


def played(place: Ground, vendor: str, *steps: Step, opening: str = "one is booked") -> Outcome:
    """One pay in a ledger of that vendor, these steps, and peace."""
    shape = replace(ONE_PAY, vendors=dict.fromkeys(LEDGERS, vendor), opening=opening)
    return replay(place, 0, shape, (*OPENINGS[opening], *steps))


def wrong(outcome: Outcome) -> list[str]:
    """What was wrong in the world."""
    return [str(violation) for violation in outcome.violations]


def said(outcome: Outcome, command: str) -> int:
    """How often anybody typed the command."""
    return sum(f": {command}" in line for line in outcome.trace)


def test_a_mirror_that_people_booked_is_not_our_reversal(place: Ground) -> None:
    """They took a document back, and took that back in its turn. Their mirror says just what our reversal
    says, so the product asks; told that it is none, it does not take it for what became of its send.
    """
    outcome = played(
        place, "visma_net", ("a document is deleted", 0, 0), ("payroll undoes", 0), ("memory runs out", 0, 1)
    )

    assert [] == wrong(outcome)
    assert 0 < said(outcome, "runs resume run 2 --accept 1204/100002")
    assert 0 == said(outcome, "runs settle")


# --- what people do in peace --------------------------------------------------------------------------------


def commands(outcome: Outcome) -> list[str]:
    """What was typed in peace."""
    peace = next(number for number, line in enumerate(outcome.trace) if line.endswith("--- peace ---"))
    return [line.partition(" anna: ")[2] for line in outcome.trace[peace:] if " anna: " in line]


def test_nobody_types_what_is_not_needed(place: Ground) -> None:
    """Two proposals of a pay wait: the older one is given up, the newer one approved. The flow stands as it
    should.
    """
    outcome = played(place, "exact_online", opening="two wait")

    assert [] == wrong(outcome)
    assert ["runs cancel run 1", "runs approve run 2"] == commands(outcome)


@pytest.mark.parametrize("vendor", sorted({*VENDORS}))
def test_a_document_of_a_lost_history_is_named(place: Ground, vendor: str) -> None:
    """The product booked a pay, and was restored to a time at which it had not. It finds the document, which
    has its marker and other amounts than the newer calculation, and asks; it is that pay.
    """
    outcome = played(
        place,
        vendor,
        ("back up", 0),
        ("approve", 0, 1),
        ("rest",),
        ("restore", 0),
        ("payroll calculates again", 0, 4, 1),
        opening="one waits",
    )

    assert [] == wrong(outcome)
    assert 1 == said(outcome, "runs mark-booked-elsewhere")


def test_what_takes_back_a_named_document_is_named_too(place: Ground) -> None:
    """A pay was booked by hand and named, and people took it back in the ledger. The product counts what was
    named, and asks about the document that takes it back: that is of the same pay.
    """
    outcome = played(
        place,
        "visma_net",
        ("pay is booked by hand", 0, 0, 0),
        ("say it was booked elsewhere", 0),
        ("a document is deleted", 0, 0),
        opening="one waits",
    )

    assert [] == wrong(outcome)
    assert (2, 0) == (
        said(outcome, "runs mark-booked-elsewhere"),
        sum("--accept" in line for line in commands(outcome)),
    )


@pytest.mark.parametrize("vendor", sorted({*VENDORS}))
def test_memory_does_not_run_out_for_ever_in_peace(place: Ground, vendor: str) -> None:
    """However often it would have: somebody lets the run go on each time."""
    outcome = played(place, vendor, *[("memory runs out", 0, 1)] * 30, opening="one waits")

    assert [] == wrong(outcome)
    assert 2 == sum(line.endswith("to books: no memory") for line in outcome.trace)


def test_what_a_refusal_names_is_typed_at_once(place: Ground) -> None:
    """A run has posted one of two entries, and payroll undid the pay: it is not cancelled but closed, and
    what it posted is reversed.
    """
    entities = {"A1": "1204", "A2": "1205"}
    shape = replace(
        ONE_PAY,
        companies={"pay-a": tuple(entities)},
        flows=(Flow(source="pay-a", target="books", mode="approve", entities=entities),),
        opening="one waits",
    )
    closed: tuple[Step, ...] = (("the books are closed in the middle", 0), ("approve", 0, 1), ("rest",))

    outcome = replay(place, 0, shape, (*OPENINGS["one waits"], *closed, ("payroll undoes", 0)))

    assert [] == wrong(outcome)
    assert ["runs close run 1", "runs reverse run 1", "runs approve run 2"] == commands(outcome)


# --- what the product proposes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Let it end, then reverse it (ml-connector runs reverse payroll-1a), or close it with a reason:"
            " ml-connector runs close payroll-1a --why '...'.",
            [Command("reverse", "payroll-1a"), Command("close", "payroll-1a")],
        ),
        (
            "Let the run check it: ml-connector runs resume payroll-1a --propose-again.",
            [Command("resume", "payroll-1a", "--propose-again")],
        ),
        (
            "Reverse that first, or everything together: ml-connector runs reverse payroll-2b --all.",
            [Command("reverse", "payroll-2b", "--all")],
        ),
        ("Cancel this run here: ml-connector runs cancel RUN.", [Command("cancel")]),
        ("Reverse the run instead.", [Command("reverse")]),
        ("Look in the ledger.", []),
    ],
)
def test_commands_are_read_in_the_words_of_the_product(text: str, expected: list[Command]) -> None:
    """About the run that is spoken of, or about another."""
    assert expected == advice.commands(text)


def test_other_advice_is_read_too() -> None:
    """What should end first, and what an entry became."""
    first = "Finish it: ml-connector runs show payroll-1a. Then: ml-connector runs resume payroll-2b."
    became = "Record that: ml-connector runs settle 'payroll:x:1' --booked 0a1b-2c."

    assert (["payroll-1a"], []) == (advice.first_to_end(first), advice.first_to_end(became))
    assert ("0a1b-2c", "") == (advice.booked_as(became), advice.booked_as(first))
