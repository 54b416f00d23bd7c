"""No secret or token of ours comes back in: neither in a refusal, an error or a record, nor in data."""

from __future__ import annotations

import json
import traceback
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
import stamina
from tests.transport.vendor import TOKEN, Line, SignIn, line

from ml_connector.errors import ConnectorError, OutcomeUnknown, Refused, VendorChanged
from ml_connector.transport.answer import Answer
from ml_connector.transport.redact import HIDDEN

KEY, PASSWORD, STORED = "G2ASY", "12040-Welcome", "St0r3d-but-n0t-s3nt"
OURS = (TOKEN, KEY, PASSWORD, STORED)


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads are not repeated."""
    with stamina.set_testing(True):
        yield


@pytest.fixture
def it() -> Line:
    """A client whose vault holds more than a request sends."""
    made = line(auth=SignIn(hidden=[KEY, PASSWORD]))
    for name, value in {"customer_key": KEY, "password": PASSWORD, "webhook_secret": STORED}.items():
        made.wiring.vault.write(name, value)
    return made


def everything() -> str:
    """All that we keep secret, in the forms a vendor repeats it in."""
    forms = []
    for value in OURS:
        forms += [value, quote(value, safe=""), json.dumps(value), b64encode(value.encode()).decode()]
    return " ".join(forms)


def seen(*texts: object) -> list[str]:
    """What of ours stands in the texts."""
    said = "\n".join(map(str, texts))
    return [
        form
        for value in OURS
        for form in (value, quote(value, safe=""), b64encode(value.encode()).decode().rstrip("="))
        if form in said
    ]


def all_of(error: BaseException) -> str:
    """An error with its causes, as a log would write it."""
    chain = "".join(traceback.format_exception(error))
    problem = error.problem if isinstance(error, ConnectorError) else ""
    return f"{error!r} {problem} {getattr(error, 'support', '')} {chain}"


def refuse(found: Answer) -> ConnectorError | None:
    """As connectors do: the vendor's words are the text, its body the line for support."""
    return Refused(found.body.decode(), support=found.support("reason")) if found.status >= 300 else None


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 302])
def test_a_refusal_that_repeats_every_secret_of_ours(it: Line, status: int, write: bool) -> None:
    """Hidden once, where the answer enters: text, support, causes and record hold none."""
    it.client.classify = refuse
    repeated = {"reason": everything(), "x-request-id": everything(), "location": everything()}
    it.vendor.then(httpx2.Response(status, text=everything(), headers=repeated))

    with pytest.raises(ConnectorError) as caught:
        it.write() if write else it.read()

    assert [] == seen(all_of(caught.value), it.records)
    assert HIDDEN in all_of(caught.value) or status == 401


@pytest.mark.parametrize(
    "kind", [httpx2.ConnectError, httpx2.ReadError, httpx2.RemoteProtocolError, httpx2.LocalProtocolError]
)
def test_an_error_that_repeats_a_secret(it: Line, kind: Any) -> None:
    """As a library does with a header that it cannot send; the cause that holds it is left away."""
    it.vendor.then(kind(f"Illegal header value b'{everything()}'"))

    with pytest.raises(ConnectorError) as caught:
        it.write()

    assert [] == seen(all_of(caught.value), it.records)
    assert HIDDEN in caught.value.support


def test_an_error_that_repeats_nothing_keeps_its_cause(it: Line) -> None:
    """Support needs it."""
    it.vendor.then(httpx2.ReadError("reset by peer"))

    with pytest.raises(OutcomeUnknown) as caught:
        it.write()

    assert "reset by peer" in repr(caught.value.__cause__)


def test_a_page_that_repeats_them_is_shown_without(it: Line) -> None:
    """A sign-in page with status 200 becomes a line for support."""
    kind = {"content-type": f"text/html; {everything()}"}
    it.vendor.then(httpx2.Response(200, text=f"<html>{everything()}", headers=kind))

    with pytest.raises(VendorChanged) as caught:
        it.read().decode(dict)

    assert [] == seen(all_of(caught.value))


def test_a_shape_that_does_not_fit_is_shown_without(it: Line) -> None:
    """So does an answer of success that we cannot read."""
    it.vendor.then(httpx2.Response(200, json=[everything()]))

    with pytest.raises(VendorChanged) as caught:
        it.read().decode(dict)

    assert [] == seen(caught.value.problem, caught.value.support)


def test_data_keeps_what_equals_a_secret_by_chance(it: Line) -> None:
    """A key of five letters and a password like an account are data here; a token never is."""
    it.vendor.then(httpx2.Response(200, json={"code": KEY, "account": PASSWORD, "text": f"by {TOKEN}"}))

    found = it.read().decode(dict[str, str])

    assert {"code": KEY, "account": PASSWORD, "text": f"by {HIDDEN}"} == found


def test_a_header_of_a_success_keeps_what_equals_a_secret_by_chance(it: Line) -> None:
    """A count of calls may equal a key; a token is hidden there as well."""
    it.vendor.then(httpx2.Response(200, json={}, headers={"etag": f"{KEY}", "link": TOKEN}))

    headers = it.read().headers

    assert (KEY, "•••") == (headers["etag"], headers["link"])


def test_a_part_of_a_batch_is_an_answer_of_its_own(it: Line) -> None:
    """A refusal inside an answer of success is text for people."""
    answer = it.read()
    refusal = answer.part(status=400, headers={}, body=everything().encode())
    success = answer.part(status=200, headers={}, body=KEY.encode())

    assert [] == seen(refusal.body, refusal.support())
    assert KEY.encode() == success.body


def test_what_was_asked_is_shown_without_them_too(it: Line) -> None:
    """A link of the vendor's may carry them."""
    answer = it.read(f"/rows?state={quote(TOKEN)}&key={KEY}&more={STORED}")

    assert [] == seen(answer.url, it.records)


def test_a_secret_that_was_changed_is_hidden_from_then_on(it: Line) -> None:
    """The vault is asked for every request."""
    it.wiring.vault.write("password", "Xy7aBcDeFgHi")
    it.vendor.then(httpx2.Response(400, text="not Xy7aBcDeFgHi"))

    with pytest.raises(Refused) as caught:
        it.read()

    assert f"not {HIDDEN}" in caught.value.support
