"""The headcount of an installation: workers as they were read, a pay run of payroll, a ledger's members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from tests.flows.test_workers import Members, employment, worker
from tests.payday import SOURCE, TARGET, a_pay_run

from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.headcount import Covered, Gap, GivenReason
from ml_connector.domain.worker import EmploymentState
from ml_connector.ports.paid import PaidWorkers
from ml_connector.ports.systems import System


class Paid:
    """As `ports.paid.PaidWorkers`."""

    def __init__(self) -> None:
        self.by_run: dict[str, dict[str, frozenset[str]]] = {}

    def paid(self, reference: str) -> Mapping[str, frozenset[str]]:
        return self.by_run[reference]


class Counted(Members):
    """An installation that ties its headcount. It is noon in New York on 15 July."""

    def __init__(self, **more: Any) -> None:
        self.paid = Paid()
        super().__init__(**more)

    def system(self, name: str) -> System:
        inner = super().system(name)
        if name == SOURCE:
            return replace(inner, sources={**inner.sources, PaidWorkers: self.paid})
        return inner

    @property
    def workers_flow(self) -> int:
        return int(self.access.flow("workers", SOURCE, TARGET).pk)

    @property
    def headcounts(self) -> Any:
        from ml_connector.app.headcount import Headcounts

        return Headcounts(self.access, self._assembly, self._actor)

    def pays(self, reference: str = "R1", **paid: set[str]) -> str:
        """A run of payroll up to 30 June that paid these people, by company."""
        self.paid.by_run[reference] = {
            company: frozenset(f"E{one}" for one in people) for company, people in paid.items()
        }
        self.payroll.add(a_pay_run(reference, subject=f"biweekly {reference}", companies=tuple(paid)))
        run = self.start(reference)
        self.run_to_rest()
        return run

    def show(self, *runs: str, **more: Any) -> Any:
        return self.headcounts.show(self.workers_flow, runs, **more)

    def gaps(self, *runs: str, **more: Any) -> list[tuple[str, str, Gap]]:
        found = self.show(*runs, **more).companies
        return [
            (one.company, gap.person.number or gap.person.key, gap.gap)
            for one in found
            for gap in one.remainder
        ]

    def month(self, month: str, company: str = "US1") -> Any:
        (found,) = self.headcounts.movements(self.workers_flow, date.fromisoformat(f"{month}-01"), company)
        return found


def test_payroll_pay_run_and_members_are_equal_person_by_person() -> None:
    """The day is the last of the pay period; the kinds outside are those of the flow."""
    world = Counted()
    world.people.put(
        worker("01"),
        worker("02", employment("2025-01-01", state=EmploymentState.LEAVE)),
        worker("03", employment("2025-01-01", "2026-06-20")),
        worker("04", employment("2025-01-01", company="US2")),
        worker("05", employment("2025-01-01", kind="TES")),
        worker("06", employment("2026-07-06")),
    )
    world.done()
    run = world.pays(US1={"01", "03"}, US2={"04"})

    found = world.show(run)
    first, second = found.companies

    assert (True, 3, date(2026, 6, 30)) == (found.equal, found.people, first.day)
    assert (2, 2, 2, ["05"]) == (
        first.employed,
        first.paid,
        first.members,
        [one.number for one in first.excluded],
    )
    assert [Covered.LEAVE, Covered.FINAL_PAY] == [one.rule for one in first.covered]
    assert (1, 1, 1) == (second.employed, second.paid, second.members)
    later = world.show(run, day=date(2026, 7, 6), company="US1")
    assert [Covered.LEAVE, Covered.FINAL_PAY, Covered.HIRED_LATER] == [
        one.rule for one in later.companies[0].covered
    ]


def test_what_is_left_is_named_and_a_reason_that_a_person_gave_covers_it() -> None:
    world = Counted()
    world.people.put(worker("01"), worker("02"))
    world.done()
    run = world.pays(US1={"01"})
    assert [("US1", "02", Gap.NOT_PAID)] == world.gaps(run)

    given = GivenReason(company="US1", worker="02", why="strike", until=date(2026, 6, 30))
    world.headcounts.give_reason(world.workers_flow, given)

    assert [] == world.gaps(run)
    (covered,) = world.show(run, company="US1").companies[0].covered
    assert ("strike", "anna") == (covered.why, covered.by)
    assert [("US1", "02", Gap.NOT_PAID)] == world.gaps(run, day=date(2026, 7, 1))
    assert "headcount.reason" in world.audited
    world.headcounts.give_reason(world.workers_flow, replace(given, until=date(2026, 6, 29)))
    assert [("US1", "02", Gap.NOT_PAID)] == world.gaps(run)


def foreign(code: str = "U02", entity: str = "10") -> DimensionValue:
    """A member that somebody made in the ledger for nobody of ours."""
    return DimensionValue(entity=entity, axis="cost_unit", code=code, title="Sister's")


def test_a_member_of_others_is_an_exception_that_a_person_names(tmp_path: Path) -> None:
    """By its code, also where it is given as if it were a worker; shown with who said why."""
    world = Counted()
    from ml_connector.app.headcount_sheet import write_sheet

    world.people.put(worker("01"))
    world.done()
    world.ledger_rows.edit(foreign())
    world.ledger_rows.edit(foreign("U03"))
    assert [("US1", "U02", Gap.NO_WORKER), ("US1", "U03", Gap.NO_WORKER)] == world.gaps()

    given = GivenReason(company="US1", worker="U02", why="of the sister", since=date(2026, 7, 1))
    said = world.headcounts.give_reason(world.workers_flow, given)
    world.headcounts.give_reason(world.workers_flow, replace(given, worker="U03", member=True))

    found = world.show()
    (one, _) = found.companies
    assert (True, True) == (said.member, found.equal)
    (held,) = [held for held in one.covered if held.person.number == "U02"]
    assert (Gap.NO_WORKER, "of the sister", "anna") == (held.gap, held.why, held.by)
    assert (1, 3) == (one.employed, one.members)
    shown = found.shown()["companies"][0]["covered"][0]
    assert ("U02", "open member, and not employed", "of the sister") == (
        shown["person"]["number"],
        shown["gap"],
        shown["why"],
    )
    file = tmp_path / "headcount.xlsx"
    write_sheet(found, file)
    with ZipFile(file) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
    for text in ("U02", "open member, and not employed", "of the sister", "anna"):
        assert text in texts
    assert 2 == world.audited.count("headcount.reason")
    assert [("US1", "U02", Gap.NO_WORKER), ("US1", "U03", Gap.NO_WORKER)] == world.gaps(day=date(2026, 6, 30))


def test_what_a_person_said_of_a_member_in_the_worklist_is_its_exception() -> None:
    """Asked once, answered once: until the item is open again."""
    world = Counted()
    from ml_connector.app.worklist import Worklist

    world.people.put(worker("01"))
    world.ledger_rows.edit(foreign())
    world.done()
    assert [("US1", "U02", Gap.NO_WORKER)] == world.gaps()
    listed = Worklist(world.access, world._actor)
    (item,) = [one for one in listed.open() if one.code == "plan.theirs"]

    listed.done(item.id, "the temp agency's")

    assert [] == world.gaps()
    (held,) = world.show(company="US1").companies[0].covered
    assert ("U02", "the temp agency's", "anna") == (held.person.number, held.why, held.by)


def test_an_item_that_the_product_ended_is_no_reason() -> None:
    world = Counted()
    world.people.put(worker("01"))
    world.ledger_rows.edit(foreign())
    world.done()
    del world.ledger_rows.rows[foreign().key]
    world.done()
    world.ledger_rows.edit(foreign())

    assert [("US1", "U02", Gap.NO_WORKER)] == world.gaps()


def test_a_reason_for_somebody_whom_nobody_knows_is_refused_with_the_nearest() -> None:
    """Nothing is kept. Who was paid and is not listed is known by the run."""
    world = Counted(entities="US1=10")
    from ml_connector.app.access import Unknown

    world.people.put(worker("010017"), worker("02"))
    world.done()
    world.ledger_rows.edit(foreign("UNIT-7"))
    run = world.pays(US1={"010017", "77"})
    flow, given = world.workers_flow, GivenReason(company="US1", worker="999999", why="strike")
    for wrong, member, told in (
        ("999999", False, "no number or id of a worker, nor the code of a member, in US1. `ml-connector"),
        ("010071", False, "Nearest: 010017 Worker 010017"),
        ("UNIT7", False, "Nearest: UNIT-7 Sister's"),
        ("UNIT7", True, "'UNIT7' is no code of a member in US1. Nearest: UNIT-7 Sister's"),
        ("E77", False, "is no number or id of a worker"),
    ):
        with pytest.raises(Unknown) as refused:
            world.headcounts.give_reason(flow, replace(given, worker=wrong, member=member))
        assert told in str(refused.value)
    assert "headcount.reason" not in world.audited

    world.headcounts.give_reason(flow, replace(given, worker="E77"), [run])

    assert [("US1", "02", Gap.NOT_PAID), ("US1", "UNIT-7", Gap.NO_WORKER)] == world.gaps(run)


def test_runs_of_several_pay_groups_pay_together() -> None:
    world = Counted()
    world.people.put(worker("01"), worker("02"))
    world.done()
    weekly, monthly = world.pays("R1", US1={"01"}), world.pays("R2", US1={"02"})

    assert [("US1", "02", Gap.NOT_PAID)] == world.gaps(weekly)
    assert [] == world.gaps(weekly, monthly)


def test_without_a_run_employed_and_members_are_tied_today() -> None:
    """A company that no run is of is not called unpaid."""
    world = Counted()
    world.people.put(worker("01"), worker("04", employment("2025-01-01", company="US2")))
    world.done()
    assert [] == world.gaps()
    del world.ledger_rows.rows["10/cost_unit/01"]
    world.ledger_rows.edit(DimensionValue(entity="10", axis="cost_unit", code="X", title="By hand"))

    found = world.show()
    assert [("US1", "01", Gap.NO_MEMBER), ("US1", "X", Gap.NO_WORKER)] == world.gaps()
    assert (date(2026, 7, 15), None) == (found.companies[0].day, found.companies[0].paid)
    assert [None] == [
        one.paid for one in world.show(world.pays(US1={"01"})).companies if one.company == "US2"
    ]


def test_one_register_for_all_companies_is_tied_by_company() -> None:
    world = Counted(shared=True)
    world.people.put(worker("01"), worker("04", employment("2025-01-01", company="US2")))
    world.done()

    assert [] == world.gaps()
    assert [1, 1] == [one.members for one in world.show().companies]


def test_a_code_is_the_one_that_the_flow_writes() -> None:
    world = Counted(code="short")
    world.people.put(worker("01"))
    world.done()

    assert [] == world.gaps()


def test_who_is_paid_in_a_company_that_the_flow_leaves_out_is_seen() -> None:
    world = Counted(entities="US1=10")
    world.people.put(worker("01"))
    world.done()

    found = world.gaps(world.pays(US1={"01"}, US2={"09"}))
    assert [("US2", "E09", Gap.NOT_EMPLOYED)] == found


def test_a_month_that_was_reported_says_what_changed_since() -> None:
    """N3: the leaver of 28 June is entered in July. What was reported stays what it was."""
    world = Counted()
    world.people.put(worker("01"), worker("09"))
    world.done()
    assert (2, None) == (len(world.month("2026-06").movements.closing), world.month("2026-06").since)
    world.people.put(worker("09", employment("2025-01-01", "2026-06-28")))
    world.done()

    july, june = world.month("2026-07"), world.month("2026-06")

    assert (1, 2, ["09"]) == (
        len(july.movements.opening),
        july.earlier.reported,
        [one.number for one in july.earlier.fewer],
    )
    assert ((), True) == (july.movements.leavers, july.movements.adds_up)
    assert (2, ["09"]) == (june.since.reported, [one.number for one in june.since.fewer])
    assert 1 == world.audited.count("headcount.reported")


def test_a_month_that_is_not_over_is_not_kept() -> None:
    world = Counted()
    world.people.put(worker("01"))
    world.done()
    world.month("2026-07")
    world.people.put(worker("02"))
    world.done()

    assert None is world.month("2026-07").since
    assert "headcount.reported" not in world.audited


def test_a_workbook_has_the_figures_and_the_people(tmp_path: Path) -> None:
    """Everything but a count is text: a name is not calculated. What is there is not overwritten."""
    from ml_connector.app.headcount_sheet import write_sheet
    from ml_connector.app.private_file import AlreadyThere

    world = Counted()
    world.people.put(worker("01"), worker("02", name='=HYPERLINK("http://x")'))
    world.people.put(worker("05", employment("2025-01-01", kind="TES")))
    world.done()
    found, file = world.show(world.pays(US1={"01"})), tmp_path / "headcount.xlsx"

    write_sheet(found, file)

    with ZipFile(file) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
        sheets = [book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2)]
    for text in ("=HYPERLINK", "employed, and not paid", "excluded by rule", "both count"):
        assert text in texts
    assert "<v>2</v>" in sheets[0]
    assert not [sheet for sheet in sheets if "<f>" in sheet]
    assert 0o600 == file.stat().st_mode & 0o777
    with pytest.raises(AlreadyThere):
        write_sheet(found, file)


def test_what_cannot_be_asked_or_said_is_refused() -> None:
    from ml_connector.app.access import Unknown
    from ml_connector.app.refusals import NotAllowed

    world = Counted()
    flow, given = world.workers_flow, GivenReason(company="US1", worker="01", why="strike")
    with pytest.raises(NotAllowed, match="No worker was read yet"):
        world.show()
    world.people.put(worker("01"))
    aligned = world.align()
    refused = [
        (NotAllowed, "is no payroll of pay", lambda: world.show(aligned.id)),
        (NotAllowed, "has read no pay run yet", lambda: world.show(world.start("R7"))),
        (Unknown, "no run 'x'", lambda: world.show("x")),
        (Unknown, "no company 'US9'", lambda: world.show(company="US9")),
        (Unknown, "no company 'US9'", lambda: world.month("2026-06", "US9")),
        (Unknown, "no flow 99", lambda: world.headcounts.show(99)),
        (NotAllowed, "no flow of workers", lambda: world.headcounts.show(world._flow.pk)),
        (
            Unknown,
            "no company 'US9'",
            lambda: world.headcounts.give_reason(flow, replace(given, company="US9")),
        ),
        (NotAllowed, "Say why", lambda: world.headcounts.give_reason(flow, replace(given, why=" "))),
        (
            NotAllowed,
            "number of the worker",
            lambda: world.headcounts.give_reason(flow, replace(given, worker="")),
        ),
        (
            NotAllowed,
            "before the first one",
            lambda: world.headcounts.give_reason(
                flow, replace(given, since=date(2026, 6, 2), until=date(2026, 6, 1))
            ),
        ),
    ]
    for kind, told, act in refused:
        with pytest.raises(kind, match=told):
            act()


def test_what_is_to_come_is_listed_until_its_day_in_the_company() -> None:
    """It follows what payroll moves and takes back; the day is that of the legal entity's zone."""
    world = Counted()
    world.people.put(
        worker("01", employment("2025-01-01", "2026-07-31")),
        worker("02", employment("2026-08-03", company="US2")),
        worker("03", employment("2025-01-01", company="XX", end="2026-07-31")),
    )
    world.align()

    def listed(**more: Any) -> list[tuple[str, str, str, str]]:
        return [
            (str(one.coming.day), one.coming.company, one.number, str(one.coming.step))
            for one in world.headcounts.coming(world.workers_flow, **more)
        ]

    assert [("2026-07-31", "US1", "01", "leaving"), ("2026-08-03", "US2", "02", "hire")] == listed()
    assert [("2026-08-03", "US2", "02", "hire")] == listed(company="US2")
    world.people.put(worker("01"), worker("02", employment("2026-08-10", company="US2")))
    world.align()
    assert [("2026-08-10", "US2", "02", "hire")] == listed()
    world.move("2026-08-10T03:30")
    assert 1 == len(listed())
    world.move("2026-08-10T04:30")
    assert [] == listed()
