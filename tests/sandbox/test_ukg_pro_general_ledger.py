"""The general-ledger endpoint: rows, blocks, pages, and runs that are undone, repeated or damaged."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

from ml_connector_sandbox.systems.ukg_pro.general_ledger import bench_rows

GL = "/payroll/v2/general-ledger"


def _next(answer) -> str | None:
    found = re.search(r'<([^>]+)>; rel="next"', answer.headers["link"])
    return found[1] if found else None


def test_a_run_balances_and_says_what_the_manual_says():
    """Every row has one side; none has a currency, a pay date or an employee."""
    world = UkgWorld()
    rows = world.rows(f"{GL}/20240")

    assert sum(row["debitAmt"] for row in rows) == sum(row["creditAmt"] for row in rows) > 0
    assert all((row["debitAmt"] == 0) != (row["creditAmt"] == 0) for row in rows)
    assert {"5100", "5110", "5200", "2210", "2220", "2230", "2290"} == {row["baseSegment"] for row in rows}
    assert not {"currency", "currencyCode", "payDate", "employeeId"} & set(rows[0])
    assert rows[0]["periodEndDate"] == "2026-06-26T00:00:00"
    assert list(range(1, len(rows) + 1)) == [row["systemId"] for row in rows]


def test_one_worker_is_paid_by_the_formula():
    """G = gross / 26 rounded half-up, the rest of the rounded G."""
    world = UkgWorld(workers=1)
    worker = world.vendor._tenant.book.workers[0]
    by_account = {row["baseSegment"]: row["debitAmt"] + row["creditAmt"] for row in world.rows(f"{GL}/20240")}

    gross = round(Decimal(worker.gross_paid) / 2600, 2)
    assert gross == by_account["5100"] + by_account.get("5110", 0)
    assert by_account["2290"] == gross - by_account["2210"] - by_account["2220"]
    assert by_account["2230"] == by_account["5200"]


def test_negative_overtime_stays_on_its_side_unless_switched(tmp_path):
    """A correction of overtime is a negative debit, or, by switch, a positive credit."""
    path = tmp_path / "register.csv"
    path.write_text(
        "worker,department_code,department_name,division,assignment_category,annual_salary_usd,gross_paid_usd,overtime_paid_usd,hired_month\n"
        "W1,FIN,Finance,Ledger,Fulltime-Regular,26000,26000,-260.13,2001-09\n"
    )

    def overtime(**switches: object):
        rows = UkgWorld(register=path, **switches).rows(f"{GL}/20240")
        assert sum(row["debitAmt"] for row in rows) == sum(row["creditAmt"] for row in rows)
        return next((row["debitAmt"], row["creditAmt"]) for row in rows if row["baseSegment"] == "5110")

    # 260.13 / 26 = 10.005, half-up away from zero
    assert (Decimal("-10.01"), 0) == overtime()
    assert (0, Decimal("10.01")) == overtime(negative_as="other_side")


def test_pages_are_walked_by_the_link_header_and_end_with_an_empty_array():
    """The page name is read whatever its case; past the end there is an empty array, not an error."""
    world = UkgWorld(block_rows=500)
    whole = world.rows(GL)
    read, url = [], f"{GL}/20240?PER_page=700"
    while url:
        answer = world.get(url)
        read += answer.json()
        url = _next(answer)

    assert [row["systemId"] for row in whole] == [row["systemId"] for row in read]
    assert world.rows(f"{GL}/20240?per_page=700&page=99") == []
    assert 'rel="first"' in answer.headers["link"]
    assert 'rel="prev"' in answer.headers["link"]
    assert 'rel="last"' in answer.headers["link"]


def test_a_page_has_at_most_10_000_rows_and_that_is_the_default():
    """Asking for more, or for nothing, gives the cap; the rest is silently elsewhere."""
    world = UkgWorld(bench_rows=20_010, bench_groups=40)

    assert 10_000 == len(world.rows(f"{GL}/BENCH")) == len(world.rows(f"{GL}/BENCH?per_Page=50000"))
    assert len(world.rows(f"{GL}/BENCH?page=3")) == 10


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_Page=-1", "page=99999999999", "blockId=one"])
def test_a_page_that_is_no_number_is_refused_in_the_vendors_words(query):
    """A 400 names the parameter in `modelstate`."""
    answer = UkgWorld(workers=2).get(f"{GL}?{query}")

    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["errors"]["modelstate"]


def test_blocks_are_read_one_by_one():
    """Every row names its block and how many there are; together they are the run."""
    world = UkgWorld(block_rows=500)
    blocks = [world.rows(f"{GL}/20240?blockId={number}") for number in (1, 2, 3, 4)]

    assert [500, 500, 500, len(world.rows(GL)) - 1500] == [len(block) for block in blocks]
    assert {(number, 4) for number in (1, 2, 3, 4)} == {
        (row["blockId"], row["totalNrOfBlocks"]) for block in blocks for row in block
    }
    assert world.rows(f"{GL}/20240?blockId=5") == []


def test_an_unknown_run_is_404_by_path_and_nothing_by_query():
    """The path asks for one thing, the query filters a list."""
    world = UkgWorld(workers=2)

    assert world.get(f"{GL}/nope").status_code == 404
    assert world.get(f"{GL}/nope").content == b""
    assert world.rows(f"{GL}?runId=nope") == []


def test_many_runs_follow_each_other_and_differ():
    """Three biweekly runs, each with its own id and amounts; `mostRecent` is the newest alone."""
    world = UkgWorld(runs=3, workers=5)
    books = world.vendor.books()["runs"]

    assert [run["run_id"] for run in books] == ["20240", "20241", "20242"]
    assert [run["period_end"] for run in books] == ["2026-05-29", "2026-06-12", "2026-06-26"]
    assert len({run["totals"]["gross"] for run in books}) == 3
    assert {"20240", "20241", "20242"} == {row["runId"] for row in world.rows(GL)}
    assert {"20242"} == {row["runId"] for row in world.rows(f"{GL}?mostRecent=true")}


def test_a_thousand_runs_have_a_thousand_scales():
    """No two runs of a crash test book the same amounts."""
    from ml_connector_sandbox.scenarios.trading_company import payroll_scale

    assert len({payroll_scale(position) for position in range(1_000)}) == 1_000
    assert payroll_scale(0) == 10_000


def test_the_account_can_be_a_whole_string():
    """Base segment apart, the account is what the customer's rules join."""
    row = UkgWorld(workers=1, account_form="company-base-org").rows(GL)[0]

    assert f"HTC01-5100-{row['orgLevel1']}" == row["generalLedgerAccount"]
    assert row["baseSegment"] == "5100"


