"""Serves the interface for expense reports: nothing above the limits comes to Django, or is held."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse
from ninja.errors import AuthenticationError

from ml_connector.app.assemble import Assembly
from ml_connector.app.failures import expected
from ml_connector.app.intake import known
from ml_connector.domain.problem import Problem
from ml_connector.web import intake
from ml_connector.web.intake_access import digest_of, signed_call
from ml_connector.web.intake_answers import answer_to, trouble
from ml_connector.web.serving import Receive, Scope, Send, serving

BODY_BYTES_MAX = 100 * 1024 * 1024
"""Of one request, with every receipt."""
STRANGER_BYTES_MAX = 64 * 1024
"""What is held of a request before its token is looked up."""
BODY_SECONDS = 120.0
"""For the whole body."""
DROP_SECONDS = 5.0
"""How long what comes is dropped before a caller is told why."""
LIFE_SECONDS = 180.0
"""For a connection, from its first byte to the end of the answer."""
SIGNATURE = "webhook-signature"
AT_ONCE = 16
"""Connections; a call beyond them is answered with 503, and comes again."""

assert intake.urlpatterns, "loaded before the first request, so that none waits for it"
# What is wrong is told to the caller; Django would write it to standard error as well.
logging.getLogger("django").addHandler(logging.NullHandler())


class Handler(ASGIHandler):
    """Django, whose requests know the installation."""

    def __init__(self, assembly: Assembly) -> None:
        super().__init__()
        self._assembly = assembly

    def create_request(self, scope: Any, body_file: Any) -> Any:
        """The request, or an answer that says why there is none."""
        request, error = super().create_request(scope, body_file)
        if request is not None:
            request.assembly = self._assembly  # type: ignore[attr-defined]
            request.target = _target(scope)  # type: ignore[attr-defined]
            if SIGNATURE in request.headers:
                request.digest = digest_of(body_file)  # type: ignore[attr-defined]
        return request, error


class Limited:
    """The ASGI application."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly, self._handler = assembly, Handler(assembly)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        stated = headers.get("content-length", "")
        unstated = None if "transfer-encoding" in headers else 0
        size = int(stated[:20]) if stated.isdecimal() else unstated
        if headers.get("content-encoding", "identity") != "identity":
            text = "Send the body as it is; one that is compressed is not taken."
            answer = trouble(415, [Problem("intake.type", "Content-Encoding", text)])
        elif size is not None and size > BODY_BYTES_MAX:
            answer = _too_much(413)
        elif (size is None or size > STRANGER_BYTES_MAX) and (why := await self._stranger(headers, scope)):
            answer = why
        else:
            body = Body(receive)
            await self._handler(dict(scope), body.receive, cast(Any, send))
            if not body.status:
                return
            answer = _too_much(body.status)
        await _tell(receive, send, answer)

    async def _stranger(self, headers: Mapping[str, str], scope: Scope) -> HttpResponse | None:
        """The answer to whoever has no token that is good; `None` for those that have one."""
        try:
            if await sync_to_async(self._known)(headers, scope):
                return None
        except expected() as error:
            return answer_to(cast(Exception, error))
        return answer_to(AuthenticationError())

    def _known(self, headers: Mapping[str, str], scope: Scope) -> bool:
        if SIGNATURE not in headers:
            return known(self._assembly, headers.get("authorization", "").partition(" ")[2])
        call = signed_call(headers, scope["method"], _target(scope))
        return not isinstance(call, Problem) and known(self._assembly, call)


def _target(scope: Scope) -> str:
    """Path and query as they were sent."""
    query = scope["query_string"].decode("latin-1")
    return str(scope["raw_path"].decode("latin-1")) + (f"?{query}" if query else "")


class Body:
    """What comes of a body, up to a limit; beyond it the application is told that the caller has gone, and
    `status` says how to answer.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive, self._left, self._whole, self.status = receive, BODY_BYTES_MAX, False, 0
        self._until = asyncio.get_running_loop().time() + BODY_SECONDS

    async def receive(self) -> MutableMapping[str, Any]:
        """The next piece."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            self.status = 408
            return {"type": "http.disconnect"}
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.status = 413
            return {"type": "http.disconnect"}
        self._whole = not message.get("more_body", False)
        return message


def _too_much(status: int) -> HttpResponse:
    text = (
        f"The request has more than {BODY_BYTES_MAX:,} bytes, or took longer than {BODY_SECONDS:.0f} seconds."
    )
    return trouble(status, [Problem("intake.size", "body", text)])


async def _tell(receive: Receive, send: Send, answer: HttpResponse) -> None:
    """Answer when the body has come, which is dropped, or after a while: a caller that is cut off while it
    sends would not read the answer.
    """
    left = BODY_BYTES_MAX
    with suppress(TimeoutError):
        async with asyncio.timeout(DROP_SECONDS):
            while left > 0 and (message := await receive()).get("more_body"):
                left -= len(message.get("body", b""))
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.items()]
    headers += [(b"connection", b"close"), (b"content-length", str(len(answer.content)).encode())]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})


@contextmanager
def taking(assembly: Assembly, at: socket.socket) -> Iterator[str]:
    """Take reports while the block lasts; the address, for a proxy in front."""
    limited = Limited(assembly)
    with serving(limited, at, name="intake", life_seconds=LIFE_SECONDS, at_once=AT_ONCE) as url:
        yield url
