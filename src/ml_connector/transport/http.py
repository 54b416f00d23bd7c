"""Requests to one vendor: within budget, one at a time, signed in, recorded.

    read(…)     budget → lock → token → send → classify;
                repeated on throttling and on faults that prove nothing, a bounded number of times
    prepare(…)  budget → lock → token, then hand back a function that sends once;
                never repeated by anything below the engine

A write is sent on a connection of its own, so that an idle connection closed by the vendor cannot turn into
an unknown outcome. The gate is asked after the connection stands, last thing before the first byte of the
request is written.
"""

from __future__ import annotations

import hashlib
import random
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import httpx2
import stamina

from ml_connector.errors import (
    Busy,
    ConnectorError,
    Halted,
    NotSent,
    OutcomeUnknown,
    SignInLost,
    SignInRenewed,
    Throttled,
    VendorChanged,
)
from ml_connector.ports.sinks import Gate
from ml_connector.ports.storage import Exchange, Priority, RateLimit
from ml_connector.ports.systems import Wiring
from ml_connector.transport.address import joined
from ml_connector.transport.answer import FIRST_FAILURE, Answer, Classify
from ml_connector.transport.exchange import (
    AnswerLate,
    Body,
    Deadline,
    SendState,
    Unsendable,
    failure,
    header_problem,
    in_memory,
    new_client,
    within,
)
from ml_connector.transport.redact import Secrets, known, redact, shown

READ_ATTEMPTS = 5
WAIT_MAX_SECONDS = 120.0
READ_SPREAD_SECONDS = 2.0
"""Above the vendor's own wait, so that reads which one limit stopped are not repeated all at once."""
READ_DEADLINE_SECONDS = 300.0
"""For one read and its complete answer, where the connection sets no other."""
NOT_REPEATED = (Halted, Busy, Unsendable, AnswerLate)
"""A read that ended so would only end so again, or take as long again."""
CLIENT_ERRORS = (400, 401, 403, 404)
"""What a vendor that counts client errors counts."""
NO_BODY = Body(b"", 0, hashlib.sha256(b"").hexdigest())
Take = Callable[[httpx2.Response, Deadline], Body]
"""Reads the body of an answer to its end; raises as `exchange.parts_of`, and what it refuses itself."""


class Auth(Protocol):
    """How requests are signed in."""

    def headers(self) -> Mapping[str, str]:
        """Headers that sign a request in; renews what is due. Raises `SignInLost` when a person must sign in
        again.
        """
        ...

    def refused(self, headers: Mapping[str, str]) -> bool:
        """The vendor answered 401 to these headers: whether other ones can be had now. Asked once per
        request.
        """
        ...

    def secrets(self) -> Sequence[str]:
        """Values to hide in every record, beside what the vault holds: tokens."""
        ...


