"""The application as its faces use it: one object per process, organisation and person."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from ml_connector.app.settings import Settings, start_django

if TYPE_CHECKING:
    # Models can be imported only after Django is started, and a command that shows its help starts nothing.
    from ml_connector.app.access import Access, Actor
    from ml_connector.app.api_tokens import ApiTokens
    from ml_connector.app.assemble import Assembly
    from ml_connector.app.expected_changes import ExpectedChanges
    from ml_connector.app.headcount import Headcounts
    from ml_connector.app.mappings import Mappings
    from ml_connector.app.operations import Operations
    from ml_connector.app.organisations import Organisations
    from ml_connector.app.outgoing import Endpoints
    from ml_connector.app.pairs import Pairs
    from ml_connector.app.people import People
    from ml_connector.app.records import Records
    from ml_connector.app.setup import Setup
    from ml_connector.app.statements import Statements
    from ml_connector.app.webhooks import Webhooks
    from ml_connector.app.worklist import Worklist


@dataclass
class Service:
    """Everything that a face may do. Django is started when it is made."""

    settings: Settings
    actor_name: str
    channel: str

    def __post_init__(self) -> None:
        level = logging.getLevelNamesMapping().get(self.settings.log_level.upper(), logging.WARNING)
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        )
        start_django(self.settings)

    def require_keys(self) -> None:
        """Raises `VaultError` when secrets are stored and the key file is gone, and when the key of the audit
        chain is damaged: nothing is posted that is not signed because of that.
        """
        from ml_connector.store.seals import seal_key
        from ml_connector.store.secrets import require_keys

        require_keys(self.settings.key_file)
        if (key := seal_key()) is not None:
            key.require()

    @cached_property
    def access(self) -> Access:
        from ml_connector.app.access import Access

        return Access(self.settings.organisation)

    def sign_in(self, name: str, secret: str) -> None:
        """Let what is done from now on be of this named person. Raises `NotAllowed` for a wrong secret."""
        self.actor = self.people.sign_in(name, secret)
        kept = ("people", "setup", "operations", "statements", "worklist", "endpoints", "headcounts")
        for name in (*kept, "expected", "webhooks", "pairs"):
            self.__dict__.pop(name, None)

    @cached_property
    def people(self) -> People:
        from ml_connector.app.people import People

        return People(self.access, self.actor, self.assembly.clock)

    @cached_property
    def organisations(self) -> Organisations:
        from ml_connector.app.organisations import Organisations

        return Organisations(self.actor, self.assembly.clock)

    @cached_property
    def api_tokens(self) -> ApiTokens:
        from ml_connector.app.api_tokens import ApiTokens

        return ApiTokens(self.access, self.actor, self.assembly.clock)

    @cached_property
    def actor(self) -> Actor:
        from ml_connector.app.access import Actor

        return Actor(self.actor_name, self.channel)

    @cached_property
    def assembly(self) -> Assembly:
        from ml_connector.app.assemble import Assembly

        return Assembly(self.settings)

    @cached_property
    def setup(self) -> Setup:
        from ml_connector.app.setup import Setup

        return Setup(self.access, self.assembly, self.actor)

    @cached_property
    def pairs(self) -> Pairs:
        from ml_connector.app.pairs import Pairs

        return Pairs(self.access, self.assembly, self.setup, self.operations)

    @cached_property
    def mappings(self) -> Mappings:
        from ml_connector.app.mappings import Mappings

        return Mappings(self.access, self.assembly, self.actor)

    @cached_property
    def operations(self) -> Operations:
        from ml_connector.app.operations import Operations

        return Operations(self.access, self.assembly, self.actor)

    @cached_property
    def statements(self) -> Statements:
        from ml_connector.app.statements import Statements

        return Statements(self.access, self.assembly, self.actor)

    @cached_property
    def endpoints(self) -> Endpoints:
        from ml_connector.app.outgoing import Endpoints

        return Endpoints(self.access, self.assembly, self.actor)

    @cached_property
    def webhooks(self) -> Webhooks:
        from ml_connector.app.webhooks import Webhooks

        return Webhooks(self.access, self.assembly, self.actor)

    @cached_property
    def worklist(self) -> Worklist:
        from ml_connector.app.worklist import Worklist

        return Worklist(self.access, self.actor)

    @cached_property
    def headcounts(self) -> Headcounts:
        from ml_connector.app.headcount import Headcounts

        return Headcounts(self.access, self.assembly, self.actor)

    @cached_property
    def expected(self) -> ExpectedChanges:
        from ml_connector.app.expected_changes import ExpectedChanges

        return ExpectedChanges(self.access, self.assembly, self.actor)

    @cached_property
    def records(self) -> Records:
        from ml_connector.app.records import Records

        return Records(self.access)
