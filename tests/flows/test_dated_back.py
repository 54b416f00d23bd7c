"""A move that is dated back into a pay that is booked: one thing for people, and nothing is booked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.flows.test_workers import Members, employment, worker

from ml_connector.contract.reference_register import ReferenceRegister
from ml_connector.domain import codec
from ml_connector.domain.dated_back import BookedPay, Move, moves_between
from ml_connector.domain.dimension import Dimension, Dimensions
from ml_connector.domain.journal import total
from ml_connector.domain.worker import Employment, Placement
from ml_connector.flows.flow import Mode
from ml_connector.ports.registers import RegisterLimits
from ml_connector.ports.runs import RunState

PAY = "biweekly 2026-06-30"
DAY = timedelta(days=1)


def on(code: str) -> Dimensions:
    return (Dimension("department", code),)


def placed(*rows: tuple[str, str], now: str = "") -> Employment:
    """Placed on codes from days on, as the source knows them; on the last one now."""
    known = tuple(Placement(since=date.fromisoformat(day), codes=on(code), letter="A") for day, code in rows)
    return employment("2025-01-01", codes=on(now or rows[-1][1]), placements=known)


HIRED, MOVED = ("2025-01-01", "100"), ("2026-06-20", "200")


class Booked(Members):
    """The pay of June is booked in both companies, and E01 is known in department 100."""

    def __init__(self, *rows: tuple[str, str], axis: str = "cost_unit", number: str = "01") -> None:
        super().__init__(axis=axis)
        self.number = number
        self.register = ReferenceRegister(self.ledger_rows, RegisterLimits(axes=frozenset({axis})))
        self.set_mode(Mode.AUTOMATIC)
        assert RunState.DONE is self.post("R1").state
        self.people.put(worker(number, placed(*rows, now="100")), worker("02"))
        self.done()
        self.documents = len(self.commit_rows())

    def moved(self, *rows: tuple[str, str], tell: bool = True) -> dict[str, str]:
        """E01 is placed so; what a pass finds for people, by subject."""
        self.people.put(worker(self.number, placed(*rows)), tell=tell)
        return self.look()

    def look(self) -> dict[str, str]:
        assert {} == self.done()
        assert self.documents == len(self.commit_rows())
        return self.told()

    def told(self) -> dict[str, str]:
        from ml_connector.app.worklist import Worklist

        self._use()
        found = Worklist(self.access, self._actor).open()
        return {item.subject: item.text for item in found if item.code == "worker.dated_back"}


@pytest.mark.parametrize("known", [(), (HIRED,)], ids=["as of now", "by days"])
def test_a_move_that_is_dated_back_is_told_once_with_the_documents(
    known: tuple[tuple[str, str], ...],
) -> None:
    """Not again the next day, nor after a person ended it; and nothing is booked."""
    world = Booked(*known)
    found = world.moved(HIRED, MOVED)
    assert [f"E01/US1/{PAY}"] == list(found)
    (text,) = found.values()
    assert "of it for the worker" not in text
    for part in ("Worker 01", "since 2026-06-20 department 100 → 200", f"Pay {PAY}", ", in document-"):
        assert part in text
    world.move("2026-07-16T16:00")
    assert found == world.look()

    from ml_connector.app.access import Actor
    from ml_connector.app.worklist import Worklist

    worklist = Worklist(world.access, Actor("anna", "test"))
    (item,) = [item for item in worklist.open() if item.code == "worker.dated_back"]
    worklist.done(item.id, "booked by hand")
    world.move("2026-07-17T16:00")
    assert {} == world.look()


def test_the_amount_is_that_of_the_lines_that_name_the_worker() -> None:
    """Where the ledger's axis of people is booked on: all debits of the pay in the company."""
    world = Booked(HIRED, axis="cost_center", number="SALES")
    entries = [codec.decode(row.content) for row in world.commit_rows().values() if row.entity == "10"]
    named = Dimension("cost_center", "SALES")
    booked = [line.amount for entry in entries for line in entry.lines if named in line.dimensions]

    (text,) = world.moved(HIRED, MOVED).values()
    assert f"{total((one for one in booked if one.amount > 0), 'EUR')} of it for the worker" in text


