"""What an answer of the API means.

    400, or 500 with the ERP's own words   a business rule said no: nothing was done
    403                                    a scope, an approval or a licence is missing
    404                                    no such record
    412                                    somebody saved it since we read it
    429                                    the quota; Retry-After says how long
    5xx                                    nothing is known

There is no catalogue of errors. The words follow the company's language and stand in `message`, `Message` or
`ExceptionMessage`; those that are known show the kind. What is not recognised is still a refusal, with the
vendor's own text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ml_connector.errors import (
    CodeUnknown,
    ConnectorError,
    NotFound,
    PeriodClosed,
    Refused,
    RightMissing,
    Throttled,
    Unbalanced,
)
from ml_connector.ports.storage import RateLimit
from ml_connector.transport import faults as refusals
from ml_connector.transport.answer import UNREADABLE, Answer, retry_after, unknown_status, whole_number
from ml_connector.transport.faults import rule
from ml_connector.transport.redact import HIDDEN

HOUR = "hour"
NOT_RELEASABLE = "document.status"
_FIELDS = ("message", "exceptionmessage", "errorinfo")
_ERP = re.compile(r"VismaId:|^Error (?:inserting|updating|deleting|releasing)|IPPException", re.IGNORECASE)
_ID = re.compile(r"^VismaId:\s*[0-9a-f-]{36}\.\s*", re.IGNORECASE)
_FRAME = re.compile(r"^Error (?:inserting|updating|deleting|releasing) the [\w ]+?\.\s*", re.IGNORECASE)
_NOISE = re.compile(r"record raised at least one error|record raised one or more errors", re.IGNORECASE)
_LABEL = re.compile(r"^Error:\s*", re.IGNORECASE)
_OF_PEOPLE = re.compile(r"'[^\r\n]*?'(?!\w)|\S*[\d@]\S*")
_LICENCE = re.compile(r"\bno licen[cs]e\b|\b12027\b", re.IGNORECASE)
VENDOR = "Visma"
REFUSALS = (
    rule(
        r"period is (?:closed|inactive)",
        PeriodClosed,
        "Open the period in Visma, or choose a posting date in an open one.",
        where="posting_date",
    ),
    rule(
        r"financial period cannot be found|invalid year or period"
        r"|outside the range of the selected financial period",
        remedy="Create the period in Visma, or choose another posting date.",
        where="posting_date",
        code="period.unknown",
    ),
    rule(r"out of balance", Unbalanced),
    rule(
        r"(?:Error:\s*)?(?P<segment>[^:]+?) of Subaccount do(?:es)? not exist",
        CodeUnknown,
        "The value of segment {segment} of the subaccount is missing or unknown on a line. Create it in"
        " Visma, or map to another.",
        where="segment {segment}",
    ),
    rule(r"batch status invalid", code=NOT_RELEASABLE),
    rule(
        r"cannot be found in the system|do(?:es)? not exist|is inactive|is not active"
        r"|(?:project|task|subaccount|account|branch)'? cannot be empty"
        r"|year to date net income|denominated gl account|manual entr",
        CodeUnknown,
        "Correct the code in Visma, or map to one that may be used.",
    ),
)
"""Business refusals by their words, the most certain kind first."""


class VersionStale(Refused):
    """Somebody saved the record since it was read, so nothing was changed."""

    code = "document.version"


def classify(answer: Answer) -> ConnectorError | None:
    """The error that an answer means; `None` for success."""
    if answer.status < 400:
        return None
    path, said, support = answer.path, message(answer), answer.support("ipp-request-id")
    if _LICENCE.search(said):
        text = (
            f"Visma refused: {said}. The company needs a licence for the interface; its administrator can"
            " order it."
        )
        return RightMissing(text, where=path, support=support)
    match answer.status:
        case 403:
            text = (
                f"The application may not use {path} (403). Give it the scope, have the company approve it"
                " again in the Visma App Store, "
            )
            return RightMissing(
                text + "and check that it is approved for this company.", where=path, support=support
            )
        case 404 | 410:
            return NotFound(f"Visma has nothing at {path} ({answer.status}).", where=path, support=support)
        case 412:
            return VersionStale(
                f"{path} was changed by another user since it was read, so nothing was changed here.",
                where=path,
                support=support,
            )
        case 429:
            wait = retry_after(answer)
            when = f" Calls are possible again in {wait:.0f} seconds." if wait is not None else ""
            text = f"Visma's call limit for this company and application is reached.{when}"
            return Throttled(text, retry_after_seconds=wait, where=path, support=support)
        case 400 | 405 | 409 | 422:
            return refusal(_without_people(answer, said), path, support)
        case 500 if _ERP.search(said):
            return refusal(_without_people(answer, said), path, support)
    return unknown_status(answer)


def message(answer: Answer) -> str:
    """The vendor's own words in a JSON error body, whatever the case of their name; empty where there is no
    such body.
    """
    try:
        body: Any = msgspec.json.decode(answer.body)
    except UNREADABLE:
        return ""
    if not isinstance(body, dict):
        return ""
    fields = {str(name).lower(): content for name, content in body.items()}
    return next(
        (text.strip() for name in _FIELDS if isinstance(text := fields.get(name), str) and text.strip()), ""
    )


def _without_people(answer: Answer, said: str) -> str:
    """The words without what they quote, numbers and addresses, where the call is about people."""
    return _OF_PEOPLE.sub(HIDDEN, _ID.sub("", said)) if answer.personal else said


def sentences(said: str) -> list[str]:
    """The errors in a message, each once, without id and frame."""
    bare = _FRAME.sub("", _ID.sub("", said.strip()))
    parts = (_LABEL.sub("", part.strip()).strip(" .") for part in re.split(r"[\r\n]+", bare))
    return list(dict.fromkeys(part for part in parts if part and not _NOISE.search(part)))


def refusal(said: str, where: str, support: str = "") -> Refused:
    """The kind of a business refusal by its words."""
    return refusals.classify(sentences(said), REFUSALS, vendor=VENDOR, where=where, support=support)


def limits(now: Callable[[], datetime]) -> Callable[[Answer], Sequence[RateLimit]]:
    """How a client reads the quota in an answer. A header that is absent means unknown."""

    def learn(answer: Answer) -> Sequence[RateLimit]:
        limit, remaining, reset = (
            whole_number(answer.headers.get(f"x-ratelimit-{part}", ""))
            for part in ("limit", "remaining", "reset")
        )
        if limit is None or remaining is None:
            return ()
        ends = None if reset is None else now() + timedelta(seconds=reset)
        return (RateLimit(name=HOUR, limit=limit, seconds=3600, remaining=remaining, resets_at=ends),)

    return learn
