"""Claims about Third-Party Pay: envelopes, kinds of rows, voids, and records that cannot be believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.connectors.ukg_pro.settings import read
from ml_connector.contract.payroll import problems_of, rows_of, side_total
from ml_connector.domain.dimension import code_on
from ml_connector.domain.payroll import PayParts
from ml_connector.domain.problem import Owner
from ml_connector.errors import NotFound, RightMissing, VendorChanged

Make = Callable[..., Any]
PAY_DATE = date(2026, 7, 3)


@pytest.mark.parametrize("envelope", ["array", "d.results", "value"])
def test_every_envelope_is_read(make_third_party: Make, envelope: str) -> None:
    """The list comes bare or wrapped; what it holds is the same."""
    world = make_third_party(switches={"third_party_envelope": envelope})

    assert len(rows_of(world.source, world.newest())) == 72


def test_rows_by_code_balance(make_third_party: Make) -> None:
    """Earnings are debits, deductions credits, and what remains is net pay: each record balances."""
    world = make_third_party()
    rows = rows_of(world.source, world.newest())

    assert {("EARNING", "REG"), ("DEDUCTION", "MED"), ("NET", None)} == {
        (row.account, row.pay_code) for row in rows
    }
    assert side_total(rows, debit=True) == -side_total(rows, debit=False)
    assert code_on("org_level_1", rows[0].dimensions) == "BOSIT"


def test_rows_by_account(make_third_party: Make) -> None:
    """Where a tenant's records carry account, debit, credit and cost center, those are the rows."""
    world = make_third_party(switches={"third_party_gl": True}, third_party_rows="accounts")
    rows = rows_of(world.source, world.newest())

    assert ("5100", "BOSIT") == (rows[0].account, code_on("cost_center", rows[0].dimensions))
    assert sum(row.amount.minor for row in rows) == 0
    assert world.source.pay_run(world.newest()).subject == "HTC01 BIWEEK 2026-06-26 2026-07-03"


def test_account_row_with_both_sides_is_a_problem(make_third_party: Make) -> None:
    """It is not netted."""
    world = make_third_party(switches={"third_party_gl": True}, third_party_rows="accounts")
    world._first(lambda record: record.update(CreditAmount="1.00"))

    assert ["amount.both_sides"] == [problem.code for problem in problems_of(world.source, world.newest())]


def test_void_record_pays_nothing_and_changes_the_run(make_third_party: Make) -> None:
    """Its rows are gone; the reference is another, the subject the same."""
    world = make_third_party()
    before, run = rows_of(world.source, world.newest()), world.source.pay_run(world.newest())
    _, reference = world.void()

    assert len(before) - 3 == len(rows_of(world.source, reference))
    assert reference != run.reference
    assert run.subject == world.source.pay_run(reference).subject
    parts = [p for p in (run.parts, world.source.pay_run(reference).parts) if p is not None]
    assert [PayParts(day=run.pay_period.pay_date)] * 2 == [replace(p, records=()) for p in parts]
    assert 1 == len({*parts[0].records} - {*parts[1].records})
    with pytest.raises(NotFound) as caught:
        world.source.pay_run(run.reference)
    assert reference in caught.value.problem.text


