"""What an answer of Exact's means.

    400                           the request was not understood: nothing was booked
    403                           a right, licence or division is missing; `Reason` says which
    405                           the interface is not open to the app
    429                           a limit; the headers of the limit that was hit, and no others
    500 with error.message.value  a business refusal, in the user's language
    500 without                   nothing is known
    HTML                          a gateway or a sign-in page

The kind of a refusal is known by its structure, `<kind>: <subject>` per line, and by the few sentences
without one, in English and Dutch. What is not recognised is still a refusal, and the vendor's own text is
shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from ml_connector.connectors.exact_online.wire import Error
from ml_connector.errors import (
    CodeUnknown,
    ConnectorError,
    NotFound,
    OutcomeUnknown,
    PeriodClosed,
    Refused,
    RightMissing,
    Throttled,
    Unbalanced,
)
from ml_connector.ports.storage import RateLimit
from ml_connector.transport import faults as refusals
from ml_connector.transport.answer import UNREADABLE, Answer, unknown_status, whole_number
from ml_connector.transport.faults import rule

MINUTE = "minute"
DAY = "day"
_HEADERS = {MINUTE: "x-ratelimit-minutely", DAY: "x-ratelimit"}
_SECONDS = {MINUTE: 60, DAY: 86_400}

_REASONS = {
    "NoDivisionAccess": (
        "the user has no access to this division any more. Tick the division in the consent, or give the user"
        " access to it"
    ),
    "DivisionBlocked": "the division is blocked. The administrator of the licence can release it",
    "BlockedUser": "the user is blocked. An administrator can release it in the user's settings",
    "InactiveUser": "the user is not active. An administrator can activate it",
    "BlockedCustomer": "the customer's licence is blocked. The vendor's support can release it",
    "LicenseExpired": "the licence has ended. Renew it with the vendor",
}
VENDOR = "Exact"
DOMAIN = "webhook.domain"
"""An address that Exact does not notify."""
REFUSALS = (
    rule(
        r"period is closed|period(?:e)? is afgesloten",
        PeriodClosed,
        "Reopen the period in Exact for this journal, or choose a posting date in an open one.",
        where="posting_date",
    ),
    rule(r"not balanced|niet in evenwicht", Unbalanced, "An entry must balance in its currency and period."),
    rule(
        r"financial year|boekjaar",
        remedy="Create the financial year in Exact, or choose another posting date.",
        where="posting_date",
        code="period.unknown",
    ),
    rule(
        r"(?:already exists|bestaat (?:al|reeds)).*(?:your ref|uw ref)",
        remedy=(
            "It has an entry of this supplier with the same number, date and amount. Look at it there: if it"
            " is this invoice it is booked already; if it is not, ask the supplier for another number."
        ),
        where="number",
        code="purchase.duplicate",
    ),
    rule(
        r"payment condition|betalingsconditie",
        CodeUnknown,
        "Map the term to a payment condition of Exact, or give the supplier one.",
        where="term",
        code="term.unknown",
    ),
    rule(
        r"(?:supplier|leverancier) \(type\)",
        CodeUnknown,
        "Mark the relation as a supplier in Exact, or choose another.",
        where="supplier",
        code="supplier.unfit",
    ),
    rule(
        r"exchange rate|wisselkoers",
        CodeUnknown,
        "Allow another currency and rate in the journal in Exact, or choose a journal that does.",
        where="rate",
        code="rate.refused",
    ),
    rule(
        r"vat amount|btw-bedrag|bedrag van de btw|vat code|btw-code|btw-percentage",
        CodeUnknown,
        "Map the tax to a VAT code of the right kind that may be used, or correct the code in Exact.",
        code="vat.refused",
    ),
    rule(
        r"document type not allowed|documenttype niet toegestaan",
        RightMissing,
        "Let our user be one that may make documents in the division: one of an accountant's portal may not.",
        where="document_type",
    ),
    rule(
        r"post to callback url|post naar callback",
        remedy=(
            "Exact tries the address before it takes it. Let `serve --listen` run, reached at it from outside"
            " over https, then make the address again."
        ),
        where="address",
        code="webhook.unanswered",
    ),
    rule(
        r"callback url",
        remedy=(
            "Exact notifies only https addresses of the domain that the app's redirect address has in the app"
            " centre. Give an address of that domain, or change the redirect address of the app there and"
            " redirect_uri here."
        ),
        where="address",
        code=DOMAIN,
    ),
    rule(
        r"^(?:\[\w+\]\s*)?(?:invalid(?: reference)?|unknown|not allowed|mandatory|ongeldig(?:e"
        r" referentie)?|onbekend|niet toegestaan|verplicht)\s*:"
        r"|blocked|geblokkeerd|is of a wrong type|is verplicht|^inactive:|^inactief:|invalid journal",
        CodeUnknown,
        "Correct the code in Exact, or map to one that may be used.",
    ),
)
"""Business refusals by their words, in English and Dutch, the most certain kind first."""


def classifier(now: Callable[[], datetime]) -> Callable[[Answer], ConnectorError | None]:
    """How a client reads answers; `now` is what a limit's reset is compared with."""

    def classify(answer: Answer) -> ConnectorError | None:
        if answer.status < 400:
            return None
        path, support = answer.path, answer.support("reason")
        match answer.status:
            case 400:
                why = message(answer) or "no reason was given"
                return Refused(
                    f"Exact did not understand the request: {why}",
                    where=path,
                    support=support,
                    code="request.refused",
                )
            case 403:
                return _forbidden(answer, path, support)
            case 404 | 410:
                return NotFound(
                    f"Exact has nothing at {path} ({answer.status}).", where=path, support=support
                )
            case 405:
                why = message(answer) or "no reason was given."
                return RightMissing(
                    f"Exact takes no {answer.method} at {path}: {why} It does not open this interface to the"
                    " app. Exact's partner team can.",
                    where=path,
                    support=support,
                )
            case 429:
                wait = wait_seconds(answer, now())
                when = f" Calls are possible again in {wait:.0f} seconds." if wait is not None else ""
                return Throttled(
                    f"Exact's call limit is reached.{when}",
                    retry_after_seconds=wait,
                    where=path,
                    support=support,
                )
            case 500 if said := message(answer):
                return refusals.classify(lines_of(said), REFUSALS, vendor=VENDOR, where=path, support=support)
        return unknown_status(answer)

    return classify


