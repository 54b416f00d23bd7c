"""Reading: batches paged by lines, the general ledger, change filters, and parameters that do nothing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.visma_net_world import JOURNALS, World


@pytest.fixture
def world() -> World:
    return World()


def numbers(rows: list[dict[str, Any]]) -> list[str]:
    return [row["batchNumber"] for row in rows]


def test_a_list_needs_a_period_or_a_time(world: World) -> None:
    """Without either 400; an empty list is `[]`, with nothing to count by."""
    assert 400 == world.get(JOURNALS).status_code
    assert 400 == world.get(JOURNALS, lastModifiedDateTime="yesterday").status_code
    assert world.rows(JOURNALS, periodId="202607") == []


def test_pages_count_lines_and_split_batches(world: World) -> None:
    """Three batches of two lines on pages of three: the second stands on both, every element says six in
    all.
    """
    for _ in range(3):
        world.booked()
    pages = [world.rows(JOURNALS, periodId="202607", pageNumber=page, pageSize=3) for page in (1, 2, 3)]

    assert [["100001", "100002"], ["100002", "100003"], []] == [numbers(page) for page in pages]
    assert [[2, 1], [1, 2]] == [[len(row["journalTransactionLines"]) for row in page] for page in pages[:2]]
    assert {(6, 1000)} == {
        (row["metadata"]["totalCount"], row["metadata"]["maxPageSize"]) for page in pages for row in page
    }


def test_a_page_too_large_is_made_smaller_without_a_word() -> None:
    """And without a size it is the largest."""
    world = World(page_lines_max=3)
    for _ in range(3):
        world.booked()
    for query in ({"pageSize": 5000}, {}):
        rows = world.rows(JOURNALS, periodId="202607", **query)
        assert 3 == sum(len(row["journalTransactionLines"]) for row in rows)
        assert 3 == rows[0]["metadata"]["maxPageSize"]


def test_batches_are_found_by_period_module_and_status(world: World) -> None:
    """Unreleased means on hold or balanced; the wrong module has none."""
    world.booked()
    world.booked(hold=False)
    world.post_and_release()
    world.booked(financialPeriod="202606")
    wanted = {"": 3, "Hold": 1, "Balanced": 1, "Posted": 1, "Unposted": 0, "Unreleased": 2}
    assert wanted == {
        status: len(world.rows(JOURNALS, periodId="202607", status=status)) for status in wanted
    }
    assert 0 == len(world.rows(JOURNALS, periodId="202607", module="AP"))
    assert 3 == len(world.rows(JOURNALS, periodId="202607", module="GL"))
    assert 400 == world.get(JOURNALS, periodId="202607", status="Lost").status_code


def test_unknown_parameters_are_ignored_and_names_have_no_case(world: World) -> None:
    """200 with everything: a filter that does not exist filters nothing."""
    world.booked()
    assert 1 == len(
        world.rows(JOURNALS, PERIODID="202607", description="nothing like it", referenceNumber="no")
    )


def test_changes_since_a_time_are_at_or_after_it(world: World) -> None:
    """Batches know no condition parameter: it is ignored, and at-or-after holds."""
    world.booked()
    at = world.rows(JOURNALS, periodId="202607")[0]["lastModifiedDateTime"]
    world.clock.advance(60)
    world.booked()
    assert 2 == len(world.rows(JOURNALS, lastModifiedDateTime=at))
    assert 2 == len(world.rows(JOURNALS, lastModifiedDateTime=at, lastModifiedDateTimeCondition=">"))
    assert 1 == len(world.rows(JOURNALS, lastModifiedDateTime="2026-07-14 09:31:00"))
    world.change("100001", {"hold": {"value": False}})
    assert 2 == len(world.rows(JOURNALS, lastModifiedDateTime="2026-07-14T09:31:00.000"))


def test_the_condition_on_batches_is_a_switch() -> None:
    """Some say it works there too."""
    world = World(journal_condition=True)
    world.booked()
    at = world.rows(JOURNALS, periodId="202607")[0]["lastModifiedDateTime"]
    assert 0 == len(world.rows(JOURNALS, lastModifiedDateTime=at, lastModifiedDateTimeCondition=">"))


@pytest.mark.parametrize(
    ("condition", "at", "found"),
    [
        (">", "2026-07-14T09:31:00", 1),
        (">=", "2026-07-14T09:31:20", 1),
        ("<", "2026-07-14T09:31:00", 5),
        (">", "2026-07-14", 6),
        ("<=", "2026-07-13", 0),
        ("%3E", "2026-07-14T09:31:00", 6),
        (None, "2026-07-14T09:31:00", 6),
    ],
)
def test_other_lists_need_the_pair(world: World, condition: str | None, at: str, found: int) -> None:
    """Half a pair or a doubly encoded condition returns everything; a date alone with `>` includes its
    day.
    """
    world.clock.advance(60)
    world.control("block_account", code="5000")
    query = {
        "lastModifiedDateTime": at,
        **({"lastModifiedDateTimeCondition": condition} if condition else {}),
    }
    assert found == len(world.rows("/v1/account", **query))


def test_the_servers_time_is_not_said_to_be_any_zone() -> None:
    """By switch it is two hours ahead, without an offset in the text."""
    world = World(modified_offset_minutes=120)
    world.booked()
    assert "2026-07-14T11:30:20" == world.rows(JOURNALS, periodId="202607")[0]["lastModifiedDateTime"]


def test_a_new_batch_may_be_missing_from_lists_for_a_while() -> None:
    """Read by its number it is there."""
    world = World(visibility_lag_seconds=30)
    number = world.booked()
    assert world.rows(JOURNALS, periodId="202607") == []
    assert "Hold" == world.status(number)
    world.clock.advance(30)
    assert [number] == numbers(world.rows(JOURNALS, periodId="202607"))


def test_the_general_ledger_shows_what_is_posted(world: World) -> None:
    """Unreleased rows only when asked for, balances only when asked for, and the ledger must be named."""
    world.booked()
    world.post_and_release()
    assert 400 == world.get("/v1/GeneralLedgerTransactions").status_code
    rows = world.rows("/v1/GeneralLedgerTransactions", ledger="1", fromPeriod="202607", toPeriod="202607")
    assert [
        ("100002", "5000", "100.25", "0", "0100-OSL", "7f3a"),
        ("100002", "2930", "0", "100.25", "0000-OSL", ""),
    ] == [
        (
            row["batchNumber"],
            row["account"]["number"],
            str(row["debitAmount"]),
            str(row["creditAmount"]),
            row["subaccount"],
            row["refNumber"],
        )
        for row in rows
    ]
    assert "begBalance" not in rows[0]
    assert 4 == len(world.rows("/v1/GeneralLedgerTransactions", ledger="1", includeUnreleased="true"))
    [row] = world.rows(
        "/v1/GeneralLedgerTransactions", ledger="1", account="5000", includeTransactionBalance="true"
    )
    assert ("0", "100.25") == (str(row["begBalance"]), str(row["endingBalance"]))
    assert world.rows("/v1/GeneralLedgerTransactions", ledger="1", fromDate="2026-07-11") == []
    assert world.rows("/v1/GeneralLedgerTransactions", ledger="2") == []


def test_balances_go_on_from_period_to_period(world: World) -> None:
    """Opening balance, movement and closing balance per account and subaccount."""
    world.post_and_release(financialPeriod="202606", transactionDate="2026-06-10")
    world.post_and_release()
    [row] = world.rows("/v2/generalLedgerBalance", periodId="202607", account="5000")
    assert ["100.25", "100.25", "0", "200.5"] == [
        str(row[name])
        for name in ("beginningBalance", "periodToDateDebit", "periodToDateCredit", "yearToDateBalance")
    ]
    [turned] = world.rows(
        "/v2/generalLedgerBalance", periodId="202607", account="2930", toggleBalanceSigns="true"
    )
    assert "200.5" == str(turned["yearToDateBalance"])
    assert 400 == world.get("/v2/generalLedgerBalance").status_code


def test_expanded_objects_are_absent_unless_asked_for(world: World) -> None:
    """Branch with its ledger and currency, company with its branches, segments without their values."""
    assert {"ledger", "currency"}.isdisjoint(world.rows("/v1/branch/1"))
    assert {"ledger", "currency"} <= set(
        world.rows("/v1/branch/1", expandLedger="true", expandCurrency="True")
    )
    assert 3 == len(world.rows("/v1/organization/TEST", expandBranches="true")["branches"])
    assert (
        []
        == world.rows("/v1/dimension/SUBACCOUNT", expandSegmentsValues="false")["segments"][0][
            "segmentValues"
        ]
    )
    assert 3 == len(world.rows("/v1/dimension/SUBACCOUNT")["segments"][0]["segmentValues"])


def test_periods_say_what_is_closed(world: World) -> None:
    """What a posting would be told, known beforehand."""
    world.control("close_period", period="2026-07")
    rows = {row["period"]: row for row in world.rows("/v1/financialPeriod", greaterThanValue="2025")}
    assert (True, False, False) == tuple(
        rows[period]["closedInGeneralLedger"] for period in ("202607", "202608", "202606")
    )
    assert (False, "2026-07-01T00:00:00", "2026-07-31T00:00:00") == (
        rows["202612"]["active"],
        rows["202607"]["startDate"],
        rows["202607"]["endDate"],
    )
    assert 12 == len(rows)
    assert 404 == world.get("/v1/financialPeriod/209901").status_code


def test_currencies_tell_their_decimals(world: World) -> None:
    """And which one is the company's."""
    rows = {row["id"]: row for row in world.rows("/v1/currency")}
    assert {"NOK": 2, "EUR": 2, "JPY": 0, "KWD": 3, "CHF": 2} == {
        code: row["decimalPrecision"] for code, row in rows.items()
    }
    assert ["NOK"] == [code for code, row in rows.items() if row["isBaseCurrency"]]


