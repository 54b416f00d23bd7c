"""UKG's lists of people while they are put together, and which rows of them cannot be understood.

A row that cannot be understood leaves its person unread, and the others go on. A row without an id may be
anybody's. So many of either that the list itself must have changed are an error. No call is made here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ml_connector.connectors.ukg_pro.employments import Held, Words, day, held, trimmed
from ml_connector.connectors.ukg_pro.wire_people import EmploymentRow, HistoryRow, PersonRow
from ml_connector.domain.problem import Owner
from ml_connector.domain.worker import NOBODY, UnreadWorker
from ml_connector.errors import VendorChanged

UNREAD_MAX, UNREAD_PERCENT = 20, 10
"""People who cannot be read while the others go on: not more than both, of all who are listed."""


class Named(NamedTuple):
    """`rank` is which row it is of: not of the home company, company."""

    rank: tuple[bool, str]
    name: str
    family: str
    email: str


@dataclass(slots=True, kw_only=True)
class Lists:
    """Rows by the id of their person, of the companies that `takes` lets through."""

    words: Words
    takes: Callable[[str], bool]
    rows: dict[str, list[Held]] = field(default_factory=dict)
    names: dict[str, Named] = field(default_factory=dict)
    history: dict[str, list[HistoryRow]] = field(default_factory=dict)
    companies: dict[str, bool] = field(default_factory=dict)
    """Company id → whether the connection takes it."""
    doubtful: set[str] = field(default_factory=set)
    """Who is in one list only."""
    faults: dict[str, VendorChanged] = field(default_factory=dict)
    """Whose rows cannot be understood, and why."""
    nameless: int = 0
    """Rows without an id."""

    def employed(self, row: EmploymentRow) -> None:
        """Take in a row of employment details."""
        if (key := self._key(row.employeeID)) == NOBODY:
            return
        company = trimmed(row.companyCode)
        if not company or not row.companyID:
            text = f"UKG lists employee {key} in a company without a code or id. Enter it in UKG."
            self._cannot(key, VendorChanged(text, where=key, code="worker.incomplete", owner=Owner.PAYROLL))
            return
        self.companies[row.companyID] = taken = self.takes(company)
        try:
            if taken:
                self.rows.setdefault(key, []).append(held(row, self.words))
        except VendorChanged as fault:
            self._cannot(key, fault)

    def named(self, row: PersonRow) -> None:
        """Take in a row of person details. Of several of a person the one of the home company counts,
        whatever their order.
        """
        key, company = self._key(row.employeeId), row.companyId or ""
        mine = self.rows.get(key, ())
        lost = company and all(each.company_id != company for each in mine)
        if key != NOBODY and lost and self.companies.get(company, True):
            self.doubtful.add(key)  # or employed after the first list was read
        home = any(each.company_id == company and each.employment.home for each in mine)
        rank = (not home, company)
        if mine and (key not in self.names or rank < self.names[key].rank):
            family = trimmed(row.lastName)
            name = f"{trimmed(row.firstName)} {family}".strip()
            self.names[key] = Named(rank, name, family, trimmed(row.emailAddress))

    def happened(self, row: HistoryRow) -> None:
        """Take in a row of the job history."""
        if (key := self._key(row.employeeId)) == NOBODY or key not in self.rows:
            return
        if not row.companyId:
            text = f"The job history of employee {key} names no company. Enter it in UKG."
            self._cannot(key, VendorChanged(text, where=key, code="worker.incomplete", owner=Owner.PAYROLL))
            return
        try:
            day(row.jobEffectiveDate, f"{key} in company {row.companyId}")
        except VendorChanged as fault:
            self._cannot(key, fault)
        self.history.setdefault(key, []).append(row)

    def apart(self) -> set[str]:
        """Who is employed, and is no person in the other list."""
        return self.rows.keys() - self.names.keys() - self.faults.keys()

    def forget(self, keys: Collection[str]) -> None:
        """These are read anew."""
        for key in keys:
            for known in (self.rows, self.names, self.faults):
                known.pop(key, None)

    def without_person(self) -> None:
        """Nobody who is still apart can be read."""
        for key in self.apart():
            text = (
                f"UKG lists an employment of employee {key}, and no person of that id. Check the rights of"
                " the web service account and the person in UKG."
            )
            self._cannot(key, VendorChanged(text, where=key, code="workers.apart", owner=Owner.ADMINISTRATOR))

    def unread(self) -> Iterator[UnreadWorker]:
        """Whoever cannot be read, those without an id first, then sorted by it. Raises `VendorChanged` before
        the first one for so many that the list is not what it was.
        """
        most = max(UNREAD_MAX, len(self.rows.keys() | self.faults.keys()) * UNREAD_PERCENT // 100)
        some = f"{self.nameless} row{'s' * (self.nameless > 1)} of employees without an id"
        if self.nameless > most:
            raise VendorChanged(
                f"UKG lists {some}.", where="people", code="worker.incomplete", owner=Owner.PAYROLL
            )
        if len(self.faults) > most:
            first = self.faults[min(self.faults)].problem
            text = f"{len(self.faults)} employees cannot be read, so nobody is. The first one: {first.text}"
            raise VendorChanged(text, where=first.where, code=first.code, owner=first.owner)
        if self.nameless:
            text = (
                f"UKG lists {some}, so nobody knows whose. Nobody is taken to have gone by this read. Enter"
                " the id in UKG."
            )
            yield UnreadWorker(key=NOBODY, code="worker.incomplete", text=text, owner=Owner.PAYROLL)
        for key in sorted(self.faults):
            problem = self.faults[key].problem
            text = f"{problem.text} What was known of this employee stays as it was."
            yield UnreadWorker(key=key, code=problem.code, text=text, owner=problem.owner)

    def _key(self, text: str | None) -> str:
        key = trimmed(text) or NOBODY
        self.nameless += key == NOBODY
        return key

    def _cannot(self, key: str, fault: VendorChanged) -> None:
        self.faults.setdefault(key, fault)
