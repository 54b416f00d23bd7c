"""A column for texts of which some are long: those are kept packed, at a tenth of their size."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

from django.db import models

LONG = 32_768
"""Characters above which a text is packed. No run of a usual size has one."""
_PACKED = "z:"
"""How a packed text begins; no text of ours does. It is text too, so that a column holds both."""
_LEVEL = 1


class LongText(models.TextField):  # type: ignore[type-arg]
    """As `TextField`. A packed text that somebody changed is read as it stands, and so has another hash."""

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        return super().get_db_prep_save(packed(value) if isinstance(value, str) else value, connection)

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return unpacked(value) if value else value


def packed(text: str) -> str:
    """As it is stored."""
    if len(text) <= LONG and not text.startswith(_PACKED):
        return text
    return _PACKED + base64.b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL)).decode()


def unpacked(stored: str) -> str:
    """What was stored so."""
    if not stored.startswith(_PACKED):
        return stored
    try:
        content = base64.b64decode(stored[len(_PACKED) :], validate=True)
        return zlib.decompress(content).decode("utf-8", "surrogatepass")
    except (ValueError, binascii.Error, zlib.error):
        return stored
