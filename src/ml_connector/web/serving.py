"""Serving over HTTP beside `serve`: a socket, a thread, and connections that end after a time, whatever comes
or does not come. TLS and the public address are those of a proxy in front.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

BACKLOG = 100
END_SECONDS = 5
"""How long what is under way has when the server ends."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Bounded(H11Protocol):
    """A connection that ends after a time."""

    life_seconds: float

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._end = self.loop.call_later(self.life_seconds, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end.cancel()
        super().connection_lost(exc)


def bind(address: str) -> socket.socket:
    """A socket at `HOST:PORT`. Raises `ValueError` for what is none, `OSError` where it cannot be had."""
    host, sign, port = address.rpartition(":")
    if not (sign and port.isdecimal() and int(port) < 65536):
        raise ValueError(f"{address!r} is no address to listen at; expected one such as 127.0.0.1:8080.")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family, backlog=BACKLOG)


@contextmanager
def serving(
    application: Application, at: socket.socket, *, name: str, life_seconds: float, at_once: int
) -> Iterator[str]:
    """Serve the application while the block lasts; its address. A connection lives so many seconds, and a
    call beyond those at once is answered with 503.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            http=type("Bounded", (Bounded,), {"life_seconds": life_seconds}),
            ws="none",
            lifespan="off",
            loop="asyncio",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=at_once,
            timeout_graceful_shutdown=END_SECONDS,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, name=name, daemon=True)
    thread.start()
    try:
        host, port = at.getsockname()[:2]
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(END_SECONDS * 2)
        at.close()
