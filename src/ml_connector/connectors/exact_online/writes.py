"""One write of the purchase side, and the removal of what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ml_connector.connectors.exact_online import faults
from ml_connector.connectors.exact_online.client import WRITE, ExactClient, address
from ml_connector.connectors.exact_online.settings import Options
from ml_connector.domain.checks import REMEDY
from ml_connector.domain.document import Receipt
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import NotFound, OutcomeUnknown, VendorChanged
from ml_connector.ports.sinks import Gate, Send, SinkLimits
from ml_connector.transport import odata
from ml_connector.transport.answer import Answer


@contextmanager
def posting(
    client: ExactClient, entity: str, path: str, body: bytes, receipt_of: Callable[[Answer], Receipt]
) -> Iterator[Send]:
    """Everything but the send. An answer of success that cannot be read, or names nothing, leaves the outcome
    unknown.
    """
    with client.http.prepare(
        "POST", address(entity, path, {}), scope=entity, headers=WRITE, content=body
    ) as post:

        def send(gate: Gate) -> Receipt:
            answer = post(gate)
            try:
                receipt = receipt_of(answer)
            except VendorChanged as error:
                raise faults.unreadable(error) from error
            if not receipt.reference:
                text = "Exact answered the posting without an id, so what was made is searched for."
                raise OutcomeUnknown(text, where=path)
            return receipt

        yield send


def remove(client: ExactClient, path: str, receipt: Receipt) -> None:
    """Delete the row with this id; fine where it is gone already."""
    row = address(receipt.entity, f"{path}({odata.guid(receipt.reference)})", {})
    with client.http.prepare("DELETE", row, scope=receipt.entity, headers=WRITE) as send:
        try:
            send(lambda: None)
        except NotFound:
            return


def gone(what: str, receipt: Receipt) -> NotFound:
    """The error for what is not there any more."""
    text = (
        f"{what} {receipt.number} is not in division {receipt.entity} any more. Somebody deleted it, or it"
        " cannot be seen yet."
    )
    return NotFound(text, where=f"{what.lower()} {receipt.number}")


def differs(receipt: Receipt, what: str, ours: object, theirs: object) -> Problem:
    """That something is booked otherwise than it was written."""
    text = f"The {what} is {theirs} in the ledger and was written as {ours}. {REMEDY}"
    return Problem("read_back.header", f"document {receipt.number}", text, Owner.CONTROLLER)


def waits(options: Options) -> SinkLimits:
    """How long to wait for what was written."""
    return SinkLimits(
        deadline_seconds=options.deadline_seconds,
        settle_seconds=options.settle_seconds,
        visible_seconds=options.visible_seconds,
    )
