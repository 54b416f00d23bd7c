"""What commands print, for people and with `--json`, and how they end.

Exit codes: 0 done · 1 a defect or an error of the vendor's · 2 the command was used wrongly · 3 a person
must fix something · 4 waiting for approval · 5 still waiting, it continues by itself · 6 failed · 7 not
allowed now or not by this person.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from ml_connector.cli.shown import PlainConsole, arranged, json_visible, visible_field

OK, FAILED_COMMAND, USAGE, HELD, APPROVAL, WAITING, FAILED_RUN, NOT_ALLOWED = range(8)
STATE_CODES = {
    "done": OK,
    "held": HELD,
    "awaiting_approval": APPROVAL,
    "failed": FAILED_RUN,
    "cancelled": OK,
    "closed": OK,
}
FAILURE_CODES = {"usage": USAGE, "fix": HELD, "not allowed": NOT_ALLOWED, "failed": FAILED_COMMAND}
ATTENTION = (OK, WAITING, APPROVAL, HELD, FAILED_RUN)
"""Exit codes of runs, the one that needs a person most at the end: a command that carried out several ends
with that.
"""

out = PlainConsole(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
err = PlainConsole(stderr=True, highlight=False, soft_wrap=True)

Json = typer.Option(False, "--json", help="Print one JSON object and nothing else.")


def say(as_json: bool, data: Mapping[str, Any], text: str | None = None) -> None:
    """One result: the JSON object, or the text."""
    if as_json:
        print_json(data)
    elif text:
        out.print(text)


def print_json(data: Any) -> None:
    """One line of JSON; dates and decimals as text."""
    sys.stdout.write(json_visible(json.dumps(data, default=str, ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def label(name: str) -> str:
    """An identifier as people read it: "On hold", "Employee taxes". JSON keeps the identifier."""
    from ml_connector.domain.text import words

    return words(name).capitalize()


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], right: Iterable[int] = ()
) -> None:
    """A table for people; `right` are the numbers of the columns of amounts, which are never broken."""
    shown = [["" if value is None else visible_field(str(value)) for value in row] for row in rows]
    out.print(arranged(visible_field(title), columns, shown, frozenset(right), out.width))


def problems_json(problems: Iterable[Any]) -> list[dict[str, str]]:
    """Problems as plain values."""
    return [{"code": p.code, "where": p.where, "text": p.text, "owner": str(p.owner)} for p in problems]


def show_problems(problems: Iterable[Any]) -> None:
    """Problems for people, on standard error."""
    for problem in problems:
        err.print(f"  {visible_field(str(problem))}")


def stop(code: int, text: str, as_json: bool = False, problems: Iterable[Any] = ()) -> NoReturn:
    """End the command with an error."""
    listed = list(problems)
    if as_json:
        print_json({"ok": False, "error": text, "problems": problems_json(listed)})
    else:
        err.print(text)
        show_problems(listed)
    raise typer.Exit(code)


@contextmanager
def errors(as_json: bool, start: bool = True, keys: bool = True) -> Iterator[None]:
    """Starts the application, which everything of the store may be imported after, and turns what it raises
    into an exit code and a text. Without `keys` it is a command that needs no secret, and works without the
    key file.
    """
    from ml_connector.app.settings import started
    from ml_connector.cli.session import service

    try:
        if start and keys:
            service().require_keys()
        elif start:
            service()
        yield
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if not started():
            raise
        from ml_connector.app.failures import expected, read_failure

        if not isinstance(error, expected()):
            raise
        failure = read_failure(error)
        stop(FAILURE_CODES[failure.kind.value], failure.text, as_json, failure.problems)
