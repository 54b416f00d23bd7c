"""The in-process way in: an `httpx2` transport that calls a simulator without a socket.

A dropped wire raises what a socket would. With a frozen clock nobody sleeps: waiting moves the clock, up to
the request's own read time-out and not a moment further.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import httpx2

from ml_connector_sandbox.core.registry import Host
from ml_connector_sandbox.core.vendor import Request, Response
from ml_connector_sandbox.core.wire import Dropped, Held


class SandboxTransport(httpx2.BaseTransport):
    """Carries `httpx2` requests to one simulator, whatever host name they are addressed to."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer, or raise `ConnectError`, `ReadError`, `RemoteProtocolError` or `ReadTimeout`."""
        outcome = self._host.exchange(_read(request))
        if isinstance(outcome, Dropped):
            raise _broken(outcome, request)
        if isinstance(outcome, Held):
            self._wait(outcome.due, request)
            self._host.wire.apply_due()
            if outcome.response is None:
                raise httpx2.ReadError("The sandbox was reset.", request=request)
            return _write(outcome.response)
        if outcome.due is not None:
            self._wait(outcome.due, request)
        return _write(outcome.response)

    def _wait(self, due: datetime, request: httpx2.Request) -> None:
        clock = self._host.clock
        patience = (request.extensions.get("timeout") or {}).get("read")
        wanted = (due - clock.now()).total_seconds()
        seconds = max(0.0, wanted if patience is None else min(wanted, patience))
        if clock.frozen:
            clock.set(clock.now() + timedelta(seconds=seconds))
        else:
            time.sleep(seconds)
        if patience is not None and wanted > patience:
            self._host.wire.apply_due()
            raise httpx2.ReadTimeout("timed out", request=request)


def _read(request: httpx2.Request) -> Request:
    return Request(
        method=request.method,
        target=request.url.raw_path.decode("ascii"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.read(),
        base_url=f"{request.url.scheme}://{request.url.netloc.decode('ascii')}",
    )


def _write(response: Response) -> httpx2.Response:
    return httpx2.Response(response.status, headers=dict(response.headers), content=response.body)


def _broken(outcome: Dropped, request: httpx2.Request) -> httpx2.TransportError:
    if outcome.refused:
        return httpx2.ConnectError("[Errno 111] Connection refused", request=request)
    if outcome.reset:
        return httpx2.ReadError("[Errno 104] Connection reset by peer", request=request)
    return httpx2.RemoteProtocolError("Server disconnected without sending a response.", request=request)
