"""F1: a pay run becomes entries, stopped by everything that should stop it, posted once, proved on both
sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from tests.payday import SOURCE, TARGET, Crash, World, a_pay_run, blocks_of, company_rows, row, usual_balances

from ml_connector.app.refusals import NotAllowed
from ml_connector.contract import world as faults
from ml_connector.domain.document import Marker
from ml_connector.domain.journal import Account, BookedEntry, JournalEntry, JournalLine
from ml_connector.domain.mapping import MappingRule, Target
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import Block
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Share, Subject
from ml_connector.errors import PeriodClosed
from ml_connector.flows.flow import Mode
from ml_connector.flows.posting.consent import proposal_fingerprint
from ml_connector.ports.commits import CommitState, Origin
from ml_connector.ports.ledger import Look, Place
from ml_connector.ports.runs import RunState
from ml_connector.runs.intent import Committer

BY_HAND = JournalEntry(
    key="by hand",
    entity="10",
    journal="90",
    posting_date=date(2026, 6, 15),
    currency="EUR",
    text="Payroll June, by hand",
    lines=(
        JournalLine(account="4000", amount=Money.parse("1.00", "EUR")),
        JournalLine(account="1700", amount=Money.parse("-1.00", "EUR")),
    ),
)


def assert_held(world: World, run: str, codes: list[str]) -> None:
    """The run waits for a person with exactly these problems, and nothing was booked."""
    assert (RunState.HELD, sorted(codes)) == (world.at(run).state, sorted(world.problems(run)))
    assert {} == {key: minor for key, minor in world.balances().items() if key[1] not in ("4000", "1700")}
    assert [] == world.intents()


# --- the walk -----------------------------------------------------------------------------------------------


def test_a_pay_run_is_posted_and_tied_out() -> None:
    """Every company gets its entry, and register, run, journal and ledger say the same."""
    world = World()

    at = world.post()

    assert (
        RunState.DONE,
        (
            "Posted 2 entries, 14 lines, 3229.50 EUR debit and credit as 3 in 10, 4 in 20; read back and tied"
            " out."
        ),
    ) == (at.state, at.summary)
    assert usual_balances() == world.balances()
    table = {(tie.company, tie.what): tie for tie in world.recorded(at.id, "confirm", "tie-out")}
    assert {"gross", "deductions", "employee_taxes", "net", "employer_cost"} == {
        what for company, what in table if company == "US1"
    }
    assert "1500.00 EUR" == str(table["US1", "gross"].register)
    assert table["US1", "employer_cost"].register is None
    assert ["3229.50 EUR"] * 3 == [
        str(getattr(table["*", "debit"], book)) for book in ("run", "journal", "ledger")
    ]
    assert "run.tied_out" in world.audited


def test_every_company_gets_an_entry_in_its_own_books() -> None:
    """One pay run, two companies, two legal entities: an entry each, under a key that names the entity."""
    world = World()
    run = world.post().id

    assert [("10", "payroll:acme:R1:books:10:1:1"), ("20", "payroll:acme:R1:books:20:1:1")] == [
        (entry.entity, entry.key) for entry in world.proposal(run).entries
    ]
    assert {
        ("10", "payroll:acme:US1:biweekly 2026-06-30"),
        ("20", "payroll:acme:US2:biweekly 2026-06-30"),
    } == {
        (share.subject.entity, share.subject.text)
        for commit in world.commit_rows().values()
        for share in commit.shares
    }


def test_two_companies_may_keep_their_books_in_one_legal_entity() -> None:
    """Both companies' rows go to one entry; what came in per company is what goes out per company."""
    world = World(entities="US1=10,US2=10")

    at = world.post()

    assert (RunState.DONE, []) == (at.state, world.problems(at.id))
    assert usual_balances(factor=2, entities=("10",)) == world.balances()
    assert all(total.minor_in == total.minor_out for total in world.proposal(at.id).totals)


def test_every_line_leads_back_to_its_source_lines() -> None:
    """Drill-back: the cells of the proposal name their rule, and the rows behind them add up to the line."""
    world = World()
    run = world.post().id
    proposal = world.proposal(run)

    for cell, (entry, line) in enumerate(proposal.cells):
        amount = proposal.entries[entry].lines[line].amount.minor
        behind = world.staging.behind(run, cell, 100)
        if proposal.rules[cell] != "employer":
            assert amount == sum(found.amount.minor for found in behind)
        assert behind


