"""The documents about the service itself: the list of sets, the CSDL, and the JSON metadata service."""

from __future__ import annotations

import re
from collections.abc import Collection

from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.dynamics_fo.entities import NAMESPACE, Entity, Property, entities, enums
from ml_connector_sandbox.systems.dynamics_fo.render import Failed, json_response, metadata


def answer(request: Request, hidden: Collection[str]) -> Response | None:
    """The document at that address; None when there is none."""
    path = request.path.rstrip("/")
    shown = [entity for entity in entities().values() if entity.name not in hidden]
    if path == "/data":
        sets = [{"name": entity.name, "kind": "EntitySet", "url": entity.name} for entity in shown]
        return json_response(200, {"@odata.context": f"{request.base_url}/data/$metadata", "value": sets})
    if path == "/data/$metadata":
        return Response(
            status=200,
            headers={"Content-Type": "application/xml", "OData-Version": "4.0"},
            body=metadata(hidden).encode(),
        )
    found = re.fullmatch(r"/metadata/(DataEntities|PublicEntities|PublicEnumerations)(?:\('(\w+)'\))?", path)
    if found is None:
        return None
    if found[1] == "PublicEnumerations":
        return _of(request, {name: _enumeration(name) for name in enums()}, found[2])
    describe = _public if found[1] == "PublicEntities" else _data_entity
    return _of(request, {entity.type: describe(entity) for entity in shown}, found[2])


def _of(request: Request, rows: dict[str, Json], name: str | None) -> Response:
    if name is None:
        return json_response(200, {"value": list(rows.values())})
    if name not in rows:
        raise Failed(
            404,
            f"No HTTP resource was found that matches the request URI '{request.base_url}{request.path}'.",
        )
    return json_response(200, rows[name])


def _data_entity(entity: Entity) -> Json:
    return {
        "Name": entity.aot,
        "PublicEntityName": entity.type,
        "PublicCollectionName": entity.name,
        "DataServiceEnabled": True,
        "IsReadOnly": entity.verbs == "G",
    }


def _public(entity: Entity) -> Json:
    return {
        "Name": entity.type,
        "EntitySetName": entity.name,
        "IsReadOnly": entity.verbs == "G",
        "Properties": [_property(entity, known) for known in entity.properties.values()],
    }


def _property(entity: Entity, known: Property) -> Json:
    edm = "DateTimeOffset" if known.type in ("Date", "DateTime") else known.type
    return {
        "Name": known.name,
        "TypeName": f"{NAMESPACE}.{known.enum}" if known.enum else f"Edm.{edm}",
        "IsKey": known.key,
        "IsMandatory": known.key and not known.numbered,
        "AllowEdit": "U" in entity.verbs and not known.fixed and not known.read_only,
        "AllowEditOnCreate": "P" in entity.verbs and not known.read_only and not known.numbered,
    }


def _enumeration(name: str) -> Json:
    return {
        "Name": name,
        "Members": [{"Name": member, "Value": value} for value, member in enumerate(enums()[name])],
    }
