"""The Django app of the store."""

from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """The only app with tables of ours."""

    name = "ml_connector.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
