"""The only way to query: everything through an organisation, so that no client ever sees another's rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, QuerySet

from ml_connector.domain import codec
from ml_connector.domain.mapping import Mapping as CodeMapping
from ml_connector.ports.runs import RunRow
from ml_connector.store.audit import StoredAudit
from ml_connector.store.models import (
    Commit,
    Connection,
    ExchangeRow,
    Flow,
    IntakeKey,
    IntakeReport,
    MappingVersion,
    Organisation,
    Pause,
    Run,
)
from ml_connector.store.prepared import Prepared
from ml_connector.store.runs import StoredRuns


class Unknown(LookupError):
    """There is no such thing in this organisation."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, and where: `cli` for a user of the operating system. Only `person`, a named person who has
    proved it, counts where two people are wanted.
    """

    name: str
    channel: str
    person: str = ""

    @property
    def audited(self) -> str:
        """As the audit chain names who did it."""
        return f"{self.channel}:{self.name}"

    def noted(self, detail: Mapping[str, str | int | bool | None]) -> dict[str, str | int | bool | None]:
        """The details of an entry of the audit chain, with the named person."""
        return {**detail, "person": self.person} if self.person else dict(detail)

    def taking_part(self, people: Collection[str] = ()) -> set[str]:
        """The named people who have a part in what a run proposes from now on."""
        return {*people, self.person} - {""}


DEFAULT = "default"
"""The organisation of an installation that keeps the books of one."""


def no_run(identity: str) -> Unknown:
    """The error for a run that is not there."""
    return Unknown(f"There is no run {identity!r}. `ml-connector runs list` shows them.")


class Access:
    """One organisation's rows."""

    def __init__(self, organisation: str) -> None:
        """Raises `Unknown` for one that was never added; the one of a new installation is made by itself."""
        known = _organisation.first(organisation)
        if known is None and organisation == DEFAULT:
            known = Organisation.objects.get_or_create(slug=DEFAULT)[0]
        if known is None:
            raise Unknown(
                f"There is no organisation {organisation!r}. Add it: ml-connector organisations add"
                f" {organisation}. ML_CONNECTOR_ORGANISATION says which one a command is about."
            )
        self.organisation = known

    @property
    def audit(self) -> StoredAudit:
        return StoredAudit(self.organisation)

    @property
    def runs(self) -> StoredRuns:
        return StoredRuns(self.organisation)

    def connections(self) -> QuerySet[Connection]:
        return Connection.objects.filter(organisation=self.organisation).order_by("name")

    def stored_connection(self, name: str) -> Connection | None:
        """The connection of the name; `None` where there is none."""
        return _connection.first(self.organisation.pk, name)

    def connection(self, name: str) -> Connection:
        found = self.stored_connection(name)
        if found is None:
            known = ", ".join(self.connections().values_list("name", flat=True)) or "none yet"
            raise Unknown(
                f"There is no connection {name!r}; known are: {known}. Add one: ml-connector connections add"
                f" {name} --connector PRODUCT."
            )
        return found

    def flows(self) -> list[Flow]:
        return _every_flow(self.organisation.pk)

    def flow_numbered(self, identity: int) -> Flow:
        """The flow with this id. Raises `Unknown`."""
        found = next((flow for flow in self.flows() if flow.pk == identity), None)
        if found is None:
            raise Unknown(f"There is no flow {identity}. `ml-connector flows list` shows them.")
        return found

    def flow_of(self, row: RunRow | Run) -> Flow:
        """The flow that a run belongs to."""
        return _flow(
            self.organisation.pk, (row.settings if isinstance(row, RunRow) else row.settings_id) or 0
        )[0]

    def stored_flow(self, kind: str, source: str, target: str) -> Flow | None:
        """The flow between the two; `None` where there is none yet."""
        return _flow_between.first(self.organisation.pk, kind, source, target)

    def flow(self, kind: str, source: str, target: str) -> Flow:
        found = self.stored_flow(kind, source, target)
        if found is None:
            raise Unknown(
                f"There is no {kind} flow from {source} to {target}. Make one: ml-connector flows set"
                f" --from {source} --to {target} --starts-on DATE --mapping NAME."
            )
        return found

    def set_flow(
        self,
        *,
        kind: str,
        source: Connection,
        target: Connection,
        mode: str,
        starts_on: date,
        mapping: str,
        options: Mapping[str, str],
        journals_before: Mapping[str, Sequence[str]] | None = None,
        schedule: str = "",
        slot_at: datetime | None = None,
        wake: list[str] | None = None,
    ) -> Flow:
        values = {
            "schedule": schedule,
            "slot_at": slot_at,
            "wake": wake,
            "mode": mode,
            "starts_on": starts_on,
            "mapping": mapping,
            "options": dict(options),
            "journals_before": dict(journals_before or {}),
        }
        flow, _ = Flow.objects.update_or_create(
            organisation=self.organisation, kind=kind, source=source, target=target, defaults=values
        )
        return flow

    def newest_mapping(self, name: str) -> MappingVersion:
        """The row of the newest version. Raises `Unknown` for a name never imported."""
        row = _mapping.first(self.organisation.pk, name, None)
        if row is None:
            raise Unknown(
                f"There is no mapping {name!r}. Import one: `ml-connector mappings import {name} FILE`."
            )
        return row

    def mapping(self, name: str, version: int | None = None) -> CodeMapping:
        row = _mapping.first(self.organisation.pk, name, version or None)
        if row is None:
            raise Unknown(
                f"There is no mapping {name!r}{f' version {version}' if version else ''}. Import one:"
                f" `ml-connector mappings import {name} FILE`."
            )
        mapping: CodeMapping = codec.decode(row.content)
        return mapping

    def mappings(self) -> QuerySet[MappingVersion]:
        return MappingVersion.objects.filter(organisation=self.organisation).order_by("name", "version")

    def next_mapping_version(self, name: str, *, alone: bool = False) -> int:
        """One more than the newest; `alone` in this transaction, so that nobody else draws the same."""
        if alone:
            Organisation.objects.select_for_update().get(pk=self.organisation.pk)
        newest = MappingVersion.objects.filter(organisation=self.organisation, name=name).aggregate(
            newest=Max("version")
        )["newest"]
        return (newest or 0) + 1

    def add_mapping(self, mapping: CodeMapping, actor: Actor) -> None:
        text = codec.encode(mapping)
        MappingVersion.objects.create(
            organisation=self.organisation,
            name=mapping.name,
            version=mapping.version,
            content=text,
            fingerprint=codec.digest(text),
            created_by=actor.name,
        )

    def run(self, identity: str) -> Run:
        found = _run.first(self.organisation.pk, identity)
        if found is None:
            raise no_run(identity)
        return found

    def commits(self) -> QuerySet[Commit]:
        return (
            Commit.objects.filter(organisation=self.organisation).select_related("connection").order_by("id")
        )

    def exchanges(self) -> QuerySet[ExchangeRow]:
        return ExchangeRow.objects.filter(connection__organisation=self.organisation).order_by("id")

    def intake_reports(self) -> QuerySet[IntakeReport]:
        """Expense reports that programs of the organisation sent, in the order in which they were stored."""
        return IntakeReport.objects.filter(organisation=self.organisation).order_by("number")

    def intake_keys(self) -> QuerySet[IntakeKey]:
        """Every idempotency key that was used, with its report."""
        return IntakeKey.objects.filter(organisation=self.organisation).select_related("report")

    def pauses(self) -> QuerySet[Pause]:
        return Pause.objects.filter(organisation=self.organisation)

    def paused(self) -> list[Pause]:
        """What stands still now."""
        return _pauses(self.organisation.pk)


