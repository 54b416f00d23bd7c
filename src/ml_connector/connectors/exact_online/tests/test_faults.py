"""What answers mean: told by status and structure, in the two languages whose sentences are documented."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.connectors.exact_online import faults
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

NOW = datetime(2026, 7, 1, 8, 18, 25, tzinfo=UTC)
classify = faults.classifier(lambda: NOW)


def answer(status: int, body: str = "", **headers: str) -> Answer:
    names = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Answer(
        method="POST",
        url="https://start.exactonline.nl/api/v1/1204/x/Y",
        status=status,
        headers=names,
        body=body.encode(),
    )


def said(text: str) -> str:
    return json.dumps({"error": {"code": "", "message": {"lang": "", "value": text}}})


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Period is closed", PeriodClosed),
        ("Periode is afgesloten: 2026 – 06", PeriodClosed),
        ("This entry is not balanced on: 2021 / 12 (Type: Other) - Difference: EUR 1.000,00", Unbalanced),
        (
            "De boeking is niet in evenwicht op: 2022 / 4 (Type: Inkoopboeking) - Verschil: EUR -0,01",
            Unbalanced,
        ),
        ("Mandatory: G/L account\nInvalid reference: Cost center", CodeUnknown),
        ("Ongeldige referentie: Btw-code", CodeUnknown),
        ("[GLTransactions] Invalid: Journal", CodeUnknown),
        ("Ledger account '4000' is of a wrong type: '20 - Accounts receivable'", CodeUnknown),
        ("Grootboekrekening is geblokkeerd", CodeUnknown),
        ("Etwas anderes", Refused),
    ],
)
def test_refusals_by_their_words(text: str, kind: type[Refused]) -> None:
    """A 500 with a message is the vendor's no; its own words are always in the text."""
    error = classify(answer(500, said(text)))

    assert type(error) is kind
    assert text.splitlines()[-1] in error.problem.text


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("Already exists: Your ref.", "purchase.duplicate", "number"),
        ("Mandatory: Payment condition", "term.unknown", "term"),
        ("Ongeldige referentie: Betalingsconditie", "term.unknown", "term"),
        ("[GLTransactions] Leverancier (type)", "supplier.unfit", "supplier"),
        ("Invalid: Supplier (Type)", "supplier.unfit", "supplier"),
        ("Niet toegestaan: Wisselkoers", "rate.refused", "rate"),
        (
            "A VAT amount is not allowed if you use a VAT code of type 'No VAT' or 'VAT 0%'",
            "vat.refused",
            "/api/v1/1204/x/Y",
        ),
        (
            "Het bedrag van de BTW regel met BTW code 4 komt niet overeen met het totaal aan BTW-bedragen in"
            " de grondslagregels",
            "vat.refused",
            "/api/v1/1204/x/Y",
        ),
        ("Ongeldig: Btw-percentage []", "vat.refused", "/api/v1/1204/x/Y"),
        ("Document Type not allowed", "right.missing", "document_type"),
    ],
)
def test_refusals_of_the_purchase_side_name_the_field(text: str, code: str, where: str) -> None:
    """Each has a code, the field it is about and a remedy behind the vendor's words."""
    error = classify(answer(500, said(text)))

    assert error is not None
    assert (code, where) == (error.problem.code, error.problem.where)
    assert error.problem.text.startswith(f"Exact refused: {text}.")
    assert len(error.problem.text) > len(text) + 40


def test_closed_period_text() -> None:
    """The text names the remedy."""
    error = classify(answer(500, said("Period is closed")))

    assert error is not None
    assert (
        error.problem.text
        == "Exact refused: Period is closed. Reopen the period in Exact for this journal, or choose a posting"
        " date in an open one."
    )
    assert error.problem.where == "posting_date"


def test_unknown_year() -> None:
    """A year without periods is not a closed one."""
    error = classify(answer(500, said("Unknown: Financial year (Period-date table)")))

    assert error is not None
    assert error.problem.code == "period.unknown"


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_failures_that_prove_nothing(status: int) -> None:
    """Without the vendor's own message nobody knows whether it booked."""
    for body in ("", "<html>oops</html>", "{}", "[1", '{"error": "busy"}'):
        assert type(classify(answer(status, body))) is OutcomeUnknown


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("NoDivisionAccess", "no access to this division"),
        ("LicenseExpired", "licence has ended"),
        ("BlockedUser: too many sign-ins", "user is blocked"),
        ("", "role"),
    ],
)
def test_missing_rights_say_which(reason: str, words: str) -> None:
    """A 403 is read by its `Reason` header."""
    error = classify(answer(403, Reason=reason))

    assert isinstance(error, RightMissing)
    assert words in error.problem.text


def test_missing_scope() -> None:
    """A scope is the app's, not the user's."""
    error = classify(answer(403, "Forbidden - Application Scope Violated. Cannot read"))

    assert error is not None
    assert "permission scope" in error.problem.text


def test_binding_error_is_a_refusal() -> None:
    """A request that was not understood booked nothing."""
    error = classify(answer(400, said("Error processing request stream. …")))

    assert (type(error), error and error.problem.code) == (Refused, "request.refused")


def test_gone_is_not_found() -> None:
    """404 and 410 are the same to us."""
    assert [type(classify(answer(status))) for status in (404, 410)] == [NotFound, NotFound]


def milliseconds(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def test_minutely_limit_names_the_wait() -> None:
    """Resets are epoch milliseconds; only the headers of the limit that was hit are there."""
    reset = milliseconds(datetime(2026, 7, 1, 8, 19, tzinfo=UTC))
    headers = {
        "X_RateLimit_Minutely_Limit": "60",
        "X_RateLimit_Minutely_Remaining": "0",
        "X_RateLimit_Minutely_Reset": reset,
    }

    error = classify(answer(429, **headers))

    assert isinstance(error, Throttled)
    assert error.retry_after_seconds == 35


def test_daily_limit_names_the_wait() -> None:
    """No minutely headers: the day is used up."""
    reset = milliseconds(datetime(2026, 7, 2, tzinfo=UTC))

    error = classify(
        answer(429, X_RateLimit_Limit="5000", X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)
    )

    assert isinstance(error, Throttled)
    assert error.retry_after_seconds == (datetime(2026, 7, 2, tzinfo=UTC) - NOW).total_seconds()


def test_limit_without_headers_has_no_wait() -> None:
    """What is not said is not known."""
    error = classify(answer(429))

    assert isinstance(error, Throttled)
    assert error.retry_after_seconds is None


def test_only_present_headers_are_believed() -> None:
    """A window whose headers are missing is unknown, not empty."""
    reset = NOW + timedelta(seconds=35)
    both = answer(
        200,
        X_RateLimit_Minutely_Limit="60",
        X_RateLimit_Minutely_Remaining="59",
        X_RateLimit_Minutely_Reset=milliseconds(reset),
    )

    (window,) = faults.limits(both)

    assert (window.name, window.limit, window.remaining, window.resets_at) == ("minute", 60, 59, reset)
    assert faults.limits(answer(200)) == []