# --- gates --------------------------------------------------------------------------------------------------


def test_a_missing_block_stops_the_run_before_anything_is_proposed() -> None:
    """Nothing is proposed from a part of a run; read again when it is whole, the same run goes on."""
    world = World()
    pay_run = a_pay_run()
    world.payroll.add(pay_run)
    whole = list(world.payroll.runs["R1"][1])
    del world.payroll.runs["R1"][1][1]
    run = world.start()
    world.run_to_rest()
    assert_held(world, run, ["blocks.missing"])
    assert "Blocks 2 of 3 did not arrive." in world.problem_list(run)[0].text

    world.payroll.runs["R1"] = (pay_run, whole)

    assert RunState.DONE is world.resume(run).state
    assert usual_balances() == world.balances()


def test_a_block_twice_stops_the_run() -> None:
    """A block delivered twice would double its pay."""
    world = World()
    world.payroll.add(a_pay_run())
    blocks = world.payroll.runs["R1"][1]
    blocks.append(blocks[0])
    run = world.start()
    world.run_to_rest()

    assert_held(world, run, ["blocks.twice"])


def test_blocks_out_of_order_are_a_whole_run() -> None:
    """Order is no property of a run."""
    world = World()
    world.payroll.add(a_pay_run())
    world.payroll.runs["R1"][1].reverse()

    assert RunState.DONE is world.post().state
    assert usual_balances() == world.balances()


def test_rows_that_cannot_be_used_stop_the_run_all_of_them() -> None:
    """What the reader found wrong with single rows is shown, every one."""
    world = World()
    wrong = tuple(
        Problem("amount.invalid", f"line {number}", "1e400 is not an amount.", Owner.PAYROLL)
        for number in (1, 2)
    )
    world.payroll.runs["R1"] = (
        a_pay_run(),
        [Block(number=1, total=1, rows=company_rows("US1"), problems=wrong)],
    )
    run = world.start()
    world.run_to_rest()

    assert_held(world, run, ["amount.invalid", "amount.invalid"])


def test_a_run_without_lines_stops() -> None:
    """An empty run is a right that is missing, or a ledger step not run: not a proposal of nothing."""
    world = World()
    world.payroll.add(a_pay_run(), rows=())
    run = world.start()
    world.run_to_rest()

    assert_held(world, run, ["blocks.none"])


@pytest.mark.parametrize("end", [date(9999, 12, 31), date(2100, 1, 1)])
def test_a_run_of_a_year_that_no_pay_is_of_stops(end: date) -> None:
    """A date that stands for "no end" is no date to post on."""
    world = World()
    world.payroll.add(a_pay_run(end=end))
    run = world.start()
    world.run_to_rest()

    assert_held(world, run, ["run.dates"])


def test_a_run_before_the_flow_begins_is_never_posted() -> None:
    """Pay from before `starts_on` was booked elsewhere."""
    world = World()
    world.payroll.add(a_pay_run(end=date(2025, 12, 31)))
    run = world.start()
    world.run_to_rest()

    assert_held(world, run, ["run.before_start"])


@pytest.mark.parametrize(
    ("since", "until", "new"),
    [
        (None, None, ["R1", "R2", "R3"]),
        ("2026-06-12", None, ["R2", "R3"]),
        (None, "2026-06-12", ["R1", "R2"]),
        ("2026-06-01", "2026-06-25", ["R2"]),
        ("2026-06-13", "2026-06-25", []),
    ],
)
def test_a_window_of_earlier_runs_is_taken_up(since: str | None, until: str | None, new: list[str]) -> None:
    """By the end of the period; both days count, and nothing is before the start of the flow."""
    world = World()
    for number, end in enumerate(("2026-05-29", "2026-06-12", "2026-06-26"), 1):
        world.payroll.add(a_pay_run(f"R{number}", end=date.fromisoformat(end)))
    world.payroll.add(a_pay_run("R0", end=date(2025, 12, 31)))
    window = [date.fromisoformat(day) if day else None for day in (since, until)]

    assert new == list(world.operations.new("payroll", SOURCE, TARGET, *window)[0])


