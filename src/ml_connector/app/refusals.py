"""What the application refuses to a person."""

from __future__ import annotations

from ml_connector.domain.problem import Problem
from ml_connector.flows.booked import document_number
from ml_connector.ports.commits import CommitRow, CommitState
from ml_connector.ports.runs import RunRow, RunState

IN_THE_MAKING = (CommitState.WRITING, CommitState.DRAFT)
"""States of a commit whose document stands in the ledger and is not booked: a person may delete it there."""


class NotAllowed(Exception):
    """This may not be done now, or not by this person."""


class Unsafe(Exception):
    """This database may forget acknowledged commits; nothing is run on it."""


class SetupError(Exception):
    """What was given cannot be used; nothing was changed."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.text for problem in problems))


def name_problems(what: str, name: str) -> list[Problem]:
    """That a name cannot be given again: it is empty, or begins or ends in a blank."""
    if name and name.strip() == name:
        return []
    text = f"{name!r} is not a valid name for a {what}. Give it a name without blanks around it."
    return [Problem(f"{what}.name", "name", text)]


def not_known(row: RunRow, commit: CommitRow) -> str:
    """Why the run is not closed while one of its documents is neither booked nor known not to be, and what a
    person does about it.
    """
    again = " --propose-again" if row.state is RunState.AWAITING_APPROVAL else ""
    check = f"Let the run check it: ml-connector runs resume {row.id}{again}"
    if commit.state is CommitState.UNKNOWN:
        check = (
            "Record what you found in the ledger: ml-connector runs settle"
            f" '{commit.key}', with --booked or --not-booked"
        )
    if commit.state in IN_THE_MAKING and commit.receipt:
        number = document_number(commit)
        check = (
            f"To book it, let the run go on. To give it up, delete draft {number} in {commit.entity} of the"
            f" ledger, then say so: ml-connector runs mark-deleted {row.id}"
        )
    return f"{commit.key} is {commit.state}: whether it is booked must be known first. {check}."
