"""Tables. Money is integer minor units with its currency; every client's row carries its organisation.

Rows of commits, intents, approvals and audit are never deleted and never edited by hand: a person who could
edit an intent could undo maker-checker. Staged lines, exchanges and artifacts have a retention period.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ml_connector.store.database import database_now
from ml_connector.store.long_text import LongText


class Organisation(models.Model):
    """A client. One chain of audit entries each. With `four_eyes` approving and settling take two named
    people.
    """

    slug = models.SlugField(unique=True)
    four_eyes = models.BooleanField(default=False)


class Installation(models.Model):
    """Which installation this database belongs to. A restore takes a new identity, so that a copy is never
    taken for the installation it was copied from. `release` is the one that last opened it; empty where that
    one did not say so.
    """

    identity = models.CharField(max_length=36, unique=True)
    release = models.CharField(max_length=40, default="")
    since = models.DateTimeField(default=database_now)
    restored_at = models.DateTimeField(null=True)


class Connection(models.Model):
    """Stored settings of one connected system. Secrets are in `Secret`, tokens in `Token`, both encrypted.
    `looked_at` is when its documents were last compared with the ledger.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    name = models.SlugField(max_length=60)
    connector = models.CharField(max_length=40)
    settings = models.JSONField(default=dict)
    sandbox = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=database_now)
    looked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="connection_name")]


class Secret(models.Model):
    """One encrypted secret of a connection."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    name = models.CharField(max_length=80)
    ciphertext = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="secret_name")]


class Token(models.Model):
    """An encrypted sign-in state: of a connection, or by name of one tenant behind it."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    name = models.CharField(max_length=80, default="", blank=True)
    ciphertext = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="token_name")]


class BudgetWindow(models.Model):
    """Calls counted in one of a vendor's fixed windows."""

    scope = models.CharField(max_length=200)
    name = models.CharField(max_length=40)
    resets_at = models.DateTimeField()
    used = models.IntegerField(default=0)
    limit = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "name"], name="budget_window")]


class MappingVersion(models.Model):
    """A version of a mapping, canonical text; never changed once stored."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    name = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    content = models.TextField()
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=database_now)
    created_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name", "version"], name="mapping_version")
        ]


class Flow(models.Model):
    """A flow between two connections: its mode, its start, its policies, and by legal entity the journals
    that it had before. Without a start it has none, and without a mapping it needs none.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    kind = models.CharField(max_length=40)
    source = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="source_of")
    target = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="target_of")
    mode = models.CharField(max_length=20, default="propose")
    starts_on = models.DateField(null=True)
    mapping = models.SlugField(max_length=60, default="")
    options = models.JSONField(default=dict)
    journals_before = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "kind", "source", "target"], name="flow_once")
        ]


class Pause(models.Model):
    """What stands still: `everything`, `connection:<name>` or `flow:<id>`."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    scope = models.CharField(max_length=100)
    by = models.CharField(max_length=120)
    since = models.DateTimeField(default=database_now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "scope"], name="pause_scope")]


class Tenant(models.Model):
    """Which books, or which payroll, a connection leads to for a legal entity (empty for a payroll).

    `name` stands in keys and never changes; `seen` is what the system said of itself when it was confirmed,
    and is empty for a name that an earlier release left behind.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    entity = models.CharField(max_length=60, blank=True, default="")
    name = models.CharField(max_length=200)
    seen = models.CharField(max_length=200, default="")
    since = models.DateTimeField(default=database_now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "entity"], name="tenant_once")]


class Run(models.Model):
    """One execution of a flow. `number` counts runs in the order they were made; `forgotten_at` is when its
    source lines were removed. `settings` are those of its flow between two connections, `input` what it was
    given besides, `people` the named persons who have a part in it, one a line. `tries` counts what failed of
    its stage since it last got on, and `support` is what whoever mends it should see; `paused` waits until
    somebody ends a pause.
    """

    id = models.CharField(primary_key=True, max_length=40)
    number = models.BigIntegerField(default=0, db_index=True)
    reference = models.CharField(max_length=200, default="")
    dry = models.BooleanField(default=False)
    notice = models.TextField(default="")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    flow = models.CharField(max_length=40)
    state = models.CharField(max_length=20)
    stage = models.CharField(max_length=40)
    attempt = models.PositiveIntegerField(default=1)
    settings = models.ForeignKey(Flow, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    input = models.JSONField(default=dict)
    replay_of = models.CharField(max_length=40, default="")
    people = models.TextField(default="")
    due_at = models.DateTimeField(null=True)
    summary = models.TextField(default="")
    problems = models.TextField(default="")
    tries = models.PositiveIntegerField(default=0)
    support = models.TextField(default="")
    paused = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=database_now)
    updated_at = models.DateTimeField(default=database_now)
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_at"], name="run_due"),
            models.Index(fields=["organisation", "number"], name="run_newest"),
            models.Index(fields=["organisation", "settings", "reference"], name="run_taken"),
            models.Index(fields=["updated_at"], name="run_moved"),
        ]


