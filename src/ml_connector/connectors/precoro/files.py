"""The bytes of a file. Precoro is said to answer with the file, with a text of base64 in JSON, or with a
link, which may lead to another host; all three are taken.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import IO, BinaryIO, cast
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.client import ATTACHMENTS, PrecoroClient, explained
from ml_connector.domain.invoice import InvoiceFile
from ml_connector.errors import Refused, VendorChanged
from ml_connector.ports.systems import Wiring
from ml_connector.transport.address import host_problem
from ml_connector.transport.answer import UNREADABLE, unknown_status
from ml_connector.transport.http import Client
from ml_connector.transport.paced import downloaded, too_large

ENVELOPE_BYTES = 64 * 1024
"""What is around a text of base64 in JSON."""


class Content(msgspec.Struct):
    """A file in JSON: under one of these names a link or a text of base64; perhaps under `data`."""

    file: msgspec.Raw = wire.ABSENT
    content: msgspec.Raw = wire.ABSENT
    url: msgspec.Raw = wire.ABSENT
    data: msgspec.Raw = wire.ABSENT


class NoSignIn:
    """For hosts that are not Precoro's: the key is not sent there. What signs a link is hidden."""

    def __init__(self, url: str) -> None:
        self._hidden = [value for _, value in parse_qsl(urlsplit(url).query)]

    def headers(self) -> Mapping[str, str]:
        """None."""
        return {}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Nothing can be tried."""
        return False

    def secrets(self) -> Sequence[str]:
        """The values of the link's query."""
        return self._hidden


@contextmanager
def opened(precoro: PrecoroClient, wiring: Wiring, file: InvoiceFile) -> Iterator[BinaryIO]:
    """The file at its beginning. Raises `NotFound`, and `Refused` for one above the limit of the connection
    or at a host that it does not name.
    """
    path = f"{ATTACHMENTS}/{quote(file.key, safe='')}"
    bytes_max = precoro.options.whole("file_bytes_max")
    with explained(), downloaded(precoro.http, path, bytes_max * 4 // 3 + ENVELOPE_BYTES) as (answer, body):
        if not answer.is_json:
            yield _within(body, path, bytes_max)
            return
        said = _said(body, path)
        if not said.lower().startswith(("https://", "http://")):
            yield _within(BytesIO(_decoded(said, path)), path, bytes_max)
            return
    with explained(), downloaded(_client_of(said, precoro, wiring), said, bytes_max) as (_, body):
        yield cast(BinaryIO, body)


def _within(body: IO[bytes], path: str, bytes_max: int) -> BinaryIO:
    if body.seek(0, 2) > bytes_max:
        raise too_large(path, bytes_max)
    body.seek(0)
    return cast(BinaryIO, body)


def _said(body: IO[bytes], path: str) -> str:
    """The link, or the text of base64."""
    try:
        found = msgspec.json.decode(body.read(), type=Content)
        if not wire.is_unset(found.data):
            found = msgspec.json.decode(found.data, type=Content)
        said = next(filter(None, map(wire.text, (found.file, found.content, found.url))), "")
    except (*UNREADABLE, ValueError) as error:
        raise _unknown(path) from error
    if not said:
        raise _unknown(path)
    return said


def _decoded(said: str, path: str) -> bytes:
    if said.startswith("data:"):
        said = said.partition(",")[2]
    try:
        return binascii.a2b_base64("".join(said.split()), strict_mode=True)
    except ValueError as error:
        raise _unknown(path) from error


def _unknown(path: str) -> VendorChanged:
    text = (
        f"{path} is neither a file, nor a link to one, nor base64, so it was not used. Report it to our"
        " support."
    )
    return VendorChanged(text, where=path)


def _client_of(url: str, precoro: PrecoroClient, wiring: Wiring) -> Client:
    """What fetches the link: with the key from Precoro's own host, without it from one that is named."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin.lower() == precoro.options["base_url"].lower():
        return precoro.http
    if problem := host_problem(origin, precoro.options.file_hosts or ("none is named",), wiring.sandbox):
        text = (
            f"Precoro keeps a file at {parts.hostname}, which this connection does not name: {problem} If it"
            " is where Precoro keeps files, add the host to file_hosts of the connection."
        )
        raise Refused(text, where="file_hosts", code="file.host")
    return Client(base_url=origin, auth=NoSignIn(url), wiring=wiring, classify=unknown_status)
