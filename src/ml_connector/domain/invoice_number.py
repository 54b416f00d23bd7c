"""The number that a supplier prints on an invoice: compared without its spelling, never cut in silence."""

from __future__ import annotations

import hashlib
import unicodedata

NO_NUMBER = frozenset(("", "na", "nvt", "none", "no", "nonumber", "geen", "ohne", "ingen", "unknown"))
"""What people enter where there is no number, as `normal` gives it."""
_MARK = 6
"""Letters of a fitted number that tell it from others that begin alike."""


def normal(number: str) -> str:
    """The number as it is compared: letters and digits only, of one case, without the noughts it begins with.
    Empty for what people enter where there is no number, such as "n.v.t." or "-".
    """
    text = unicodedata.normalize("NFKC", number).casefold()
    plain = "".join(letter for letter in text if letter.isalnum())
    if plain in NO_NUMBER:
        return ""
    return plain.lstrip("0") or plain[-1:]


def fitted(number: str, length: int) -> str:
    """The number as a field of so many characters takes it: as it is where it fits, else its beginning and a
    mark made of all of it, so that two that differ behind the cut stay two.

    Whoever shows a fitted number shows the whole one beside it. Raises `ValueError` for a field that does not
    hold the mark.
    """
    text = number.strip()
    if len(text) <= length:
        return text
    if length <= _MARK:
        raise ValueError(f"a field of {length} characters holds no invoice number")
    mark = hashlib.sha256(text.encode()).hexdigest()[: _MARK - 1].upper()
    return f"{text[: length - _MARK]}~{mark}"