class RunSubject(models.Model):
    """A subject that a run speaks of. `base` is the subject without a person's answer, `day` the one day that
    it is named by.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    tenant = models.CharField(max_length=200)
    entity = models.CharField(max_length=60)
    text = models.CharField(max_length=300)
    base = models.CharField(max_length=300)
    day = models.CharField(max_length=10, default="")

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "entity", "base"], name="run_subject_base"),
            models.Index(fields=["tenant", "entity", "day", "base"], name="run_subject_day"),
        ]


class Answer(models.Model):
    """What a person answered to a question of a run; the last one counts."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT)
    question = models.CharField(max_length=300)
    answer = models.CharField(max_length=300)
    actor = models.CharField(max_length=120)
    at = models.DateTimeField(default=database_now)


class Claim(models.Model):
    """The run that may post for a subject now."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    tenant = models.CharField(max_length=200)
    entity = models.CharField(max_length=60)
    text = models.CharField(max_length=300)
    run = models.ForeignKey(Run, on_delete=models.PROTECT)
    since = models.DateTimeField(default=database_now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "tenant", "entity", "text"], name="claim_once")
        ]


class Artifact(models.Model):
    """A recorded value of a run, canonical text; empty since `forgotten_at`, when only its hash was kept."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    text = LongText()
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="artifact_name")]


class StagedBlock(models.Model):
    """A delivered block of source lines, which stand in `kinds` and `columns`: see `store.lines`. `sha256` is
    of the bytes as delivered, `lines_sha256` of the lines read from them; empty for a block of an earlier
    release. `known` is how many kinds it takes over from the block before.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    number = models.IntegerField()
    total = models.IntegerField()
    rows = models.IntegerField()
    problems = models.TextField(default="")
    sha256 = models.CharField(max_length=64, default="")
    lines_sha256 = models.CharField(max_length=64, default="")
    known = models.IntegerField(default=0)
    kinds = models.BinaryField()
    columns = models.BinaryField()


class Link(models.Model):
    """The cell of the proposal that a source line went to; a split line has several. `row` counts the lines
    of the run from 1, in the order of delivery.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_index=False)
    row = models.BigIntegerField()
    cell = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["run", "cell"], name="link_cell")]


class GroupLink(models.Model):
    """The cell of the proposal that all source lines of one kind went to. `number` is the kind's in the run,
    from 0; bit n of the hexadecimal `blocks` says whether it stands in block n, by delivery.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_index=False)
    number = models.IntegerField()
    blocks = models.TextField()
    cell = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["run", "cell"], name="group_link_cell")]


class Commit(models.Model):
    """A commit key, for ever. `reference` is the document's in the ledger, `source_reference` the source's
    name of what was paid.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True)
    key = models.CharField(max_length=400)
    marked_by = models.CharField(max_length=400, default="")
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=20)
    tenant = models.CharField(max_length=200, default="")
    entity = models.CharField(max_length=60)
    reference = models.CharField(max_length=200, default="")
    content = LongText()
    receipt = models.TextField(default="")
    booked = LongText(default="")
    source_reference = models.CharField(max_length=200, default="")
    calculated_at = models.DateTimeField(null=True)
    reversed_by = models.CharField(max_length=400, default="")
    adopted = models.BooleanField(default=False)
    detail = models.TextField(default="")
    created_at = models.DateTimeField(default=database_now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="commit_key")]
        indexes = [
            models.Index(
                fields=["organisation", "tenant", "entity", "reference", "key", "marked_by"],
                name="commit_known",
            ),
            models.Index(fields=["organisation", "run"], name="commit_run"),
            models.Index(fields=["organisation", "reversed_by"], name="commit_reversed_by"),
            models.Index(fields=["connection", "created_at"], name="commit_made"),
        ]


class CommitSubject(models.Model):
    """A subject that a commit pays for. `lines` is the part of its lines, canonical text, where it pays for
    several and the parts are known.
    """

    commit = models.ForeignKey(Commit, on_delete=models.PROTECT)
    tenant = models.CharField(max_length=200)
    entity = models.CharField(max_length=60)
    text = models.CharField(max_length=300)
    base = models.CharField(max_length=300)
    day = models.CharField(max_length=10, default="")
    lines = models.TextField(default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["commit", "text"], name="commit_subject_once")]
        indexes = [
            models.Index(fields=["tenant", "entity", "base"], name="commit_subject_base"),
            models.Index(fields=["tenant", "entity", "day", "base"], name="commit_subject_day"),
        ]


