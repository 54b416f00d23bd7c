"""The same requests to a simulator in a process of its own; prints what it answered, a line for each.

`python -m tests.sandbox.replay exact_online`: reads of every address in every format, writes, tokens,
batches, and what people do at the screen, at a time that stands still.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from tests.sandbox import fuzz_targets
from tests.sandbox.fuzzing import Target

from ml_connector_sandbox.core.registry import Host
from ml_connector_sandbox.core.vendor import Request
from ml_connector_sandbox.core.wire import Answered

JSON = {"accept": "application/json", "content-type": "application/json"}
ATOM = {"accept": "application/atom+xml"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
Asked = tuple[str, str, Mapping[str, str], bytes]


def _json(method: str, path: str, body: Any, **headers: str) -> Asked:
    return method, path, {**JSON, **headers}, json.dumps(body).encode()


def _addresses(target: Target) -> Iterator[Asked]:
    """Every verb of every address, once with each body."""
    different = {(place.path, *place.verbs, json.dumps(place.sample)): place for place in target.places}
    for place in different.values():
        path, headers = place.path.replace("{}", "1"), target.headers(place.path)
        if not path.startswith("/"):
            continue
        for verb in place.verbs:
            kind = FORM if place.form else JSON
            yield verb, path, {**headers, **kind}, b"" if verb == "GET" else place.written(place.sample or {})
            if verb == "GET":
                yield verb, path, {**headers, **ATOM}, b""


def _tokens(target: Target) -> Iterator[Asked]:
    """A token, asked for twice."""
    keys = target.host.vendor.describe(target.base_url)["credentials"]
    form = {"grant_type": "client_credentials", **{name: str(value) for name, value in keys.items()}}
    scope = {"scope": f"{target.base_url}/.default"}
    asked = {
        "ukg_pro": _json("POST", "/oauth/token", form),
        "exact_online": _json("POST", "/__sandbox__/control/grant", {}),
        "dynamics_fo": (
            *("POST", f"/{keys.get('tenant_id')}/oauth2/v2.0/token", FORM),
            urlencode({**form, **scope}).encode(),
        ),
        "visma_net": ("POST", "/connect/token", FORM, urlencode(form).encode()),
        "precoro": ("GET", "/users", target.headers("/users"), b""),
        "findity": ("POST", "/api/oauth/token/", FORM, urlencode(form).encode()),
    }[target.host.vendor.slug]
    yield asked
    yield asked


def _batch(target: Target) -> Iterator[Asked]:
    """A read and a changeset in one call, where the vendor has that."""
    if target.host.vendor.slug != "dynamics_fo":
        return
    body = json.dumps({"dataAreaId": "usmf", "JournalName": "PAYROLL"})
    write = (
        "Content-Type: application/http\r\nContent-ID: 1\r\n\r\nPOST LedgerJournalHeaders HTTP/1.1\r\n"
        f"Content-Type: application/json\r\n\r\n{body}"
    )
    read = "Content-Type: application/http\r\n\r\nGET Currencies?$top=1 HTTP/1.1\r\n\r\n"
    inner = f"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n{write}\r\n--c--"
    whole = f"--b\r\n{read}\r\n--b\r\n{inner}\r\n--b--\r\n".encode()
    headers = {**target.headers("/data/$batch"), "content-type": "multipart/mixed; boundary=b"}
    yield "POST", "/data/$batch", headers, whole
    yield "POST", "/data/$batch", headers, whole


def _screen(slug: str) -> Iterator[Asked]:
    """What a person does; some of it again."""
    codes = {
        "exact_online": ("4000", "1700", "SALES"),
        "dynamics_fo": ("601100", "230100", "AKRASM"),
        "visma_net": ("5000", "2930", "0100"),
    }
    actions: list[tuple[str, Any]] = [("rerun", {}), ("off_cycle", {}), ("rerun", {"pay_date": "2026-07-03"})]
    if slug in codes:
        wages, owed, center = codes[slug]
        sides = ((wages, "5.00"), (owed, "-5.00"))
        lines = [{"account": code, "amount": amount, "cost_center": center} for code, amount in sides]
        actions = [
            ("book", {"date": "2026-07-09", "lines": lines}),
            ("edit", {"line": 1, "text": "Changed"}),
            ("double", {}),
            ("block_account", {"account": wages}),
            ("end_cost_center", {"cost_center": center}),
        ]
    for action, body in actions:
        yield _json("POST", f"/__sandbox__/control/{action}", body)
    yield _json("POST", "/__sandbox__/clock", {"advance_seconds": 61})


def answers(slug: str) -> Iterator[str]:
    """One line for each exchange: what was asked, and the whole answer."""
    target: Target = getattr(fuzz_targets, slug)()
    vendor, clock = target.host.vendor, target.host.clock
    host = Host(vendor, clock, installation="first", draw=lambda: "second")
    rounds = (_tokens(target), _addresses(target), _screen(slug), _batch(target), _addresses(target))
    for asked in rounds:
        for method, path, headers, body in asked:
            request = Request(
                method=method, target=path, headers=headers, body=body, base_url=target.base_url
            )
            outcome = host.exchange(request)
            assert isinstance(outcome, Answered)
            said = outcome.response
            yield json.dumps([method, path, said.status, dict(said.headers), said.body.decode("latin-1")])
    books = host.exchange(Request(method="GET", target="/__sandbox__/books"))
    assert isinstance(books, Answered)
    yield json.dumps(["GET", "books", books.response.status, {}, books.response.body.decode("latin-1")])


if __name__ == "__main__":
    for line in answers(sys.argv[1]):
        print(line)
