"""Commit keys and intents, and what people said of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ml_connector.store.database import database_now
from ml_connector.store.long_text import LongText
from ml_connector.store.models.runs import Run
from ml_connector.store.models.setup import Connection, Organisation


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
