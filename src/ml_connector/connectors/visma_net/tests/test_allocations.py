"""Accounts, segments, projects, branches and periods, proven before anything is sent: each fault by field,
value and remedy, nothing half-booked.

What changes between the look and the send is refused by Visma itself; what it says then is tested here as
well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import httpx2
import pytest

from ml_connector.contract.acts import send
from ml_connector.domain.checks import check_entry, compare
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker
from ml_connector.domain.journal import JournalEntry
from ml_connector.errors import CodeUnknown, ConnectorError, Inexpressible, PeriodClosed, Refused


def first(world: Any, **changes: Any) -> JournalEntry:
    """An entry whose first line is changed; `codes` are its dimensions."""
    entry: JournalEntry = world.entry()
    codes = changes.pop("codes", None)
    line = replace(
        entry.lines[0], **changes, **({"dimensions": dimensions(codes)} if codes is not None else {})
    )
    return replace(entry, lines=(line, *entry.lines[1:]))


def sent(world: Any) -> list[str]:
    """Batches that went out, booked or not."""
    return [call for call in world.calls() if call == "POST v2/journaltransaction"]


def refused(world: Any, entry: JournalEntry, kind: type[ConnectorError]) -> ConnectorError:
    """What is said of an entry; nothing was booked."""
    with pytest.raises(kind) as caught:
        send(world.ledger, entry)

    assert world.journal_references() == []
    return caught.value


CODES = {"cost_center": "OSLFIN"}


@pytest.mark.parametrize(
    ("changes", "kind", "texts"),
    [
        (
            {"account": "9876"},
            CodeUnknown,
            ["GL account 9876 does not exist in FJORD", "Create it, or map to another"],
        ),
        ({"account": "5099"}, CodeUnknown, ["GL account 5099", "is blocked"]),
        (
            {"account": "2400"},
            CodeUnknown,
            ["GL account 2400 (Leverandørgjeld, control account of AP) is blocked"],
        ),
        (
            {"codes": {"cost_center": "NOWHER"}},
            CodeUnknown,
            ["cost_center NOWHER does not exist", "segment 1 (Avdeling)", "Create it"],
        ),
        (
            {"codes": {"cost_center": "GML1"}},
            CodeUnknown,
            ["cost_center GML1 is not active", "segment 1 (Avdeling)", "Activate it"],
        ),
        (
            {"codes": {**CODES, "plant": "XXX"}},
            CodeUnknown,
            ["plant XXX does not exist", "segment 2 (Anlegg)"],
        ),
        ({"codes": {**CODES, "branch": "7"}}, CodeUnknown, ["branch 7 does not exist in FJORD"]),
        ({"codes": {**CODES, "branch": "9"}}, CodeUnknown, ["branch 9 is not active in FJORD"]),
        ({"codes": {**CODES, "project": "P2601/77"}}, CodeUnknown, ["project P2601/77 does not exist"]),
        ({"codes": {**CODES, "project": "P2601/90"}}, CodeUnknown, ["project P2601/90 is not active"]),
        ({"codes": {**CODES, "project": "P2501/10"}}, CodeUnknown, ["project P2501/10 is not active"]),
        ({"codes": {**CODES, "project": "P2701/10"}}, CodeUnknown, ["project P2701/10 is not active"]),
        ({"codes": {**CODES, "project": "P2603/10"}}, CodeUnknown, ["project P2603/10 is not active"]),
        ({"codes": {**CODES, "project": "P2601"}}, Inexpressible, ["Project P2601 has no task", "P2601/10"]),
    ],
    ids=str,
)
def test_code_is_named_before_it_is_sent(
    world: Any, changes: dict[str, Any], kind: type[ConnectorError], texts: list[str]
) -> None:
    """Unknown, blocked, closed, invisible, without a task."""
    error = refused(world, first(world, **changes), kind)

    assert [text for text in texts if text not in error.problem.text] == []
    assert sent(world) == []


def test_checks_of_a_proposal_say_the_same(world: Any) -> None:
    """The chart holds what `prepare` looks at, so that a proposal shows it long before."""
    axes = frozenset({"cost_center", "plant", "branch", "project"})
    chart = world.ledger.chart("FJORD", "1", axes)

    assert {"P2601/10", "P2601/20", "P2602/10", "P2602/20"} == chart.codes["project"]
    assert {"P2601/90", "P2501/10", "P2701/10", "P2603/10"} == chart.inactive["project"]
    assert ({"1", "2"}, {"9"}, {"NAR"}) == (
        chart.codes["branch"],
        chart.inactive["branch"],
        chart.inactive["plant"],
    )
    found = check_entry(first(world, codes={**CODES, "project": "P2601/90", "plant": "XXX"}), chart)
    assert ["code.unknown", "code.inactive"] == [problem.code for problem in found]


def test_every_problem_is_said_at_once(world: Any) -> None:
    """The period first, then the lines."""
    world.close_period(date(2026, 6, 30))

    error = refused(world, first(world, account="9876", codes={"cost_center": "NOWHER"}), PeriodClosed)

    assert "2026-06-30 is in period 2026-06, which is closed" in error.problem.text
    assert "GL account 9876" in error.problem.text
    assert error.problem.where == "posting_date"


@pytest.mark.parametrize("how", ["close_period", "deactivate_period"])
def test_period_that_takes_no_postings(world: Any, how: str) -> None:
    """Closed for the general ledger, or not active yet: the same to us."""
    world.control(how, period="2026-06")

    error = refused(world, world.entry(), PeriodClosed)

    assert "choose another posting date" in error.problem.text
    assert sent(world) == []


def test_date_without_a_period(world: Any) -> None:
    """Beyond the calendar."""
    error = refused(world, world.entry(day=date(2040, 1, 31)), PeriodClosed)

    assert "is in no financial period" in error.problem.text


def test_account_without_manual_entry_says_so(world: Any) -> None:
    """It is active, so a person who only reads that it is blocked would look in vain for what to mend."""
    world.control("manual_entry", code="5000", allowed=False)

    error = refused(world, world.entry(), CodeUnknown)

    assert (
        "GL account 5000 (Lønn til ansatte, without manual entry) is blocked in FJORD." in error.problem.text
    )
    assert sent(world) == []


def test_inactive_branch_is_named_with_both_ways_out(world: Any) -> None:
    """The main branch is what lines without a code are booked on."""
    world.control("deactivate_branch", code="1")

    error = refused(world, world.entry(), Refused)

    assert "Activate 1 in Visma, or name an active one in the connection." in error.problem.text
    assert sent(world) == []


def test_segment_without_a_code_and_without_a_default(make_world: Callable[..., Any]) -> None:
    """Visma wants it on every line: the proposal's checks say so, and so does the ledger."""
    world = make_world(segment_defaults="plant=OSL")
    chart = world.ledger.chart("FJORD", "1", frozenset({"cost_center"}))

    assert {"dimension.missing"} == {problem.code for problem in check_entry(world.entry(), chart)}
    error = refused(world, world.entry(), CodeUnknown)
    assert "GL account 2930 needs a cost_center" in error.problem.text
    assert "Visma needs segment 1 (Avdeling) of the subaccount on every line" in error.problem.text


