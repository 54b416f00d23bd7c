"""Runs, the pays that they speak of, and what their stages recorded."""

from __future__ import annotations

from django.db import models

from ml_connector.store.database import database_now
from ml_connector.store.long_text import LongText
from ml_connector.store.models.setup import Flow, Organisation


class Run(models.Model):
    """One execution of a flow. `number` counts runs in the order they were made; `forgotten_at` is when its
    source lines were removed. `settings` are those of its flow between two connections, `input` what it was
    given besides, `people` the named persons who have a part in it, one a line. `tries` counts what failed of
    its stage since it last got on, and `support` is what whoever mends it should see; `paused` waits until
    somebody ends a pause, `awaits` is the run that it waits for.
    """

    id = models.CharField(primary_key=True, max_length=40)
    number = models.BigIntegerField(default=0, db_index=True)
    reference = models.CharField(max_length=200, default="")
    dry = models.BooleanField(default=False)
    notice = models.TextField(default="")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    flow = models.CharField(max_length=40)
    state = models.CharField(max_length=20)
    stage = models.CharField(max_length=40)
    attempt = models.PositiveIntegerField(default=1)
    settings = models.ForeignKey(Flow, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    input = models.JSONField(default=dict)
    replay_of = models.CharField(max_length=40, default="")
    people = models.TextField(default="")
    due_at = models.DateTimeField(null=True)
    summary = models.TextField(default="")
    problems = models.TextField(default="")
    tries = models.PositiveIntegerField(default=0)
    support = models.TextField(default="")
    paused = models.BooleanField(default=False)
    awaits = models.CharField(max_length=40, default="")
    created_at = models.DateTimeField(default=database_now)
    updated_at = models.DateTimeField(default=database_now)
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_at"], name="run_due"),
            models.Index(fields=["organisation", "number"], name="run_newest"),
            models.Index(fields=["organisation", "settings", "reference"], name="run_taken"),
            models.Index(fields=["updated_at"], name="run_moved"),
            models.Index(fields=["awaits"], name="run_awaits", condition=~models.Q(awaits="")),
        ]


class RunSubject(models.Model):
    """A subject that a run speaks of. `base` is the subject without a person's answer, `day` the one day that
    it is named by.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    tenant = models.CharField(max_length=200)
    entity = models.CharField(max_length=60)
    text = models.CharField(max_length=300)
    base = models.CharField(max_length=300)
    day = models.CharField(max_length=10, default="")

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "entity", "base"], name="run_subject_base"),
            models.Index(fields=["tenant", "entity", "day", "base"], name="run_subject_day"),
        ]


class Answer(models.Model):
    """What a person answered to a question of a run; the last one counts."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT)
    question = models.CharField(max_length=300)
    answer = models.CharField(max_length=300)
    actor = models.CharField(max_length=120)
    at = models.DateTimeField(default=database_now)


class Claim(models.Model):
    """The run that may post for a subject now."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    tenant = models.CharField(max_length=200)
    entity = models.CharField(max_length=60)
    text = models.CharField(max_length=300)
    run = models.ForeignKey(Run, on_delete=models.PROTECT)
    since = models.DateTimeField(default=database_now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "tenant", "entity", "text"], name="claim_once")
        ]


class Artifact(models.Model):
    """A recorded value of a run, canonical text; empty since `forgotten_at`, when only its hash was kept."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    text = LongText()
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="artifact_name")]


class StagedBlock(models.Model):
    """A delivered block of source lines, which stand in `kinds` and `columns`: see `store.lines`. `sha256` is
    of the bytes as delivered, `lines_sha256` of the lines read from them; empty for a block of an earlier
    release. `known` is how many kinds it takes over from the block before.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    number = models.IntegerField()
    total = models.IntegerField()
    rows = models.IntegerField()
    problems = models.TextField(default="")
    sha256 = models.CharField(max_length=64, default="")
    lines_sha256 = models.CharField(max_length=64, default="")
    known = models.IntegerField(default=0)
    kinds = models.BinaryField()
    columns = models.BinaryField()


class Link(models.Model):
    """The cell of the proposal that a source line went to; a split line has several. `row` counts the lines
    of the run from 1, in the order of delivery.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_index=False)
    row = models.BigIntegerField()
    cell = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["run", "cell"], name="link_cell")]


class GroupLink(models.Model):
    """The cell of the proposal that all source lines of one kind went to. `number` is the kind's in the run,
    from 0; bit n of the hexadecimal `blocks` says whether it stands in block n, by delivery.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_index=False)
    number = models.IntegerField()
    blocks = models.TextField()
    cell = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["run", "cell"], name="group_link_cell")]
