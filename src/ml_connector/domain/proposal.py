"""A proposal: the entries that a run would post, and everything an approval consents to.

    says         what the run says the ledger must hold for its pays, whatever is booked by now
    entries      what it would post: all of it, or the difference to what other runs have booked
    takes_back   the documents of other runs that a difference, or a reversal, is based on
    accepted     documents of others that a person has said are not this pay, by number

The fingerprint covers entries, what they take back and what was accepted; a change of any of them is another
proposal and needs another approval.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, replace

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.money import Money
from ml_connector.domain.period import FiscalPeriod, PostingDate
from ml_connector.domain.problem import Problem

FINGERPRINT_SHOWN = 12
"""Characters of a fingerprint that people see and give back; fewer approve nothing."""

Net = dict[tuple[str, Dimensions], int]
"""Account and dimensions → signed minor units."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Subject:
    """What is paid for, in the books of one legal entity; the same for every run of the same pay.

    `tenant` are the target's books. `text` comes from the source: its tenant, the company, the pay group, the
    period end and, where the source has them, the period control and the kind and number of the run.
    """

    tenant: str
    entity: str
    text: str

    def own(self, name: str) -> Subject:
        """A pay of its own beside this one, where the source cannot tell them apart and a person did."""
        return replace(self, text=f"{self.text}{BESIDE}{'_'.join(name.split())}")

    @property
    def base(self) -> Subject:
        """The subject as the source gives it, without a person's answer."""
        return replace(self, text=_OWN.sub("", self.text))

    @property
    def day(self) -> str:
        """The one day that the pay is named by; empty where its text has none or several, or where it may be
        part of another word or of the name of a source or a company, which end in a colon.
        """
        base = self.base.text
        days = _DAY.findall(base)
        words = re.findall(r"(?<=\s)\S+", base.rpartition(":")[2])
        return days[0] if len(days) == 1 and days[0] in words else ""


def days_in(text: str) -> frozenset[str]:
    """Everything in the text that is written as a day, also within a word."""
    return frozenset(_DAY_WITHIN.findall(text))


_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_WITHIN = re.compile("(?=([0-9]{4}-[0-9]{2}-[0-9]{2}))")
BESIDE = " #"
"""What begins the name of a pay of its own, at the end of a subject's text. A pay group may have it in its
name.
"""
_OWN = re.compile(rf"{BESIDE}\S+\Z")

ShareLine = tuple[str, Dimensions, int]
"""Account, dimensions and signed minor units of one part of a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """That an entry, named by its key, books for a subject.

    An entry of one subject has one share without lines. An entry of several has one each, with the part of
    its lines; or without, where nobody can tell the parts: then it counts for all of them together.
    """

    key: str
    subject: Subject
    lines: tuple[ShareLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A document that a proposal changes or cancels: what it is, and how much was booked. `run` is empty for
    one that was named as booked elsewhere.
    """

    key: str
    run: str
    document: str
    entity: str
    debit: Money

    def __str__(self) -> str:
        who = f"run {self.run}" if self.run else "booked elsewhere"
        return f"{self.document} in {self.entity} ({self.debit}, {who})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SideTotal:
    """Minor units of one company and currency on one side, debit positive, as they came in and as they go
    out.

    `crossed` is the part of `minor_out` in cells whose sign is against their side, a debit cell that came out
    negative: its line stands on the other side of the journal.
    """

    company: str
    currency: str
    side: str
    rows: int
    minor_in: int
    minor_out: int
    crossed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TieTotal:
    """What the rows of one company come to per thing they are tied to, signed minor units, debit positive."""

    company: str
    ties_to: str
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The entries of a run with everything needed to approve them.

    `says` are the entries as if nothing were booked yet; `None` where `entries` are just those, as is usual.
    `cells[n]` is `(entry index, line index)` in them of cell n and `rules[n]` the mapping rule that made
    it. `subjects` are all that the run speaks of, also those without a line. `already_booked` names the
    documents that hold it, where nothing is left to post; `superseded` the document of a newer calculation of
    the same pay, which this one must not take back, and `left_out` says of which companies that is so and the
    rest is proposed. `unknown` names documents that another installation
    wrote, as they were seen, `mapping` the version that was used. `corrects` stands in records of release
    0.1.0 for what `takes_back` says since.
    """

    entries: tuple[JournalEntry, ...]
    totals: tuple[SideTotal, ...] = ()
    ties: tuple[TieTotal, ...] = ()
    problems: tuple[Problem, ...] = ()
    cells: tuple[tuple[int, int], ...] = ()
    rules: tuple[str, ...] = ()
    says: tuple[JournalEntry, ...] | None = None
    subjects: tuple[Subject, ...] = ()
    shares: tuple[Share, ...] = ()
    takes_back: tuple[TakenBack, ...] = ()
    accepted: tuple[str, ...] = ()
    already_booked: tuple[str, ...] = ()
    superseded: str = ""
    unknown: tuple[str, ...] = ()
    mapping: str = ""
    corrects: tuple[str, ...] = ()
    left_out: str = ""

    @property
    def consented(self) -> tuple[object, ...]:
        """What an approval consents to."""
        return (self.entries, self.takes_back, self.accepted)

    @property
    def in_full(self) -> tuple[JournalEntry, ...]:
        """The entries as if nothing were booked yet."""
        return self.entries if self.says is None else self.says

    def leaving(self, entries: tuple[JournalEntry, ...]) -> Proposal:
        """The same with these entries left to post."""
        says = self.in_full
        return replace(self, entries=entries, says=None if entries == says else says)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a proposal was built on at the ledger: the posting date, the fiscal periods around it and the own
    currency of each legal entity. Kept, so that building it again asks nobody.
    """

    posting: PostingDate
    periods: AbstractMapping[str, tuple[FiscalPeriod, ...]]
    currencies: AbstractMapping[str, str]


# --- what documents come to ---------------------------------------------------------------------------------


def lines_net(entry: JournalEntry) -> Net:
    """What one entry comes to."""
    net: Net = defaultdict(int)
    for line in entry.lines:
        net[line.account, line.dimensions] += line.amount.minor
    return _clean(net)


def net_of_share(share: Share, entry: JournalEntry) -> Net:
    """What an entry books for one subject: the lines of its share, or all where nobody can tell them."""
    if not share.lines:
        return lines_net(entry)
    net: Net = defaultdict(int)
    for account, codes, minor in share.lines:
        net[account, codes] += minor
    return net


def sum_of(nets: Iterable[Net]) -> Net:
    """What several come to together."""
    total: Net = defaultdict(int)
    for net in nets:
        for place, minor in net.items():
            total[place] += minor
    return _clean(total)


def less(net: Net, other: Net) -> Net:
    """What is left of the one without the other."""
    return sum_of([net, {place: -minor for place, minor in other.items()}])


def _clean(net: Net) -> Net:
    return {place: minor for place, minor in net.items() if minor}
