"""Business events to an HTTPS-style endpoint: the envelope, three retries, control numbers with gaps;
unsigned, as the vendor's are. And data events: a row of any set, as Dataverse passes it on.
"""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass, field

from ml_connector_sandbox.core.outbound import NOBODY, Outbox, is_taken
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Row
from ml_connector_sandbox.systems.dynamics_fo.render import row_json
from ml_connector_sandbox.systems.dynamics_fo.schema import BLANK_MOMENT, Entity, entities
from ml_connector_sandbox.systems.dynamics_fo.tables import CREATE, DELETE, UPDATE

CATALOG = (
    "VendorPaymentPostedBusinessEvent",
    "CustomerPaymentPostedBusinessEvent",
    "VendorInvoicePostedBusinessEvent",
    "GeneralJournalPostedBusinessEvent",
)
RETRIES = 3
FIRST_CONTROL_NUMBER = 5_637_200_000


@dataclass(slots=True, kw_only=True)
class Webhooks:
    """Who is told of what."""

    switches: Switches
    clock: Clock
    seed: int
    outbox: Outbox = field(init=False)
    endpoints: list[Json] = field(default_factory=list)
    _dice: random.Random = field(init=False)
    data_endpoints: list[Json] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    """The tables whose changes somebody is told of."""
    _control_number: int = field(init=False)
    _withheld: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.outbox = Outbox(name="dynamics_fo", retries=RETRIES, switches=self.switches)
        self.reset()

    def reset(self) -> None:
        """Nobody is told of anything, and nothing was; the next numbers and ids are the first ones again."""
        self._dice = random.Random(f"events {self.seed}")
        self._control_number, self._withheld = FIRST_CONTROL_NUMBER, None
        self.endpoints.clear()
        self.data_endpoints.clear()
        self.tables.clear()
        self.outbox.forget()

    def activate(self, event: str, url: str, company: str) -> Json:
        """Send this event of this company (empty: of all) to that address, a test message first. `ValueError`
        if not acknowledged.
        """
        if event not in CATALOG:
            raise KeyError(f"business event {event}; there are {', '.join(CATALOG)}")
        self._try(url)
        self.endpoints.append({"event": event, "url": url, "entity": company})
        return {"endpoints": self.endpoints}

    def activate_data(self, set_name: str, url: str) -> Json:
        """Tell that address of every row of a set that is made, changed or deleted, a test message first."""
        if set_name not in entities():
            raise KeyError(f"set {set_name}")
        self._try(url)
        self.data_endpoints.append({"set": set_name, "url": url})
        self.tables.add(entities()[set_name].table)
        return {"data_endpoints": self.data_endpoints}

    def deactivate(self, url: str) -> Json:
        """Tell that address of nothing any more; `KeyError` for one that nobody is told at."""
        kept = [row for row in self.endpoints if row["url"] != url]
        kept_data = [row for row in self.data_endpoints if row["url"] != url]
        if len(kept) + len(kept_data) == len(self.endpoints) + len(self.data_endpoints):
            raise KeyError(f"endpoint {url}")
        self.endpoints, self.data_endpoints = kept, kept_data
        return {"endpoints": kept, "data_endpoints": kept_data}

    def _try(self, url: str) -> None:
        guarded = self.outbox.refusal(url, self.switches, "events_only_loopback")
        if guarded:
            raise ValueError(guarded)
        test = {"BusinessEventId": "BusinessEventsTestEndpointContract", "TestMessage": "test"}
        status = self.outbox.send(url, json.dumps(test).encode(), {})
        if not is_taken(status):
            raise ValueError(f"The endpoint did not acknowledge the test message: {status or NOBODY}")

    def notice(self, table: str, action: str, row: Row, old: Row) -> None:
        """A row was changed, whoever did it: a data event for those who asked for one of its sets."""
        for endpoint in self.data_endpoints:
            entity = entities()[endpoint["set"]]
            if entity.table != table:
                continue
            now, before = _columns(entity, row), _columns(entity, {**row, **old})
            if action == UPDATE and now == before:
                continue
            body = self._context(entity, action, now, before)
            self.outbox.put(endpoint["url"], json.dumps(body, default=str).encode())

    def _context(self, entity: Entity, action: str, now: Json, before: Json) -> Json:
        """What Dataverse sends of a row, as far as its shape is known."""
        name = f"mserp_{entity.aot.lower()}"
        key = ",".join(f"{before[f'mserp_{field.lower()}']}" for field in entity.keys)
        row_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {key}"))
        given = {"LogicalName": name, "Id": row_id}
        target = {
            "key": "Target",
            "value": given if action == DELETE else {**given, "Attributes": _pairs(now)},
        }
        image = {"key": "PreImage", "value": {**given, "Attributes": _pairs(before)}}
        return {
            "CorrelationId": str(uuid.UUID(int=self._dice.getrandbits(128), version=4)),
            "InputParameters": [target],
            "MessageName": action,
            "OperationCreatedOn": f"/Date({int(self.clock.now().timestamp() * 1000)})/",
            "PreEntityImages": [] if action == CREATE else [image],
            "PrimaryEntityId": row_id,
            "PrimaryEntityName": name,
        }

    def tell(self, event: str, company: str, fields: Json) -> None:
        """Raise an event for whoever activated it."""
        for endpoint in self.endpoints:
            if endpoint["event"] == event and endpoint["entity"].casefold() in ("", company.casefold()):
                body = json.dumps(self._envelope(event, company, fields), default=str).encode()
                for _ in range(2 if self.switches["events_twice"] else 1):
                    self.outbox.put(str(endpoint["url"]), body)

    def _next_number(self) -> int:
        """A control number: higher than those before, with gaps; in disorder the second of a pair comes
        first.
        """
        if self._withheld is not None:
            number, self._withheld = self._withheld, None
            return number
        self._control_number += self._dice.randrange(1, 4)
        if self.switches["events_disorder"]:
            self._withheld = self._control_number
            self._control_number += self._dice.randrange(1, 4)
        return self._control_number

    def _envelope(self, event: str, company: str, fields: Json) -> Json:
        now = self.clock.now()
        envelope = {
            "BusinessEventId": event,
            "BusinessEventLegalEntity": company,
            "ContextRecordSubject": "",
            "ControlNumber": self._next_number(),
            "EventId": str(uuid.UUID(int=self._dice.getrandbits(128), version=4)).upper(),
            "EventTime": f"/Date({int(now.timestamp() * 1000)})/",
            "EventTimeIso8601": f"{now:%Y-%m-%dT%H:%M:%S.%f}0Z",
            "InitiatingUserAADObjectId": "{00000000-0000-0000-0000-000000000000}",
            "MajorVersion": 0,
            "MinorVersion": 0,
            "ParentContextRecordSubjects": [],
            **fields,
        }
        return dict(sorted(envelope.items()))


def _columns(entity: Entity, row: Row) -> Json:
    """A row by the names of its columns in Dataverse, without dates nobody set; what is worked out at reading
    has no column.
    """
    shown = row_json(entity, row, None)
    return {
        f"mserp_{name.lower()}": value
        for name, value in shown.items()
        if name in entity.properties
        and name in row
        and not str(value).startswith(f"{BLANK_MOMENT.year}-01-01")
    }


def _pairs(columns: Json) -> list[Json]:
    return [{"key": name, "value": value} for name, value in columns.items()]