@Prepared
def _organisation(slug: str) -> QuerySet[Organisation]:
    return Organisation.objects.filter(slug=slug)


@Prepared
def _connection(organisation: int, name: str) -> QuerySet[Connection]:
    return Connection.objects.filter(organisation_id=organisation, name=name)


def _flows(organisation: int) -> QuerySet[Flow]:
    found = Flow.objects.filter(organisation_id=organisation)
    return found.select_related("organisation", "source", "target").order_by("id")


@Prepared
def _every_flow(organisation: int) -> QuerySet[Flow]:
    return _flows(organisation)


@Prepared
def _flow(organisation: int, flow: int) -> QuerySet[Flow]:
    return _flows(organisation).filter(id=flow)


@Prepared
def _flow_between(organisation: int, kind: str, source: str, target: str) -> QuerySet[Flow]:
    return _flows(organisation).filter(kind=kind, source__name=source, target__name=target)


@Prepared
def _mapping(organisation: int, name: str, version: int | None) -> QuerySet[MappingVersion]:
    """The version, or the newest."""
    found = MappingVersion.objects.filter(organisation_id=organisation, name=name)
    return found.order_by("-version")[:1] if version is None else found.filter(version=version)


@Prepared
def _run(organisation: int, run: str) -> QuerySet[Run]:
    return Run.objects.filter(organisation_id=organisation, id=run)


@Prepared
def _pauses(organisation: int) -> QuerySet[Pause]:
    return Pause.objects.filter(organisation_id=organisation).order_by("id")
