"""The receiver of notifications, beside `serve`: `POST /hooks/<token>` and nothing else.

One connection, one request, a few seconds: whoever sends slowly is cut off, and nothing above the limit is
held in memory. TLS and the public address are those of a proxy in front of it.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connections

from ml_connector.app.assemble import Assembly
from ml_connector.app.hooks import NO_CONTENT, NOT_FOUND, UNAVAILABLE, receive, refuse
from ml_connector.web.serving import END_SECONDS, Receive, Scope, Send, serving

BODY_BYTES_MAX = 256 * 1024
"""Notifications have a few hundred bytes; a row that Dataverse sends has this many at most."""
BODY_SECONDS = 10.0
"""For the whole body."""
LIFE_SECONDS = 30.0
"""For a connection, from its first byte to the end of the answer."""
AT_ONCE = 100
"""Connections; a call beyond them is answered with 503, and comes again."""
THREADS = 4
TOO_LATE, TOO_LARGE = 408, 413

_PATH = re.compile(r"/hooks/([A-Za-z0-9_-]{43})")


class Cut(Exception):
    """The call is refused before it is read to its end."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


class Receiver:
    """The ASGI application. What touches the database runs in threads of its own."""

    def __init__(
        self, assembly: Assembly, stored: Callable[[], None], body_seconds: float = BODY_SECONDS
    ) -> None:
        self._assembly, self._stored, self._body_seconds = assembly, stored, body_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="hooks")

    async def __call__(self, scope: Scope, receive_: Receive, send: Send) -> None:
        """One call. A path that is nobody's gets the answer that every other unknown one gets."""
        found = _PATH.fullmatch(scope["path"])
        if found is None or scope["method"] != "POST":
            await _answer(send, NOT_FOUND)
            return
        token = found[1]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await _body(headers, receive_)
        except TimeoutError:
            await self._cut(send, token, Cut(TOO_LATE, code="event.late"))
        except Cut as cut:
            await self._cut(send, token, cut)
        except ConnectionError:
            return  # whoever sent it has gone
        else:
            status, said = await self._in_thread(receive, self._assembly, token, headers, body)
            await _answer(send, status, said)
            if status == NO_CONTENT:
                self._stored()

    def close(self) -> None:
        """Return the connections to the database of every thread."""
        together = threading.Barrier(THREADS)

        def last() -> None:
            together.wait(END_SECONDS)
            connections.close_all()

        for _ in range(THREADS):
            self._threads.submit(last)
        self._threads.shutdown()

    async def _cut(self, send: Send, token: str, cut: Cut) -> None:
        await self._in_thread(_refused, self._assembly, token, cut.code)
        await _answer(send, cut.status)

    async def _in_thread(self, work: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)


def _refused(assembly: Assembly, token: str, code: str) -> None:
    from ml_connector.app.failures import expected

    try:
        refuse(assembly, token, code)
    except expected():
        connections.close_all()


async def _body(headers: Mapping[str, str], receive_: Receive) -> bytes:
    """The whole body. Raises `Cut` as soon as it is known to be too large, `ConnectionError` when it ends
    early.
    """
    stated = headers.get("content-length", "")
    if stated.isdecimal() and int(stated[:20]) > BODY_BYTES_MAX:
        raise Cut(TOO_LARGE, code="event.size")
    body = bytearray()
    while True:
        message = await receive_()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise Cut(TOO_LARGE, code="event.size")
        if not message.get("more_body"):
            return bytes(body)


async def _answer(send: Send, status: int, body: bytes = b"") -> None:
    headers = [(b"connection", b"close")]
    if status != 204:
        headers.append((b"content-length", str(len(body)).encode()))
    if status == UNAVAILABLE:
        headers.append((b"retry-after", b"30"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def listening(assembly: Assembly, at: socket.socket, stored: Callable[[], None]) -> Iterator[str]:
    """Take notifications while the block lasts, and call `stored` after each; the address, for a proxy in
    front.
    """
    receiver = Receiver(assembly, stored)
    try:
        with serving(receiver, at, name="hooks", life_seconds=LIFE_SECONDS, at_once=AT_ONCE) as url:
            yield url
    finally:
        receiver.close()
