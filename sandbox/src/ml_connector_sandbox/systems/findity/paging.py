"""Pages of a list, in each of the ways a vendor might have, and lists that move while they are read."""

from __future__ import annotations

from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Request, Response, Row
from ml_connector_sandbox.systems.findity.answers import Refused, json_answer

_MAX = 1_000_000_000


def page_of(rows: list[Row], request: Request, switches: Switches) -> list[Row]:
    """The rows that were asked for."""
    if switches["page_by"] == "none":
        return rows
    size = max(
        1, min(_number(request, switches, "size", int(switches["page_size"])), int(switches["page_size_max"]))
    )
    if switches["page_by"] == "offset":
        start = _number(request, switches, "offset", 0)
    else:
        page = _number(request, switches, "page", 1)
        if page < 1:
            raise Refused(400, f"{switches['parameter_page']}: from 1")
        start = (page - 1) * size
    if start > 0:
        start = max(0, start + {"none": 0, "skip": 1, "repeat": -1}[str(switches["page_drift"])])
    return rows[start : start + size]


def listed(items: list[Any], total: int, switches: Switches) -> Response:
    """A page as it is sent."""
    if switches["list_as"] == "array":
        return json_answer(items, switches)
    return json_answer({"items": items, "totalCount": total}, switches)


def _number(request: Request, switches: Switches, name: str, usual: int) -> int:
    asked = dict(request.query).get(str(switches[f"parameter_{name}"]))
    if asked is None:
        return usual
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
        raise Refused(400, f"{switches[f'parameter_{name}']}: a whole number is expected")
    return min(int(asked), _MAX)
