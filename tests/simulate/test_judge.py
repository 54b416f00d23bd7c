"""The judge of the simulated world sees what must not happen, and blames nobody for what people did."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector_sandbox.judges.coloured import BASE, UNITS, Torn, amount, counted
from ml_connector_sandbox.judges.moving import MovingJudge, ownerless

LEDGER, ENTITY, COMPANY, PAY = "books", "1204", "A1", 1
PARTS = 3


def holding(**colours: int) -> dict[str, int]:
    """Balances of an entity in which so many parts of each colour stand: `c0=3`."""
    parts = {int(name[1:]): count for name, count in colours.items()}
    return {kind: sum(amount(kind, c, count) for c, count in parts.items()) for kind in UNITS}


def a_judge() -> MovingJudge:
    """A pay of one company that is calculated once, sent to one ledger, and taken up by two runs."""
    judge = MovingJudge()
    judge.pays(PAY, {COMPANY: 0})
    judge.stands(PAY, judge.calculated(PAY, {COMPANY: PARTS}))
    judge.sent(PAY, LEDGER, {COMPANY: ENTITY})
    for run in ("run 1", "run 2"):
        start(judge, run)
    return judge


def start(judge: MovingJudge, run: str, calculation: int | None = 0) -> None:
    """A run of the product, whose pass begins now."""
    judge.started(run, PAY, calculation, LEDGER, {COMPANY: ENTITY})
    judge.began(run)


def codes(judge: MovingJudge, parts: int, by: str | None, **more: Any) -> list[str]:
    """What is wrong when so many parts stand after this."""
    return [wrong.code for wrong in judge.holds(LEDGER, ENTITY, holding(c0=parts), by, **more)]


def done(judge: MovingJudge, run: str, **more: Any) -> list[str]:
    """What is wrong when the product says that the run is done."""
    return [wrong.code for wrong in judge.says_done(run, **more)]


def test_a_pay_that_is_booked_once_is_right() -> None:
    """And so are the words that say so, and the end."""
    judge = a_judge()

    assert [] == codes(judge, PARTS, "run 1")
    assert [] == done(judge, "run 1")
    assert [] == judge.end()


def test_a_double_is_seen() -> None:
    """The second run booked the pay again."""
    judge = a_judge()
    codes(judge, PARTS, "run 1")

    assert ["booked twice"] == codes(judge, 2 * PARTS, "run 2")
    judge.began("run 2")
    assert ["false done"] == done(judge, "run 2")
    assert ["wrong at the end"] == [wrong.code for wrong in judge.end()]


def test_what_people_had_taken_away_before_excuses_nobody() -> None:
    """A run that was made afterwards can see it; one that was made before may have looked earlier."""
    judge = a_judge()
    codes(judge, PARTS, "run 1")
    codes(judge, 0, None)
    judge.began("run 1")
    start(judge, "run 3")

    assert ["false done"] == done(judge, "run 3")
    assert [] == done(judge, "run 1")


def test_a_void_that_people_book_takes_nothing_away() -> None:
    """It is paid less than nothing, and booked by hand twice it is no more; a run that takes back its own of
    the three says nothing false.
    """
    judge = MovingJudge()
    judge.pays(PAY, {COMPANY: 0})
    judge.stands(PAY, judge.calculated(PAY, {COMPANY: -PARTS}))
    codes(judge, -2 * PARTS, None)
    start(judge, "run 1")
    codes(judge, -3 * PARTS, "run 1")
    start(judge, "run 2", None)
    codes(judge, -2 * PARTS, "run 2")

    assert [] == done(judge, "run 2")


def test_what_a_reversal_leaves_by_chance_is_still_of_people() -> None:
    """They copied the pay twice, which comes to what payroll calculated later, and take one copy back."""
    judge = a_judge()
    codes(judge, PARTS, "run 1")
    judge.stands(PAY, judge.calculated(PAY, {COMPANY: 2 * PARTS}))
    codes(judge, 3 * PARTS, None)
    start(judge, "run 3", None)
    assert [] == codes(judge, 2 * PARTS, "run 3")
    codes(judge, PARTS, None)
    start(judge, "run 4", 1)
    codes(judge, 3 * PARTS, "run 4", strangers={0: [PARTS]})

    assert [] == done(judge, "run 4")


def test_what_a_run_that_is_done_has_counted_is_of_people_no_more() -> None:
    """It found the pay booked by hand and named. That people take it back, where the ledger does not show it
    yet, excuses the next one.
    """
    judge = a_judge()
    codes(judge, PARTS, None)
    judge.began("run 1")
    assert [] == done(judge, "run 1")
    codes(judge, 0, None, hidden=True)
    start(judge, "run 3")

    assert [] == done(judge, "run 3")


def test_a_half_is_seen() -> None:
    """A run books less than the pay."""
    judge = a_judge()

    assert ["wrong amount"] == codes(judge, 1, "run 1")


def test_a_loss_is_seen() -> None:
    """The pay was sent and stands nowhere, whatever a run says."""
    judge = a_judge()

    assert ["false done"] == done(judge, "run 1")
    assert ["lost"] == [wrong.code for wrong in judge.end()]


def test_an_undone_pay_that_is_booked_is_seen() -> None:
    """Payroll undid it before the pass began; undone while the run is at work is nobody's fault."""
    judge = a_judge()
    judge.stands(PAY, None)
    assert [] == codes(judge, PARTS, "run 1")

    judge = a_judge()
    judge.stands(PAY, None)
    judge.began("run 1")
    assert ["undone pay booked"] == codes(judge, PARTS, "run 1")


