"""Long texts are kept packed and come back as they were; one that was changed is not passed off as itself."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.domain import codec
from ml_connector.store.long_text import LONG, packed, unpacked


@pytest.mark.parametrize("text", ["", "z:", "z:AAAA", "x" * LONG, "é✓\ud800" * LONG, "z" * (LONG + 1)])
def test_any_text_comes_back(text: str) -> None:
    assert text == unpacked(packed(text))


def test_a_long_record_takes_less_and_is_guarded_by_its_hash(storage: Any) -> None:
    """Read, recorded again and found changed, as a short one."""
    from ml_connector.store.models import Artifact

    run = str(storage.runs.create(flow="payroll", stage="read", input={}).id)
    text = codec.encode(tuple(f"line {number}" for number in range(10_000)))
    storage.artifacts.record(run, "read/1/long", text)
    rows = Artifact.objects.filter(run_id=run)
    stored = rows.extra(select={"stored": "text"}).values_list("stored", flat=True)[0]

    assert text == storage.artifacts.read(run, "read/1/long")
    assert storage.artifacts.record(run, "read/1/long", text) == codec.digest(text)
    assert len(stored) < len(text) / 3
    for changed in (packed(text.replace("line 7", "line 8")), stored[:-8], "z:not packed"):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("UPDATE store_artifact SET text = %s WHERE run_id = %s", (changed, run))
        with pytest.raises(codec.CodecError, match="was changed"):
            storage.artifacts.read(run, "read/1/long")
