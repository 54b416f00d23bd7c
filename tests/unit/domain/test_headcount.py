"""The headcount of a company, tied person by person, and the movements of its month."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.headcount import Covered, Gap, GivenReason, Headcount, Question, headcount
from ml_connector.domain.movements import Movements, month_of, movements, restated
from ml_connector.domain.worker import Employment, EmploymentState, Worker

DAY = date(2026, 4, 30)


def job(start: str = "2025-01-01", end: str = "", company: str = "US1", **more: Any) -> Employment:
    day = date.fromisoformat
    return Employment(company=company, start=day(start), end=day(end) if end else None, **more)


def worker(number: int | str, *jobs: Employment) -> Worker:
    return Worker(key=f"E{number}", number=str(number), name=f"Name {number}", employments=jobs or (job(),))


def keys(*numbers: int) -> frozenset[str]:
    return frozenset(f"E{number}" for number in numbers)


def count(workers: list[Worker], day: date = DAY, **more: Any) -> Headcount:
    asked = {name: more.pop(name) for name in ("period_end", "excluded", "seen") if name in more}
    asked.setdefault("seen", day)
    return headcount(Question(company="US1", day=day, **asked), workers, **more)


def left_over(found: Headcount) -> dict[str, Gap]:
    return {one.person.number or one.person.key: one.gap for one in found.remainder}


def covered(found: Headcount) -> dict[str, Covered]:
    return {one.person.number: one.rule for one in found.covered}


def member(code: int | str, **more: Any) -> DimensionValue:
    return DimensionValue(entity="10", axis="cost_unit", code=str(code), title=f"Name {code}", **more)


# --- payroll and pay run ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "counted"), [("2026-04-30", 2), ("2026-05-01", 1)])
def test_the_first_and_the_last_day_count(day: str, counted: int) -> None:
    """N1."""
    people = [
        worker(1, job("2026-04-30")),
        worker(2, job("2025-01-01", "2026-04-30")),
        worker(3, job("2025-01-01", "2026-04-29")),
    ]

    assert counted == count(people, date.fromisoformat(day)).employed


def hundred() -> list[Worker]:
    """N2: 98 and 99 are on leave, 100 was hired after the period, 101 has left."""
    people = [worker(number) for number in range(1, 98)]
    people += [worker(number, job(state=EmploymentState.LEAVE)) for number in (98, 99)]
    people += [worker(100, job("2026-04-28")), worker(101, job("2025-01-01", "2026-04-12"))]
    return people


PAID = keys(*range(1, 98), 101)


def test_every_difference_has_a_person_and_a_reason() -> None:
    """N2, by rules."""
    found = count(hundred(), period_end=date(2026, 4, 26), paid=PAID)

    assert (100, 98, True) == (found.employed, found.paid, found.equal)
    assert {
        "98": Covered.LEAVE,
        "99": Covered.LEAVE,
        "100": Covered.HIRED_LATER,
        "101": Covered.FINAL_PAY,
    } == covered(found)


def test_without_its_reason_the_person_is_the_remainder() -> None:
    """N2: one too few is not made up for by one too many, and equal sums explain nothing."""
    people = [worker(number) for number in range(1, 101)]
    given = [
        GivenReason(company="US1", worker=number, why="said so", by="ada")
        for number in ("98", "99", "100", "E101")
    ]

    assert count(people, paid=PAID, reasons=given).equal
    without = count(people, paid=PAID, reasons=[one for one in given if one.worker != "99"])
    assert (False, {"99": Gap.NOT_PAID}) == (without.equal, left_over(without))
    swapped = count(people, paid=keys(*range(1, 100), 200))
    assert swapped.employed == swapped.paid
    assert {"100": Gap.NOT_PAID, "E200": Gap.NOT_EMPLOYED} == left_over(swapped)


@pytest.mark.parametrize(
    ("reason", "holds"),
    [
        ({}, True),
        ({"worker": "E1"}, True),
        ({"worker": "2"}, False),
        ({"company": "US2"}, False),
        ({"since": DAY, "until": DAY}, True),
        ({"since": date(2026, 5, 1)}, False),
        ({"until": date(2026, 4, 29)}, False),
    ],
)
def test_a_reason_holds_for_its_person_company_and_days(reason: dict[str, Any], holds: bool) -> None:
    given = GivenReason(**{"company": "US1", "worker": "1", "why": "strike", "by": "ada", **reason})
    found = count([worker(1)], paid=keys(), reasons=[given])

    assert holds == found.equal
    assert [("strike", "ada")] * holds == [(one.why, one.by) for one in found.covered]


@pytest.mark.parametrize(
    ("jobs", "rule"),
    [
        ((job("2025-01-01", "2026-04-29"),), Covered.FINAL_PAY),
        ((job("2025-01-01", "2026-01-28"),), Covered.FINAL_PAY),
        ((job("2025-01-01", "2026-01-27"),), None),
        ((job("2025-01-01", "2026-04-10", moved=True), job("2026-04-11", company="US2")), Covered.MOVED),
        ((job("2026-05-01"),), None),
        ((job(company="US2"),), None),
        ((job(kind="TES"),), Covered.EXCLUDED),
    ],
)
def test_who_is_paid_and_not_employed_has_left_lately_or_is_of_an_excluded_kind(
    jobs: tuple[Employment, ...], rule: Covered | None
) -> None:
    """P4: severance is paid after the last day. Long after it, no rule knows why."""
    found = count([worker(1, *jobs)], paid=keys(1), excluded=frozenset({"TES"}))

    assert ({"1": rule} if rule else {}) == covered(found)
    assert ({} if rule else {"1": Gap.NOT_EMPLOYED}) == left_over(found)


@pytest.mark.parametrize("state", [EmploymentState.ACTIVE, EmploymentState.UNKNOWN, EmploymentState.ENDED])
def test_only_leave_lets_somebody_go_unpaid(state: EmploymentState) -> None:
    """P10: on leave they are counted, and no pay is expected; what nobody has explained covers nothing."""
    found = count([worker(1, job(state=state)), worker(2, job(state=EmploymentState.LEAVE))], paid=keys())

    assert (2, {"1": Gap.NOT_PAID}, {"2": Covered.LEAVE}) == (
        found.employed,
        left_over(found),
        covered(found),
    )


def test_who_is_on_leave_and_paid_is_no_difference() -> None:
    found = count([worker(1, job(state=EmploymentState.LEAVE))], paid=keys(1))

    assert (True, ()) == (found.equal, found.covered)


def test_hired_on_the_last_day_of_the_period_is_expected_to_be_paid() -> None:
    people = [worker(1, job("2026-04-26")), worker(2, job("2026-04-27"))]
    found = count(people, period_end=date(2026, 4, 26), paid=keys())

    assert ({"1": Gap.NOT_PAID}, {"2": Covered.HIRED_LATER}) == (left_over(found), covered(found))


def test_who_works_in_two_companies_may_be_paid_in_the_one_that_counts_them() -> None:
    """P9: each company counts them."""
    both = worker(1, job(home=False), job(company="US2"))
    here, there = count([both], paid=keys()), count([replace(both, employments=(job(),))], paid=keys())

    assert (1, {"1": Covered.OTHER_COMPANY}) == (here.employed, covered(here))
    assert {"1": Gap.NOT_PAID} == left_over(there)


def test_a_leaver_of_a_later_month_is_counted() -> None:
    """N5: the day decides, and not what the state says today."""
    gone = worker(1, job("2025-01-01", "2026-06-15", state=EmploymentState.ENDED))

    found = count([gone], date(2026, 5, 31), seen=date(2026, 6, 20), paid=keys(1))

    assert (1, True) == (found.employed, found.equal)


def test_kinds_outside_are_listed_with_their_number() -> None:
    """N6."""
    people = [worker(number, job(kind="TES")) for number in (7, 8, 9)] + [worker(1)]
    found = count(people, excluded=frozenset({"TES"}), paid=keys(1))

    assert (1, ["E7", "E8", "E9"]) == (found.employed, [one.key for one in found.excluded])
    assert found.equal


# --- members ------------------------------------------------------------------------------------------------


def test_members_are_tied_person_by_person() -> None:
    people = [worker(1), worker(2), worker(3, job("2025-01-01", "2026-04-29")), worker("")]
    rows = [member(1), member(2, open=False, until=date(2026, 4, 29)), member(3), member("X")]
    found = count(people, members=rows)

    assert (3, 3, None) == (found.employed, found.members, found.paid)
    assert {"2": Gap.NO_MEMBER, "3": Gap.NO_WORKER, "E": Gap.NO_MEMBER, "X": Gap.NO_WORKER} == left_over(
        found
    )


def test_two_workers_of_one_code_are_not_one() -> None:
    people = [worker("07"), worker("7")]
    found = count(people, members=[member(7)], code_of=lambda one: one.number.lstrip("0"))

    assert {"07": Gap.SAME_CODE, "7": Gap.SAME_CODE} == left_over(found)


@pytest.mark.parametrize(
    ("row", "day", "equal"),
    [
        ({"open": False, "until": DAY}, DAY, True),
        ({"open": True, "until": DAY}, DAY, True),
        ({"open": True, "until": date(2026, 4, 29)}, DAY, False),
        ({"open": False, "until": date(2026, 6, 1)}, date(2026, 6, 20), False),
    ],
)
def test_a_member_is_open_to_its_last_day(row: dict[str, Any], day: date, equal: bool) -> None:
    assert equal == count([worker(1)], day, seen=date(2026, 6, 20), members=[member(1, **row)]).equal


def test_what_a_register_does_not_tell_of_a_day_that_is_over_is_no_difference() -> None:
    """The member of somebody hired since, and one closed since without its day."""
    people = [worker(1, job("2026-05-04")), worker(2, job("2025-01-01", "2026-05-10"))]
    rows = [member(1), member(2, open=False)]

    assert count(people, seen=date(2026, 6, 20), members=rows).equal
    assert {"1": Gap.NO_WORKER, "2": Gap.NO_MEMBER} == left_over(count(people, members=rows))


def test_companies_that_share_their_members_do_not_hold_each_others_against_them() -> None:
    """One that nobody knows is named in both; a leaver's, in the company that had them."""
    people = [
        worker(1),
        worker(2, job(company="US2")),
        worker(3, job("2025-01-01", "2026-04-01", company="US2")),
    ]
    found = count(people, members=[member(1), member(2), member(3)], sharing={"US2"})

    assert (1, {}) == (found.members, left_over(found))
    assert {"2": Gap.NO_WORKER, "3": Gap.NO_WORKER} == left_over(
        count(people, members=[member(1), member(2), member(3)])
    )
    assert {"X": Gap.NO_WORKER} == left_over(count([], members=[member("X")], sharing={"US2"}))


