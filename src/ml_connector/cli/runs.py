"""`runs`, `pause`, `unpause`, `tie-out`, `look`: deciding about runs and looking at them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import typer

from ml_connector.cli.carry_out import finish
from ml_connector.cli.made import Given, dashed, given_options, parameter, questions, with_options
from ml_connector.cli.output import APPROVAL, HELD, USAGE, Json, err, errors, label, out, say, stop, table
from ml_connector.cli.people import SIGNED_IN, As, AsSecret, sign_in
from ml_connector.cli.run_view import show_incidents, show_run, show_tie_out, tie_json
from ml_connector.cli.session import service

runs = typer.Typer(
    name="runs", help="Look at runs, approve them, and decide about them.", no_args_is_help=True
)
alone = typer.Typer()
"""Commands that belong to no group."""


RUNS_LISTED_MAX = 10_000


@runs.command("list")
def list_(limit: int = typer.Option(50, min=1, max=RUNS_LISTED_MAX), as_json: bool = Json) -> None:
    """List the newest runs."""
    with errors(as_json, keys=False):
        rows = service().access.runs.list(limit)
        simulated = {flow.pk for flow in service().access.flows() if flow.target.sandbox}
        if as_json:
            found = [(r, r.settings in simulated) for r in rows]
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
                (
                    r.id,
                    "SANDBOX" if r.settings in simulated else "",
                    label(r.state),
                    label(r.stage),
                    r.summary,
                )
                for r in rows
            ]
            table("Runs", ["Run", "", "State", "Stage", "Summary"], shown)


@runs.command("show")
def show(
    identity: str,
    lines: int = typer.Option(0, help="How many journal lines of each entry to show."),
    as_json: bool = Json,
) -> None:
    """Show one run: entries, documents, problems, reconciliation."""
    with errors(as_json, keys=False):
        show_run(service().access.runs.get(service().access.run(identity).id), as_json, lines)


@runs.command("explain")
def explain(identity: str, line: int, entry: int = 1, as_json: bool = Json) -> None:
    """Show where a journal line comes from: its mapping rule and its source lines. Lines and entries are
    counted from 1.
    """
    with errors(as_json, keys=False):
        found = service().records.behind(identity, entry - 1, line - 1)
        say(as_json, {"ok": True, "behind": found}, "\n".join(found))


@runs.command("approve")
def approve(
    identity: str,
    fingerprint: str = typer.Option(
        "", help="Code of the entries, as `runs show` prints it; on a terminal you are shown them and asked."
    ),
    by: str = As,
    secret_file: Path | None = AsSecret,
    as_json: bool = Json,
) -> None:
    """Approve the proposed journal entries exactly as shown, and post them."""
    with errors(as_json):
        sign_in(by, secret_file, as_json)
        if not fingerprint:
            fingerprint = _shown_and_consented(identity, as_json)
        row = service().operations.approve(identity, fingerprint)
        if row.state == "awaiting_approval":
            text = f"Your approval is recorded. A second person must approve {identity} before it is posted."
            say(as_json, {"ok": True, "run": identity, "state": row.state, "text": text}, text)
            raise typer.Exit(APPROVAL)
        finish([identity], as_json)


def _shown_and_consented(identity: str, as_json: bool) -> str:
    """Show the proposal on a terminal, ask, and return its fingerprint."""
    if as_json or not (sys.stdin.isatty() and out.is_terminal):
        stop(
            USAGE,
            "Give --fingerprint, the code of the entries that you approve. They may have changed since you"
            f" looked at them: ml-connector runs show {identity}.",
            as_json,
        )
    row = service().access.runs.get(service().access.run(identity).id)
    shown = service().records.fingerprint(identity)
    show_run(row, as_json=False)
    if row.state != "awaiting_approval" or not typer.confirm("Post exactly these entries?"):
        raise typer.Abort
    return shown


def _answer_command() -> Callable[..., None]:
    """`runs answer`, with an option for each answer to a question of a flow."""
    known = questions()

    def answer(
        *, identity: str, by: str, secret_file: Path | None, as_json: bool, **answers: str | bool
    ) -> None:
        """Answer the question of a run that is on hold."""
        with errors(as_json):
            sign_in(by, secret_file, as_json)
            said = [(name, value) for name, value in answers.items() if value]
            if len(said) != 1:
                ways = [" ".join(filter(None, (dashed(n), q.takes.upper()))) for n, q in known.items()]
                stop(USAGE, f"Give exactly one of {', '.join(ways[:-1])} and {ways[-1]}.", as_json)
            name, value = said[0]
            service().operations.answer(identity, name, value if isinstance(value, str) else "")
            finish([identity], as_json)

    options = [
        parameter(name, str if q.takes else bool, typer.Option("" if q.takes else False, help=q.help))
        for name, q in known.items()
    ]
    fixed = [parameter("identity", str, typer.Argument(...)), *options, *SIGNED_IN]
    return with_options(answer, fixed)


def _resume_command() -> Callable[..., None]:
    """`runs resume`, with what a run of any flow may be given."""

    def resume(
        *,
        identity: str,
        accept: list[str],
        propose_again: bool,
        by: str,
        secret_file: Path | None,
        as_json: bool,
        given: Given,
    ) -> None:
        """Continue a run that is on hold, after its problems are fixed."""
        with errors(as_json):
            sign_in(by, secret_file, as_json)
            service().operations.resume(identity, accept=accept, propose_again=propose_again, given=given)
            finish([identity], as_json)

    accepted = (
        "I have checked: this document of others is not this run's. entity/number, as the problem names it."
    )
    fixed = [
        parameter("identity", str, typer.Argument(...)),
        parameter("accept", list[str], typer.Option([], help=accepted)),
        parameter("propose_again", bool, typer.Option(False, help="Make the proposal again.")),
        *SIGNED_IN,
    ]
    return with_options(resume, fixed, given_options())


@runs.command("follow")
def follow(identity: str, as_json: bool = Json) -> None:
    """Watch a run until it ends or needs a person. Carries it out here when no worker does."""
    with errors(as_json):
        finish([service().access.run(identity).id], as_json)


@runs.command("replay")
def replay(
    identity: str,
    post: bool = typer.Option(False, help="Post the entries; without it nothing is posted."),
    by: str = As,
    secret_file: Path | None = AsSecret,
    as_json: bool = Json,
) -> None:
    """Start a new run from the recorded inputs of this one. It posts nothing unless asked to."""
    with errors(as_json):
        sign_in(by, secret_file, as_json)
        finish([service().operations.replay(identity, post=post).id], as_json)


@runs.command("reverse")
def reverse(
    identity: str,
    everything: bool = typer.Option(
        False, "--all", help="Everything that is booked for the same, in any run."
    ),
    by: str = As,
    secret_file: Path | None = AsSecret,
    as_json: bool = Json,
) -> None:
    """Propose entries that cancel what a run posted. They need the same approval as other entries."""
    with errors(as_json):
        sign_in(by, secret_file, as_json)
        finish([service().operations.reverse(identity, everything=everything).id], as_json)


@runs.command("cancel")
def cancel(identity: str, as_json: bool = Json) -> None:
    """Cancel a run before anything was posted."""
    with errors(as_json, keys=False):
        row = service().operations.cancel(identity)
        say(
            as_json,
            {"ok": True, "run": row.id, "state": row.state},
            f"{row.id} is {label(row.state).lower()}.",
        )


@runs.command("close")
def close(
    identity: str,
    why: str = typer.Option(..., help="The reason; kept with the run and in the audit log."),
    as_json: bool = Json,
) -> None:
    """End a run that posted a part of its entries. What it has booked stays booked."""
    with errors(as_json, keys=False):
        row = service().operations.close(identity, why)
        say(
            as_json,
            {"ok": True, "run": row.id, "state": row.state, "summary": row.summary},
            f"{row.id} is {label(row.state).lower()}. {row.summary}",
        )


@alone.command("pause")
def pause(
    scope: str = typer.Argument("everything", help="everything, connection:<name> or flow:<id>"),
    as_json: bool = Json,
) -> None:
    """Pause a flow, a connection or everything. A request that is already on its way is finished first."""
    with errors(as_json, keys=False):
        service().operations.pause(scope)
        say(as_json, {"ok": True, "paused": scope}, f"Paused: {scope}.")


@alone.command("unpause")
def unpause(
    scope: str = typer.Argument("everything", help="everything, connection:<name> or flow:<id>"),
    as_json: bool = Json,
) -> None:
    """End a pause."""
    with errors(as_json, keys=False):
        was = service().operations.unpause(scope)
        say(
            as_json,
            {"ok": True, "was_paused": was},
            f"{scope.capitalize() if scope == 'everything' else scope} is running again."
            if was
            else f"{scope} was not paused.",
        )


@alone.command("tie-out")
def tie_out(identity: str, as_json: bool = Json) -> None:
    """Compare what the source says, the journal and the ledger for one run."""
    with errors(as_json, keys=False):
        identity, records = service().access.run(identity).id, service().records
        rows, incidents = records.tie_out(identity), records.incidents(identity)
        agree = bool(rows) and not incidents and not any(row.difference for row in rows)
        if as_json:
            texts = [incident.text for incident in incidents]
            say(True, {"ok": agree, "rows": [tie_json(row) for row in rows], "incidents": texts})
        else:
            show_tie_out(rows, records.flow(service().access.runs.get(identity)).books)
            show_incidents(incidents)
        if not agree:
            raise typer.Exit(HELD)


@alone.command("look")
def look(as_json: bool = Json) -> None:
    """Compare what was booked in the last 45 days, and mappings, with the ledgers.

    `serve` does this every 24 hours.
    """
    with errors(as_json):
        from ml_connector.app.drift import watch_mappings
        from ml_connector.app.look import look as take

        svc = service()
        failed: dict[str, str] = {}
        looked = take(svc.access, svc.assembly, now=True, failed=failed.__setitem__)
        items = watch_mappings(svc.access, svc.assembly, now=True, failed=failed.__setitem__)
        incidents = svc.records.open_incidents()
        open_now = [{"code": i.code, "text": i.text, "found_at": i.found_at, "key": i.key} for i in incidents]
        names = ", ".join(looked) or "no ledger"
        text = f"Compared {names}: {len(incidents)} incident{'s' * (len(incidents) != 1)}."
        if items:
            text += f" What {items} thing{'s' * (items != 1)} of mappings need: ml-connector worklist list."
        found = {
            "looked_at": list(looked),
            "not_looked_at": failed,
            "incidents": open_now,
            "mapping_items": items,
        }
        say(as_json, {"ok": not incidents and not failed, **found}, text)
        if not as_json:
            for name, why in failed.items():
                err.print(f"Not compared: {name}. {why}", markup=False)
            show_incidents(incidents)
        if incidents or failed:
            raise typer.Exit(HELD)


runs.command("answer")(_answer_command())
runs.command("resume")(_resume_command())
