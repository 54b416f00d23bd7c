"""What an answer of Findity means.

    429        a limit, which is not published; Retry-After where there is one
    404        no such record
    403        API connectivity is off, or the key has no right
    400 … 422  refused; the reason is in the body
    5xx        nothing is known

A 401 is handled before. Only the reason of a refusal is shown: bodies name people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ml_connector.errors import ConnectorError, NotFound, Refused, RightMissing
from ml_connector.ports.storage import RateLimit
from ml_connector.transport.answer import UNREADABLE, Answer, unknown_status

SAID_MAX = 300
MINUTE = "minute"
CONFLICT = "request.conflict"
"""The code of a 409: what was to be written does not fit what is there."""


def classifier(message: str) -> Callable[[Answer], ConnectorError | None]:
    """Reads answers whose refusals give their reason under this name."""

    def classify(answer: Answer) -> ConnectorError | None:
        path = answer.path
        match answer.status:
            case 403:
                text = (
                    f"Findity does not let this key use {path} (403). Ask an administrator of the"
                    " organization to switch API connectivity on, and to check the key in the Admin Portal"
                    " under Administrators > API keys."
                )
                return RightMissing(text, where=path, support=answer.support())
            case 404:
                text = f"Findity has nothing at {path}."
                return NotFound(text, where=path, support=answer.support())
            case status if 400 <= status < 500 and status not in (408, 429):
                text = f"Findity refused {answer.method} {path}: {said(answer, message)}."
                code = CONFLICT if status == 409 else "request.refused"
                return Refused(text, where=path, support=answer.support(), code=code)
        return unknown_status(answer)

    return classify


def said(answer: Answer, message: str) -> str:
    """The reason that a refusal gives, without secrets."""
    try:
        body: Any = msgspec.json.decode(answer.body)
    except UNREADABLE:
        body = None
    reason = body.get(message) if isinstance(body, dict) else None
    if not isinstance(reason, str) or not reason.strip():
        return "it does not say why"
    return answer.secrets.hide(reason.strip().rstrip("."))[:SAID_MAX]


def windows(calls_per_minute: int) -> Sequence[RateLimit]:
    """The call limit that is declared."""
    return (RateLimit(name=MINUTE, limit=calls_per_minute, seconds=60),) if calls_per_minute else ()
