"""The documents about the service itself: the list of sets, the CSDL, and the JSON metadata service."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.dynamics_fo.render import Failed, json_response, metadata
from ml_connector_sandbox.systems.dynamics_fo.schema import NAMESPACE, Entity, Property, entities, enums


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
    found = _DOCUMENT.fullmatch(path)
    if found is None:
        return None
    return _of(request, found[1], found[2], shown)


_DOCUMENT = re.compile(r"/metadata/(DataEntities|PublicEntities|PublicEnumerations|Labels)(?:\((.*)\))?")
_KEY = re.compile(r"(?:(?:Name|Id)=)?'([^']*)'(?:,Language='([^']*)')?")
_OPTIONS = ("$top", "$skip", "$count")
LABELS = "@Sandbox"
"""The file of the labels, which are ours: the vendor's ids are not public."""


def _of(request: Request, kind: str, key: str | None, shown: Sequence[Entity]) -> Response:
    """The documents of a kind, or the one of that key."""
    context = f"{request.base_url}/metadata/$metadata#{kind}"
    if key is None:
        return json_response(200, {"@odata.context": context, **_page(request, list(_rows(kind, shown)))})
    found = _KEY.fullmatch(key)
    if found is None:
        raise Failed(400, f"Bad key predicate '{key}'.")
    names = {"Labels": "Id", "DataEntities": "PublicEntityName"}
    row = next((row for row in _rows(kind, shown) if row[names.get(kind, "Name")] == found[1]), None)
    if row is None and kind == "Labels":
        row = {"Id": found[1], "Value": ""}
    if row is None:
        raise Failed(
            404,
            f"No HTTP resource was found that matches the request URI '{request.base_url}{request.path}'.",
        )
    language = {"Language": found[2] or "en-us"} if kind == "Labels" else {}
    return json_response(200, {"@odata.context": f"{context}/$entity", **row, **language})


def _rows(kind: str, shown: Sequence[Entity]) -> Iterator[Json]:
    match kind:
        case "PublicEnumerations":
            yield from (_enumeration(name) for name in enums())
        case "PublicEntities":
            yield from (_public(entity) for entity in shown)
        case "DataEntities":
            yield from (_data_entity(entity) for entity in shown)
        case _:
            yield from ({"Id": _label(e), "Language": "en-us", "Value": e.label} for e in shown)


def _page(request: Request, rows: list[Json]) -> Json:
    """The rows that `$top` and `$skip` leave over, counted when asked; 400 for any other option."""
    given = {name: value for name, value in request.query if name.startswith("$")}
    unknown = sorted(set(given) - set(_OPTIONS))
    if unknown:
        raise Failed(400, f"The query parameter '{unknown[0]}' is not supported.")
    for name in ("$top", "$skip"):
        if not re.fullmatch(r"[0-9]{1,9}", given.get(name, "0")):
            raise Failed(400, f"Invalid value '{given[name]}' for {name} query option found.")
    start = int(given.get("$skip", "0"))
    stop = start + int(given["$top"]) if "$top" in given else len(rows)
    counted = {"@odata.count": len(rows)} if given.get("$count", "").lower() == "true" else {}
    return {**counted, "value": rows[start:stop]}


def _label(entity: Entity) -> str:
    return f"{LABELS}:{entity.type}"


def _data_entity(entity: Entity) -> Json:
    return {
        "Name": entity.aot,
        "PublicEntityName": entity.type,
        "PublicCollectionName": entity.name,
        "LabelId": _label(entity),
        "DataServiceEnabled": True,
        "IsReadOnly": entity.verbs == "G",
    }


def _public(entity: Entity) -> Json:
    return {
        "Name": entity.type,
        "EntitySetName": entity.name,
        "LabelId": _label(entity),
        "IsReadOnly": entity.verbs == "G",
        "Properties": [_property(entity, known) for known in entity.properties.values()],
    }


_DATA_TYPES = {"Decimal": "Real", "DateTime": "UtcDateTime"}
"""How the product's language calls a type where OData has another word for it."""


def _property(entity: Entity, known: Property) -> Json:
    edm = "DateTimeOffset" if known.type in ("Date", "DateTime") else known.type
    return {
        "Name": known.name,
        "TypeName": f"{NAMESPACE}.{known.enum}" if known.enum else f"Edm.{edm}",
        "DataType": _DATA_TYPES.get(known.type, known.type),
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
