"""Tables. Money is integer minor units with its currency; every client's row carries its organisation.

Rows of commits, intents, approvals and audit are never deleted and never edited by hand: a person who could
edit an intent could undo maker-checker. Staged lines, exchanges and artifacts have a retention period.
"""

from __future__ import annotations

# Not by name: a backup of PostgreSQL has the tables in this order, and is restored where it is the same.
# isort: off
from ml_connector.store.models.setup import (
    BudgetWindow,
    Connection,
    Flow,
    Installation,
    MappingVersion,
    Organisation,
    Pause,
    Secret,
    Tenant,
    Token,
)
from ml_connector.store.models.runs import (
    Answer,
    Artifact,
    Claim,
    GroupLink,
    Link,
    Run,
    RunSubject,
    StagedBlock,
)
from ml_connector.store.models.commits import (
    Approval,
    Commit,
    CommitSubject,
    DistrustedMarker,
    Incident,
    Intent,
    Resolution,
)
from ml_connector.store.models.audit import AuditEntry, AuditHead, AuditSeal, ExchangeRow, WrongSecrets
from ml_connector.store.models.plans import Counterpart, Plan, PlannedChange
from ml_connector.store.models.work import WorkItem
from ml_connector.store.models.snapshots import SnapshotCursor, SnapshotRow
from ml_connector.store.models.expected import ExpectedChange, ExpectedRun
from ml_connector.store.models.alerts import Alert, AlertEndpoint, AlertMessage, AlertRound, EndpointSecret
from ml_connector.store.models.headcount import HeadcountClosing, HeadcountReason
from ml_connector.store.models.hooks import Hook, HookCount, HookEvent, HookPath
from ml_connector.store.models.api import (
    ApiToken,
    ApiTokenSecret,
    IntakeFile,
    IntakeKey,
    IntakeReport,
    KeptValue,
)
# isort: on

__all__ = [
    "Alert",
    "AlertEndpoint",
    "AlertMessage",
    "AlertRound",
    "Answer",
    "ApiToken",
    "ApiTokenSecret",
    "Approval",
    "Artifact",
    "AuditEntry",
    "AuditHead",
    "AuditSeal",
    "BudgetWindow",
    "Claim",
    "Commit",
    "CommitSubject",
    "Connection",
    "Counterpart",
    "DistrustedMarker",
    "EndpointSecret",
    "ExchangeRow",
    "ExpectedChange",
    "ExpectedRun",
    "Flow",
    "GroupLink",
    "HeadcountClosing",
    "HeadcountReason",
    "Hook",
    "HookCount",
    "HookEvent",
    "HookPath",
    "Incident",
    "Installation",
    "IntakeFile",
    "IntakeKey",
    "IntakeReport",
    "Intent",
    "KeptValue",
    "Link",
    "MappingVersion",
    "Organisation",
    "Pause",
    "Plan",
    "PlannedChange",
    "Resolution",
    "Run",
    "RunSubject",
    "Secret",
    "SnapshotCursor",
    "SnapshotRow",
    "StagedBlock",
    "Tenant",
    "Token",
    "WorkItem",
    "WrongSecrets",
]
