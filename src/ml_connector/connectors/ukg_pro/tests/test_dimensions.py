"""The codes of the simulated tenant, and shapes that only an answer in its place has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import httpx2
import pytest

from ml_connector.connectors.ukg_pro import client
from ml_connector.connectors.ukg_pro.dimensions import NONE
from ml_connector.connectors.ukg_pro.tests.world import UkgWorld
from ml_connector.contract.dimensions import DimensionSourceContract, DimensionSourceWorld
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import VendorChanged
from ml_connector.ports.dimensions import DimensionSource

HELD = {
    "org_level_1": ("org-levels", "code", "description"),
    "org_level_2": ("org-levels", "code", "description"),
    "org_level_3": ("org-levels", "code", "description"),
    "org_level_4": ("org-levels", "code", "description"),
    "location": ("locations", "locationCode", "description"),
    "project": ("PROJECT", "code", "description"),
    "job_code": ("jobs", "jobCode", "title"),
}


class CodesWorld(UkgWorld):
    """The tenant as a source of codes."""

    def __init__(self, **settings: str) -> None:
        super().__init__(**settings)
        self.closed: set[str] = set()
        self.recording.after = self._after

    @property
    def dimension_source(self) -> DimensionSource:
        return cast(DimensionSource, self.system.source(DimensionValue))

    def _after(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """With what an administrator closed: the simulator's screens are not asked."""
        if not self.closed or "configuration" not in request.url.path:
            return response
        rows = json.loads(response.read())
        for row in rows:
            row["isActive"] = row.get("isActive", True) and row.get("code") not in self.closed
        return httpx2.Response(200, json=rows, headers={"content-type": "application/json"})

    def raw(self, name: str) -> list[dict[str, Any]]:
        """Rows of a list as they come over the wire."""
        path = next(
            path
            for path in (client.ORG_LEVELS, client.LOCATIONS, client.PROJECTS, client.JOBS)
            if path.endswith(name)
        )
        headers = {"US-Customer-Api-Key": self.credentials["customer_api_key"]}
        auth = (self.credentials["username"], self.credentials["password"])
        with httpx2.Client(base_url="http://127.0.0.1:9102", transport=self.recording.inner) as straight:
            found = straight.get(path, headers=headers, auth=auth).json()
        return cast(list[dict[str, Any]], found)

    def codes(self) -> Mapping[str, Mapping[str, tuple[str, bool]]]:
        return {
            axis: {
                row[code]: (row[title], bool(row.get("isActive", True)) and row[code] not in self.closed)
                for row in self.raw(name)
                if (name != "org-levels" or str(row["level"]) == axis[-1]) and row[code] != NONE
            }
            for axis, (name, code, title) in HELD.items()
        }

    def close(self) -> tuple[str, str]:
        code = min(self.codes()["org_level_1"])
        self.closed.add(code)
        return "org_level_1", code

    def break_reads(self) -> None:
        self.post("faults", {"kind": "status", "status": 503, "match": {"method": "GET"}, "times": 100})

    def calls(self) -> int:
        return len(self.recording.requests)

    def changes(self) -> int:
        return sum(request.method != "GET" for request in self.recording.requests)


@pytest.fixture
def world() -> DimensionSourceWorld:
    return CodesWorld()


class TestDimensions(DimensionSourceContract):
    """The suite, on the simulated tenant."""


def answering(content: Any) -> DimensionSource:
    """The source of a tenant that answers every list so."""
    found = CodesWorld()
    found.recording.after = lambda request, response: httpx2.Response(
        200, content=json.dumps(content), headers={"content-type": "application/json"}
    )
    return found.dimension_source


@pytest.mark.parametrize("code", ["0040", "040", "40", "1.10", "3E5", "1-2", " 77 ", "Ä 1"])
def test_a_code_is_text(code: str) -> None:
    (found,) = answering([{"level": 1, "code": code}]).values(["org_level_1"])

    assert (code.strip(), "") == (found.code, found.title)


@pytest.mark.parametrize(
    ("active", "is_open"),
    [(None, True), (True, True), (False, False), ("N", False), ("Yes", True), ("", True)],
)
def test_a_flag_is_read_as_it_is_written_and_a_blank_closes_nothing(active: Any, is_open: bool) -> None:
    """A right that was withdrawn blanks fields."""
    (found,) = answering([{"level": "1", "code": "A", "isActive": active}]).values(["org_level_1"])

    assert is_open is found.open


def test_locations_may_come_in_an_envelope() -> None:
    source = answering({"locations": [{"locationCode": "L"}], "totalCount": 1, "pageNumber": 1})

    assert ["L"] == [value.code for value in source.values(["location"])]


def test_the_code_that_stands_for_no_project_is_none() -> None:
    source = answering([{"code": "Z", "description": "None"}, {"code": "P1", "description": "One"}])

    assert ["P1"] == [value.code for value in source.values(["project"])]


@pytest.mark.parametrize(
    "content",
    [
        [{"level": 1, "code": ""}],
        [{"level": 1, "code": None}],
        [{"level": 7, "code": "A"}],
        [{"level": 1, "code": "A", "isActive": "perhaps"}],
        {"rows": []},
    ],
)
def test_a_list_that_cannot_be_believed_is_an_error(content: Any) -> None:
    with pytest.raises(VendorChanged):
        list(answering(content).values(["org_level_1"]))


def test_org_levels_are_asked_once_for_all_four() -> None:
    world = CodesWorld()
    list(world.dimension_source.values(["org_level_1", "org_level_2", "org_level_3", "org_level_4"]))

    assert 1 == world.calls()


def test_a_flat_file_has_no_codes() -> None:
    """It is read without an address of UKG."""
    world = CodesWorld()

    assert DimensionValue not in world.open(source="flat_file", file_path="/nowhere").sources


def test_a_page_that_is_linked_to_and_not_there_is_an_error() -> None:
    """It is no end: the codes on it would be closed in the other system."""
    world = CodesWorld(page_rows="2")
    world.recording.after = lambda request, response: (
        httpx2.Response(404) if request.url.params.get("page") == "2" else response
    )

    with pytest.raises(VendorChanged, match="page 2"):
        list(world.dimension_source.values(["job_code"]))
