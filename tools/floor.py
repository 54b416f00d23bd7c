"""The fewest calls that a run can take, by what the vendors publish of their interfaces: pages, batches, and
what no call can do at once. Nothing here is taken from what our clients ask.

    payroll     first block, pay period, pay register, and the further blocks: 10,000 rows each
    master data the pages of each kind that an entry is checked against: journal, periods, accounts, codes
    entry       look for an entry of ours, write, read back, look that there is one only
    others      what others booked, when the run is proposed and again under the claim

Token calls are left out, and questions whether a ledger that posts by itself has posted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

PAYROLL_BLOCK_ROWS = 10_000
"""The largest `per_Page` of a ledger report."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one call of a ledger can hold.

    `pages` is rows a page by kind of master data, 0 where a list has no pages; `once` are single questions: a
    journal, a period's state. `written` lines fit one write, and `heads` are writes beside those of lines;
    `read` lines fit one page of the entry. `others` is how often a run looks for what others booked, and
    `looks` how often for the entry itself.
    """

    pages: Mapping[str, int]
    once: tuple[str, ...]
    written: int
    heads: int
    read: int
    others: int = 2
    looks: int = 2

    def calls(self, lines: int, sizes: Mapping[str, int]) -> int:
        """For one entry of so many lines, where the ledger has so much master data."""
        facts = sum(_pages(sizes.get(kind, 1), page) for kind, page in self.pages.items()) + len(self.once)
        entry = self.heads + math.ceil(lines / self.written) + math.ceil(lines / self.read)
        return facts + self.others + self.looks + entry


def _pages(rows: int, page: int) -> int:
    return max(math.ceil(rows / page), 1) if page else 1


LIMITS = {
    # 1,000 rows a page of bulk/, 60 of the rest; one write takes a whole entry.
    "exact_online": Limits(
        pages={"accounts": 1_000, "cost_centers": 60},
        once=("division", "journal", "periods", "states of periods"),
        written=10**9,
        heads=0,
        read=1_000,
    ),
    # 10,000 rows a page; 200 operations a batch, as seen live. A header is written apart, because its number
    # stands in the body of each line.
    "dynamics_fo": Limits(
        pages={"accounts": 10_000, "cost_centers": 10_000},
        once=(
            "ledger",
            "periods",
            "states of periods",
            "journal name",
            "dimension formats",
            "delimiter",
            "accounts of the company",
            "currencies",
        ),
        written=200,
        heads=1,
        read=10_000,
    ),
    # Lists of master data have no pages, but those of subaccounts and projects. The batches of a period are
    # one question: for what others booked and for the entry. Release is a call of its own.
    "visma_net": Limits(
        pages={"accounts": 0, "subaccounts": 1_000, "projects": 1_000},
        once=("organization", "branch", "ledger", "periods", "currency", "dimensions"),
        written=10**9,
        heads=1,
        read=1_000,
        others=1,
    ),
}


def payroll_calls(rows: int) -> int:
    """Of the payroll for a run of so many rows: its blocks, its pay period and one page of the register."""
    return math.ceil(rows / PAYROLL_BLOCK_ROWS) + 2
