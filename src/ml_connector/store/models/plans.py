"""Plans of alignments, and what was agreed on last."""

from __future__ import annotations

from django.db import models

from ml_connector.store.database import database_now
from ml_connector.store.models.runs import Run
from ml_connector.store.models.setup import Connection


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
