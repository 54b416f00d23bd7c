"""Writing org levels: many in one POST, each row judged by itself, and one by PUT or PATCH."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.ukg_pro.endpoint import Endpoint, Tenant
from ml_connector_sandbox.systems.ukg_pro.masters import (
    Key,
    add_org_level,
    blank_level,
    change_org_level,
    find_org_level,
    folded,
    is_used,
    org_levels,
)
from ml_connector_sandbox.systems.ukg_pro.org_level_body import (
    FIELDS,
    FIXED,
    Refused,
    described,
    new_level,
    read_rows,
    read_update,
)
from ml_connector_sandbox.systems.ukg_pro.paging import BadParameter
from ml_connector_sandbox.systems.ukg_pro.render import empty, json_response

PATH = "/configuration/v1/org-levels"


class OrgLevelEndpoints:
    """The writes; the reads are with the rest of the configuration."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def endpoints(self, permission: str) -> list[Endpoint]:
        """POST needs the right Add, PUT and PATCH need Edit."""
        table = (
            ("POST", PATH, "Add", self._post),
            ("PUT", f"{PATH}/{{level}}/{{code}}", "Edit", self._put),
            ("PATCH", f"{PATH}/{{level}}/{{code}}", "Edit", self._patch),
        )
        return [
            Endpoint(
                method=method, path=path, permission=permission, rights=(right,), answer=answer, kind="write"
            )
            for method, path, right, answer in table
        ]

    def _closed(self) -> Response | None:
        """The answer where the vendor opens the writes to nobody."""
        match self._tenant.switches["org_level_writes"]:
            case "403":
                return empty(403)
            case "405":
                return empty(405, {"Allow": "GET"})
            case _:
                return None

    def _post(self, request: Request, params: Mapping[str, str]) -> Response:
        closed = self._closed()
        if closed is not None:
            return closed
        switches = self._tenant.switches
        known = {self._folded(row): row for row in org_levels(self._tenant.book).values()}
        results = [
            self._made(sequence, given, known)
            for sequence, given in enumerate(read_rows(request, switches), start=1)
        ]
        if switches["org_level_answer"] == "array":
            return json_response([_multi_status([result]) for result in results], status=207)
        return json_response(_multi_status(results), status=207)

    def _made(self, sequence: int, given: Any, known: dict[Key, Json]) -> tuple[Json, Json | None]:
        """What the 207 says of a row, and its error if it was refused."""
        try:
            status, row = self._make(given, known)
        except BadParameter as error:
            return self._refusal(sequence, error)
        shown: Mapping[str, Json] = {
            "level": {"body": row},
            "schema": {"body": {"schema": row}},
            "key": {"body": {"level": row["level"], "code": row["code"]}},
            "none": {},
        }
        as_word = self._tenant.switches["org_level_status"] == "word"
        result = {"sequenceId": sequence, "status": "success" if as_word else status}
        return {**result, **shown[self._tenant.switches["org_level_row"]]}, None

    def _make(self, given: Any, known: dict[Key, Json]) -> tuple[str, Json]:
        """The status of the row and the org level it made, which from then on is known."""
        tenant, switches = self._tenant, self._tenant.switches
        row = new_level(given, switches)
        key = self._folded(row)
        held = known.get(key)
        if held is None:
            known[key] = row
            add_org_level(tenant, row, tenant.book.companies[0])
            return str(switches["org_level_status"]), row
        if switches["org_level_duplicate"] != "update":
            text = f"The code {held['code']} of level {held['level']} exists already."
            raise Refused("code", text, switches["org_level_duplicate"])
        said = {name: value for name, value in row.items() if name not in FIXED}
        known[key] = change_org_level(tenant, held, self._allowed(held, said))
        return "200", known[key]

    def _refusal(self, sequence: int, error: BadParameter) -> tuple[Json, Json]:
        status = error.status if isinstance(error, Refused) else "400"
        fault = {"message": error.message, "type": "ValidationError"}
        name = f"org-levels/{self._tenant.seed}/{sequence}/{error.name}/{error.message}"
        as_word = self._tenant.switches["org_level_status"] == "word"
        result = {
            "sequenceId": sequence,
            "status": "error" if as_word else status,
            "modelstate": {error.name: [fault]},
        }
        return result, {
            "title": HTTPStatus(int(status)).phrase,
            "refId": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            "type": "ValidationError",
            "detail": error.message,
        }

    def _put(self, request: Request, params: Mapping[str, str]) -> Response:
        return self._update(request, params, is_whole=True)

    def _patch(self, request: Request, params: Mapping[str, str]) -> Response:
        return self._update(request, params, is_whole=False)

    def _update(self, request: Request, params: Mapping[str, str], *, is_whole: bool) -> Response:
        closed = self._closed()
        if closed is not None:
            return closed
        held = find_org_level(self._tenant, params["level"], params["code"])
        if held is None:
            return empty(404)
        said = read_update(request, self._tenant.switches)
        self._check_fixed(held, said)
        if is_whole:
            said = self._filled(said)
        said = {name: value for name, value in said.items() if name not in FIXED}
        if is_whole or "description" in said:
            described(said, held["code"], self._tenant.switches)
        return json_response(change_org_level(self._tenant, held, self._allowed(held, said)))

    def _folded(self, row: Json) -> Key:
        return row["level"], folded(self._tenant, row["code"])

    def _check_fixed(self, held: Json, said: Json) -> None:
        switches = self._tenant.switches
        for name in ("level", "code"):
            if switches["org_level_key_in_body"] and said.get(name) is None:
                raise BadParameter(name, f"The {name} field is required.")
        given = {name: said[name] for name in FIXED if said.get(name) is not None}
        if folded(self._tenant, given.get("code", "")) == folded(self._tenant, held["code"]):
            given.pop("code")
        for name, value in given.items():
            if switches["org_level_fixed"] == "400" and value != held[name]:
                raise BadParameter(name, f"The field {name} cannot be updated.")

    def _filled(self, said: Json) -> Json:
        """What a PUT says, with what it does not say."""
        switches = self._tenant.switches
        if switches["org_level_put"] == "keep":
            return said
        missing = [name for name in FIELDS if name not in said]
        if switches["org_level_put"] == "all" and missing:
            raise BadParameter(missing[0], f"The {missing[0]} field is required.")
        return {**blank_level(), "isActive": switches["org_level_active_left_out"], **said}

    def _allowed(self, held: Json, said: Json) -> Json:
        """The change, unless it closes what is in use and must not be closed."""
        may_close = self._tenant.switches["org_level_used_closes"]
        closes = held["isActive"] and not said.get("isActive", True)
        if closes and not may_close and is_used(self._tenant.book, held["level"], held["code"]):
            raise BadParameter("isActive", f"The code {held['code']} is in use.")
        return said


def _multi_status(results: list[tuple[Json, Json | None]]) -> Json:
    """The vendor's answer about several rows; it counts errors twice, under two spellings."""
    errors = [error for _, error in results if error is not None]
    return {
        "title": "Org Levels",
        "type": "multistatus",
        "detail": None,
        "errorCount": len(errors),
        "success_count": len(results) - len(errors),
        "error_count": len(errors),
        "multistatus": [result for result, _ in results],
        "errors": errors,
    }
