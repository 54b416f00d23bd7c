"""Claims about settings, faults, dates, paging and webhooks that need no tenant."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from ml_connector.connectors.ukg_pro import CONNECTOR, faults, wire
from ml_connector.connectors.ukg_pro.client import UkgClient
from ml_connector.connectors.ukg_pro.events import UkgEvents
from ml_connector.connectors.ukg_pro.settings import read
from ml_connector.contract.memory import MemoryVault, memory_wiring
from ml_connector.errors import NotSent, OutcomeUnknown, Refused, Throttled, VendorChanged
from ml_connector.ports.systems import Field
from ml_connector.transport.answer import Answer

GOOD = {"base_url": "https://service5.ultipro.com", "username": "svc", "currency": "USD"}
SECRET = "a-secret-of-enough-characters"
BODY = json.dumps(
    {
        "EventId": 459469162,
        "EventTime": "2026-04-16T15:51:52.64",
        "EventType": "EmployeeAddressChangeEvent",
        "Operation": "Update",
        "Payload": {"CoId": "6Y4NV", "EeId": "EQKKKU000020", "IntegrationRecordId": None},
        "Tenant": "G0311",
    }
).encode()


DEEP = b'{"EventId": ' + b"[" * 8000 + b"]" * 8000 + b"}"


def codes(sandbox: bool = False, **changes: str) -> list[str]:
    """Codes of what is wrong with the settings."""
    return [problem.code for problem in CONNECTOR.check_settings({**GOOD, **changes}, sandbox)]


@pytest.mark.parametrize("name", ["file_names", "companies"])
def test_a_semicolon_separates_nothing(name: str) -> None:
    """`gl_*.csv;gl.csv` is no name of any file: what was delivered was passed over."""
    flat = {"source": "flat_file", "file_path": "/srv/gl"}

    assert ["setting.separator"] == codes(**flat, **{name: "gl_*.csv;gl.csv"})
    assert [] == codes(**flat, **{name: "gl_*.csv,gl.csv"})


@pytest.mark.parametrize(
    "host", ["service5.ultipro.com", "servicet.ultipro.com", "acme.ultipro.com", "service12.ultipro.ca"]
)
def test_hosts_of_the_vendor_pass(host: str) -> None:
    """Numbered hosts, the test host, a company's own address, Canada."""
    assert codes(base_url=f"https://{host}/") == []


@pytest.mark.parametrize(
    "url",
    [
        "http://service5.ultipro.com",
        "https://ultipro.com.evil.example",
        "https://evilultipro.com",
        "http://127.0.0.1:9",
        "",
    ],
)
def test_other_hosts_are_refused(url: str) -> None:
    """Secrets go nowhere else."""
    assert "setting.host" in codes(base_url=url)
    with pytest.raises(NotSent):
        CONNECTOR.open({**GOOD, "base_url": url}, memory_wiring(sandbox=False))


def test_each_setting_is_checked() -> None:
    """Every problem is returned, not the first one only."""
    wrong = {
        "currency": "A=USD,A=EUR",
        "pay_periods": "x",
        "source": "tape",
        "register": "perhaps",
        "page_rows": "20000",
        "calls_per_minute": "0",
        "source_tz": "Mars/Base",
        "third_party_fields": '{"colour": "x"}',
        "file_layout": "L9",
        "username": "",
        "third_party_path": "@evil.example/pay",
    }
    assert {
        "setting.path",
        "setting.currency",
        "setting.pay_periods",
        "setting.choice",
        "setting.flag",
        "setting.page_rows",
        "setting.calls",
        "setting.zone",
        "setting.fields",
        "setting.layout",
        "setting.missing",
    } == set(codes(**wrong))
    for path in (".evil.example/x", "//evil.example/x", "/pay?x=1", "/a/../b", "/pay\\x", "1/pay", "pay"):
        assert codes(third_party_path=path) == ["setting.path"]
    assert codes(third_party_fields=DEEP.decode()) == ["setting.fields"]
    assert codes(file_layout=DEEP.decode()) == ["setting.layout"]
    assert codes(currency="DOLLAR") == ["setting.currency"]
    assert codes(auth="bearer") == ["setting.host", "setting.missing"]
    assert (
        codes(auth="bearer", token_url="https://welcome.ultipro.com/oauth/token", organization="org_1") == []
    )


def test_secrets_are_secret() -> None:
    """Keys and passwords go to the vault only."""
    secret = {setting.name for setting in CONNECTOR.settings if setting.field is Field.SECRET}

    assert {
        "password",
        "customer_api_key",
        "user_api_key",
        "client_id",
        "client_secret",
        "webhook_secret",
        "webhook_token",
    } == secret


