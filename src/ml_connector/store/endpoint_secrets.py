"""The secrets that an endpoint's webhooks are signed with, encrypted like every other."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q

from ml_connector.store.models import AlertEndpoint, EndpointSecret
from ml_connector.store.secrets import Keys, Sealed

BOTH = timedelta(hours=24)
"""How long a secret that was replaced signs, too."""
BYTES = 32


class EndpointSecrets:
    """Of one endpoint, newest first."""

    def __init__(self, endpoint: AlertEndpoint, keys: Keys) -> None:
        self._endpoint, self._sealed = endpoint, Sealed(keys)

    def renew(self, now: datetime) -> str:
        """Make a new secret and return it; the one of before signs for a day more, and none before it."""
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(BYTES)).decode()
        mine = EndpointSecret.objects.filter(endpoint=self._endpoint)

        def store(sealed: str) -> None:
            EndpointSecret.objects.update_or_create(
                endpoint=self._endpoint, number=number, defaults={"ciphertext": sealed}
            )

        with transaction.atomic():
            mine.filter(ends_at__isnull=False).delete()
            mine.update(ends_at=now + BOTH)
            number = (mine.aggregate(newest=Max("number"))["newest"] or 0) + 1
            self._sealed.write(self._context(number), secret, store)
        return secret

    def every(self, now: datetime) -> list[str]:
        """Those that sign now."""
        rows = EndpointSecret.objects.filter(endpoint=self._endpoint).order_by("-number")
        valid = rows.filter(Q(ends_at=None) | Q(ends_at__gt=now)).values_list("number", "ciphertext")
        found = (self._sealed.read(self._context(number), lambda: None, text) for number, text in valid)
        return [secret for secret in found if secret is not None]

    def _context(self, number: int) -> str:
        return f"endpoint:{self._endpoint.pk}:{number}"
