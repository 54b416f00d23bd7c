"""What a vendor's refusal is about, by its words.

A connector keeps its rules as data; the first rule that matches a line decides. A refusal that no rule
matches is still a refusal: the vendor's own text is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ml_connector.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of refusal.

    `pattern` is searched for in every line. `remedy` follows the vendor's words in the text. `where` is the
    field it is about; the caller's own where it is empty. Both may name groups of the pattern in braces.
    """

    pattern: re.Pattern[str]
    error: type[Refused]
    remedy: str = ""
    where: str = ""
    code: str = ""


def rule(
    pattern: str, error: type[Refused] = Refused, remedy: str = "", *, where: str = "", code: str = ""
) -> Rule:
    """A rule whose pattern ignores the case of letters."""
    return Rule(
        pattern=re.compile(pattern, re.IGNORECASE), error=error, remedy=remedy, where=where, code=code
    )


def classify(
    lines: Sequence[str], rules: Sequence[Rule], *, vendor: str, where: str, support: str = ""
) -> Refused:
    """The refusal that the lines of a vendor's message mean; all of them are shown."""
    text = f"{vendor} refused: {'; '.join(lines) or 'no reason was given'}."
    for candidate in rules:
        if found := next(filter(None, map(candidate.pattern.search, lines)), None):
            groups = {name: (value or "").strip() for name, value in found.groupdict().items()}
            remedy = f" {candidate.remedy.format_map(groups)}" if candidate.remedy else ""
            return candidate.error(
                text + remedy,
                where=candidate.where.format_map(groups) or where,
                support=support,
                code=candidate.code,
            )
    return Refused(text, where=where, support=support)
