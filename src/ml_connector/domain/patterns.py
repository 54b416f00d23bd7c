"""What a mapping matches codes with, and what people write there that can match none.

A rule that matches nothing is not seen: the next one takes its lines. So a pattern that no payroll writes is
refused where the mapping is imported. Some of these could be a code all the same, such as `5100-5199` of an
account and a department; with `*` behind it, it is taken as the code that it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ml_connector.domain.codes import is_damaged, is_wide, unseen

Checks = tuple[tuple[Callable[[str], object], str], ...]
_STAR = (
    "* may be used once, at the end, for all codes that begin this way. Write one rule for each beginning."
)
_ONE = "a rule has one code, or one beginning followed by *. Write one rule for each code."
_RANGE = "a rule cannot have a range. Write one rule for each beginning in it, such as 51*, or for each code."
_ANY = "only * is a wildcard, and only at the end. Write 51* for all codes that begin with 51."
_SHEET = "a spreadsheet left it so. Format the column as text, and type the code again."
_SIGNS = "it holds characters that are invisible or look like others. Type the code again."
_BLANK = "there is a blank before the *. Write 51* for all codes that begin with 51."
_TEST = "a rule cannot have a comparison. Write one rule for each beginning, such as 51*."

_MONTHS = (
    *("jan", "feb", "mar", "mrt", "mär", "mrz", "apr", "may", "mei", "mai", "jun", "jul", "aug", "sep"),
    *("sept", "oct", "okt", "nov", "dec", "des", "dez"),
)
_MONTH = "|".join(form for month in _MONTHS for form in (month, month.capitalize()))
_WORD = "or|and|to|till|until|through|thru|of|en|tot|tm|t/m|oder|und|bis|eller|og|til"
_YEAR = "20[1-3][0-9]"
_NUMBERS = re.compile(
    r"(?P<begin>[A-Za-z]?)(?P<first>[0-9]{3,})\s*(?:-|/|:|~|>|->)\s*(?P=begin)(?P<last>[0-9]{3,})"
)
_SEVERAL = re.compile(
    rf"\w+\s*[|&+]\s*[0-9]\w*|\w*[0-9]\s*\|\s*\w+|\w*[0-9]\w*\s+(?:{_WORD})\s+\w*[0-9]\w*", re.IGNORECASE
)
_DOTS_OR_DASH = re.compile(r"\w*[0-9]\s*(?:\.{2,}|…|[\u2010-\u2015\u2212])\s*\w*[0-9]\w*")
_WILD = re.compile(r"\w*[0-9](?:[xX]{2,}|#+|_{2,}|%)|.*\[.*\].*|.*[0-9]\([^()]*\|[^()]*\).*")
_COMPARED = re.compile(r"(?:[<>!≠≤≥]|[<>!]=|<>)\s*\w.*")
_APART = re.compile(r"[0-9]+ +\*")
_DATE = re.compile(
    rf"[0-9]{{1,2}}[-. ]{{1,2}}(?:{_MONTH})\.?|(?:{_MONTH})[-. ]{{1,2}}[0-9]{{2}}"
    rf"|[0-9]{{1,2}}(?P<sign>[-/.])[0-9]{{1,2}}(?P=sign){_YEAR}|{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
)
_NUMBER = re.compile(r"[0-9]{2,}\.0|TRUE|FALSE|WAHR|FALSCH|WAAR|ONWAAR|SANN|USANN")


def _rising(pattern: str) -> bool:
    """Whether these are two numbers of equal length, the second above the first."""
    found = _NUMBERS.fullmatch(pattern)
    return found is not None and len(found["first"]) == len(found["last"]) and found["first"] < found["last"]


def _of_spreadsheet(pattern: str) -> bool:
    return pattern.startswith(("'", "=", '"')) or is_damaged(pattern.removesuffix("*"))


def _looks_like_another(pattern: str) -> bool:
    strange = (
        sign != " " and (sign.isspace() or (sign.isdecimal() and not sign.isascii())) for sign in pattern
    )
    return any(strange) or is_wide(pattern) or bool(unseen(pattern))


_NEVER: Checks = (
    (lambda pattern: re.search(r"[\r\n\t]", pattern), _ONE),
    (lambda pattern: "*" in pattern[:-1] or "?" in pattern, _STAR),
    (lambda pattern: ";" in pattern or "," in pattern, _ONE),
    (_of_spreadsheet, _SHEET),
    (_looks_like_another, _SIGNS),
    (_DOTS_OR_DASH.fullmatch, _RANGE),
    (_COMPARED.fullmatch, _TEST),
    (_APART.fullmatch, _BLANK),
)
"""What no payroll writes in a code, and why it matches nothing."""
_HARDLY: Checks = (
    (_rising, _RANGE),
    (_SEVERAL.fullmatch, _ONE),
    (_WILD.fullmatch, _ANY),
    (_DATE.fullmatch, _SHEET),
    (_NUMBER.fullmatch, _SHEET),
)
"""What a code could be, and hardly ever is; with `*` behind it, it is none of these."""


def never(pattern: str) -> str:
    """Why the pattern can match no code of a payroll, and what to write; empty where it can."""
    if why := _why(_NEVER, pattern):
        return why
    why = "" if pattern.endswith("*") else _why(_HARDLY, pattern)
    return f"{why} If this is one code of payroll, put * after it." if why else ""


def no_code(code: str) -> str:
    """Why this is no code of a source; empty where it may be one, also one that looks like a range or a
    date.
    """
    if code.endswith("*"):
        return _STAR
    return _why(_NEVER, code)


def _why(checks: Checks, pattern: str) -> str:
    return next((why for wrong, why in checks if wrong(pattern)), "")
