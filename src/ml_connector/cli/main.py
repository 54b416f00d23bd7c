"""`ml-connector`: the commands, in the order a newcomer needs them."""

from __future__ import annotations

import getpass
from functools import cache

import typer

from ml_connector.app.service import Service
from ml_connector.app.settings import Settings

app = typer.Typer(name="ml-connector", help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


@cache
def service() -> Service:
    """The application, as the operating system's user."""
    return Service(Settings(), actor_name=getpass.getuser(), channel="cli")


def main() -> None:
    """Entry point of the command."""
    from ml_connector.cli import connections, installation, mappings, runs

    for part in (connections, mappings, runs, installation):
        part.register(app)
    app()


if __name__ == "__main__":
    main()
