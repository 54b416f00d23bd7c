"""What must not be seen in an exchange, a log or an exception."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "•••"
_NAMES = (
    "password|passwd|secret|client_secret|access_token|refresh_token|id_token|authorization|api[_-]?key|us-customer-api-key|x-api-key|code|hmacsecret"
    "|ssn|previousssn|nationalid|nationalid1|bsn|socialsecuritynumber|dateofbirth|birthdate|iban|bankaccount|accountnumber|sin"
    "|namefirst|namelast|firstname|lastname|middlename|homephone|privateemail"
)
_JSON_FIELD = re.compile(rf'("(?:{_NAMES})"\s*:\s*)("(?:[^"\\]|\\.)*"|[-\d.eE+]+)', re.IGNORECASE)
_FORM_FIELD = re.compile(rf"((?:^|[?&])(?:{_NAMES})=)[^&\s]*", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=!-]+", re.IGNORECASE)
BODY_MAX = 200_000


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without secrets and personal fields, cut to 200,000 characters; `secrets` are values hidden
    wherever they stand.
    """
    for secret in secrets:
        if len(secret) >= 4:
            for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
                text = text.replace(form, HIDDEN)
    text = _JSON_FIELD.sub(rf'\1"{HIDDEN}"', text)
    text = _FORM_FIELD.sub(rf"\1{HIDDEN}", text)
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    return text if len(text) <= BODY_MAX else text[:BODY_MAX] + f"… ({len(text)} characters)"
