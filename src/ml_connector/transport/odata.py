"""OData literals, version 2 and 3 form: how a value is written in a `$filter`."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID


def text(value: str) -> str:
    """A string literal; quotes inside are doubled."""
    return "'" + value.replace("'", "''") + "'"


def guid(value: str) -> str:
    """A GUID literal. Raises `ValueError` for text that is not a GUID."""
    return f"guid'{UUID(value)}'"


def moment(value: datetime | date) -> str:
    """A date-time literal without a zone, as version 2 and 3 write it."""
    full = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    return f"datetime'{full.replace(tzinfo=None).isoformat()}'"


def any_of(field: str, literals: list[str]) -> str:
    """`(field eq a or field eq b)`; the literals are already written as literals and there is at least
    one.
    """
    return "(" + " or ".join(f"{field} eq {literal}" for literal in literals) + ")"


def holds_any(field: str, texts: list[str]) -> str:
    """`(substringof('a',field) eq true or …)`, in version 2 and 3 form; there is at least one text."""
    return "(" + " or ".join(f"substringof({text(one)},{field}) eq true" for one in texts) + ")"
