"""Where vendors send notifications to, and what came: only what a notification is about, never its body."""

from __future__ import annotations

from django.db import models

from ml_connector.store.database import database_now
from ml_connector.store.models.setup import Connection


class Hook(models.Model):
    """That a connection takes notifications. `heard_at` is the newest one that was verified. `checked_at` is
    when its subscriptions were last compared with the vendor's; `failures` counts the failed times since one
    that went well, and `why` says the last of them.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE)
    made_at = models.DateTimeField(default=database_now)
    heard_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    why = models.TextField(default="")


class HookPath(models.Model):
    """A path that a connection is notified at, found by the SHA-256 of its token: the database alone gives no
    path away. Its whole address is encrypted. One that was replaced is good until `ends_at`.
    """

    hook = models.ForeignKey(Hook, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True)
    ciphertext = models.TextField()
    made_at = models.DateTimeField(default=database_now)
    ends_at = models.DateTimeField(null=True)


class HookEvent(models.Model):
    """A notification that was verified: which record changed, and when. Its id is the vendor's for the event,
    once for a connection. Without `ours` it is about a company that the connection does not have.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    event = models.CharField(max_length=64)
    topic = models.CharField(max_length=200)
    key = models.CharField(max_length=200, default="")
    company = models.CharField(max_length=100, default="")
    ours = models.BooleanField(default=True)
    occurred_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "event"], name="hook_event_once")]
        indexes = [models.Index(fields=["received_at"], name="hook_event_received")]


class HookCount(models.Model):
    """How often something came to a connection: notifications by topic, repeats of them, challenges, and
    refusals by the code of their problem.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    what = models.CharField(max_length=20)
    name = models.CharField(max_length=200, default="")
    count = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "what", "name"], name="hook_count_once")]