def test_a_pay_that_is_calculated_again_with_the_same_amount_is_the_same() -> None:
    """The books say what they should, whichever calculation was read."""
    judge = a_judge()
    judge.stands(PAY, judge.calculated(PAY, {COMPANY: PARTS}))
    judge.began("run 1")

    assert [] == codes(judge, PARTS, "run 1")


def test_a_reversal_that_takes_back_a_part_is_seen() -> None:
    """It comes to nothing, or to what a calculation says."""
    judge = a_judge()
    codes(judge, PARTS, "run 1")
    start(judge, "run 3", None)

    assert ["wrong reversal"] == codes(judge, 1, "run 3")

    judge = a_judge()
    codes(judge, PARTS, "run 1")
    start(judge, "run 3", None)
    assert [] == codes(judge, 0, "run 3")
    assert [] == done(judge, "run 3")


def test_money_of_no_run_or_of_another_pay_is_seen() -> None:
    """Whoever sent it."""
    judge = a_judge()
    judge.pays(2, {COMPANY: 1})

    assert ["booked by nobody"] == codes(judge, PARTS, "run 9")
    found = judge.holds(LEDGER, ENTITY, holding(c0=PARTS, c1=1), "run 1")
    assert ["booked by nobody"] == [wrong.code for wrong in found]


def test_accounts_that_disagree_are_seen() -> None:
    """A part of an entry is a fault of a run, and none of people."""
    balances = {**holding(c0=PARTS), "net": 0}

    assert ["torn"] == [wrong.code for wrong in a_judge().holds(LEDGER, ENTITY, balances, "run 1")]
    assert [] == a_judge().holds(LEDGER, ENTITY, balances, None)


# --- what people do -----------------------------------------------------------------------------------------


def test_nobody_is_blamed_for_what_people_book_while_a_run_is_at_work() -> None:
    """The product cannot lock the ledger; but it must not say that all is well."""
    judge = a_judge()
    codes(judge, PARTS, None)

    assert [] == codes(judge, 2 * PARTS, "run 1")
    judge.began("run 1")
    assert ["wrong at the end"] == [wrong.code for wrong in judge.end()]


def test_a_pay_that_people_had_booked_before_is_a_double() -> None:
    """The document says what it is, and the run began after it."""
    judge = a_judge()
    codes(judge, PARTS, None)
    judge.began("run 1")

    wrong = codes(judge, 2 * PARTS, "run 1", strangers={0: [PARTS]})

    assert ["booked by hand too"] == wrong


