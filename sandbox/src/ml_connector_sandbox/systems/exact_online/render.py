"""Rows on the wire: verbose JSON or Atom XML, dates as `/Date(ms)/`, Int64 as text, amounts exactly as
booked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ml_connector_sandbox.core.vendor import Request, Response, Row
from ml_connector_sandbox.systems.exact_online.schema import Entity, Property, child_of

JSON = "application/json;odata=verbose;charset=utf-8"
ATOM = "application/atom+xml;charset=utf-8"
_METADATA_NS = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
_DATA_NS = "http://schemas.microsoft.com/ado/2007/08/dataservices"
_EPOCH = datetime(1970, 1, 1)
_WITH_LINKS = ("Documents", "DocumentAttachments")
_LINKS = ("Url", "DocumentViewUrl")
_NUMBERS = {"Double", "Int16", "Int32", "Byte", "Decimal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a list answers: rows, with the address of the next page and the whole count where they apply."""

    rows: Sequence[Row]
    next_url: str | None = None
    count: int | None = None
    bare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How rows of one set are shown: chosen properties, and the child rows to nest by collection; `now` is
    when they are read.
    """

    entity: Entity
    root: str
    now: datetime
    select: tuple[str, ...] | None = None
    children: Mapping[str, Callable[[Row], Sequence[Row]]]

    def shown(self) -> tuple[Property, ...]:
        """The properties in the model's order; an expanded collection is shown even when not selected."""
        chosen = self.entity.properties if self.select is None else {*self.select, *self.children}
        return tuple(p for name, p in self.entity.properties.items() if name in chosen)

    def linked(self, row: Row) -> Row:
        """The row with the host in front of the addresses it holds."""
        if self.entity.name not in _WITH_LINKS:
            return row
        host = self.root.partition("/api/v1")[0]
        return {**row, **{name: host + row[name] for name in _LINKS if row.get(name)}}

    def uri(self, row: Row) -> str:
        """The row's own address."""
        return f"{self.root}/{self.entity.path}({key_text(self.entity, row)})"


def wants_json(request: Request) -> bool | None:
    """True for JSON, False for Atom, None when the caller accepts neither."""
    accept = request.headers.get("accept", "").lower()
    if "json" in accept:
        return True
    return False if not accept or "*/*" in accept or "atom" in accept else None


def key_text(entity: Entity, row: Row) -> str:
    """A key as it stands in an address: `guid'…'`, `5L`, `'GMD'`, `1204`, or `Journal='90',Period=1`."""
    texts = [(name, literal_text(entity.properties[name], row.get(name))) for name in entity.keys]
    return texts[0][1] if len(texts) == 1 else ",".join(f"{name}={text}" for name, text in texts)


def literal_text(known: Property, value: Any) -> str:
    """A value as a v3 literal."""
    if value is None:
        return "null"
    if known.type == "Guid":
        return f"guid'{value}'"
    if known.type == "Int64":
        return f"{value}L"
    if known.type == "DateTime":
        shown = value.isoformat(timespec="milliseconds") if value.microsecond else value.isoformat()
        return f"datetime'{shown}'"
    if known.type in _NUMBERS:
        return _number(value)
    if known.type == "Boolean":
        return "true" if value else "false"
    return "'" + str(value).replace("'", "''") + "'"


def list_response(request: Request, view: View, page: Page) -> Response:
    """A collection in the caller's format."""
    if not wants_json(request):
        return Response(status=200, headers={"Content-Type": ATOM}, body=_feed(view, page).encode())
    rows = "[" + ",".join(json_row(view, row) for row in page.rows) + "]"
    if page.bare:
        return _json_text(200, f'{{"d":{rows}}}')
    count = f',"__count":"{page.count}"' if page.count is not None else ""
    more = f',"__next":{json.dumps(page.next_url)}' if page.next_url else ""
    return _json_text(200, f'{{"d":{{"results":{rows}{count}{more}}}}}')


def entity_response(request: Request, view: View, row: Row, status: int = 200) -> Response:
    """One entity in the caller's format; a created one carries its address."""
    headers = {"Location": view.uri(row)} if status == 201 else {}
    if wants_json(request):
        return _json_text(status, f'{{"d":{json_row(view, row)}}}', headers)
    return Response(
        status=status,
        headers={"Content-Type": ATOM, **headers},
        body=('<?xml version="1.0"?>' + _entry(view, row)).encode(),
    )


def error_response(
    request: Request,
    status: int,
    text: str,
    headers: Mapping[str, str] | None = None,
    *,
    as_json: bool = False,
) -> Response:
    """An error with the vendor's message, JSON or XML as asked for."""
    if as_json or wants_json(request):
        body = json.dumps({"error": {"code": "", "message": {"lang": "", "value": text}}}, ensure_ascii=False)
        return _json_text(status, body, headers)
    xml = (
        f'<?xml version="1.0"?><error xmlns="{_METADATA_NS}"><code></code><message'
        f' xml:lang="">{escape(text)}</message></error>'
    )
    return Response(
        status=status,
        headers={"Content-Type": "application/xml;charset=utf-8", **(headers or {})},
        body=xml.encode(),
    )


