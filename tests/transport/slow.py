"""Vendors that answer slowly, on real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from ml_connector.contract.memory import VirtualClock

DEADLINE = 0.4
"""Seconds of the real ones."""
PATIENCE = 8.0
PACE = 0.02
SLOW_BYTES = 16_000


class WallClock(VirtualClock):
    """Real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


Behave = Callable[[socket.socket, threading.Event], None]


def send_forever(connection: socket.socket, over: threading.Event, what: bytes) -> None:
    """The bytes one by one, again and again, for longer than anybody should wait."""
    for number in range(int(PATIENCE / PACE)):
        connection.sendall(what[number % len(what) :][:1])
        if over.wait(PACE):
            return


def drips_its_body(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n")
    send_forever(connection, over, b"x")


def drips_its_head(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nx-header: ")
    send_forever(connection, over, b"x")


def drips_chunks(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    send_forever(connection, over, b"1\r\nx\r\n")


def is_silent(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    over.wait(PATIENCE)


def reads_slowly(connection: socket.socket, over: threading.Event) -> None:
    for _ in range(int(PATIENCE / PACE)):
        if not connection.recv(SLOW_BYTES) or over.wait(PACE):
            return


BEHAVIOURS: list[Behave] = [drips_its_body, drips_its_head, drips_chunks, is_silent, reads_slowly]


@pytest.fixture
def serve() -> Iterator[Callable[[Behave], int]]:
    """Starts a server that behaves so to each who connects; its port."""
    over, threads, sockets = threading.Event(), [], []

    def start(behave: Behave) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        sockets.append(listening)

        def answer_one(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                behave(connection, over)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    threads.append(threading.Thread(target=answer_one, args=(connection,)))
                    threads[-1].start()

        threads.append(threading.Thread(target=accept))
        threads[-1].start()
        return int(listening.getsockname()[1])

    yield start
    over.set()
    for listening in sockets:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
    for thread in threads:
        thread.join(PATIENCE)