def test_a_document_that_shows_another_amount_excuses_a_run() -> None:
    """Nothing in it says that it is this pay, until somebody names it."""
    judge = a_judge()
    codes(judge, PARTS + 1, None)
    judge.began("run 1")

    assert [] == codes(judge, 2 * PARTS + 1, "run 1", strangers={0: [PARTS + 1]})


def test_a_document_that_the_ledger_does_not_show_yet_excuses_a_run() -> None:
    """Until it is shown."""
    judge = a_judge()
    codes(judge, PARTS, None, hidden=True)
    judge.began("run 1")
    assert [] == codes(judge, 2 * PARTS, "run 1", strangers={0: [PARTS]})

    judge = a_judge()
    codes(judge, PARTS, None, hidden=True)
    judge.shown(LEDGER)
    judge.began("run 1")
    assert ["booked by hand too"] == codes(judge, 2 * PARTS, "run 1", strangers={0: [PARTS]})


def test_a_ledger_that_books_after_its_time_excuses_a_run() -> None:
    """It promised to book within the settling time."""
    judge = a_judge()
    codes(judge, PARTS, "run 1")

    assert [] == codes(judge, 2 * PARTS, "run 1", excused=True)


def test_a_send_is_judged_by_the_pass_that_sent_it() -> None:
    """The ledger had the request before payroll undid the pay; it booked it while a later pass of the run was
    looking.
    """
    judge = a_judge()
    sent_by = judge.pass_of("run 1")
    judge.stands(PAY, None)
    judge.began("run 1")

    assert [] == codes(judge, PARTS, "run 1", began=sent_by)


def test_a_lie_is_told_from_a_fault() -> None:
    """A person said that the pay was booked elsewhere, and it was not."""
    assert ["lie believed"] == done(a_judge(), "run 1", lied_about=True)


def test_a_run_that_was_overtaken_says_nothing_false() -> None:
    """It says that a later calculation is booked, and that must be so."""
    judge = a_judge()
    judge.stands(PAY, judge.calculated(PAY, {COMPANY: 5}))
    assert ["false done"] == done(judge, "run 1", superseded=True)
    start(judge, "run 2", 1)
    codes(judge, 5, "run 2")
    judge.began("run 1")

    assert [] == done(judge, "run 1", superseded=True)
    assert ["false done"] == done(judge, "run 1")


@pytest.mark.parametrize(
    ("state", "owners", "due", "wrong"),
    [
        ("held", [], None, 1),
        ("held", ["payroll"], None, 0),
        ("waiting", [], None, 1),
        ("waiting", [], "10:00", 0),
        ("done", [], None, 0),
    ],
)
def test_what_is_accepted_has_an_owner(state: str, owners: list[str], due: str | None, wrong: int) -> None:
    """A run waits for somebody, or for a time."""
    assert wrong == len(ownerless([{"run": "run 1", "state": state, "owners": owners, "due": due}]))


# --- coloured money -----------------------------------------------------------------------------------------


@given(st.dictionaries(st.integers(0, 6), st.integers(-49, 50).filter(bool), max_size=7))
def test_balances_say_how_often_each_pay_is_booked(parts: dict[int, int]) -> None:
    """Whatever is booked, in any number, in the balances of all kinds of accounts."""
    balances = {kind: sum(amount(kind, c, n) for c, n in parts.items()) for kind in UNITS}

    assert 0 == sum(balances.values())
    assert parts == counted(balances)


def test_money_of_no_pay_is_told() -> None:
    """A cent is missing."""
    with pytest.raises(Torn):
        counted({**holding(c0=1), "wages": UNITS["wages"] - 1})


def test_a_colour_is_a_power_of_a_hundred_cents() -> None:
    """So the amounts of two pays are never mistaken for each other."""
    assert (100, UNITS["wages"] * 3 * 100**2) == (BASE, amount("wages", 2, 3))
