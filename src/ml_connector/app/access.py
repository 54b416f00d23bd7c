"""The only way to query: everything through an organisation, so that no client ever sees another's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Max, QuerySet

from ml_connector.domain import codec
from ml_connector.domain.mapping import Mapping as CodeMapping
from ml_connector.store.audit import StoredAudit
from ml_connector.store.models import (
    Commit,
    Connection,
    ExchangeRow,
    Flow,
    MappingVersion,
    Organisation,
    Pause,
    Run,
)
from ml_connector.store.runs import StoredRuns

MADE_BY = "_made_by"


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

    def taking_part(self, values: Mapping[str, str]) -> dict[str, str]:
        """The input of a run with the named person who has a part in what it proposes from now on."""
        people = people_behind(values) | {self.person} - {""}
        return {**values, MADE_BY: "\n".join(sorted(people))} if people else dict(values)


def people_behind(values: Mapping[str, str]) -> set[str]:
    """The named people who started a run, or had it proposed again, by its input."""
    return set(filter(None, values.get(MADE_BY, "").split("\n")))


def no_run(identity: str) -> Unknown:
    """The error for a run that is not there."""
    return Unknown(f"There is no run {identity!r}. `ml-connector runs list` shows them.")


class Access:
    """One organisation's rows."""

    def __init__(self, organisation: str) -> None:
        self.organisation, _ = Organisation.objects.get_or_create(slug=organisation)

    @property
    def audit(self) -> StoredAudit:
        return StoredAudit(self.organisation)

    @property
    def runs(self) -> StoredRuns:
        return StoredRuns(self.organisation)

    def connections(self) -> QuerySet[Connection]:
        return Connection.objects.filter(organisation=self.organisation).order_by("name")

    def connection(self, name: str) -> Connection:
        found = self.connections().filter(name=name).first()
        if found is None:
            known = ", ".join(self.connections().values_list("name", flat=True)) or "none yet"
            raise Unknown(
                f"There is no connection {name!r}; known are: {known}. Add one: `ml-connector connections add"
                f" {name}`."
            )
        return found

    def flows(self) -> QuerySet[Flow]:
        return self.organisation.flow_set.select_related("source", "target").order_by("id")

    def flow(self, kind: str, source: str, target: str) -> Flow:
        found = self.flows().filter(kind=kind, source__name=source, target__name=target).first()
        if found is None:
            raise Unknown(
                f"There is no {kind} flow from {source} to {target}. Make one: `ml-connector flows set`."
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
    ) -> Flow:
        values = {
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
        row = (
            MappingVersion.objects.filter(organisation=self.organisation, name=name)
            .order_by("-version")
            .first()
        )
        if row is None:
            raise Unknown(
                f"There is no mapping {name!r}. Import one: `ml-connector mappings import {name} FILE`."
            )
        return row

    def mapping(self, name: str, version: int | None = None) -> CodeMapping:
        found = MappingVersion.objects.filter(organisation=self.organisation, name=name)
        row = found.filter(version=version).first() if version else found.order_by("-version").first()
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
        found = Run.objects.filter(organisation=self.organisation, id=identity).first()
        if found is None:
            raise no_run(identity)
        return found

    def commits(self) -> QuerySet[Commit]:
        return (
            Commit.objects.filter(organisation=self.organisation).select_related("connection").order_by("id")
        )

    def exchanges(self) -> QuerySet[ExchangeRow]:
        return ExchangeRow.objects.filter(connection__organisation=self.organisation).order_by("id")

    def pauses(self) -> QuerySet[Pause]:
        return Pause.objects.filter(organisation=self.organisation)
