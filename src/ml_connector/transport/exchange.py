"""One request and its complete answer, with one deadline for both.

A time-out of a socket begins anew with every byte, so an answer of one byte a second would keep a call for
years. The deadline of an exchange does not: it is checked before every read and write of a socket, the head
of an answer and the sending of a body included, and between the parts of a body.

    connect ─ gate ─ first byte ──── last byte of the request ──── last byte of the answer
    └ late: not sent ┘└ late: what became of it is not known ─────────────────────────────┘
"""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple

import httpcore2
import httpx2
import msgspec

from ml_connector.errors import ConnectorError, NotSent, OutcomeUnknown
from ml_connector.ports.sinks import Gate
from ml_connector.ports.storage import Clock
from ml_connector.transport.redact import Secrets

BODY_BYTES_MAX = 64 * 1024 * 1024
CONNECT_SECONDS = 10.0
WRITE_PIECE = 16 * 1024
"""Bytes that are handed to a socket at once; a reader that takes them slowly is noticed in between."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of an exchange, on the clock of the connection."""

    clock: Clock
    seconds: float
    at: float

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> Deadline:
        """A deadline so many seconds from now."""
        return cls(clock, seconds, clock.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until it passes; 0 or less once it has."""
        return self.at - self.clock.monotonic()

    def timeouts(self) -> dict[str, float]:
        """The longest waits of the HTTP library: each socket call is cut further by what is left then."""
        left = max(self.left, 0.001)
        short = min(left, CONNECT_SECONDS)
        return {"connect": short, "pool": short, "read": left, "write": left}


class Unsendable(NotSent):
    """The request cannot be sent as it is, so nothing was sent; trying again changes nothing."""

    code = "request.unsendable"


class AnswerLate(OutcomeUnknown):
    """The answer was not complete when the deadline of the exchange passed."""

    code = "answer.late"


class SendState:
    """The last thing before the first byte of a request: asks the gate, once; knows whether a byte left."""

    def __init__(self, gate: Gate | None, deadline: Deadline) -> None:
        self._gate, self.deadline = gate, deadline
        self.may_have_left = False
        """Whether the first bytes may be on their way."""

    def ask_gate(self) -> None:
        """Raises `NotSent` when the deadline has passed, and what the gate raises."""
        gate, self._gate = self._gate, None
        if gate is None:
            return
        if self.deadline.left <= 0:
            text = f"No connection was made within {self.deadline.seconds:.0f} seconds, so nothing was sent."
            raise NotSent(text, where="deadline")
        gate()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Follows the HTTP library through a request; asking a proxy for a tunnel is not yet the request."""
        step = event.rpartition(".send_request_headers.")[2]
        if step == "started" and getattr(info.get("request"), "method", b"") != b"CONNECT":
            self.ask_gate()
        elif step == "complete" or (
            step == "failed" and not isinstance(info.get("exception"), httpcore2.LocalProtocolError)
        ):
            self.may_have_left = True


_NOTHING_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_NOT_ALLOWED = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol)
_HEADER = re.compile(r"[!-~](?:[ -~]*[!-~])?|")


def failure(error: httpx2.HTTPError, host: str, secrets: Secrets, state: SendState) -> ConnectorError:
    """What is known when no answer came."""
    support = secrets.hide(repr(error))
    if isinstance(error, _NOT_ALLOWED) and not state.may_have_left:
        text = (
            "The request holds something that HTTP does not allow, so nothing was sent. Enter the address and"
            " the secrets of this connection again."
        )
        return Unsendable(text, where="request", support=support)
    if isinstance(error, _NOTHING_SENT):
        text = f"{host} could not be reached, so nothing was sent. Check the address and the network."
        return NotSent(text, where="network", support=support)
    deadline = state.deadline
    if deadline.left <= 0:
        text = (
            f"The answer of {host} was not complete within {deadline.seconds:.0f} seconds. It is not known"
            " whether the request was carried out."
        )
        return AnswerLate(text, where="network", support=support)
    text = f"{host} did not answer. It is not known whether the request was carried out."
    return OutcomeUnknown(text, where="network", support=support)


