"""Codes that a vendor compares without case: a person's spelling, and the vendor's own."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from ml_connector.domain.problem import Problem

_LISTED = 10


def vendor_spelling(code: str, known: Iterable[str], *, what: str) -> str | Problem:
    """The vendor's spelling of a code that a person gave, such as `usmf` for `USMF`.

    An exact match counts first, then the only one that differs in nothing but case. Two of those are a
    `Problem` that names both; none is one that names what is near, or what there is. `what` is the noun for
    a text: "company", "journal name".
    """
    codes = sorted(set(known))
    wanted = code.strip()
    if wanted in codes:
        return wanted
    found = [each for each in codes if each.casefold() == wanted.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        text = f"There is no {what} {wanted}, but {' and '.join(found)}. Write the one that is meant."
        return Problem("code.ambiguous", f"{what} {wanted}", text)
    folded = {each.casefold(): each for each in codes}
    near = get_close_matches(wanted.casefold(), folded, n=1, cutoff=0.7)
    listed = ", ".join(codes[:_LISTED]) + (", …" if len(codes) > _LISTED else "")
    hint = f"Did you mean {folded[near[0]]}?" if near else f"There is {listed or 'none'}."
    return Problem("code.unknown", f"{what} {wanted}", f"There is no {what} {wanted}. {hint}")
