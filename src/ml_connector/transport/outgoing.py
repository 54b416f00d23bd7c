"""Requests to addresses that a customer names: signed webhooks.

The name is resolved once, the addresses that come back are checked, and one of them is connected to: a name
that answers otherwise a moment later, a link to the inside, and an address in another spelling lead nowhere.
No redirect is followed, no proxy is used, and of the answer only the status is read.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpcore2
import httpx2

DEADLINE_SECONDS = 15.0
"""For the whole request: the other side may send its answer a byte at a time."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Iterable[str]]


class InternalAddress(Exception):
    """The host is inside our own network, and the endpoint may not be there."""


def is_internal(text: str) -> bool:
    """Whether the address is not one of the public internet: this machine, a private network, a link, a
    multicast group; in IPv6 also where it stands for such an IPv4 address.
    """
    address = _meant(ipaddress.ip_address(text.partition("%")[0]))
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return not address.is_global or address.is_multicast or address.is_reserved or site_local


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inside = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inside is None and address in NAT64:
        inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inside or address


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system says."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host[:80]} is no name of a host") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def post(
    url: str, headers: Mapping[str, str], body: bytes, *, internal: bool, resolve: Resolve = resolved
) -> int:
    """The status of the answer. Raises `InternalAddress`, and `OSError` where no answer came."""
    backend = _Checked(internal, resolve, time.monotonic() + DEADLINE_SECONDS)
    extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), DEADLINE_SECONDS)}
    try:
        with (
            httpcore2.ConnectionPool(
                ssl_context=httpx2.create_ssl_context(), network_backend=backend, max_connections=1
            ) as pool,
            pool.stream(
                "POST", url, headers=list(headers.items()), content=body, extensions=extensions
            ) as answer,
        ):
            return int(answer.status)
    except (
        httpcore2.NetworkError,
        httpcore2.TimeoutException,
        httpcore2.ProtocolError,
        httpcore2.UnsupportedProtocol,
    ) as error:
        raise OSError(str(error) or type(error).__name__) from error


class _Checked(httpcore2.NetworkBackend):
    """Connects to addresses that were checked, until the deadline."""

    def __init__(self, internal: bool, resolve: Resolve, deadline: float) -> None:
        self._internal, self._resolve, self._deadline = internal, resolve, deadline
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = list(self._resolve(host, port))
        inside = [address for address in addresses if is_internal(address)]
        if inside and not self._internal:
            raise InternalAddress(f"{host} is {inside[0]}, an internal address")
        last: Exception = OSError(f"{host} has no address")
        for address in addresses:
            try:
                left = _left(self._deadline)
                stream = self._inner.connect_tcp(address, port, left, local_address, socket_options)
                return _Timed(stream, self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise last


class _Timed(httpcore2.NetworkStream):
    """A stream that is read and written until the deadline only."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Timed(
            self._inner.start_tls(ssl_context, server_hostname, _left(self._deadline)), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("The answer did not arrive in time")
    return left
