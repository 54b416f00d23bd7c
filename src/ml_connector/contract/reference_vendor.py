"""The vendor's half of the reference system: its books, its consents, and the faults that a suite wants."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from ml_connector.contract import world
from ml_connector.domain.dimension import code_on
from ml_connector.domain.journal import Account, ExchangeRate, JournalEntry, JournalLine, total
from ml_connector.domain.period import FiscalPeriod, period_of
from ml_connector.errors import CodeUnknown, NotSent, PeriodClosed, Refused, Throttled, Unbalanced
from ml_connector.ports.storage import Clock

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
    totals: dict[str, str] = field(default_factory=dict)
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
            usable = account is not None and not (account.blocked or account.is_total)
            if not usable or (center is not None and center not in self.cost_centers):
                raise CodeUnknown(
                    f"{line.account} {center or ''} takes no entries.", where=f"account {line.account}"
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
