"""The fewest calls that a run can take, by what the vendors publish of their interfaces: pages, batches, and
what no call can do at once. Nothing here is taken from what our clients ask.

    payroll     first block, pay period, pay register, and the further blocks: 10,000 rows each; under the
                claim the run's first row, its pay period and its register once more
    master data the pages of each kind that an entry is checked against: journal, periods, accounts, codes;
                and again what the ledger does not refuse when it is written to
    entry       look for an entry of ours, write, read back, look that there is one only; a draft is read
                before it is posted, and once more when it is
    posted      what the ledger has of the entry, where the entry as it was entered does not say that
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
    journal, a period's state; `again` those of them that are asked when it is written to. `written` lines fit
    one write, and `heads` are writes beside those of lines; `read` lines fit one page of the entry, which is
    read `reads` times; `posted` calls say what the ledger has of it. `others` is how often a run looks for
    what others booked, and `looks` how often for the entry itself.
    """

    pages: Mapping[str, int]
    once: tuple[str, ...]
    written: int
    heads: int
    read: int
    reads: int = 1
    posted: int = 0
    again: tuple[str, ...] = ()
    others: int = 2
    looks: int = 2

    def calls(self, lines: int, sizes: Mapping[str, int]) -> int:
        """For one entry of so many lines, where the ledger has so much master data."""
        facts = sum(_pages(sizes.get(kind, 1), page) for kind, page in self.pages.items()) + len(self.once)
        entry = self.heads + math.ceil(lines / self.written) + self.reads * math.ceil(lines / self.read)
        return facts + len(self.again) + self.others + self.looks + entry + self.posted


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
    # 10,000 rows a page; 100 operations a batch, as is advised: a live system took 200 at the most, and the
    # setting changeset_lines is 100 in a run that is measured. A header is written apart, because its number
    # stands in the body of each line. Period and journal name are looked at when a journal is posted, and not
    # when it is created, so that one that cannot be posted would stay behind. The dimension format is one for
    # the environment, and lines are read and shown in the one that is active then: it is asked for before
    # they are written, and once they are. Only the environment's own job posts, and vouchers are allocated
    # then, so that the lines are read before and after. They say what was entered, and the voucher on them
    # leads to what is posted: a call for the voucher, and one for its entries (10,000 a page), in sets of
    # which an environment publishes one, both or none, as its list of sets says once. Journals are asked for
    # by name and by description in one question: for what others booked and for the entry.
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
            "sets",
        ),
        again=("states of periods", "journal name", "dimension format", "dimension format"),
        written=100,
        heads=1,
        read=10_000,
        reads=2,
        posted=2,
        others=1,
    ),
    # Lists of master data have no pages, but those of subaccounts and projects. The batches of a period are
    # one question: for what others booked and for the entry. A batch on hold is not released, so that taking
    # it off hold is a call, and releasing it another, which answers before it is done: the batch is read
    # before and after.
    "visma_net": Limits(
        pages={"accounts": 0, "subaccounts": 1_000, "projects": 1_000},
        once=("organization", "branch", "ledger", "periods", "currency", "dimensions"),
        written=10**9,
        heads=2,
        read=1_000,
        reads=2,
        others=1,
    ),
}


def payroll_calls(rows: int) -> int:
    """Of the payroll for a run of so many rows: its blocks, its pay period and one page of the register; and
    again a row, the period and the register. A run that was undone, calculated anew or replaced by another
    shows in one of the three only.
    """
    return math.ceil(rows / PAYROLL_BLOCK_ROWS) + 2 + 3