def test_an_undone_run_can_be_run_again_under_a_new_id():
    """The period opens, its checks go; the new run has the old amounts and what was changed."""
    world = UkgWorld(workers=3)
    world.vendor.control("undo_run", {})
    assert [row["isPeriodClosed"] for row in world.rows("/payroll/v1/paygroup-payperiods")] == [False, False]
    assert world.rows("/payroll/v1/pay-register") == []

    new = world.vendor.control("rerun", {"changes": {"W00001": "100.00"}})

    old_run, new_run = world.vendor.books()["runs"]
    assert ("undone", "current", new["run_id"]) == (old_run["status"], new_run["status"], new_run["run_id"])
    assert Decimal("100.00") == Decimal(new_run["totals"]["gross"]) - Decimal(old_run["totals"]["gross"])
    assert {new["run_id"]} == {row["runId"] for row in world.rows(f"{GL}?mostRecent=true")}
    assert {"20240", new["run_id"]} == {row["runId"] for row in world.rows(GL)}


def test_undone_runs_can_be_hidden():
    """By switch the rows of an undone run are gone."""
    world = UkgWorld(workers=3, undone_runs_listed=False)
    world.vendor.control("undo_run", {})

    assert world.get(f"{GL}/20240").status_code == 404


def test_off_cycle_and_void_runs_stand_beside_the_regular_one():
    """Each is a payroll of its own in the calendar; the void takes the check back and marks it."""
    world = UkgWorld(workers=11, off_cycle=True, void=True)
    kinds = {run["kind"]: run for run in world.vendor.books()["runs"]}
    checks = world.rows("/payroll/v1/pay-register?employeeNumber=000000001")

    assert [kinds[kind]["period_control"] for kind in ("regular", "off_cycle", "void")] == [
        "202607031",
        "202607032",
        "202607033",
    ]
    assert kinds["off_cycle"]["totals"]["gross"] == "1000.00"
    assert [(row["isVoided"], row["isVoidingRecord"]) for row in checks] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert checks[0]["totalEarningsAmount"] + checks[2]["totalEarningsAmount"] == 0


def test_an_unbalanced_run_is_one_dollar_out():
    """Behind its switch only."""
    rows = UkgWorld(workers=3, unbalanced=True).rows(GL)

    assert sum(row["debitAmt"] - row["creditAmt"] for row in rows) == 1


def test_runs_appear_when_the_clock_reaches_them():
    """By switch: before the period is closed there is neither run nor check."""
    world = UkgWorld(workers=2, clock_gates_runs=True)
    world.clock.set(world.clock.now().replace(month=6, day=27))

    assert [] == world.rows(GL) == world.rows("/payroll/v1/pay-register")
    assert not world.rows("/payroll/v1/paygroup-payperiods")[0]["isPeriodClosed"]
    world.clock.advance(3 * 86_400)
    assert world.rows(GL)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"what": "truncate_last_block"}, [1, 2, 3]),
        ({"what": "reorder_blocks"}, [4, 3, 2, 1]),
        ({"what": "repeat_block", "block": 2}, [1, 2, 2, 3, 4]),
    ],
)
def test_blocks_can_be_damaged_and_mended(wish, expected):
    """The total stays four whatever is served."""
    world = UkgWorld(block_rows=500)
    world.vendor.control("tamper", wish)
    rows = world.rows(GL)

    order = [
        row["blockId"]
        for place, row in enumerate(rows)
        if place == 0 or row["systemId"] != rows[place - 1]["systemId"] + 1 or row["systemId"] % 500 == 1
    ]
    assert expected == order
    assert {4} == {row["totalNrOfBlocks"] for row in rows}
    world.vendor.control("untamper", {})
    assert len(world.rows(GL)) == 1516