def test_combination_that_is_not_active(world: Any) -> None:
    """Both values are good, and somebody barred the two together."""
    world.control("add_subaccount", values=["OSLFIN", "BER"], active=False)

    error = refused(world, first(world, codes={"cost_center": "OSLFIN", "plant": "BER"}), CodeUnknown)

    assert "Subaccount OSLFIN-BER of line 1 is not active" in error.problem.text
    assert sent(world) == []


def test_amount_that_the_currency_s_record_cannot_hold(world: Any) -> None:
    """Visma would round it; it is never sent."""
    world.wire.after = cut_precision

    error = refused(world, world.entry(), Inexpressible)

    assert "more than the 0 decimals that Visma keeps for NOK" in error.problem.text


def cut_precision(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
    """Kroner without øre."""
    if request.url.path != "/v1/currency":
        return response
    body = response.read().replace(
        b'"isBaseCurrency":true,"decimalPrecision":2', b'"isBaseCurrency":true,"decimalPrecision":0'
    )
    return httpx2.Response(response.status_code, headers={"content-type": "application/json"}, content=body)


def test_ledger_that_is_not_actual(world: Any) -> None:
    """A budget takes no payroll, is not offered, and refused by name."""
    assert dict(world.ledger.journals("FJORD")) == {"1": "Hovedbok"}

    error = refused(world, replace(world.entry(), journal="BUDSJETT"), Refused)

    assert "Ledger BUDSJETT is of type Budget" in error.problem.text


def test_all_dimensions_of_a_line_come_back(world: Any) -> None:
    """Segments, branch, project and task; a code that is also the default is kept where a line names it."""
    codes = {"cost_center": "OSLADM", "plant": "BER", "branch": "1", "project": "P2601/20"}
    entry = first(world, codes=codes)

    receipt = send(world.ledger, entry)

    booked = world.ledger.read_back(receipt)
    assert compare(entry, booked) == []
    assert dimensions(codes) == booked.lines[0].dimensions
    there = world.document(receipt.reference)["lines"]
    assert {**codes, "project": "P2601", "project_task": "20"} == there[0]["dimensions"]
    assert {"cost_center": "OSLADM", "plant": "OSL", "branch": "1"} == there[-1]["dimensions"]


def test_line_moved_off_its_default_is_noticed(world: Any) -> None:
    """A default that is none any more is read as the code that stands there."""
    entry = world.entry()
    receipt = send(world.ledger, entry)
    world.control("edit", id=receipt.reference, line=4, segments=["BERADM", "BER"])

    problems = compare(entry, world.ledger.read_back(receipt))

    assert any("cost_center BERADM" in problem.text or "BERADM" in problem.text for problem in problems)


# --- refused by Visma ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(
    ("action", "kind", "text", "ours"),
    [
        (
            ("block_account", {"code": "5000"}),
            CodeUnknown,
            "Account is inactive",
            "GL account 5000 (Lønn til ansatte) is blocked in FJORD.",
        ),
        (
            ("manual_entry", {"code": "5000", "allowed": False}),
            CodeUnknown,
            "Visma refused",
            "(Lønn til ansatte, without manual entry) is blocked",
        ),
        (
            ("close_period", {"period": "2026-06"}),
            PeriodClosed,
            "is closed",
            "is in period 2026-06, which is closed or not active",
        ),
        (
            ("remove_segment_value", {"segment": "cost_center", "code": "ZZZ"}),
            CodeUnknown,
            "segment Avdeling",
            "cost_center ZZZ does not exist",
        ),
        (
            ("deactivate_subaccount", {"code": "OSLFIN-OSL"}),
            CodeUnknown,
            "Subaccount OSLFIN-OSL is inactive",
            "Subaccount OSLFIN-OSL of line",
        ),
        (("deactivate_branch", {"code": "1"}), CodeUnknown, "Branch is inactive", "Activate 1 in Visma"),
        (
            ("project", {"code": "P2601", "status": "Completed"}),
            CodeUnknown,
            "P2601",
            "project P2601/10 is not active in FJORD.",
        ),
        (
            ("project", {"code": "P2601", "task": "10", "status": "Completed"}),
            CodeUnknown,
            "P2601",
            "project P2601/10 is not active in FJORD.",
        ),
    ],
    ids=str,
)
def test_change_between_the_look_and_the_send(
    make_world: Callable[..., Any],
    status: int,
    action: tuple[str, dict[str, Any]],
    kind: type[Refused],
    text: str,
    ours: str,
) -> None:
    """Visma refuses with 400 or 500, in its own words, and has booked nothing; then it is said which value it
    is.
    """
    world = make_world(switches={"validation_status": status})
    world.control("put_segment_value", segment=1, code="ZZZ", description="soon gone")
    entry = first(world, codes={"cost_center": "ZZZ", "project": "P2601/10"})
    said: list[str] = []

    def changed_meanwhile() -> None:
        with world.ledger.prepare(entry, Marker.of(entry.key)) as post:
            world.control(action[0], **action[1])
            with pytest.raises(kind) as caught:
                post(lambda: None)
            said.append(caught.value.problem.text)

    with pytest.raises(Refused) as named:
        changed_meanwhile()

    assert text in said[0]
    assert ours in named.value.problem.text
    assert world.journal_references() == []
    assert sent(world) == ["POST v2/journaltransaction"]


def test_task_that_visma_chose_is_noticed(world: Any) -> None:
    """What somebody put on the line in place of ours shows when it is compared."""
    entry = first(world, codes={**CODES, "project": "P2601/10"})
    receipt = send(world.ledger, entry)
    world.control("edit", id=receipt.reference, line=1, project="P2601", task="20")

    assert compare(entry, world.ledger.read_back(receipt)) != []
