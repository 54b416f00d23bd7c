"""Names of files as Exact keeps them: safe on every system, one in one spelling, and each of its own.

    ../../etc/x.pdf                    → x-ABCDEFGHIJ.pdf
    200 × é, .pdf                      → é…é-ABCDEFGHIJ.pdf, 150 bytes
    Rechnung (März) <1>.PDF            → Rechnung (März) _1_-ABCDEFGHIJ.pdf

Exact publishes no length: 150 bytes fit wherever a name of 255 bytes or half as many letters does.
"""

from __future__ import annotations

import re
import unicodedata

from ml_connector.domain.document import Marker

BYTES_MAX = 150
_ENDING_MAX = 10
_UNSAFE = re.compile(r'[<>:"|?*#%&{}$!\'@+`=\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')
_TOKEN = re.compile(r"-([A-Z2-7]{10})(?:\.[0-9a-z]{1,10})?$")


def ending(name: str) -> str:
    """What follows the last point, in small letters; empty for a name without."""
    stem, point, found = _base(name).rpartition(".")
    plain = found.lower()
    return (
        plain if point and stem and plain.isascii() and plain.isalnum() and len(plain) <= _ENDING_MAX else ""
    )


def fitted(name: str, marker: Marker) -> str:
    """The name without path and unsafe characters, composed, with the token before its ending, cut in bytes
    where it is too long.
    """
    base, last = _base(name), ending(name)
    stem = base[: -len(last) - 1] if last else base
    behind = f"-{marker.token}" + (f".{last}" if last else "")
    stem = _UNSAFE.sub("_", stem).strip(" .-") or "file"
    cut = stem.encode()[: BYTES_MAX - len(behind.encode())].decode(errors="ignore")
    return f"{cut.rstrip(' .-')}{behind}"


def token_in(name: str | None) -> str:
    """The token that a name carries; empty for none."""
    found = _TOKEN.search(name or "")
    return found[1] if found else ""


def _base(name: str) -> str:
    """Without folders, of either kind of system; composed, so that two spellings of a letter are one."""
    whole = unicodedata.normalize("NFC", name.encode(errors="replace").decode())
    return re.split(r"[\\/]", whole)[-1].strip()
