"""Which addresses may be stored, and which may be followed."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

import ml_connector.connectors
from ml_connector.errors import VendorChanged
from ml_connector.transport.address import form_problem, host_problem, joined

HOSTS = ["start.exact.nl", "*.api.example.com"]
SLUGS = [module.name for module in pkgutil.iter_modules(ml_connector.connectors.__path__) if module.ispkg]


@pytest.mark.parametrize(
    ("url", "sandbox", "problem"),
    [
        ("https://start.exact.nl", False, None),
        ("https://start.exact.nl/", False, None),
        ("https://eu.api.example.com", False, None),
        ("http://start.exact.nl", False, "'http://start.exact.nl' is not an https address."),
        ("ftp://start.exact.nl", False, "is not an https address."),
        ("start.exact.nl", False, "is not an https address."),
        (
            "https://start.exact.nl.evil.com",
            False,
            "'start.exact.nl.evil.com' is not a host of this vendor (start.exact.nl, *.api.example.com).",
        ),
        ("https://evilapi.example.com", False, "is not a host of this vendor"),
        ("https://api.example.com", False, "is not a host of this vendor"),
        ("https://start.exact.nl@evil.com", False, "a user or a password before @"),
        ("https://evil.com\\.api.example.com", False, "holds a blank, a backslash"),
        ("https://evil.com\\@start.exact.nl", False, "a user or a password before @"),
        ("https://evil.com%2f.api.example.com", False, "has no host that can be read"),
        ("https://evil.com%00.api.example.com", False, "has no host that can be read"),
        ("https://a..api.example.com", False, "has no host that can be read"),
        ("https://start.exact.nl\n.evil.com", False, "another character"),
        ("https://start.exact.nl\t", False, "another character"),
        ("https://start.exact.nl\u202e", False, "another character"),
        ("https://ｓtart.exact.nl", False, "another character"),
        ("https://start.exact.nl.", False, "has no host that can be read"),
        ("https://start.exact.nl:443", False, "has a port"),
        ("https://start.exact.nl:8443", False, "has a port"),
        ("https://start.exact.nl:", False, "has a port"),
        ("https://start.exact.nl:99999", False, "has no host that can be read"),
        ("https://start.exact.nl/api", False, "has a path"),
        ("https://start.exact.nl?x=1", False, "has a query"),
        ("https://start.exact.nl?", False, "has a query"),
        ("https://start.exact.nl#x", False, "another character"),
        ("https://127.0.0.1", False, "Add --sandbox for a simulator."),
        ("http://127.0.0.1:9101", False, "Add --sandbox for a simulator."),
        ("http://localhost:9101", False, "Add --sandbox for a simulator."),
        ("https://2130706433", False, "is not a host of this vendor"),
        ("http://127.0.0.1:9101", True, None),
        ("http://localhost:9101", True, None),
        ("http://[::1]:9101", True, None),
        ("https://127.0.0.1:9101/", True, None),
        ("http://user:pass@127.0.0.1:9101", True, "a user or a password before @"),
        ("http://127.0.0.1:9101/api", True, "has a path"),
        ("ftp://127.0.0.1:9101", True, "is not an https address"),
        (
            "https://start.exact.nl",
            True,
            "A sandbox connection speaks to this machine only, not to 'start.exact.nl'.",
        ),
        ("http://localhost.evil.com", True, "A sandbox connection speaks to this machine only"),
        ("", False, "'' is not an https address."),
    ],
)
def test_secrets_go_to_the_vendor_only(url: str, sandbox: bool, problem: str | None) -> None:
    """An https address on one of its hosts; this machine alone for a sandbox."""
    found = host_problem(url, HOSTS, sandbox)

    assert (problem is None) is (found is None), found
    assert (problem or "") in (found or "")


def test_a_path_is_taken_only_where_the_vendor_needs_one() -> None:
    """As the address of a sign-in; it does not climb."""
    assert None is host_problem("https://start.exact.nl/connect/token", HOSTS, False, path=True)
    assert "has a path" in str(host_problem("https://start.exact.nl/a/../token", HOSTS, False, path=True))


def test_a_password_in_an_address_is_not_repeated() -> None:
    """The refusal is shown, logged and sent to support."""
    assert "s3cret" not in str(form_problem("https://anna:s3cret@start.exact.nl"))


def setting_problems(slug: str, name: str, url: str) -> list[str]:
    """What a connector says of this address, whatever else is missing."""
    module = importlib.import_module(f"ml_connector.connectors.{slug}")
    given = {name: url, "auth": "bearer"}
    return [x.text for x in module.CONNECTOR.check_settings(given, sandbox=False) if x.where == name]


def good(slug: str, name: str) -> list[Any]:
    """An address of each kind of host that the connector takes for the setting."""
    if slug in ASK_NOBODY:
        return []
    module = importlib.import_module(f"ml_connector.connectors.{slug}.settings")
    declared = {"base_url": ("HOSTS",), "token_url": ("TOKEN_HOSTS", "SIGN_IN_HOSTS")}[name]
    found = next((getattr(module, hosts) for hosts in declared if hasattr(module, hosts)), None)
    return [host.replace("*", "name") for host in found or ()]


ASK_NOBODY = {"intake"}
"""Connectors that have no address, because what they read is sent to this installation."""
ADDRESSES = [
    (slug, name, host) for slug in SLUGS for name in ("base_url", "token_url") for host in good(slug, name)
]


def test_every_connector_has_addresses_to_check() -> None:
    """The list below is made from what connectors declare; it is not empty by accident."""
    assert {*SLUGS} - ASK_NOBODY == {slug for slug, _, _ in ADDRESSES}
    assert len(SLUGS) < len(ADDRESSES)


@pytest.mark.parametrize(("slug", "name", "host"), ADDRESSES)
def test_every_connector_refuses_every_trick(slug: str, name: str, host: str) -> None:
    """In every address that a secret is sent to."""
    path = "/connect/token" if name == "token_url" else ""
    tricks = [
        f"http://{host}{path}",
        f"https://user:pass@{host}{path}",
        f"https://{host}@evil.com{path}",
        f"https://evil.com\\.{host}{path}",
        f"https://evil.com%2f.{host}{path}",
        f"https://{host}.evil.com{path}",
        f"https://{host}:8443{path}",
        f"https://{host}:443{path}",
        f"https://{host}{path}?x=1",
        f"https://{host}{path}#x",
        f"https://{host}\x00{path}",
        f"https://{host}\u202e{path}",
        f"https://127.0.0.1{path}",
    ]

    assert [] == [trick for trick in tricks if not setting_problems(slug, name, trick)]
    if name == "base_url":
        assert [] == setting_problems(slug, name, f"https://{host}")
        assert setting_problems(slug, name, f"https://{host}/path")


# --- links --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("https://start.exact.nl", "/api/v1", "https://start.exact.nl/api/v1"),
        ("https://start.exact.nl/", "/api/v1?$filter=a eq 'b'", None),
        ("https://start.exact.nl", "https://start.exact.nl/next?$skiptoken=1", None),
        ("https://start.exact.nl", "https://start.exact.nl:443/next", None),
        ("https://start.exact.nl", "HTTPS://START.exact.nl/next", None),
        ("http://127.0.0.1:8100", "http://127.0.0.1:8100/next", None),
        ("http://127.0.0.1:8100", "/next?to=https://elsewhere.example/x", None),
        ("http://127.0.0.1:8100", "//elsewhere.example/x", "http://127.0.0.1:8100//elsewhere.example/x"),
    ],
)
def test_a_link_on_the_same_host_is_followed(base: str, path: str, url: str | None) -> None:
    """Same scheme, host and port, however it is written."""
    found = joined(base, path)

    assert joined(base, "/").host == found.host
    assert url in (None, str(found))


@pytest.mark.parametrize("base", ["https://start.exact.nl", "http://127.0.0.1:8100"])
@pytest.mark.parametrize(
    "path",
    [
        "https://elsewhere.example/next",
        "http://start.exact.nl/next",
        "https://start.exact.nl:8443/next",
        "https://127.0.0.1:8100/next",
        "http://127.0.0.1:8101/next",
        "http://user:pass@127.0.0.1:8100/next",
        "https://user@start.exact.nl/next",
        "ftp://start.exact.nl/next",
        "1/next",
        ".evil.com/next",
        "@evil.com/next",
        ":99/next",
        "\\@evil.com/next",
        "https://start.exact.nl@evil.com/next",
        "https://[::1/next",
        "https://start.exact.nl:port/next",
        "/next\x00",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed(base: str, path: str) -> None:
    """Compared after it is built: what looks like a path may name another host behind the base."""
    with pytest.raises(VendorChanged, match="not followed"):
        joined(base, path)
