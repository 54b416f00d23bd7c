"""What an answer means, by status and words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.connectors.visma_net.faults import VersionStale, classify, limits, sentences
from ml_connector.errors import (
    CodeUnknown,
    NotFound,
    OutcomeUnknown,
    PeriodClosed,
    Refused,
    RightMissing,
    Throttled,
    Unbalanced,
)
from ml_connector.transport.answer import Answer

FRAME = "VismaId: 96093116-0741-47a5-b5c3-c97bae27a78d. Error inserting the journal transaction. "


def answer(
    status: int, said: str = "", field: str = "message", headers: dict[str, str] | None = None
) -> Answer:
    """A failure in the usual shape."""
    body = json.dumps({field: said}).encode() if said else b"<html>Bad gateway</html>"
    return Answer(
        method="POST", url="https://x/v2/journaltransaction", status=status, headers=headers or {}, body=body
    )


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("field", ["message", "Message", "ExceptionMessage"])
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Error: Account '9876' cannot be found in the system.", CodeUnknown),
        ("Error: Account is inactive.", CodeUnknown),
        ("Error: Subaccount 000-000 is inactive.", CodeUnknown),
        ("Error: Task '90' of project 'P2601' is not active.", CodeUnknown),
        ("Error: 'Project Task' cannot be empty.", CodeUnknown),
        ("Error: Cannot post transactions directly to Year to Date Net Income.", CodeUnknown),
        ("Error: Denominated GL Account currency is different from transaction currency.", CodeUnknown),
        (
            (
                "An error occurred during processing of the field Subaccount : Error: Avdeling of Subaccount"
                " do not exist."
            ),
            CodeUnknown,
        ),
        ("Error: Batch is out of balance, please review.", Unbalanced),
        ("Error: The 06-2026 financial period is closed.", PeriodClosed),
        ("Error: The 06-2026 financial period is inactive.", PeriodClosed),
        ("Error: Financial Period cannot be found in the system.", Refused),
        ("Error: Batch Status invalid for processing.", Refused),
        ("Error: Noe nytt.", Refused),
    ],
)
def test_refusal_is_permanent_and_in_the_vendor_s_words(
    status: int, field: str, said: str, kind: type[Refused]
) -> None:
    """Whatever its status and the name of its field: nothing was booked, and its id and frame are left to
    support.
    """
    error = classify(answer(status, FRAME + said, field))

    assert type(error) is kind
    assert error.problem.text.startswith("Visma refused: ")
    assert said.rpartition("Error: ")[2].strip(" .") in error.problem.text
    assert "VismaId" not in error.problem.text
    assert "96093116" in error.support


def test_segment_is_named() -> None:
    """The one thing that Visma says of a missing value."""
    error = classify(
        answer(
            400,
            FRAME
            + "An error occurred during processing of the field Subaccount : Error: Avdeling of Subaccount do"
            " not exist.",
        )
    )

    assert error is not None
    assert error.problem.where == "segment Avdeling"
    assert "value of segment Avdeling" in error.problem.text


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer(200), type(None)),
        (answer(403), RightMissing),
        (answer(400, "No license for this company.", "ExceptionMessage"), RightMissing),
        (answer(404), NotFound),
        (answer(412, "JournalTransaction version does not match with If-Match header"), VersionStale),
        (answer(429, headers={"retry-after": "12"}), Throttled),
        (answer(400), Refused),
        (answer(405), Refused),
        (answer(500), OutcomeUnknown),
        (answer(500, "Object reference not set to an instance of an object."), OutcomeUnknown),
        (answer(502), OutcomeUnknown),
        (answer(504), OutcomeUnknown),
    ],
)
def test_status(given: Answer, kind: type[Exception]) -> None:
    """What is known of the books after each."""
    assert type(classify(given)) is kind


def test_several_errors_are_shown_each_once() -> None:
    """The first line only says that there are some."""
    said = (
        FRAME
        + "Error: Inserting 'Journal' record raised at least one error. Please review the errors.\r\nError:"
        " A.\r\nError: B.\r\nError: A."
    )

    assert sentences(said) == ["A", "B"]


def test_request_id_is_kept_for_support() -> None:
    """The vendor's support asks for it."""
    error = classify(answer(400, "No", headers={"ipp-request-id": "17"}))

    assert error is not None
    assert "ipp-request-id: 17" in error.support


def test_quota_is_what_the_headers_say() -> None:
    """Limit, rest, and seconds to the end of the hour; an answer without them says nothing."""
    now = datetime(2026, 7, 1, 9, tzinfo=UTC)
    headers = {"x-ratelimit-limit": "15000", "x-ratelimit-remaining": "14999", "x-ratelimit-reset": "3593"}

    (window,) = limits(lambda: now)(answer(200, headers=headers))

    assert (window.limit, window.remaining, window.resets_at) == (15000, 14999, now + timedelta(seconds=3593))
    assert limits(lambda: now)(answer(200)) == ()
