"""Custom fields of documents and of items with their options: cost centers, projects, accounts."""

from __future__ import annotations

import json
import re

from ml_connector_sandbox.core.vendor import Response, Row
from ml_connector_sandbox.systems.precoro.answers import invalid, json_answer, not_found
from ml_connector_sandbox.systems.precoro.endpoint import Answer, Call, Endpoint
from ml_connector_sandbox.systems.precoro.masters import (
    check_length,
    check_parent,
    fresh,
    named,
    set_external_id,
    unique,
    values_of,
)

FAMILIES = ("itemcustomfields", "documentcustomfields")
DROP_DOWN, TEXT, DATE = 0, 1, 2
TYPE_NAMES = {DROP_DOWN: "dropdown", TEXT: "text", DATE: "date"}
ON_LEGAL_ENTITY = "1"
_OWN_ID = {
    "itemcustomfields": "item_custom_field_option_id",
    "documentcustomfields": "document_custom_field_option_id",
}


def _list(family: str) -> Answer:
    return lambda call: call.listing("customfields", table=family)


def _detail(family: str) -> Answer:
    return lambda call: call.detail("customfields", call.found(family))


def _options(family: str) -> Answer:
    def answer(call: Call) -> Response:
        field = call.found(family)
        rows = call.book.options(family, field["id"])
        if call.tenant.switches["disabled_options_hidden"]:
            rows = [row for row in rows if row["enable"]]
        return call.listing("customfield_options", table=f"{family}_options", rows=rows)

    return answer


def _option(call: Call, family: str) -> Row:
    """The option that the path names, if it is of the field that the path names."""
    field, row = call.found(family), call.found(f"{family}_options", "option")
    if row["field"] != field["id"]:
        raise not_found()
    return row


def _values(call: Call, family: str, field: Row, row: Row | None) -> Row:
    form = call.form()
    values = values_of("options", form, whole=True)
    check_length(call.tenant.switches, values)
    if "parent" in form:
        values["parent"] = named(call.book, form, "parent", f"{family}_options")
        check_parent(call.book, family, field["id"], values["parent"], row)
    twins = [held for held in call.book.options(family, field["id"]) if held is not row]
    if values.get("code") is not None and any(held["code"] == values["code"] for held in twins):
        unique(call.book, call.tenant.switches, f"{family}_options", "code", values["code"], row)
    return values


def _create(family: str) -> Answer:
    def answer(call: Call) -> Response:
        field = call.found(family)
        call.may_write(family)
        if field["type"] != DROP_DOWN:
            raise invalid(customField="This field has no options.")
        values = _values(call, family, field, None)
        row = call.book.add(
            f"{family}_options",
            {**fresh("options"), **values, "field": field["id"], "family": family, "entities": []},
        )
        call.tell(f"{family}_options", row, created=True)
        return call.detail("customfield_options", row, 201)

    return answer


def _replace(family: str) -> Answer:
    def answer(call: Call) -> Response:
        row = _option(call, family)
        call.may_write(family)
        row.update(_values(call, family, call.found(family), row), updateDate=call.book.now())
        call.tell(f"{family}_options", row)
        return call.detail("customfield_options", row)

    return answer


def _mark(family: str) -> Answer:
    def answer(call: Call) -> Response:
        row = _option(call, family)
        call.may_write(family)
        table, switches = f"{family}_options", call.tenant.switches
        if set_external_id(call.book, switches, table, row, call.form()) and switches["patch_notifies"]:
            call.tell(table, row)
        return call.detail("customfield_options", row)

    return answer


def _depends(family: str, *, adds: bool) -> Answer:
    """An option that only some legal entities have: `entity_ids` is `7` or `[7, 9]`."""

    def answer(call: Call) -> Response:
        call.may_write(family)
        form = call.form()
        row = call.book.get(f"{family}_options", named(call.book, form, _OWN_ID[family], f"{family}_options"))
        if row is None:
            raise invalid(**{_OWN_ID[family]: "This value should not be blank."})
        if form.get("depend_type") != ON_LEGAL_ENTITY:
            raise invalid(depend_type="The selected choice is invalid.")
        keys = _entities(call, form.get("entity_ids"))
        held = [key for key in row["entities"] if key not in keys]
        row.update(entities=[*held, *keys] if adds else held, updateDate=call.book.now())
        return json_answer({"data": {"id": row["id"], "entity_ids": row["entities"]}})

    return answer


def _entities(call: Call, given: object) -> list[int]:
    text = given if isinstance(given, str) else ""
    keys = (
        json.loads(text)
        if re.fullmatch(r"\[\s*[1-9]\d{0,8}(\s*,\s*[1-9]\d{0,8})*\s*\]", text, re.ASCII)
        else [int(text)]
        if re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII)
        else []
    )
    if not keys or any(call.book.get("legalentities", key) is None for key in keys):
        raise invalid(entity_ids="The selected choice is invalid.")
    found: list[int] = keys
    return found


def endpoints() -> list[Endpoint]:
    """Every path of both families."""
    paths = [
        ("GET", "", _list),
        ("PATCH", "/options/depend_add", lambda family: _depends(family, adds=True)),
        ("PATCH", "/options/depend_remove", lambda family: _depends(family, adds=False)),
        ("GET", "/{key}", _detail),
        ("GET", "/{key}/options", _options),
        ("POST", "/{key}/options", _create),
        ("PUT", "/{key}/options/{option}", _replace),
        ("PATCH", "/{key}/options/{option}", _mark),
    ]
    return [
        Endpoint(method=method, path=f"/{family}{tail}", answer=make(family))
        for family in FAMILIES
        for method, tail, make in paths
    ]