def test_projects_and_tasks(world: World) -> None:
    """The non-project is listed only on demand; tasks by project."""
    assert ["P100", "P200", "P300"] == [row["projectID"] for row in world.rows("/v1/project")]
    assert "X" == world.rows("/v1/project", nonProject="true")[0]["projectID"]
    assert ["P200"] == [row["projectID"] for row in world.rows("/v1/project", status="Completed")]
    assert [("10", "Active"), ("90", "Completed")] == [
        (row["taskId"], row["status"]) for row in world.rows("/v1/projecttask", projectId="P100")
    ]
    assert world.rows("/v1/project/tasks", projectId="P100")[0]["visibility"]["visibleInGl"]
    assert (
        "P100"
        == world.rows(f"/v1/project/internal/{world.rows('/v1/project/P100')['internalID']}")["projectID"]
    )


def test_a_batch_of_twenty_thousand_lines_is_read_back_whole() -> None:
    """Twenty pages, each line once."""
    world = World(profile="fast")
    lines = [world.line("5000", 1) for _ in range(10_000)] + [world.line("2930", -1) for _ in range(10_000)]
    world.booked(*lines, hold=False)
    seen: list[int] = []
    for page in range(1, 21):
        [row] = world.rows(JOURNALS, periodId="202607", pageNumber=page, pageSize=1000)
        seen += [line["lineNumber"] for line in row["journalTransactionLines"]]
    assert list(range(1, 20_001)) == seen
