"""The system on the simulator: the ping, the facts, the sign-in, and where the vendor's habits may differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ml_connector.contract.acts import locate, send
from ml_connector.domain.checks import check_entry, compare
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker
from ml_connector.errors import CodeUnknown, NotFound, PeriodClosed, SignInLost, SignInRenewed, VendorChanged


def test_ping_says_what_is_there(world: Any) -> None:
    """Everything is read, nothing is written and nothing refused."""
    rights = world.system.check()

    assert [right.name for right in rights if not right.granted] == []
    assert {
        "sign in",
        "read LedgerJournalLines",
        "dimension format",
        "company usmf",
        "journal names usmf",
        "period open today usmf",
    } <= {right.name for right in rights}
    assert {call.split()[0] for call in world.calls()} == {"GET"}
    assert {exchange.status for exchange in world.wiring.exchanges.all} == {200}


def test_ping_says_what_is_missing(make_world: Callable[..., Any]) -> None:
    """Journal names that do not fit, the format, the period and a company, each with the remedy."""
    world = make_world(company="usmf,nope", journals="PAYROLL,DELLINES,GenJrn,NONE")
    world.control("deactivate_format", kind="ledger")
    world.close_period(date(2026, 7, 1))

    missing = {right.name: right.text for right in world.system.check() if not right.granted}

    assert set(missing) == {
        "dimension format",
        "company nope",
        "journal DELLINES usmf",
        "journal GenJrn usmf",
        "journal NONE usmf",
        "period open today usmf",
    }
    assert "deletes lines after posting" in missing["journal DELLINES usmf"]
    assert "an entry must be one voucher" in missing["journal GenJrn usmf"]


@pytest.mark.parametrize(
    ("switch", "said"),
    [
        ("bi", "Published: GeneralJournalAccountEntryBiEntities."),
        ("published", "Published: GeneralJournalAccountEntryBiEntities and GeneralJournalAccountEntries."),
        ("none", "What is posted is told by the lines of journals alone."),
    ],
)
def test_ping_says_which_posted_entries_are_published(
    make_world: Callable[..., Any], switch: str, said: str
) -> None:
    """The lack of them is no right that is missing."""
    rights = {right.name: right for right in make_world(switches={"gl_sets": switch}).system.check()}

    assert rights["posted entries"].granted
    assert rights["posted entries"].text.endswith(said)


def test_ping_says_where_values_of_each_dimension_are_made(make_world: Callable[..., Any]) -> None:
    """A list of its own, other records, and a dimension that is not there."""
    world = make_world(dimensions="project=project, cost_center=CostCenter, moon=Moon")
    rights = {right.name: right for right in world.system.check()}

    assert "A list of its own" in rights["dimension project"].text
    assert "come from CostCenters" in rights["dimension cost_center"].text
    assert "no financial dimension Moon" in rights["dimension moon"].text
    assert rights["read DimensionAttributes"].granted
    assert (True, True) == (rights["read EmploymentsV2"].granted, rights["read EmploymentsV2"].optional)


def test_ping_without_a_sign_in(world: Any) -> None:
    """One line says what to do."""
    world.withdraw_sign_in()

    (right,) = world.system.check()

    assert (right.name, right.granted) == ("sign in", False)
    assert "client id and secret" in right.text


def test_entities(make_world: Callable[..., Any]) -> None:
    """Those of the setting that are there, in its order."""
    world = make_world(company="dat,nope,usmf")

    assert [(entity.code, entity.currency) for entity in world.system.entities()] == [
        ("dat", "USD"),
        ("usmf", "USD"),
    ]


def test_journals_that_do_not_fit_are_not_offered(world: Any) -> None:
    """Only daily ones with one voucher that keep their lines."""
    offered = dict(world.ledger.journals("usmf"))

    assert "PAYROLL" in offered
    assert offered.keys().isdisjoint({"GenJrn", "MANUAL", "DELLINES", "PERIODIC", "VendPay", "CustPay"})
    assert "of type Periodic" in world.ledger.chart("usmf", "PERIODIC", frozenset()).journal_problem


def test_chart_knows_what_is_blocked(world: Any) -> None:
    """Blocked for manual entry, suspended, and what a company says otherwise; suspended and blocked codes."""
    chart = world.ledger.chart("usmf", "PAYROLL", frozenset({"cost_center", "phase_of_the_moon"}))

    assert {code for code, account in chart.accounts.items() if account.blocked} == {
        "601900",
        "601999",
        "605119",
    }
    assert (chart.inactive["cost_center"], set(chart.codes)) == (frozenset({"OLD1", "OLD2"}), {"cost_center"})
    blocked = replace(
        world.entry(), lines=tuple(replace(line, account="601900") for line in world.entry().lines)
    )
    assert "account.blocked" in {problem.code for problem in check_entry(blocked, chart)}


def test_chart_knows_what_is_a_total(world: Any) -> None:
    """C10: a total is neither open nor blocked, whatever its other flags say; the row of a company counts
    too.
    """
    about = {"dimension": "CostCenter", "name": "All plants"}
    world.control("add_dimension_value", **about, code="ALL", total=True, suspended=True)
    world.control("add_dimension_value", **about, code="LINE-7", company="usmf", total=True)
    world.control("suspend_account", account="699999")
    chart = world.ledger.chart("usmf", "PAYROLL", frozenset({"cost_center"}))

    totals = [account for account in chart.accounts.values() if account.is_total]
    assert ["Personnel costs", "Personnel costs in total"] == sorted(row.description for row in totals)
    assert {"cost_center": {"ALL": "All plants", "LINE-7": "All plants"}} == chart.totals
    other = chart.codes["cost_center"] | chart.inactive["cost_center"]
    assert other.isdisjoint(chart.totals["cost_center"])


def test_a_value_is_usable_by_company(make_world: Callable[..., Any]) -> None:
    """C14: what the shared row or that of the company bars is barred there, and days of its own count."""
    world = make_world(company="usmf,dat")
    about = {"dimension": "Project", "company": "dat"}
    world.control("suspend_dimension_value", **about, code="P0001")
    world.control("date_dimension_value", **about, code="P0002", to="2026-12-31")
    world.control("suspend_dimension_value", dimension="Project", code="P0002")
    world.control("date_dimension_value", dimension="Project", code="P0003", to="2026-05-31")
    world.control("date_dimension_value", **about, code="P0003", to="2026-12-31")
    world.control("date_dimension_value", **about, code="P0004", to="2026-05-31")
    usable = {
        company: {
            code
            for code in world.ledger.chart(company, "PAYROLL", frozenset({"project"})).codes["project"]
            if code in ("P0001", "P0002", "P0003", "P0004")
        }
        for company in ("usmf", "dat")
    }

    assert {"usmf": {"P0001", "P0004"}, "dat": {"P0003"}} == usable


def test_period_numbers_are_the_calendar_s(world: Any) -> None:
    """The year begins in July here; May is closed."""
    calendar = {
        period.start: period for period in world.ledger.calendar("usmf", "PAYROLL", date(2026, 6, 30))
    }

    assert (calendar[date(2026, 6, 1)].name, calendar[date(2026, 7, 1)].name) == ("2026-12", "2027-01")
    assert (calendar[date(2026, 5, 1)].open, calendar[date(2026, 6, 1)].open) == (False, True)


def test_other_company_than_the_user_s_own(make_world: Callable[..., Any]) -> None:
    """Written, found, posted and deleted across companies."""
    world = make_world(company="dat")
    entry = replace(world.entry(), entity="dat")
    receipt = send(world.whole(), entry)

    assert [receipt.reference] == locate(world.ledger, entry)
    assert compare(entry, world.ledger.read_back(receipt)) == []
    world.ledger.abandon(receipt)
    assert locate(world.ledger, entry) == []


def test_company_that_is_not_there(make_world: Callable[..., Any]) -> None:
    """Said by its name."""
    with pytest.raises(NotFound, match="no ledger of company nope"):
        make_world(company="nope").ledger.calendar("nope", "PAYROLL", date(2026, 6, 30))


def test_all_dimensions_of_a_line(world: Any) -> None:
    """Department, branch and project beside the cost center, delimiters in two of them."""
    entry = world.entry()
    codes = dimensions(
        {"cost_center": "LINE-7", "department": "010", "branch": "001", "project": "P-2026-01"}
    )
    entry = replace(entry, lines=(replace(entry.lines[0], dimensions=codes), *entry.lines[1:]))

    receipt = send(world.whole(), entry)

    assert compare(entry, world.ledger.read_back(receipt)) == []
    assert codes in {line.dimensions for line in world.ledger.read_back(receipt).lines}


def test_old_sign_in_address(make_world: Callable[..., Any]) -> None:
    """Version 1 answers with texts for numbers."""
    world = make_world()
    world = make_world(token_url=world.credentials["token_url_v1"])

    assert dict(world.ledger.journals("usmf"))


def test_token_revoked_between_preparing_and_sending(world: Any) -> None:
    """A 401 proves that nothing was booked; with a new token at hand the refusal says so."""
    entry = world.entry()
    with world.ledger.prepare(entry, Marker.of(entry.key)) as post:
        world.control("revoke_tokens")
        with pytest.raises((SignInLost, SignInRenewed)):
            post(lambda: None)

    assert world.journal_references() == []


@pytest.mark.parametrize(
    "switches",
    [
        {"failed_changeset": "flat"},
        {"write_failure_status": 500},
        {"trims_trailing_blanks": False},
        {"next_link": "skip", "page_rows_max": 7},
        {"next_link_host": "http://internal.example:8080", "page_rows_max": 7},
        {"text_overflow": "refuse"},
        {"integration_key_writable": False, "batch_continues": False},
    ],
    ids=str,
)
def test_habits_of_the_vendor_that_are_not_known(
    make_world: Callable[..., Any], switches: dict[str, Any]
) -> None:
    """An entry comes back, and a refused one leaves nothing, either way."""
    world = make_world(switches=switches)
    entry = world.entry(lines=120)
    receipt = send(world.whole(), entry)
    assert [receipt.reference] == locate(world.ledger, entry)
    assert compare(entry, world.ledger.read_back(world.whole().release(receipt))) == []

    wrong = world.entry(key="payroll:acme:run-2:10:1:1", lines=120)
    wrong = replace(wrong, lines=(*wrong.lines[:-1], replace(wrong.lines[-1], account="987654")))
    with pytest.raises(CodeUnknown):
        send(world.whole(), wrong)
    assert world.journal_references() == [receipt.reference]


def test_page_of_html_stops_the_work(world: Any) -> None:
    """It is not taken for an empty list."""
    world.post("faults", {"kind": "garbage", "match": {"method": "GET"}, "times": 1})

    with pytest.raises(VendorChanged):
        world.ledger.journals("usmf")


def test_period_closed_between_proposal_and_write(world: Any) -> None:
    """The state of the period is asked for again, because a journal that cannot be posted would stay behind;
    the periods themselves are known.
    """
    entry = world.entry()
    world.ledger.calendar(entry.entity, entry.journal, entry.posting_date)
    world.close_period(entry.posting_date)
    count = len(world.calls())

    with pytest.raises(PeriodClosed, match="which is not open"):
        send(world.ledger, entry)

    assert world.journal_references() == []
    assert world.calls()[count:].count("GET LedgerFiscalPeriods") == 1
    assert "GET FiscalPeriods" not in world.calls()[count:]