def test_tenant_is_stable_and_tells_no_key() -> None:
    """The same for every opening; another key or host is another tenant; a name given stands for itself."""

    def tenant(key: str, **changes: str) -> str:
        wiring = memory_wiring(secrets={"customer_api_key": key}, sandbox=False)
        return CONNECTOR.open({**GOOD, **changes}, wiring).tenant("")

    assert tenant("G2ASY") == tenant("G2ASY", username="other")
    assert (
        len({tenant("G2ASY"), tenant("G2ASZ"), tenant("G2ASY", base_url="https://service4.ultipro.com")}) == 3
    )
    assert "G2ASY" not in tenant("G2ASY")
    assert tenant("G2ASY", tenant="acme") == "acme"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-29T14:02:11.42", datetime(2026, 6, 29, 18, 2, 11, 420000, UTC)),
        ("2026-01-05T08:00:00", datetime(2026, 1, 5, 13, tzinfo=UTC)),
        ("2026-01-05T08:00:00.1234567", datetime(2026, 1, 5, 13, 0, 0, 123456, UTC)),
        ("2026-01-05T08:00:00.5Z", datetime(2026, 1, 5, 8, 0, 0, 500000, UTC)),
    ],
)
def test_local_times_become_utc(text: str, expected: datetime) -> None:
    """Without an offset they are the tenant's; the fraction has any length."""
    assert expected == wire.moment(text, ZoneInfo("America/New_York"))


def answer(status: int, body: bytes = b"", path: str = "/payroll/v1/pay-register", **headers: str) -> Answer:
    """An answer of UKG's."""
    return Answer(
        method="GET", url=f"https://service5.ultipro.com{path}", status=status, headers=headers, body=body
    )


def test_statuses_are_told_apart() -> None:
    """What each means for the caller."""
    assert faults.classify(answer(200)) is None
    throttled = faults.classify(answer(429))
    assert isinstance(throttled, Throttled)
    assert throttled.retry_after_seconds is None
    assert isinstance(
        faults.classify(answer(502, b"<html>", **{"content-type": "text/html"})), OutcomeUnknown
    )
    body = b'{"title":"Bad","errors":{"modelstate":{"payGroup":[{"message":"too long"}]}}}'
    refused = faults.classify(answer(400, body))
    assert isinstance(refused, Refused)
    assert [word for word in ("Bad", "payGroup", "too long") if word not in refused.problem.text] == []
    for path, service in (
        ("/configuration/v1/org-levels", faults.COMPANY_CONFIGURATION),
        ("/services/x", faults.THIRD_PARTY),
    ):
        missing = faults.classify(answer(403, path=path))
        assert missing is not None
        assert repr(service) in missing.problem.text


def reading(answers: list[httpx2.Response]) -> tuple[list[str], list[str]]:
    """Check ids read from the answers, and what was asked for."""
    asked: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return answers[len(asked) - 1]

    options, _ = read({**GOOD, "base_url": "http://127.0.0.1:9", "calls_per_minute": "0"}, True)
    assert options is not None
    secrets = {"password": "secret", "customer_api_key": "G2ASY"}
    ukg = UkgClient(options, memory_wiring(secrets=secrets, wire=httpx2.MockTransport(handle)))
    return [row.companyID for row in ukg.rows("/configuration/v1/company-details", wire.Company)], asked


def page(*ids: str, link: str | None = None) -> httpx2.Response:
    """A page of companies."""
    headers = {"content-type": "application/json", **({"link": link} if link is not None else {})}
    return httpx2.Response(
        200,
        headers=headers,
        content=json.dumps([{"companyID": name, "companyCode": name} for name in ids]).encode(),
    )


def test_link_is_followed_on_our_own_host() -> None:
    """Only the query of the link counts: a link to elsewhere gets no secret."""
    link = '<https://evil.example/other?page=2&per_Page=7>; rel="next"'
    rows, asked = reading([page("A", link=link), page("B", link='<x?page=1>; rel="first"')])

    assert rows == ["A", "B"]
    assert asked[1] == "http://127.0.0.1:9/configuration/v1/company-details?page=2&per_Page=7"


def test_list_without_links_is_read_until_it_is_empty() -> None:
    """A short page proves nothing; an empty one, or a 404 after the first, does."""
    assert reading([page("A"), page("B"), page()])[0] == ["A", "B"]
    assert reading([page("A"), httpx2.Response(404)])[0] == ["A"]
    assert reading([httpx2.Response(404)])[0] == []


def test_pages_in_a_circle_are_an_error() -> None:
    """A server that ignores the page, or links back, would be read for ever."""
    back = '<x?page=2>; rel="next"'
    with pytest.raises(VendorChanged):
        reading([page("A"), page("A")])
    with pytest.raises(VendorChanged):
        reading([page("A", link=back), page("B", link=back), page("C", link=back)])


def signed(
    body: bytes = BODY, encoding: str = "hex", prefix: str = "", algorithm: str = "sha256", key: str = SECRET
) -> str:
    """The signature of a body."""
    mac = hmac.new(key.encode(), body, algorithm)
    return prefix + (mac.hexdigest() if encoding == "hex" else b64encode(mac.digest()).decode())


