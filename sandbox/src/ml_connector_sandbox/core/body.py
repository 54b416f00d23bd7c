"""JSON bodies as any vendor reads them: numbers exact, and nothing in them that cannot be kept."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def read_json(body: bytes) -> Any:
    """The value of a JSON text. `ValueError` for what is none, also for NaN and Infinity, a number beyond all
    bounds, and a text nested too deep.
    """
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ArithmeticError, RecursionError) as error:
        raise ValueError(f"not JSON that can be kept: {type(error).__name__}") from error


def is_text(value: str) -> bool:
    """Whether it can be written down at all: JSON escapes can spell halves of characters."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(text: str) -> Any:
    raise ValueError(text)
