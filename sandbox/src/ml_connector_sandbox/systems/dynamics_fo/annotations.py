"""How much an answer says about itself: `odata.metadata` as minimal, none or full, asked for by `Accept` or
`$format`.

The vendor's own material shows minimal alone; none and full follow the standard, by switch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Request, Row
from ml_connector_sandbox.systems.dynamics_fo.render import key_text
from ml_connector_sandbox.systems.dynamics_fo.schema import NAMESPACE, Entity

_LEVEL = re.compile(r"odata\.metadata\s*=\s*\"?(minimal|none|full)", re.IGNORECASE)
_PAGE_SIZE = re.compile(r"(?:odata\.)?maxpagesize\s*=\s*([0-9]{1,9})\b", re.IGNORECASE)
_KEPT = ("@odata.count", "@odata.nextLink")
_TYPES = {"Date": "DateTimeOffset", "DateTime": "DateTimeOffset", "Decimal": "Decimal", "Int64": "Int64"}
"""What JSON cannot say about a value; texts and whole numbers of 32 bits say it themselves."""


def level_of(request: Request, switches: Switches) -> str:
    """`minimal`, `none` or `full`; `$format` goes before `Accept`."""
    if not switches["metadata_levels"]:
        return "minimal"
    wished = next((value for name, value in request.query if name == "$format"), "") or request.headers.get(
        "accept", ""
    )
    found = _LEVEL.search(wished)
    return found[1].lower() if found else "minimal"


def page_rows(request: Request, switches: Switches) -> tuple[int, dict[str, str]]:
    """How many rows a page holds, and the header that says a wish for fewer was granted."""
    most = max(1, int(switches["page_rows_max"]))
    wished = _PAGE_SIZE.search(request.headers.get("prefer", ""))
    if not switches["honours_page_size"] or wished is None or not 0 < int(wished[1]) < most:
        return most, {}
    return int(wished[1]), {"Preference-Applied": f"odata.maxpagesize={wished[1]}"}


def content_type(level: str) -> dict[str, str]:
    """The header that names the level."""
    return {"Content-Type": f"application/json; odata.metadata={level}"}


def dressed(entity: Entity, row: Row, made: dict[str, Any], base_url: str, level: str) -> dict[str, Any]:
    """An object of an answer with as many annotations as the level has."""
    if level == "minimal":
        return made
    if level == "none":
        return bare(made)
    address = key_text(entity, row)
    full: dict[str, Any] = {
        "@odata.type": f"#{NAMESPACE}.{entity.type}",
        "@odata.id": f"{base_url}/data/{address}",
    }
    full |= {"@odata.etag": made.get("@odata.etag"), "@odata.editLink": address}
    for name, value in made.items():
        known = entity.properties.get(name)
        if known is not None and value is not None:
            kind = f"{NAMESPACE}.{known.enum}" if known.enum else _TYPES.get(known.type, "")
            full |= {f"{name}@odata.type": f"#{kind}"} if kind else {}
        full[name] = value
    return full


def bare(made: Mapping[str, Any]) -> dict[str, Any]:
    """An object without annotations, but for what paging needs."""
    return {name: value for name, value in made.items() if not name.startswith("@odata.") or name in _KEPT}