def test_what_was_delivered_is_hashed(make_third_party: Make) -> None:
    """Every block has the hash of the list its records came in, the same at each reading, so that the audit
    log can say what was read; another amount is another hash.
    """
    world = make_third_party()
    reference = world.newest()
    hashes = {block.sha256 for block in world.source.blocks(reference)}
    world.source.pay_run(reference)
    again = {block.sha256 for block in world.source.blocks(reference)}
    world._first(lambda record: record["Earnings"][0].update(EarningCurrentAmount="1.00"))
    changed = {block.sha256 for block in world.source.blocks(world.newest())}

    assert [64] == [len(sha256) for sha256 in hashes]
    assert hashes == again
    assert 2 == len(hashes | changed)


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        (
            {"Earnings": [{"EarningCode": "REG", "EarningCurrentAmount": "12,50"}]},
            "amount.unreadable",
            "12,50",
        ),
        (
            {"Earnings": [{"EarningCode": "REG", "EarningCurrentAmount": "1_000"}]},
            "amount.unreadable",
            "1_000",
        ),
        ({"Earnings": [{"EarningCode": "REG"}]}, "amount.missing", "EarningCurrentAmount"),
        ({"Earnings": [{"EarningCurrentAmount": "1.00"}]}, "row.pay_code", "EarningCode"),
        ({"Earnings": "none"}, "row.shape", "Earnings"),
        ({"CurrencyCode": "EUR"}, "run.currency", "USD"),
    ],
)
def test_odd_record_is_a_problem(
    make_third_party: Make, change: dict[str, Any], code: str, word: str
) -> None:
    """The problem names the record, the field and the value; the other records arrive."""
    world = make_third_party()
    world._first(lambda record: record.update(change))

    (problem,) = problems_of(world.source, world.newest())
    assert (code, True) == (problem.code, problem.where.startswith("record "))
    assert word in problem.text


def test_record_without_an_id_stops_the_reading(make_third_party: Make) -> None:
    """Without id, company or pay date a record belongs to no run; the text points to the field names."""
    world = make_third_party()
    world._first(lambda record: record.pop("Id"))

    with pytest.raises(VendorChanged) as caught:
        world.newest()
    assert "Check the field names" in caught.value.problem.text


def test_field_names_are_the_tenants(make_third_party: Make) -> None:
    """A tenant with other names is read by a setting."""
    world = make_third_party(third_party_fields='{"earning_amount": "Amount"}')
    world._first(
        lambda record: [row.update(Amount=row.pop("EarningCurrentAmount")) for row in record["Earnings"]]
    )
    rows = [row for block in world.source.blocks(world.newest()) for row in block.rows]

    assert Decimal("5055.90") == rows[0].amount.amount


def test_missing_permission_is_named(make_third_party: Make) -> None:
    """The ping and the error say which web service."""
    world = make_third_party()
    world.control("permissions", revoke=["Third Party Pay"])

    with pytest.raises(RightMissing):
        world.newest()
    assert ["Third Party Pay"] == [
        right.name.partition(":")[0]
        for right in world.system.check()
        if not (right.granted or right.optional)
    ]


def test_record_posted_again_is_a_question_and_no_sum(make_third_party: Make) -> None:
    """Its id is new and everything else the same: the run went from 71,913.55 to 76,969.45 without a word.
    Both records are named with date and amount, and neither worker is.
    """
    world = make_third_party()
    first, before = world.records()[0], rows_of(world.source, world.newest())
    second = world.again()

    (problem,) = problems_of(world.source, world.newest())

    assert ("record.twice", Owner.PAYROLL) == (problem.code, problem.owner)
    for words in (
        f"{first['Id']} (paid 2026-07-03, gross 5055.90 USD)",
        f"{second} (paid 2026-07-03, gross 5055.90 USD)",
        "one worker, pay date and period",
        f"check number {first['CheckNumber']} and document number {first['DocumentNumber']}",
        f"add {first['Id']}={second} to third_party_both_paid",
    ):
        assert words in problem.text
    assert first["EmployeeNumber"] not in problem.text
    assert len(before) + 3 == sum(len(block.rows) for block in world.source.blocks(world.newest()))


@pytest.mark.parametrize(
    ("members", "reasons"),
    [
        ({"CheckNumber": "1", "DocumentNumber": "1"}, "have one worker, pay date and period."),
        ({"EmployeeNumber": "X", "DocumentNumber": "1"}, "have check number 55"),
        ({"EmployeeNumber": "X", "CheckNumber": "1"}, "have document number 70"),
        ({"EmployeeNumber": "X", "CheckNumber": "1", "DocumentNumber": "1"}, ""),
        ({"EmployeeNumber": "X", "CheckNumber": "000", "DocumentNumber": None}, ""),
        ({"IsVoided": "Y"}, ""),
        ({"PayDate": "2026-07-10T00:00:00Z"}, "have check number 55"),
        ({"PayDate": "2026-07-10T00:00:00Z", "CheckNumber": "1", "DocumentNumber": "1"}, ""),
        ({"PayDate": "2026-09-10T00:00:00Z"}, ""),
        ({"CompanyIdentifierValue": "OTHER", "PayDate": "2026-07-10T00:00:00Z"}, ""),
    ],
)
def test_what_two_records_may_not_share(
    make_third_party: Make, members: dict[str, Any], reasons: str
) -> None:
    """A worker and period, a check, a document; within a run, and with the pay dates around it. Without a
    period a worker is paid again on the next date.
    """
    world = make_third_party()
    world.again(**members)

    found = problems_of(world.source, world.source.pay_runs(PAY_DATE)[0].reference)
    assert ([reasons] if reasons else []) == [reasons for problem in found if reasons in problem.text]
    assert bool(reasons) is bool(found)


