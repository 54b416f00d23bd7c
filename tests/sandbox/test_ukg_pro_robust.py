"""Whatever arrives, the tenant answers; what it answers in JSON is JSON."""

from __future__ import annotations

import json
import random
from urllib.parse import quote

from tests.sandbox.ukg_pro_world import UkgWorld

from ml_connector_sandbox.core.vendor import Request

NAMES = (
    *(
        "page",
        "per_Page",
        "blockId",
        "runId",
        "mostRecent",
        "dateTimeChanged",
        "employeeId",
        "startDate",
        "endDate",
        "payDate",
    ),
    *(
        "startPerControl",
        "$filter",
        "$top",
        "$skip",
        "$expand",
        "startDateTime",
        "endDateTime",
        "tableName",
        "fieldName",
    ),
)
VALUES = (
    *(
        "",
        "-1",
        "x",
        "99999999999",
        ">01-01-2026",
        "={01-01-2026,x}",
        "{01-01-0001,01-01-9999}",
        "<01-01-0001",
        "9999-12-31T23:59:59",
    ),
    *(
        "0001-01-01",
        "2026-01-01T00:00:00+14:00",
        "\x00",
        "[A,B]",
        "a'b",
        "null",
        "1e400",
        "datetime'9999-12-31T23:59:59'",
        "Id eq 1",
    ),
    *(
        "PayDate gt 5",
        "((((",
        "Id in ('a')",
        "contains(Id,'x')",
        "Earnings/any(x:x/y eq 1)",
        "1 add 2 eq 3",
        "PayDate eq 2026-01-01",
    ),
)
BODIES = (
    *(
        b"",
        b"{",
        b"[]",
        b"[1]",
        b'[{"a":[]}]',
        b"\xff",
        b"NaN",
        b"[" * 100_000,
        b'{"url":5}',
        b'{"url":"http://127.0.0.1:99999/x"}',
    ),
    *(
        b'{"url":"http://[::1"}',
        b'{"url":"http://127.0.0.1:1/x","eventTypes":5}',
        b'{"url":"http://127.0.0.1:1/x","headers":{"a":"b\\n"}}',
    ),
    *(
        b'{"messageIds":5}',
        b'{"startDate":"2026-01-01","endDate":"2027-01-01","page":-1}',
        b'{"subscriptionId":[]}',
    ),
    b'{"EmployeeIdentifierType":"a","EmployeeIdentifierValue":1e400,"PayDate":"2026-99-99T00","Earnings":5}',
)


def test_nothing_that_arrives_makes_it_fall_over():
    """Four thousand odd requests over every endpoint; a status each, and never an exception."""
    world = UkgWorld(
        workers=3, void=True, rehired=True, dual_company=True, send=lambda url, body, headers: None
    )
    bearer, dice = world.bearer(), random.Random(3)
    endpoints = [endpoint for _, _, endpoint in world.vendor._routes._routes]
    for _ in range(4_000):
        endpoint = dice.choice(endpoints)
        path = "/".join(
            dice.choice(("1", "20240", "%2F", "%ff", "6Y4NV")) if "{" in part else part
            for part in endpoint.path.split("/")
        )
        query = "&".join(
            f"{dice.choice(NAMES)}={quote(dice.choice(VALUES))}" for _ in range(dice.randrange(4))
        )
        headers = {**world.headers(), **(bearer if endpoint.family == "platform" else {})}
        request = Request(
            method=endpoint.method,
            target=f"{path}?{query}",
            headers={name.lower(): value for name, value in headers.items()},
            body=dice.choice(BODIES),
        )
        answer = world.vendor.handle(request)

        assert answer.status in (200, 201, 202, 204, 207, 400, 401, 404)
        if "json" in answer.headers.get("Content-Type", ""):
            json.loads(answer.body)
