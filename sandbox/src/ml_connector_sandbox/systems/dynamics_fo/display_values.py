"""The two actions that build a display string: the server joins and escapes, and skips what the format does
not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Request, Response
from ml_connector_sandbox.systems.dynamics_fo import dimensions
from ml_connector_sandbox.systems.dynamics_fo.address import Address
from ml_connector_sandbox.systems.dynamics_fo.body import parse_object
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.render import Failed, json_response

_KINDS = {
    ("DimensionSets", "getSetDisplayValue"): dimensions.DEFAULT_FORMAT,
    ("DimensionCombinations", "getCombinationDisplayValue"): dimensions.LEDGER_FORMAT,
}


def answer(book: Book, switches: Switches, address: Address, request: Request) -> Response:
    """The display string of the named dimensions and values."""
    action = address.tail.rpartition(".")[2]
    kind = _KINDS.get((address.set_name, action))
    if kind is None:
        raise Failed(
            404,
            f"No HTTP resource was found that matches the request URI '{request.base_url}{request.path}'.",
        )
    given = parse_object(request.body)
    try:
        text = _display(book, switches, kind, given)
    except Broken as broken:
        text = (
            f"Exception occurred while executing action {action} on Entity"
            f" {address.set_name.removesuffix('s')}: {broken}"
        )
        raise Failed(500, text, "System.InvalidOperationException") from broken
    return json_response(
        200, {"@odata.context": f"{request.base_url}/data/$metadata#Edm.String", "value": text}
    )


def _display(book: Book, switches: Switches, kind: str, given: Mapping[str, Any]) -> str:
    names, values = given.get("_attributeNames"), given.get("_attributeValues")
    if not isinstance(names, list) or not isinstance(values, list) or len(names) != len(values):
        raise Failed(400, "_attributeNames and _attributeValues must be lists of the same length.")
    held = {str(name): str(value) for name, value in zip(names, values, strict=True)}
    segments = [held.get(name, "") for name in dimensions.active_format(book, kind)]
    return dimensions.join(segments, dimensions.delimiter(book), trim=switches["trims_trailing_blanks"])
