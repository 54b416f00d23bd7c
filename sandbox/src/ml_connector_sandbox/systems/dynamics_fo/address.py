"""What a call is about: its entity set, its key, and what follows, read from the path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ml_connector_sandbox.core.vendor import Request
from ml_connector_sandbox.systems.dynamics_fo.odata import fits, parse_literal
from ml_connector_sandbox.systems.dynamics_fo.render import Failed
from ml_connector_sandbox.systems.dynamics_fo.schema import NAMESPACE, Entity

_ADDRESS = re.compile(r"/data/(\w+)(?:\(((?:[^()']|'(?:[^']|'')*')*)\))?(?:/(.+?))?/?")
_KEY_PART = re.compile(r"\s*(?:(\w+)\s*=\s*)?((?:[\w.]+)?'(?:[^']|'')*'|[^,']+?)\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class Address:
    """A path under `/data`: the set, its key as written, and what follows."""

    set_name: str
    key: str | None
    tail: str


def rooted(target: str) -> str:
    """The target with its root in lower case, `/data` or `/metadata`; what follows counts to the letter."""
    return re.sub(
        r"^/(?:data|metadata)(?=[/?]|$)", lambda found: found.group().lower(), target, flags=re.IGNORECASE
    )


def address_of(request: Request) -> Address | None:
    """The address of a call; None when it is none of a set."""
    found = _ADDRESS.fullmatch(request.path)
    return Address(found[1], found[2], found[3] or "") if found else None


def key_values(entity: Entity, text: str) -> dict[str, Any]:
    """The key parts by name; every part must be there. Raises `Failed` with 400."""
    values: dict[str, Any] = {}
    at = 0
    while at < len(text):
        found = _KEY_PART.match(text, at)
        if found is None or found.end() == at:
            raise Failed(400, f"Bad key predicate '{text}'.")
        name = found[1] or (entity.keys[0] if len(entity.keys) == 1 else "")
        if name not in entity.keys:
            raise Failed(
                400, f"The key predicate '{text}' does not name the keys of '{NAMESPACE}.{entity.type}'."
            )
        values[name] = fits(entity.properties[name], parse_literal(found[2]))
        at = found.end()
    if set(values) != set(entity.keys):
        raise Failed(
            400,
            "The number of keys specified in the URI does not match number of key properties for the"
            f" resource '{entity.name}'.",
        )
    return values
