"""`ml-connector`: the commands, in the order a newcomer needs them."""

from __future__ import annotations

import getpass
import sys
from functools import cache

import typer
from typer.exceptions import TyperException

from ml_connector.app.service import Service
from ml_connector.app.settings import Settings

app = typer.Typer(
    name="ml-connector",
    help=__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@cache
def service() -> Service:
    """The application, as the operating system's user."""
    return Service(Settings(), actor_name=getpass.getuser(), channel="cli")


def main() -> None:
    """Entry point of the command."""
    from ml_connector.cli import connections, installation, mappings, runs, statements
    from ml_connector.cli.output import FAILED_COMMAND, USAGE, stop

    for part in (connections, mappings, runs, statements, installation):
        part.register(app)
    as_json = "--json" in sys.argv
    try:
        sys.exit(app(prog_name="ml-connector", standalone_mode=False))
    except typer.Abort:
        code, text = FAILED_COMMAND, "Stopped; nothing was changed."
    except TyperException as error:
        code, text = USAGE, _wrong_use(error)
    try:
        stop(code, text, as_json)
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


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
