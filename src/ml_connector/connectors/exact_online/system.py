"""A connected Exact tenant: its divisions, what the user may do there, the ledger and the sign-in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from ml_connector.connectors.exact_online import ledger, wire
from ml_connector.connectors.exact_online.client import ExactClient, token_broker
from ml_connector.connectors.exact_online.divisions import Divisions
from ml_connector.connectors.exact_online.events import ExactEvents
from ml_connector.connectors.exact_online.ledger import ExactLedger
from ml_connector.connectors.exact_online.settings import BY_API, BY_FILE, GRANTED_BY, NOT_KEPT, Options
from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.period import period_of
from ml_connector.domain.supplier import Supplier
from ml_connector.errors import SignInLost
from ml_connector.ports.dimensions import KeptDimensions
from ml_connector.ports.registers import Register
from ml_connector.ports.systems import Capabilities, Entity, Right, System, Wiring

if TYPE_CHECKING:
    from ml_connector.connectors.exact_online.purchasing import Purchasing
    from ml_connector.connectors.exact_online.subscriptions import ExactSubscriptions

NOT_BLOCKED, ACTIVE = 0, 1
JOURNALS_ASKED = 3
RIGHTS = (
    ("read journals", ledger.JOURNALS, "GET", "choosing the journal"),
    ("read accounts", "financial/GLAccounts", "GET", "checking accounts before posting"),
    ("read cost centers", "hrm/Costcenters", "GET", "checking cost centers before posting"),
    ("read cost units", "hrm/Costunits", "GET", "checking cost units before posting"),
    ("read periods", ledger.PERIODS, "GET", "finding the fiscal period of a posting date"),
    ("read period states", ledger.JOURNAL_STATES, "GET", "seeing a closed period before posting"),
    ("read journal entries", ledger.ENTRY_LINES, "GET", "finding an entry again by its marker"),
    ("read ledger lines", ledger.LEDGER, "GET", "comparing the booked entry to the cent"),
    ("write journal entries", ledger.ENTRIES, "POST", "posting"),
    ("write cost centers", "hrm/Costcenters", "POST", "keeping cost centers as payroll has them"),
    ("write cost units", "hrm/Costunits", "POST", "keeping cost units as payroll has them"),
    ("write projects", "project/Projects", "POST", "keeping projects as payroll has them"),
    ("read relations", "crm/Accounts", "GET", "keeping workers as payees"),
    ("write relations", "crm/Accounts", "POST", "keeping workers as payees"),
)
PURCHASING, FILING = "booking purchase invoices", "booking the files of purchase invoices"
PURCHASES = (
    ("read VAT codes", "vat/VATCodes", "GET", PURCHASING),
    ("read payment conditions", "cashflow/PaymentConditions", "GET", PURCHASING),
    ("read payments", "cashflow/Payments", "GET", PURCHASING),
    ("write purchase entries", "purchaseentry/PurchaseEntries", "POST", PURCHASING),
    ("delete purchase entries", "purchaseentry/PurchaseEntries", "DELETE", "withdrawing purchase entries"),
    ("write documents", "documents/Documents", "POST", FILING),
    ("write attachments", "documents/DocumentAttachments", "POST", FILING),
)
"""Asked for after the others; payroll needs none of them. Whoever may write may read."""
HR_READS = (
    ("read employees", "payroll/Employees", "GET", "keeping workers as employees"),
    ("read employments", "payroll/Employments", "GET", "keeping workers as employees"),
)
HR_WRITES = (
    ("write employees", "payroll/Employees", "POST", "keeping workers as employees"),
    ("write employments", "payroll/Employments", "POST", "keeping workers as employees"),
)
"""Asked for where a setting says that HR records are kept, and that they are written."""
OPTIONAL = frozenset(
    {"write cost centers", "write cost units", "write projects", "read relations", "write relations"}
    | {name for name, *_ in (*HR_READS, *HR_WRITES, *PURCHASES)}
)
"""Rights of flows that keep codes and people or book purchases; posting needs none of them."""


class ExactSystem:
    """Answers about the connection itself. Asks Exact's register of rights, changes nothing, and provokes no
    refusal.
    """

    def __init__(self, options: Options, wiring: Wiring) -> None:
        self.options, self.wiring = options, wiring
        self.broker = token_broker(options, wiring)
        self.client = ExactClient(options, wiring, self.broker)
        self.clock = wiring.clock
        self.divisions = Divisions(options, self.client)
        self.ledger = ExactLedger(options, self.client, wiring.clock, self.divisions)
        self.events = ExactEvents(options, wiring.vault, wiring.clock)

    def subscriptions(self) -> ExactSubscriptions:
        """What Exact notifies of."""
        from ml_connector.connectors.exact_online.subscriptions import ExactSubscriptions

        return ExactSubscriptions(self.options, self.client)

    def register(self) -> Register[DimensionValue]:
        """Where codes, payees and employees are kept; only flows that keep some need it."""
        from ml_connector.connectors.exact_online.register import open_register

        return open_register(self.options, self.client, self.clock)

    @cached_property
    def purchasing(self) -> Purchasing:
        """The purchase side; only flows that book purchases need it."""
        from ml_connector.connectors.exact_online.purchasing import Purchasing

        return Purchasing(self.options, self.wiring, self.client, self.divisions, self.ledger)

    def entities(self) -> tuple[Entity, ...]:
        """The pinned divisions that the user reaches, in the order of the setting."""
        found = self.divisions.reachable()
        return tuple(
            Entity(
                code=code,
                title=found[code].Description or code,
                currency=(found[code].Currency or "").strip(),
            )
            for code in self.options.divisions
            if code in found
        )

    def check(self) -> tuple[Right, ...]:
        """The ping: sign-in, divisions, every right, and an open period today."""
        try:
            found = self.divisions.reachable()
        except SignInLost as error:
            return (Right(name="sign in", granted=False, needed_for="everything", text=error.problem.text),)
        rights = [Right(name="sign in", granted=True, needed_for="everything")]
        for division in self.options.divisions:
            reached = self._division_right(division, found.get(division))
            rights.append(reached)
            if reached.granted:
                rights.extend(self._division_rights(division))
        if self.options.employees == BY_FILE:
            rights.append(self._folder_right())
        return tuple(rights)

    def _folder_right(self) -> Right:
        folder = self.options.hr_folder
        granted = os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)
        text = f"{folder} is no folder that we may write to. Make it, or name another: hr_folder."
        return Right(
            name="write HR files",
            granted=granted,
            needed_for="keeping workers as employees",
            text="" if granted else text,
            optional=True,
        )

    def _division_right(self, division: str, found: wire.Division | None) -> Right:
        text = ""
        if found is None:
            text = (
                f"The user reaches no division {division}. Tick it in the consent, or give the user access to"
                " it, and authorise again."
            )
        elif found.BlockingStatus not in (None, NOT_BLOCKED) or found.Status not in (None, ACTIVE):
            text = f"Division {division} is blocked or archived. Release it in Exact."
        return Right(
            name=f"division {division}", granted=not text, needed_for="everything in this division", text=text
        )

    def _division_rights(self, division: str) -> Iterator[Right]:
        granted: dict[str, bool] = {}
        reads = HR_READS if self.options.employees != NOT_KEPT else ()
        writes = HR_WRITES if self.options.employees == BY_API else ()
        for name, endpoint, method, needed_for in (*RIGHTS, *reads, *writes, *PURCHASES):
            granted[name] = self.client.has_right(division, endpoint, method)
            text = "" if granted[name] else _missing(endpoint, method, division)
            yield Right(
                name=f"{name} {division}",
                granted=granted[name],
                needed_for=needed_for,
                text=text,
                optional=name in OPTIONAL,
            )
        if all(granted[name] for name in ("read journals", "read periods", "read period states")):
            yield self._period_right(division)

    def _period_right(self, division: str) -> Right:
        today = self.clock.now().date()
        journals = [code for code, _ in self.ledger.journals(division)]
        text = ""
        if not journals:
            text = (
                f"Division {division} has no general journal without VAT that is not blocked. Create one for"
                " payroll."
            )
        elif not any(self._is_open(division, journal, today) for journal in journals[:JOURNALS_ASKED]):
            asked = ", ".join(journals[:JOURNALS_ASKED])
            text = (
                f"{today} is in no open period for journal {asked} of division {division}. Open the period"
                " before posting."
            )
        return Right(
            name=f"period open today {division}",
            granted=not text,
            needed_for="posting with today's date",
            text=text,
        )

    def _is_open(self, division: str, journal: str, day: date) -> bool:
        period = period_of(day, self.ledger.calendar(division, journal, day))
        return period is not None and period.open


def _missing(endpoint: str, method: str, division: str) -> str:
    """Who grants a right that is not there."""
    if any(endpoint == path for _, path, *_ in HR_WRITES) and method != "GET":
        return f"Exact takes no {method} of {endpoint} from this app in division {division}. {GRANTED_BY}"
    verb = "post to" if method == "POST" else "read"
    return f"The user may not {verb} {endpoint}. An administrator can grant the role, or the app the scope."


def open_system(options: Options, wiring: Wiring) -> System:
    """The system behind checked options. Makes no call."""
    exact = ExactSystem(options, wiring)
    return System(
        connection=wiring.connection,
        check=exact.check,
        entities=exact.entities,
        legal_entities=options.divisions,
        tenant=exact.ledger.tenant,
        sources=Capabilities(
            {DimensionValue: lambda: KeptDimensions(register=exact.register(), entities=options.divisions)},
            more=lambda: exact.purchasing.sources(),
        ),
        sinks=Capabilities({JournalEntry: lambda: exact.ledger}, more=lambda: exact.purchasing.sinks()),
        registers=Capabilities({DimensionValue: exact.register}, more=lambda: exact.purchasing.registers()),
        ledger=exact.ledger,
        sign_in=exact.broker,
        events=exact.events,
        topics={Supplier: ("Accounts", "BankAccounts")},
        subscriptions=exact.subscriptions,
    )
