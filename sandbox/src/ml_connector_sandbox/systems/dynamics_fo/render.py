"""What the vendor writes: exact JSON, rows with their ETag first, its error body and its CSDL."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from html import escape
from json.encoder import encode_basestring_ascii as quote
from typing import Any

from ml_connector_sandbox.core.vendor import Response, Row
from ml_connector_sandbox.systems.dynamics_fo.schema import (
    ACTIONS,
    NAMESPACE,
    NAVIGATION,
    Entity,
    Navigation,
    Property,
    entities,
    enums,
)

JSON_TYPE = "application/json; odata.metadata=minimal"
WRITE_FAILURE = "Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataWriteException"
SECURITY = "Microsoft.Dynamics.Platform.Integration.Services.OData.ODataSecurityException"
BAD_REQUEST = "Microsoft.OData.ODataException"
_STACK = "   at Microsoft.Dynamics.Platform.Integration.Services.OData.Update.UpdateProcessor.Execute()"


class Failed(Exception):
    """The vendor answers with an error; `kind` is the .NET type it names."""

    def __init__(
        self, status: int, message: str, kind: str = BAD_REQUEST, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.headers = dict(headers or {})


def error_response(failed: Failed) -> Response:
    """The vendor's error body: an empty code, and the text that matters inside."""
    inner = {"message": failed.message, "type": failed.kind, "stacktrace": _STACK}
    body = {"error": {"code": "", "message": "An error has occurred.", "innererror": inner}}
    headers = {"Content-Type": JSON_TYPE, "OData-Version": "4.0", **failed.headers}
    return Response(status=failed.status, headers=headers, body=json.dumps(body).encode())


def json_response(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """JSON with decimals as they are."""
    return Response(
        status=status,
        headers={"Content-Type": JSON_TYPE, "OData-Version": "4.0", **(headers or {})},
        body=to_json(value).encode(),
    )


def to_json(value: Any) -> str:
    """JSON text; a `Decimal` becomes a number with exactly its digits, without trailing zeros."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{quote(name)}:{to_json(held)}" for name, held in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(to_json(held) for held in value) + "]"
    return json.dumps(value)


def number_text(value: Decimal) -> str:
    """A decimal number as the vendor writes it: `50000`, `100.5`, `0`."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def etag(row: Row) -> str:
    """The weak ETag of a row: its version and RecId, quoted and in base64."""
    return 'W/"' + base64.b64encode(f"'{row['RecVersion']},{row['RecId']}'".encode()).decode() + '"'


def row_json(entity: Entity, row: Row, select: Sequence[str] | None = None) -> dict[str, Any]:
    """A row as an object: the ETag, the key, the rest in the set's order."""
    known = entity.properties
    if select is not None:
        return {
            "@odata.etag": etag(row),
            **{name: wire_value(known[name], row.get(name, ...)) for name in select},
        }
    given = {name: wire_value(known[name], value) for name, value in row.items() if name in known}
    return {"@odata.etag": etag(row), **_blank_row(entity.name), **given}


@cache
def _blank_row(set_name: str) -> dict[str, Any]:
    return {name: wire_value(known, ...) for name, known in entities()[set_name].properties.items()}


def wire_value(known: Property, value: Any) -> Any:
    """One value as JSON holds it; a day stands at noon UTC."""
    if value is ...:
        value = known.blank
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    if isinstance(value, date):
        return f"{value.isoformat()}T12:00:00Z"
    return value


def key_text(entity: Entity, row: Row) -> str:
    """The key of a row as it stands in an address."""
    parts = []
    for name in entity.keys:
        value = wire_value(entity.properties[name], row.get(name, ...))
        quoted = entity.properties[name].type == "String"
        parts.append(
            f"{name}='{str(value).replace(chr(39), chr(39) * 2)}'"
            if quoted
            else f"{name}={to_json(value).strip(chr(34))}"
        )
    return f"{entity.name}({','.join(parts)})"


def metadata(hidden: Iterable[str]) -> str:
    """The CSDL document of every set but the hidden ones."""
    gone = set(hidden)
    shown = [entity for entity in entities().values() if entity.name not in gone]
    used = {known.enum for entity in shown for known in entity.properties.values() if known.enum}
    parts = [_enum_type(name) for name in sorted(used)] + [_entity_type(entity) for entity in shown]
    sets = "".join(_entity_set(entity) for entity in shown)
    parts += [_action(name, *facts) for name, facts in ACTIONS.items()]
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0"'
        ' xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices><Schema'
        f' Namespace="{NAMESPACE}"'
        f' xmlns="http://docs.oasis-open.org/odata/ns/edm">{"".join(parts)}<EntityContainer'
        f' Name="Resources">{sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
    )


def _enum_type(name: str) -> str:
    members = "".join(
        f'<Member Name="{escape(member)}" Value="{value}"/>' for value, member in enumerate(enums()[name])
    )
    return f'<EnumType Name="{name}">{members}</EnumType>'


def _entity_type(entity: Entity) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in entity.keys)
    fields = "".join(_property(known) for known in entity.properties.values())
    fields += "".join(_navigation(navigation) for navigation in NAVIGATION.get(entity.name, ()))
    return f'<EntityType Name="{entity.type}"><Key>{keys}</Key>{fields}</EntityType>'


def _navigation(navigation: Navigation) -> str:
    kind = f"{NAMESPACE}.{entities()[navigation.target].type}"
    return (
        f'<NavigationProperty Name="{navigation.name}"'
        f' Type="{f"Collection({kind})" if navigation.many else kind}"/>'
    )


def _entity_set(entity: Entity) -> str:
    paths = NAVIGATION.get(entity.name, ())
    bound = "".join(
        f'<NavigationPropertyBinding Path="{path.name}" Target="{path.target}"/>' for path in paths
    )
    return f'<EntitySet Name="{entity.name}" EntityType="{NAMESPACE}.{entity.type}">{bound}</EntitySet>'


def _action(name: str, set_name: str, parameters: Sequence[tuple[str, str]]) -> str:
    bound = f'<Parameter Name="{set_name}" Type="Collection({NAMESPACE}.{entities()[set_name].type})"/>'
    given = "".join(f'<Parameter Name="{parameter}" Type="{kind}"/>' for parameter, kind in parameters)
    return f'<Action Name="{name}" IsBound="true">{bound}{given}<ReturnType Type="Edm.String"/></Action>'


def _property(known: Property) -> str:
    kind = (
        f"{NAMESPACE}.{known.enum}"
        if known.enum
        else f"Edm.{'DateTimeOffset' if known.type in ('Date', 'DateTime') else known.type}"
    )
    required = known.key or (not known.enum and known.type != "String")
    scale = ' Scale="Variable"' if known.type == "Decimal" else ""
    return (
        f'<Property Name="{known.name}" Type="{kind}"'
        + (' Nullable="false"' if required else "")
        + f"{scale}/>"
    )
