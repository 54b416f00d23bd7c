"""The audit log, and what else is kept of what was tried and said."""

from __future__ import annotations

from django.db import models

from ml_connector.store.database import database_now
from ml_connector.store.models.setup import Connection, Organisation


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
