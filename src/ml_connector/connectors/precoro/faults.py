"""What an answer of Precoro means.

    429        a limit; which one and until when is in the body, and in headers at best
    404        no such record
    403        the user lacks a right, or the key is of another company
    400, 422   refused; the reasons are texts somewhere in the body
    5xx        nothing is known

A 401 is handled before. Limits that the body states are kept with the call budgets, so that no process asks
again before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Any

import msgspec

from ml_connector.connectors.precoro.settings import Options
from ml_connector.errors import ConnectorError, NotFound, Refused, RightMissing, SignInLost, Throttled
from ml_connector.ports.storage import RateLimit
from ml_connector.transport.answer import UNREADABLE, Answer, retry_after, unknown_status

SECOND, HOUR, DAY = "second", "hour", "day"
UNTIL, KIND, LIMIT = "RateLimit-Retry-After", "RateLimit-Type", "RateLimit-Limit"
WORDS_MAX = 5
"""Texts of a refusal that are shown."""
_WINDOWS = ((HOUR, "hour", 3600), (DAY, "dai", 86_400), (DAY, "day", 86_400))
Now = Callable[[], datetime]


def classify(answer: Answer, now: datetime | None = None) -> ConnectorError | None:
    """The error that an answer means, `None` for success. `now` is the time of the connection, which counts
    where the answer does not say its own.
    """
    path, support = answer.path, answer.support()
    match answer.status:
        case 403:
            text = (
                f"The user of this connection may not use {path} in Precoro (403). Give the user every role"
                " and access to all locations, check that the user is active, and that the key is of this"
                " company."
            )
            return RightMissing(text, where=path, support=support)
        case 404:
            return NotFound(f"Precoro has nothing at {path}.", where=path, support=support)
        case 429:
            return _throttled(answer, now)
        case status if 400 <= status < 500 and status != 408:
            said = "; ".join(words(answer)) or "it does not say why"
            text = f"Precoro refused {answer.method} {path}: {said}."
            return Refused(text, where=path, support=support, code="request.refused")
    return unknown_status(answer)


def sign_in_lost(error: SignInLost) -> SignInLost:
    """What a 401 means here: all that could be wrong, because Precoro does not say which."""
    text = (
        "Precoro does not accept the sign-in (401). Check that e-mail and API key are of the same user and of"
        " this company, that the user is active, and that the address is that of the company's region. A new"
        " key is made under Configuration > Integrations > API Key."
    )
    return SignInLost(text, where="sign-in", support=error.support)


def words(answer: Answer) -> list[str]:
    """The texts of a refusal, of its fields with their names; the beginning of the body where it has none."""
    try:
        body: Any = msgspec.json.decode(answer.body)
    except UNREADABLE:
        said = " ".join(answer.said(200).split())
        return [said] if said else []
    found = list(dict.fromkeys(_texts(body, "")))
    return [answer.secrets.hide(text) for text in found[:WORDS_MAX]]


def _texts(value: Any, name: str, depth: int = 8) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        text = value.strip().rstrip(".")
        yield text if name in ("", "errors", "error", "message") else f"{name}: {text}"
    elif depth and isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, str(key) if not str(key).isdecimal() else name, depth - 1)
    elif depth and isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name, depth - 1)


def _throttled(answer: Answer, now: datetime | None) -> Throttled:
    kind, until = _field(answer, KIND), _until(answer)
    wait: float | None = retry_after(answer)
    sent_at = _sent_at(answer) or now
    if until is not None and sent_at is not None:
        wait = max(ceil((until - sent_at).total_seconds()), 1)
    when = f" Calls are possible again in {wait:.0f} seconds." if wait is not None else ""
    text = f"Precoro's call limit is reached{f' ({kind})' if kind else ''}.{when}"
    return Throttled(text, retry_after_seconds=wait, where=answer.path, support=answer.support())


def learning(options: Options, now: Now) -> Callable[[Answer], Sequence[RateLimit]]:
    """What an answer says of the limits: the next call is a pace after this one was answered, and a limit of
    the hour or the day lasts as long as its refusal says.
    """
    pace = options.numbers["pace_seconds"]
    declared = {HOUR: options.whole("calls_per_hour"), DAY: options.whole("calls_per_day")}

    def learn(answer: Answer) -> Sequence[RateLimit]:
        found = []
        if pace:
            ends = now() + timedelta(seconds=pace)
            found.append(RateLimit(**_pace(pace), remaining=0, resets_at=ends))
        until, kind = _until(answer), _field(answer, KIND).lower()
        if answer.status == 429 and until is not None:
            ends = now() + (until - (_sent_at(answer) or now()))
            for name, word, seconds in _WINDOWS:
                if word in kind and (limit := _whole(_field(answer, LIMIT)) or declared[name]):
                    found.append(
                        RateLimit(name=name, limit=limit, seconds=seconds, remaining=0, resets_at=ends)
                    )
                    break
        return found

    return learn


def windows(options: Options) -> tuple[RateLimit, ...]:
    """The call limits that are declared."""
    pace, hour, day = (
        options.numbers["pace_seconds"],
        *map(options.whole, ("calls_per_hour", "calls_per_day")),
    )
    return (
        *((RateLimit(**_pace(pace)),) if pace else ()),
        *((RateLimit(name=HOUR, limit=hour, seconds=3600),) if hour else ()),
        *((RateLimit(name=DAY, limit=day, seconds=86_400),) if day else ()),
    )


def _pace(seconds: float) -> dict[str, Any]:
    return {"name": SECOND, "limit": 1, "seconds": ceil(seconds), "rolling": True}


def _field(answer: Answer, name: str) -> str:
    """What a 429 says: in its body, else in a header."""
    if answer.status != 429:
        return ""
    try:
        body: Any = msgspec.json.decode(answer.body)
    except UNREADABLE:
        body = None
    said = body.get(name) if isinstance(body, Mapping) else None
    return str(said) if said not in (None, "") else answer.headers.get(name.lower(), "")


def _until(answer: Answer) -> datetime | None:
    """Until when: `2026-07-01 10:00:00 UTC` in the body; ISO 8601 in a header."""
    said = _field(answer, UNTIL).removesuffix("UTC").strip()
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _sent_at(answer: Answer) -> datetime | None:
    """When the answer was sent by the vendor's clock, which is not ours; `None` where it does not say."""
    try:
        found = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo is not None else None


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
