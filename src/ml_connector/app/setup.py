"""Setting up: connections, sign-ins, flows. Every change is an entry of the audit chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from django.db import transaction

from ml_connector.app.access import Access, Actor
from ml_connector.app.assemble import Assembly, connectors
from ml_connector.app.content_hashes import changes, connection_sha256, flow_sha256, journals_sha256
from ml_connector.app.mappings import Compared, compared
from ml_connector.app.refusals import SetupError, name_problems
from ml_connector.app.schedules import check_schedule, next_slot, next_topics, wake_new
from ml_connector.domain.problem import Problem
from ml_connector.flows.flow import Flow as FlowRecord
from ml_connector.flows.flow import Policy, flows
from ml_connector.ports.systems import Field, Right, Setting
from ml_connector.store.models import Connection, Flow, Tenant
from ml_connector.store.tenants import StoredTenants
from ml_connector.transport.auth import consent_warning
from ml_connector.transport.settings import secret_problems


def _unknown(name: str, known: list[str]) -> str:
    """That there is no such setting, with the nearest one that there is."""
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else f"Settings are {', '.join(known)}."
    return f"There is no setting {name!r}. {hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLine:
    """A connection as a list shows it."""

    name: str
    connector: str
    sandbox: bool
    signed_in: bool
    consent_ends: datetime | None
    warning: str


class Setup:
    """What an administrator does before the first run."""

    def __init__(self, access: Access, assembly: Assembly, actor: Actor) -> None:
        self._access, self._assembly, self._actor = access, assembly, actor

    # --- connections ----------------------------------------------------------------------------------------

    def connectors(self) -> dict[str, tuple[str, tuple[Setting, ...]]]:
        """Slug → title and settings of everything that can be connected."""
        return {
            slug: (connector.title, connector.settings) for slug, connector in sorted(connectors().items())
        }

    def check_connection(
        self, name: str, connector: str, values: Mapping[str, str], *, sandbox: bool
    ) -> None:
        """What can be said of a connection before its missing secrets are asked for. Raises `SetupError` with
        every problem; a host that is not the vendor's is one.
        """
        if problems := self._problems(name, connector, values, sandbox):
            raise SetupError(problems)

    def add_connection(self, name: str, connector: str, values: Mapping[str, str], *, sandbox: bool) -> None:
        """Store a connection. Raises `SetupError` with every problem of its settings and every secret that is
        missing.
        """
        problems = [*name_problems("connection", name), *self._problems(name, connector, values, sandbox)]
        known = connectors()[connector]
        plain, secret = self._sort(known.settings, values)
        for setting in known.settings:
            if setting.field is Field.SECRET and setting.required and not secret.get(setting.name):
                problems.append(
                    Problem("setting.missing", setting.name, f"{setting.label} is missing. {setting.help}")
                )
        if problems:
            raise SetupError(problems)
        with transaction.atomic():
            before = self._access.stored_connection(name)
            row, _ = Connection.objects.update_or_create(
                organisation=self._access.organisation,
                name=name,
                defaults={"connector": connector, "settings": plain, "sandbox": sandbox},
            )
            vault = self._assembly.wiring(row).vault
            for key, value in secret.items():
                vault.write(key, value)
            self._note(
                "connection.stored",
                name,
                {
                    "connector": connector,
                    "sandbox": sandbox,
                    "secrets": len(secret),
                    **changes("setting", before.settings if before else {}, plain),
                    "sha256": connection_sha256(row),
                },
            )

    def _problems(self, name: str, connector: str, values: Mapping[str, str], sandbox: bool) -> list[Problem]:
        """Every problem of what was given. Raises `SetupError` where no more can be said."""
        known = connectors().get(connector)
        if known is None:
            text = f"There is no connector {connector!r}: {', '.join(connectors())}."
            raise SetupError([Problem("connector.unknown", connector, text)])
        plain, secret = self._sort(known.settings, values)
        return [
            *self._change_of_kind(name, connector, sandbox),
            *known.check_settings(plain, sandbox),
            *secret_problems(known.settings, secret),
        ]

    def _change_of_kind(self, name: str, connector: str, sandbox: bool) -> list[Problem]:
        """A connection keeps its product and stays simulated or real: flows, commits and backups know it by
        its name.
        """
        row = Connection.objects.filter(organisation=self._access.organisation, name=name).first()
        if row is None or (row.connector, row.sandbox) == (connector, sandbox):
            return []
        kinds = [
            f"{slug} {'sandbox' if simulated else 'system'}"
            for slug, simulated in ((row.connector, row.sandbox), (connector, sandbox))
        ]
        text = (
            f"{name} is a {kinds[0]} and cannot become a {kinds[1]}. Store the other one under another name."
        )
        return [Problem("connection.kind", name, text)]

    def _sort(
        self, settings: tuple[Setting, ...], values: Mapping[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        known = {setting.name: setting for setting in settings}
        if unknown := sorted(set(values) - set(known)):
            raise SetupError([Problem("setting.unknown", name, _unknown(name, [*known])) for name in unknown])
        plain = {name: value for name, value in values.items() if known[name].field is not Field.SECRET}
        secret = {name: value for name, value in values.items() if known[name].field is Field.SECRET}
        return plain, secret

    def connections(self) -> list[ConnectionLine]:
        """Every connection, with what should worry an administrator."""
        lines = []
        for row in self._access.connections():
            states = self._assembly.sign_ins(row)
            ends = min(
                (state.consent_expires_at for state in states if state.consent_expires_at), default=None
            )
            lost = next((state.lost for state in states if state.lost), "")
            line = ConnectionLine(
                name=row.name,
                connector=row.connector,
                sandbox=row.sandbox,
                signed_in=any(state.access_token for state in states),
                consent_ends=ends,
                warning=lost or consent_warning(ends, self._assembly.clock) or "",
            )
            lines.append(line)
        return lines

    def test_connection(self, name: str) -> tuple[Right, ...]:
        """The ping: every right, there or missing. Changes nothing at the vendor."""
        return self._assembly.system(self._access.connection(name)).check()

    def same_books(self, name: str) -> list[str]:
        """A person says that a connection which now leads to books of another name leads to the same ones.
        The names as they are now, each once; raises `SetupError` where nothing has another name.
        """
        row = self._access.connection(name)
        system, changed = self._assembly.system(row), []
        for known in Tenant.objects.filter(connection=row).exclude(seen="").order_by("entity"):
            now = system.tenant(known.entity)
            if now and now != known.seen:
                changed.append((known.entity, known.seen, now))
        if not changed:
            text = f"{name} leads to the books it has led to before; there is nothing to record."
            raise SetupError([Problem("tenant.same", name, text)])
        with transaction.atomic():
            for entity, was, now in changed:
                StoredTenants(row).accept(entity, now)
                self._note("connection.same_books", name, {"entity": entity, "was": was, "now": now})
        return [now for _, _, now in changed]

    def authorize_url(self, name: str) -> str:
        """Where a person gives consent."""
        return str(self._sign_in(name).authorize_url(self._state(name)))

    def authorize(self, name: str, redirect: str) -> None:
        """Finish a sign-in with the address that the vendor sent the browser to. Flows of it that waited for
        that look at once.
        """
        self._sign_in(name).exchange(redirect, self._state(name))
        wake_new(self._assembly, self._flows_of(name))
        self._note("connection.authorized", name, {})

    def _flows_of(self, name: str) -> list[Flow]:
        return [flow for flow in self._access.flows() if name in (flow.source.name, flow.target.name)]

    def _sign_in(self, name: str) -> Any:
        sign_in = self._assembly.system(self._access.connection(name)).sign_in
        if sign_in is None:
            raise SetupError(
                [
                    Problem(
                        "sign_in.none",
                        name,
                        f"{name} signs in with its settings; there is nothing to authorise.",
                    )
                ]
            )
        return sign_in

    def _state(self, name: str) -> str:
        """Ties a pasted redirect to this connection: a secret of the connection, made once."""
        vault = self._assembly.wiring(self._access.connection(name)).vault
        try:
            return vault.read("oauth_state")
        except KeyError:
            import secrets

            vault.write("oauth_state", secrets.token_urlsafe(24))
            return vault.read("oauth_state")

    # --- flows ----------------------------------------------------------------------------------------------

    def kind_between(self, source: str, target: str, kind: str = "") -> FlowRecord:
        """The flow that is meant between two connections: of the kind, or the one that they can have. Raises
        `SetupError` where there is none, or more than one.
        """
        fits = {record.kind: record for record in self.fitting(source, target)}
        if kind and kind in fits:
            return fits[kind]
        usual = [record for record in fits.values() if record.usual or len(fits) == 1]
        if usual and not kind:
            return usual[0]
        known = ", ".join(sorted(fits)) or "none"
        text = f"Flows between {source} and {target}: {known}." + (
            f" {kind!r} is none of them." if kind else " Choose one with --kind." if fits else ""
        )
        raise SetupError([Problem("flow.kind", "kind", text)])

    def fitting(self, source: str, target: str) -> list[FlowRecord]:
        """Every flow that the two connections can have in this direction."""
        reads = self._assembly.system(self._access.connection(source))
        writes = self._assembly.system(self._access.connection(target))
        return [
            record
            for record in flows().values()
            if record.source in reads.sources
            and (record.target in writes.sinks or record.target in writes.registers)
            and record.fits(reads, writes)
        ]

    def set_flow(
        self,
        source: str,
        target: str,
        *,
        mode: str,
        starts_on: date,
        mapping: str,
        options: Mapping[str, str],
        kind: str = "",
        schedule: str | None = None,
        wake: Sequence[str] | None = None,
    ) -> tuple[Flow, Compared]:
        """Store how a flow runs between two connections: of the kind, or the one that they can have. Sandbox
        and real connections never share a flow. With a `schedule` it looks for new work by itself, with an
        empty one it does not; without one that stays as it is. `wake` are topics of notifications that make
        it look at once, likewise: one empty text for none.

        A mapping is compared with the ledger first. Raises `SetupError` where it names a total, and for an
        axis that one of the systems does not have.
        """
        first, second = self._access.connection(source), self._access.connection(target)
        check_schedule(schedule)
        record = self.kind_between(source, target, kind)
        record.policy(mode, starts_on, options)
        rules = self._access.mapping(mapping) if mapping else None
        groups = {rule.group for rule in rules.rules if rule.group} if rules else set[str]()
        record.check_options(options, sorted(groups))
        if first.sandbox != second.sandbox:
            text = (
                f"{first.name} and {second.name} are not both sandbox or both real. Nothing from a"
                " simulator is booked in real books."
            )
            raise SetupError([Problem("flow.mixed", "connections", text)])
        reads, writes = self._assembly.system(first), self._assembly.system(second)
        if legal_entities := writes.legal_entities:
            options = record.spelled(options, legal_entities)
        policy = record.policy(mode, starts_on, options)
        if strange := list(record.strange_axes(policy, reads, writes)):
            raise SetupError(strange)
        users = [(record, policy, first, second)]
        found = compared(self._assembly, rules, users, rules_only=False) if rules else Compared()
        with transaction.atomic():
            before = self._access.stored_flow(record.kind, first.name, second.name)
            topics = next_topics(before, wake)
            planned, slot = next_slot(before, schedule, self._assembly.clock.now())
            flow = self._access.set_flow(
                schedule=planned,
                slot_at=slot,
                wake=topics,
                kind=record.kind,
                source=first,
                target=second,
                mode=mode,
                starts_on=starts_on,
                mapping=mapping,
                options=options,
                journals_before=self._journals_before(before, policy),
            )
            self._note(
                "flow.stored",
                f"{source} → {target}",
                {
                    "kind": record.kind,
                    "mode": mode,
                    "starts_on": str(starts_on),
                    "mapping": mapping,
                    "schedule": planned,
                    **({} if topics is None else {"wake": ", ".join(topics)}),
                    **changes("option", before.options if before else {}, options),
                    "sha256": flow_sha256(flow),
                    "journals_before": journals_sha256(flow),
                },
            )
        return flow, found

    def _journals_before(self, before: Flow | None, policy: Policy) -> dict[str, list[str]]:
        """By legal entity the journals that the flow had and has no more: what it books may stand in one,
        booked by hand.
        """
        found: dict[str, list[str]] = {}
        if before is not None:
            earlier = self._assembly.policy(before).journals
            for entity in sorted({*before.journals_before, *earlier}):
                known = [*before.journals_before.get(entity, []), earlier.get(entity, "")]
                now = policy.journals.get(entity, "")
                found[entity] = [journal for journal in dict.fromkeys(known) if journal and journal != now]
        return {entity: journals for entity, journals in found.items() if journals}

    def _note(self, action: str, subject: str, detail: Mapping[str, str | int | bool | None]) -> None:
        self._access.audit.append(
            actor=f"{self._actor.channel}:{self._actor.name}", action=action, subject=subject, detail=detail
        )