# --- movements ----------------------------------------------------------------------------------------------


def moved(people: list[Worker], month: str, company: str = "US1", **more: Any) -> Movements:
    found = movements(company, *month_of(date.fromisoformat(f"{month}-15")), people, **more)
    assert found.adds_up
    return found


def numbers(found: Movements) -> dict[str, list[str]]:
    kinds = ("hires", "rehires", "transfers_in", "leavers", "transfers_out")
    return {kind: [one.number for one in getattr(found, kind)] for kind in kinds if getattr(found, kind)}


def test_a_month_goes_from_its_opening_to_its_closing() -> None:
    people = [
        worker(1),
        worker(2, job("2026-05-31")),
        worker(3, job("2020-01-01", "2020-12-31"), job("2026-05-04")),
        worker(4, job("2025-01-01", "2026-05-30")),
        worker(5, job("2025-01-01", "2026-05-31")),
        worker(6, job("2025-01-01", "2026-04-30")),
    ]
    found = moved(people, "2026-05")

    assert {"hires": ["2"], "rehires": ["3"], "leavers": ["4", "6"]} == numbers(found)
    assert (4, 4) == (len(found.opening), len(found.closing))
    assert {"leavers": ["5"]} == numbers(moved(people, "2026-06"))


def test_start_and_end_on_one_day_is_a_hire_and_a_leaver() -> None:
    """N4."""
    people = [worker(1, job("2026-05-12", "2026-05-12"))]
    found = moved(people, "2026-05")

    assert ({"hires": ["1"], "leavers": ["1"]}, 0) == (numbers(found), len(found.closing))
    assert 1 == count(people, date(2026, 5, 12), paid=keys(1)).employed


