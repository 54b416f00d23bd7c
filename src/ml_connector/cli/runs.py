"""`run`, `runs`, `pause`, `unpause`, `tie-out`: carrying out pay runs and looking at them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import typer

from ml_connector.cli.main import service
from ml_connector.cli.output import (
    ATTENTION,
    NOT_ALLOWED,
    OK,
    STATE_CODES,
    WAITING,
    Json,
    err,
    errors,
    out,
    problems_json,
    say,
    show_problems,
    stop,
    table,
)

run = typer.Typer(help="Start a flow.", no_args_is_help=True)
runs = typer.Typer(help="Runs and what people do with them.", no_args_is_help=True)


Rate = typer.Option(
    [], help="For books in another currency: CURRENCY=RATE, what one unit of the pay run's currency is in it."
)
RateSource = typer.Option("", help="Where the rates come from, such as 'ECB 2026-06-30'.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(run, name="run")
    app.add_typer(runs, name="runs")
    app.command("pause")(pause)
    app.command("unpause")(unpause)
    app.command("tie-out")(tie_out)


@run.command("payroll")
def payroll(
    source: str = typer.Option(..., "--from", help="Connection of the payroll."),
    target: str = typer.Option(..., "--to", help="Connection of the ledger."),
    pay_run: list[str] = typer.Option([], help="Reference of the pay run; else every new one."),
    since: datetime | None = typer.Option(
        None, formats=["%Y-%m-%d"], help="Only runs whose period ends on or after."
    ),
    dry_run: bool = typer.Option(False, help="Stop at the proposal."),
    rate: list[str] = Rate,
    rate_source: str = RateSource,
    detach: bool = typer.Option(False, help="Leave the work to `serve`."),
    as_json: bool = Json,
) -> None:
    """Post pay runs: read, propose, post, confirm; goes as far as the flow's mode lets it."""
    with errors(as_json):
        operations = service().operations
        references = pay_run or operations.new_pay_runs(source, target, since.date() if since else None)
        rows = [
            operations.start_payroll(
                source, target, reference, dry_run=dry_run, rates=rate, rate_source=rate_source
            )
            for reference in references
        ]
        if not rows:
            say(as_json, {"ok": True, "runs": []}, "No new pay run.")
        elif detach:
            say(as_json, {"ok": True, "runs": [row.id for row in rows]}, "\n".join(row.id for row in rows))
        else:
            _finish([row.id for row in rows], as_json)


@runs.command("list")
def list_(limit: int = 50, as_json: bool = Json) -> None:
    """The newest runs."""
    with errors(as_json):
        rows = service().access.runs.list(limit)
        simulated = {str(flow.pk) for flow in service().access.flows() if flow.target.sandbox}
        if as_json:
            found = [(r, r.input.get("flow") in simulated) for r in rows]
            say(
                True,
                {
                    "runs": [
                        {
                            "id": r.id,
                            "flow": r.flow,
                            "state": r.state,
                            "stage": r.stage,
                            "summary": r.summary,
                            "sandbox": sandbox,
                        }
                        for r, sandbox in found
                    ]
                },
            )
        else:
            shown = [
                (r.id, "SANDBOX" if r.input.get("flow") in simulated else "", r.state, r.stage, r.summary)
                for r in rows
            ]
            table("Runs", ["run", "", "state", "stage", "summary"], shown)


@runs.command("show")
def show(
    identity: str, lines: int = typer.Option(0, help="Show so many journal lines."), as_json: bool = Json
) -> None:
    """One run: entries, documents, problems, tie-out."""
    with errors(as_json):
        _show(service().access.runs.get(service().access.run(identity).id), as_json, lines)


@runs.command("explain")
def explain(identity: str, line: int, entry: int = 1, as_json: bool = Json) -> None:
    """Where a journal line comes from: its rule and its source lines. Lines and entries count from 1."""
    with errors(as_json):
        found = service().operations.behind(identity, entry - 1, line - 1)
        say(as_json, {"ok": True, "behind": found}, "\n".join(found))


@runs.command("approve")
def approve(identity: str, fingerprint: str | None = None, as_json: bool = Json) -> None:
    """Consent to exactly the entries proposed, and post them."""
    with errors(as_json):
        service().operations.approve(identity, fingerprint)
        _finish([identity], as_json)


