"""Notifications of vendors that sign in one way or another, and of those that do not sign."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.contract.memory import MemoryVault
from ml_connector.errors import Refused
from ml_connector.transport.settings import Window
from ml_connector.transport.signature import Signature, check_signature, check_size, check_token, replaced

BODY = b'{"id": 1}'
REMEDY = "Enter it again."
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def check(given: str, secrets: dict[str, str], **how: object) -> None:
    signature = how.pop("signature", Signature())
    check_signature(
        signature,  # type: ignore[arg-type]
        given,
        BODY,
        MemoryVault(secrets),
        NOW,
        where="X-Signature",
        remedy=REMEDY,
        **how,  # type: ignore[arg-type]
    )


def refusal(given: str, secrets: dict[str, str], **how: object) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        check(given, secrets, **how)
    return caught.value.problem.code, caught.value.problem.text


def test_forms_of_a_signature() -> None:
    """Hash, encoding and prefix are the vendor's; hexadecimal letters may be of either case."""
    digest = hmac.new(b"secret", BODY, hashlib.sha512).hexdigest()
    form = Signature(algorithm="sha512", encoding="hex", prefix="sha512=")

    check(f"SHA512={digest.upper()} ", {"webhook_secret": "secret"}, signature=form)
    assert refusal(digest, {"webhook_secret": "secret"}, signature=form)[0] == "event.signature"


def test_base64_keeps_the_case_of_its_letters() -> None:
    """Another letter is another signature."""
    given = Signature().of(BODY, "secret")

    check(given, {"webhook_secret": "secret"})
    assert refusal(given.swapcase(), {"webhook_secret": "secret"})[0] == "event.signature"


def test_any_of_several_secrets_is_good_where_there_may_be_several() -> None:
    """Elsewhere a blank belongs to the secret."""
    given = Signature().of(BODY, "new")

    check(given, {"webhook_secret": "old new"}, several=True)
    assert refusal(given, {"webhook_secret": "old new"})[0] == "event.signature"


@pytest.mark.parametrize("secrets", [{}, {"webhook_secret": ""}, {"webhook_secret": "short"}])
def test_no_secret_or_a_short_one_proves_nothing(secrets: dict[str, str]) -> None:
    """Also not a signature that was made with it."""
    given = Signature().of(BODY, secrets.get("webhook_secret", ""))

    code, text = refusal(given, secrets, characters_min=24)

    assert (code, "24 characters" in text, "short" in text) == ("event.secret", True, False)


@pytest.mark.parametrize("given", ["", "é", "\udce9", "AA=="])
def test_anything_else_is_no_signature(given: str) -> None:
    """Whatever bytes a header holds."""
    code, text = refusal(given, {"webhook_secret": "secret"})

    assert (code, text) == (
        "event.signature",
        "The notification's X-Signature does not match. Enter it again.",
    )


def test_vendor_that_does_not_sign_sends_a_token() -> None:
    """Our own header; a connection without a token admits nobody, not even an empty header."""
    check_token("shared", MemoryVault({"webhook_token": "shared"}), NOW, where="X-Token", remedy=REMEDY)
    for given, stored in [("other", "shared"), ("", "shared"), ("", ""), ("\udce9", "shared")]:
        with pytest.raises(Refused) as caught:
            check_token(given, MemoryVault({"webhook_token": stored}), NOW, where="X-Token", remedy=REMEDY)
        assert (caught.value.problem.code, caught.value.problem.where) == ("event.token", "X-Token")


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(-299, ""), (-300, ""), (-301, "event.old"), (30, ""), (300, ""), (301, "event.ahead")],
)
def test_window_has_two_ends(seconds: int, code: str) -> None:
    """An old stamp is a replay, and one far ahead would be a replay for long."""
    window = Window(age_seconds=300, ahead_seconds=300)
    found = ""
    try:
        window.check(NOW + timedelta(seconds=seconds), NOW)
    except Refused as refused:
        found = refused.problem.code

    assert code == found
    window.check(None, NOW)
    Window(age_seconds=0, ahead_seconds=0).check(NOW + timedelta(days=99), NOW)


def test_token_of_before_is_good_until_its_time() -> None:
    """At its end it is refused."""
    for ends_at, fine in ((NOW + timedelta(seconds=1), True), (NOW, False)):
        vault = MemoryVault({"webhook_token": "new", "webhook_token_before": replaced("old", ends_at)})
        check_token("new", vault, NOW, where="X-Token", remedy=REMEDY)
        if fine:
            check_token("old", vault, NOW, where="X-Token", remedy=REMEDY)
        else:
            with pytest.raises(Refused):
                check_token("old", vault, NOW, where="X-Token", remedy=REMEDY)


def test_large_body_is_not_read() -> None:
    """The limit itself passes."""
    check_size(b"x" * 10, 10)
    with pytest.raises(Refused) as caught:
        check_size(b"x" * 11, 10)

    assert caught.value.problem.text == "The notification has 11 bytes; at most 10 are read. It was not used."
