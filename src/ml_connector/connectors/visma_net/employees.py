"""Employees of the companies.

    code    employee number; it has the form of Visma's business accounts
    title   first, middle and last name, one blank between words
    open    the status is not Inactive; a state that people set, such as OnHold, is left

rows         ⌈employees/1000⌉ + 1 for the form of numbers
read         ⌈employees/1000⌉
put          1 for each change

Visma knows no first or last day of an employee: one is made on the first day, and turns inactive behind the
last one, by the day of the pass. Department, class, branch, calendar and e-mail of a new employee are those
of the connection, and not touched again: nobody is moved, and no e-mail comes from payroll. Visma's answers
show more of people, which is not decoded, stored or logged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ml_connector.connectors.visma_net import wire
from ml_connector.connectors.visma_net.axis import Axis, Call, Form, Found, in_path, title_of
from ml_connector.connectors.visma_net.client import PEOPLE
from ml_connector.connectors.visma_net.ledger import Books
from ml_connector.connectors.visma_net.settings import CODE
from ml_connector.domain.dimension import DimensionValue, first_and_last
from ml_connector.domain.problem import Problem

EMPLOYEE, PATH = "employee", PEOPLE
NAME_MAX = 255
FORM = "/v1/dimension/BIZACCT"
INACTIVE = "inactive"
"""The status of a closed employee, whatever its case."""


@dataclass(frozen=True, slots=True)
class Employees(Axis):
    """An `Axis`. `defaults` are what a new employee gets: class, branch, calendar, department, email."""

    defaults: Mapping[str, str]

    path = PATH

    def every(self, books: Books) -> Iterator[Found]:
        """Every employee, those who left too."""
        for row in books.client.pages(PATH, wire.Employee, lambda row: [row.employeeNumber]):
            record = DimensionValue(
                entity=books.client.company,
                axis=EMPLOYEE,
                code=row.employeeNumber.strip(),
                title=title_of(_name(row), NAME_MAX),
                open=row.status.strip().casefold() != INACTIVE,
            )
            yield Found(record=record, version=row.timeStamp, row=row)

    def form(self, books: Books) -> Form:
        """An administrator may change it at any time."""
        found = books.client.get(FORM, expandSegmentsValues="false").decode(wire.Dimension)
        numbered = any(segment.isAutoNumber for segment in found.segments or ())
        return Form(name="an employee of Visma", length=found.length, numbered=numbered)

    def normal(self, record: DimensionValue) -> DimensionValue:
        """Without days."""
        title = title_of(record.title, NAME_MAX)
        return replace(record, code=record.code.strip(), title=title, until=None, since=None)

    def call(self, after: DimensionValue, found: Found | None) -> Call | Problem:
        """Visma wants a contact with a last name in each. What is not to change is left out, or sent as it
        was read.
        """
        if not after.title:
            text = f"Employee {after.code} has no name, and Visma needs one. Give it one at the source."
            return Problem("dimension.title", after.key, text)
        if found is None:
            return Call("POST", PATH, self._new(after))
        row: wire.Employee = found.row
        body: dict[str, Any] = {"contact": _contact(after, row)}
        if after.open != found.record.open:
            body["status"] = wire.value("Active" if after.open else "Inactive")
        return Call("PUT", f"{PATH}/{in_path(after.code)}", body)

    def told(self, problem: Problem, after: DimensionValue, found: Found | None) -> Problem:
        """A number may be a customer's or supplier's, which no list of employees shows."""
        if found is not None:
            return problem
        text = (
            f"{problem.text} Employees, customers and suppliers have their numbers among the same ones in"
            f" Visma. If {after.code} is a customer's or supplier's, give the worker or that one another."
            " Else correct employee_defaults of the connection."
        )
        return replace(problem, text=text)

    def _new(self, after: DimensionValue) -> dict[str, Any]:
        first, last = first_and_last(after)
        email = self.defaults["email"].replace(CODE, after.code)
        given = {
            "employeeCd": after.code,
            "employeeClass": self.defaults["class"],
            "branch": self.defaults["branch"],
            "calendar": self.defaults["calendar"],
            "department": self.defaults["department"],
            "status": "Active",
        }
        names = {"firstName": first, "lastName": last, "email": email}
        contact = {name: wire.value(text) for name, text in names.items() if text}
        return {**{name: wire.value(text) for name, text in given.items()}, "contact": contact}


def _contact(after: DimensionValue, row: wire.Employee) -> dict[str, Any]:
    """Another name in its parts, an empty one clears; the last name as it is where the name is the same."""
    held = row.contact or wire.Contact()
    if after.title == title_of(_name(row), NAME_MAX):
        return {"lastName": wire.value(held.lastName or after.title)}
    first, last = first_and_last(after)
    names = {"firstName": first, "lastName": last}
    if held.midName:
        names["middleName"] = ""
    return {name: wire.value(text) for name, text in names.items()}


def _name(row: wire.Employee) -> str:
    held = row.contact or wire.Contact()
    parts = (held.firstName, held.midName, held.lastName)
    return " ".join(part for part in parts if part) or row.employeeName or ""
