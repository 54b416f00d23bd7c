"""Who may call our own interfaces."""

from __future__ import annotations

from django.db import models

from ml_connector.store.database import database_now
from ml_connector.store.models.setup import Organisation


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
