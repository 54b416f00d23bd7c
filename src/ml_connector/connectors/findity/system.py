"""A connected key: the organizations that it reaches, and where their reports are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ml_connector.connectors.findity import names as vendor
from ml_connector.connectors.findity.client import FindityClient
from ml_connector.connectors.findity.events import BY_HAND, TOPICS, FindityEvents
from ml_connector.connectors.findity.exports import read_exports
from ml_connector.connectors.findity.rows import of_grouping
from ml_connector.connectors.findity.settings import Options
from ml_connector.connectors.findity.source import FindityExpenses
from ml_connector.connectors.findity.wire import Record
from ml_connector.domain.expense import ExpenseReport
from ml_connector.errors import ConnectorError, SignInLost
from ml_connector.ports.systems import Capabilities, Entity, Right, System, Wiring

EVERYTHING, REPORTS = "everything", "reading expense reports"


class FinditySystem:
    """Answers about the connection itself. Changes nothing."""

    def __init__(self, options: Options, wiring: Wiring) -> None:
        self.options = options
        self.findity = FindityClient(options, wiring)
        self.expenses = FindityExpenses(self.findity, wiring)

    def _reached(self) -> list[Record]:
        names = self.findity.names
        return self.findity.every(names.path("organizations"), names["id"])

    def entities(self) -> tuple[Entity, ...]:
        """The organizations that the key reaches, of those that are named."""
        wanted = self.options.organizations
        found = ((row.text("id"), row.text("name"), row.text("currency")) for row in self._reached())
        return tuple(
            Entity(code=code, title=title or code, currency=currency)
            for code, title, currency in found
            if not wanted or code in wanted
        )

    def check(self) -> tuple[Right, ...]:
        """The ping: the sign-in, and of each organization its exports and how vouchers are grouped. That a
        status may be told is seen when one is.
        """
        return tuple(self._rights())

    def _rights(self) -> Iterator[Right]:
        try:
            reached = {row.text("id"): row.text("name") for row in self._reached()}
        except SignInLost as error:
            yield Right(name="sign in", granted=False, needed_for=EVERYTHING, text=error.problem.text)
            return
        except ConnectorError as error:
            yield Right(name="read organizations", granted=False, needed_for=REPORTS, text=error.problem.text)
            return
        yield Right(name="sign in", granted=True, needed_for=EVERYTHING)
        wanted = self.options.organizations or tuple(reached)
        if not wanted:
            text = "The key reaches no organization. Switch API connectivity on for it in Findity."
            yield Right(name="organizations", granted=False, needed_for=REPORTS, text=text)
        for identity in wanted:
            name = reached.get(identity) or identity
            if identity not in reached:
                seen = ", ".join(reached) or "none"
                text = (
                    f"The key does not reach {identity}. It reaches {seen}. Switch API"
                    " connectivity on for it in Findity, or correct `organizations` of the connection."
                )
                yield Right(name=f"organization {name}", granted=False, needed_for=REPORTS, text=text)
                continue
            yield _right(f"exports of {name}", REPORTS, lambda: self._exports(identity))  # noqa: B023
            yield _right(f"vouchers of {name}", "booking", lambda: self._grouping(identity))  # noqa: B023

    def _exports(self, organization: str) -> None:
        read_exports(self.findity, organization)

    def _grouping(self, organization: str) -> str:
        """What is wrong with how vouchers are grouped."""
        names = self.findity.names
        path = names.path("recipients", organization=organization)
        for recipient in self.findity.every(path, names["id"]):
            if why := of_grouping(recipient.known(vendor.GROUPING)):
                return f"At the recipient {why}"
        return ""


def _right(name: str, needed_for: str, look: Callable[[], Any]) -> Right:
    """A right, checked by a read; a text that the read returns says what is wrong."""
    try:
        text = look() or ""
    except ConnectorError as error:
        text = error.problem.text
    return Right(name=name, granted=not text, needed_for=needed_for, text=text)


def open_system(options: Options, wiring: Wiring) -> System:
    """The system behind checked options. Makes no call."""
    found = FinditySystem(options, wiring)
    return System(
        connection=wiring.connection,
        check=found.check,
        entities=found.entities,
        tenant=lambda entity: found.expenses.tenant(),
        legal_entities=options.organizations,
        sources=Capabilities({ExpenseReport: lambda: found.expenses}),
        events=FindityEvents(options),
        topics=TOPICS,
        by_hand=BY_HAND,
    )
