"""What an answer of the service means.

    400, or 500 with a write failure   a business rule said no: nothing was done
    400 or 500, update conflict        somebody else wrote at the same time: try later
    403                                a right, or a field that may not be written
    404                                no such row, or no such set
    429                                busy; Retry-After says how long
    5xx                                nothing is known

Errors carry no code. Their inner message does: an info log, entries separated by semicolons. What is not
recognised is still a refusal, with the vendor's own text.
"""

from __future__ import annotations

import re

import msgspec

from ml_connector.connectors.dynamics_fo.wire import Error, InnerError
from ml_connector.errors import (
    CodeUnknown,
    ConnectorError,
    NotFound,
    PeriodClosed,
    RightMissing,
    Throttled,
    Unbalanced,
)
from ml_connector.transport import faults as refusals
from ml_connector.transport.answer import UNREADABLE, Answer, unknown_status
from ml_connector.transport.faults import rule

CONFLICT_SECONDS = 5.0
_WRITE_FAILED = re.compile(r"AxODataWriteException|write failed for table row", re.IGNORECASE)
_CONFLICT = re.compile(r"update conflict", re.IGNORECASE)
_NOISE = re.compile(r"^validate\w+ failed on data source", re.IGNORECASE)
VENDOR = "Dynamics"
REFUSALS = (
    rule(r"no resources were found when selecting for update", NotFound),
    rule(
        r"period\b.*\b(?:not open|closed|on hold|stopped)|no open period",
        PeriodClosed,
        "Open the period for this ledger, or choose a posting date in an open one.",
        where="posting_date",
    ),
    rule(r"do(?:es)? not balance", Unbalanced),
    rule(
        r"DimensionAttributeValue|does(?:n't| not) exist|is suspended|is(?:n't| not) active"
        r"|blocked for manual entry|not found in the related table|Blank is(?:n't| not) allowed"
        r"|valid dimension value|not an allowed value|main account type must be",
        CodeUnknown,
        "Correct the code in Dynamics, or map to one that may be used.",
    ),
)
"""Business refusals by their words, the most certain kind first."""


def classify(answer: Answer) -> ConnectorError | None:
    """The error that an answer means, of a call or of a part of a batch; `None` for success."""
    if answer.status < 400:
        return None
    path, support, inner = answer.path, answer.support("ms-dyn-aid"), inner_error(answer)
    said = inner.message if inner else ""
    if conflict(answer):
        text = (
            "Another user or process changed the same journal at the same moment, so nothing was booked."
            " The call is tried again."
        )
        return Throttled(text, retry_after_seconds=CONFLICT_SECONDS, where=path, support=support)
    if answer.status == 400 or (
        answer.status == 500 and inner and _WRITE_FAILED.search(f"{inner.type} {said}")
    ):
        return refusals.classify(sentences(said), REFUSALS, vendor=VENDOR, where=path, support=support)
    if answer.status == 403:
        why = f": {said}" if said else ""
        text = f"The app's user may not do this at {path}{why}. Give the user a role that grants it."
        return RightMissing(text, where=path, support=support)
    if answer.status == 404:
        return NotFound(f"There is nothing at {path} (404).", where=path, support=support)
    return unknown_status(answer)


def conflict(answer: Answer) -> bool:
    """Whether somebody else wrote the same at the same moment."""
    said = inner_error(answer)
    found = said is not None and _CONFLICT.search(said.message) is not None
    return found and answer.status in (400, 409, 412, 500)


def inner_error(answer: Answer) -> InnerError | None:
    """The vendor's own words in the error body, or `None` where there is no such body."""
    try:
        found = msgspec.json.decode(answer.body, type=Error).error
    except UNREADABLE:
        return None
    return found.innererror or InnerError(message=found.message)


def sentences(said: str) -> list[str]:
    """The entries of an info log, each once, without its bookkeeping."""
    log = said.partition("Infolog:")[2] or said
    found = (
        re.sub(r"^(?:Info|Warning|Error):\s*", "", part.strip()).strip(" .\n") for part in log.split(";")
    )
    return list(dict.fromkeys(part for part in found if part and not _NOISE.match(part)))
