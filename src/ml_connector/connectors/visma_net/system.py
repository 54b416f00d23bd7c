"""The connected companies: what the token of each reaches, the ledger and the notifications."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ml_connector.connectors.visma_net import wire
from ml_connector.connectors.visma_net.events import VismaEvents
from ml_connector.connectors.visma_net.facts import Facts
from ml_connector.connectors.visma_net.ledger import MODULE, Books, VismaLedger
from ml_connector.connectors.visma_net.release import JOURNALS
from ml_connector.connectors.visma_net.settings import Options
from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.period import period_of
from ml_connector.errors import ConnectorError, SignInLost
from ml_connector.ports.dimensions import KeptDimensions
from ml_connector.ports.registers import Register
from ml_connector.ports.systems import Capabilities, Entity, Right, System, Wiring

WRITES = ("create", "update")
TOPICS, PEOPLE = ("Dimension *", "Segment *"), "Employee *"
DEPARTMENTS, EMPLOYEES = "/v1/department", "/v1/employee"
PEOPLE_KEPT = "keeping workers as employees"
BY_HAND = (
    "In Visma's Developer Portal open the application, then Webhooks, and add a subscription for Visma Net"
    " Financial: Dimension, Segment, Account and Project, and Employee where workers are kept as such.",
    "As its address enter {address}",
    "Copy a secret of the application: ml-connector connections webhooks rotate {name} --secret-file FILE",
    "Have each company approve the webhook scopes.",
)


class VismaSystem:
    """Answers about the connection itself. Reads what an entry would read, changes nothing, and provokes no
    refusal of a write.
    """

    def __init__(self, options: Options, wiring: Wiring) -> None:
        self.options, self.clock = options, wiring.clock
        self.ledger = VismaLedger(options, wiring)
        self.events = VismaEvents(options, wiring.vault, wiring.clock)

    def register(self) -> Register[DimensionValue]:
        """Where codes and people are kept; only flows that keep some need it."""
        from ml_connector.connectors.visma_net.register import open_register

        return open_register(self.options, self.ledger.books)

    def entities(self) -> tuple[Entity, ...]:
        """The companies of the connection, every one in the order of the setting. Raises `Refused` when a
        token leads to another.
        """
        return tuple(
            self._entity(self.ledger.books(company).facts.organization())
            for company in self.options.companies
        )

    def _entity(self, found: wire.Organization) -> Entity:
        code = found.organizationCd.strip()
        return Entity(code=code, title=found.name or code, currency=(found.baseCurrency or "").strip())

    def check(self) -> tuple[Right, ...]:
        """The ping, company by company; where there are several, each right names its own."""
        rights = []
        for company in self.options.companies:
            for right in self._reach(company):
                named = len(self.options.companies) == 1 or right.name == f"company {company}"
                rights.append(right if named else replace(right, name=f"{right.name} {company}"))
        return tuple(rights)

    def _reach(self, company: str) -> Iterator[Right]:
        """Sign-in, company, every list that is read, the right to write by the token's scope, and an open
        period today.
        """
        books = self.ledger.books(company)
        try:
            books.client.get("/v1/organization")
        except SignInLost as error:
            yield Right(name="sign in", granted=False, needed_for="everything", text=error.problem.text)
            return
        except ConnectorError:
            pass  # said below, by name
        yield Right(name="sign in", granted=True, needed_for="everything")
        reached = _right(f"company {company}", "everything", books.facts.organization)
        yield reached
        if reached.granted:
            yield from self._company_rights(books)

    def _company_rights(self, books: Books) -> Iterator[Right]:
        facts, client = books.facts, books.client
        yield _right(
            "read accounts",
            "checking accounts before posting",
            lambda: client.must_exist("/v1/account", wire.Account),
        )
        yield _right(
            "read segments", "checking dimensions before posting", lambda: facts.layout(facts.segments(), "")
        )
        yield _right(
            "read subaccounts",
            "checking dimensions before posting",
            lambda: client.get("/v1/subaccount", pageSize="1"),
        )
        yield _right("read branches", "booking on a branch", lambda: facts.branch(facts.branches()))
        yield _right(
            "read projects",
            "checking projects before posting",
            lambda: client.get("/v1/project", pageSize="1"),
        )
        yield _right(
            "read currencies",
            "checking the currency before posting",
            lambda: client.must_exist("/v1/currency", wire.Currency),
        )
        yield _right("read periods", "seeing a closed period before posting", facts.periods)
        yield _right(
            "read batches",
            "finding an entry again, and comparing it to the cent",
            lambda: self._read_batches(books),
        )
        yield from self._ledger_rights(facts)
        scopes = client.scopes()
        missing = [verb for verb in WRITES if f"vismanet_erp_service_api:{verb}" not in scopes]
        text = (
            f"The scope lacks {' and '.join(missing)}. Add it to the application and the connection, and have"
            " the company approve it again."
        )
        yield Right(
            name="write batches", granted=not missing, needed_for="posting", text=text if missing else ""
        )
        changes = "update" not in missing
        text = "The scope lacks update. Add it, and have the company approve the application again."
        yield Right(
            name="write segment values",
            granted=changes,
            needed_for="keeping the values of segments as payroll has them",
            text="" if changes else text,
        )
        if self.options.employee_defaults:
            yield _right(
                "read employees", PEOPLE_KEPT, lambda: client.get(EMPLOYEES, pageSize="1"), optional=True
            )
            yield _right("employee defaults", PEOPLE_KEPT, lambda: self._defaults(books), optional=True)
        yield _right("period open today", "posting with today's date", lambda: self._open_today(facts))

    def _ledger_rights(self, facts: Facts) -> Iterator[Right]:
        try:
            rows = facts.ledgers()
        except ConnectorError as error:
            yield Right(
                name="read ledgers", granted=False, needed_for="choosing the ledger", text=error.problem.text
            )
            return
        yield Right(name="read ledgers", granted=True, needed_for="choosing the ledger")
        for number in self.options.ledgers:
            problem = facts.ledger_problem(number, rows)
            yield Right(
                name=f"ledger {number}",
                granted=problem is None,
                needed_for="posting to it",
                text=problem or "",
            )

    def _read_batches(self, books: Books) -> None:
        period = books.facts.period(self.clock.now().date())
        books.client.get(JOURNALS, module=MODULE, periodId=f"{period.year}{period.number:02}", pageSize="1")

    def _defaults(self, books: Books) -> str:
        """What of a new employee Visma does not have; classes and calendars are nowhere to be read."""
        given = self.options.employee_defaults
        branches = {row.number for row in books.facts.branches() if row.isActive}
        departments = {row.departmentId for row in books.client.every(DEPARTMENTS, wire.Department)}
        lost = [f"active branch {given['branch']}"] * (given["branch"] not in branches)
        lost += [f"department {given['department']}"] * (given["department"] not in departments)
        if not lost:
            return ""
        return f"Visma has no {' and no '.join(lost)}. Correct employee_defaults of the connection."

    def _open_today(self, facts: Facts) -> str:
        today = self.clock.now().date()
        period = period_of(today, facts.periods())
        return (
            ""
            if period is not None and period.open
            else f"{today} is in no open period. Open it in Visma before posting."
        )


def _right(name: str, needed_for: str, look: Callable[[], object], *, optional: bool = False) -> Right:
    """A right, checked by a read; a text that the read returns says what is wrong."""
    try:
        found = look()
    except ConnectorError as error:
        text = error.problem.text
        return Right(name=name, granted=False, needed_for=needed_for, text=text, optional=optional)
    text = found if isinstance(found, str) and name.startswith(("period", "employee")) else ""
    return Right(name=name, granted=not text, needed_for=needed_for, text=text, optional=optional)


def open_system(options: Options, wiring: Wiring) -> System:
    """The system behind checked options. Makes no call."""
    found = VismaSystem(options, wiring)
    return System(
        connection=wiring.connection,
        check=found.check,
        entities=found.entities,
        legal_entities=tuple(options.companies),
        tenant=found.ledger.tenant,
        sources=Capabilities(
            {
                DimensionValue: lambda: KeptDimensions(
                    register=found.register(), entities=tuple(options.companies)
                )
            }
        ),
        sinks={JournalEntry: found.ledger},
        registers=Capabilities({DimensionValue: found.register}),
        ledger=found.ledger,
        events=found.events,
        topics={DimensionValue: TOPICS + (PEOPLE,) * bool(options.employee_defaults)},
        by_hand=BY_HAND,
    )
