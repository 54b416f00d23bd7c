"""What people said of a headcount, and what was reported of it."""

from __future__ import annotations

from django.db import models

from ml_connector.store.database import database_now
from ml_connector.store.models.setup import Flow


class HeadcountReason(models.Model):
    """Why a difference between payroll and a pay run is none, as a person said; `worker` is a number or
    payroll's id. Or why an open `member` whom payroll does not employ is none; then it is the member's code.
    Both days are in it.
    """

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE)
    company = models.CharField(max_length=100)
    worker = models.CharField(max_length=100)
    member = models.BooleanField(default=False)
    why = models.TextField()
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    by = models.CharField(max_length=100)
    at = models.DateTimeField(default=database_now)

    class Meta:
        indexes = [models.Index(fields=["flow", "company"], name="headcount_reason_of")]


class HeadcountClosing(models.Model):
    """Whom the closing of a month counted when it was reported first: payroll's ids, as JSON."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE)
    company = models.CharField(max_length=100)
    last = models.DateField()
    keys = models.TextField()
    at = models.DateTimeField(default=database_now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["flow", "company", "last"], name="headcount_closing_once")
        ]
