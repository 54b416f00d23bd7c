"""Claims about the general-ledger source that are UKG's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ml_connector.connectors.ukg_pro.client import GENERAL_LEDGER, PAY_PERIODS, PAY_REGISTER
from ml_connector.contract.payroll import gate, problems_of, rows_of, side_total, trouble
from ml_connector.domain.dimension import code_on
from ml_connector.errors import NotSent, Refused, RightMissing, SignInLost, Throttled, VendorChanged

World = Any
Make = Callable[..., Any]


def asked(world: World) -> list[str]:
    """Paths asked for, in order."""
    return [exchange.url.split("9102")[1].split("?")[0] for exchange in world.exchanges.all]


def refusal(world: World, reference: str = "20240", **settings: str) -> Refused:
    """What the run is refused with."""
    with pytest.raises(Refused) as caught:
        world.with_settings(**settings).pay_run(reference)
    return caught.value


def test_run_costs_two_calls_and_its_pages(make_world: Make) -> None:
    """Pay period and register once, each page of rows once: the first page is not read again."""
    world = make_world()
    source = world.with_settings(page_rows="500")

    source.pay_run("20240")
    rows = sum(len(block.rows) for block in source.blocks("20240"))

    assert rows == 1516
    assert (
        asked(world)
        == [f"{GENERAL_LEDGER}/20240", PAY_PERIODS, PAY_REGISTER] + [f"{GENERAL_LEDGER}/20240"] * 3
    )


def test_default_run_is_read_in_three_calls(make_world: Make) -> None:
    """The run of the trading company: one page of rows, one of periods, one of checks."""
    world = make_world()
    world.source.pay_run("20240")
    list(world.source.blocks("20240"))

    assert len(asked(world)) == 3


def test_old_first_page_is_read_again(make_world: Make) -> None:
    """What was read ten minutes ago is not mixed with what is read now."""
    world = make_world()
    world.source.pay_run("20240")
    world.source._clock.advance(601)

    list(world.source.blocks("20240"))

    assert len(asked(world)) == 4


def test_register_counts_workers_by_code(make_world: Make) -> None:
    """Totals are the payroll's books to the cent; each worker is counted once per org level code."""
    world = make_world()
    (totals,) = world.source.pay_run("20240").register

    books = world.host.vendor.books()["runs"][0]["totals"]
    known = [books[name] for name in ("gross", "deductions", "employee_taxes", "net")]
    assert known == [
        str(amount.amount) for amount in (totals.gross, totals.deductions, totals.employee_taxes, totals.net)
    ]
    level_1 = [workers for axis, _, workers in totals.workers_by_code if axis == "org_level_1"]
    assert (240, 240) == (totals.workers, sum(level_1))


def test_rows_carry_their_axes(make_world: Make) -> None:
    """Org level 1 is the department code; empty levels are left out."""
    rows = rows_of(make_world().source, "20240")

    assert code_on("org_level_1", rows[0].dimensions) == "BOSIT"
    assert {axis.axis for row in rows for axis in row.dimensions} == {"org_level_1"}
    assert rows[0].origin == "20240/1/1"


def test_account_is_the_base_segment_or_the_whole(make_world: Make) -> None:
    """The mapping starts from the base segment unless the connection says otherwise."""
    world = make_world(switches={"account_form": "company-base-org"})

    assert {row.account for row in rows_of(world.source, "20240")} == {
        "5100",
        "5110",
        "5200",
        "2210",
        "2220",
        "2230",
        "2290",
    }
    assert (
        rows_of(world.with_settings(account="general_ledger_account"), "20240")[0].account
        == "HTC01-5100-BOSIT"
    )


@pytest.mark.parametrize(("form", "sign"), [("same_side", 1), ("other_side", -1)])
def test_negative_amounts_keep_their_column(make_world: Make, form: str, sign: int) -> None:
    """A void is written as negative amounts in the same column, or as positive ones in the other: both are
    read to the cent.
    """
    world = make_world(switches={"negative_as": form})
    source, run = world.void()
    rows = rows_of(source, run)

    assert sum(row.amount.minor for row in rows) == 0
    assert sign * world.expected(run).debit.minor == side_total(rows, debit=True).minor


