"""`runs mark-booked-elsewhere`, `mark-deleted`, `settle`: what a person saw in the ledger, proved by it."""

from __future__ import annotations

from pathlib import Path

import typer

from ml_connector.cli.output import USAGE, Json, errors, say, stop
from ml_connector.cli.people import As, AsSecret, sign_in
from ml_connector.cli.runs import finish, runs
from ml_connector.cli.session import service


def register(_app: typer.Typer) -> None:
    """Add the commands, and the names that release 0.1.0 had for them."""
    for name, old, command in (
        ("mark-booked-elsewhere", "outside", booked_elsewhere),
        ("mark-deleted", "deleted", deleted),
        ("settle", "resolve", settle),
    ):
        runs.command(name)(command)
        runs.command(old, hidden=True)(command)


def booked_elsewhere(
    identity: str,
    document: list[str] = typer.Option(
        ...,
        help="Number of a document that is this pay, in any journal; entity/number or entity/journal/number"
        " where there are several.",
    ),
    why: str = typer.Option(..., help="Who booked it, how; or why it is no document of the pay."),
    undo: bool = typer.Option(False, help="They were named by mistake: they count for nothing."),
    by: str = As,
    secret_file: Path | None = AsSecret,
    as_json: bool = Json,
) -> None:
    """Say that documents of others are this pay. Each is read back and its figures count: only what is left
    is proposed.
    """
    with errors(as_json):
        sign_in(by, secret_file, as_json)
        if not undo:
            service().statements.booked_elsewhere(identity, document, why)
            finish([identity], as_json)
        elif moved := service().statements.not_elsewhere(identity, document, why):
            finish([row.id for row in moved], as_json)
        else:
            text = f"Not booked elsewhere: {', '.join(document)}. No run of the pay waits; run it again."
            say(as_json, {"ok": True, "text": text}, text)


def deleted(identity: str, as_json: bool = Json) -> None:
    """Note that a run's documents were deleted in the ledger; they must be gone. Then the pay run may be
    posted again.
    """
    with errors(as_json):
        statements = service().statements
        numbers = statements.deleted(identity)
        alone, twice = statements.alone(identity), statements.twice(identity)
        counts = statements.again(identity)
        then = (
            f"{counts}: reversed no more, and booked as before."
            if counts
            else "A new run of this pay is posted under a new revision."
        )
        text = f"Gone from the ledger: {', '.join(numbers)}. {then} {alone} {twice}"
        say(as_json, {"ok": True, "deleted": numbers, "alone": alone, "twice": twice}, text.strip())


def settle(
    key: str,
    booked: str | None = typer.Option(None, help="Reference of the document it was booked as."),
    not_booked: bool = typer.Option(False, help="It is not in the ledger."),
    by: str = As,
    secret_file: Path | None = AsSecret,
    as_json: bool = Json,
) -> None:
    """Say what became of an entry whose outcome is unknown."""
    with errors(as_json):
        sign_in(by, secret_file, as_json)
        if (booked is None) != not_booked:
            stop(USAGE, "Say either --booked REFERENCE or --not-booked.", as_json)
        text = service().statements.settle(key, booked_as=booked)
        say(as_json, {"ok": True, "text": text}, text)
