"""Where alerts really arrive: a mail server, and a receiver of signed webhooks, both on this machine.

What they were sent is kept as it came, with the time of the world it arrived in. The receiver checks
signatures by hand, as Standard Webhooks describes them, and refuses what is signed wrongly.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from ml_connector_sandbox.judges.unattended import Heard

MAIL, WEBHOOK = "e-mail", "webhook"
EVENTS = ("opened", "repeated", "closed")


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Posts:
    """Both of them, while the block lasts. `now` is the time of the world."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.heard: list[Heard] = []
        self.refused = 0
        self.secret = ""
        self._now, self._seen = now, set[str]()
        self.mail_port = free_port()
        self._mail = Controller(self, hostname="127.0.0.1", port=self.mail_port)
        self._web = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    def __enter__(self) -> Posts:
        self._mail.start()
        threading.Thread(target=self._web.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._mail.stop()
        self._web.shutdown()
        self._web.server_close()

    @property
    def url(self) -> str:
        """Where webhooks are taken."""
        return f"http://127.0.0.1:{self._web.server_port}/alerts"

    def of(self, channel: str) -> list[Heard]:
        """What arrived there, in order."""
        return [one for one in self.heard if one.channel == channel]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """A mail."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        subject = str(mail["Subject"])
        self._keep(MAIL, str(mail["Message-ID"]), subject, f"{subject}\n{mail.get_content()}")
        return "250 OK"

    def take(self, headers: Any, body: bytes) -> int:
        """A webhook; the status of the answer."""
        identity = headers["webhook-id"]
        signed = f"{identity}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        wanted = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
        given = headers["webhook-signature"].encode().split()
        if not any(hmac.compare_digest(wanted, one) for one in given):
            self.refused += 1
            return 401
        found = json.loads(body)
        data = found["data"]
        self._keep(WEBHOOK, identity, found["type"], "\n".join(str(value) for value in data.values()))
        return 204

    def _keep(self, channel: str, identity: str, title: str, text: str) -> None:
        """A message that comes again under its id, as after a crash, is the same one."""
        if f"{channel} {identity}" in self._seen:
            return
        self._seen.add(f"{channel} {identity}")
        event = next((word for word in EVENTS if word in title), "")
        self.heard.append(Heard(channel=channel, at=self._now(), event=event, text=text))


def _handler(posts: Posts) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(posts.take(self.headers, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
