"""Clients, their connections and flows, and what each connection keeps."""

from __future__ import annotations

from django.db import models

from ml_connector.store.database import database_now


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
    """Calls counted in one of a vendor's fixed windows, which is so many seconds long; 0 where an earlier
    release has written it.
    """

    scope = models.CharField(max_length=200)
    name = models.CharField(max_length=40)
    resets_at = models.DateTimeField()
    used = models.IntegerField(default=0)
    limit = models.IntegerField()
    seconds = models.IntegerField(default=0)

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
    that it had before. Without a start it has none, and without a mapping it needs none. `slot_at` is when it
    looks for new work next by its `schedule`, and `claimed_at` since when a process does so; `watched_at` is
    when its mapping was looked at. `wake` are the topics of notifications that make it look at once, `None`
    for those that its connections know; `woken_at` is when the newest one came that it has not looked for
    yet. `compared` is what the register was last found in order with, as a digest, or the pass that compares
    it now, and empty once anything else may be there; `compared_at` is when that pass began to read it.
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
    schedule = models.CharField(max_length=200, default="")
    slot_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    watched_at = models.DateTimeField(null=True)
    wake = models.JSONField(null=True)
    woken_at = models.DateTimeField(null=True)
    compared = models.CharField(max_length=64, default="")
    compared_at = models.DateTimeField(null=True)

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
