"""Texts of journal entries that fit the ledger they go to.

A text that we make ourselves is shortened until it fits, in this order:

    Payroll SEMI-MONTHLY SALARIED 2026-06-26 202607031 (difference)
    Pay SEMI-MONTHLY SALARIED 2026-06-26 202607031 (difference)      the first word
    Pay SEMI-MO. 2026-06-26 202607031 (difference)                   the pay group, from its end, to 3 letters
    SEM. 2026-06-26 202607031 (difference)                           the first word is left out

Dates, period controls, what stands behind them and the suffix are never cut. A text that a person wrote is
never cut at all: it is refused with the option to change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ml_connector.domain.problem import Problem

DEFAULT_TEXT = "Payroll {subject}"
"""The text of entries where no option says another."""
DIFFERENCE = " (difference)"
"""What is added to the text of an entry that corrects another."""
GROUP_LETTERS_MIN = 3
_WORDS = {"held": "on hold", "awaiting_approval": "waiting for approval"}
_FIXED = re.compile(r"[0-9]{4}")
"""A word with so many digits in a row is a date, a period control or a number of a run."""


def words(identifier: str) -> str:
    """An identifier as people read it: `on hold`, `employee taxes`. JSON keeps the identifier."""
    return _WORDS.get(identifier) or identifier.replace("_", " ")


def entry_text(
    template: str, values: Mapping[str, object], *, length_max: int, suffix: str = ""
) -> str | Problem:
    """The template filled in, with the suffix, in at most `length_max` characters: of the entry, or of its
    lines where those are shorter. A `Problem` for a template of a person's that does not fit, and for a
    default that no shortening makes fit.
    """
    text = template.format_map(values)
    if len(text) + len(suffix) <= length_max:
        return text + suffix
    if template == DEFAULT_TEXT:
        for shorter in shortened(text):
            if len(shorter) + len(suffix) <= length_max:
                return shorter + suffix
    whole = text + suffix
    why = (
        f"The text {whole!r} has {len(whole)} characters, and {length_max} fit in this ledger. Set a shorter"
        " one in the flow: ml-connector flows set … --option text='...'."
    )
    return Problem("text.too_long", "text", why)


def shortened(text: str) -> Iterator[str]:
    """Ever shorter forms of a default text, in the order stated above."""
    _, *words = text.split(" ")
    fixed = next((place for place, word in enumerate(words) if _FIXED.search(word)), len(words))
    group, rest = " ".join(words[:fixed]), words[fixed:]
    shortest = min(len(group), GROUP_LETTERS_MIN + 1)
    for length in range(len(group), shortest - 1, -1):
        yield " ".join(filter(None, ["Pay", _cut(group, length), *rest]))
    yield " ".join(filter(None, [_cut(group, shortest), *rest]))


def _cut(group: str, length: int) -> str:
    """The group in at most so many characters; a stop says that it was cut."""
    return group if len(group) <= length else f"{group[: length - 1].rstrip()}."
