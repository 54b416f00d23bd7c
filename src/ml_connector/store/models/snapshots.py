"""What was read of sources last."""

from __future__ import annotations

from django.db import models

from ml_connector.store.database import database_now
from ml_connector.store.models.setup import Connection


class SnapshotRow(models.Model):
    """A row of a source as it was read last, canonical text. `reading` is the full reading that saw it."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=300)
    content = models.TextField()
    reading = models.CharField(max_length=36)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "key"], name="snapshot_row_once")
        ]


class SnapshotCursor(models.Model):
    """How far the changes of a source were followed; `whole_at` is when every row was read last."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    kind = models.CharField(max_length=60)
    cursor = models.TextField()
    at = models.DateTimeField(default=database_now)
    whole_at = models.DateTimeField(default=database_now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "kind"], name="snapshot_cursor_once")]
