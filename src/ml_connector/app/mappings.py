"""Mappings: imported, exported, compared with the ledgers that they book in before they are stored.

a total or a heading            refused: nothing can ever be booked on it
all else that does not fit      stored, and named: it may be opened, made or unblocked in the ledger
a ledger that cannot be read    stored, and said: nothing was compared with it
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import transaction

from ml_connector.app.access import Access, Actor, Unknown
from ml_connector.app.assemble import Assembly
from ml_connector.app.mapping_csv import read_mapping, write_mapping
from ml_connector.app.refusals import SetupError, name_problems
from ml_connector.domain.checks import TOTALS
from ml_connector.domain.mapping import Mapping
from ml_connector.domain.mapping_checks import check_mapping
from ml_connector.domain.problem import Problem
from ml_connector.flows.flow import Flow as FlowRecord
from ml_connector.flows.flow import Policy, flows
from ml_connector.store.models import Connection, Flow

_NAME = re.compile(r"[^\W_][\w.-]*")
"""What a new mapping may be called; one that is there keeps its name."""
User = tuple[FlowRecord, Policy, Connection, Connection]
"""A flow that a mapping is for: its kind, its settings, where it reads and the ledger it books in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a mapping books on, beside the ledgers of its flows: names of those it was compared with, and
    `(source, ledger, why)` of those that could not be read. `problems` is what does not fit today.
    """

    ledgers: tuple[str, ...] = ()
    unread: tuple[tuple[str, str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


def compared(assembly: Assembly, mapping: Mapping, users: Iterable[User], *, rules_only: bool) -> Compared:
    """Compare a mapping with the ledger of each flow that books by it, read now. Raises `SetupError` with
    every total that it names or, unless `rules_only`, that the settings of a flow name.
    """
    from ml_connector.app.failures import expected, read_failure

    ledgers, unread, problems = list[str](), list[tuple[str, str, str]](), list[Problem]()
    for record, policy, source, ledger in users:
        if record.unmapped is None:
            continue
        try:
            problems += record.misfits(mapping, policy, assembly.system(ledger).facts())
        except expected() as error:
            unread.append((source.name, ledger.name, read_failure(error).text))
        else:
            ledgers.append(ledger.name)
    found = tuple(dict.fromkeys(problems))
    if refused := [
        problem
        for problem in found
        if problem.code in TOTALS and (problem.where.startswith("rule ") or not rules_only)
    ]:
        raise SetupError(refused)
    return Compared(ledgers=tuple(dict.fromkeys(ledgers)), unread=tuple(unread), problems=found)


class Mappings:
    """What an administrator does with mappings. Every change is an entry of the audit chain."""

    def __init__(self, access: Access, assembly: Assembly, actor: Actor) -> None:
        self._access, self._assembly, self._actor = access, assembly, actor

    def import_(self, name: str, rules: bytes, codes: bytes | None) -> tuple[Mapping, Compared]:
        """Store a new version of a mapping, once it was compared with the ledgers of the flows that use it.
        Raises `TableError` or `SetupError` with every problem; then nothing is stored.
        """
        if wrong := name_problems("mapping", name):
            raise SetupError(wrong)
        version = self._access.next_mapping_version(name)
        if version == 1 and not _NAME.fullmatch(name):
            text = (
                f"{name!r} is not a valid name for a mapping. Use letters, digits, points, - and _,"
                " beginning with a"
                " letter or digit."
            )
            raise SetupError([Problem("mapping.name", "name", text)])
        mapping = read_mapping(name, version, rules, codes)
        if problems := check_mapping(mapping):
            raise SetupError(problems)
        users = [
            (flows()[flow.kind], self._assembly.policy(flow), flow.source, flow.target)
            for flow in self._access.flows()
            if flow.mapping == name
        ]
        found = compared(self._assembly, mapping, users, rules_only=True)
        with transaction.atomic():
            # Somebody may have imported the same name since the table was read: the number is drawn where
            # nobody else can draw one.
            mapping = replace(mapping, version=self._access.next_mapping_version(name, alone=True))
            self._access.add_mapping(mapping, self._actor)
            self._access.audit.append(
                actor=f"{self._actor.channel}:{self._actor.name}",
                action="mapping.imported",
                subject=name,
                detail={
                    "version": mapping.version,
                    "rules": len(mapping.rules),
                    "compared_with": ", ".join(found.ledgers),
                    "sha256": self._access.newest_mapping(name).fingerprint,
                },
            )
        return mapping, found

    def export(self, name: str, version: int | None, *, for_spreadsheet: bool) -> tuple[str, str]:
        """The tables of a mapping: rules and codes."""
        return write_mapping(self._access.mapping(name, version), for_spreadsheet=for_spreadsheet)

    def check(self, name: str, flow: Flow) -> list[Problem]:
        """Problems of a mapping by itself, and with the ledger of a flow: see `misfits`."""
        mapping, policy = self._access.mapping(name), self._assembly.policy(flow)
        ledger, record = self._assembly.system(flow.target).ledger, flows()[flow.kind]
        return [*check_mapping(mapping), *(record.misfits(mapping, policy, ledger) if ledger else ())]

    def suggest(self, name: str | None, source: str, reference: str) -> list[tuple[str, int, str]]:
        """Source accounts of a record at the source that the mapping does not cover: see `Flow.unmapped`.
        Raises `Unknown` where no flow reads what this source has by a mapping.
        """
        system = self._assembly.system(self._access.connection(source))
        mapping = self._access.mapping(name) if name else None
        for record in flows().values():
            if record.unmapped and record.source and record.source in system.sources:
                return record.unmapped(mapping, system.source(record.source), reference)
        raise Unknown(f"{source} holds nothing that a mapping is for.")
