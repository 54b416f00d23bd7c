"""Which addresses a connection may use.

An address is compared after it is built, by the same parser that the request is sent with: text that looks
like a path may name another host once it is added to the base (`.evil.example/x`, `1/x` behind a port,
`@evil…`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import httpx2

from ml_connector.errors import VendorChanged

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HTTP = re.compile(r"https?://", re.IGNORECASE)
_CHARACTERS = re.compile(r"[!$-\[\]^-~]+")
"""What an address is written with: printable ASCII without blank, quote, `#` and backslash."""
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


@lru_cache(maxsize=256)
def joined(base: str, path: str) -> httpx2.URL:
    """The address of a path below the base, or of a link in an answer.

    Raises `VendorChanged` when it leads to another scheme, host or port than the base, or cannot be read.
    """
    try:
        url = httpx2.URL(path if _ABSOLUTE.match(path) else base.rstrip("/") + path)
    except (httpx2.InvalidURL, ValueError) as error:
        text = "The vendor's answer links to an address that cannot be read; it was not followed."
        raise VendorChanged(text, where="paging") from error
    if _origin(url) != _origin_of(base) or url.userinfo:
        text = (
            f"The vendor's answer links to another host, {url.host}{_port(url)}; it was not followed. Report"
            " it to the vendor's support."
        )
        raise VendorChanged(text, where="paging")
    return url


def host_problem(url: str, allowed: Sequence[str], sandbox: bool, *, path: bool = False) -> str | None:
    """Why the address may not be used, or `None`.

    An address is scheme and host, and a path only with `path`. Only https on an allowed host
    (`*.example.com` allows subdomains) and its usual port; with `sandbox` any port of this machine alone.
    """
    if problem := form_problem(url):
        return problem
    parts = urlsplit(url)
    host = parts.hostname or ""
    if problem := _sandbox_problem(url, host) if sandbox else _vendor_problem(url, host, allowed):
        return problem
    if not sandbox and parts.netloc.lower() != host:
        return f"{url!r} has a port. Enter only https:// and the host: the vendor uses no other port."
    if "?" in url:
        return f"{url!r} has a query. Enter the address without it."
    if parts.path not in ("", "/") and (not path or ".." in parts.path):
        return f"{url!r} has a path. Enter only https:// and the host, such as https://{_example(allowed)}."
    return None


def _sandbox_problem(url: str, host: str) -> str | None:
    if is_loopback(host):
        return None
    return f"A sandbox connection speaks to this machine only, not to {host or url!r}."


def _vendor_problem(url: str, host: str, allowed: Sequence[str]) -> str | None:
    if is_loopback(host):
        return f"{url!r} is on this machine, where only a simulator can be. Add --sandbox for a simulator."
    if not url.lower().startswith("https://"):
        return f"{url!r} is not an https address."
    if any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in allowed):
        return None
    return f"{host!r} is not a host of this vendor ({', '.join(allowed)}). Secrets are sent nowhere else."


def form_problem(url: str) -> str | None:
    """Why the text is no address that may be stored, or `None`: a user or password in it, which would be
    stored in clear text and is never repeated here; a character that parsers read differently; no readable
    host.
    """
    if "@" in url:
        return (
            "The address holds a user or a password before @, which would be stored in clear and sent instead"
            " of the sign-in. Enter only https:// and the host."
        )
    if not _HTTP.match(url):
        return f"{url!r} is not an https address."
    if not _CHARACTERS.fullmatch(url):
        return f"{url!r} holds a blank, a backslash, # or another character that no address here has."
    try:
        parts, built = urlsplit(url), httpx2.URL(url)
        readable = parts.hostname == built.host and (parts.port is None or parts.port > 0)
    except (httpx2.InvalidURL, ValueError):
        readable = False
    if not readable or not (_HOST.fullmatch(built.host) or _is_ip(built.host)):
        return f"{url!r} has no host that can be read."
    return None


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


_DEFAULTS = {"http": 80, "https": 443}


@lru_cache
def _origin_of(base: str) -> tuple[str, str, int | None]:
    return _origin(httpx2.URL(base))


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _DEFAULTS.get(url.scheme)


def _port(url: httpx2.URL) -> str:
    return f":{url.port}" if url.port else ""


def _example(allowed: Sequence[str]) -> str:
    return allowed[0].replace("*", "name") if allowed else "the.host"
