"""What a dimension value is on the wire and in the product's words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from urllib.parse import quote

from ml_connector.connectors.dynamics_fo import faults, wire
from ml_connector.connectors.dynamics_fo.translate import day_of
from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import ConnectorError, NotFound, Refused
from ml_connector.ports.registers import Answer, HandedOver, Stale, Written
from ml_connector.transport import odata
from ml_connector.transport.answer import Answer as Said

CODE_MAX, TITLE_MAX = 30, 60
NEVER = date(2154, 12, 31)
ASKED_MAX = 1_700
"""Characters of a filter's codes, so that an address stays below two thousand."""
HIDDEN = "value.hidden"
_EXISTS = re.compile(r"record already exists", re.IGNORECASE)


def normal(record: DimensionValue, today: date) -> DimensionValue:
    """The value as Dynamics keeps it: letters of any case are one code, and a value is open until its last
    day is over.
    """
    spelled, code = record.written.rstrip(), folded(record.written)
    return replace(
        record,
        entity="",
        code=code,
        spelled=spelled if spelled != code else None,
        title=title_of(record.title),
        open=record.open if record.until is None else record.until >= today,
    )


def fields_of(change: Change, today: date) -> dict[str, str]:
    """What the vendor is told of a change: only what differs, and at least one field."""
    before, after = change.before, normal(change.after, today)
    fields: dict[str, str] = {}
    if before is None or before.title != after.title:
        fields["Description"] = after.title
    if before is None or (before.open, before.until) != (after.open, after.until):
        if before is not None or after.until is not None:
            fields["ActiveTo"] = wire.noon(after.until or wire.NO_DATE)
        if after.until is None and not after.open:
            fields["IsSuspended"] = wire.YES
        elif change.after.open and before is not None and not before.open:
            fields["IsSuspended"] = wire.NO
    return fields or {"Description": after.title}


def folded(code: str) -> str:
    """A code as it is compared: capitals, without blanks behind."""
    return code.rstrip().upper()


def title_of(text: str) -> str:
    """A title as it is compared: without the blanks that Dynamics may drop, cut where it cuts."""
    return " ".join(text.split())[:TITLE_MAX].rstrip()


def until_of(text: str) -> date | None:
    """The last day; `None` for no end."""
    found = day_of(text) if text else None
    return None if found is None or found >= NEVER else found


def barred(row: wire.HeldValue, today: date) -> str:
    """Why the value takes no postings although it is neither suspended nor over, and what to do."""
    code = row.DimensionValue
    if row.IsTotal == wire.YES:
        return f"keeps {code} as a total, which takes no postings. Clear that there, or choose another code."
    if row.IsBlockedForManualEntry == wire.YES:
        return f"blocks {code} for manual entry, so journals are refused. Clear that there."
    start = day_of(row.ActiveFrom) if row.ActiveFrom else None
    return f"has {code} from {start} on only. Change that there, or wait." if start and start > today else ""


def pattern_of(mask: str) -> re.Pattern[str]:
    """What codes of a mask look like: `#` is a digit, `&` a letter, any other sign itself."""
    signs = {"#": "[0-9]", "&": r"[^\W\d_]"}
    return re.compile("".join(signs.get(sign, re.escape(sign)) for sign in mask), re.IGNORECASE)


def in_parts(codes: Sequence[str]) -> Iterator[list[str]]:
    """The codes in as few parts as an address holds."""
    some: list[str] = []
    left = ASKED_MAX
    for code in codes:
        size = len(quote(f" or OperatingUnitNumber eq {odata.text(code)}"))
        if some and size > left:
            yield some
            some, left = [], ASKED_MAX
        some.append(code)
        left -= size
    if some:
        yield some


def outcome(change: Change, part: Said) -> Answer | ConnectorError:
    """What one part says of its change."""
    if part.status == 412 or faults.conflict(part):
        return Stale()
    error = faults.classify(part)
    if error is None:
        renamed = change.before is not None and change.before.title != title_of(change.after.title)
        return HandedOver(f"The new name of {change.after.written}") if renamed else Written()
    if isinstance(error, NotFound):
        return Stale()
    inner = faults.inner_error(part)
    if change.before is None and inner is not None and _EXISTS.search(inner.message):
        text = (
            f"{error.problem.text} This connection was not shown it: somebody has just made it, or roles"
            " hide it from the app's user. Run it again; if that does not help, give the user a role"
            " that sees it."
        )
        return Refused(text, where=change.key, code=HIDDEN, support=error.support)
    return error