def test_off_cycle_run_is_another_subject(make_world: Make) -> None:
    """A bonus run of the same days must not be taken for the regular run made again."""
    world = make_world()
    regular = world.source.pay_run("20240").subject
    bonus = str(world.control("off_cycle")["run_id"])
    named = world.with_settings(pay_periods=f"20240=202607031, {bonus}=202607032")

    assert regular == named.pay_run("20240").subject
    assert regular != named.pay_run(bonus).subject


def test_several_pay_periods_are_listed(make_world: Make) -> None:
    """The refusal names each candidate with its pay date, and the setting that decides."""
    world = make_world(switches={"off_cycle": True})
    problem = refusal(world).problem

    assert problem.code == "run.ambiguous"
    assert "202607031 (pay date 2026-07-03), 202607032 (pay date 2026-07-03)" in problem.text
    assert "pay_periods to 20240=" in problem.text
    assert "202607039" in refusal(world, pay_periods="20240=202607039").problem.text


def test_run_of_an_undone_payroll_is_refused(make_world: Make) -> None:
    """The period is open again: the run's rows are still there, and must not be posted."""
    world = make_world()
    world.control("undo_run", run_id="20240")

    problem = refusal(world).problem
    assert problem.code == "run.period_open"
    assert "register.empty" == refusal(world, closed_only="no").problem.code


def test_company_without_a_currency_is_refused(make_world: Make) -> None:
    """Rows name no currency; none is assumed, and one that the checks contradict is not used."""
    world = make_world()

    assert "Set currency to HTC01=" in refusal(world, currency="").problem.text
    assert "run.currency" == refusal(world, currency="OTHER=USD").problem.code
    assert "is in USD, and the connection has EUR" in refusal(world, currency="HTC01=EUR").problem.text


def test_companies_are_filtered(make_world: Make) -> None:
    """A connection for one company reads no row of another."""
    world = make_world()
    source = world.with_settings(companies="OTHER", register="no")

    assert [row for block in source.blocks("20240") for row in block.rows] == []


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        ({"what": "missing_field", "row": 5, "field": "debitAmt"}, "amount.missing"),
        ({"what": "both_sides", "row": 5}, "amount.both_sides"),
        ({"what": "amount", "row": 5, "field": "debitAmt", "text": "1e400"}, "amount.both_sides"),
        ({"what": "amount", "row": 1, "field": "debitAmt", "text": "1e400"}, "amount.invalid"),
        ({"what": "amount", "row": 5, "field": "debitAmt", "text": "NaN"}, "amount.invalid"),
        ({"what": "amount", "row": 5, "field": "debitAmt", "text": "-Infinity"}, "amount.invalid"),
        ({"what": "amount", "row": 5, "field": "creditAmt", "text": "true"}, "amount.unreadable"),
        ({"what": "amount", "row": 5, "field": "debitAmt", "text": '"1_000"'}, "amount.unreadable"),
        ({"what": "amount", "row": 5, "field": "creditAmt", "text": '"\\u0661"'}, "amount.unreadable"),
        ({"what": "amount", "row": 5, "field": "creditAmt", "text": "1234567890123456789"}, "amount.invalid"),
    ],
)
def test_odd_row_is_named_and_the_rest_kept(make_world: Make, tamper: dict[str, Any], code: str) -> None:
    """One bad row is one problem with block, row and field; the other rows arrive."""
    source, run = make_world().tampered(**tamper)

    (block,) = source.blocks(run)
    (problem,) = block.problems
    assert (code, 1515) == (problem.code, len(block.rows))
    assert f"block 1, row {tamper['row']}: " in problem.where
    assert "Amt" in problem.text
    assert "run the general-ledger step again" in problem.text


@pytest.mark.parametrize("rows", [300, 500])
def test_block_repeated_or_out_of_order_is_seen_whatever_the_pages(make_world: Make, rows: int) -> None:
    """A block right after itself counts twice, also where blocks are pages; blocks out of order are whole."""
    world = make_world()
    source, run = world.twice()
    source = world.with_settings(page_rows=str(rows))

    assert "blocks.twice" in trouble(source, run)
    world.control("untamper")
    world.control("tamper", run_id=run, what="reorder_blocks")
    assert gate(list(source.blocks(run))) == []


