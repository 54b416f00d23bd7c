"""What runs are expected for."""

from __future__ import annotations

from django.db import models

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
