"""Calls that are signed in place of a token, over real sockets: with the key's secret, for this method, path
and body, and for five minutes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2 as httpx
import pytest
from standardwebhooks.webhooks import Webhook
from tests.e2e.intake_world import ALL, PDF, Office

REPORTS = "/v1/expense-reports"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("home"))
    with made.open():
        yield made


class Signer:
    """A program of a client that signs its calls."""

    def __init__(self, office: Office, name: str, *scopes: str) -> None:
        self.office = office
        done = office.product.command("tokens", "add", name, "--signed", *(scopes or ALL), "--json")
        assert 0 == done.code, done
        self.key, self.secret = done.json["key"], done.json["secret"]

    def headers(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        identity: str = "call-1",
        at: datetime | None = None,
    ) -> dict[str, str]:
        """As the guide says, with a library of Standard Webhooks."""
        now = at or datetime.now(UTC)
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        signature = Webhook(self.secret).sign(identity, now, f"{method} {target}\n{digest}")
        return {
            "Content-Digest": digest,
            "webhook-key": self.key,
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }

    def get(self, target: str, headers: dict[str, str]) -> httpx.Response:
        return httpx.get(f"{self.office.url}{target}", headers=headers, timeout=30)

    def request(self, report: Any, receipt: bytes = PDF) -> tuple[bytes, str]:
        """The body, and its content type."""
        made = httpx.Request(
            "POST",
            "http://x/",
            data={"report": json.dumps(report)},
            files={"r1": ("x", receipt)},
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        return made.read(), made.headers["Content-Type"]

    def post(self, body: bytes, kind: str, headers: dict[str, str], key: str = "") -> httpx.Response:
        named = {"Idempotency-Key": key or headers["webhook-id"], "Content-Type": kind}
        return httpx.post(
            f"{self.office.url}{REPORTS}", content=body, headers={**headers, **named}, timeout=60
        )


@pytest.fixture(scope="module")
def signer(office: Office) -> Signer:
    return Signer(office, "signer")


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_a_signed_report_is_stored_once(office: Office, signer: Signer) -> None:
    """Who hears the call and sends it again has the answer of then, and stores nothing. A large one too."""
    body, kind = signer.request(office.new(), b"%PDF-1.7\n" + b"x" * 2_000_000 + b"\n%%EOF\n")
    headers = signer.headers("POST", REPORTS, body, identity="signed-1")
    first, again = signer.post(body, kind, headers), signer.post(body, kind, headers)
    target = f"{REPORTS}?{urlencode({'externalId': first.json()['externalId'], 'limit': 1})}"
    read = signer.get(target, signer.headers("GET", target))

    assert [201, 201] == [first.status_code, again.status_code], first.text
    assert (first.content, "true") == (again.content, again.headers["Idempotency-Replayed"])
    assert [first.json()["id"]] == [row["id"] for row in read.json()["reports"]]


def test_nothing_but_what_was_signed_is_done(office: Office, signer: Signer) -> None:
    """Another body, method, path, query, id, time, key or secret: refused, small or large."""
    other = Signer(office, "other-signer")
    before = office.rows()
    refused = []
    for receipt in (PDF, b"%PDF-1.7\n" + b"x" * 200_000 + b"\n%%EOF\n"):
        body, kind = signer.request(office.new(), receipt)
        good = signer.headers("POST", REPORTS, body, identity="signed-2")
        later = str(int(good["webhook-timestamp"]) + 1)
        forged = other.headers("POST", REPORTS, body, identity="signed-2")
        for change in (
            {"webhook-id": "signed-3"},
            {"webhook-timestamp": later},
            {"webhook-signature": forged["webhook-signature"]},
            {"webhook-key": other.key},
            {"webhook-key": "mlk_nobody"},
            {"webhook-signature": "v1,AAAA"},
            {"Content-Digest": signer.headers("GET", REPORTS)["Content-Digest"]},
        ):
            refused.append(code(signer.post(body, kind, {**good, **change})))
        assert (422, "intake.signature") == code(signer.post(body + b" ", kind, good))
        assert (422, "intake.signature") == code(signer.post(body, kind, good, key="another"))
    get = signer.headers("GET", REPORTS)
    refused += [
        code(signer.get(f"{REPORTS}?limit=1", get)),
        code(signer.get("/v1/expense-reports/x", get)),
        code(httpx.post(f"{office.url}{REPORTS}", headers=get)),
    ]

    assert {(401, "intake.token")} == set(refused)
    assert before == office.rows()


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_is_good_for_five_minutes(signer: Signer, minutes: int) -> None:
    now = datetime.now(UTC)
    good = signer.headers("GET", REPORTS, at=now + timedelta(minutes=minutes - minutes / abs(minutes) * 2))
    old = signer.headers("GET", REPORTS, at=now + timedelta(minutes=minutes))

    assert 200 == signer.get(REPORTS, good).status_code
    assert (401, "intake.token") == code(signer.get(REPORTS, old))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"webhook-timestamp": "yesterday"}, "webhook-timestamp"),
        ({"webhook-timestamp": "9" * 12}, ""),
        ({"webhook-timestamp": "9" * 13}, "webhook-timestamp"),
        ({"webhook-timestamp": "²"}, "webhook-timestamp"),
        ({"webhook-id": ""}, "webhook-id"),
        ({"webhook-key": "ü"}, ""),
        ({"webhook-signature": "v1," + "ü" * 40}, ""),
        ({"webhook-signature": "v1,AAAA" + " v1,AAAA" * 1000}, ""),
    ],
)
def test_a_call_that_is_not_signed_as_it_should_be_is_refused(
    signer: Signer, change: dict[str, str], said: str
) -> None:
    """With what is wrong, and never by a defect."""
    headers = {**signer.headers("GET", REPORTS), **change}
    answer = signer.get(REPORTS, {name: value.encode() for name, value in headers.items()})  # type: ignore[misc]

    assert 401 == answer.status_code, answer.text
    assert not said or ("intake.signature", said) == tuple(
        answer.json()["errors"][0][name] for name in ("code", "path")
    )


def test_a_key_and_a_secret_are_no_tokens(office: Office, signer: Signer) -> None:
    """And a token signs nothing."""
    for text in (signer.key, signer.secret):
        with office.client(text) as client:
            assert 401 == client.get(REPORTS).status_code
    unused = Signer(office, "never-used")
    forged = {**signer.headers("GET", REPORTS), "webhook-key": unused.key}
    assert 401 == signer.get(REPORTS, forged).status_code
    unused.key = office.token
    assert 401 == signer.get(REPORTS, unused.headers("GET", REPORTS)).status_code
    tokens = office.product.command("tokens", "list", "--json").json["tokens"]
    assert {"never-used": None} == {
        row["name"]: row["used_at"] for row in tokens if row["name"] == "never-used"
    }


def test_a_revoked_key_signs_no_more(office: Office) -> None:
    """From the next call on; a scope that it has not is told."""
    reader = Signer(office, "to-revoke", "--scope", "reports:read")
    body, kind = reader.request(office.new())
    assert 200 == reader.get(REPORTS, reader.headers("GET", REPORTS)).status_code
    assert (403, "intake.scope") == code(reader.post(body, kind, reader.headers("POST", REPORTS, body)))

    assert 0 == office.product.command("tokens", "revoke", "to-revoke", "--json").code

    assert 401 == reader.get(REPORTS, reader.headers("GET", REPORTS)).status_code


def test_the_secret_is_kept_encrypted_and_survives_a_rotation(office: Office, signer: Signer) -> None:
    """It is in no table in clear, and a list does not show it."""
    with closing(sqlite3.connect(office.product.home / "product.sqlite3")) as tables:
        dump = "\n".join(tables.iterdump())
    listed = office.product.command("tokens", "list", "--json")
    assert 0 == office.product.command("keys", "rotate", "--json").code

    assert signer.secret.removeprefix("whsec_") not in dump
    assert signer.secret not in listed.stdout
    assert {True, False} == {row["signed"] for row in listed.json["tokens"]}
    assert 200 == signer.get(REPORTS, signer.headers("GET", REPORTS)).status_code
