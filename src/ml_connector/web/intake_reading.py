"""Reads what was posted into a report: every problem of it, or all of it. Nothing is corrected."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from ml_connector.app.intake import SentReport
from ml_connector.domain.expense import ExpenseReport
from ml_connector.domain.expense_checks import check_report
from ml_connector.domain.journal import total
from ml_connector.domain.money import AmountError, Money
from ml_connector.domain.problem import Problem
from ml_connector.web import intake_schema as wire
from ml_connector.web.intake_files import read_files
from ml_connector.web.intake_translate import to_report

SHAPE = "intake.shape"


class Unreadable(Exception):
    """What was posted cannot be taken; with every problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(problems[0].text)


def read_report(text: str, parts: Mapping[str, Sequence[Any]]) -> SentReport:
    """The report, its files and the canonical text of what was sent. Raises `Unreadable`."""
    sent, canonical = _shaped(text)
    files, problems = read_files(sent, parts)
    problems += _kinds(sent)
    if problems:
        raise Unreadable(problems)
    try:
        report = to_report(sent, {file.part: file.sha256 for file in files})
    except AmountError as error:
        raise Unreadable(
            [Problem("intake.amount", "/expenses", f"An amount cannot be used: {error}.")]
        ) from error
    named = replace(report, reference=report.report)
    if problems := [*_divided(sent, report), *check_report(named)]:
        raise Unreadable(problems)
    return SentReport(sent=canonical, report=report, files=tuple(files))


def _shaped(text: str) -> tuple[wire.Report, str]:
    """As the schema says, and its canonical text. Raises `Unreadable`."""
    if "\ufffd" in text:
        raise Unreadable([Problem(SHAPE, "report", "The report is not UTF-8. Write it in UTF-8.")])
    try:
        sent = wire.Report.model_validate_json(text)
    except ValidationError as error:
        raise Unreadable([_misshapen(dict(one)) for one in error.errors(include_url=False)]) from error
    try:
        plain = json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        raise Unreadable([Problem(SHAPE, "report", str(error))]) from error
    return sent, json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises `ValueError` where a name stands twice: programs do not agree on which one counts."""
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise ValueError(f"The name {name!r} stands {times} times in one object. Write it once.")
    return dict(pairs)


def _misshapen(error: Mapping[str, Any]) -> Problem:
    path = "".join(f"/{step}" for step in error["loc"])
    return Problem(SHAPE, path or "report", f"{error['msg']}.")


def _kinds(sent: wire.Report) -> Iterator[Problem]:
    """What each kind of expense must have and cannot have, and the rate of the books."""
    books = sent.books_rate
    if books is not None and (books.currency == sent.currency or not Decimal(books.exchange_rate)):
        text = "The rate of the books is above nought, and for another currency than the report's."
        yield Problem("intake.books_rate", "/booksRate", text)
    for place, expense in enumerate(sent.expenses):
        where = f"/expenses/{place}"
        for name, kind, there in (
            ("mileage", "MILEAGE", expense.mileage is not None),
            ("perDiem", "PER_DIEM", expense.per_diem is not None),
        ):
            if there != (expense.type == kind):
                text = f"An expense of type {kind} has {name}, and no other has."
                yield Problem("intake.kind", f"{where}/{name}", text)
        yield from _parts(where, expense)


def _parts(where: str, expense: wire.Expense) -> Iterator[Problem]:
    """An expense whose costs are divided says of each part what is otherwise said of the whole."""
    if not expense.parts:
        return
    if len(expense.parts) < 2:
        text = "An expense is divided into two parts or more, or has none."
        yield Problem("intake.parts", f"{where}/parts", text)
    whole = {
        "taxes": bool(expense.taxes),
        "mileage": expense.mileage is not None,
        "perDiem": expense.per_diem is not None,
    }
    for name, there in whole.items():
        if there:
            text = f"An expense with parts has no {name}: say it of each part, or send parts as expenses."
            yield Problem("intake.parts", f"{where}/{name}", text)


def _divided(sent: wire.Report, report: ExpenseReport) -> Iterator[Problem]:
    """Parts of an expense come to the whole."""
    for place, expense in enumerate(sent.expenses):
        parts = [line.gross for line in report.lines if line.expense == expense.external_id]
        whole = Money.parse(expense.gross_amount, sent.currency)
        if parts and total(parts, sent.currency) != whole:
            text = f"The parts come to {total(parts, sent.currency)}, and the expense says {whole}."
            yield Problem("intake.parts", f"/expenses/{place}/parts", text)