def test_html_page_is_not_an_empty_run(make_world: Make) -> None:
    """A sign-in page in the middle of the pages stops the reading."""
    world = make_world()
    world.post("faults", {"kind": "garbage", "match": {"path": GENERAL_LEDGER}, "times": 1, "skip": 1})

    with pytest.raises(VendorChanged) as caught:
        list(world.with_settings(page_rows="500").blocks("20240"))
    assert "text/html" in caught.value.problem.text


def test_wrong_secret_names_all_that_could_be(make_world: Make) -> None:
    """A 401 is silent, so the text lists what to check; the ping says it too and goes no further."""
    world = make_world()
    world.control("change_password", password="another")

    with pytest.raises(SignInLost) as caught:
        world.source.pay_run("20240")
    for word in ("user name", "password", "customer API key", "user API key", "locked"):
        assert word in caught.value.problem.text
    (right,) = [right for right in world.system.check() if not right.optional]
    assert (right.name, right.granted) == ("sign in", False)


def test_missing_permission_is_named(make_world: Make) -> None:
    """A 403 is empty; the path tells which web service the account lacks, in the error and in the ping."""
    world = make_world()
    world.control("permissions", revoke=["Payroll Integration"])

    with pytest.raises(RightMissing) as caught:
        world.source.pay_run("20240")
    assert "'Payroll Integration'" in caught.value.problem.text
    missing = [right for right in world.system.check() if not (right.granted or right.optional)]
    assert {right.name.partition(":")[0] for right in missing} == {"Payroll Integration"}
    assert all("Service Account Administration" in right.text for right in missing)


def test_ping_changes_nothing_and_is_small(make_world: Make) -> None:
    """One read of one row per permission."""
    world = make_world()

    assert all(right.granted or right.optional for right in world.system.check())
    assert {exchange.method for exchange in world.exchanges.all} == {"GET"}
    assert all("per_Page=1" in exchange.url for exchange in world.exchanges.all)
    assert [("HTC01", "USD")] == [(entity.code, entity.currency) for entity in world.system.entities()]


def test_limit_that_stays_is_throttled(make_world: Make) -> None:
    """UKG names no time to wait; after some tries the run is told to wait."""
    world = make_world()
    world.post("faults", {"kind": "status", "status": 429, "times": 9})

    with pytest.raises(Throttled):
        world.source.pay_run("20240")


def test_core_by_bearer_token(make_world: Make) -> None:
    """With the other sign-in, token and organization go along, and neither is seen in a record."""
    world = make_world(switches={"core_bearer": True})
    settings = {name: world.credentials[name] for name in ("token_url", "organization", "audience")}

    assert world.with_settings(auth="bearer", **settings).pay_run("20240").blocks == 1
    assert [secret for secret in world.secrets() if secret in world.said()] == []


def test_user_key_is_sent_where_it_is_demanded(make_world: Make) -> None:
    """Some tenants demand the user key as well."""
    assert make_world(switches={"strict_user_key": True}).source.pay_run("20240").blocks == 1


def test_missing_secret_is_named_before_anything_is_sent(make_world: Make) -> None:
    """Without a password no call leaves."""
    world = make_world()
    world.credentials["password"] = ""

    with pytest.raises(NotSent) as caught:
        world.reopen().pay_run("20240")
    assert (caught.value.problem.where, world.exchanges.all) == ("password", [])


def test_odd_references_find_nothing_else(make_world: Make) -> None:
    """A reference is one path segment, whatever it holds."""
    source = make_world().source

    for reference in (
        "../../personnel/v1/person-details",
        "20240?mostRecent=true",
        "20240/../20240",
        "",
        " ",
    ):
        with pytest.raises(Refused):
            source.pay_run(reference)


def test_runs_are_listed_oldest_first(make_world: Make) -> None:
    """Every run since the date, each once, in the order they were calculated."""
    world = make_world(switches={"runs": 3})
    found = world.source.pay_runs(date(2000, 1, 1))

    assert {run["run_id"] for run in world.host.vendor.books()["runs"]} == {ref.reference for ref in found}
    assert [ref.calculated_at for ref in found] == sorted(ref.calculated_at for ref in found)
    assert len(problems_of(world.source, found[0].reference)) == 0
