"""Codes as people and spreadsheets damage them: what no code of a payroll or a ledger is.

A spreadsheet makes `5.1E+03` of 5100 and `#N/A` of a formula that it lost, in the language of its user. An
invisible character in a code is seen by nobody, and makes it another code.
"""

from __future__ import annotations

import re
import unicodedata

_DAMAGED = re.compile(
    r"[0-9](?:[.,][0-9]+)?E\+[0-9]+|#(?:[^\W\d_]+(?:/[^\W_]+)?[!?]|[^\W\d_]/[^\W\d_]|NV|#+|GETTING_DATA)",
    re.IGNORECASE,
)
_ENDS = "\t\r\n"
_UNSEEN = frozenset(("Cc", "Cf", "Co", "Cn", "Zl", "Zp"))


def is_damaged(value: str) -> bool:
    """Whether a spreadsheet made the value of a code, or of a formula that it lost."""
    return _DAMAGED.fullmatch(value) is not None


def unseen(value: str) -> str:
    """The name of the first character of the value that nobody sees; empty where there is none."""
    found = next((sign for sign in value if unicodedata.category(sign) in _UNSEEN and sign not in _ENDS), "")
    return f"U+{ord(found):04X}" if found else ""


def is_wide(value: str) -> bool:
    """Whether the value has letters or digits of full width, which look like others and are not."""
    return any(unicodedata.east_asian_width(sign) == "F" for sign in value)


def alike(value: str) -> str:
    """The value as an eye reads it: without case, unseen characters, blanks and full width."""
    seen = (
        sign for sign in unicodedata.normalize("NFKC", value) if unicodedata.category(sign) not in _UNSEEN
    )
    return "".join("".join(seen).split()).casefold()


def roughly(value: str) -> str:
    """What is left of a number or a control when a spreadsheet wrote it otherwise: without noughts at its
    beginning, decimals of nothing, and signs between its parts. Two that are the same so may be the same.
    """
    bare = re.sub(r"[.,]0+$", "", alike(value))
    return "".join(sign for sign in bare if sign.isalnum()).lstrip("0")
