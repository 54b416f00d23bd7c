"""An answer, and a document that is accepted, are among those that a run asked about."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ml_connector.app.access import Access
from ml_connector.app.refusals import NotAllowed
from ml_connector.domain.problem import Problem
from ml_connector.flows.posting.look_alikes import ASKED as LOOK_ALIKE
from ml_connector.ports.runs import RunRow

ASKED = (LOOK_ALIKE, "documents.duplicate")
"""Codes of problems that ask about documents by number."""


def check_named(access: Access, row: RunRow, what: str, value: str, problems: Sequence[Problem]) -> None:
    """The value of an answer is one that the question names."""
    if what == "run":
        access.run(value)
    if not any(f" {what} {value}, " in problem.text for problem in problems):
        raise NotAllowed(
            f"Run {row.id} does not ask about {what} {value}. Look again: ml-connector runs show {row.id}."
        )


def check_accepted(run: str, accept: Sequence[str], problems: Sequence[Problem]) -> None:
    """Each is asked about by its whole name; what follows it in the text is the next one, or the end."""
    asked = " ".join(problem.text for problem in problems if problem.code in ASKED)
    for document in accept:
        if not re.search(rf"--accept {re.escape(document)}(?= --accept |\.(?: (?!--accept )|$))", asked):
            raise NotAllowed(
                f"Run {run} does not ask about document {document}. Look again: ml-connector runs show {run}."
            )
