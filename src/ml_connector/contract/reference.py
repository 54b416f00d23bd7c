"""The reference system: a ledger and a sign-in in memory that keep every promise of the ports.

It shows how little a ledger needs to be, and proves the suites themselves. The vendor's half
(`ReferenceVendor`) books, refuses and loses answers; the connector's half (`ReferenceLedger`,
`ReferenceSignIn`) is what a product would be wired to. Nothing here touches a network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlencode, urlsplit

from ml_connector.contract import world
from ml_connector.domain.dimension import code_on
from ml_connector.domain.document import TOKEN, Marker, Receipt
from ml_connector.domain.journal import (
    Account,
    BookedEntry,
    Chart,
    ExchangeRate,
    JournalEntry,
    JournalLine,
    total,
)
from ml_connector.domain.limits import check_limits
from ml_connector.domain.period import FiscalPeriod, period_of
from ml_connector.domain.problem import Problem
from ml_connector.errors import (
    CodeUnknown,
    Inexpressible,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PeriodClosed,
    Refused,
    SignInLost,
    Throttled,
    Unbalanced,
)
from ml_connector.ports.ledger import Ledger, LedgerLimits
from ml_connector.ports.sinks import NONE_KNOWN, Gate, Send
from ml_connector.ports.storage import Clock, Exchange, TokenState
from ml_connector.ports.systems import Wiring

LIFE_SECONDS, EARLIEST_SECONDS, GRACE_SECONDS, CONSENT_DAYS, IDLE_DAYS = 600, 570, 600, 30, 7
JOURNAL, DIVISION, CURRENCY = "90", "10", "EUR"
RATES = {"JPY": Decimal("0.0061"), "KWD": Decimal("2.98"), "USD": Decimal("0.92")}


class Unanswered(Exception):
    """The vendor's answer did not arrive."""


@dataclass(slots=True)
class Document:
    """One document in the books, visible from `booked_at` on. `rate` is the vendor's own of that day."""

    reference: str
    number: str
    entry: JournalEntry
    marker: str
    booked_at: datetime
    parts: int = 1
    complete: bool = True
    posted: bool = True
    rate: ExchangeRate | None = None