class Intent(models.Model):
    """A stored decision to send once. At most one is open per commit."""

    commit = models.ForeignKey(Commit, on_delete=models.PROTECT)
    boot = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    machine = models.CharField(max_length=64, default="")
    monotonic = models.FloatField(default=0)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=20, default="")
    detail = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["commit"], condition=Q(ended_at__isnull=True), name="intent_open_once"
            )
        ]


class DistrustedMarker(models.Model):
    """A legal entity in which an empty look-up proves nothing."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    entity = models.CharField(max_length=60)
    why = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "entity"], name="distrust_once")]


class Incident(models.Model):
    """What was found wrong with a document in a ledger, until it is over. `commit` is the one it concerns."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    commit = models.ForeignKey(Commit, on_delete=models.PROTECT, null=True)
    entity = models.CharField(max_length=60)
    document = models.CharField(max_length=200)
    code = models.CharField(max_length=60)
    text = models.TextField()
    found_at = models.DateTimeField(default=database_now)
    over_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "entity", "document", "code"],
                condition=Q(over_at__isnull=True),
                name="incident_open_once",
            )
        ]


class Approval(models.Model):
    """Consent to exactly these entries, by fingerprint, until it is void. `channel` is where it was given,
    `person` the named person who gave it. One of two that are wanted is not `complete`, and posts nothing.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT)
    fingerprint = models.CharField(max_length=64)
    actor = models.CharField(max_length=120)
    channel = models.CharField(max_length=20)
    at = models.DateTimeField(default=database_now)
    voided_at = models.DateTimeField(null=True)
    person = models.CharField(max_length=150, default="")
    complete = models.BooleanField(default=True)


class Resolution(models.Model):
    """One person's statement on an unknown outcome: that of `intent`, until it is settled at `over_at`."""

    commit = models.ForeignKey(Commit, on_delete=models.PROTECT)
    intent = models.ForeignKey(Intent, on_delete=models.PROTECT, null=True)
    person = models.CharField(max_length=150, default="")
    over_at = models.DateTimeField(null=True)
    statement = models.CharField(max_length=300)
    actor = models.CharField(max_length=120)
    channel = models.CharField(max_length=20)
    at = models.DateTimeField(default=database_now)


class WrongSecrets(models.Model):
    """How many wrong secrets in a row were given for a name, known or not, and until when none is taken."""

    name = models.CharField(max_length=150, unique=True)
    in_a_row = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)


class AuditHead(models.Model):
    """The end of an organisation's audit chain; locked in the transaction that makes a change."""

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT)
    number = models.BigIntegerField(default=0, db_index=True)
    hash = models.CharField(max_length=64, default="")


class AuditEntry(models.Model):
    """One entry of the chain; `text` is what is hashed."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    number = models.BigIntegerField()
    text = models.TextField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "number"], name="audit_number")]


class AuditSeal(models.Model):
    """A signed head of the audit chain; without a signature, a note that the key was not at hand."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    number = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    public_key = models.CharField(max_length=60, default="")
    signature = models.CharField(max_length=120, default="")


class ExchangeRow(models.Model):
    """One request to a vendor and its answer, redacted."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    at = models.DateTimeField(default=database_now, db_index=True)
    method = models.CharField(max_length=10)
    url = models.TextField()
    status = models.IntegerField(null=True)
    milliseconds = models.IntegerField()
    request_id = models.CharField(max_length=200, default="")
    request_body = models.TextField(default="")
    answer_body = models.TextField(default="")
    answer_bytes = models.BigIntegerField(default=0)
    answer_sha256 = models.CharField(max_length=64, default="")
    error = models.TextField(default="")
    write = models.BooleanField(default=False)


class PlannedChange(models.Model):
    """One change of the plan of a run. `change` is canonical text; `sent_at` is when it was sent last."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=300)
    change = models.TextField()
    state = models.CharField(max_length=20)
    detail = models.TextField(default="")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="planned_once")]
        indexes = [models.Index(fields=["run", "state", "number"], name="planned_state")]


class Plan(models.Model):
    """The fingerprint of a run's plan."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True)
    fingerprint = models.CharField(max_length=64)


class Counterpart(models.Model):
    """A record of ours in a connected system: `theirs` is the system's key where it draws its own, `base`
    what both agreed on last, canonical text.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    kind = models.CharField(max_length=60)
    ours = models.CharField(max_length=300)
    theirs = models.CharField(max_length=300, default="")
    base = models.TextField(default="")
    agreed_at = models.DateTimeField(default=database_now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "ours"], name="counterpart_ours"),
            models.UniqueConstraint(
                fields=["connection", "kind", "theirs"],
                condition=~models.Q(theirs=""),
                name="counterpart_theirs",
            ),
        ]
