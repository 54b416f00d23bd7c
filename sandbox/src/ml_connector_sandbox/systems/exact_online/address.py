"""What a request asks for: its division, its entity set, its key, read from the path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ml_connector_sandbox.systems.exact_online.odata import SYNTAX, BadQuery, parse_literal
from ml_connector_sandbox.systems.exact_online.schema import Entity, find

_KEYED = re.compile(r"(?P<set>[^()]+?)(?:\((?P<key>.*)\)(?:/(?P<child>\w+))?)?(?P<count>/\$count)?")
_PARTS = re.compile(r"(?:[^,']|'(?:[^']|'')*')+")
_DATA = re.compile(r"/api/v1/+(?P<division>[0-9]{1,9})/(?P<rest>.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """One address inside a division; `entity` is None when there is no such set."""

    division: str
    endpoint: str
    entity: Entity | None
    key: str | None = None
    child: str | None = None
    count: bool = False

    def key_values(self) -> dict[str, Any]:
        """The key by property name; raises `BadQuery` for one that cannot be read."""
        assert self.entity is not None
        assert self.key is not None
        parts = _PARTS.findall(self.key)
        named = [part.partition("=") for part in parts]
        if len(parts) == 1 and not re.match(r"\s*\w+=", parts[0]):
            named = [(self.entity.keys[0], "=", parts[0])]
        values = {name.strip(): parse_literal(text) for name, _, text in named}
        if set(values) != set(self.entity.keys):
            raise BadQuery(SYNTAX)
        for name, value in values.items():
            kind = self.entity.properties[name].type
            if isinstance(value, str) is not (kind in ("Guid", "String")):
                raise BadQuery(SYNTAX)
        return values


def aim(path: str) -> Aim | None:
    """Read a decoded path; None for what is not an address inside a division."""
    found = _DATA.fullmatch(path)
    if found is None:
        return None
    rest = found["rest"].strip("/")
    keyed = _KEYED.fullmatch(rest)
    if keyed is None:
        return Aim(division=found["division"], endpoint=rest, entity=None)
    return Aim(
        division=found["division"],
        endpoint=keyed["set"],
        entity=find(keyed["set"]),
        key=keyed["key"],
        child=keyed["child"],
        count=keyed["count"] is not None,
    )
