"""The query of a list: status, dates in both dialects, external ids, and whatever else a resource takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.precoro.answers import invalid
from ml_connector_sandbox.systems.precoro.invoices import CREDITS, approved_at
from ml_connector_sandbox.systems.precoro.masters import supplier_status
from ml_connector_sandbox.systems.precoro.schema import plain_fields

Test = Callable[[Row], bool]
DOCUMENT = (
    *("modifiedSince", "status", "approvalLeftDate", "approvalRightDate", "approvalDate", "createDate", "id"),
    *("sent_to_external", "external_id", "supplier"),
)
TAKEN = {
    "invoices": (*DOCUMENT, "logicType"),
    "purchaseorders": (*DOCUMENT, "logicType"),
    "receipts": DOCUMENT,
    "expenses": tuple(name for name in DOCUMENT if name != "external_id"),
    "payments": ("modifiedSince", "external_id", "id"),
    "suppliers": ("modifiedSince", "status", "enable", "externalIntegrated", "external_id", "id"),
    "items": ("modifiedSince", "supplier", "external_id", "id"),
    "customfield_options": ("external_id", "enable"),
    **dict.fromkeys(("taxes", "paymentterms", "locations", "legalentities"), ("external_id",)),
}
"""The filters of each resource; others are ignored, but a supplier's own fields can be asked for."""
KNOWN = frozenset({name for names in TAKEN.values() for name in names} | {"page", "per_page"})
_YES, _NO = ("1", "true"), ("0", "false")


def selected(
    resource: str, rows: list[Row], query: Iterable[tuple[str, str]], switches: Switches
) -> list[Row]:
    """The rows that the query asks for; `Refused` for a value that does not fit."""
    wanted: dict[str, list[str]] = {}
    for name, value in query:
        base, _, rest = name.partition("[")
        wanted.setdefault(base + ("[" + rest if rest.endswith("_date]") else ""), []).append(value)
    tests = [
        test
        for name, values in wanted.items()
        for test in (_test(resource, name, values, switches),)
        if test is not None
    ]
    if resource == "invoices" and "logicType" not in wanted and not switches["credit_notes_unfiltered"]:
        tests.append(lambda row: row["logicType"] not in CREDITS)
    return [row for row in rows if all(test(row) for test in tests)] if tests else rows


def _test(resource: str, name: str, values: list[str], switches: Switches) -> Test | None:
    """The test of one filter; None for one that the resource does not have."""
    taken = TAKEN.get(resource, ())
    if name.partition("[")[0] not in taken:
        if resource == "suppliers" and name in plain_fields("suppliers"):
            return lambda row: _same(_of_supplier(row, name), values[-1])
        return None
    if name in ("status", "logicType", "id"):
        chosen = {_whole(name, value) for value in values}
        if resource == "suppliers" and name == "status":
            return lambda row: supplier_status(row, switches) in chosen
        return lambda row: row.get(name) in chosen
    if name == "supplier":
        suppliers = {_whole(name, value) for value in values}
        return lambda row: row.get("supplier") in suppliers
    if name == "enable":
        return lambda row: _same(row["enable"], values[-1])
    if name == "external_id":
        if resource == "payments" and switches["payments_by_external_id"] == "ignored":
            return None
        held = set(values)
        return lambda row: row["externalId"] in held
    if name in ("sent_to_external", "externalIntegrated"):
        sent = _truth(name, values[-1])
        return lambda row: sent == (row["externalId"] is not None and bool(switches["sent_flag_follows_id"]))
    return _dated(name, values[-1], switches)


def _of_supplier(row: Row, name: str) -> Any:
    """A field as it is shown."""
    return not row["legalEntities"] if name == "isAllAccessLegalEntity" else row.get(name)


def _dated(name: str, text: str, switches: Switches) -> Test:
    """`modifiedSince` in one dialect, dates of approval and creation in two."""
    ahead = timedelta(hours=int(switches["modified_since_hours"]))
    if name == "modifiedSince":
        since = _moment(name, text) - ahead
        if switches["modified_since_inclusive"]:
            return lambda row: bool(row["updateDate"] >= since)
        return lambda row: bool(row["updateDate"] > since)
    if name in ("approvalLeftDate", "approvalRightDate"):
        moment = _moment(name, text) - ahead
        if name == "approvalLeftDate":
            return lambda row: _between(_approved(row, switches), moment, None)
        return lambda row: _between(_approved(row, switches), None, moment)
    field, _, side = name.partition("[")
    day = _day(name, text) - ahead
    last = day + timedelta(days=1, seconds=-1)

    def within(row: Row) -> bool:
        moment = _approved(row, switches) if field == "approvalDate" else row["createDate"]
        return _between(moment, day, None) if side.startswith("left") else _between(moment, None, last)

    return within


def _approved(row: Row, switches: Switches) -> datetime | None:
    return approved_at(row, switches) if "logicType" in row else row.get("approvalDate")


def _between(moment: datetime | None, first: datetime | None, last: datetime | None) -> bool:
    return moment is not None and (first is None or moment >= first) and (last is None or moment <= last)


def _moment(name: str, text: str) -> datetime:
    """`YYYY-MM-DDTHH:MM:SS`, with a zone or, as documented, without."""
    try:
        given = datetime.fromisoformat(text)
        if not 1971 <= given.year <= 8_999:
            raise ValueError(text)
    except ValueError as error:
        raise invalid(**{name: "This value is not a valid datetime."}) from error
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)


def _day(name: str, text: str) -> datetime:
    """`DD.MM.YYYY`."""
    try:
        given = datetime.strptime(text, "%d.%m.%Y").replace(tzinfo=UTC)
        if not 1971 <= given.year <= 8_999:
            raise ValueError(text)
    except ValueError as error:
        raise invalid(**{name: "This value is not a valid date."}) from error
    return given


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise invalid(**{name: "This value is not valid."})
    return int(text)


def _truth(name: str, text: str) -> bool:
    if text.lower() not in (*_YES, *_NO):
        raise invalid(**{name: "This value is not valid."})
    return text.lower() in _YES


def _same(held: Any, text: str) -> bool:
    if isinstance(held, bool):
        return text.lower() in (_YES if held else _NO)
    return ("" if held is None else str(held)) == text


def values_of(query: Sequence[tuple[str, str]], name: str) -> str | None:
    """The last value of a parameter."""
    return next((value for held, value in reversed(query) if held == name), None)
