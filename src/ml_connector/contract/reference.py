"""The reference system: a ledger and a sign-in in memory that keep every promise of the ports.

It shows how little a ledger needs to be, and proves the suites themselves. The vendor's half
(`reference_vendor`) books, refuses and loses answers; the connector's half (`ReferenceLedger`,
`ReferenceSignIn`) is what a product would be wired to. Nothing here touches a network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from ml_connector.contract.reference_vendor import (
    CONSENT_DAYS,
    CURRENCY,
    EARLIEST_SECONDS,
    GRACE_SECONDS,
    IDLE_DAYS,
    JOURNAL,
    LIFE_SECONDS,
    RATES,
    Document,
    ReferenceVendor,
    Unanswered,
)
from ml_connector.domain.document import TOKEN, Marker, Receipt
from ml_connector.domain.journal import BookedEntry, Chart, JournalEntry
from ml_connector.domain.limits import check_limits
from ml_connector.domain.period import FiscalPeriod
from ml_connector.domain.problem import Problem
from ml_connector.errors import Inexpressible, NotFound, NotSent, OutcomeUnknown, Refused, SignInLost
from ml_connector.ports.ledger import Ledger, LedgerLimits
from ml_connector.ports.sinks import NONE_KNOWN, Gate, Send
from ml_connector.ports.storage import Exchange, TokenState
from ml_connector.ports.systems import Wiring


class ReferenceSignIn:
    """A `SignIn` with rotating tokens: one renewer at a time, the renewal on record before it is asked for,
    the pair before it is used.
    """

    def __init__(self, vendor: ReferenceVendor, wiring: Wiring) -> None:
        self._vendor, self._wiring = vendor, wiring

    def authorize_url(self, state: str) -> str:
        """Where the person goes."""
        return "https://reference.example/consent?" + urlencode({"state": state})

    def exchange(self, redirect: str, state: str) -> None:
        """Turn the redirect address into stored tokens."""
        query = parse_qs(urlsplit(redirect).query)
        if not query.get("code"):
            raise Refused(
                "The address holds no code. Paste the whole address.",
                where="redirect address",
                code="sign_in.no_code",
            )
        if query.get("state") != [state]:
            raise Refused(
                "The address belongs to another sign-in. Start again.",
                where="redirect address",
                code="sign_in.state",
            )
        with self._wiring.tokens.exclusive():
            self._store(self._ask(code=query["code"][0]))

    def renew(self) -> datetime | None:
        """Renew after a week without use."""
        state = self._wiring.tokens.read()
        if state.issued_at and self._now() - state.issued_at >= timedelta(days=IDLE_DAYS):
            state = self._renewed(state.access_token)
        return state.consent_expires_at

    def access_token(self) -> str:
        """A token that is good by the clock. Raises `SignInLost`, or `NotSent` while a renewal's outcome is
        unknown.
        """
        state = self._wiring.tokens.read()
        if state.access_token and not state.lost and not self._due(state):
            return state.access_token
        return self._renewed(state.access_token).access_token

    def signed(self) -> str:
        """A token that the vendor accepts, renewed once where it does not. Raises `SignInLost`."""
        token = self.access_token()
        if self._vendor.accepts(token):
            return token
        renewed = self._renewed(token).access_token
        if not self._vendor.accepts(renewed):
            raise SignInLost(
                "The vendor does not accept the sign-in. Authorise this connection again.", where="sign-in"
            )
        return renewed

    def _due(self, state: TokenState) -> bool:
        return state.issued_at is None or self._now() >= state.issued_at + timedelta(seconds=EARLIEST_SECONDS)

    def _renewed(self, stale: str) -> TokenState:
        tokens = self._wiring.tokens
        with tokens.exclusive():
            state = tokens.read()
            if state.lost or not state.refresh_token:
                raise SignInLost(
                    f"{state.lost or 'Nobody has signed in.'} Authorise this connection again.",
                    where="sign-in",
                )
            if state.access_token != stale and not self._due(state):
                return state
            now = self._now()
            if state.renewing_since and now - state.renewing_since > timedelta(seconds=GRACE_SECONDS):
                raise self._lost(state, "The answer to a renewal was lost.")
            state = replace(state, renewing_since=state.renewing_since or now)
            tokens.write(state)
            try:
                return self._store(self._ask(refresh=state.refresh_token))
            except Refused as error:
                if "too_early" not in error.problem.text:
                    raise self._lost(state, "The vendor ended the sign-in.") from error
            tokens.write(replace(state, renewing_since=None))
            return tokens.read()

    def _lost(self, state: TokenState, why: str) -> SignInLost:
        self._wiring.tokens.write(replace(state, lost=why, renewing_since=None))
        return SignInLost(f"{why} Authorise this connection again.", where="sign-in")

    def _ask(self, *, code: str = "", refresh: str = "") -> tuple[str, str]:
        self._wiring.exchanges.record(
            Exchange(method="POST", url="https://reference.example/token", status=None, seconds=0.0)
        )
        try:
            return self._vendor.token(code=code, refresh=refresh)
        except Unanswered as error:
            raise NotSent("The sign-in did not answer; nothing was posted.", where="sign-in") from error

    def _store(self, pair: tuple[str, str]) -> TokenState:
        now = self._now()
        state = TokenState(
            access_token=pair[0],
            refresh_token=pair[1],
            issued_at=now,
            expires_at=now + timedelta(seconds=LIFE_SECONDS),
            consent_expires_at=now + timedelta(days=CONSENT_DAYS),
        )
        self._wiring.tokens.write(state)
        return state

    def _now(self) -> datetime:
        return self._wiring.clock.now()


class ReferenceLedger(Ledger):
    """A `Ledger` on the reference books; one division, one journal, months as periods."""

    limits = LedgerLimits(
        lines_max=50,
        text_max=40,
        line_text_max=60,
        decimals=2,
        deadline_seconds=10,
        settle_seconds=5,
        visible_seconds=0,
    )

    def __init__(self, vendor: ReferenceVendor, wiring: Wiring, sign_in: ReferenceSignIn) -> None:
        self._vendor, self._wiring, self._sign_in = vendor, wiring, sign_in

    def journals(self, entity: str) -> tuple[tuple[str, str], ...]:
        """The one journal."""
        self._call("GET", "journals")
        return ((JOURNAL, "General"),)

    def calendar(self, entity: str, journal: str, around: date) -> tuple[FiscalPeriod, ...]:
        """Months around the date."""
        self._call("GET", "periods")
        return self._vendor.calendar(around)

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> Chart:
        """Everything the ledger accepts on these axes."""
        self._call("GET", "chart")
        problem = None if journal == JOURNAL else f"There is no journal {journal}."
        codes = {"cost_center": self._vendor.cost_centers, "branch": frozenset({"MAIN"})}
        return Chart(
            entity=entity,
            journal=journal,
            journal_problem=problem,
            currencies=frozenset({CURRENCY, *RATES}),
            accounts=dict(self._vendor.accounts),
            codes={axis: found for axis, found in codes.items() if axis in axes},
            inactive={},
            totals={"cost_center": dict(self._vendor.totals)},
            currency=self._vendor.currency,
            own_rates=bool(self._vendor.rates),
        )

    def tenant(self, entity: str) -> str:
        """What the vendor says of itself."""
        return self._vendor.tenant

    def check(self, document: JournalEntry) -> tuple[Problem, ...]:
        """What the limits do not let through."""
        return tuple(check_limits(document, self.limits))

    def documents(self, entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        """Every document with a date in these days."""
        self._call("GET", "documents")
        return tuple(
            self._booked(found)
            for found in self._vendor.visible()
            if found.entry.entity == entity
            and found.entry.journal == journal
            and start <= found.entry.posting_date <= end
        )

    def document(self, entity: str, journal: str, number: str) -> BookedEntry:
        """The document with this number."""
        self._call("GET", f"documents?number={number}")
        for found in self._vendor.visible():
            in_journal = found.entry.journal == journal or not journal
            if in_journal and (found.number, found.entry.entity) == (number, entity):
                return self._booked(found)
        raise NotFound(f"There is no document {number}.", where=f"document {number}")

    def locate(
        self, wanted: Sequence[tuple[JournalEntry, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """Every document with the marker."""
        self._call("GET", "documents")
        return {
            entry.key: tuple(
                self._receipt(found) for found in self._vendor.visible() if found.marker == marker.token
            )
            for entry, marker in wanted
        }

    def prepare(
        self,
        document: JournalEntry,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> AbstractContextManager[Send]:
        """Sign in, hold the lock, then send once: the whole entry, or its next part."""
        return self._prepared(document, marker, so_far.reference if so_far else "")

    @contextmanager
    def _prepared(self, entry: JournalEntry, marker: Marker, reference: str) -> Iterator[Send]:
        if problems := self.check(entry):
            raise Inexpressible.of(problems)
        with self._wiring.serial_locks.hold(f"{self._wiring.connection}/{entry.entity}"):
            self._sign_in.signed()

            def send(gate: Gate) -> Receipt:
                gate()
                self._record("POST", "documents")
                try:
                    return self._receipt(self._vendor.post(entry, marker.token, reference))
                except Unanswered as error:
                    raise OutcomeUnknown("No answer came back.", where="network") from error

            yield send

    def release(self, receipt: Receipt) -> Receipt:
        """Whether the vendor's posting job has been there."""
        self._call("GET", f"documents/{receipt.reference}")
        return self._receipt(
            next(found for found in self._vendor.documents if found.reference == receipt.reference)
        )

    def abandon(self, receipt: Receipt) -> None:
        """Remove a draft that is not complete."""
        self._record("DELETE", f"documents/{receipt.reference}")
        gone = [
            found
            for found in self._vendor.documents
            if found.reference == receipt.reference and not found.posted
        ]
        self._vendor.documents = [found for found in self._vendor.documents if found not in gone]

    def read_back(self, receipt: Receipt) -> BookedEntry:
        """The document as it stands."""
        self._call("GET", f"documents/{receipt.reference}")
        found = next(
            (found for found in self._vendor.visible() if found.reference == receipt.reference), None
        )
        if found is None:
            raise NotFound(f"Document {receipt.number} is gone.", where=f"document {receipt.number}")
        return replace(self._booked(found), receipt=receipt)

    def _booked(self, found: Document) -> BookedEntry:
        entry = found.entry
        return BookedEntry(
            receipt=self._receipt(found),
            journal=entry.journal,
            posting_date=entry.posting_date,
            currency=entry.currency,
            lines=entry.lines,
            rate=entry.rate or found.rate,
            text=entry.text,
            marker=found.marker if TOKEN.fullmatch(found.marker) else "",
        )

    def _call(self, method: str, path: str) -> None:
        self._sign_in.signed()
        self._record(method, path)

    def _record(self, method: str, path: str) -> None:
        url = f"https://reference.example/{path}"
        self._wiring.exchanges.record(
            Exchange(method=method, url=url, status=200, seconds=0.0, write=method == "POST")
        )

    def _receipt(self, document: Document) -> Receipt:
        return Receipt(
            reference=document.reference,
            number=document.number,
            entity=document.entry.entity,
            posted=document.posted,
            complete=document.complete,
            parts=document.parts,
        )
