"""Carrying runs out here, or watching whoever does, until they end or need a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from ml_connector.cli.output import (
    ATTENTION,
    HELD,
    OK,
    STATE_CODES,
    WAITING,
    err,
    label,
    problems_json,
    say,
    show_problems,
)
from ml_connector.cli.run_view import run_json, show_run
from ml_connector.cli.session import service

if TYPE_CHECKING:
    from ml_connector.domain.problem import Problem
    from ml_connector.ports.runs import RunRow


TAKE_OVER_SECONDS = 5.0
"""How long a run is watched that another process carries out, before this one tries to."""


def finish(identities: Sequence[str], as_json: bool, set_aside: Sequence[Problem] = ()) -> None:
    """Carry the runs out here, or watch whoever does; ends with the exit code of the run that needs most
    attention. `set_aside` is what the source could not read.
    """
    from ml_connector.app.work import Following, at_work

    svc = service()
    ended: list[RunRow] = []
    following: Following | None = None
    with _progress() as show_stage:
        while len(ended) < len(identities):
            with at_work(svc.assembly) as working:
                while len(ended) < len(identities):
                    following = following or Following(identities[len(ended)], show_stage)
                    row, at_its_end = following.until(None if working else TAKE_OVER_SECONDS)
                    if not at_its_end:
                        break  # whoever carries it out may be gone: look whether this process can
                    ended.append(row)
                    following = None
    left = {"set_aside": problems_json(set_aside)} if set_aside else {}
    if as_json and len(ended) != 1:
        done = not set_aside and all(row.state == "done" for row in ended)
        problems = {"problems": problems_json(set_aside)} if set_aside else {}
        say(True, {"ok": done, "runs": [run_json(row) for row in ended], **problems, **left})
    elif as_json:
        say(True, {**run_json(ended[0]), **left})
    else:
        for row in ended:
            show_run(row, as_json=False)
        show_set_aside(set_aside)
    codes = [STATE_CODES.get(row.state, WAITING) for row in ended] + [HELD] * bool(set_aside)
    code = max(codes, key=ATTENTION.index, default=OK)
    if code:
        raise typer.Exit(code)


def show_set_aside(problems: Sequence[Problem]) -> None:
    """What the source could not read; nothing where there is none."""
    if problems:
        count = len(problems)
        err.print(f"{count} {'delivery' if count == 1 else 'deliveries'} set aside:", markup=False)
        show_problems(problems)


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
                f"{row.id}: {row.stage}, {label(row.state).lower()}"
                + (f" ({row.summary})" if row.summary else "")
            )

    return shown()