def message(answer: Answer) -> str | None:
    """The vendor's own words in the JSON error body, or `None` where there is no such body."""
    try:
        return msgspec.json.decode(answer.body, type=Error).error.message.value.strip() or None
    except UNREADABLE:
        return None


def lines_of(said: str) -> list[str]:
    """The lines of a refusal, each once."""
    return list(dict.fromkeys(line.strip() for line in said.splitlines() if line.strip()))


def limits(answer: Answer) -> list[RateLimit]:
    """The call limits in the headers of the answer. A header that is absent means unknown, not zero."""
    windows = []
    for name, prefix in _HEADERS.items():
        limit, remaining = (
            whole_number(answer.headers.get(f"{prefix}-{part}", "")) for part in ("limit", "remaining")
        )
        if limit is not None and remaining is not None:
            windows.append(
                RateLimit(
                    name=name,
                    limit=limit,
                    seconds=_SECONDS[name],
                    remaining=remaining,
                    resets_at=_reset(answer, prefix),
                )
            )
    return windows


def wait_seconds(answer: Answer, now: datetime) -> float | None:
    """Whole seconds until the limit that was hit is reset: the latest of those in the answer, which names
    only limits that were hit; `None` where it names none.
    """
    resets = [
        reset
        for prefix in _HEADERS.values()
        if (reset := _reset(answer, prefix)) and _is_used_up(answer, prefix)
    ]
    return max((max(1.0, math.ceil((reset - now).total_seconds())) for reset in resets), default=None)


def _is_used_up(answer: Answer, prefix: str) -> bool:
    return answer.headers.get(f"{prefix}-remaining", "0").strip() in ("0", "")


def _reset(answer: Answer, prefix: str) -> datetime | None:
    value = whole_number(answer.headers.get(f"{prefix}-reset", ""), digits=14)
    return None if value is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)


def _forbidden(answer: Answer, path: str, support: str) -> RightMissing:
    reason = answer.headers.get("reason", "").partition(":")[0].strip()
    if reason in _REASONS:
        return RightMissing(f"Exact refuses {path}: {_REASONS[reason]}.", where=path, support=support)
    said = message(answer) or answer.said(300)
    if "scope" in said.lower():
        why = (
            "the app was not granted the permission scope for it. Add the scope to the app, then authorise"
            " the connection again"
        )
    else:
        why = (
            f"the user lacks the role, or the licence lacks the module ({reason or 'no reason was given'})."
            " An administrator can grant it"
        )
    return RightMissing(f"Exact refuses {path}: {why}.", where=path, support=support)


def unreadable(error: ConnectorError) -> OutcomeUnknown:
    """The error for an answer to a write that has a status of success and cannot be read: the entry may be
    booked.
    """
    text = (
        "Exact answered the posting with something that cannot be read, so the ledger is searched for it."
        f" {error.problem.text}"
    )
    return OutcomeUnknown(text, where=error.problem.where, support=error.support)
