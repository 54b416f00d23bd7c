"""What people have to look at: rows that a look opens, and closes when it finds them no more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ml_connector.domain.problem import Problem


class Worklist(Protocol):
    """The things for people that one looker finds, by code and place of the problem."""

    def found(self, look: str, problems: Iterable[Problem]) -> int:
        """This look found these, and no others: those that are not named any more are over, those that are
        back are open again. What a person has ended stays so while looks go on to find it. How many are open.
        """
        ...
