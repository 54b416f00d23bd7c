"""Tokens, and reports that are sent with them: what the tables must promise, on every database."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ml_connector.domain.expense import ExpenseReport, ReportState
from ml_connector.domain.money import Money

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
YEAR = timedelta(days=365)


def token(storage: Any, name: str, **given: Any) -> str:
    from ml_connector.store.api_tokens import make

    values: dict[str, Any] = {"by": "cli:anna", "now": NOW, "ends_at": NOW + YEAR, **given}
    return make(storage.organisation, f"{storage.organisation.slug}-{name}", ["reports:write"], **values)


def test_a_token_is_good_until_its_end(storage: Any) -> None:
    """To the second; and no other text is."""
    from ml_connector.store.api_tokens import digest, token_at
    from ml_connector.store.models import ApiToken

    text = token(storage, "ends")

    found = token_at(text, NOW + YEAR - timedelta(seconds=1))
    assert found is not None
    assert storage.organisation == found.organisation
    assert token_at(text, NOW + YEAR) is None
    assert token_at(f"{text} ", NOW) is None
    assert token_at("\ud800", NOW) is None
    assert [digest(text)] == list(ApiToken.objects.filter(pk=found.pk).values_list("digest", flat=True))


def test_when_a_token_was_used_is_kept_to_an_hour(storage: Any) -> None:
    """Not with each call, which would be a write."""
    from ml_connector.store.api_tokens import token_at
    from ml_connector.store.models import ApiToken

    text = token(storage, "used")
    used = []
    for minutes in (0, 59, 60):
        found = token_at(text, NOW + timedelta(minutes=minutes))
        assert found is not None
        used.append(ApiToken.objects.get(pk=found.pk).used_at)

    assert [NOW, NOW, NOW + timedelta(minutes=60)] == used


class Assembled:
    """What the intake needs of an assembly."""

    def __init__(self, storage: Any) -> None:
        from ml_connector.app.access import Access
        from ml_connector.app.settings import Settings
        from ml_connector.store.database import SystemClock

        self.settings, self.clock = Settings(home=storage.home), SystemClock()
        self.access = Access


@pytest.fixture
def intake(storage: Any) -> Any:
    from ml_connector.app.intake import opened

    found = opened(
        Assembled(storage), token(storage, "intake", now=datetime.now(UTC), ends_at=datetime.now(UTC) + YEAR)
    )  # type: ignore[arg-type]
    assert found is not None
    return found


def sent(reference: str, title: str = "Travel") -> Any:
    from ml_connector.app.intake import SentFile, SentReport

    content = b"%PDF-1.7 %%EOF"
    report = ExpenseReport(
        reference="",
        report=reference,
        number="1",
        state=ReportState.APPROVED,
        company="",
        employee="e1",
        currency="EUR",
        approved_at=NOW,
        gross=Money.parse("0", "EUR"),
        lines=(),
    )
    file = SentFile(
        part="r1",
        name="r1.pdf",
        media_type="application/pdf",
        content=io.BytesIO(content),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )
    return SentReport(sent=f'{{"title":"{title}"}}', report=report, files=(file,))


def test_reports_are_counted_without_a_gap_in_the_order_in_which_they_were_stored(intake: Any) -> None:
    """Also where several come at once, and where one is refused between: who read up to a number misses
    none.
    """
    from django.db import connections

    from ml_connector.app.intake import Conflict

    def send(number: int) -> None:
        try:
            intake.take(f"key-{number}", sent(f"report-{number % 6}", title=f"Title {number // 6}"))
        except Conflict:
            pass
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(send, range(12)))

    rows = intake.reports(after=0, reference="", state="", limit=100)
    assert list(range(1, 7)) == [row.number for row in rows]
    assert {f"report-{n}" for n in range(6)} == {row.reference for row in rows}
    assert [row.identity for row in rows[3:5]] == [
        row.identity for row in intake.reports(after=3, reference="", state="", limit=2)
    ]


def test_the_same_at_once_under_one_key_is_one_report(intake: Any) -> None:
    """Each is answered, with the same."""
    from django.db import connections

    def send(_: int) -> str:
        try:
            return str(intake.take("one-key", sent("one-report")).report.identity)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(send, range(6)))

    assert 1 == len(set(answers))