@runs.command("resume")
def resume(
    identity: str,
    accept_foreign: bool = typer.Option(
        False, help="Entries of others in the same journal and period are not this pay."
    ),
    propose_again: bool = typer.Option(False, help="Go back to the proposal."),
    rate: list[str] = Rate,
    rate_source: str = RateSource,
    as_json: bool = Json,
) -> None:
    """Let a held run go on."""
    with errors(as_json):
        service().operations.resume(
            identity,
            accept_foreign=accept_foreign,
            propose_again=propose_again,
            rates=rate,
            rate_source=rate_source,
        )
        _finish([identity], as_json)


@runs.command("follow")
def follow(identity: str, as_json: bool = Json) -> None:
    """Watch a run, and carry it out here when nobody else does: after a crash, or after a wait."""
    with errors(as_json):
        _finish([service().access.run(identity).id], as_json)


@runs.command("replay")
def replay(
    identity: str, post: bool = typer.Option(False, help="Post, instead of a dry run."), as_json: bool = Json
) -> None:
    """A new run from the recorded inputs of this one, dry by default."""
    with errors(as_json):
        _finish([service().operations.replay(identity, post=post).id], as_json)


@runs.command("reverse")
def reverse(identity: str, as_json: bool = Json) -> None:
    """Propose entries that cancel what a run posted; they are approved like any other."""
    with errors(as_json):
        _finish([service().operations.reverse(identity).id], as_json)


@runs.command("outside")
def outside(
    identity: str, why: str = typer.Option(..., help="Who booked it, where."), as_json: bool = Json
) -> None:
    """Record that a proposed run was booked by other means; it is never posted from here."""
    with errors(as_json):
        row = service().operations.booked_outside(identity, why)
        say(as_json, {"ok": True, "run": row.id, "state": row.state}, f"{row.id}: {row.summary}")


@runs.command("deleted")
def deleted(identity: str, as_json: bool = Json) -> None:
    """Note that a run's documents were deleted in the ledger; they must be gone. Then the pay run may be
    posted again.
    """
    with errors(as_json):
        numbers = service().operations.deleted(identity)
        say(
            as_json,
            {"ok": True, "deleted": numbers},
            f"Gone from the ledger: {', '.join(numbers)}. A new run of this pay is posted under a new"
            " revision.",
        )


@runs.command("cancel")
def cancel(identity: str, as_json: bool = Json) -> None:
    """Give up a run that posted nothing."""
    with errors(as_json):
        row = service().operations.cancel(identity)
        say(as_json, {"ok": True, "run": row.id, "state": row.state}, f"{row.id} is {row.state}.")


@runs.command("resolve")
def resolve(
    key: str,
    booked: str | None = typer.Option(None, help="Reference of the document it was booked as."),
    not_booked: bool = False,
    as_json: bool = Json,
) -> None:
    """Say what became of an entry whose outcome is unknown. Two people must agree."""
    with errors(as_json):
        if (booked is None) != not_booked:
            stop(NOT_ALLOWED, "Say either --booked REFERENCE or --not-booked.", as_json)
        text = service().operations.resolve(key, booked_as=booked)
        say(as_json, {"ok": True, "text": text}, text)


def pause(
    scope: str = typer.Argument("everything", help="everything, connection:<name> or flow:<id>"),
    as_json: bool = Json,
) -> None:
    """Stop a flow, a connection or everything; sends in flight settle first."""
    with errors(as_json):
        service().operations.pause(scope)
        say(as_json, {"ok": True, "paused": scope}, f"Paused: {scope}.")


def unpause(scope: str = typer.Argument("everything"), as_json: bool = Json) -> None:
    """Go on."""
    with errors(as_json):
        was = service().operations.unpause(scope)
        say(
            as_json,
            {"ok": True, "was_paused": was},
            f"{scope} goes on." if was else f"{scope} was not paused.",
        )


def tie_out(identity: str, as_json: bool = Json) -> None:
    """Register = run = journal = ledger, for one run."""
    with errors(as_json):
        rows = service().operations.tie_out(identity)
        agree = not any(row.difference for row in rows)
        if as_json:
            say(True, {"ok": agree, "rows": [_tie(row) for row in rows]})
        else:
            _tie_table(rows)
        if not agree or not rows:
            raise typer.Exit(3)