@pytest.mark.parametrize(
    ("mine", "new"), [("", ["R1", "R2", "R3", "R4"]), ("BIWEEK", ["R1", "R3", "R4"]), ("WEEK", ["R4"])]
)
def test_a_flow_finds_runs_of_its_pay_groups(mine: str, new: list[str]) -> None:
    """Of one payroll with several; one of which the list tells no group may be its own."""
    world = World()
    world.set(pay_groups=mine)
    world.payroll.add(a_pay_run("R1", groups=("BIWEEK",)))
    world.payroll.add(a_pay_run("R2", groups=("MONTH",)))
    world.payroll.add(a_pay_run("R3", groups=("BIWEEK", "MONTH")))
    world.payroll.add(a_pay_run("R4"))

    assert new == list(world.operations.new("payroll", SOURCE, TARGET, None)[0])


@pytest.mark.parametrize(
    ("groups", "told"), [(("MONTH",), "MONTH"), (("BIWEEK", "MONTH"), "MONTH"), ((), "(none)")]
)
def test_a_run_that_pays_another_group_is_never_posted(groups: tuple[str, ...], told: str) -> None:
    """Also where somebody names it, or it pays more than the list told."""
    world = World()
    world.set(pay_groups="BIWEEK, WEEK")
    world.payroll.add(a_pay_run(groups=groups))
    run = world.start()
    world.run_to_rest()

    assert_held(world, run, ["run.pay_group"])
    assert f"pays {told}" in world.problem_list(run)[0].text


def test_a_run_of_the_flows_pay_group_is_posted() -> None:
    world = World()
    world.set(pay_groups="BIWEEK, WEEK")
    world.payroll.add(a_pay_run(groups=("WEEK",)))
    run = world.start()
    world.run_to_rest()

    assert RunState.DONE is world.at(run).state


def test_a_document_of_others_that_is_nothing_like_the_pay_stops_nothing() -> None:
    """Accountants book in the same journal every day."""
    world = World()
    world.vendor.book(BY_HAND, "no marker of ours")

    assert RunState.DONE is world.post().state


def by_hand(world: World, **changes: object) -> str:
    """The pay of US1 booked by a person, without cost centers; its number."""
    lines = [("4000", "1500.00"), ("4020", "114.75"), ("1700", "-384.76"), ("1710", "-60.00")]
    lines.append(("1720", "-1169.99"))
    entry = replace(
        BY_HAND,
        lines=tuple(JournalLine(account=a, amount=Money.parse(amount, "EUR")) for a, amount in lines),
        **changes,  # type: ignore[arg-type]
    )
    return world.vendor.book(entry, "no marker of ours").number


def test_a_document_of_others_that_may_be_the_pay_stops_the_proposal_until_it_is_accepted() -> None:
    """It comes to the same total: it may be this very pay, booked by hand. It is accepted by its number."""
    world = World()
    number = by_hand(world)
    run = world.start()
    world.run_to_rest()
    assert (RunState.HELD, ["ledger.look_alike"]) == (world.at(run).state, world.problems(run))
    assert f"10/{number} of 2026-06-15, 1614.75 EUR, Payroll June, by hand" in world.problem_list(run)[0].text
    assert [number] == [document.number for document in world.vendor.documents]
    with pytest.raises(NotAllowed):
        world.resume(run, accept=["10/999"])

    assert RunState.DONE is world.resume(run, accept=[f"10/{number}"]).state


def test_what_was_accepted_is_part_of_what_is_approved() -> None:
    """One accepted document does not open the door for the next one."""
    world = World(mode=Mode.APPROVE)
    first = by_hand(world)
    run = world.start()
    world.run_to_rest()
    assert RunState.AWAITING_APPROVAL is world.resume(run, accept=[f"10/{first}"]).state
    second = by_hand(world)

    at = world.approve(run)

    assert (RunState.HELD, ["ledger.look_alike"]) == (at.state, world.problems(run))
    assert f"10/{second} of" in world.problem_list(run)[0].text
    assert f"10/{first} of" not in world.problem_list(run)[0].text


def test_entries_of_ours_are_not_foreign() -> None:
    """The next pay run of the same month meets the first one's entries and is not stopped by them."""
    world = World()
    world.post()
    world.payroll.add(a_pay_run("R2", subject="biweekly 2026-06-16"))

    assert RunState.DONE is world.post("R2").state
    assert usual_balances(factor=2) == world.balances()


