"""`headcount`: who is employed, who was paid and who is a member, person by person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ml_connector.cli.output import HELD, Json, errors, out, say, table
from ml_connector.cli.people import As, AsSecret, sign_in
from ml_connector.cli.session import service

if TYPE_CHECKING:
    from ml_connector.app.headcount import Counted, Month
    from ml_connector.domain.headcount import CountedPerson, Headcount

headcount = typer.Typer(
    name="headcount",
    help="Tie who is employed, paid and a member of the ledger, person by person.",
    no_args_is_help=True,
)
DAY, MONTH = ["%Y-%m-%d"], ["%Y-%m"]
FlowId = typer.Option(..., "--flow", help="A flow of workers, as `flows list` shows it.")
Company = typer.Option("", help="One company of the source; all by default.")


@headcount.command("show")
def show(
    flow: int = FlowId,
    run: list[str] = typer.Option([], help="A run that paid people; several are taken together."),
    date_: datetime | None = typer.Option(
        None, "--date", formats=DAY, help="The day; by default the last that the runs are for, or today."
    ),
    company: str = Company,
    xlsx: Path | None = typer.Option(None, help="Write it as a workbook, too; needs the extra xlsx."),
    as_json: bool = Json,
) -> None:
    """Compare who is employed, who was paid and who is a member, on a day. Ends with 3 where they differ."""
    with errors(as_json):
        found = service().headcounts.show(flow, run, _day(date_), company)
        if xlsx is not None:
            from ml_connector.app.headcount_sheet import write_sheet

            write_sheet(found, xlsx)
        if as_json:
            say(True, {"ok": found.equal, **found.shown()})
        else:
            _show(found)
        if not found.equal:
            raise typer.Exit(HELD)


@headcount.command("movements")
def movements(
    flow: int = FlowId,
    month: datetime = typer.Option(..., formats=MONTH, help="The month, as 2026-05."),
    company: str = Company,
    as_json: bool = Json,
) -> None:
    """Show how a month goes from its opening to its closing; the closing of one that is over is kept."""
    with errors(as_json):
        found = service().headcounts.movements(flow, month.date(), company)
        if as_json:
            say(True, {"ok": True, "months": [one.shown() for one in found]})
        else:
            _show_months(found)


@headcount.command("coming")
def coming(flow: int = FlowId, company: str = Company, as_json: bool = Json) -> None:
    """List what the source has entered for later days: hires, leavings, moves, as it was read last."""
    with errors(as_json):
        found = service().headcounts.coming(flow, company)
        if as_json:
            say(True, {"ok": True, "coming": [one.shown() for one in found]})
        elif not found:
            out.print("Nothing is entered for later days.", markup=False)
        else:
            rows = [
                (
                    one.coming.day,
                    one.coming.company,
                    f"{one.number} {one.name}".strip(),
                    one.coming.step,
                    " ".join(f"{code.axis}={code.code}" for code in one.coming.placed),
                )
                for one in found
            ]
            table("To come", ["Day", "Company", "Worker", "What", "Placed"], rows)


@headcount.command("except")
def except_(
    flow: int = FlowId,
    company: str = typer.Option(..., help="The company, as the source has it."),
    worker: str = typer.Option(
        "", help="The worker's number, or the id in the source; or the code of a member who is no worker."
    ),
    member: str = typer.Option("", help="The code of an open member whom the source does not employ."),
    run: list[str] = typer.Option([], help="A run that paid somebody whom the source does not list."),
    why: str = typer.Option(..., help="Why it is no difference."),
    since: datetime | None = typer.Option(None, "--from", formats=DAY, help="First day; ever by default."),
    until: datetime | None = typer.Option(None, formats=DAY, help="Last day; for ever by default."),
    by: str = As,
    secret_file: Path | None = AsSecret,
    as_json: bool = Json,
) -> None:
    """Say why somebody is no difference.

    A worker who is employed and not paid, or the other way round, or a member who is no worker.
    """
    with errors(as_json):
        sign_in(by, secret_file, as_json)
        from ml_connector.app.refusals import NotAllowed
        from ml_connector.domain.headcount import GivenReason

        if worker and member:
            raise NotAllowed("Give --worker or --member: each reason is of one of them.")

        given = GivenReason(
            company=company,
            worker=worker or member,
            member=bool(member),
            why=why,
            since=_day(since),
            until=_day(until),
        )
        said = service().headcounts.give_reason(flow, given, run)
        kind = "member" if said.member else "worker"
        say(
            as_json,
            {"ok": True, "company": said.company, kind: said.worker, "why": said.why},
            f"{said.company}, {kind} {said.worker}: {said.why}",
        )


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _named(person: CountedPerson) -> str:
    return f"{person.number or person.key} {person.name}".strip()


def _names(people: Iterable[CountedPerson]) -> str:
    return ", ".join(map(_named, people))


def _number(count: int | None) -> str:
    return "–" if count is None else str(count)


def _show(found: Counted) -> None:
    from ml_connector.domain.headcount import BOTH_DAYS

    columns = ["Company", "Day", "Employed", "Paid", "Members", "Explained", "Unexplained"]
    rows = [
        (
            one.company,
            one.day,
            one.employed,
            _number(one.paid),
            _number(one.members),
            len(one.covered),
            len(one.remainder),
        )
        for one in found.companies
    ]
    table("Headcount", columns, rows, right=(2, 3, 4, 5, 6))
    for company in found.companies:
        _show_people(company)
    read = f"{found.read_at:%Y-%m-%d %H:%M} UTC"
    out.print(
        f"{found.people} people in all companies. {BOTH_DAYS} The workers were read at {read}.", markup=False
    )
    out.print("Equal." if found.equal else "Not equal: the people above are unexplained.", markup=False)


def _show_people(company: Headcount) -> None:
    if company.excluded:
        count = len(company.excluded)
        out.print(f"{company.company}: excluded by rule: {count}: {_names(company.excluded)}", markup=False)
    if company.covered:
        rows = [
            (_named(one.person), one.gap, one.why or one.rule, one.by or "rule") for one in company.covered
        ]
        table(f"Explained in {company.company}", ["Worker", "What", "Why", "By"], rows)
    if company.remainder:
        rows_left = [(_named(one.person), one.gap) for one in company.remainder]
        table(f"Unexplained in {company.company}", ["Worker", "What"], rows_left)


def _show_months(months: Iterable[Month]) -> None:
    from ml_connector.domain.movements import LEAVES_AFTER

    for one in months:
        found = one.movements
        rows = [
            ("Opening", len(found.opening), ""),
            ("+ Hires", len(found.hires), _names(found.hires)),
            ("+ Rehires", len(found.rehires), _names(found.rehires)),
            ("+ Transfers in", len(found.transfers_in), _names(found.transfers_in)),
            ("− Leavers", len(found.leavers), _names(found.leavers)),
            ("− Transfers out", len(found.transfers_out), _names(found.transfers_out)),
            ("Closing", len(found.closing), ""),
        ]
        table(f"{found.company} {found.first:%Y-%m}", ["", "People", "Who"], rows, right=(1,))
        for what, again in (("The month before", one.earlier), ("This month", one.since)):
            if again is not None:
                out.print(
                    f"{what} is restated, reported with {again.reported}:"
                    f" −{len(again.fewer)} {_names(again.fewer)}".rstrip()
                    + f" +{len(again.more)} {_names(again.more)}".rstrip(),
                    markup=False,
                )
    out.print(LEAVES_AFTER, markup=False)