def _finish(identities: list[str], as_json: bool) -> None:
    """Carry the runs out here, or watch whoever does; ends with the exit code of the run that needs most
    attention.
    """
    from ml_connector.app.work import at_work, follow

    svc = service()
    ended = []
    with at_work(svc.assembly), _progress() as show_stage:
        for identity in identities:
            ended.append(follow(identity, show_stage))
    if as_json and len(ended) > 1:
        say(
            True, {"ok": all(row.state == "done" for row in ended), "runs": [_run_json(row) for row in ended]}
        )
    else:
        for row in ended:
            _show(row, as_json, 0)
    code = max((STATE_CODES.get(row.state, WAITING) for row in ended), key=ATTENTION.index, default=OK)
    if code:
        raise typer.Exit(code)


def _progress() -> Any:
    """A line that says what happens, on a terminal; nothing in a pipe."""
    from contextlib import contextmanager

    @contextmanager
    def shown() -> Any:
        if not err.is_terminal:
            yield lambda row: None
            return
        with err.status("starting") as status:
            yield lambda row: status.update(
                f"{row.id}: {row.stage}, {row.state}{f' ({row.summary})' if row.summary else ''}"
            )

    return shown()


def _run_json(row: Any) -> dict[str, Any]:
    operations = service().operations
    return {
        "ok": row.state == "done",
        "run": row.id,
        "state": row.state,
        "stage": row.stage,
        "summary": row.summary,
        "due_at": row.due_at,
        "pay_run": row.input.get("pay_run"),
        "problems": problems_json(operations.problems(row)),
        "entries": [
            {
                "key": e.key,
                "entity": e.entity,
                "date": e.posting_date,
                "lines": len(e.lines),
                "debit": str(e.debit.amount),
                "credit": str(e.credit.amount),
                "currency": e.currency,
                "state": c.state if c else "proposed",
                "reference": c.reference if c else "",
                "rate": operations.rate(e, c),
            }
            for e, c in operations.entries(row.id)
        ],
        "tie_out": [_tie(line) for line in operations.tie_out(row.id)],
    }


def _show(row: Any, as_json: bool, lines: int) -> None:
    if as_json:
        say(True, _run_json(row))
        return
    operations = service().operations
    problems, entries = operations.problems(row), operations.entries(row.id)
    tie = operations.tie_out(row.id)
    out.print(
        f"{row.id}: {row.state}{f', due {row.due_at:%Y-%m-%d %H:%M:%S} UTC' if row.due_at else ''}."
        f" {row.summary}",
        markup=False,
    )
    if entries:
        shown = [
            (e.key, e.posting_date, len(e.lines), e.debit.amount, e.currency, c.state if c else "proposed")
            for e, c in entries
        ]
        table("Entries", ["key", "date", "lines", "debit = credit", "", "state"], shown, right=[2, 3])
        for rate in dict.fromkeys(filter(None, (operations.rate(e, c) for e, c in entries))):
            out.print(f"Rate: {rate}", markup=False)
    for entry, _ in entries if lines else ():
        shown_lines = [
            (n, x.account, " ".join(f"{d.axis}={d.code}" for d in x.dimensions), x.amount.amount, x.text)
            for n, x in enumerate(entry.lines[:lines], 1)
        ]
        table(entry.key, ["", "account", "dimensions", "amount", "text"], shown_lines, right=[3])
    if tie:
        _tie_table(tie)
    if problems:
        err.print(
            f"{len(problems)} problem{'s' * (len(problems) > 1)}; nothing further was sent:", markup=False
        )
        show_problems(problems)
    if row.state == "awaiting_approval":
        out.print(
            f"Next: ml-connector runs show {row.id} --lines 50, then ml-connector runs approve {row.id}",
            markup=False,
        )
    elif row.state in ("held", "failed"):
        out.print(f"Next: mend it, then ml-connector runs resume {row.id}", markup=False)


def _tie(row: Any) -> dict[str, Any]:
    amounts = {
        name: None if (value := getattr(row, name)) is None else str(value.amount)
        for name in ("register", "run", "journal", "ledger")
    }
    return {"company": row.company, "what": row.what, **amounts, "difference": str(row.difference.amount)}


def _tie_table(rows: Any) -> None:
    shown = [
        (
            r.company,
            r.what,
            *(None if v is None else v.amount for v in (r.register, r.run, r.journal, r.ledger)),
            r.difference.amount,
        )
        for r in rows
    ]
    table(
        "Tie-out (an empty field: this book does not know it)",
        ["company", "", "register", "GL run", "journal", "ledger", "difference"],
        shown,
        right=range(2, 7),
    )