@dataclass(slots=True)
class ReferenceVendor:
    """The books, the consents and the faults of the other side."""

    clock: Clock
    documents: list[Document] = field(default_factory=list)
    accounts: dict[str, Account] = field(
        default_factory=lambda: {code: Account(code=code, description=code) for code in ("4000", "1700")}
    )
    cost_centers: frozenset[str] = frozenset({"SALES", "OPS"})
    currency: str = CURRENCY
    tenant: str = "books"
    rates: dict[str, Decimal] = field(default_factory=lambda: dict(RATES))
    closed: set[tuple[int, int]] = field(default_factory=set)
    fault: str | None = None
    lose_token_answer: bool = False
    part_lines: int = 0
    posts_itself: bool = True
    earliest_seconds: int = EARLIEST_SECONDS
    renewals: int = 0
    token_calls: int = 0
    codes: set[str] = field(default_factory=set)
    access: str = ""
    refresh: str = ""
    spent: str = ""
    issued_at: datetime | None = None
    refresh_dies_at: datetime | None = None
    pair_used: bool = False
    issued: list[str] = field(default_factory=list)
    _number: int = 0

    def _next(self) -> int:
        self._number += 1
        return self._number

    # --- tokens ---------------------------------------------------------------------------------------------

    def approve(self) -> str:
        """A person consents; the code that the browser carries back."""
        code = f"code-{self._next()}-of-a-consent"
        self.codes.add(code)
        return code

    def token(self, *, code: str = "", refresh: str = "") -> tuple[str, str]:
        """A new pair for a code or a refresh token. Raises `Refused` in the vendor's words, `Unanswered` when
        the answer is lost.
        """
        self.token_calls += 1
        if code:
            if code not in self.codes:
                raise Refused("invalid_grant: the code was used")
            self.codes.discard(code)
        else:
            self._check_refresh(refresh)
            self.renewals += 1
        self._issue(spent=refresh)
        if self.lose_token_answer:
            self.lose_token_answer = False
            raise Unanswered
        return self.access, self.refresh

    def _check_refresh(self, refresh: str) -> None:
        now = self.clock.now()
        if (
            not refresh
            or refresh not in (self.refresh, self.spent)
            or (self.refresh_dies_at and now >= self.refresh_dies_at)
        ):
            raise Refused("invalid_grant: token unknown")
        if refresh == self.spent and self.pair_used:
            raise Refused("invalid_grant: old token")
        in_time = self.issued_at and now - self.issued_at >= timedelta(seconds=self.earliest_seconds)
        if refresh == self.refresh and not in_time:
            raise Refused("too_early")

    def _issue(self, spent: str) -> None:
        number, now = self._next(), self.clock.now()
        self.access, self.refresh, self.spent, self.pair_used = (
            f"access-token-{number}",
            f"refresh-token-{number}",
            spent,
            False,
        )
        self.issued_at, self.refresh_dies_at = now, now + timedelta(days=CONSENT_DAYS)
        self.issued += [self.access, self.refresh]

    def accepts(self, access: str) -> bool:
        """Whether an access token is good now. Using it makes the token before it history."""
        good = access == self.access and self.issued_at is not None
        if good and self.issued_at and self.clock.now() < self.issued_at + timedelta(seconds=LIFE_SECONDS):
            self.pair_used = True
            return True
        return False

    # --- books ----------------------------------------------------------------------------------------------

    def visible(self) -> list[Document]:
        """Documents booked by now, in the order of booking."""
        now = self.clock.now()
        return [document for document in self.documents if document.booked_at <= now]

    def calendar(self, around: date) -> tuple[FiscalPeriod, ...]:
        """Months of three years."""
        firsts = [
            date(year, month, 1) for year in range(around.year - 1, around.year + 2) for month in range(1, 13)
        ]
        ends = [*(first - timedelta(days=1) for first in firsts[1:]), date(around.year + 1, 12, 31)]
        return tuple(
            FiscalPeriod(
                start=first,
                end=end,
                year=first.year,
                number=first.month,
                open=(first.year, first.month) not in self.closed,
            )
            for first, end in zip(firsts, ends, strict=True)
        )

    def book(self, entry: JournalEntry, marker: str, delay: float = 0.0) -> Document:
        """Book all lines or none. Raises the kind of `Refused` that says why not."""
        period = period_of(entry.posting_date, self.calendar(entry.posting_date))
        if period is None or not period.open:
            raise PeriodClosed("The period is closed. Reopen it.", where="posting_date")
        if total((line.amount for line in entry.lines), entry.currency):
            raise Unbalanced("The entry does not balance.", where="lines")
        self._check_codes(entry.lines)
        number = self._next()
        booked_at = self.clock.now() + timedelta(seconds=delay)
        rate = self._rate(entry.currency)
        document = Document(f"document-{number}", str(number), entry, marker, booked_at, rate=rate)
        self.documents.append(document)
        return document

    def _rate(self, currency: str) -> ExchangeRate | None:
        own = self.rates.get(currency)
        source = "as the reference booked it"
        return ExchangeRate(currency=self.currency, rate=own, source=source) if own else None

    def _check_codes(self, lines: tuple[JournalLine, ...]) -> None:
        for line in lines:
            account, center = self.accounts.get(line.account), code_on("cost_center", line.dimensions)
            if account is None or account.blocked or (center is not None and center not in self.cost_centers):
                raise CodeUnknown(
                    f"{line.account} {center or ''} is unknown or blocked.", where=f"account {line.account}"
                )

    def write(self, entry: JournalEntry, marker: str, reference: str) -> Document:
        """The next part of a document, of `part_lines` lines, in a ledger that takes entries so; the first
        creates it, as a draft.
        """
        known = next((found for found in self.documents if found.reference == reference), None)
        start = len(known.entry.lines) if known else 0
        lines = entry.lines[start : start + self.part_lines]
        self._check_codes(lines)
        if known is None:
            number = self._next()
            known = Document(
                f"document-{number}",
                str(number),
                replace(entry, lines=()),
                marker,
                self.clock.now(),
                parts=0,
                posted=False,
                rate=self._rate(entry.currency),
            )
            self.documents.append(known)
        known.entry = replace(known.entry, lines=(*known.entry.lines, *lines))
        known.parts, known.complete = known.parts + 1, len(known.entry.lines) == len(entry.lines)
        return known

    def run_posting_job(self) -> None:
        """Post every draft that balances: so a part of an entry must never balance by itself."""
        for document in self.documents:
            document.posted = document.posted or not total(
                (line.amount for line in document.entry.lines), document.entry.currency
            )

    def post(self, entry: JournalEntry, marker: str, reference: str = "") -> Document:
        """A posting as it comes over a wire that may break. Raises `Unanswered`, `NotSent` or `Refused`."""
        fault, self.fault = self.fault, None
        if fault == world.UNREACHABLE:
            raise NotSent("The ledger could not be reached.")
        if fault == world.THROTTLED:
            raise Throttled("The limit is reached.", retry_after_seconds=world.THROTTLED_SECONDS)
        if fault == world.LOST_BEFORE:
            raise Unanswered
        if self.part_lines:
            document = self.write(entry, marker, reference)
        else:
            document = self.book(
                entry, marker, delay=world.LATE_SECONDS if fault == world.LATE_COMMIT else 0.0
            )
            document.posted = self.posts_itself
        if fault in (world.LOST_AFTER, world.LATE_COMMIT):
            raise Unanswered
        return document


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
        with self._wiring.lanes.hold(f"{self._wiring.connection}/{entry.entity}"):
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
