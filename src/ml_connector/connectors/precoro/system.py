"""A connected company: what its user may see, and where its invoices are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.client import INVOICES, LEGAL_ENTITIES, USERS, PrecoroClient
from ml_connector.connectors.precoro.events import BY_HAND, TOPICS, PrecoroEvents
from ml_connector.connectors.precoro.field_options import FIELDS
from ml_connector.connectors.precoro.invoices import FEW, PrecoroInvoices
from ml_connector.connectors.precoro.settings import ITEM, Options
from ml_connector.domain.invoice import SupplierInvoice
from ml_connector.domain.list_value import ListValue
from ml_connector.domain.payment import PayableInvoice, Payment
from ml_connector.errors import ConnectorError, SignInLost, VendorChanged
from ml_connector.ports.systems import Capabilities, Entity, Right, System, Wiring

if TYPE_CHECKING:
    from ml_connector.connectors.precoro.payable import PrecoroPayable
    from ml_connector.connectors.precoro.payments import PrecoroPayments
    from ml_connector.connectors.precoro.suppliers import PrecoroSuppliers

SETTLES, SANDBOX_SETTLES, VISIBLE = 600.0, 5.0, 60.0
"""For so many seconds after an unknown outcome Precoro may still write, and what was written be invisible."""
EVERYTHING, EVERY_INVOICE = "everything", "reading every invoice"
SIGHT = {
    "allLocationsAccess": "all locations",
    "allUserDocumentCostcentersAccess": "all options of document fields",
    "allProductGroupsAccess": "all options of line fields",
}
"""What a user says of its own sight, and what each is."""
SEEN = (
    "What the user does not see is missing without a word. In Precoro give the user every role and access to"
    " all locations, departments and projects."
)


class PrecoroSystem:
    """Answers about the connection itself. Changes nothing."""

    def __init__(self, options: Options, wiring: Wiring) -> None:
        self.options, self.wiring = options, wiring
        self.precoro = PrecoroClient(options, wiring)
        self.invoices = PrecoroInvoices(self.precoro, wiring)
        self.clock = wiring.clock

    def payable(self) -> PrecoroPayable:
        """Invoices that can be paid; only the flow of payments needs them."""
        from ml_connector.connectors.precoro.payable import PrecoroPayable

        return PrecoroPayable(self.invoices, self.clock)

    def payments(self) -> PrecoroPayments:
        """Where payments are written."""
        from ml_connector.connectors.precoro.payments import PrecoroPayments

        return PrecoroPayments(self.precoro, self.clock)

    @cached_property
    def suppliers(self) -> PrecoroSuppliers:
        """Its suppliers; only flows that keep some need them."""
        from ml_connector.connectors.precoro.suppliers import PrecoroSuppliers

        return PrecoroSuppliers(self.precoro, self.wiring.clock, self._settle_seconds)

    def kept(self) -> Mapping[type[Any], Callable[[], Any]]:
        """What few flows read and keep."""
        from ml_connector.domain.supplier import Supplier

        return {Supplier: lambda: self.suppliers}

    def registers(self) -> Mapping[type[Any], Callable[[], Any]]:
        """What few flows keep: suppliers and lists."""
        from ml_connector.connectors.precoro.lists import open_lists

        return {**self.kept(), ListValue: lambda: open_lists(self.options, self.precoro)}

    def made(self) -> Mapping[type[Any], Callable[[], Any]]:
        """What few flows make."""
        from ml_connector.connectors.precoro.suppliers import PrecoroNewSuppliers
        from ml_connector.domain.supplier import NewSupplier
        from ml_connector.ports.sinks import SinkLimits

        limits = SinkLimits(
            deadline_seconds=self.options.numbers["deadline_seconds"],
            settle_seconds=self._settle_seconds,
            visible_seconds=0 if self.options.sandbox else VISIBLE,
        )
        return {NewSupplier: lambda: PrecoroNewSuppliers(self.suppliers, limits)}

    @property
    def _settle_seconds(self) -> float:
        return SANDBOX_SETTLES if self.options.sandbox else SETTLES

    def entities(self) -> tuple[Entity, ...]:
        """The legal entities by their ids, with the currency that is set for each. The list has no pages."""
        rows = self.precoro.get(LEGAL_ENTITIES).decode(wire.Page).data
        return tuple(self._entity(raw) for raw in rows)

    def _entity(self, raw: msgspec.Raw) -> Entity:
        try:
            found = wire.ref(raw, wire.Ref)
            code, title = (wire.text(found.id), wire.text(found.name)) if found else ("", "")
        except ValueError as error:
            text = f"A legal entity of Precoro cannot be read: {error}. Report it to our support."
            raise VendorChanged(text, where=LEGAL_ENTITIES) from error
        return Entity(code=code, title=title or code, currency=self.options.currency_of(code))

    def check(self) -> tuple[Right, ...]:
        """The ping: the sign-in, whether its user sees everything, as far as Precoro says, and every list
        that is read. That an invoice may be marked is seen when one is.
        """
        return tuple(self._rights())

    def _rights(self) -> Iterator[Right]:
        try:
            users = self._users()
        except SignInLost as error:
            yield Right(name="sign in", granted=False, needed_for=EVERYTHING, text=error.problem.text)
            return
        except ConnectorError as error:
            yield Right(name="read users", granted=False, needed_for=EVERY_INVOICE, text=error.problem.text)
        else:
            yield Right(name="sign in", granted=True, needed_for=EVERYTHING)
            yield from self._sight(users)
        yield _right("read invoices", EVERY_INVOICE, lambda: self.precoro.page(INVOICES, rows=FEW))
        yield _right("read legal entities", "choosing the books of an invoice", self.entities)
        for family, path in FIELDS.items():
            wanted = {field: axis for (of, field), axis in self.options.fields.items() if of == family}
            if wanted:
                name = f"custom fields of the {'lines' if family == ITEM else 'document'}"
                yield _right(name, "coding invoices", lambda: self._missing(path, wanted))  # noqa: B023

    def _users(self) -> list[wire.User]:
        pages = self.precoro.pages(USERS)
        return [user for page in pages for raw in page.rows if (user := wire.ref(raw, wire.User))]

    def _sight(self, users: list[wire.User]) -> Iterator[Right]:
        """Whether the user sees everything, of what Precoro says it."""
        email = self.options["email"].lower()
        user = next((each for each in users if wire.text(each.email).lower() == email), None)
        text = ""
        if user is None:
            text = f"Precoro's list of users does not have {self.options['email']}. Check the e-mail. {SEEN}"
        yield Right(name="user", granted=user is not None, needed_for=EVERY_INVOICE, text=text)
        if user is None:
            return
        for flag, what in SIGHT.items():
            said = wire.text(getattr(user, flag)).lower()
            unsaid, text = said not in ("true", "false", "1", "0"), ""
            if unsaid:
                text = f"Precoro does not say whether the user has access to {what}. Check it there. {SEEN}"
            elif said in ("false", "0"):
                text = f"The user does not have access to {what}. {SEEN}"
            yield Right(name=what, granted=not text, needed_for=EVERY_INVOICE, text=text, optional=unsaid)

    def _missing(self, path: str, wanted: dict[str, str]) -> str:
        """Which of these fields Precoro does not have."""
        known = {
            wire.text(field.id)
            for page in self.precoro.pages(path)
            for raw in page.rows
            if (field := wire.ref(raw, wire.Ref))
        }
        lost = [f"{field} for {axis}" for field, axis in wanted.items() if field not in known]
        if not lost:
            return ""
        return f"Precoro has no custom field {', '.join(lost)}. Correct `fields` of the connection. {SEEN}"


def _right(name: str, needed_for: str, look: Callable[[], object]) -> Right:
    """A right, checked by a read; a text that the read returns says what is wrong."""
    try:
        found = look()
    except ConnectorError as error:
        return Right(name=name, granted=False, needed_for=needed_for, text=error.problem.text)
    text = found if isinstance(found, str) else ""
    return Right(name=name, granted=not text, needed_for=needed_for, text=text)


def open_system(options: Options, wiring: Wiring) -> System:
    """The system behind checked options. Makes no call."""
    found = PrecoroSystem(options, wiring)
    return System(
        connection=wiring.connection,
        check=found.check,
        entities=found.entities,
        tenant=lambda entity: found.invoices.tenant(),
        sources=Capabilities(
            {SupplierInvoice: lambda: found.invoices, PayableInvoice: found.payable}, more=found.kept
        ),
        sinks=Capabilities({Payment: found.payments}, more=found.made),
        registers=Capabilities({}, more=found.registers),
        events=PrecoroEvents(wiring.clock),
        topics=TOPICS,
        by_hand=BY_HAND,
    )