def test_a_closed_period_holds_and_can_be_reopened() -> None:
    """Never moved silently: held, with the next open day in the text."""
    world = World()
    world.vendor.closed.add((2026, 6))
    run = world.start()
    world.run_to_rest()
    assert_held(world, run, ["period.closed"])
    assert (
        "2026-06 is closed for this journal. Reopen it, or choose a posting date from 2026-07-01."
        == world.problem_list(run)[0].text
    )

    world.vendor.closed.clear()

    assert RunState.DONE is world.resume(run).state


def test_a_closed_period_moves_to_the_next_open_one_where_the_policy_says_so() -> None:
    """The entries are dated on the first day of the next open period, and the proposal says why."""
    world = World(closed_period="next_open")
    world.vendor.closed |= {(2026, 6), (2026, 7)}

    at = world.post()

    assert RunState.DONE is at.state
    posting = world.recorded(at.id, "propose", "basis").posting
    assert (date(2026, 8, 1), date(2026, 6, 30)) == (posting.day, posting.moved_from)
    assert "moved to the first day of the next open period" in posting.reason
    assert {date(2026, 8, 1)} == {document.entry.posting_date for document in world.vendor.documents}


def test_a_period_closed_in_one_of_two_books_stops_both() -> None:
    """Each legal entity has its own calendar: an entry is not posted in one while the other is known to
    refuse its own.
    """
    world = World()
    open_ones = world.ledger.calendar
    closed_in_20 = [
        replace(period, open=period.number != 6) for period in open_ones("20", "90", date(2026, 6, 30))
    ]

    class TwoCalendars:
        """The ledger, with June closed in legal entity 20 only."""

        def __getattr__(self, name: str) -> object:
            return getattr(ledger, name)

        def calendar(self, entity: str, journal: str, around: date) -> object:
            return tuple(closed_in_20) if entity == "20" else open_ones(entity, journal, around)

    ledger, world.ledger = world.ledger, TwoCalendars()  # type: ignore[assignment]
    run = world.start()
    world.run_to_rest()

    assert_held(world, run, ["period.closed"])
    assert (
        "20: 2026-06 is closed for this journal. Reopen it, or choose a posting date from 2026-07-01."
        == world.problem_list(run)[0].text
    )


def test_entries_of_others_are_looked_for_in_each_entity_s_own_period() -> None:
    """The periods of 20 begin in the middle of a month: the same day lies in another period there."""
    world = World()
    looked: list[tuple[str, str]] = []

    class TwoCalendars:
        """The ledger, with another fiscal year in legal entity 20."""

        def __getattr__(self, name: str) -> object:
            return getattr(ledger, name)

        def calendar(self, entity: str, journal: str, around: date) -> object:
            periods = ledger.calendar(entity, journal, around)
            halves = [
                replace(period, start=period.start.replace(day=16), number=period.number + 12)
                for period in periods
            ]
            return tuple(halves) if entity == "20" else periods

        def look(self, wanted: Sequence[tuple[JournalEntry, Marker]], places: Sequence[Place]) -> Look:
            looked.extend((place.entity, str(place.start)) for place in places)
            return ledger.look(wanted, places)

    ledger, world.ledger = world.ledger, TwoCalendars()  # type: ignore[assignment]
    at = world.post()

    assert RunState.DONE is at.state
    assert {("10", "2026-06-01"), ("20", "2026-06-16")} == set(looked)


def test_unmapped_accounts_and_companies_are_shown_all_at_once() -> None:
    """Every account without a rule and every company without a legal entity, in one look."""
    world = World(entities="US1=10")
    extra = (row("9100", "5.00", origin="x"), row("9200", "-5.00", origin="y"))
    world.payroll.add(a_pay_run(), rows=(*company_rows("US1"), *company_rows("US2"), *extra))
    run = world.start()
    world.run_to_rest()

    assert_held(world, run, ["mapping.unmapped", "mapping.unmapped", "entity.unmapped"])


def test_everything_the_ledger_would_refuse_is_shown_all_at_once() -> None:
    """A blocked account, an unknown one, a cost center that is missing and one that must be there."""
    world = World()
    world.vendor.accounts["1700"] = Account(code="1700", description="Taxes", blocked=True)
    world.vendor.accounts["1710"] = Account(
        code="1710", description="Deductions", required=frozenset({"cost_center"})
    )
    del world.vendor.accounts["1720"]
    world.vendor.cost_centers = frozenset({"SALES"})
    world.payroll.add(a_pay_run(companies=("US1",)))
    run = world.start()
    world.run_to_rest()

    assert_held(world, run, ["account.blocked", "dimension.missing", "account.unknown", "code.unknown"])


