"""Notifications from vendors: verified, stored once, and answered then. What a new one is about wakes flows.

    path ── whose? ── nobody's: 404
      │
    verified over the bytes as they came ── refused: counted, 4xx
      │
    stored, and the flows that it wakes are due, in one commit ── the database is down: 503, it comes again
      │
     204

An event is a hint: nothing of it is used but which record it names. A look reads that anew, and a poll finds
what no event told of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import structlog
from django.db import connections, transaction

from ml_connector.app.assemble import Assembly
from ml_connector.app.failures import expected, read_failure
from ml_connector.errors import Refused
from ml_connector.flows.flow import flows
from ml_connector.ports.systems import Challenge, Event
from ml_connector.store import hooks
from ml_connector.store.models import Connection, Flow
from ml_connector.store.plans import forget_comparisons

NO_CONTENT, NOT_FOUND, UNAVAILABLE = 204, 404, 503
STATUS = {
    "event.size": 413,
    "event.signature": 401,
    "event.secret": 401,
    "event.token": 401,
    "event.entity": 403,
}
"""Of a refusal; any other is 400."""

log = structlog.get_logger("hooks")


def receive(assembly: Assembly, token: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """Take a call at the path with this token: the status and the body of the answer. What is answered with
    2xx is stored.
    """
    try:
        return _received(assembly, token, headers, body)
    except expected() as error:
        log.warning("hook.not_stored", why=read_failure(error).text)
        connections.close_all()
        return UNAVAILABLE, b""


def refuse(assembly: Assembly, token: str, code: str) -> None:
    """Count a call that was refused before it was read; nothing where the path is nobody's."""
    now = assembly.clock.now()
    if (connection := hooks.connection_at(token, now)) is not None:
        hooks.count(connection, hooks.REFUSED, code, now)


def _received(assembly: Assembly, token: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    now = assembly.clock.now()
    connection = hooks.connection_at(token, now)
    source = assembly.system(connection).events if connection is not None else None
    if connection is None or source is None:
        return NOT_FOUND, b""
    try:
        found = source.verify(headers, body)
    except Refused as error:
        code = error.problem.code
        log.warning("hook.refused", connection=connection.name, code=code, why=error.problem.text)
        hooks.count(connection, hooks.REFUSED, code, now)
        return STATUS.get(code, 400), b""
    if isinstance(found, Challenge):
        hooks.count(connection, hooks.CHALLENGE, "", now)
        return found.status, found.body
    _store(assembly, connection, found, now)
    return NO_CONTENT, b""


def _store(assembly: Assembly, connection: Connection, event: Event, now: datetime) -> None:
    """In one commit, so that a process that dies has either stored the event and what it wakes, or neither,
    and is sent it again.
    """
    woken = [flow.pk for flow in _flows(assembly, connection, event)]
    with transaction.atomic():
        if not hooks.keep(connection, event, now):
            hooks.count(connection, hooks.REPEAT, event.topic, now)
            return
        hooks.count(connection, hooks.EVENT, event.topic, now)
        hooks.heard(connection, now)
        if event.ours:
            forget_comparisons(connection)
        for flow in woken:
            hooks.wake(flow, now)


def _flows(assembly: Assembly, connection: Connection, event: Event) -> Iterator[Flow]:
    """The flows that the event wakes; none for a company that the connection does not have."""
    for flow in hooks.flows_of(connection.pk) if event.ours else ():
        if hooks.matches(event.topic, wake_of(assembly, flow, connection)):
            yield flow


def wake_of(assembly: Assembly, flow: Flow, connection: Connection | None = None) -> tuple[str, ...]:
    """Patterns of the topics that wake the flow: those that it was given, else those by which its connections
    tell of the records that it reads and keeps; only this `connection`'s where one is named.
    """
    if flow.wake is not None:
        return tuple(flow.wake)
    record = flows()[flow.kind]
    sides = [(flow.source, record.source if record.heard else None), (flow.target, record.target)]
    return tuple(
        pattern
        for side, kind in sides
        if kind is not None and (connection is None or side.pk == connection.pk)
        for pattern in assembly.system(side).topics.get(kind, ())
    )
