"""What every connector's `wire.py` writes in the same way."""

from __future__ import annotations

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """JSON with decimals as numbers, digit by digit: none passes through a float."""
    return _encoder.encode(value)