class At:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 4, 17, tzinfo=UTC)


def events(secrets: dict[str, str] | None = None, **settings: str) -> UkgEvents:
    """A verifier with these settings."""
    options, problems = read({**GOOD, **settings}, False)
    assert options is not None, problems
    vault = MemoryVault({"webhook_secret": SECRET} if secrets is None else secrets)
    return UkgEvents(options, vault, At())


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"encoding": "base64"},
        {"prefix": "sha256="},
        {"algorithm": "sha512"},
        {"encoding": "base64", "prefix": "v1="},
    ],
)
def test_signed_notification_is_an_event(form: dict[str, Any]) -> None:
    """However the tenant signs, once the settings say how."""
    settings = {f"webhook_{name}": value for name, value in form.items()}
    event = events(**settings).verify({"x-ukg-signature": signed(**form)}, BODY)

    assert ("459469162", "EmployeeAddressChangeEvent", "EQKKKU000020") == (event.id, event.topic, event.key)
    assert event.occurred_at == datetime(2026, 4, 16, 19, 51, 52, 640000, UTC)
    assert event.detail["company"] == "6Y4NV"


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({}, BODY, "event.signature"),
        ({"X-UKG-Signature": "é"}, BODY, "event.signature"),
        ({"X-UKG-Signature": signed()}, BODY + b" ", "event.signature"),
        ({"X-UKG-Signature": signed(key="another-secret-of-24-characters")}, BODY, "event.signature"),
        ({"X-UKG-Signature": signed(b"{}")}, b"{}", "event.shape"),
        ({"X-UKG-Signature": signed(b"\xff")}, b"\xff", "event.shape"),
        ({"X-UKG-Signature": signed(DEEP)}, DEEP, "event.shape"),
        ({}, b"x" * 300_000, "event.size"),
    ],
)
def test_notification_that_is_not_ours_is_refused(headers: dict[str, str], body: bytes, code: str) -> None:
    """Nothing unsigned is looked into."""
    with pytest.raises(Refused) as caught:
        events().verify(headers, body)
    assert code == caught.value.problem.code


def test_token_header_is_checked_as_well() -> None:
    """A header of our own must be there, and right, beside the signature."""
    verifier = events(
        {"webhook_secret": SECRET, "webhook_token": "token"}, webhook_token_header="X-Connector-Token"
    )
    headers = {"X-UKG-Signature": signed()}

    assert verifier.verify({**headers, "x-connector-token": "token"}, BODY)
    for wrong in ({}, {"X-Connector-Token": "tokem"}):
        with pytest.raises(Refused):
            verifier.verify({**headers, **wrong}, BODY)
    with pytest.raises(Refused) as caught:
        events({}).verify(headers, BODY)
    assert caught.value.problem.code == "event.secret"


WRITTEN_BY_HAND = (
    '{"EventId": 7,"EventType":"EmployeePersonNameChangeEvent" ,"EventTime":"2026-04-16T15:51:52.64",\n'
    ' "Operation":"Update","Payload":{"CoId":"Zo\\u00eb","EeId":"Zoë Müller"},"Tenant":"G0311"}'
)
"""Odd blanks, an escape and letters beyond ASCII. `openssl dgst -sha256 -hmac` made the signatures below."""
IN_UTF_8 = "8ce5886fab302fb2f1346a5468b877f0874afeaef6bdff35f9f2a0333b9f3304"
IN_LATIN_1 = "3ff27e1f3d8c88a47d42b27ad63a7185257d4f435af392a176827b99b519d217"


def test_signature_made_by_another_tool_over_the_bytes_as_they_came() -> None:
    """Written again it is another body; in another set of letters the signature decides, and then the body is
    refused as what it is.
    """
    verifier = events({"webhook_secret": "a-secret-of-24-characters!"})
    body = WRITTEN_BY_HAND.encode()

    assert "Zoë Müller" == verifier.verify({"X-UKG-Signature": IN_UTF_8}, body).key
    for signature, changed, code in [
        (IN_UTF_8, json.dumps(json.loads(body)).encode(), "event.signature"),
        (IN_UTF_8, WRITTEN_BY_HAND.encode("latin-1"), "event.signature"),
        (IN_LATIN_1, WRITTEN_BY_HAND.encode("latin-1"), "event.shape"),
    ]:
        with pytest.raises(Refused) as caught:
            verifier.verify({"X-UKG-Signature": signature}, changed)
        assert code == caught.value.problem.code


def test_notification_of_another_tenant_is_refused() -> None:
    """Its signature is good: the secret stands in two tenants."""
    ours, another = events(webhook_tenant=json.loads(BODY)["Tenant"]), events(webhook_tenant="G0999")

    assert ours.verify({"X-UKG-Signature": signed()}, BODY)
    with pytest.raises(Refused) as caught:
        another.verify({"X-UKG-Signature": signed()}, BODY)
    assert "event.entity" == caught.value.problem.code
