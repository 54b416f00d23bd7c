"""Serves simulators on loopback: one process, one port per system, plain HTTP/1.1 with keep-alive.

The first line on stdout says, as JSON, where each system listens and how to sign in; nothing else is printed
there. The sockets are real, so a dropped connection is really dropped: closed without a byte, by RST or FIN
as the fault asks.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.control import PREFIX, Control
from ml_connector_sandbox.core.registry import Host, open_system, systems_of
from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.core.wire import Answered, Dropped, Held

BODY_MAX = 256 * 1024 * 1024
DRAIN_SECONDS = 0.5
DRAIN_READS_MAX = 64
_REASONS = {status: texts[0] for status, texts in BaseHTTPRequestHandler.responses.items()}
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


class _BadHead(Exception):
    """The head of a request says no length that can be read."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class _Server(ThreadingHTTPServer):
    """The listening socket of one system."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, host: Host, latency_seconds: float, stopping: threading.Event) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.host = host
        self.latency_seconds = latency_seconds
        self.stopping = stopping

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error; anything else is written down with the other failures."""
        error = sys.exc_info()[1]
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.host.wire.fail(None, error)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = 64 * 1024
    server: _Server

    def parse_request(self) -> bool:
        """Read the head and accept any method."""
        if not super().parse_request():
            return False
        setattr(self, "do_" + self.command, self._serve)
        return True

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet: the control API has the log."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no HTTP request, as the server in front of a vendor does, and hang up."""
        self.close_connection = True
        status = HTTPStatus(code)
        page = (
            f"<html><head><title>{status.phrase}</title></head><body><h2>{status.phrase}</h2></body></html>"
        )
        headers = {"Content-Type": "text/html; charset=us-ascii", "Connection": "close"}
        stated = self.server.host.installation.stated
        self._answer(stated(Response(status=code, headers=headers, body=page.encode())))
        self._drain()

    def _drain(self) -> None:
        """Read what still comes, for a moment: closing on unread bytes would reset the answer away."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(DRAIN_SECONDS)
            for _ in range(DRAIN_READS_MAX):
                if not self.connection.recv(64 * 1024):
                    return

    def _serve(self) -> None:
        """Read one request and answer it; only a client that went away, or a fault, gets no answer."""
        try:
            body = self._body()
        except _BadHead as bad:
            return self.send_error(bad.status)
        if body is None:
            self.close_connection = True
            return None
        request = Request(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            base_url=f"http://{self.headers.get('Host') or self.server.base_url.removeprefix('http://')}",
        )
        if self.server.latency_seconds and not Control.owns(request):
            time.sleep(self.server.latency_seconds)
        outcome = self.server.host.exchange(request)
        match outcome:
            case Dropped():
                self._drop(reset=outcome.reset)
            case Held():
                response = self._wait_for(outcome)
                self._drop(reset=True) if response is None else self._answer(response)
            case Answered():
                if outcome.due is not None:
                    self.server.host.clock.wait_until(outcome.due, interrupt=self.server.stopping)
                self._answer(outcome.response)
        return None

    def _wait_for(self, held: Held) -> Response | None:
        while not held.done.wait(0.5):
            if self.server.stopping.is_set():
                return None
        return held.response

    def _body(self) -> bytes | None:
        """The whole body, or None when the client went away before it was complete. `_BadHead` for a length
        that is none.
        """
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        text = (self.headers.get("Content-Length") or "0").strip()
        if not (text.isascii() and text.isdigit()):
            raise _BadHead(HTTPStatus.BAD_REQUEST)
        if len(text) > len(str(BODY_MAX)) or int(text) > BODY_MAX:
            raise _BadHead(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(int(text))
        return body if len(body) == int(text) else None

    def _chunks(self) -> bytes | None:
        whole = bytearray()
        while True:
            head = self.rfile.readline(1024)
            if not head.endswith(b"\n"):
                return None
            text = head.partition(b";")[0].strip()
            if not _CHUNK_SIZE.fullmatch(text):
                raise _BadHead(HTTPStatus.BAD_REQUEST)
            size = int(text, 16)
            if len(whole) + size > BODY_MAX:
                raise _BadHead(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            chunk = self.rfile.read(size)
            if len(chunk) != size:
                return None
            self.rfile.readline(8)
            if size == 0:
                return bytes(whole)
            whole += chunk

    def _answer(self, response: Response) -> None:
        head = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}"]
        head += [f"{name}: {value}" for name, value in response.headers.items()]
        if response.status != 204:
            head.append(f"Content-Length: {len(response.body)}")
        raw = "\r\n".join([*head, "", ""]).encode("latin-1", "replace")
        body = b"" if self.command == "HEAD" or response.status == 204 else response.body
        self.wfile.write(raw + body)

    def _drop(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # rfile and wfile hold the descriptor open; an RST goes out only when the last of them is closed.
            self.rfile.close()
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)


class Sandbox:
    """Several simulators, each on a port of its own, in threads of this process. Use it as a context
    manager.
    """

    def __init__(self, hosts: dict[str, Host], *, port: int = 0, latency_ms: float = 0) -> None:
        self.hosts = hosts
        self._stopping = threading.Event()
        ports = [port + index if port else 0 for index in range(len(hosts))]
        pairs = zip(hosts.items(), ports, strict=True)
        self._servers = {
            slug: _Server(at, host, latency_ms / 1000, self._stopping) for (slug, host), at in pairs
        }
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Sandbox:
        for slug, server in self._servers.items():
            for work in (server.serve_forever, self.hosts[slug].wire.run_timer):
                thread = threading.Thread(target=work, daemon=True, name=f"sandbox {slug}")
                thread.start()
                self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for slug, server in self._servers.items():
            self.hosts[slug].wire.stop_timer()
            server.shutdown()
            server.server_close()

    def base_url(self, slug: str) -> str:
        """Where that system listens."""
        return self._servers[slug].base_url

    def describe(self) -> Json:
        """The first line of output: `{"systems": {slug: {"base_url", "credentials", "entities",
        "installation", "control_url"}}}`.
        """
        return {
            "systems": {
                slug: {**self.hosts[slug].describe(server.base_url), "control_url": server.base_url + PREFIX}
                for slug, server in self._servers.items()
            }
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; 0 after SIGTERM or SIGINT, 2 when the wish makes no sense."""
    wish = _parser().parse_args(arguments)
    try:
        clock = SandboxClock(start=datetime.fromisoformat(wish.start) if wish.start else None)
        wanted = systems_of(wish.scenario) if "all" in wish.system else wish.system
        hosts = {
            slug: open_system(
                slug,
                scenario=wish.scenario,
                clock=clock,
                seed=wish.seed,
                profile=wish.profile,
                switches=_switches_of(slug, wish.switch),
                register=wish.register,
                installation=_installation_of(slug, wish.installation),
            )
            for slug in wanted
        }
        sandbox = Sandbox(hosts, port=wish.port, latency_ms=wish.latency_ms)
    except (KeyError, ValueError, OSError) as error:
        print(f"sandbox: {error.args[0] if isinstance(error, KeyError) else error}", file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if wish.with_parent:
        threading.Thread(target=_watch_parent, args=(os.getppid(), stop), daemon=True).start()
    with sandbox:
        print(json.dumps(sandbox.describe(), default=str), flush=True)
        stop.wait()
    return 0


def _switches_of(slug: str, given: Sequence[str]) -> dict[str, str]:
    """`name=value` goes to every system, `slug.name=value` to that one."""
    switches: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--switch {text}: expected name=value")
        owner, dot, bare = name.rpartition(".")
        if not dot or owner == slug:
            switches[bare] = value
    return switches


def _installation_of(slug: str, given: Sequence[str]) -> str | None:
    """`ID` is for every system, `slug=ID` for that one; the last one counts."""
    found = None
    for text in given:
        owner, equals, value = text.rpartition("=")
        if not equals or owner == slug:
            found = value
    return found


def _watch_parent(parent: int, stop: threading.Event) -> None:
    while not stop.wait(0.3):
        if os.getppid() != parent:
            stop.set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ml_connector_sandbox serve", description="Serve simulated systems on 127.0.0.1."
    )
    parser.add_argument(
        "--system",
        action="append",
        required=True,
        help="slug of a system, or all the scenario has data for; may be repeated",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        help="first port; the next systems get the ports after it (0: any free ones)",
    )
    parser.add_argument("--scenario", default="trading_company")
    parser.add_argument(
        "--profile",
        choices=("vendor", "fast"),
        default="vendor",
        help="fast: no quotas and none of their headers",
    )
    parser.add_argument(
        "--latency-ms", type=float, default=0, help="added to every call, outside the vendor's lock"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--start", metavar="ISO", help="the moment it is at first, UTC unless said; time goes on from there"
    )
    parser.add_argument("--register", help="payroll register (CSV) to make the data from")
    parser.add_argument("--switch", action="append", default=[], metavar="[slug.]name=value")
    parser.add_argument(
        "--installation",
        action="append",
        default=[],
        metavar="[slug=]ID",
        help="the id a system states, as before a restart with the same book; a new one unless given",
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the process that started this one ends"
    )
    return parser