@pytest.mark.parametrize("text", ["1e400", "NaN", "1234567890123456789.01", '"12.00"', "null"])
def test_an_amount_can_be_anything(text):
    """The bytes are served as asked, valid JSON or not."""
    world = UkgWorld(workers=2)
    world.vendor.control("tamper", {"what": "amount", "row": 2, "text": text})

    assert f'"debitAmt":{text}' in world.get(GL).text


def test_a_row_can_lack_a_field_or_have_both_sides_and_a_page_can_be_html():
    """Each is what one bad payroll export has done to somebody."""
    world = UkgWorld(workers=2)
    world.vendor.control("tamper", {"what": "missing_field", "row": 1, "field": "baseSegment"})
    world.vendor.control("tamper", {"what": "both_sides", "row": 2})
    rows = world.rows(GL)
    assert "baseSegment" not in rows[0]
    assert Decimal("12.34") == rows[1]["debitAmt"] == rows[1]["creditAmt"]

    world.vendor.control("tamper", {"what": "html"})
    answer = world.get(GL)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_controls_refuse_what_does_not_exist():
    """An unknown action, run, row, block or anomaly is a KeyError, and nothing is changed."""
    world = UkgWorld(workers=2)
    for action, wish in (
        ("dance", {}),
        ("undo_run", {"run_id": "1"}),
        ("tamper", {"what": "fire"}),
        ("tamper", {"what": "both_sides", "row": 999}),
        ("tamper", {"what": "repeat_block", "block": 9}),
        ("rerun", {"changes": {"W99999": "1.00"}}),
        ("gl_file", {"layout": "L9"}),
        ("permissions", {"revoke": ["Flying"]}),
    ):
        with pytest.raises(KeyError):
            world.vendor.control(action, wish)
    assert len(world.vendor.books()["runs"]) == 1


@pytest.mark.parametrize(("rows", "groups"), [(1_003, 17), (50, 11), (7, 2), (99, 3), (55, 4), (2_000, 20)])
def test_a_synthetic_run_has_exactly_its_rows_and_groups_and_every_department_balances(rows, groups):
    """So it can be cut at balanced borders, and no amount is zero or negative."""
    made = bench_rows(rows, groups, seed=1)
    balance = dict.fromkeys(made.orgs, 0)
    for number in range(len(made)):
        debit, credit = made.debit_credit(number)
        balance[made.orgs[made.org[number]]] += debit - credit

    assert rows == len(made)
    assert groups == len(set(zip(made.line, made.org, strict=True)))
    assert {0} == set(balance.values())
    assert min(made.cents) > 0


def test_the_checks_of_a_synthetic_run_tie_to_its_rows():
    """Gross, tax and net of the register are those of the ledger rows."""
    world = UkgWorld(bench_rows=1_000, bench_groups=20)
    rows, checks = world.rows(GL), world.rows("/payroll/v1/pay-register")

    def total(account: str) -> Decimal:
        return sum(
            (row["debitAmt"] + row["creditAmt"] for row in rows if row["baseSegment"] == account), Decimal(0)
        )

    assert total("5100") + total("5110") == sum(check["totalEarningsAmount"] for check in checks)
    assert total("2210") == sum(check["totalTaxAmount"] for check in checks)
    assert total("2290") == sum(check["netAmount"] for check in checks)
    assert {row["orgLevel1"] for row in rows} == {check["organizationLevel1"] for check in checks}


def test_the_flat_file_ties_to_the_run_in_all_layouts():
    """Two columns, a signed amount with a trailer, and fixed width all say the same total."""
    world = UkgWorld(workers=7)
    debit = sum(row["debitAmt"] for row in world.rows(GL))
    first, second, third = (
        world.vendor.control("gl_file", {"layout": layout})["text"].splitlines()
        for layout in ("L1", "L2", "L3")
    )

    assert (
        first[0]
        == "CompanyCode,PayGroup,PeriodControl,PayDate,GLAccount,OrgLevel1,OrgLevel2,Description,Debit,Credit"
    )
    assert debit == sum(Decimal(line.split(",")[8]) for line in first[1:])
    assert debit == sum(Decimal(line.split("|")[4]) for line in second[:-1] if "-" not in line.split("|")[4])
    assert f"T|{len(second) - 1}|{debit}|{debit}" == second[-1]
    assert {5 + 25 + 10 + 8 + 1 + 13 + 30} == {len(line) for line in third}
    assert debit * 100 == sum(int(line[49:62]) for line in third if line[48] == "D")
