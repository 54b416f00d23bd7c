"""What runs are expected for."""

from __future__ import annotations

from django.db import models

from ml_connector.store.database import database_now
from ml_connector.store.models.setup import Flow


class ExpectedRun(models.Model):
    """Something that a source plans, and the run that is for it; empty until there is one."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE)
    subject = models.CharField(max_length=300)
    group = models.CharField(max_length=100)
    due = models.DateField()
    closed = models.BooleanField()
    run = models.CharField(max_length=60, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["flow", "subject"], name="expected_once")]
        indexes = [models.Index(fields=["flow", "run", "due"], name="expected_due")]


class ExpectedChange(models.Model):
    """What a person said of a plan, for one flow: that `subject` is due on another day, that no run is
    expected for it, or that one more of the group is; `beside` are those of that day that the source planned
    then, subjects as JSON. `planned` is the day that the source had.
    """

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE)
    subject = models.CharField(max_length=300)
    group = models.CharField(max_length=100)
    act = models.CharField(max_length=20)
    due = models.DateField()
    planned = models.DateField(null=True)
    beside = models.TextField(default="[]")
    why = models.TextField()
    by = models.CharField(max_length=100)
    at = models.DateTimeField(default=database_now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["flow", "subject"], name="expected_change_once")]
