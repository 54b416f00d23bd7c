"""What is sent: forms with names in brackets, as PHP reads them; JSON in three places; files in parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from ml_connector_sandbox.core.body import is_text, read_json
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Request
from ml_connector_sandbox.systems.precoro.answers import Refused

FIELDS_MAX, DEPTH_MAX = 1_000, 8
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_BOUNDARY = re.compile(r'boundary="?([^";]{1,70})"?', re.IGNORECASE)
_DISPOSITION = re.compile(rb'(?i);\s*(name|filename)="([^"]*)"')


def read_form(request: Request, switches: Switches) -> Json:
    """The fields of a form: texts, and mappings where a name has brackets. JSON is no form."""
    kind = request.headers.get("content-type", "").lower()
    if "x-www-form-urlencoded" in kind:
        return php_form(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    if request.body and switches["json_body"] == "refused":
        raise Refused(415, "Unsupported Media Type")
    return {}


def php_form(pairs: list[tuple[str, str]]) -> Json:
    """`a[b]=1` and `c[]=2` as nested mappings, lists by their positions; the last of a repeated name wins."""
    whole: Json = {}
    for name, value in pairs[:FIELDS_MAX]:
        found = _NAME.fullmatch(name)
        if found is None:
            continue
        steps = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])][:DEPTH_MAX]
        held = whole
        for step in steps[:-1]:
            inner = held.setdefault(step or str(len(held)), {})
            if not isinstance(inner, dict):
                inner = held[step] = {}
            held = inner
        held[steps[-1] or str(len(held))] = value
    return whole


def texts(value: Any) -> list[str]:
    """The texts of a list field, sent as one or as many."""
    if isinstance(value, Mapping):
        return [item for item in value.values() if isinstance(item, str)]
    return [value] if isinstance(value, str) else []


def reference(value: Any) -> str:
    """The id in `field[id]=…`, or a plain one; empty for none."""
    held = value.get("id") if isinstance(value, Mapping) else value
    return held if isinstance(held, str) else ""


def read_object(request: Request) -> Json:
    """A JSON object whose texts can be written down."""
    try:
        given = read_json(request.body)
    except ValueError as error:
        raise Refused(400, "Invalid JSON") from error
    if not isinstance(given, dict):
        raise Refused(400, "Invalid JSON")
    return given


def as_text(value: Any) -> str | None:
    """A value of a JSON body as text; None for what is none, or cannot be kept."""
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        return None
    text = value if isinstance(value, str) else str(value)
    return text if is_text(text) else None


def parts(request: Request) -> Iterator[tuple[str, str | None, bytes]]:
    """The parts of a multipart body: field, file name (None for plain fields), content."""
    found = _BOUNDARY.search(request.headers.get("content-type", ""))
    if "multipart/form-data" not in request.headers.get("content-type", "").lower() or found is None:
        raise Refused(400, "multipart/form-data is expected")
    mark = b"--" + found[1].encode("utf-8", "replace")
    for part in (b"\r\n" + request.body).split(b"\r\n" + mark)[1:]:
        head, gap, content = part.partition(b"\r\n\r\n")
        if gap and not part.startswith(b"--"):
            named = {name.lower(): value for name, value in _DISPOSITION.findall(head)}
            file_name = named.get(b"filename")
            yield (
                named.get(b"name", b"").decode("utf-8", "replace"),
                None if file_name is None else file_name.decode("utf-8", "replace"),
                content,
            )
