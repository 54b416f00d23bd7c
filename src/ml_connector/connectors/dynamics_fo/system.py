"""A connected environment: its companies, what the app's user reaches there, and the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ml_connector.connectors.dynamics_fo import wire
from ml_connector.connectors.dynamics_fo.chart import journal_problem
from ml_connector.connectors.dynamics_fo.client import EMPLOYMENTS, DynamicsClient, token_broker
from ml_connector.connectors.dynamics_fo.documents import HEADERS, LINES
from ml_connector.connectors.dynamics_fo.events import BY_HAND, TOPICS, DynamicsEvents
from ml_connector.connectors.dynamics_fo.ledger import DynamicsLedger
from ml_connector.connectors.dynamics_fo.settings import Options
from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.period import period_of
from ml_connector.domain.spelling import vendor_spelling
from ml_connector.domain.worker import Assignment
from ml_connector.errors import ConnectorError, SignInLost
from ml_connector.ports.dimensions import KeptDimensions
from ml_connector.ports.systems import Capabilities, Entity, Right, System, Wiring

if TYPE_CHECKING:
    from ml_connector.connectors.dynamics_fo.assignments import DynamicsAssignments
    from ml_connector.connectors.dynamics_fo.dimensions import DynamicsDimensions

SETS = (
    ("JournalNames", "choosing the journal"),
    ("Ledgers", "finding a company's chart and calendar"),
    ("MainAccounts", "checking accounts before posting"),
    ("MainAccountLegalEntities", "checking accounts before posting"),
    ("FinancialDimensionValues", "checking dimensions before posting"),
    ("DimensionParameters", "writing dimensions"),
    ("DimensionIntegrationFormats", "writing dimensions"),
    ("Currencies", "checking the currency before posting"),
    ("FiscalPeriods", "finding the fiscal period of a posting date"),
    ("LedgerFiscalPeriods", "seeing a closed period before posting"),
    (HEADERS, "posting, and finding an entry again by its marker"),
    (LINES, "posting, and comparing the booked entry to the cent"),
)
POSTED = ("GeneralJournalAccountEntryBiEntities", "GeneralJournalAccountEntries")
"""Sets of posted entries, of which an environment publishes one, both or none."""


class DynamicsSystem:
    """Answers about the connection itself. Reads one row of a set to see whether it may be read, and changes
    nothing.
    """

    def __init__(self, options: Options, wiring: Wiring) -> None:
        self.options = options
        self.client = DynamicsClient(options, wiring, token_broker(options, wiring))
        self.clock = wiring.clock
        self.ledger = DynamicsLedger(options, self.client, wiring.clock)

    def entities(self) -> tuple[Entity, ...]:
        """The companies of the setting that the user reaches, in its order."""
        titles, facts = self._reachable(), self.ledger.facts
        return tuple(
            Entity(code=code, title=titles[code] or code, currency=facts.ledger_of(code).AccountingCurrency)
            for code in self.options.companies
            if code in titles
        )

    def check(self) -> tuple[Right, ...]:
        """The ping: sign-in, sets, companies, the dimension format, posted entries, dimensions, journal
        names, and an open period today.
        """
        try:
            offered = self.client.sets()
        except SignInLost as error:
            return (Right(name="sign in", granted=False, needed_for="everything", text=error.problem.text),)
        rights = [Right(name="sign in", granted=True, needed_for="everything")]
        rights.extend(self._set_right(name, needed_for, offered) for name, needed_for in SETS)
        if not all(right.granted for right in rights):
            return tuple(rights)
        rights.append(self._format_right())
        rights.append(self._posted_right(offered))
        rights.extend(self._dimension_rights(offered))
        right = self._set_right(EMPLOYMENTS, "keeping default dimensions of employments", offered)
        rights.append(replace(right, optional=True))
        titles = self._reachable()
        for company in self.options.companies:
            rights.append(self._company_right(company, titles))
            if rights[-1].granted:
                rights.extend(self._company_rights(company))
        return tuple(rights)

    def _set_right(self, name: str, needed_for: str, offered: frozenset[str]) -> Right:
        text = ""
        if name not in offered:
            text = (
                f"The environment offers no {name}. Check its version, and that the address is that of a"
                " finance environment."
            )
        else:
            try:
                self.client.http.read("GET", f"/data/{name}?$top=1&cross-company=true")
            except ConnectorError as error:
                text = f"The app's user may not read {name}: {error.problem.text}"
        return Right(name=f"read {name}", granted=not text, needed_for=needed_for, text=text)

    def _format_right(self) -> Right:
        dimension_format = self.ledger.facts.dimension_format()
        text = dimension_format.problem.text if dimension_format.problem else ""
        missing = [name for name in self.ledger.facts.axes.values() if name not in dimension_format.names]
        if not text and missing:
            text = f"The active format also lacks {', '.join(missing)}; an entry that uses one is refused."
        return Right(
            name="dimension format",
            granted=dimension_format.problem is None,
            needed_for="writing accounts with dimensions",
            text=text,
        )

    def _posted_right(self, offered: frozenset[str]) -> Right:
        """Which set tells what is posted. Its lack is no right that is missing: lines of journals are read
        then.
        """
        tried = [self._set_right(name, "", offered) for name in POSTED if name in offered]
        found = [name.removeprefix("read ") for name in (right.name for right in tried if right.granted)]
        if found:
            text = f"Published: {' and '.join(found)}."
        else:
            text = " ".join(right.text for right in tried) or f"Neither {' nor '.join(POSTED)} is published."
            text += " What is posted is told by the lines of journals alone."
        return Right(name="posted entries", granted=True, needed_for="knowing what is posted", text=text)

    def _dimension_rights(self, offered: frozenset[str]) -> Iterator[Right]:
        needed_for = "keeping dimension values"
        right = self._set_right("DimensionAttributes", needed_for, offered)
        yield replace(right, optional=True)
        if not right.granted:
            return
        axes = self.dimensions().axes()
        for axis, name in self.options.dimensions.items():
            if axis not in axes:
                text = f"There is no financial dimension {name}. Correct the setting `dimensions` to use it."
            elif axes[axis].behind:
                text = f"Its values come from {axes[axis].behind}; they are made and closed there."
            else:
                text = "A list of its own: values are made, renamed, closed and opened."
            yield Right(name=f"dimension {axis}", granted=True, needed_for=needed_for, text=text)

    def _company_right(self, company: str, titles: dict[str, str]) -> Right:
        text = (
            ""
            if company in titles
            else f"The user reaches no company {company}. Check the code, and give the user a role in it."
        )
        return Right(
            name=f"company {company}", granted=not text, needed_for="everything in this company", text=text
        )

    def _company_rights(self, company: str) -> Iterator[Right]:
        rows = {row.Name: row for row in self.ledger.facts.journal_names(company)}
        spelled = {
            name: vendor_spelling(name, rows, what="journal name")
            for name in self.options.journals or sorted(rows)
        }
        problems = {
            name: journal_problem(company, str(found), rows[found])
            if isinstance(found, str)
            else journal_problem(company, name, None)
            for name, found in spelled.items()
        }
        if self.options.journals:
            for name, problem in problems.items():
                yield Right(
                    name=f"journal {name} {company}",
                    granted=problem is None,
                    needed_for="posting to it",
                    text=problem or "",
                )
        else:
            usable = any(problem is None for problem in problems.values())
            text = (
                " ".join(problem for problem in problems.values() if problem)
                or f"Company {company} has no daily journal name."
            )
            yield Right(
                name=f"journal names {company}",
                granted=usable,
                needed_for="posting",
                text="" if usable else text,
            )
        yield self._period_right(company)

    def _period_right(self, company: str) -> Right:
        today = self.clock.now().date()
        period = period_of(today, self.ledger.calendar(company, "", today))
        text = (
            ""
            if period is not None and period.open
            else f"{today} is in no open period of company {company}. Open it before posting."
        )
        return Right(
            name=f"period open today {company}",
            granted=not text,
            needed_for="posting with today's date",
            text=text,
        )

    def dimensions(self) -> DynamicsDimensions:
        """The register of dimension values, which a run of journals has no need of."""
        from ml_connector.connectors.dynamics_fo.dimensions import DynamicsDimensions

        return DynamicsDimensions(self.options, self.client, self.ledger.facts, self.clock)

    def assignments(self) -> DynamicsAssignments:
        """The register of default dimensions of employments, which a run of journals has no need of."""
        from ml_connector.connectors.dynamics_fo.assignments import DynamicsAssignments

        return DynamicsAssignments(self.options, self.client, self.ledger.facts, self.clock)

    def _reachable(self) -> dict[str, str]:
        return {
            row.LegalEntityId.lower(): row.Name for row in self.client.rows("LegalEntities", wire.LegalEntity)
        }


def open_system(options: Options, wiring: Wiring) -> System:
    """The system behind checked options. Makes no call."""
    found = DynamicsSystem(options, wiring)
    return System(
        connection=wiring.connection,
        check=found.check,
        entities=found.entities,
        legal_entities=options.companies,
        tenant=found.ledger.tenant,
        sources=Capabilities(
            {DimensionValue: lambda: KeptDimensions(register=found.dimensions(), entities=options.companies)}
        ),
        sinks={JournalEntry: found.ledger},
        registers=Capabilities({DimensionValue: found.dimensions, Assignment: found.assignments}),
        ledger=found.ledger,
        events=DynamicsEvents(options, wiring.vault, wiring.clock),
        topics=TOPICS,
        by_hand=BY_HAND,
    )
