"""What is wrong, where, and who can mend it. A check returns every problem it finds; only errors are
raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Owner(StrEnum):
    """Who can mend a problem."""

    PAYROLL = "payroll"
    CONTROLLER = "controller"
    ADMINISTRATOR = "administrator"
    VENDOR = "vendor"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that stops a run: a stable code, the field or record it stands in, a text with the remedy,
    and who can mend it.
    """

    code: str
    where: str
    text: str
    owner: Owner = Owner.ADMINISTRATOR

    def __str__(self) -> str:
        return f"{self.code} at {self.where}: {self.text} ({self.owner})"
