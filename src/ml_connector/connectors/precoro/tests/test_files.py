"""Files: bytes, base64 in JSON, or a link; and what of it is not taken."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.precoro.tests.company import KEY, answer
from ml_connector.contract.invoice_world import content_of
from ml_connector.domain.invoice import InvoiceFile
from ml_connector.errors import NotFound, Refused, VendorChanged

CONTENT = b"%PDF-1.7\r\n\x00\xff" + bytes(range(256)) * 40
FILE = InvoiceFile(key="9", name="invoice.pdf")
BASE64 = b64encode(CONTENT).decode()


def content(it: Any, found: httpx2.Response) -> bytes:
    """What the file holds, where the company answers so."""
    it.company.files["9"] = found
    return content_of(it.source, FILE)


@pytest.mark.parametrize(
    "found",
    [
        httpx2.Response(200, content=CONTENT, headers={"content-type": "application/pdf"}),
        httpx2.Response(200, content=CONTENT),
        answer({"file": BASE64}),
        answer({"id": 9, "name": "invoice.pdf", "content": BASE64}),
        answer({"data": {"file": f"data:application/pdf;base64,{BASE64}"}}),
        answer({"file": "\n".join(BASE64[at : at + 76] for at in range(0, len(BASE64), 76))}),
    ],
)
def test_every_form_is_the_file(it: Any, found: httpx2.Response) -> None:
    """Byte by byte."""
    assert CONTENT == content(it, found)


def test_a_link_to_the_vendors_own_host_is_followed_with_the_key(it: Any) -> None:
    it.company.files["stored/9"] = httpx2.Response(200, content=CONTENT)

    assert CONTENT == content(it, answer({"file": f"{it.settings['base_url']}/attachments/stored/9"}))
    assert KEY == it.company.asked[-1].headers["x-auth-token"]


def test_a_link_to_a_named_host_is_followed_without_the_key(it: Any) -> None:
    """What signs the link is on no record."""
    link = "http://127.0.0.1:9999/invoice.pdf?X-Signature=s1gn4tur3-0f-th3-l1nk"
    it.company.before = lambda request: (
        httpx2.Response(200, content=CONTENT) if request.url.port == 9999 else None
    )

    assert CONTENT == content(it, answer({"url": link}))
    asked = it.company.asked[-1]
    assert (link, False, False) == (str(asked.url), "x-auth-token" in asked.headers, "email" in asked.headers)
    assert "s1gn4tur3" not in it.wiring.exchanges.text()


@pytest.mark.parametrize(
    "link",
    [
        "https://files.example.com/9",
        "http://169.254.169.254/latest",
        "https://api.precoro.com.evil.example/9",
    ],
)
def test_a_link_to_another_host_is_not_followed(it: Any, link: str) -> None:
    """A person says which host it may be; nothing is asked there."""
    with pytest.raises(Refused) as refused:
        content(it, answer({"file": link}))

    assert "file.host" == refused.value.problem.code
    assert "file_hosts" in refused.value.problem.text
    assert 1 == len(it.company.asked)


def test_a_host_that_is_named_is_reached_by_https_alone(connect: Callable[..., Any]) -> None:
    """On a real connection."""
    it = connect(base_url="https://api.precoro.com", file_hosts="files.example.com")
    it.wiring = _real(it.wiring)
    it.company.before = lambda request: (
        httpx2.Response(200, content=CONTENT) if request.url.host == "files.example.com" else None
    )

    assert CONTENT == content(it, answer({"file": "https://files.example.com/9?a=b"}))
    it.clock.advance(61)
    with pytest.raises(Refused) as refused:
        content(it, answer({"file": "http://files.example.com/9"}))
    assert "file.host" == refused.value.problem.code


def _real(wiring: Any) -> Any:
    from dataclasses import replace

    return replace(wiring, sandbox=False)


@pytest.mark.parametrize("found", [httpx2.Response(200, content=CONTENT), answer({"file": BASE64})])
def test_a_file_above_the_limit_is_refused(connect: Callable[..., Any], found: httpx2.Response) -> None:
    """Of whatever form; one that is exactly as large is taken."""
    it = connect(file_bytes_max=str(len(CONTENT)))
    assert CONTENT == content(it, found)
    it = connect(file_bytes_max=str(len(CONTENT) - 1))
    with pytest.raises(Refused) as refused:
        content(it, found)
    assert "file.large" == refused.value.problem.code


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"file": None},
        {"file": []},
        {"file": "no base64 at all!"},
        {"file": {"a": 1}},
        "x",
        {"data": 7},
    ],
)
def test_what_is_no_file_is_an_error(it: Any, body: Any) -> None:
    """Nothing is made of it."""
    with pytest.raises(VendorChanged):
        content(it, answer(body))


def test_a_file_that_is_gone_is_not_found(it: Any) -> None:
    with pytest.raises(NotFound):
        content_of(it.source, InvoiceFile(key="../invoices/1", name="x"))
    assert "GET /attachments/..%2Finvoices%2F1" == it.calls()[-1]