def test_mended_problems_let_the_same_run_go_on() -> None:
    """A mapping mended after the hold is used by the resumed run."""
    world = World()
    world.payroll.add(
        a_pay_run(companies=("US1",)), rows=(*company_rows("US1"), row("9100", "5.00"), row("9200", "-5.00"))
    )
    run = world.start()
    world.run_to_rest()
    assert ["mapping.unmapped", "mapping.unmapped"] == world.problems(run)

    world.mapping = replace(
        world.mapping,
        rules=(
            *world.mapping.rules,
            MappingRule(name="rest", account="9*", targets=(Target(account="1710"),)),
        ),
    )

    assert RunState.DONE is world.resume(run, propose_again=True).state


def test_an_unbalanced_run_is_payrolls_to_mend() -> None:
    """Debit and credit differ in the source itself."""
    world = World()
    world.payroll.add(a_pay_run(companies=("US1",)), rows=company_rows("US1")[:-1])
    run = world.start()
    world.run_to_rest()

    owners = {problem.code: problem.owner for problem in world.problem_list(run)}
    assert (Owner.PAYROLL, Owner.PAYROLL) == (owners["run.unbalanced"], owners["entry.unbalanced"])
    assert [] == world.vendor.documents


def test_a_register_that_differs_holds_the_run_and_is_said() -> None:
    """The tie-out compares with the register, to the cent."""
    world = World()
    pay_run = a_pay_run(companies=("US1",))
    other = replace(pay_run.register[0], net=Money.parse("1170.00", "EUR"))
    world.payroll.add(replace(pay_run, register=(other,)))
    run = world.start()
    world.run_to_rest()

    assert (RunState.HELD, ["tie_out.difference"]) == (world.at(run).state, world.problems(run))
    assert "Net of US1 differs by 0.01 EUR" in world.problem_list(run)[0].text
    assert [] == world.vendor.documents


def test_more_lines_than_the_ledger_takes_are_cut_where_they_balance() -> None:
    """Parts are cut once, at the proposal; every part balances and is an entry of its own."""
    world = World()
    rows = tuple(
        row(account, amount, department=f"D{number}", origin=f"{number}")
        for number in range(4)
        for account, amount in (("5100", "10.00"), ("2210", "-10.00"))
    )
    world.vendor.cost_centers = frozenset(f"D{number}" for number in range(4))
    both = tuple(
        Target(account=account, dimensions=(("cost_center", "=org_level_1"),)) for account in ("4000", "1700")
    )
    world.mapping = replace(
        world.mapping,
        translations=(),
        rules=(
            MappingRule(name="wages", account="5100", targets=(both[0],)),
            MappingRule(name="taxes", account="2210", targets=(both[1],)),
        ),
    )
    world.limit(lines_max=4)
    world.payroll.add(replace(a_pay_run(companies=("US1",)), register=()), rows=rows)

    at = world.post()

    entries = world.proposal(at.id).entries
    assert RunState.DONE is at.state
    assert [("payroll:acme:R1:books:10:1:1", 4), ("payroll:acme:R1:books:10:2:1", 4)] == [
        (entry.key, len(entry.lines)) for entry in entries
    ]
    assert all(entry.debit == entry.credit for entry in entries)


# --- consent ------------------------------------------------------------------------------------------------


def test_a_flow_that_proposes_never_posts() -> None:
    """Not even with an approval that was given while it did post."""
    world = World(mode=Mode.APPROVE)
    run = world.start()
    world.run_to_rest()
    world.set_mode(Mode.PROPOSE)

    at = world.force(run, fingerprint=proposal_fingerprint(world.proposal(run)))

    assert RunState.AWAITING_APPROVAL is at.state
    assert [] == world.vendor.documents
    assert "only proposes" in world.problem_list(run)[0].text


def test_a_flow_that_asks_posts_after_consent() -> None:
    """The proposal waits, says what it is, and is posted after approval."""
    world = World(mode=Mode.APPROVE)
    run = world.start()
    world.run_to_rest()
    at = world.at(run)
    assert RunState.AWAITING_APPROVAL is at.state
    assert at.summary.startswith(
        "Proposed 2 entries, 14 lines, 3229.50 EUR debit and credit, pay date 2026-07-03. Waiting for"
    )
    assert [] == world.vendor.documents

    assert RunState.DONE is world.approve(run).state
    assert usual_balances() == world.balances()


