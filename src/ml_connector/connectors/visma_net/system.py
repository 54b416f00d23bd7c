"""A connected company: what its token reaches, the ledger and the notifications."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ml_connector.connectors.visma_net import wire
from ml_connector.connectors.visma_net.client import VismaClient, granted, token_broker
from ml_connector.connectors.visma_net.events import VismaEvents
from ml_connector.connectors.visma_net.ledger import MODULE, VismaLedger
from ml_connector.connectors.visma_net.release import JOURNALS
from ml_connector.connectors.visma_net.settings import Options
from ml_connector.domain.period import period_of
from ml_connector.errors import ConnectorError, SignInLost
from ml_connector.ports.systems import Entity, Right, System, Wiring

WRITES = ("create", "update")


class VismaSystem:
    """Answers about the connection itself. Reads what an entry would read, changes nothing, and provokes no refusal of a write."""

    def __init__(self, options: Options, wiring: Wiring) -> None:
        self.options, self.clock, self.tokens = options, wiring.clock, wiring.tokens
        self.client = VismaClient(options, wiring, token_broker(options, wiring))
        self.ledger = VismaLedger(options, self.client, wiring.clock)
        self.events = VismaEvents(options.tenant, wiring.vault)

    def entities(self) -> tuple[Entity, ...]:
        """The one company of the connection. Raises `Refused` when the token leads to another."""
        found = self.ledger.facts.organization()
        return (
            Entity(
                code=found.organizationCd.strip(), title=found.name or found.organizationCd, currency=(found.baseCurrency or "").strip()
            ),
        )

    def check(self) -> tuple[Right, ...]:
        """The ping: sign-in, company, every list that is read, the right to write by the token's scope, and an open period today."""
        try:
            self.client.get("/v1/organization")
        except SignInLost as error:
            return (Right(name="sign in", granted=False, needed_for="everything", text=error.problem.text),)
        except ConnectorError:
            pass  # said below, by name
        rights = [Right(name="sign in", granted=True, needed_for="everything")]
        rights.append(_right(f"company {self.options.company}", "everything", self.ledger.facts.organization))
        if rights[-1].granted:
            rights.extend(self._company_rights())
        return tuple(rights)

    def _company_rights(self) -> Iterator[Right]:
        facts, client = self.ledger.facts, self.client
        yield _right("read accounts", "checking accounts before posting", lambda: client.must_exist("/v1/account", wire.Account))
        yield _right("read segments", "checking dimensions before posting", lambda: facts.layout(facts.segments(), ""))
        yield _right("read subaccounts", "checking dimensions before posting", lambda: client.get("/v1/subaccount", pageSize="1"))
        yield _right("read branches", "booking on a branch", lambda: facts.branch(facts.branches()))
        yield _right("read projects", "checking projects before posting", lambda: client.get("/v1/project", pageSize="1"))
        yield _right("read currencies", "checking the currency before posting", lambda: client.must_exist("/v1/currency", wire.Currency))
        yield _right("read periods", "seeing a closed period before posting", facts.periods)
        yield _right("read batches", "finding an entry again, and comparing it to the cent", self._read_batches)
        yield from self._ledger_rights()
        scopes = granted(self.tokens.read().access_token, self.options.scope)
        missing = [verb for verb in WRITES if f"vismanet_erp_service_api:{verb}" not in scopes]
        text = (
            f"The scope lacks {' and '.join(missing)}. Add it to the application and the connection, and have the company approve it again."
        )
        yield Right(name="write batches", granted=not missing, needed_for="posting", text=text if missing else "")
        yield _right("period open today", "posting with today's date", self._open_today)

    def _ledger_rights(self) -> Iterator[Right]:
        try:
            rows = self.ledger.facts.ledgers()
        except ConnectorError as error:
            yield Right(name="read ledgers", granted=False, needed_for="choosing the ledger", text=error.problem.text)
            return
        yield Right(name="read ledgers", granted=True, needed_for="choosing the ledger")
        for number in self.options.ledgers:
            problem = self.ledger.facts.ledger_problem(number, rows)
            yield Right(name=f"ledger {number}", granted=problem is None, needed_for="posting to it", text=problem or "")

    def _read_batches(self) -> None:
        period = self.ledger.facts.period(self.clock.now().date())
        self.client.get(JOURNALS, module=MODULE, periodId=f"{period.year}{period.number:02}", pageSize="1")

    def _open_today(self) -> str:
        today = self.clock.now().date()
        period = period_of(today, self.ledger.facts.periods())
        return "" if period is not None and period.open else f"{today} lies in no open period. Open it in Visma before posting."


def _right(name: str, needed_for: str, look: Callable[[], object]) -> Right:
    """A right, by looking; a text that comes of it says what is wrong."""
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
        connection=wiring.connection, tenant=options.tenant, check=found.check, entities=found.entities, ledger=found.ledger, events=found.events
    )  # fmt: skip
