"""Which books, or which payroll, a connection leads to."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from ml_connector.domain.problem import Owner
from ml_connector.errors import Refused
from ml_connector.store.database import database_now
from ml_connector.store.models import Connection, Tenant
from ml_connector.store.prepared import Prepared


class StoredTenants:
    """As `ports.storage.Tenants`, for one connection and one stage: what was confirmed is not asked again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._confirmed: dict[tuple[str, str], str] | None = None

    def confirm(self, entity: str, seen: str) -> str:
        if self._confirmed is None:
            rows = _confirmed(self._connection.pk)
            self._confirmed = {(entity, seen): name for entity, seen, name in rows}
        if (entity, seen) not in self._confirmed:
            self._confirmed[entity, seen] = self._confirm(entity, seen)
        return self._confirmed[entity, seen]

    def names(self) -> dict[str, str]:
        return {entity: str(name) for entity, _, name in _confirmed(self._connection.pk) if entity}

    def _confirm(self, entity: str, seen: str) -> str:
        known = _tenant.first(self._connection.pk, entity)
        if known is not None and known.seen == seen:
            return str(known.name)
        with transaction.atomic():
            known = _tenant.first(self._connection.pk, entity)
            if known is None:
                name = self._name(entity, seen)
                Tenant.objects.create(connection=self._connection, entity=entity, name=name, seen=seen)
                return name
            if not known.seen:
                # A name that an earlier release left; what the system says now is kept beside it.
                known.seen, known.since = seen, database_now()
                known.save(update_fields=["seen", "since"])
        if known.seen != seen:
            what = f"the books of {entity}" if entity else "the payroll"
            text = (
                f"Connection {self._connection.name} leads to other books than before: {what} say they are"
                f" {seen}, and were {known.seen} since {known.since:%Y-%m-%d}. Nothing is posted. If they are"
                " the same under a new address: ml-connector connections same-books"
                f" {self._connection.name}. If not, add a connection of its own for them."
            )
            raise Refused(text, where=self._connection.name, code="tenant.other", owner=Owner.ADMINISTRATOR)
        return str(known.name)

    def accept(self, entity: str, seen: str) -> None:
        """A person says that what the system says of itself now are the same books."""
        found = Tenant.objects.filter(connection=self._connection, entity=entity)
        found.update(seen=seen, since=database_now())

    def _name(self, entity: str, seen: str) -> str:
        """The name that these books have already by another connection of the organisation, or a new one."""
        organisation = self._connection.organisation_id
        return _name_of.first(organisation, entity, seen) or seen


@Prepared
def _tenant(connection: int, entity: str) -> QuerySet[Tenant]:
    return Tenant.objects.filter(connection_id=connection, entity=entity)


@Prepared
def _name_of(organisation: int, entity: str, seen: str) -> QuerySet[Tenant, str]:
    same = Tenant.objects.filter(connection__organisation_id=organisation, entity=entity, seen=seen)
    return same.order_by("id").values_list("name", flat=True)[:1]


@Prepared
def _confirmed(connection: int) -> QuerySet[Tenant, tuple[str, str, str]]:
    return Tenant.objects.filter(connection_id=connection).values_list("entity", "seen", "name")
