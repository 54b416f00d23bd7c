"""How the tenant is set up: org levels and locations that are made, renamed, closed, opened again,
deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.masters import (
    DEPARTMENT,
    LEVELS,
    SEGMENT_MAX,
    add_org_level,
    change_org_level,
    delete_org_level,
    org_levels,
)
from ml_connector_sandbox.systems.ukg_pro.screen_records import PeopleRecords, text_of

CODE = r"[!-~]([ -~]{0,9})"
"""At most ten characters; a blank at the end or within is the tenant's own affair."""


class SetupScreen:
    """Org levels are the tenant's, whatever company uses them; people keep the code that was deleted."""

    def __init__(self, records: PeopleRecords) -> None:
        self._records = records
        self.actions: dict[str, Callable[[Json], Json]] = {
            "org_levels": self._levels,
            "add_org_level": self._add_level,
            "change_org_level": self._change_level,
            "delete_org_level": self._delete_level,
            "add_location": self._add_location,
            "change_location": self._change_location,
        }

    @property
    def _book(self) -> Book:
        return self._records.book

    def _levels(self, _: Json) -> Json:
        """`{}`: every org level, closed ones too, for whoever counts what ledgers have of them."""
        rows = org_levels(self._book).values()
        names = {"level": "level", "code": "code", "name": "description", "active": "isActive"}
        return {"org_levels": [{name: row[field] for name, field in names.items()} for row in rows]}

    def _add_level(self, wish: Json) -> Json:
        """`{"code": "BOSNEW", "name": "New", "level": 1, "company": "HTC01", "gl_segment": "…"}`: a new
        code. A department is of the company, the first one unless said. ValueError for a code that is
        there.
        """
        level, code = _level(wish), text_of(wish, "code", CODE)
        if (level, code) in org_levels(self._book):
            raise ValueError(f"code: {code} of level {level} is there already")
        company = self._book.company_named(str(wish.get("company") or self._book.companies[0].code))
        said = {"gl_segment": code[:SEGMENT_MAX], "active": True, **wish, "name": wish.get("name", code)}
        row = {"level": level, "code": code, "levelDescription": LEVELS[level], **_said(said)}
        add_org_level(self._records.tenant, row, company)
        return {"level": level, "code": code}

    def _change_level(self, wish: Json) -> Json:
        """`{"code": "BOSFIN", "level": 1, "name": "Finance", "active": false, "gl_segment": "…"}`:
        another name or segment, closed or open again. KeyError for what is not there.
        """
        level, code = self._named(wish)
        said = _said(wish)
        if not said:
            raise ValueError("name: give a name, active or gl_segment")
        change_org_level(self._records.tenant, self._row(level, code), said)
        return {"level": level, "code": code, "changed": sorted(said)}

    def _delete_level(self, wish: Json) -> Json:
        """`{"code": "BOSFIN", "level": 1}`: the code is gone from the list; whoever has it keeps it."""
        level, code = self._named(wish)
        delete_org_level(self._records.tenant, level, code)
        used = sum(code in (person.department, person.division) for person in self._book.people)
        return {"level": level, "code": code, "used_by": used}

    def _add_location(self, wish: Json) -> Json:
        """`{"code": "LOC3", "name": "Warehouse"}`."""
        code = text_of(wish, "code", CODE)
        if code in self._book.locations:
            raise ValueError(f"code: location {code} is there already")
        self._book.locations[code] = text_of({"name": code, **wish}, "name")
        self._records.tenant.audit_setup("Location", code, None, "code", None, code, "I")
        return {"code": code}

    def _change_location(self, wish: Json) -> Json:
        """`{"code": "LOC2", "name": "…", "active": false}`: another name, closed or open again."""
        code, book = str(wish["code"]), self._book
        if code not in book.locations:
            raise KeyError(f"location {code}")
        said = _said({name: wish[name] for name in ("name", "active") if name in wish})
        if not said:
            raise ValueError("name: give a name or active")
        held = {"description": book.locations[code], "isActive": code not in book.closed_locations}
        for name, value in said.items():
            self._records.tenant.audit_setup("Location", code, None, name, held[name], value)
        book.locations[code] = str(said.get("description", book.locations[code]))
        if said.get("isActive", held["isActive"]):
            book.closed_locations.discard(code)
        else:
            book.closed_locations.add(code)
        return {"code": code, "changed": sorted(said)}

    def _named(self, wish: Json) -> tuple[int, str]:
        level, code = _level(wish), str(wish["code"])
        self._row(level, code)
        return level, code

    def _row(self, level: int, code: str) -> Json:
        row = org_levels(self._book).get((level, code))
        if row is None:
            raise KeyError(f"org level {level} {code}")
        return row


def _level(wish: Json) -> int:
    level = wish.get("level", DEPARTMENT)
    if type(level) is not int or level not in LEVELS:
        raise ValueError(f"level: {level!r} is not one of {', '.join(str(one) for one in LEVELS)}")
    return level


def _said(wish: Json) -> dict[str, Any]:
    """What a wish says of an org level or a location, under the vendor's names."""
    said: dict[str, Any] = {}
    if wish.get("name") is not None:
        said["description"] = text_of(wish, "name")
    if wish.get("gl_segment") is not None:
        said["glSegment"] = text_of(wish, "gl_segment", f".{{1,{SEGMENT_MAX}}}")
    if wish.get("active") is not None:
        if type(wish["active"]) is not bool:
            raise ValueError(f"active: {wish['active']!r} is not true or false")
        said["isActive"] = wish["active"]
    return said
