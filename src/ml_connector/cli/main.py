"""Move what is to be booked into the ledger, each entry exactly once, and prove that both sides agree."""

from __future__ import annotations

import gc
import os
import sys

import typer
from typer.exceptions import TyperException

from ml_connector.app.settings import start_problem
from ml_connector.cli import (
    alerts,
    connections,
    expense_intake,
    headcount,
    installation,
    mappings,
    organisations,
    pairs,
    people,
    runs,
    start,
    statements,
    status,
    webhooks,
    worklist,
)
from ml_connector.cli.output import FAILED_COMMAND, USAGE, print_json, stop

app = typer.Typer(
    name="ml-connector",
    help=__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
runs.runs.add_typer(statements.statements)
connections.connections.add_typer(webhooks.webhooks)
for _part in (
    runs.alone,
    installation.alone,
    status.alone,
    connections.connections,
    connections.flows,
    pairs.pairs,
    mappings.mappings,
    start.run,
    runs.runs,
    worklist.worklist,
    headcount.headcount,
    alerts.alerts,
    people.people,
    organisations.organisations,
    organisations.tokens,
    expense_intake.intake,
    installation.audit,
    installation.keys,
):
    app.add_typer(_part)


def main() -> None:
    """Entry point of the command. What it writes is for the user alone: amounts, keys, and exports."""
    os.umask(0o077)
    try:
        _command()
    finally:
        # The process ends: its memory goes back as a whole, and nothing in it has to be looked through.
        gc.freeze()


def _command() -> None:
    as_json = "--json" in sys.argv
    try:
        _texts(sys.argv[1:])
        sys.exit(app(prog_name="ml-connector", standalone_mode=False))
    except typer.Abort:
        code, text = FAILED_COMMAND, "Stopped; nothing was changed."
    except TyperException as error:
        code, text = USAGE, _wrong_use(error)
    except Exception as error:
        code, text = _stopped(error, as_json)
    try:
        stop(code, text, as_json)
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


def _texts(arguments: list[str]) -> None:
    """Raises a `TyperException` for an argument that is no text: its bytes could be stored nowhere."""
    for number, argument in enumerate(arguments, 1):
        if not argument.isascii() and any("\ud800" <= letter <= "\udfff" for letter in argument):
            raise TyperException(f"Argument {number} is not valid UTF-8: {argument!a}.")


def _stopped(error: Exception, as_json: bool) -> tuple[int, str]:
    """Exit code and sentence of what stopped the command before it could say so itself. A defect is raised,
    so that its traceback can be reported; a script is told first.
    """
    if (found := start_problem(error)) is not None:
        return USAGE if found[0] else FAILED_COMMAND, found[1]
    if as_json:
        text = f"This is a defect: {type(error).__name__}. Report what is on standard error."
        print_json({"ok": False, "error": text, "problems": []})
    raise error


def _wrong_use(error: TyperException) -> str:
    """What was wrong in one line, and whose help says more; the help itself where a command was named without
    its part.
    """
    text, context = error.format_message(), getattr(error, "ctx", None)
    if "\n" in text or context is None:
        return text
    return f"{text if text.endswith('?') else text.rstrip('.') + '.'} See {context.command_path} --help."


if __name__ == "__main__":
    main()
