"""What an answer means, by status and words."""

from __future__ import annotations

import json

import pytest

from ml_connector.connectors.dynamics_fo.faults import classify, sentences
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

WRITE = "Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataWriteException"


def answer(status: int, said: str = "", kind: str = WRITE, headers: dict[str, str] | None = None) -> Answer:
    """A failure in the usual shape."""
    body = {
        "error": {
            "code": "",
            "message": "An error has occurred.",
            "innererror": {"message": said, "type": kind, "stacktrace": ""},
        }
    }
    return Answer(
        method="POST",
        url="https://x/data/LedgerJournalLines",
        status=status,
        headers=headers or {},
        body=json.dumps(body).encode(),
    )


def log(*lines: str) -> str:
    """An info log of a row that was not written."""
    entries = "; ".join(f"Warning: {line}." for line in lines)
    return (
        f"Write failed for table row of type 'LedgerJournalLineEntity'. Infolog: {entries}; Warning:"
        " validateWrite failed on data source 'X (Y)'."
    )


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (
            (
                "Unable to return DimensionAttributeValue record for Dimension CostCenter with value X as no"
                " record exists"
            ),
            CodeUnknown,
        ),
        ("The value X doesn't exist for Department", CodeUnknown),
        ("AKRASM is suspended", CodeUnknown),
        ("Main account 601100 is blocked for manual entry", CodeUnknown),
        ("The value 'XXX' in field 'Currency' is not found in the related table 'Currencies'", CodeUnknown),
        ("The transactions on voucher X do not balance as per 1/31/2026", Unbalanced),
        ("Period Period 11 is not open", PeriodClosed),
        ("Something new", Refused),
    ],
)
def test_write_failure_is_permanent(status: int, said: str, kind: type[Refused]) -> None:
    """Whatever its status: the row was not written, and the vendor's words are shown without its
    bookkeeping.
    """
    error = classify(answer(status, log(said)))

    assert type(error) is kind
    assert error.problem.text.startswith(f"Dynamics refused: {said}.")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer(200), type(None)),
        (answer(403, "update not allowed for field 'IsPosted'", "ODataSecurityException"), RightMissing),
        (answer(404), NotFound),
        (answer(400, "No resources were found when selecting for update."), NotFound),
        (
            answer(400, "Cannot edit a record. An update conflict occurred due to another user process"),
            Throttled,
        ),
        (answer(429, headers={"retry-after": "12"}), Throttled),
        (answer(500, "Object reference not set", "System.NullReferenceException"), OutcomeUnknown),
        (answer(503), OutcomeUnknown),
        (answer(412, "The row was changed"), Refused),
    ],
)
def test_status(given: Answer, kind: type[Exception]) -> None:
    """What is known of the books after each."""
    assert type(classify(given)) is kind


def test_activity_id_is_kept_for_support() -> None:
    """The vendor's support asks for it."""
    error = classify(answer(400, log("No"), headers={"ms-dyn-aid": "17"}))

    assert error is not None
    assert "ms-dyn-aid: 17" in error.support


def test_log_is_cut_into_sentences() -> None:
    """Each once."""
    assert sentences(log("A", "B", "A")) == ["A", "B"]
