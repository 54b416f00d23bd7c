"""Questions that only people can answer of a pay run."""

from __future__ import annotations

from ml_connector.flows.flow import Question
from ml_connector.flows.payroll import newer_runs, pays

ZERO = "zero"
MEANT = "meant"
"""The question whether a run that comes to nothing is meant so, and its answer."""

QUESTIONS = (
    Question(
        option="own_pay",
        help="It is a pay of its own, beside the others.",
        code=pays.WHICH,
        answer=lambda problem, value: (pays.QUESTION, pays.OWN),
    ),
    Question(
        option="replaces",
        help="It replaces this run.",
        code=pays.WHICH,
        answer=lambda problem, value: (pays.QUESTION, f"{pays.REPLACES}{value}"),
        takes="run",
    ),
    Question(
        option="zero_is_meant",
        help="A total of zero is intended.",
        code="run.zero",
        answer=lambda problem, value: (ZERO, MEANT),
    ),
    Question(
        option="older_counts",
        help="It counts, although a newer calculation was posted before it.",
        code=newer_runs.NEWER,
        answer=lambda problem, value: (newer_runs.question(problem.where), newer_runs.COUNTS),
    ),
)