def header_problem(value: str) -> str | None:
    """Why a header cannot have the value, which is not repeated; `None` when it can. What a header holds is
    printable ASCII without blanks around it.
    """
    if _HEADER.fullmatch(value):
        return None
    return control_problem(value) or (
        "begins or ends with a blank, or holds a character that is not a plain letter, digit or sign"
    )


def control_problem(value: str) -> str | None:
    """Why no secret has the value, which is not repeated: a line break comes with copying from a page."""
    if any(character < " " or "\x7f" <= character <= "\x9f" for character in value):
        return "holds a line break or another control character"
    return "is no text" if any("\ud800" <= character <= "\udfff" for character in value) else None


def new_client(wire: Any, *, keep: bool, trust_env: bool) -> httpx2.Client:
    """A client whose sockets keep to the deadline of the exchange they are used in; `wire` stands in for
    sockets in tests. Redirects are never followed.
    """
    client = httpx2.Client(
        verify=_ssl_context(),
        limits=httpx2.Limits(max_keepalive_connections=None if keep else 0),
        transport=wire,
        trust_env=trust_env,
        follow_redirects=False,
    )
    keep_to_deadlines(client)
    return client


def keep_to_deadlines(client: httpx2.Client) -> None:
    """Put our sockets under a client. The library has no argument for it; a test holds that it works."""
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx2.HTTPTransport):
            transport._pool._network_backend = _BACKEND


@contextmanager
def within(deadline: Deadline) -> Iterator[None]:
    """Every socket used inside keeps to the deadline."""
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)


class Body(NamedTuple):
    """The body of an answer: what of it is in memory, and the size and hash of all of it."""

    data: bytes
    size: int
    sha256: str


def in_memory(response: httpx2.Response, deadline: Deadline) -> Body:
    """The whole body."""
    data = whole_body(response, deadline, BODY_BYTES_MAX)
    return Body(data, len(data), hashlib.sha256(data).hexdigest())


def whole_body(response: httpx2.Response, deadline: Deadline, bytes_max: int) -> bytes:
    """The body, read to its end. Raises `httpx2.ReadError` for one that is larger, and as `parts_of`; the
    connection is closed then.
    """
    body = BytesIO()
    with closing(response):
        for part in parts_of(response, deadline):
            if body.tell() + len(part) > bytes_max:
                raise httpx2.ReadError(f"answer larger than {bytes_max} bytes")
            body.write(part)
    return body.getvalue()


def parts_of(response: httpx2.Response, deadline: Deadline) -> Iterator[bytes]:
    """The body as it comes. Raises `httpx2.ReadTimeout` for one that is not complete in time. Closing the
    answer is the caller's.
    """
    for part in response.iter_bytes():
        if deadline.left <= 0:
            raise httpx2.ReadTimeout(f"answer not complete within {deadline.seconds:.0f} seconds")
        yield part


_current: ContextVar[Deadline | None] = ContextVar("deadline of the exchange", default=None)


def _wait(timeout: float | None, late: type[Exception]) -> float | None:
    """The longest that a socket call may take. Raises `late` when the deadline has passed."""
    deadline = _current.get()
    if deadline is None:
        return timeout
    if deadline.left <= 0:
        raise late(f"not done within {deadline.seconds:.0f} seconds")
    return deadline.left if timeout is None else min(timeout, deadline.left)


class DeadlineStream(httpcore2.NetworkStream):
    """A socket that keeps to the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _wait(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITE_PIECE):
            piece = buffer[start : start + WRITE_PIECE]
            self._stream.write(piece, _wait(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        wait = _wait(timeout, httpcore2.ConnectTimeout)
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, wait))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    """The library's own sockets, kept to the deadline."""

    _sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        wait = _wait(timeout, httpcore2.ConnectTimeout)
        return DeadlineStream(self._sockets.connect_tcp(host, port, wait, local_address, socket_options))


_BACKEND = _Backend()


_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """The body of a request as JSON, decimals as numbers, digit by digit: none passes through a float."""
    return _encoder.encode(value)


@cache
def _ssl_context() -> ssl.SSLContext:
    """One for the process: reading the certificates takes longer than a request on this machine, and a write
    has a client of its own.
    """
    return httpx2.create_ssl_context()
