"""`runs mark-booked-elsewhere`, `mark-deleted`, `settle`: what a person saw in the ledger. The ledger is read
to prove it.
"""

from __future__ import annotations

from pathlib import Path

import typer

from ml_connector.cli.carry_out import finish
from ml_connector.cli.output import USAGE, Json, errors, say, stop
from ml_connector.cli.people import As, AsSecret, sign_in
from ml_connector.cli.session import service

statements = typer.Typer()
"""Commands of the group `runs`; the hidden names are those of release 0.1.0."""


@statements.command("mark-booked-elsewhere")
@statements.command("outside", hidden=True)
def booked_elsewhere(
    identity: str,
    document: list[str] = typer.Option(
        ...,
        help="Number of a document that books this, in any journal; entity/number or"
        " entity/journal/number where there are several.",
    ),
    why: str = typer.Option(..., help="Who booked it and how; with --undo, why it does not book this."),
    undo: bool = typer.Option(False, help="They were named by mistake and do not book this."),
    by: str = As,
    secret_file: Path | None = AsSecret,
    as_json: bool = Json,
) -> None:
    """Mark what a run is for as already booked by hand or by another program; in a reversal, as already
    reversed. Each document is read from the ledger, and only the difference to it is proposed.
    """
    with errors(as_json):
        sign_in(by, secret_file, as_json)
        if not undo:
            service().statements.booked_elsewhere(identity, document, why)
            finish([identity], as_json)
        elif moved := service().statements.not_elsewhere(identity, document, why):
            finish([row.id for row in moved], as_json)
        else:
            text = (
                f"No longer counted as booked elsewhere: {', '.join(document)}. No run waits for it; start a"
                " new one."
            )
            say(as_json, {"ok": True, "text": text}, text)


@statements.command("mark-deleted")
@statements.command("deleted", hidden=True)
def deleted(identity: str, as_json: bool = Json) -> None:
    """Record that a run's documents were deleted in the ledger. The ledger is read first: they must be gone.
    Then it can be posted again.
    """
    with errors(as_json):
        statements = service().statements
        numbers = statements.deleted(identity)
        alone, twice = statements.alone(identity), statements.twice(identity)
        counts = statements.again(identity)
        then = (
            f"{counts}: no longer reversed, and booked as before."
            if counts
            else "A new run of the same can be posted."
        )
        text = f"No longer in the ledger: {', '.join(numbers)}. {then} {alone} {twice}"
        say(as_json, {"ok": True, "deleted": numbers, "alone": alone, "twice": twice}, text.strip())


@statements.command("settle")
@statements.command("resolve", hidden=True)
def settle(
    key: str,
    booked: str | None = typer.Option(None, help="It is in the ledger: the reference of its document."),
    not_booked: bool = typer.Option(False, help="It is not in the ledger."),
    by: str = As,
    secret_file: Path | None = AsSecret,
    as_json: bool = Json,
) -> None:
    """Record what you found in the ledger for an entry whose outcome is unknown."""
    with errors(as_json):
        sign_in(by, secret_file, as_json)
        if (booked is None) != not_booked:
            stop(USAGE, "Give either --booked REFERENCE or --not-booked.", as_json)
        text = service().statements.settle(key, booked_as=booked)
        say(as_json, {"ok": True, "text": text}, text)