def test_an_approval_is_of_exactly_these_entries() -> None:
    """Consent to other entries is no consent."""
    world = World(mode=Mode.APPROVE)
    run = world.start()
    world.run_to_rest()

    world.force(run, fingerprint="another fingerprint")

    assert (RunState.AWAITING_APPROVAL, ["approval.missing"]) == (world.at(run).state, world.problems(run))
    assert [] == world.vendor.documents


def test_a_proposal_made_again_needs_consent_again_when_it_changed() -> None:
    """Between approval and posting the entries changed: the old approval does not count."""
    world = World(mode=Mode.APPROVE)
    run = world.start()
    world.run_to_rest()
    world.vendor.fault = faults.UNREACHABLE

    def refuse(name: str) -> None:
        if name == "commit: before open":
            raise PeriodClosed("June is closed.")

    world.operations.approve(run, proposal_fingerprint(world.proposal(run)))
    world.run_to_rest(refuse)
    world.set(text="Wages {period_end}")

    again = world.resume(run, propose_again=True)
    assert RunState.AWAITING_APPROVAL is again.state
    world.force(run)

    assert ["approval.missing"] == world.problems(run)
    assert RunState.DONE is world.approve(run).state
    assert ["Wages 2026-06-30"] * 2 == world.texts()


def test_a_dry_run_proposes_and_posts_nothing() -> None:
    """Everything is made and checked; nothing is written."""
    world = World()

    at = world.post(dry_run=True)

    assert (
        RunState.DONE,
        "Dry run: 2 entries, 14 lines, 3229.50 EUR debit and credit, pay date 2026-07-03. Nothing was"
        " posted.",
    ) == (at.state, at.summary)
    assert [] == world.vendor.documents


def test_a_replay_of_a_posted_run_books_nothing_more() -> None:
    """A new run from the same inputs finds the commits of the first, dry or not."""
    world = World()
    first = world.post().id

    dry = world.post(dry_run=True, replay_of=first)
    wet = world.post(replay_of=first)

    assert [RunState.DONE, RunState.DONE] == [dry.state, wet.state]
    assert world.proposal(first).entries == world.proposal(wet.id).entries
    assert usual_balances() == world.balances()


def test_a_replay_with_another_mapping_is_stopped() -> None:
    """The run is booked and the proposal now says something else: reverse first."""
    world = World()
    booked = world.post().id
    taxes = replace(world.mapping.rules[2], targets=(Target(account="1710"),))
    world.mapping = replace(world.mapping, rules=(*world.mapping.rules[:2], taxes, *world.mapping.rules[3:]))

    at = world.post()

    assert (RunState.HELD, ["run.booked_otherwise"] * 2) == (at.state, world.problems(at.id))
    for problem in world.problem_list(at.id):
        assert problem.text.endswith(f"reverse what is booked first: ml-connector runs reverse {booked}.")
    assert usual_balances() == world.balances()


def test_a_replay_with_another_text_is_booked_already() -> None:
    """Another text or date changes nothing of what is booked for the pay."""
    world = World()
    world.post()
    world.set(text="Something else", posting_date="2026-07-15")

    at = world.post()

    assert (RunState.DONE, "Already booked as 3 in 10, 4 in 20; nothing to do.") == (at.state, at.summary)
    assert usual_balances() == world.balances()


def test_a_refused_run_proposed_again_with_other_entries_gets_a_new_revision() -> None:
    """Nothing was booked under revision 1: other content goes out as revision 2, and revision 1 is closed for
    ever.
    """
    world = World()
    world.payroll.add(a_pay_run(companies=("US1",)))
    run = world.start()

    def close(name: str) -> None:
        if name == "intent: written":
            world.vendor.closed.add((2026, 6))

    world.run_to_rest(close)
    assert ["period.closed"] == world.problems(run)
    world.set(closed_period="next_open")

    assert RunState.DONE is world.resume(run, propose_again=True).state
    assert {
        "payroll:acme:R1:books:10:1:1": "payroll:acme:R1:books:10:1:2",
        "payroll:acme:R1:books:10:1:2": "",
    } == {key: commit.reversed_by for key, commit in world.commit_rows().items()}
    assert usual_balances(entities=("10",)) == world.balances()