def test_a_move_after_the_pay_or_one_that_was_known_is_told_to_nobody() -> None:
    """The second was entered before it took effect, and before the pay was booked."""
    world = Booked(HIRED, ("2026-07-16", "200"))
    world.move("2026-07-17T16:00")
    assert {} == world.moved(HIRED, ("2026-07-16", "200"))
    assert {} == world.moved(HIRED, ("2026-07-01", "300"))


def test_a_move_that_is_taken_back_takes_out_what_was_told() -> None:
    world = Booked(HIRED)
    assert world.moved(HIRED, MOVED)

    assert {} == world.moved(HIRED)


def test_a_move_that_is_dated_anew_is_one_thing() -> None:
    world = Booked(HIRED)
    world.moved(HIRED, MOVED)

    ((subject, text),) = world.moved(HIRED, ("2026-06-10", "200")).items()
    assert f"E01/US1/{PAY}" == subject
    assert "since 2026-06-10 department 100 → 200" in text


def test_what_nobody_told_is_found_by_the_weekly_read() -> None:
    """Whoever is placed otherwise is read alone, with what held before."""
    world = Booked(HIRED)
    world.people.noted.clear()
    assert {} == world.moved(HIRED, MOVED, tell=False)
    world.people.calls.clear()
    world.move("2026-07-23T16:00")

    assert [f"E01/US1/{PAY}"] == list(world.look())
    assert ["changed", "workers", "read"] == world.people.calls


def test_a_pay_that_was_taken_back_is_not_concerned() -> None:
    world = Booked(HIRED)
    (first, *_) = [row.run for row in world.commit_rows().values()]
    world.reverse(first)
    world.run_to_rest()
    world.documents = len(world.commit_rows())

    assert {} == world.moved(HIRED, MOVED)


# --- days ---------------------------------------------------------------------------------------------------

SEEN, TODAY = date(2026, 4, 9), date(2026, 4, 10)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (placed(now="100"), placed(HIRED, ("2026-03-01", "200")), [("2026-03-01", None, "100", "200")]),
        (placed(HIRED), placed(HIRED, ("2026-03-01", "200")), [("2026-03-01", None, "100", "200")]),
        (placed(now="200"), placed(HIRED, ("2026-02-01", "200")), []),
        (placed(HIRED), placed(HIRED, ("2026-05-01", "200"), now="100"), []),
        (
            placed(HIRED, ("2026-03-15", "200")),
            placed(HIRED, ("2026-03-01", "200")),
            [("2026-03-01", "2026-03-14", "100", "200")],
        ),
        (placed(HIRED, ("2026-03-01", "200")), placed(HIRED), [("2026-03-01", None, "200", "100")]),
        (placed(("2026-04-09", "100"), ("2026-04-10", "200")), placed(HIRED, ("2026-04-10", "200")), []),
    ],
)
def test_what_is_known_otherwise_is_said_by_its_days(
    before: Employment, now: Employment, expected: list[tuple[str, str | None, str, str]]
) -> None:
    found = moves_between(before, now, SEEN, TODAY)

    said = [
        (f"{m.since}", f"{m.until}" if m.until else None, m.before[0].code, m.after[0].code) for m in found
    ]
    assert expected == said


@pytest.mark.parametrize(
    ("since", "until", "meets"),
    [
        ("2026-03-31", None, True),
        ("2026-04-01", None, False),
        ("2026-02-01", "2026-03-15", False),
        ("2026-02-01", "2026-03-16", True),
    ],
)
def test_a_pay_is_concerned_on_the_days_of_its_period(since: str, until: str | None, meets: bool) -> None:
    move = Move(
        since=date.fromisoformat(since),
        until=date.fromisoformat(until) if until else None,
        before=on("100"),
        after=on("200"),
    )
    pay = BookedPay(name="P", company="US1", first=date(2026, 3, 16), last=date(2026, 3, 31))

    assert meets is pay.meets(move)