def test_worker_with_one_period_on_two_pay_dates_is_asked_about(make_third_party: Make) -> None:
    """Where records name their period, a pay date that moved does not hide a repeat: both runs ask."""
    world = make_third_party()
    second = world.again(PayDate="2026-07-10T00:00:00Z", CheckNumber="1", DocumentNumber="1")
    world.changed.append(
        lambda records: [{"PeriodEndDate": "2026-06-26T00:00:00Z", **record} for record in records]
    )

    for ref in world.source.pay_runs(PAY_DATE - timedelta(days=30)):
        (problem,) = problems_of(world.source, ref.reference)
        assert "have one worker and period." in problem.text
        assert second in problem.text
        assert "paid 2026-07-10" in problem.text


def test_a_pair_that_was_both_paid_passes_and_no_other(make_third_party: Make) -> None:
    """A person says it of two ids, in either order."""
    world = make_third_party()
    first = world.records()[0]["Id"]
    second, third = world.again(), world.again()

    assert 3 == len(problems_of(world.source, world.newest()))
    source = world.with_settings(third_party_both_paid=f"{second}={first}, {first}={third}")
    (problem,) = problems_of(source, world.newest())
    assert f"records {second} and {third}" == problem.where
    source = world.with_settings(third_party_both_paid=f"{second}={first}, {first}={third}, {third}={second}")
    assert [] == problems_of(source, world.newest())


def test_looking_for_repeats_costs_one_list(make_third_party: Make) -> None:
    """Its pages, and no call for a record; none where it is turned off, or where rows name accounts."""
    world = make_third_party()
    for settings, more in (
        ({}, 2),
        ({"third_party_repeat_days": "0"}, 0),
        ({"third_party_rows": "accounts"}, 0),
    ):
        source = world.with_settings(**settings)
        reference = source.pay_runs(PAY_DATE)[0].reference
        source.pay_run(reference)
        before = len(world.exchanges.all)
        list(source.blocks(reference))
        assert more == len(world.exchanges.all) - before


def test_worker_without_a_number_is_told_by_another_identifier(make_third_party: Make) -> None:
    """The identifier that UKG requires of a record; it is compared and never shown."""
    world = make_third_party()
    world.changed.append(
        lambda records: [
            {**record, "EmployeeNumber": None, "EmployeeIdentifierType": "Ssn"} for record in records
        ]
    )
    world.again(CheckNumber="1", DocumentNumber="1")

    (problem,) = problems_of(world.source, world.newest())
    assert "one worker" in problem.text
    assert world.records()[0]["EmployeeIdentifierValue"] not in problem.text


def test_record_that_changes_without_a_time_is_another_run(make_third_party: Make) -> None:
    """Where UKG tells no time of change, the run is known by what its records say."""
    world = make_third_party()
    before = world.newest()

    assert before != world.rerun()


@pytest.mark.parametrize("pairs", ["a", "a=", "a=a", "a=b=c", "=b"])
def test_pairs_that_are_none_are_refused(pairs: str) -> None:
    problems = read({"source": "third_party_pay", "third_party_both_paid": pairs}, True)[1]

    assert "setting.third_party_both_paid" in [problem.code for problem in problems]


def test_days_beyond_a_year_are_refused() -> None:
    problems = read({"source": "third_party_pay", "third_party_repeat_days": "400"}, True)[1]

    assert "setting.days" in [problem.code for problem in problems]
