"""Alerts, the messages that tell of them, and the addresses that signed webhooks go to."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ml_connector.store.database import database_now
from ml_connector.store.models.setup import Organisation

MAIL, WEBHOOK, LOG = "e-mail", "webhook", "log"
"""The channels of messages."""
ALERTS, REPORTS = "alerts", "reports"
"""What endpoints are told of."""


class Alert(models.Model):
    """One episode of a condition that a person has to know of: `code` says what, `place` where, `count` how
    many causes it stands for. `seen_at` is when it began; it is opened when it lasts. `gone_at` is since when
    it is not found; it is over when that lasts.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    code = models.CharField(max_length=60)
    place = models.CharField(max_length=200)
    owner = models.CharField(max_length=20)
    text = models.TextField()
    count = models.PositiveIntegerField(default=1)
    seen_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "code", "place"], condition=Q(over_at=None), name="alert_once"
            )
        ]


class AlertMessage(models.Model):
    """What one channel has to deliver to one target: a mail address, an endpoint, or the log. It is tried at
    `due_at`, and no more where that is empty; `identity` is the same for every channel and every try. One
    without an alert tells what became of an expense report.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, null=True)
    event = models.CharField(max_length=20)
    channel = models.CharField(max_length=20)
    target = models.CharField(max_length=254, default="")
    identity = models.CharField(max_length=60)
    body = models.TextField()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    error = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["identity", "channel", "target"], name="alert_message_once")
        ]
        indexes = [
            models.Index(fields=["due_at"], name="alert_message_due"),
            models.Index(fields=["organisation", "made_at"], name="alert_message_made"),
        ]


class AlertEndpoint(models.Model):
    """Where signed webhooks go. `internal` allows an address inside our own network; `disabled_at` is since
    when it gets nothing, and `disabled_why` says why. `about` is what it is told of: alerts, or reports.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    name = models.SlugField(max_length=60)
    url = models.TextField()
    internal = models.BooleanField(default=False)
    about = models.CharField(max_length=20, default="alerts")
    created_at = models.DateTimeField(default=database_now)
    disabled_at = models.DateTimeField(null=True)
    disabled_why = models.TextField(default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="alert_endpoint_name")]


class EndpointSecret(models.Model):
    """An encrypted secret that an endpoint's webhooks are signed with; one that was replaced signs until
    `ends_at`, too.
    """

    endpoint = models.ForeignKey(AlertEndpoint, on_delete=models.CASCADE)
    number = models.PositiveIntegerField()
    ciphertext = models.TextField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "number"], name="endpoint_secret_number")]


class AlertRound(models.Model):
    """When the conditions of an organisation were last looked at; one process a minute does so."""

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT)
    at = models.DateTimeField()