# --- the same pay under another run -------------------------------------------------------------------------


def test_the_same_period_under_another_run_gives_a_difference() -> None:
    """The payroll was undone and run again: never a second full journal, only what changed. A person approves
    what changes the pay of another run, in automatic mode too.
    """
    world = World()
    first = world.post().id
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)

    at = world.post("R2")

    assert RunState.AWAITING_APPROVAL is at.state
    assert f"It changes what is booked for the same pay: 3 in 10 (1614.75 EUR, run {first})" in at.summary
    assert RunState.DONE is world.approve(at.id).state
    assert usual_balances(factor=2) == world.balances()
    proposal = world.proposal(at.id)
    assert ["payroll:acme:R1:books:10:1:1", "payroll:acme:R1:books:20:1:1"] == [
        taken.key for taken in proposal.takes_back
    ]
    assert {"Payroll 2026-06-30 (difference)"} == {entry.text for entry in proposal.entries}


def test_a_difference_in_one_company_touches_that_company_only() -> None:
    """One legal entity's entry is enough when the other stands as it should."""
    world = World()
    world.post()
    world.payroll.add(
        replace(a_pay_run("R2"), register=()), rows=(*company_rows("US1"), *company_rows("US2", 3))
    )

    at = world.approve(world.post("R2").id)

    assert RunState.DONE is at.state
    assert ["20"] == [entry.entity for entry in world.proposal(at.id).entries]
    assert {**usual_balances(1, ("10",)), **usual_balances(3, ("20",))} == world.balances()


def test_nothing_is_posted_when_both_runs_are_equal() -> None:
    """The second run says what the first said."""
    world = World()
    world.post()
    world.payroll.add(a_pay_run("R2"))

    at = world.post("R2")

    assert (RunState.DONE, "Already booked as 3 in 10, 4 in 20; nothing to do.") == (at.state, at.summary)
    assert 2 == len(world.vendor.documents)


def test_a_run_says_nothing_of_a_company_that_it_does_not_hold() -> None:
    """The second run pays one company only: what the first booked for the other stays as it is."""
    world = World()
    world.post()
    world.payroll.add(a_pay_run("R2", companies=("US1",), factor=2), factor=2)

    at = world.approve(world.post("R2").id)

    assert RunState.DONE is at.state
    assert {**usual_balances(2, ("10",)), **usual_balances(1, ("20",))} == world.balances()


def test_companies_of_one_legal_entity_are_pays_of_their_own() -> None:
    """One file for each company, both booked in one entity: the second says nothing of the first. A run of
    one of them alone is compared with its own part of an entry of both.
    """
    world = World(entities="US1=10,US2=10")
    for reference, company in (("R1", "US1"), ("R2", "US2")):
        world.payroll.add(a_pay_run(reference, companies=(company,)))
        assert RunState.DONE is world.post(reference).state
    assert usual_balances(factor=2, entities=("10",)) == world.balances()

    both = World(entities="US1=10,US2=10")
    both.post()
    both.payroll.add(a_pay_run("R2", companies=("US2",), factor=3), factor=3)
    at = both.approve(both.post("R2").id)

    assert RunState.DONE is at.state
    assert usual_balances(factor=4, entities=("10",)) == both.balances()


def test_a_third_run_is_compared_with_both_before_it() -> None:
    """Journal and difference together are what stands."""
    world = World()
    for reference, factor in (("R1", 1), ("R2", 3), ("R3", 2)):
        world.payroll.add(a_pay_run(reference, factor=factor), factor=factor)
        at = world.post(reference)
        if at.state is RunState.AWAITING_APPROVAL:
            at = world.approve(at.id)
        assert RunState.DONE is at.state

        assert usual_balances(factor) == world.balances()


def test_an_unsettled_entry_of_an_earlier_run_stops_the_next() -> None:
    """Whether the earlier entry stands must be known before a difference is made."""
    world = World()
    world.start()

    def die(name: str) -> None:
        if name == "send: answered":
            raise Crash(name)

    with pytest.raises(Crash):
        world.run_to_rest(die)
    (died,) = world.runs.running()
    held = world.runs.move(died, state=RunState.HELD)
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)

    at = world.post("R2")

    assert (RunState.HELD, ["earlier.unsettled"]) == (at.state, world.problems(at.id))
    assert RunState.DONE is world.resume(held.id).state
    assert RunState.AWAITING_APPROVAL is world.resume(at.id).state
    assert RunState.DONE is world.approve(at.id).state
    assert usual_balances(factor=2) == world.balances()


