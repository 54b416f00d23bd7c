"""The smallest vendor, for tests of what stands around one."""

from __future__ import annotations

import json
from datetime import datetime

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.vendor import Json, Request, Response


class Notebook:
    """POST writes the body down with the time, GET reads everything back; PATCH is where it breaks."""

    slug = "notebook"
    installation = ""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock = clock
        self.notes: list[str] = []
        self.times: list[datetime] = []

    def handle(self, request: Request) -> Response:
        if request.method == "PATCH":
            raise LookupError(request.path)
        if request.method == "POST":
            self.notes.append(request.body.decode())
            self.times.append(self.clock.now())
            return Response(status=201, body=b"written")
        return Response(
            status=200, headers={"Content-Type": "application/json"}, body=json.dumps(self.notes).encode()
        )

    def describe(self, base_url: str) -> Json:
        return {"base_url": base_url, "credentials": {}, "entities": []}

    def books(self) -> Json:
        return {"documents": list(self.notes)}

    def control(self, action: str, arguments: Json) -> Json:
        if action == "break":
            raise IndexError(action)
        raise KeyError(action)

    def reset(self) -> None:
        self.notes.clear()


class Speaking(Notebook):
    """The same with words of its own for when it breaks."""

    def failed(self, request: Request) -> Response:
        return Response(status=500, headers={"Content-Type": "text/plain"}, body=b"We are sorry.")
