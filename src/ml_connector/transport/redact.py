"""What must not be seen in an answer, an exchange, a log or an exception.

Two kinds of hiding. `redact` knows secret and personal fields by their names and is for records. `Secrets`
knows the values of a connection's own secrets and tokens, and hides them where an answer enters:

    text that people read (a refusal, an error, a record)    every value of 8 characters or more, anywhere;
                                                             one of 5 to 7 where it is a word of its own
    data that is decoded (an answer of success)              values that are no words and no numbers only: an
                                                             amount or a code that equals a password stays

A value of fewer than 5 characters is hidden nowhere, because it is part of ordinary text; so `SECRET_MIN` is
the least that a connection takes. Every value is hidden in the forms that it is repeated in: as it is,
percent-encoded, in JSON, in HTML, in base64.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from urllib.parse import quote, quote_plus

from ml_connector.ports.storage import Vault

HIDDEN = "•••"
SECRET_MIN = 5
"""Characters of the shortest secret that can be hidden; some vendor's keys have no more."""
ANYWHERE_MIN = 8
"""From so many characters on a value is hidden inside other words too, in text."""
UNLIKELY_MIN, WORDS_MAX = 12, 24
"""From so many characters on a value is hidden in data too: unless it is made of words and numbers, and in
any case."""
BODY_MAX = 200_000

_NAMES = (
    "password|passwd|secret|client_secret|access_token|refresh_token|id_token|authorization|api[_-]?key|us-customer-api-key|x-api-key|code|hmacsecret"
    "|ssn|previousssn|nationalid|nationalid1|bsn|socialsecuritynumber|dateofbirth|birthdate|iban|bankaccount|accountnumber|sin"
    "|namefirst|namelast|firstname|lastname|middlename|homephone|privateemail"
)
_BEGINS = "".join(sorted({name[0] for name in _NAMES.split("|")}))
_JSON_FIELD = re.compile(
    rf'("(?=[{_BEGINS}])(?:{_NAMES})"\s*:\s*)("(?:[^"\\]|\\.)*"|[-\d.eE+]+)', re.IGNORECASE
)
_FORM_FIELD = re.compile(rf"((?:^|[?&])(?:{_NAMES})=)[^&\s]*", re.IGNORECASE)
_SCHEMES = ("bearer", "basic")
_BEARER = re.compile(rf"\b({'|'.join(_SCHEMES)})\s+[A-Za-z0-9._~+/=!-]+", re.IGNORECASE)
_WORD = r"(?:[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+)"
_WORDS = re.compile(rf"{_WORD}(?:[ _.,/-]+{_WORD})*")
_PERCENT, _UNICODE = re.compile(r"%[0-9A-F]{2}"), re.compile(r"\\u([0-9a-f]{4})")
_ESCAPED_BY_SOME = "&'+<>`/"
"""What some writers of JSON escape though they need not."""


