"""The connected companies: what the token of each reaches, the ledger and the notifications."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ml_connector.connectors.visma_net import wire
from ml_connector.connectors.visma_net.dimensions import LIMITS, VismaDimensions
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
from ml_connector.ports.systems import Capabilities, Entity, Right, System, Wiring

WRITES = ("create", "update")
BY_HAND = (
    "In Visma's Developer Portal open the application, then Webhooks, and add a subscription for Visma Net"
    " Financial: Dimension, Segment, Account and Project.",
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
        self.dimensions = VismaDimensions(
            options=options,
            books=self.ledger.books,
            limits=replace(LIMITS, settle_seconds=options.settle_seconds, axes=frozenset(options.segments)),
        )
        self.events = VismaEvents(options, wiring.vault, wiring.clock)

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

    def _open_today(self, facts: Facts) -> str:
        today = self.clock.now().date()
        period = period_of(today, facts.periods())
        return (
            ""
            if period is not None and period.open
            else f"{today} is in no open period. Open it in Visma before posting."
        )


def _right(name: str, needed_for: str, look: Callable[[], object]) -> Right:
    """A right, checked by a read; a text that the read returns says what is wrong."""
    try:
        found = look()
    except ConnectorError as error:
        return Right(name=name, granted=False, needed_for=needed_for, text=error.problem.text)
    text = found if isinstance(found, str) and name.startswith("period") else ""
    return Right(name=name, granted=not text, needed_for=needed_for, text=text)


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
                    register=found.dimensions, entities=tuple(options.companies)
                )
            }
        ),
        sinks={JournalEntry: found.ledger},
        registers={DimensionValue: found.dimensions},
        ledger=found.ledger,
        events=found.events,
        topics={DimensionValue: ("Dimension *", "Segment *")},
        by_hand=BY_HAND,
    )
