"""What the application refuses to a person."""

from __future__ import annotations


class NotAllowed(Exception):
    """This may not be done now, or not by this person."""