class Secrets:
    """Values to hide, in every form that they are repeated in."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = {value for value in values if len(value) >= SECRET_MIN and _is_text(value)}
        words = {value for value in known if len(value) < ANYWHERE_MIN}
        self._text = _Forms(known - words, words)
        self._data = _Forms({value for value in known if is_unlikely(value)}, set())

    def hide(self, text: str) -> str:
        """The text for people, without any of the values."""
        return self.hide_text(text.encode(errors="surrogatepass")).decode(errors="surrogatepass")

    def hide_text(self, body: bytes) -> bytes:
        """As `hide`, of a body."""
        return self._text.hide(body)

    def hide_data(self, body: bytes) -> bytes:
        """The data, without the values that no amount, code or name can equal by chance."""
        return self._data.hide(body)


def shown(error: Exception, secrets: Secrets) -> Exception | None:
    """The error as a cause that may be logged; `None` for one that repeats a secret."""
    return error if secrets.hide(repr(error)) == repr(error) else None


class _Forms:
    """The forms of some values; those of `words` count only as a word of their own."""

    def __init__(self, anywhere: set[str], words: set[str]) -> None:
        self._loose, self._strict = _longest_first(anywhere), _longest_first(words)
        self._all = [*self._loose, *self._strict]

    def hide(self, body: bytes) -> bytes:
        # Looking for each form first is 20 times faster on a page of rows than the pattern is, which is
        # rarely made at all.
        if not any(map(body.__contains__, self._all)):
            return body
        return self._pattern.sub(HIDDEN.encode(), body)

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        parts = list(map(re.escape, self._loose))
        if self._strict:
            alone = b"|".join(map(re.escape, self._strict))
            parts.append(rb"(?<![A-Za-z0-9])(?<!\d[.,])(?:" + alone + rb")(?![A-Za-z0-9]|[.,]\d)")
        return re.compile(b"|".join(parts))


def is_unlikely(value: str) -> bool:
    """Whether no amount, code or text of a business equals the value by chance."""
    return len(value) >= WORDS_MAX or (len(value) >= UNLIKELY_MIN and not _WORDS.fullmatch(value))


def redact(text: str, secrets: Secrets | None = None) -> str:
    """The text without secrets and personal fields, cut to 200,000 characters."""
    text = secrets.hide(text) if secrets else text
    text = _JSON_FIELD.sub(rf'\1"{HIDDEN}"', text)
    if "=" in text:
        text = _FORM_FIELD.sub(rf"\1{HIDDEN}", text)
    if any(map(text.casefold().__contains__, _SCHEMES)):
        text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    return text if len(text) <= BODY_MAX else text[:BODY_MAX] + f"… ({len(text)} characters)"


def _is_text(value: str) -> bool:
    """Whether the value can be sent at all: half of a pair of surrogates cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _longest_first(values: set[str]) -> list[bytes]:
    """So that no form hides only the beginning of another."""
    forms = {form for value in values for form in _forms(value)}
    return sorted(forms, key=lambda form: (-len(form), form))


@lru_cache(maxsize=64)
def _forms(value: str) -> tuple[bytes, ...]:
    return tuple({form.encode() for form in _written(value)})


def _written(value: str) -> Iterator[str]:
    yield value
    for encoded in (quote(value, safe=""), quote(value), quote_plus(value), quote(value, safe="!'()*")):
        for written in (encoded, encoded.replace("~", "%7E")):
            yield written
            yield _PERCENT.sub(lambda found: found[0].lower(), written)
    yield html.escape(value)
    yield html.escape(value).replace("&#x27;", "&#39;")
    for ascii_only in (True, False):
        plain = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield plain
        yield plain.replace("/", "\\/")
        yield _UNICODE.sub(lambda found: "\\u" + found[1].upper(), plain)
        for digits in ("{:04X}", "{:04x}"):
            escaped = "".join("\\u" + digits.format(ord(c)) if c in _ESCAPED_BY_SOME else c for c in plain)
            yield escaped
            yield escaped.replace("\\u002F", "/").replace("\\u002f", "/")
    for encode in (b64encode, urlsafe_b64encode):
        encoded = encode(value.encode()).decode()
        yield encoded
        yield encoded.rstrip("=")


NO_SECRETS = Secrets()
PUBLIC = frozenset({"client_id"})
"""Kept in the vault, and no secret: a vendor's support needs to read it."""


def known(vault: Vault, more: Iterable[str] = ()) -> Secrets:
    """Everything that must not be seen of a connection: its stored secrets, the pair that Basic makes of a
    client's id and secret, and `more`, such as tokens.
    """
    stored = vault.every()
    pair = f"{stored.get('client_id', '')}:{stored.get('client_secret', '')}"
    kept = (value for name, value in stored.items() if name not in PUBLIC)
    return _made(frozenset((*kept, b64encode(pair.encode()).decode(), *more)))


@lru_cache(maxsize=32)
def _made(values: frozenset[str]) -> Secrets:
    return Secrets(values)
