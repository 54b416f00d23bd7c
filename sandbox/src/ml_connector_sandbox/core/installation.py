"""The id of one simulated installation: drawn at the start, stated in every answer, drawn anew with the book.

Two simulators of one vendor with the same seed hold the same codes, numbers and ids; only this one tells them
apart. It is kept as long as the book is the same, so whoever starts a simulator again with the book it had
gives it the id it had. A reset makes another book, so it draws another id.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from ml_connector_sandbox.core.vendor import Response, Vendor

HEADER = "X-Sandbox-Installation"
_ID = re.compile(r"[\x21-\x7e]{1,64}")
Draw = Callable[[], str]


def new_id() -> str:
    """An id no other installation has. The only thing of a simulator that its seed does not decide."""
    return str(uuid.uuid4())


class Installation:
    """The id of one vendor's book; `draw` makes a new one, so that a test can say what it will be."""

    def __init__(self, vendor: Vendor, first: str | None = None, draw: Draw = new_id) -> None:
        """`ValueError` for an id that a header cannot hold."""
        if first is not None and not _ID.fullmatch(first):
            raise ValueError(f"installation: {first!r} is not 1 to 64 visible ASCII characters")
        self._vendor = vendor
        self._draw = draw
        self._take(first or draw())

    def renew(self) -> None:
        """The book is another one now."""
        self._take(self._draw())

    def stated(self, response: Response) -> Response:
        """The same answer with the id in its header."""
        return Response(
            status=response.status, headers={**response.headers, HEADER: self.id}, body=response.body
        )

    def _take(self, new: str) -> None:
        self.id = new
        self._vendor.installation = new
