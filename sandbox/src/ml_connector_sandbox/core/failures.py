"""Errors of a simulator itself: every request still gets an answer, and a test can see that one happened.

    vendor.handle ── raises ──► the vendor's own 500, one row here ──► `GET /__sandbox__/failures`

A connection that ends without an answer is a fault of the wire, and only a fault that was asked for may do
that. Nothing is printed: the row holds the traceback.
"""

from __future__ import annotations

import traceback
from collections import deque
from dataclasses import dataclass, field

from ml_connector_sandbox.core.vendor import Json, Request, Response, Vendor

KEPT_MAX = 100
_PLAIN = Response(
    status=500, headers={"Content-Type": "text/plain; charset=utf-8"}, body=b"Internal Server Error"
)


@dataclass(slots=True)
class Failures:
    """How often the simulator failed, and the newest failures with their tracebacks."""

    count: int = 0
    rows: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_MAX))

    def record(self, request: Request | None, error: Exception, at: str) -> None:
        """Write one down; `request` is None for what arrived in a form that is no request."""
        self.count += 1
        self.rows.append(
            {
                "method": request.method if request else None,
                "path": request.target if request else None,
                "at": at,
                "error": f"{type(error).__name__}: {error}",
                "trace": "".join(traceback.format_exception(error)),
            }
        )

    def forget(self) -> None:
        """Start again at none."""
        self.count = 0
        self.rows.clear()

    def describe(self) -> Json:
        """`{"count", "failures": [{"method", "path", "at", "error", "trace"}]}`, the newest last."""
        return {"count": self.count, "failures": list(self.rows)}


def failed_answer(vendor: Vendor, request: Request) -> Response:
    """What the vendor says when its own server fails; a plain 500 of a vendor that has no words for it."""
    say = getattr(vendor, "failed", None)
    if say is None:
        return _PLAIN
    answer: Response = say(request)
    return answer
