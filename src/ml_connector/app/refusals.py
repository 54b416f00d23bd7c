"""What the application refuses to a person."""

from __future__ import annotations

from ml_connector.domain.problem import Problem


class NotAllowed(Exception):
    """This may not be done now, or not by this person."""


class Unsafe(Exception):
    """This database may forget acknowledged commits; nothing is run on it."""


class SetupError(Exception):
    """What was given cannot be used; nothing was changed."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.text for problem in problems))
