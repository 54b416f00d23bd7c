"""Two installations at the same books: one was restored from a backup, and the other lives on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from moving_world.driver import OPENINGS, Step, replay
from moving_world.install import Ground, ground
from moving_world.shape import LEDGERS, VENDORS, Flow, Shape
from moving_world.twin import is_double

ONE_PAY = Shape(
    companies={"pay-a": ("A1",)},
    flows=(Flow(source="pay-a", target="books", mode="approve", entities={"A1": "1204"}),),
    block_rows=100,
    lag_seconds=0,
    keeps_marker=True,
    opening="one waits",
    liars=False,
    hostile=False,
)
RESTORED: tuple[Step, ...] = (
    *OPENINGS["one waits"],
    ("back up", 0),
    ("restore beside the living", 0),
    ("change the mode", 0, 0),
    ("rest",),
    ("resume", 0),
    ("rest",),
)
OTHER_POSTS: Step = ("the other installation works", 0, 0)
WE_POST: tuple[Step, ...] = (("approve", 0, 1), ("rest",))


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    """What the worlds of these tests stand on."""
    with ground() as found:
        yield found


@pytest.mark.parametrize("vendor", sorted({*VENDORS}))
@pytest.mark.parametrize("steps", [(OTHER_POSTS, *WE_POST), (*WE_POST, OTHER_POSTS)])
def test_a_pay_that_both_approved_is_booked_once(place: Ground, steps: tuple[Step, ...], vendor: str) -> None:
    """Whichever comes first, the other finds it. A send begins with a document that is nothing yet in the
    ledgers that take it in parts.
    """
    shape = replace(ONE_PAY, vendors=dict.fromkeys(LEDGERS, vendor))

    outcome = replay(place, 0, shape, (*RESTORED, *steps))

    assert [] == [str(wrong) for wrong in outcome.violations]
    changes = [line for line in outcome.trace if "books 1204 is changed by" in line]
    assert ["pay 1 A1 2"] == [line[-10:] for line in changes if not line.endswith("nothing")], changes


@pytest.mark.parametrize("vendor", sorted({*VENDORS}))
def test_a_difference_may_be_as_big_as_what_stands(place: Ground, vendor: str) -> None:
    """Payroll calculates the pay again, with twice the amount. The other installation books the difference,
    and that is no second booking of the pay.
    """
    shape = replace(ONE_PAY, vendors=dict.fromkeys(LEDGERS, vendor), opening="one is booked")
    twice: tuple[Step, ...] = (("payroll calculates again", 0, 3, 1), ("run payroll", 0), ("rest",))
    restored: tuple[Step, ...] = (("back up", 0), ("restore beside the living", 0))

    outcome = replay(place, 0, shape, (*OPENINGS["one is booked"], *twice, *restored, OTHER_POSTS))

    assert [] == [str(wrong) for wrong in outcome.violations]
    changes = [line for line in outcome.trace if "books 1204 is changed by" in line]
    assert "pay 1 A1 4" == changes[-1][-10:], changes


@pytest.mark.parametrize(
    ("stood", "added", "right", "double"),
    [
        (2, 2, 2, True),
        (2, 2, 4, False),
        (2, 2, 3, True),
        (2, 1, 3, False),
        (2, 2, 0, True),
        (2, -2, 0, False),
    ],
)
def test_what_is_right_tells_a_double_from_a_difference(
    stood: int, added: int, right: int, double: bool
) -> None:
    """A pay that was booked, what the other installation added to it, and what payroll paid in truth."""
    assert double == is_double(stood, added, stood + added, right)
