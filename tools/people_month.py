"""A month at the screens of a payroll: people are hired, leave, come back, move, and are named anew; some of
it is entered late, some for a day still to come, some withdrawn before it comes.

Whoever something happened to is left alone for the rest of the month, but for those who come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

EARLY, LATE = timedelta(days=5), timedelta(days=4)
SURNAMES = ("Moss", "Reed", "Lindqvist", "O'Neil", "Ødegård", "van Dijk")


@dataclass(slots=True, kw_only=True)
class Month:
    """`do` carries out an action at a screen of the payroll; `people` are those of its books."""

    do: Callable[[str, Mapping[str, Any]], Any]
    dice: Random
    done: Counter[str] = field(default_factory=Counter)
    _touched: set[str] = field(default_factory=set)
    _left: list[str] = field(default_factory=list)

    def day(self, today: date, people: Sequence[Mapping[str, Any]], share: int = 3) -> None:
        """What happens on a day: `share` of hires and of leavers, and some of the rest."""
        usual = [row for row in people if self._is_usual(row, people)]
        self.dice.shuffle(usual)
        departments: dict[str, list[str]] = {}
        for row in people:
            departments.setdefault(row["entity"], []).append(row["department"])
        if self._left:
            self._come_back(self._left.pop(0), today)
        for place in range(share):
            self._hire(self._when(place, today), departments)
        for place in range(share):
            self._leave(usual.pop(), self._when(place, today))
        for _ in range(max(share - 1, 1)):
            self._rename(usual.pop())
            row = usual.pop()
            self._act("moves", "change_employee", row, department=self._one(departments[row["entity"]]))
        self._act("leaves of absence", "change_employee", usual.pop(), status="L", date=today.isoformat())
        self._elsewhere(usual.pop(), today, departments)
        if not self.done["second employments"]:
            self._elsewhere(usual.pop(), today, departments, also=True)
        if not self.done["hires withdrawn"]:
            self._think_again(today, departments)

    def _is_usual(self, row: Mapping[str, Any], people: Sequence[Mapping[str, Any]]) -> bool:
        """Somebody who is employed, in one company, and to whom nothing happened this month."""
        once = sum(other["person"] == row["person"] for other in people) == 1
        return once and len(row["statuses"]) == 1 and row["person"] not in self._touched

    def _when(self, place: int, today: date) -> date:
        """Of the first it is heard today, of the second late, of the third before its day."""
        return today + (timedelta(), -LATE, EARLY)[place % 3]

    def _hire(self, day: date, departments: Mapping[str, Sequence[str]]) -> None:
        company = self._one(sorted(departments))
        wish = {"company": company, "department": self._one(departments[company]), "date": day.isoformat()}
        made = self.do("hire", {**wish, "last_name": self._one(SURNAMES)})
        self._noted("hires", made["employee_id"])

    def _leave(self, row: Mapping[str, Any], day: date) -> None:
        self._act("leavers", "change_employee", row, status="T", date=day.isoformat())
        self._left.append(row["person"])

    def _rename(self, row: Mapping[str, Any]) -> None:
        self._act(
            "new names", "change_employee", row, last_name=f"{self._one(SURNAMES)}-{row['number'][-3:]}"
        )

    def _elsewhere(
        self, row: Mapping[str, Any], day: date, departments: Mapping[str, Sequence[str]], also: bool = False
    ) -> None:
        """To another company, or to work there as well."""
        others = sorted(departments.keys() - {row["entity"]})
        company = self._one(others)
        wish = {"department": self._one(departments[company]), "date": day.isoformat()}
        if also:
            self.do("hire", {"same_person_as": row["person"], "company": company, **wish})
            self._noted("second employments", row["person"])
        else:
            self.do("transfer", {"employee": row["person"], "to": company, **wish})
            self._noted("transfers", row["person"])

    def _come_back(self, person: str, today: date) -> None:
        """Somebody who left, as soon as the last day is over; later, where it is not."""
        try:
            self.do("rehire", {"employee": person, "date": (today + timedelta(days=1)).isoformat()})
            self._noted("rehires", person)
        except ValueError:
            self._left.append(person)

    def _think_again(self, today: date, departments: Mapping[str, Sequence[str]]) -> None:
        """A hire and a leaving for a later day, of which one is withdrawn and the other comes sooner."""
        company = self._one(sorted(departments))
        wish = {"company": company, "department": self._one(departments[company])}
        later = (today + 2 * EARLY).isoformat()
        for action, more in (
            ("withdraw_change", {}),
            ("redate_change", {"date": (today + EARLY).isoformat()}),
        ):
            made = self.do("hire", {**wish, "date": later})
            self._noted("hires", made["employee_id"])
            self.do(action, {"employee": made["employee_id"], **more})
        self.done["hires withdrawn"] += 1

    def setup(self) -> None:
        """A department more; the one of before is named anew, and the one before that closed."""
        made = self.done["departments"]
        if made:
            self.do("change_org_level", {"code": f"NEW{made:02d}", "name": f"Department {made} anew"})
        if made > 1:
            self.do("change_org_level", {"code": f"NEW{made - 1:02d}", "active": False})
        self.do("add_org_level", {"code": f"NEW{made + 1:02d}", "name": f"Department {made + 1}"})
        self.done["departments"] += 1

    def _act(self, what: str, action: str, row: Mapping[str, Any], **wish: Any) -> None:
        self.do(action, {"employee": row["person"], **wish})
        self._noted(what, row["person"])

    def _noted(self, what: str, person: str) -> None:
        self.done[what] += 1
        self._touched.add(person)

    def _one(self, some: Sequence[str]) -> str:
        return some[self.dice.randrange(len(some))]