@pytest.mark.parametrize(("end", "start"), [("2026-03-31", "2026-04-01"), ("2026-04-05", "2026-04-02")])
def test_a_move_is_one_out_and_one_in(end: str, start: str) -> None:
    """P1: no leaver, no hire, no rehire; also where the two overlap."""
    people = [worker(1, job("2025-01-01", end, moved=True), job(start, company="US2"))]

    assert {"transfers_out": ["1"]} == numbers(moved(people, "2026-04"))
    assert {"transfers_in": ["1"]} == numbers(moved(people, "2026-04", "US2"))


def test_a_move_back_is_a_move_and_a_leaver_who_is_hired_elsewhere_is_none() -> None:
    back = worker(
        1,
        job("2025-01-01", "2026-04-09", moved=True),
        job("2026-04-10", "2026-04-20", "US2", moved=True),
        job("2026-04-21"),
    )
    gone = worker(2, job("2025-01-01", "2026-04-09"), job("2026-04-10", company="US2"))

    assert {"transfers_in": ["1"], "transfers_out": ["1"], "leavers": ["2"]} == numbers(
        moved([back, gone], "2026-04")
    )
    assert {"transfers_in": ["1"], "transfers_out": ["1"], "hires": ["2"]} == numbers(
        moved([back, gone], "2026-04", "US2")
    )


