"""The intake of one organisation as a system."""

from __future__ import annotations

from functools import cache

from ml_connector.connectors.intake.reports import IntakeReports
from ml_connector.domain.expense import ExpenseReport
from ml_connector.domain.list_value import ListValue
from ml_connector.errors import ConnectorError, NotSent
from ml_connector.ports.handed_in import HandedIn
from ml_connector.ports.systems import Capabilities, Right, System, Wiring


def open_system(wiring: Wiring) -> System:
    """The system. Reads nothing."""

    @cache
    def handed_in() -> HandedIn:
        if wiring.handed_in is None:
            raise NotSent("Nothing takes expense reports here.", where=wiring.connection)
        return wiring.handed_in()

    def check() -> tuple[Right, ...]:
        text = ""
        try:
            handed_in().tenant()
        except ConnectorError as error:
            text = error.problem.text
        return (
            Right(name="read reports", granted=not text, needed_for="booking expense reports", text=text),
        )

    return System(
        connection=wiring.connection,
        check=check,
        entities=lambda: (),
        tenant=lambda entity: handed_in().tenant(),
        sources=Capabilities({ExpenseReport: lambda: IntakeReports(handed_in())}),
        registers=Capabilities({ListValue: wiring.lists} if wiring.lists is not None else {}),
    )
