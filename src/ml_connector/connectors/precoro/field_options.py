"""The options of custom fields, where a document names only their ids: read when they are needed, and kept
for an hour.
"""

from __future__ import annotations

from collections.abc import Iterable

from ml_connector.connectors.precoro.client import PrecoroClient
from ml_connector.connectors.precoro.codes import FieldKey, Known, Option, option_of
from ml_connector.connectors.precoro.settings import DOCUMENT, ITEM
from ml_connector.errors import VendorChanged
from ml_connector.ports.storage import Clock

FIELDS = {ITEM: "/itemcustomfields", DOCUMENT: "/documentcustomfields"}
KEPT_SECONDS = 3600
YOUNG_SECONDS = 120
"""What was read so lately is not read again for an option that it lacks."""


class FieldOptions:
    """The options of the fields of one connection, those that were closed among them: old documents have
    them.
    """

    def __init__(self, precoro: PrecoroClient, clock: Clock) -> None:
        self._precoro, self._clock = precoro, clock
        self._kept: dict[FieldKey, tuple[float, tuple[Option, ...]]] = {}

    def of(self, fields: Iterable[FieldKey]) -> Known:
        """The options of these."""
        self._drop(fields, KEPT_SECONDS)
        for field in fields:
            if field not in self._kept:
                self._kept[field] = self._clock.monotonic(), tuple(self._read(field))
        return {field: self._kept[field][1] for field in fields}

    def outgrown(self, fields: Iterable[FieldKey]) -> bool:
        """Whether some of these are worth reading anew; they are forgotten then."""
        return self._drop(fields, YOUNG_SECONDS)

    def _drop(self, fields: Iterable[FieldKey], seconds: float) -> bool:
        now = self._clock.monotonic()
        old = [field for field in fields if field in self._kept and now - self._kept[field][0] >= seconds]
        for field in old:
            del self._kept[field]
        return bool(old)

    def _read(self, field: FieldKey) -> Iterable[Option]:
        family, identity = field
        path = f"{FIELDS[family]}/{identity}/options"
        for page in self._precoro.pages(path):
            for raw in page.rows:
                try:
                    found = option_of(raw)
                except ValueError as error:
                    text = f"An option of {path} cannot be read: {error}. Report it to our support."
                    raise VendorChanged(text, where=path) from error
                if found is not None:
                    yield found