def json_row(view: View, row: Row) -> str:
    """One row as verbose JSON, null for what it does not hold."""
    uri, row = view.uri(row), view.linked(row)
    parts = [f'"__metadata":{{"uri":{json.dumps(uri)},"type":"{view.entity.model}"}}']
    for name, write in _writers(view.shown()):
        if write is not None:
            value = row.get(name)
            parts.append(f'"{name}":null' if value is None else f'"{name}":{write(value)}')
        elif name in view.children:
            child = child_of(name)
            assert child is not None
            nested = View(entity=child, root=view.root, now=view.now, children={})
            lines = ",".join(json_row(nested, line) for line in view.children[name](row))
            parts.append(f'"{name}":{{"results":[{lines}]}}')
        else:
            parts.append(f'"{name}":{{"__deferred":{{"uri":{json.dumps(uri + "/" + name)}}}}}')
    return "{" + ",".join(parts) + "}"


@cache
def _writers(shown: tuple[Property, ...]) -> tuple[tuple[str, Callable[[Any], str] | None], ...]:
    return tuple((p.name, None if p.collection else _writer(p.type)) for p in shown)


def _writer(kind: str) -> Callable[[Any], str]:
    if kind == "DateTime":
        return lambda value: f'"/Date({(value - _EPOCH) // timedelta(milliseconds=1)})/"'
    if kind == "Int64":
        return lambda value: f'"{value}"'
    if kind in _NUMBERS:
        return _number
    if kind == "Boolean":
        return lambda value: "true" if value else "false"
    return lambda value: json.dumps(str(value), ensure_ascii=False)


def _number(value: Any) -> str:
    """An exact number; whole ones without a fraction."""
    if not isinstance(value, Decimal):
        return str(int(value))
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _json_text(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status=status,
        headers={"Content-Type": JSON, "DataServiceVersion": "2.0;", **(headers or {})},
        body=text.encode(),
    )


def _feed(view: View, page: Page) -> str:
    address = f"{view.root}/{view.entity.path}"
    parts = [
        (
            f'<?xml version="1.0"?><feed xml:base={quoteattr(view.root + "/")} xmlns:d="{_DATA_NS}"'
            f' xmlns:m="{_METADATA_NS}" xmlns="http://www.w3.org/2005/Atom"><title'
            f' type="text">{view.entity.name}</title><id>{escape(address)}</id>'
            f"<updated>{_updated(view)}</updated>"
        ),
        f'<link rel="self" title="{view.entity.name}" href="{view.entity.name}" />',
    ]
    if page.count is not None:
        parts.insert(1, f"<m:count>{page.count}</m:count>")
    parts += [_entry(view, row, namespaces=False) for row in page.rows]
    if page.next_url:
        parts.append(f'<link rel="next" href={quoteattr(page.next_url)} />')
    return "".join(parts) + "</feed>"


def _entry(view: View, row: Row, *, namespaces: bool = True) -> str:
    spaces = (
        f' xmlns:d="{_DATA_NS}" xmlns:m="{_METADATA_NS}" xmlns="http://www.w3.org/2005/Atom"'
        if namespaces
        else ""
    )
    uri, row = view.uri(row), view.linked(row)
    fields, links = [], []
    for p in view.shown():
        if p.collection:
            links.append(_collection_link(view, row, p.name))
            continue
        value = row.get(p.name)
        kind = "" if p.type == "String" else f' m:type="Edm.{p.type}"'
        fields.append(
            f'<d:{p.name}{kind} m:null="true" />'
            if value is None
            else f"<d:{p.name}{kind}>{_xml(p.type, value)}</d:{p.name}>"
        )
    return (
        f'<entry{spaces}><id>{escape(uri)}</id><category term="{view.entity.model}"'
        f' scheme="{_DATA_NS}/scheme" /><link rel="edit" href={quoteattr(uri)} />{"".join(links)}<title'
        f" /><updated>{_updated(view)}</updated><author><name /></author><content"
        f' type="application/xml"><m:properties>{"".join(fields)}</m:properties></content></entry>'
    )


def _collection_link(view: View, row: Row, name: str) -> str:
    address = quoteattr(view.uri(row) + "/" + name)
    start = (
        f'<link rel="{_DATA_NS}/related/{name}" type="application/atom+xml;type=feed" title="{name}"'
        f" href={address}"
    )
    child = child_of(name)
    if name not in view.children or child is None:
        return start + " />"
    nested = View(entity=child, root=view.root, now=view.now, children={})
    rows = "".join(_entry(nested, line, namespaces=False) for line in view.children[name](row))
    return f"{start}><m:inline><feed>{rows}</feed></m:inline></link>"


def _xml(kind: str, value: Any) -> str:
    if kind == "DateTime":
        return str(value.isoformat(timespec="milliseconds") if value.microsecond else value.isoformat())
    if kind == "Boolean":
        return "true" if value else "false"
    return _number(value) if kind in _NUMBERS else escape(str(value))


def _updated(view: View) -> str:
    return f"{view.now:%Y-%m-%dT%H:%M:%SZ}"
