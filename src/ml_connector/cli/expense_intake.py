"""What `serve` takes from outside, and `intake`: tables of expense reports in a folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ml_connector.cli.output import FAILED_COMMAND, USAGE, Json, errors, out, print_json, say, stop
from ml_connector.cli.session import service

if TYPE_CHECKING:
    from ml_connector.app.assemble import Assembly
    from ml_connector.web.intake_folder import Folder, Read

intake = typer.Typer(name="intake", help="Expense reports that are put into a folder.", no_args_is_help=True)


@intake.command("read")
def read(
    folder: Path = typer.Argument(..., help="Where the tables are, with receipts beside them."),
    as_json: bool = Json,
) -> None:
    """Store the expense reports of every table in the folder, each once. A table moves to `done`, or with
    what is wrong to `refused`. Takes some seconds: what is still being written is left for the next time.
    """
    with errors(as_json):
        from ml_connector.web.intake_folder import SETTLE_SECONDS, Folder

        svc = service()
        if not folder.is_dir():
            stop(USAGE, f"There is no folder {folder}.", as_json)
        at = Folder(svc.assembly, svc.settings.organisation, folder)
        found = [*at.read()]
        time.sleep(SETTLE_SECONDS)
        found += at.read()
        refused = any(each.problems or each.left for each in found)
        if as_json:
            say(True, {"ok": not refused, "files": [each.shown() for each in found]})
        else:
            _tell(found)
        if refused:
            raise typer.Exit(FAILED_COMMAND)


def _tell(found: Sequence[Read]) -> None:
    for each in found:
        out.print(each.text, markup=False)
        for problem in each.problems:
            out.print(f"  {problem.text} [{problem.code}]", markup=False)
    if not found:
        out.print("There is no table that is whole.", markup=False)


class Tables:
    """The folders of all organisations, for `serve`; nothing where no folder was given."""

    def __init__(self, assembly: Assembly, folder: str, as_json: bool) -> None:
        self._assembly, self._folder, self._as_json = assembly, folder, as_json
        self._known: dict[str, Folder] = {}
        if folder and not Path(folder).is_dir():
            stop(USAGE, f"There is no folder {folder}.", as_json)

    def again_seconds(self, otherwise: float) -> float:
        """When to look again: soon where a file waits to be unchanged for a while."""
        waits = any(name.lower().endswith(".csv") for each in self._known.values() for name in each.seen)
        return min(otherwise, 1.0) if waits else otherwise

    def look(self) -> None:
        """Read what is there, and say a line of each table. A folder that cannot be read now, and a database
        that is not there, is looked at again.
        """
        if not self._folder:
            return
        for found in self._read():
            if self._as_json:
                print_json({"intake_file": found.shown()})
            else:
                out.print(found.text, markup=False)

    def _read(self) -> Iterator[Read]:
        from ml_connector.web.intake_folder import Folder, tried

        for path in sorted(Path(self._folder).iterdir()):
            if path.is_dir():
                made = Folder(self._assembly, path.name, path)
                yield from tried(self._known.setdefault(path.name, made))


def listen(
    assembly: Assembly, held: ExitStack, at: tuple[str, str], stored: Callable[[], None], as_json: bool
) -> None:
    """Take notifications, and reports, until `held` ends, and say where."""
    from ml_connector.web.serving import bind

    try:
        hooks, reports = (bind(address) if address else None for address in at)
    except ValueError as error:
        stop(USAGE, str(error), as_json)
    except OSError as error:
        stop(USAGE, f"{' or '.join(filter(None, at))}: {error.strerror or error}.", as_json)
    if hooks is not None:
        from ml_connector.web.hooks import listening

        url = held.enter_context(listening(assembly, hooks, stored))
        _say(as_json, {"listening": url}, f"Notifications are taken at {url}.")
    if reports is not None:
        from ml_connector.web.intake_server import taking

        url = held.enter_context(taking(assembly, reports))
        _say(as_json, {"intake": url}, f"Expense reports are taken at {url}.")


def _say(as_json: bool, line: dict[str, str], text: str) -> None:
    if as_json:
        print_json(line)
    else:
        out.print(text, markup=False)
