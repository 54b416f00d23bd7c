"""Answers of the interface for expense reports that are problems, as RFC 9457."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import singledispatch

import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpResponse
from django.http.multipartparser import MultiPartParserError
from ninja.errors import AuthenticationError, Throttled, ValidationError

from ml_connector.app.access import Unknown
from ml_connector.app.failures import expected, read_failure
from ml_connector.app.intake import Conflict
from ml_connector.app.kept_lists import NotFilled, SeveralCopies
from ml_connector.domain.problem import Problem
from ml_connector.web.intake_reading import Unreadable
from ml_connector.web.intake_schema import FILES_MAX, Trouble

ERRORS_MAX = 50
"""Problems that one answer tells."""
AGAIN_SECONDS, NOT_FILLED_SECONDS = 30, 60
TITLES = {
    400: "The request cannot be read",
    401: "No token that is good",
    403: "Not allowed with this token",
    404: "Not found",
    405: "No such method here",
    408: "The request took too long",
    409: "Sent before with other content, or replaced",
    413: "Too large",
    415: "Not of this type",
    422: "The report cannot be taken",
    429: "Too many calls",
    500: "A defect of ours",
    503: "Not available now",
}

log = structlog.get_logger("intake")


PROBLEMS = dict.fromkeys((400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503), Trouble)
"""What every call may be answered with."""


class Refusal(Exception):
    """The request is answered with this status and problem; nothing was stored."""

    def __init__(self, status: int, problem: Problem) -> None:
        self.status, self.problem = status, problem
        super().__init__(problem.text)


def json_answer(content: object, status: int) -> HttpResponse:
    """An answer with this content."""
    text = json.dumps(content, ensure_ascii=False)
    return HttpResponse(text, status=status, content_type="application/json")


def trouble(status: int, problems: Iterable[Problem], again: float = 0) -> HttpResponse:
    """An answer that says what is wrong, as RFC 9457."""
    listed = list(problems)
    content = {
        "title": TITLES[status],
        "status": status,
        "detail": listed[0].text,
        "errors": [{"code": one.code, "path": one.where, "message": one.text} for one in listed[:ERRORS_MAX]],
    }
    text = json.dumps(content, ensure_ascii=False)
    answer = HttpResponse(text, status=status, content_type="application/problem+json")
    if again:
        answer["Retry-After"] = str(math.ceil(again))
    if status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


@singledispatch
def answer_to(error: Exception) -> HttpResponse:
    """What nothing else answers: a database that is not there, or a defect."""
    if isinstance(error, expected()):
        log.warning("intake.not_stored", why=read_failure(error).text)
        text = "Nothing is stored now. Send the same again, with the same key."
        return trouble(503, [Problem("intake.unavailable", "", text)], AGAIN_SECONDS)
    log.error("intake.defect", exc_info=error)
    text = "This is a defect of ours; it is in our log. The report is stored if the same request says so."
    return trouble(500, [Problem("intake.defect", "", text)])


@answer_to.register
def _refused(error: Refusal) -> HttpResponse:
    return trouble(error.status, [error.problem])


@answer_to.register
def _unreadable(error: Unreadable) -> HttpResponse:
    return trouble(422, error.problems)


@answer_to.register
def _conflict(error: Conflict) -> HttpResponse:
    return trouble(409, [error.problem])


@answer_to.register
def _unknown(error: Unknown) -> HttpResponse:
    return trouble(404, [Problem("intake.unknown", "id", str(error))])


@answer_to.register
def _not_filled(error: NotFilled) -> HttpResponse:
    text = f"{error} Ask again later; `ml-connector runs list` shows what its flow waits for."
    return trouble(503, [Problem("intake.not_filled", "path", text)], NOT_FILLED_SECONDS)


@answer_to.register
def _several(error: SeveralCopies) -> HttpResponse:
    return trouble(422, [Problem("intake.connection", "connection", str(error))])


@answer_to.register
def _stranger(_: AuthenticationError) -> HttpResponse:
    text = (
        "Send a token that is good as `Authorization: Bearer …`, or sign the call with its secret, method,"
        " path and time; `ml-connector tokens list` shows the tokens."
    )
    return trouble(401, [Problem("intake.token", "Authorization", text)])


@answer_to.register
def _throttled(error: Throttled) -> HttpResponse:
    text = "This token calls too often. Wait, then send the same again."
    return trouble(429, [Problem("intake.rate", "Authorization", text)], error.wait or AGAIN_SECONDS)


@answer_to.register
def _misshapen(error: ValidationError) -> HttpResponse:
    found = (Problem("intake.shape", str(one["loc"][-1]), f"{one['msg']}.") for one in error.errors)
    return trouble(422, found)


@answer_to.register
def _no_multipart(error: MultiPartParserError) -> HttpResponse:
    return trouble(400, [Problem("intake.shape", "body", f"The body is not multipart/form-data: {error}.")])


@answer_to.register
def _too_much(error: SuspiciousOperation) -> HttpResponse:
    if isinstance(error, RequestDataTooBig):
        text = "The report is larger than 2.5 MB. Send fewer expenses in one report."
    else:
        text = f"The request has more parts than are taken: {FILES_MAX} files."
    return trouble(413, [Problem("intake.size", "body", text)])
