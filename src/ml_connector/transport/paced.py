"""Requests to a vendor that refuses the same read again within so many seconds, however it went, and files
that are read without being held in memory.

    lock → the same read may be asked?  no: unlock, wait, begin again
                                        yes: call budget → its window begins → send

The window is kept with the call budgets, so every process of the installation obeys it. It is taken under the
lock that the request is sent under: a time that was noted before waiting for a turn would end too early.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO

import httpx2

from ml_connector.errors import Refused, Throttled
from ml_connector.ports.storage import Priority, RateLimit
from ml_connector.transport.answer import Answer
from ml_connector.transport.exchange import Body, Deadline, in_memory, parts_of
from ml_connector.transport.http import WAIT_MAX_SECONDS, Client

SAME_READ = "same read"
IN_MEMORY_BYTES = 1024 * 1024
"""A larger file is put on disk while it is read."""


@dataclass(slots=True, kw_only=True)
class PacedClient(Client):
    """A client whose vendor refuses the same read within `same_read_seconds`; 0 is no such rule. Requests
    are made one at a time.
    """

    same_read_seconds: int = 0

    @contextmanager
    def _within_budget(self, scope: str, priority: Priority, request: httpx2.Request) -> Iterator[None]:
        if priority is Priority.WRITE or not self.same_read_seconds:
            with Client._within_budget(self, scope, priority, request):
                yield
            return
        budget, same = self.wiring.budget, self._same_read()
        lock = self._budget_scope(scope)
        read = f"{lock} {hashlib.sha256(str(request.url).encode()).hexdigest()}"
        waited = 0.0
        while True:
            with self.wiring.serial_locks.hold(lock):
                wait = budget.wait(read, same, Priority.WRITE)
                if not wait:
                    self._take_call(scope, priority)
                    budget.take(read, same, Priority.WRITE)
                    yield
                    return
            if waited + wait > WAIT_MAX_SECONDS:
                text = (
                    f"{request.url.path} was asked a moment ago, and the vendor refuses the same question for"
                    f" {self.same_read_seconds} seconds. It is asked again by itself."
                )
                raise Throttled(text, retry_after_seconds=wait, where=request.url.path)
            waited += wait
            self.wiring.clock.sleep(wait)

    def _same_read(self) -> tuple[RateLimit, ...]:
        return (RateLimit(name=SAME_READ, limit=1, seconds=self.same_read_seconds, rolling=True),)


@contextmanager
def downloaded(client: Client, path: str, bytes_max: int) -> Iterator[tuple[Answer, IO[bytes]]]:
    """The answer to a GET, and its body as a file at its beginning, which is gone afterwards. The body of the
    answer itself is empty.

    Raises as `Client.read`, and `Refused` with code `file.large` for a body of more bytes than the most.
    """
    with SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:

        def take(response: httpx2.Response, deadline: Deadline) -> Body:
            if response.status_code != httpx2.codes.OK:
                return in_memory(response, deadline)
            file.seek(0)
            file.truncate()
            digest = hashlib.sha256()
            with closing(response):
                for part in parts_of(response, deadline):
                    if file.tell() + len(part) > bytes_max:
                        raise too_large(path, bytes_max)
                    digest.update(part)
                    file.write(part)
            return Body(b"", file.tell(), digest.hexdigest())

        answer = client.read("GET", path, take=take)
        file.seek(0)
        yield answer, file


def too_large(where: str, bytes_max: int) -> Refused:
    """The refusal of a file that is larger than the connection takes."""
    text = (
        f"The file has more than {bytes_max} bytes, which is the most that this connection takes. Raise the"
        " limit of the connection, or make the file smaller at the source."
    )
    return Refused(text, where=where, code="file.large")