def test_a_hire_long_after_a_move_is_no_move() -> None:
    people = [worker(1, job("2024-01-01", "2025-01-31", moved=True), job("2026-04-10", company="US2"))]

    assert {"hires": ["1"]} == numbers(moved(people, "2026-04", "US2"))


def test_employments_without_a_break_are_no_movement() -> None:
    people = [worker(1, job("2025-01-01", "2026-04-14"), job("2026-04-15"), job("2026-04-01", "2026-04-20"))]

    assert {} == numbers(moved(people, "2026-04"))


def test_kinds_outside_do_not_move() -> None:
    people = [worker(1, job("2026-04-14", kind="TES"))]

    assert {} == numbers(moved(people, "2026-04", excluded={"TES"}))


def test_a_leaver_entered_late_restates_the_month_that_was_reported() -> None:
    """N3: April closed with 250; May opens with 249, and its movements add up."""
    people = [worker(number) for number in range(1, 251)]
    reported = moved(people, "2026-04").closing
    people[8] = worker(9, job("2025-01-01", "2026-04-28"))
    may = moved(people, "2026-05")
    found = restated(reported, may.opening, people)

    assert found is not None
    assert (250, 249, ["E9"], []) == (
        found.reported,
        len(may.opening),
        [one.key for one in found.fewer],
        [one.key for one in found.more],
    )
    assert {} == numbers(may)
    assert None is restated(may.opening, may.opening, people)


# --- exceptions of members ----------------------------------------------------------------------------------


def no_worker(code: str = "U02", **more: Any) -> GivenReason:
    given = {"company": "US1", "worker": code, "why": "of the sister", "by": "ada", **more}
    return GivenReason(**given, member=True)


def test_a_member_that_is_nobody_of_ours_is_an_exception_by_a_reason() -> None:
    """It is a member all the same, and is named with who said why."""
    members = [member(1), member("U02")]
    assert {"U02": Gap.NO_WORKER} == left_over(count([worker(1)], members=members))

    found = count([worker(1)], members=members, reasons=[no_worker()])

    assert (True, 1, 2) == (found.equal, found.employed, found.members)
    (one,) = found.covered
    assert ("U02", "Name U02", Gap.NO_WORKER) == (one.person.number, one.person.name, one.gap)
    assert (Covered.REASON, "of the sister", "ada") == (one.rule, one.why, one.by)


@pytest.mark.parametrize(
    ("more", "covers"),
    [
        ({}, True),
        ({"company": "US2"}, False),
        ({"code": "U03"}, False),
        ({"since": DAY, "until": DAY}, True),
        ({"since": date(2026, 5, 1)}, False),
        ({"until": date(2026, 4, 29)}, False),
    ],
)
def test_an_exception_of_a_member_holds_for_its_code_company_and_days(more: Any, covers: bool) -> None:
    assert covers == count([], members=[member("U02")], reasons=[no_worker(**more)]).equal


def test_where_companies_share_the_members_one_reason_is_for_the_member() -> None:
    found = count([], members=[member("U02")], reasons=[no_worker(company="US2")], sharing=["US2"])

    assert found.equal


def test_a_reason_of_the_pay_covers_no_member_and_the_other_way_round() -> None:
    """Who gave one did not look at the other."""
    left = [worker(1, job("2025-01-01", "2026-04-01")), worker(2)]
    pay = GivenReason(company="US1", worker="1", why="strike")
    assert {"1": Gap.NO_WORKER} == left_over(count(left, members=[member(1), member(2)], reasons=[pay]))
    assert {"2": Gap.NOT_PAID} == left_over(count(left, paid=keys(), reasons=[no_worker("2")]))


def test_an_exception_of_a_member_covers_no_missing_one() -> None:
    """The reason was that nobody of ours is behind the code; then somebody was hired with it."""
    closed = member("7", open=False, until=date(2026, 1, 1))

    found = count([worker(7)], members=[closed], reasons=[no_worker("7")])
    assert {"7": Gap.NO_MEMBER} == left_over(found)


def test_a_leaver_whose_member_stays_open_can_be_an_exception() -> None:
    """By the code of the member, and named as payroll knows them."""
    left = [worker("0012", job("2025-01-01", "2026-04-01"))]
    asked = {"members": [member("12")], "code_of": lambda one: one.number.lstrip("0")}

    found = count(left, reasons=[no_worker("12")], **asked)

    assert found.equal
    assert ["0012"] == [one.person.number for one in found.covered]