def test_a_run_waits_for_another_that_is_sending_for_the_same_pay() -> None:
    """Nobody is needed: when the other has ended the difference is proposed."""
    world = World()
    first = world.start()
    world.vendor.fault = faults.LOST_AFTER
    world.payroll.add(a_pay_run("R2", factor=2), factor=2)
    second = world.start("R2")

    world.run_to_rest()

    assert RunState.DONE is world.at(first).state
    assert RunState.AWAITING_APPROVAL is world.at(second).state
    assert RunState.DONE is world.approve(second).state
    assert usual_balances(factor=2) == world.balances()


def test_nothing_is_written_to_the_payroll() -> None:
    """The payroll is asked for the run and its blocks, and before posting whether it is still as it was."""
    world = World()
    world.post()

    assert ["pay_run", "blocks", "still"] == world.payroll.calls


def test_a_commit_says_what_it_was_for_and_what_stands() -> None:
    """The permanent row keeps the entry, its subject, its document and what was read back."""
    world = World()
    world.post()

    for commit in world.commit_rows().values():
        assert CommitState.CONFIRMED is commit.state
        assert commit.booked
        assert commit.receipt
        assert not commit.adopted


def test_the_number_of_blocks_does_not_matter() -> None:
    """One block or many: the same entries."""
    texts = []
    for size in (1, 3, 100):
        world = World()
        rows = (*company_rows("US1"), *company_rows("US2"))
        world.payroll.runs["R1"] = (a_pay_run(), blocks_of(rows, size))
        texts.append(world.proposal(world.post().id).entries)

    assert texts[0] == texts[1] == texts[2]


def test_each_legal_entity_has_its_own_journal() -> None:
    """The entry of each goes to its own, and is checked against it."""
    world = World(journal="10=90, 20=91")

    at = world.post()

    assert {"10": "90", "20": "91"} == {
        entry.entity: entry.journal for entry in world.proposal(at.id).entries
    }
    assert (RunState.HELD, ["There is no journal 91."]) == (
        at.state,
        [problem.text for problem in world.problem_list(at.id)],
    )


def test_posting_date_years_after_the_period_is_found_in_the_calendar() -> None:
    """The ledger is asked for the periods around the date that was chosen."""
    world = World(posting_date="2029-03-31")

    at = world.post()

    assert (RunState.DONE, []) == (at.state, world.problems(at.id))
    assert {date(2029, 3, 31)} == {document.entry.posting_date for document in world.vendor.documents}


def test_entry_of_ours_that_is_booked_while_others_are_looked_for_is_not_foreign() -> None:
    """Another run is posted between asking our store what is ours and asking the ledger what is there: known
    at the second look.
    """
    world, other = World(), World()
    ours = replace(other.proposal(other.post().id).entries[0], key="payroll:acme:R9:books:10:1:1")
    look = world.ledger.documents

    def meanwhile(entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        if "payroll:acme:R9:books:10:1:1" not in world.commit_rows():
            committer = Committer(
                commits=world.commits,
                sinks=lambda kind: world.ledger,
                clock=world.clock,
                audit=lambda action, detail: None,
            )
            subject = Subject(tenant="books", entity="10", text="another pay")
            origin = Origin(run="", tenant="books", shares=(Share(key=ours.key, subject=subject),))
            committer.commit_once(ours, origin)
        return look(entity, journal, start, end)

    world.ledger.documents = meanwhile  # type: ignore[method-assign]
    at = world.post()

    assert (RunState.DONE, []) == (at.state, world.problems(at.id))
    assert 3 == len(world.vendor.documents)


def test_a_sum_that_cannot_be_kept_asks_a_person() -> None:
    """Each amount can, and what they come to has more digits than any database keeps: no defect of ours."""
    world = World()
    world.payroll.add(a_pay_run("R9"), company_rows("US1", 8 * 10**12))

    at = world.post("R9")

    (problem,) = world.problem_list(at.id)
    assert (RunState.HELD, "amount.not_kept", []) == (at.state, problem.code, world.vendor.documents)
    assert "start a new run of the same" in problem.text
