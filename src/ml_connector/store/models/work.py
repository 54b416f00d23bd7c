"""What people have to look at."""

from __future__ import annotations

from django.db import models

from ml_connector.store.database import database_now
from ml_connector.store.models.setup import Organisation


class WorkItem(models.Model):
    """One thing for a person. `about` names who looks for it, a flow or a part of the product, `code` and
    `subject` what it is; `seen` is the look that found it last. It is over when a look finds it no more, or a
    person says why it is: then it is not asked again while looks find it.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    about = models.CharField(max_length=100)
    code = models.CharField(max_length=60)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    owner = models.CharField(max_length=20)
    seen = models.CharField(max_length=60)
    opened_at = models.DateTimeField(default=database_now)
    over_at = models.DateTimeField(null=True)
    by = models.CharField(max_length=100, default="")
    why = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "about", "code", "subject"], name="work_item_once"
            )
        ]
        indexes = [models.Index(fields=["organisation", "over_at"], name="work_item_open")]
