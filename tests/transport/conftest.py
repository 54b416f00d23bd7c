"""What several of these files use."""

from __future__ import annotations

from tests.transport.slow import serve

__all__ = ["serve"]
