"""What is wrong, where, and who can fix it. A check returns every problem it finds; only errors are
raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Owner(StrEnum):
    """Who can fix a problem."""

    PAYROLL = "payroll"
    PROCUREMENT = "procurement"
    EXPENSES = "expenses"
    CONTROLLER = "controller"
    ADMINISTRATOR = "administrator"
    VENDOR = "vendor"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that stops a run: a stable code, the field or record that it is about, a text with the
    remedy, and who can fix it. As text: the problem first, then who fixes it, the code last in brackets.
    """

    code: str
    where: str
    text: str
    owner: Owner = Owner.ADMINISTRATOR

    def __str__(self) -> str:
        text = self.text if self.text.endswith((".", "?", "!")) else f"{self.text}."
        named = not self.where or self.where.lower() in text.lower()
        where = "" if named else f" Where: {self.where}."
        return f"{text}{where} Who can fix it: {_LABELS[self.owner]}. [{self.code}]"


_LABELS = {
    Owner.PAYROLL: "payroll",
    Owner.PROCUREMENT: "procurement",
    Owner.EXPENSES: "expenses",
    Owner.CONTROLLER: "controller",
    Owner.ADMINISTRATOR: "administrator",
    Owner.VENDOR: "the vendor",
    Owner.SUPPORT: "the maintainers of ml-connector",
}
