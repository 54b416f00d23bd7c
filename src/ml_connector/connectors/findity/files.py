"""The bytes of a receipt. How Findity answers is not published: with the file, with base64 in JSON, or with a
link, which may lead to another host; all three are taken.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import IO, Any, BinaryIO, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec

from ml_connector.connectors.findity.client import FindityClient
from ml_connector.connectors.findity.exports import one_organization
from ml_connector.domain.expense import ReceiptFile
from ml_connector.errors import NotFound, Refused, VendorChanged
from ml_connector.ports.systems import Wiring
from ml_connector.transport.address import host_problem
from ml_connector.transport.answer import UNREADABLE, unknown_status
from ml_connector.transport.http import Client
from ml_connector.transport.paced import downloaded, too_large

ENVELOPE_BYTES = 64 * 1024
"""What is around a text of base64 in JSON."""


class NoSignIn:
    """For hosts that are not Findity's: the token is not sent there. What signs a link is hidden."""

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
def opened(findity: FindityClient, wiring: Wiring, file: ReceiptFile) -> Iterator[BinaryIO]:
    """The file at its beginning. Raises `NotFound`, and `Refused` for one above the limit of the connection
    or at a host that it does not name.
    """
    if "/" not in file.key:
        raise NotFound(f"Findity has no file {file.key}.", where=f"file {file.key}")
    organization, attachment = one_organization(file.key)
    path = findity.names.path("attachment", organization=organization, attachment=attachment)
    bytes_max = findity.options.whole("file_bytes_max")
    with downloaded(findity.http, path, bytes_max * 4 // 3 + ENVELOPE_BYTES) as (answer, body):
        found = _content(body, findity) if answer.is_json else {}
        if not found:
            yield _within(body, path, bytes_max)
            return
        said = found.get(findity.names["content"])
        if isinstance(said, str) and said:
            yield _within(BytesIO(_decoded(said, path)), path, bytes_max)
            return
        url = found[findity.names["url"]]
    with downloaded(_client_of(url, findity, wiring), url, bytes_max) as (_, body):
        yield cast(BinaryIO, body)


def _content(body: IO[bytes], findity: FindityClient) -> dict[str, Any]:
    """The envelope of a file; empty for a receipt that is a JSON file itself."""
    try:
        found = msgspec.json.decode(body.read())
    except UNREADABLE:
        return {}
    keys = (findity.names["content"], findity.names["url"])
    return found if isinstance(found, dict) and any(isinstance(found.get(key), str) for key in keys) else {}


def _within(body: IO[bytes], path: str, bytes_max: int) -> BinaryIO:
    if body.seek(0, 2) > bytes_max:
        raise too_large(path, bytes_max)
    body.seek(0)
    return cast(BinaryIO, body)


def _decoded(said: str, path: str) -> bytes:
    try:
        return binascii.a2b_base64("".join(said.split()), strict_mode=True)
    except ValueError as error:
        text = (
            f"{path} is neither a file, nor a link to one, nor base64, so it was not used. Report it to our"
            " support."
        )
        raise VendorChanged(text, where=path) from error


def _client_of(url: str, findity: FindityClient, wiring: Wiring) -> Client:
    """What fetches the link: with the token from Findity's own host, without it from one that is named."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin.lower() == findity.options["base_url"].lower():
        return findity.http
    if problem := host_problem(origin, findity.options.file_hosts or ("none is named",), wiring.sandbox):
        text = (
            f"Findity keeps a file at {parts.hostname}, which this connection does not name: {problem} If it"
            " is where Findity keeps files, add the host to file_hosts of the connection."
        )
        raise Refused(text, where="file_hosts", code="file.host")
    return Client(base_url=origin, auth=NoSignIn(url), wiring=wiring, classify=unknown_status)
