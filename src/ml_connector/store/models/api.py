"""Who may call our own interfaces, and what was sent to them."""

from __future__ import annotations

from django.db import models

from ml_connector.store.database import database_now
from ml_connector.store.models.setup import Connection, Organisation


class ApiToken(models.Model):
    """A token that a program of a client calls us with: only its SHA-256 is here. One that was revoked keeps
    its row, and its name, so that what it did stays its own. `used_at` is exact to an hour.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField()
    made_at = models.DateTimeField(default=database_now)
    made_by = models.CharField(max_length=120)
    ends_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="api_token_name")]


class ApiTokenSecret(models.Model):
    """The encrypted secret of a token whose calls are signed: such a token is named by a key, whose SHA-256
    is its digest, and is good for nothing without a signature.
    """

    token = models.OneToOneField(ApiToken, on_delete=models.CASCADE)
    ciphertext = models.TextField()


class IntakeReport(models.Model):
    """An approved expense report that a client sent, once for each revision of it. `reference` is the
    client's own id, `identity` ours. `number` counts the reports of an organisation in the order in which
    they were stored, without a gap: who has read up to one misses none. `sent` is what came, `content` the
    report that was made of it, and neither changes. `state` is what became of it, since `changed_at`, and
    `text` what people read of that. `change` counts, in the order of commits, what a reader must see again:
    that it was stored, or canceled. `token` is that of the program that sent it, none for a file in a folder.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    identity = models.CharField(max_length=36, unique=True)
    number = models.BigIntegerField()
    reference = models.CharField(max_length=100)
    revision = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=64)
    sent = models.TextField()
    content = models.TextField()
    state = models.CharField(max_length=20, default="received")
    text = models.TextField(default="")
    change = models.BigIntegerField()
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, null=True)
    received_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    canceled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "reference", "revision"], name="intake_once"),
            models.UniqueConstraint(fields=["organisation", "number"], name="intake_number"),
            models.UniqueConstraint(fields=["organisation", "change"], name="intake_change"),
        ]


class IntakeFile(models.Model):
    """A receipt of a report: the part that it came in, and its bytes by their hash in the folder of files."""

    report = models.ForeignKey(IntakeReport, on_delete=models.PROTECT)
    part = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "part"], name="intake_file_part")]


class IntakeKey(models.Model):
    """An idempotency key that a client used, what it sent with it, and how that was answered; for ever."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    report = models.ForeignKey(IntakeReport, on_delete=models.PROTECT)
    made = models.BooleanField()
    used_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="intake_key_once")]


class KeptValue(models.Model):
    """A value of a list of a ledger, as a connection of ours keeps it for those that choose from the list.
    `content` is canonical text. A value that was closed keeps its row. `changed_at` is when it was written
    last; `version` counts that.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    axis = models.CharField(max_length=60)
    identity = models.CharField(max_length=200)
    content = models.TextField()
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "axis", "identity"], name="kept_value_once")
        ]
        indexes = [models.Index(fields=["connection", "axis", "changed_at"], name="kept_value_changed")]
