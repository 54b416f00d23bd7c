"""Writes to several rows in one batch, each in a changeset of its own and guarded by the row's version."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from ml_connector.connectors.dynamics_fo import batch
from ml_connector.connectors.dynamics_fo.client import DynamicsClient, address
from ml_connector.errors import ConnectorError, NotSent, OutcomeUnknown, Refused, RightMissing, Throttled
from ml_connector.ports.registers import Answer, NotTaken, Stale
from ml_connector.transport.answer import Answer as Said

CONTINUE = {"Prefer": "odata.continue-on-error"}
Read = Callable[[int, Said], Answer | ConnectorError]
"""What the part of the operation with this place says."""


def carry_out(
    client: DynamicsClient, operations: Sequence[batch.Operation], read: Read
) -> list[Answer | ConnectorError]:
    """What became of each operation, in order; an error is a refusal of that one. Operations that a batch
    leaves unanswered behind a failed one were not done, and go into another. Raises what concerns all of
    them.
    """
    answers: list[Answer | ConnectorError] = []
    while len(answers) < len(operations):
        try:
            answers += _sent(client, operations, len(answers), read)
        except (NotSent, Refused):
            if not answers:
                raise
            answers += [Stale()] * (len(operations) - len(answers))
    return answers


def answer_of(key: str, outcome: Answer | ConnectorError) -> Answer:
    """What became of the row with this key: a refusal is about that one alone."""
    if isinstance(outcome, ConnectorError):
        return NotTaken(replace(outcome.problem, where=key))
    return outcome


def _sent(
    client: DynamicsClient, operations: Sequence[batch.Operation], first: int, read: Read
) -> list[Answer | ConnectorError]:
    """Answers to operations from the first of these on, at least one: those behind a failure may be
    missing.
    """
    left = operations[first:]
    name = hashlib.sha256(b"".join(write.content for write in left)).hexdigest()[:32]
    kind, body = batch.body(name, *([write] for write in left))
    headers = {"Content-Type": kind, **CONTINUE}
    with client.http.prepare("POST", address(batch.BATCH), headers=headers, content=body) as post:
        said = post(lambda: None)
    parts = batch.parts(said)
    numbers = [part.headers.get("content-id", str(number)) for number, part in enumerate(parts, 1)]
    stopped = 0 < len(parts) < len(left) and parts[-1].status >= 400
    ordered = numbers == [str(number) for number in range(1, len(parts) + 1)]
    if not ordered or not (stopped or len(parts) == len(left)):
        text = f"The batch of {len(left)} rows answered {len(parts)} parts, not one for each in order."
        raise OutcomeUnknown(f"{text} They are read again.", where=batch.BATCH, support=said.said())
    found = [read(place, part) for place, part in enumerate(parts, first)]
    errors = [outcome for outcome in found if isinstance(outcome, ConnectorError)]
    for error in errors:
        if isinstance(error, OutcomeUnknown | Throttled):
            raise error
    if errors and len(errors) == len(found) and all(isinstance(each, RightMissing) for each in errors):
        raise errors[0]
    return found
