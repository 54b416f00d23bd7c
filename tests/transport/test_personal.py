"""What names people stays out of every record: no body of such a path is kept, whatever its status."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from hashlib import sha256

import httpx2
import pytest
import stamina
from tests.transport.vendor import BASE, Line, answer, line

from ml_connector.errors import ConnectorError, VendorChanged
from ml_connector.transport.answer import Answer

CANARY = "900-12-3456 born 1975-04-01"
ROWS = [{"ssn": CANARY, "given": CANARY}]


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads are repeated at once."""
    with stamina.set_testing(True, attempts=2):
        yield


def people() -> Line:
    """A client of a vendor whose people are under `/people/`."""
    return line(personal=("/people/",))


def every_word(it: Line, error: BaseException | None = None) -> str:
    """What is on record, and what an error would show in a log."""
    shown = "".join(traceback.format_exception(error)) if error else ""
    support = getattr(error, "support", "")
    return "\n".join([*map(repr, it.records), shown, support, repr(error)])


@pytest.mark.parametrize("path", ["/people/v1/rows", "/People/v1/rows?a=b"])
@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 409, 429, 500])
def test_no_status_puts_a_body_on_record(status: int, path: str) -> None:
    it = people()
    it.vendor.then(*(answer(status, ROWS) for _ in range(3)))
    raised = None
    try:
        found = it.read(path)
        assert json.dumps(ROWS).replace(" ", "") == found.body.decode().replace(" ", "")
        assert CANARY not in repr(found) + found.support() + found.said()
    except ConnectorError as error:
        raised = error

    assert CANARY not in every_word(it, raised)
    assert sha256(httpx2.Response(200, json=ROWS).content).hexdigest() == it.records[0].answer_sha256
    assert it.records[0].answer_bytes > len(CANARY)


def test_what_was_sent_is_not_on_record_either() -> None:
    it = people()
    it.vendor.then(answer(400, ROWS))
    with pytest.raises(ConnectorError) as raised:
        it.read("/people/ids", content=CANARY.encode())

    assert CANARY not in every_word(it, raised.value)


def test_elsewhere_a_refusal_is_kept() -> None:
    it = people()
    it.vendor.then(answer(400, {"title": "wrong day"}))
    with pytest.raises(ConnectorError) as raised:
        it.read("/peoples")

    assert "wrong day" in raised.value.support
    assert "wrong day" in it.records[0].answer_body


@pytest.mark.parametrize(
    "body",
    [
        CANARY.encode(),
        b'[{"kind": "' + CANARY.encode() + b'"}]',
        b'[{"kind": "\xff' + CANARY.encode() + b'"}]',
        b'{"kind": "' + CANARY.encode(),
    ],
)
def test_a_body_that_does_not_decode_is_not_quoted(body: bytes) -> None:
    found = Answer(
        method="GET",
        url=f"{BASE}/people/rows",
        status=200,
        headers={"content-type": "application/json"},
        body=body,
        personal=True,
    )
    with pytest.raises(VendorChanged) as raised:
        found.decode(list[dict[str, int]])

    shown = "".join(traceback.format_exception(raised.value))
    assert CANARY not in shown + raised.value.support + raised.value.problem.text
    assert sha256(body).hexdigest() in raised.value.support


def test_an_error_of_the_library_is_not_quoted() -> None:
    """It may repeat the line that it could not read."""
    it = people()
    it.vendor.then(*(httpx2.RemoteProtocolError(f"illegal chunk header: {CANARY}") for _ in range(3)))
    with pytest.raises(ConnectorError) as raised:
        it.read("/people/rows")

    assert CANARY not in every_word(it, raised.value)
    assert "RemoteProtocolError" in it.records[0].error
