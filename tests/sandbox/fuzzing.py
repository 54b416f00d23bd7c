"""Requests as nobody should send them, for every simulator: hypothesis draws them, a host must answer them.

What is drawn: methods, addresses of the vendor's own sets with odd parts in them, query options and filters
of the wrong type, headers, and bodies that are broken, deep, huge or half text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from ml_connector_sandbox.core.registry import Host
from ml_connector_sandbox.core.vendor import Request
from ml_connector_sandbox.core.wire import Answered

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "MERGE", "get", "-")
ODD = (
    *("", " ", "0", "1", "-1", "1.5", "99999999999999999999", "1e400", "NaN", "null", "true", "Y", "N"),
    *("\x00", "\ud7ff", "é", "Ⅷ", "²", "١", "a'b", "''", "*", "%", "%zz", "%00", "%ff", "..", "[A,B]", "a,b"),
    *("2026-01-01", "0001-01-01", "9999-12-31T23:59:59", "2026-01-01T00:00:00+14:00", "01-31-2026"),
    *(">01-01-2026", "={01-01-2026,x}", "{01-01-0001,01-01-9999}", "<01-01-0001", "2026-02-30"),
    *("b64(AAAA)", "b64(_)", "guid'x'", "datetime'x'", "'", "(", ")", "((((", "/", "//", ";", "x" * 300),
    *(
        "00000000-0000-0000-0000-000000000000",
        "202607",
        "2026071",
        "072026",
        "=",
        "&",
        "#",
        "?",
        "\\",
        "\r\n",
    ),
)
LITERALS = (
    *("'2'", "'2'", "'*a*'", "''", "2", "-2", "2.5", "5L", "0", "true", "null", "datetime'2026-01-01'"),
    *("guid'7d0ef6f1-0c4d-4f27-9a43-3a5b1c1e0001'", "datetime'x'", "2026-01-01", "2026-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59-14:00", "99999999999999999999999999", "DataEntities.NoYes'Yes'"),
)
FUNCTIONS = (
    *("startswith", "endswith", "substringof", "contains", "trim", "startswith", "substringof", "contains"),
    *("tolower", "length", "year", "concat", "any"),
)
OPERATORS = (
    "eq",
    "ne",
    "gt",
    "ge",
    "lt",
    "le",
    "eq",
    "gt",
    "add",
    "sub",
    "mul",
    "div",
    "mod",
    "divby",
    "has",
)
_PART = b"--x\r\nContent-Type: application/http\r\n\r\n%s\r\nAuthorization: x\r\n\r\n{}\r\n--x--"
BROKEN = (
    *(
        b"",
        b"{",
        b"[]",
        b"[1]",
        b"null",
        b"5",
        b'"x"',
        b"\xff\xfe",
        b"NaN",
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ),
    *(b'{"value":{"value":{"value":1}}}', b'{"a":1e999999999}', b'{"a":"\\ud800"}', b"\x00", b"a=b&a=%zz&"),
    *(b"grant_type=client_credentials&client_id=%ff", b'{"a":' + b"9" * 5_000 + b"}", b"--x\r\n\r\n--x--"),
    *(
        _PART % line
        for line in (b"GET /data/Workers HTTP/1.1", b"POST LedgerJournalLines", b"GET", b"\xff \xff")
    ),
    b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nPOST /data/Workers\r\n\r\n{}\r\n--y"
    b"--\r\n--x--",
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="\xff\x00"\r\n\r\n\xff\r\n--x--',
)
HEADERS: Mapping[str, Sequence[str]] = {
    "accept": (
        *("application/json", "application/atom+xml", "text/html", "*/*", "", "é"),
        *("application/json;odata.metadata=full", "application/json;odata.metadata=none"),
    ),
    "content-type": (
        *("application/json", "multipart/mixed; boundary=x", "multipart/mixed", "text/plain", "é;boundary="),
        *("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"),
    ),
    "if-match": ("*", '"x"', "W/", 'W/"' + "A" * 300 + '"', "é", ","),
    "prefer": ("return=representation", "odata.maxpagesize=0", "odata.maxpagesize=99999999999", "é"),
    "authorization": ("", "Basic", "Basic !", "Basic é", "Basic gA==", "Bearer", "Bearer é", "Digest x"),
    "erp-api-background": ("none", "subscription:a=b", "http://127.0.0.1:1/", "é"),
    "us-customer-api-key": ("é", ""),
    "global-tenant-id": ("é",),
    "ipp-company-id": ("9", "é"),
    "content-id": ("\x00",),
}
_HEADERS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(texts) for name, texts in HEADERS.items()}
)


@dataclass(frozen=True, repr=False)
class Place:
    """An address, `{}` in it standing for anything, the verbs it has, and the properties that live there."""

    path: str
    verbs: Sequence[str]
    fields: Sequence[str]
    sample: Any = None
    """A body that the vendor takes, to be spoilt."""
    form: bool = False
    """Whether the body is a form."""

    def written(self, sample: Any) -> bytes:
        """A body as it is sent."""
        if not self.form:
            return json.dumps(sample).encode("utf-8", "surrogatepass")
        pairs = sample.items() if isinstance(sample, dict) else ()
        return urlencode([(name, str(value)) for name, value in pairs], errors="replace").encode()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.path)


@dataclass(frozen=True, kw_only=True, repr=False)
class Target:
    """One simulator to shoot at: its host, the headers of a caller who is signed in, and its own words."""

    host: Host
    headers: Callable[[str], Mapping[str, str]]
    """The headers for an address."""
    places: Sequence[Place]
    options: Sequence[str]
    base_url: str = "http://sandbox"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.host.vendor.slug)

    def strike(self, request: Request) -> None:
        """Send it; fails unless the vendor itself has an answer."""
        outcome = self.host.exchange(request)
        failures = self.host.wire.failures.describe()
        self.host.wire.failures.forget()
        assert [] == failures["failures"], failures["failures"][0]["trace"]
        assert isinstance(outcome, Answered)
        assert 200 <= outcome.response.status <= 599
        if "json" in outcome.response.headers.get("Content-Type", "") and outcome.response.body:
            json.loads(outcome.response.body)


@st.composite
def requests(draw: st.DrawFn, target: Target) -> Request:
    """One request, of the kind this module is about; most have a verb that the address knows."""
    place = draw(st.sampled_from(target.places))
    is_usual = draw(st.integers(0, 9)) > 0
    method = draw(st.sampled_from(place.verbs if is_usual else METHODS))
    raw = draw(st.integers(0, 3)) == 0
    address = place.path
    while "{}" in address:
        address = address.replace("{}", (str if raw else _quoted)(draw(odd())), 1)
    options = draw(st.lists(st.sampled_from(target.options), max_size=3))
    query = [(name, draw(values(name, place.fields))) for name in options]
    text = "&".join(f"{name}={value if raw else _quoted(value)}" for name, value in query)
    more = draw(_HEADERS) if draw(st.integers(0, 4)) == 0 else {}
    return Request(
        method=method,
        target=address + ("?" + text if query else ""),
        headers={**target.headers(place.path), **more},
        body=b"" if method == "GET" else draw(_body(place)),
        base_url=target.base_url,
    )


@cache
def _leaves() -> st.SearchStrategy[Any]:
    numbers = st.one_of(
        st.integers(), st.sampled_from((2**31, 2**63, 10**400, -(10**400))), st.floats(), st.booleans()
    )
    odd_lists = st.sampled_from(([], [None], [1], {}, {"value": None}, [[]], [{}]))
    return st.one_of(st.none(), numbers, odd(), st.just("\ud800"), odd_lists)


def _body(place: Place) -> st.SearchStrategy[bytes]:
    if place.sample is None and place.form:
        texts = st.dictionaries(st.sampled_from(place.fields), odd(), max_size=6)
        return st.one_of(texts.map(place.written), bodies(place.fields))
    if place.sample is None:
        return bodies(place.fields)
    spoilt = st.tuples(st.lists(st.tuples(st.integers(0, 99), _leaves()), max_size=2))
    return spoilt.map(lambda wounds: place.written(_spoilt(place.sample, wounds[0])))


def _spoilt(sample: Any, wounds: Sequence[tuple[int, Any]]) -> Any:
    """The sample with some of its values, counted through, replaced."""
    whole = json.loads(json.dumps({"": sample}))
    for place, value in wounds:
        spots = list(_spots(whole))
        held, name = spots[place % len(spots)]
        held[name] = deepcopy(value)
    return whole[""]


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    names = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in names:
        yield value, name
        yield from _spots(value[name])


def _quoted(text: str) -> str:
    return quote(text, safe="")


@st.composite
def filters(draw: st.DrawFn, target: Target) -> Request:
    """A list of a set with a filter that is grammatical, mostly."""
    lists = [place for place in target.places if "GET" in place.verbs and not re.search(r"\{|\$", place.path)]
    place = draw(st.sampled_from(lists))
    text = draw(expressions(place.fields))
    return Request(
        method="GET",
        target=f"{place.path}?$filter={_quoted(text)}",
        headers=target.headers(place.path),
        base_url=target.base_url,
    )


def odd() -> st.SearchStrategy[str]:
    """A text that might be taken for something."""
    return st.one_of(st.sampled_from(ODD), st.text(max_size=8))


@cache
def values(option: str, fields: Sequence[str]) -> st.SearchStrategy[str]:
    """The value of a query option: what its name asks for, now and then; else anything."""
    names = st.sampled_from(fields)
    anyhow = st.one_of(odd(), st.sampled_from(LITERALS), names)
    if option == "$filter":
        return st.one_of(expressions(fields), expressions(fields), expressions(fields), anyhow)
    if option == "$orderby":
        return st.one_of(st.builds("{} {}".format, names, st.sampled_from(("asc", "desc", "up"))), anyhow)
    if option in ("$select", "$expand"):
        return st.one_of(st.lists(names, min_size=1, max_size=3).map(",".join), anyhow)
    return anyhow


@cache
def expressions(fields: Sequence[str]) -> st.SearchStrategy[str]:
    """Filters that are grammatical, mostly, of operands that need not go together."""
    names, literals = st.sampled_from(fields), st.sampled_from(LITERALS)
    functions, operators = st.sampled_from(FUNCTIONS), st.sampled_from(OPERATORS)
    operands = st.one_of(
        *(names, names, literals, st.sampled_from(ODD)),
        st.builds("{}({})".format, functions, names),
        st.builds("{} {} {}".format, names, operators, literals),
    )
    conditions = st.one_of(
        st.builds("{} {} {}".format, operands, operators, operands),
        st.builds("{}({},{})".format, functions, operands, operands),
        st.builds("{}({},{}) {} {}".format, functions, operands, operands, operators, operands),
        operands,
    )

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("{} {} {}".format, inner, st.sampled_from(("and", "or", "eq")), inner),
            st.builds("({})".format, inner),
            st.builds("not {}".format, inner),
            st.builds("-{}".format, inner),
        )

    return st.recursive(conditions, grown, max_leaves=3)


@cache
def bodies(fields: Sequence[str]) -> st.SearchStrategy[bytes]:
    """A body: the vendor's names with anything behind them, or something broken."""
    return st.one_of(
        st.sampled_from(BROKEN),
        st.binary(max_size=40),
        anything(fields).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    )


@cache
def anything(fields: Sequence[str]) -> st.SearchStrategy[Any]:
    """Any JSON value, objects by the vendor's own names, wrapped in `value` now and then."""
    leaves = _leaves()

    def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(fields), inner, max_size=5),
            st.builds(lambda value: {"value": value}, inner),
        )

    return st.dictionaries(st.sampled_from(fields), st.recursive(leaves, grown, max_leaves=8), max_size=8)