@dataclass(slots=True, kw_only=True, weakref_slot=True)
class Client:
    """Requests to one host of one vendor for one connection.

    `windows` are the vendor's call limits as declared, `learn` reads its quota headers. `scope` in a call
    names the scope of the call limit and of the lock, usually the legal entity. Reads of one scope never run
    at the same time when `one_at_a_time` is set. A request and its complete answer have one deadline: for a
    write the one that the ledger's limits state. `errors` is for a vendor that blocks an application after so
    many client errors of one endpoint: when as many are counted, the endpoint is not called until the window
    is over. `personal` are the beginnings of paths whose bodies name people: of those no body is recorded or
    quoted, in either direction, whatever the status; their hash and length are.
    """

    base_url: str
    auth: Auth
    wiring: Wiring
    classify: Classify
    windows: Sequence[RateLimit] = ()
    learn: Callable[[Answer], Sequence[RateLimit]] = lambda answer: ()
    errors: RateLimit | None = None
    one_at_a_time: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    personal: Sequence[str] = ()
    write_deadline_seconds: float = 100
    read_deadline_seconds: float = READ_DEADLINE_SECONDS
    read_attempts: int = READ_ATTEMPTS
    installation: str = ""
    """The installation that a simulator names in its answers; empty until one does."""
    _reader: httpx2.Client | None = None

    # --- reading --------------------------------------------------------------------------------------------

    def read(
        self,
        method: str,
        path: str,
        *,
        scope: str = "",
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        take: Take = in_memory,
    ) -> Answer:
        """A request that changes nothing at the vendor, repeated when its failure proves nothing. `path` may
        be an absolute address on our host. `take` reads the body.

        Raises `Refused` (and its kinds), `OutcomeUnknown` after the last attempt, `VendorChanged`, `NotSent`.
        """
        url = joined(self.base_url, path)

        def pause(error: Exception) -> bool | float:
            if isinstance(error, NOT_REPEATED):
                return False
            if isinstance(error, Throttled):
                wait = error.retry_after_seconds
                if wait is None:
                    return True
                return wait + random.uniform(0, READ_SPREAD_SECONDS) if wait <= WAIT_MAX_SECONDS else False
            return isinstance(error, OutcomeUnknown | NotSent)

        caller = stamina.RetryingCaller(
            attempts=self.read_attempts, timeout=None, wait_initial=0.2, wait_max=10.0
        ).on(pause)
        request = httpx2.Request(method, url, params=dict(params) if params else None, content=content)
        return caller(self._read_once, request, scope, headers or {}, take)

    def _read_once(self, request: httpx2.Request, scope: str, extra: Mapping[str, str], take: Take) -> Answer:
        with self._within_budget(scope, Priority.READ, request):
            signed = self.auth.headers()
            answer = self._send(self._open(), self._signed(request, signed, extra), write=False, take=take)
            if answer.status == 401 and self.auth.refused(signed):
                self._take_call(scope, Priority.READ)
                ready = self._signed(request, self.auth.headers(), extra)
                answer = self._send(self._open(), ready, write=False, take=take)
        return self._checked(answer, scope)

    # --- writing --------------------------------------------------------------------------------------------

    @contextmanager
    def prepare(
        self,
        method: str,
        path: str,
        *,
        scope: str = "",
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> Iterator[Callable[[Gate], Answer]]:
        """Everything a write needs but the write itself; the function it yields sends once, after the gate
        has let it.

        That function raises `NotSent` when no byte left, `Refused` when the vendor's answer proves that
        nothing was booked, and `OutcomeUnknown` for everything that proves nothing.
        """
        request = httpx2.Request(method, joined(self.base_url, path), content=content)
        with self._within_budget(scope, Priority.WRITE, request), self._new_client(keep=False) as client:
            signed = self.auth.headers()
            ready = self._signed(request, signed, headers or {})

            def send(gate: Gate) -> Answer:
                answer = self._send(client, ready, write=True, gate=gate)
                if answer.status == 401 and self.auth.refused(signed):
                    text = (
                        "The vendor did not accept the sign-in, which has been renewed since. Nothing was"
                        " booked; it is sent again."
                    )
                    raise SignInRenewed(text, where="sign-in")
                return self._checked(answer, scope, write=True)

            yield send

    # --- both -----------------------------------------------------------------------------------------------

    def _checked(self, answer: Answer, scope: str, write: bool = False) -> Answer:
        if learnt := self.learn(answer):
            self.wiring.budget.learn(self._budget_scope(scope), learnt)
        if self.errors and answer.status in CLIENT_ERRORS:
            self.wiring.budget.take(self._endpoint(scope, answer.url), (self.errors,), Priority.WRITE)
        error = self._error(answer)
        if error is None:
            return answer
        if write and isinstance(error, VendorChanged):
            raise OutcomeUnknown(
                error.problem.text, where=error.problem.where, support=error.support
            ) from error
        raise error

    def _error(self, answer: Answer) -> ConnectorError | None:
        if answer.status == 401:
            text = "The vendor does not accept our sign-in (401). Authorise this connection again."
            return SignInLost(text, where="sign-in")
        if 300 <= answer.status < 400:
            text = (
                f"{answer.path} answered with a redirect ({answer.status}), which is never followed: it could"
                " lead our sign-in to another host. Check the address of the connection."
            )
            return VendorChanged(text, where=answer.path, support=answer.support("location"))
        return self.classify(answer)

    def _send(
        self,
        client: httpx2.Client,
        request: httpx2.Request,
        *,
        write: bool,
        gate: Gate | None = None,
        take: Take = in_memory,
    ) -> Answer:
        clock, secrets = self.wiring.clock, self._secrets(request)
        started = clock.monotonic()
        deadline = Deadline.after(clock, self.write_deadline_seconds if write else self.read_deadline_seconds)
        state = SendState(gate, deadline)
        request.extensions |= {"trace": state.trace, "timeout": deadline.timeouts()}
        try:
            with within(deadline):
                if self.wiring.wire is not None:
                    state.ask_gate()
                response = client.send(request, stream=True)
                body = take(response, deadline)
        except httpx2.HTTPError as raised:
            # The library's text may repeat what was read of the answer.
            error = type(raised)("text not kept") if self._is_personal(request) else raised
            self._record(request, started, secrets, write=write, error=error)
            raise failure(error, request.url.host, secrets, state) from shown(error, secrets)
        self._record(request, started, secrets, response=response, body=body, write=write)
        hide = secrets.hide_text if response.status_code >= FIRST_FAILURE else secrets.hide_data
        headers = {
            name.lower(): secrets.hide_data(value.encode()).decode()
            for name, value in response.headers.items()
        }
        self.installation = headers.get("x-sandbox-installation", self.installation)
        return Answer(
            method=request.method,
            url=secrets.hide(str(request.url)),
            status=response.status_code,
            headers=headers,
            body=hide(body.data),
            secrets=secrets,
            personal=self._is_personal(request),
        )

    def _is_personal(self, request: httpx2.Request) -> bool:
        """Whether the bodies of this call name people."""
        begins = tuple(joined(self.base_url, path).path.lower() for path in self.personal)
        return request.url.path.lower().startswith(begins)

    def _secrets(self, request: httpx2.Request) -> Secrets:
        """What must not be seen of this request and its answer: asked once, before it leaves."""
        credentials = request.headers.get("authorization", "").partition(" ")[2]
        return known(self.wiring.vault, (*self.auth.secrets(), credentials))

    def _record(
        self,
        request: httpx2.Request,
        started: float,
        secrets: Secrets,
        *,
        write: bool,
        response: httpx2.Response | None = None,
        body: Body = NO_BODY,
        error: Exception | None = None,
    ) -> None:
        keep = write or response is None or response.status_code >= 400
        keep = keep and not self._is_personal(request)
        headers = response.headers if response is not None else httpx2.Headers()
        self.wiring.exchanges.record(
            Exchange(
                method=request.method,
                url=redact(str(request.url), secrets),
                status=response.status_code if response is not None else None,
                seconds=self.wiring.clock.monotonic() - started,
                request_id=secrets.hide(headers.get("x-request-id", "")),
                request_body=redact(request.content.decode(errors="replace"), secrets) if keep else "",
                answer_body=redact(body.data.decode(errors="replace"), secrets) if keep else "",
                answer_bytes=body.size,
                answer_sha256=body.sha256,
                error=redact(repr(error), secrets) if error else "",
                write=write,
            )
        )

    @contextmanager
    def _within_budget(self, scope: str, priority: Priority, request: httpx2.Request) -> Iterator[None]:
        self._check_error_limit(scope, str(request.url))
        if not self.one_at_a_time:
            self._take_call(scope, priority)
            yield
            return
        with self.wiring.serial_locks.hold(self._budget_scope(scope)):
            self._take_call(scope, priority)
            yield

    def _take_call(self, scope: str, priority: Priority) -> None:
        waited = 0.0
        while (
            self.windows
            and (wait := self.wiring.budget.take(self._budget_scope(scope), self.windows, priority)) > 0
        ):
            if waited + wait > WAIT_MAX_SECONDS:
                text = (
                    f"The call limit of this connection is used up for {wait:.0f} more seconds. The run"
                    " continues by itself then."
                )
                raise Throttled(text, retry_after_seconds=wait, where="call budget")
            waited += wait
            self.wiring.clock.sleep(wait)

    def _check_error_limit(self, scope: str, url: str) -> None:
        """Raises `Throttled` for an endpoint that had its share of client errors."""
        if self.errors and (
            wait := self.wiring.budget.wait(self._endpoint(scope, url), (self.errors,), Priority.WRITE)
        ):
            path = urlsplit(url).path
            text = (
                f"{path} was refused {self.errors.limit} times within the hour, and the vendor blocks an"
                " application that does not stop. "
            )
            text += (
                f"It is not called for {wait / 60:.0f} more minutes. Correct what the refusals name"
                " until then."
            )
            raise Throttled(text, retry_after_seconds=wait, where=path)

    def _endpoint(self, scope: str, url: str) -> str:
        return f"{self._budget_scope(scope)} {urlsplit(url).path.partition('(')[0]}"

    def _budget_scope(self, scope: str) -> str:
        return f"{self.wiring.connection}/{scope}"

    def _signed(
        self, request: httpx2.Request, signed: Mapping[str, str], extra: Mapping[str, str]
    ) -> httpx2.Request:
        headers = {**dict(request.headers), **self.headers, **extra, **signed}
        for name, value in headers.items():
            if header_problem(value):
                text = (
                    f"The header {name} cannot be sent: its value {header_problem(value)}. Enter the secrets"
                    " and settings of this connection again."
                )
                raise Unsendable(text, where=name)
        return httpx2.Request(request.method, request.url, headers=headers, content=request.content)

    def _open(self) -> httpx2.Client:
        if self._reader is None:
            self._reader = self._new_client(keep=True)
            weakref.finalize(self, self._reader.close)
        return self._reader

    def _new_client(self, *, keep: bool) -> httpx2.Client:
        return new_client(self.wiring.wire, keep=keep, trust_env=not self.wiring.sandbox)
