"""What a run of expense reports asks a person, and what it says of reports that it leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml_connector.domain.expense import ExpenseLine, ExpenseReport
from ml_connector.domain.expense_proposal import ReportPlan, SeenExpense
from ml_connector.domain.problem import Owner, Problem
from ml_connector.flows.flow import Question
from ml_connector.flows.posting.consent import listed
from ml_connector.flows.posting.look_alikes import ASKED, NOT_OURS
from ml_connector.runs.run import Run

FAILS = "expense.fails"
SAME = "expense.same"
BOOKED_AS = "booked as"
THIS, TOLD = "this report", "told its source"
SHOWN = 5


def look_alike(run: Run, number: str, found: Mapping[str, str]) -> Problem:
    """Documents of others, by name, that may be the report."""
    names = list(found)[:SHOWN]
    described = " ".join(f"document {name}, {found[name]}." for name in names)
    accepts = " ".join(f"--accept {name}" for name in names)
    text = (
        f"The ledger has what may be report {number} already: {described} If one of them is: ml-connector"
        f" runs answer {run.row.id} --booked-as {names[0]}. If not: ml-connector runs resume {run.row.id}"
        f" {accepts}."
    )
    return Problem(ASKED, names[0], text, Owner.CONTROLLER)


def seen(run: Run, report: ExpenseReport, pairs: Sequence[tuple[ExpenseLine, SeenExpense]]) -> Problem:
    """Expenses of the report that may be booked already with another report."""
    described = listed(
        f"expense {line.number} of {line.date}, {line.gross}, and expense {other.line} of {other.date} in"
        f" {other.number}"
        for line, other in pairs
    )
    text = (
        f"An expense may be in two reports: {described}. In report {report.number}, that is. If they are two"
        f" purchases: ml-connector runs answer {run.row.id} --not-same {report.number}. If not: ml-connector"
        f" runs answer {run.row.id} --without {report.number}, and its source is told."
    )
    return Problem(SAME, f"report {report.number}", text, Owner.CONTROLLER)


def fails(run: Run, plan: ReportPlan) -> Problem:
    """A report that cannot be booked as it is."""
    text = (
        f"The export waits, because of report {plan.number}, which cannot be booked as it is. Mend that and"
        f" resume the run. Or leave the report out, and its source is told why: ml-connector runs answer"
        f" {run.row.id} --without {plan.number}."
    )
    return Problem(FAILS, f"report {plan.number}", text, Owner.CONTROLLER)


QUESTIONS = (
    Question(
        option="booked_as",
        help="A report is booked already, as this document of the ledger.",
        code=ASKED,
        answer=lambda problem, value: (f"{BOOKED_AS} {value}", THIS),
        takes="document",
    ),
    Question(
        option="not_same",
        help="The expenses of this report are in no other one.",
        code=SAME,
        answer=lambda problem, value: (f"{SAME} {value}", NOT_OURS),
        takes="report",
    ),
    Question(
        option="without",
        help="Leave this report out, and tell its source why.",
        code=FAILS,
        answer=lambda problem, value: (f"{FAILS} {value}", TOLD),
        takes="report",
    ),
)
