"""A connected UKG tenant: its companies, what the web service account may read, and where pay runs come
from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_connector.connectors.ukg_pro import client, faults
from ml_connector.connectors.ukg_pro.calendar import UkgCalendar
from ml_connector.connectors.ukg_pro.client import UkgClient
from ml_connector.connectors.ukg_pro.declared import FLAT_FILE, THIRD_PARTY_PAY, WRITE
from ml_connector.connectors.ukg_pro.dimensions import UkgDimensions
from ml_connector.connectors.ukg_pro.events import TOPICS, UkgEvents
from ml_connector.connectors.ukg_pro.flat_file import FlatFileSource
from ml_connector.connectors.ukg_pro.general_ledger import GeneralLedgerSource
from ml_connector.connectors.ukg_pro.paid import UkgPaid
from ml_connector.connectors.ukg_pro.settings import Options
from ml_connector.connectors.ukg_pro.third_party_pay import ThirdPartyPaySource
from ml_connector.connectors.ukg_pro.workers import UkgWorkers
from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.expected import Expected
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.worker import Worker
from ml_connector.errors import ConnectorError, NotFound, RightMissing, SignInLost
from ml_connector.ports.paid import PaidWorkers
from ml_connector.ports.payroll import PayrollSource, SetsAside
from ml_connector.ports.systems import Capabilities, Entity, Right, System, Wiring

if TYPE_CHECKING:
    from ml_connector.connectors.ukg_pro.org_levels import UkgOrgLevels
    from ml_connector.connectors.ukg_pro.subscriptions import UkgSubscriptions

_ASIDE_SHOWN = 20
ONE_ROW, ONE_RECORD = {"per_Page": "1"}, {"$top": "1"}
BY_HAND = (
    "In UKG Webhooks (webhooks.ukg.net) add a subscription for the employee events.",
    "As its address enter {address}",
    "Copy its secret: ml-connector connections webhooks rotate {name} --secret-file FILE",
)
READS = (
    (faults.COMPANY_CONFIGURATION, client.COMPANIES, "naming the companies of checks"),
    (faults.PAYROLL, client.PAY_PERIODS, "finding the pay date"),
    (faults.PAYROLL, client.PAY_REGISTER, "tying a run to the pay register"),
    (faults.PAYROLL, client.GENERAL_LEDGER, "reading pay runs"),
)


class UkgSystem:
    """Answers about the connection itself. UKG keeps no list of permissions to ask, so each is tried with one
    read of one row.
    """

    def __init__(self, options: Options, wiring: Wiring) -> None:
        self.options, self._wiring = options, wiring
        self.client = UkgClient(options, wiring)
        self.events = UkgEvents(options, wiring.vault, wiring.clock)
        self.payroll = self._source(wiring)

    def _source(self, wiring: Wiring) -> PayrollSource:
        named = self.options.tenant(wiring.vault)
        if self.options["source"] == FLAT_FILE:
            return FlatFileSource(self.options, named)
        if self.options["source"] == THIRD_PARTY_PAY:
            return ThirdPartyPaySource(self.options, self.client, named)
        return GeneralLedgerSource(self.options, self.client, wiring.clock, named)

    def org_levels(self) -> UkgOrgLevels:
        """Where org levels are kept."""
        from ml_connector.connectors.ukg_pro.org_levels import UkgOrgLevels

        return UkgOrgLevels(ukg=self.client, writes=self.options["org_levels"] == WRITE)

    def subscriptions(self) -> UkgSubscriptions:
        """What UKG notifies of."""
        from ml_connector.connectors.ukg_pro.subscriptions import UkgSubscriptions

        return UkgSubscriptions(self.options, self._wiring)

    def entities(self) -> tuple[Entity, ...]:
        """The companies that the connection reads, with the currency set for each."""
        return tuple(
            Entity(
                code=company.companyCode,
                title=company.companyName or company.companyCode,
                currency=self.options.currency_of(company.companyCode),
            )
            for company in self.client.companies()
            if self.options.takes(company.companyCode)
        )

    def check(self) -> tuple[Right, ...]:
        """The ping: sign-in, then every permission by the name of its web service; then the platform, which
        has a sign-in of its own.
        """
        platform = self.options["token_url"] or self.options["source"] != FLAT_FILE
        return (*self._rights(), *((self._platform_right(),) if platform else ()))

    def _platform_right(self) -> Right:
        text = ""
        if not self.options["token_url"]:
            text = (
                "Enter token address, organization, client id and client secret of the Developer Console to"
                " subscribe notifications by command."
            )
        else:
            try:
                self.subscriptions().every()
            except ConnectorError as error:
                text = error.problem.text
        name, needed_for = "platform: webhook subscriptions", "subscribing notifications by command"
        return Right(name=name, granted=not text, needed_for=needed_for, text=text, optional=True)

    def _rights(self) -> Iterator[Right]:
        if self.options["source"] == FLAT_FILE:
            yield (right := self._file_right())
            yield from self._set_aside() if right.granted else ()
            return
        reads: tuple[tuple[str, str, str], ...] = READS
        if self.options["source"] == THIRD_PARTY_PAY:
            reads = (READS[0], (faults.THIRD_PARTY, self.options["third_party_path"], "reading pay runs"))
        signed_in = False
        for service, path, needed_for in reads:
            try:
                right = self._right(service, path, needed_for)
            except SignInLost as error:
                yield Right(name="sign in", granted=False, needed_for="everything", text=error.problem.text)
                return
            if not signed_in:
                signed_in = True
                yield Right(name="sign in", granted=True, needed_for="everything")
            yield right

    def _right(self, service: str, path: str, needed_for: str) -> Right:
        text = ""
        try:
            self.client.get(path, ONE_RECORD if service == faults.THIRD_PARTY else ONE_ROW)
        except RightMissing as error:
            text = error.problem.text
        except NotFound:
            pass  # nothing matched, which only who may look is told
        return Right(name=f"{service}: {path}", granted=not text, needed_for=needed_for, text=text)

    def _file_right(self) -> Right:
        place = Path(self.options["file_path"])
        readable = os.access(place, os.R_OK | os.X_OK if place.is_dir() else os.R_OK)
        text = (
            ""
            if readable
            else f"{place} does not exist or may not be read by this process. Deliver UKG's export there."
        )
        return Right(name="read the flat file", granted=readable, needed_for="reading pay runs", text=text)

    def _set_aside(self) -> Iterator[Right]:
        """Every file that is no pay run. It is no right that is missing: the other files are read without it,
        so it must not make the test of the connection fail.
        """
        try:
            problems = self.payroll.set_aside() if isinstance(self.payroll, SetsAside) else ()
        except ConnectorError as error:
            problems = (error.problem,)
        for problem in problems[:_ASIDE_SHOWN]:
            yield Right(
                name=f"set aside: {problem.where}",
                granted=True,
                needed_for="nothing; the other files are read",
                text=problem.text,
            )
        if (more := len(problems) - _ASIDE_SHOWN) > 0:
            yield Right(name=f"set aside: {more} more", granted=True, needed_for="nothing")


def open_system(options: Options, wiring: Wiring) -> System:
    """The system behind checked options. Makes no call."""
    ukg = UkgSystem(options, wiring)
    sources: dict[type[Any], Callable[[], Any]] = {PayRun: lambda: ukg.payroll}
    registers: dict[type[Any], Callable[[], Any]] = {}
    if options["source"] != FLAT_FILE:
        registers[DimensionValue] = ukg.org_levels
        sources[DimensionValue] = lambda: UkgDimensions(ukg.client)
        sources[Worker] = lambda: UkgWorkers(options, ukg.client, wiring)
    if isinstance(ledger := ukg.payroll, GeneralLedgerSource):
        sources[Expected] = lambda: UkgCalendar(ukg.client)
        sources[PaidWorkers] = lambda: UkgPaid(options, ukg.client, ledger.pay_period)
    return System(
        connection=wiring.connection,
        check=ukg.check,
        entities=ukg.entities,
        tenant=lambda entity: ukg.payroll.tenant(),
        sources=Capabilities(sources),
        registers=Capabilities(registers),
        events=ukg.events,
        topics=TOPICS,
        subscriptions=ukg.subscriptions if options["token_url"] else None,
        by_hand=() if options["token_url"] else BY_HAND,
    )
