"""Errors, named by what we know of the vendor's books after them.

    NotSent          nothing left us: try again whenever you like
    OutcomeUnknown   it may be booked: settle, look up, never resend blindly
    Refused          the vendor said no: nothing was booked, and a person or a wait can fix it
    VendorChanged    the answer has a shape we do not know: stop and look, the exchange is kept
    Inexpressible    our model says something this ledger cannot hold: nothing was sent

Each carries a `Problem` for the person who can fix it, and `support`: the vendor's own message, status and
request id.
"""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.domain.problem import Owner, Problem

PROBLEMS_SHOWN = 5


class ConnectorError(Exception):
    """Something stopped the work."""

    code = "error"
    owner = Owner.SUPPORT

    def __init__(
        self,
        text: str | None = None,
        *,
        where: str = "",
        support: str = "",
        owner: Owner | None = None,
        code: str = "",
    ) -> None:
        self.problem = Problem(
            code or self.code,
            where,
            text or (self.__doc__ or "").strip().splitlines()[0],
            owner or self.owner,
        )
        self.support = support
        super().__init__(self.problem.text)


class NotSent(ConnectorError):
    """Nothing was sent, so nothing was booked."""

    code = "not_sent"
    owner = Owner.ADMINISTRATOR


class OutcomeUnknown(ConnectorError):
    """The request went out and no answer that proves anything came back: it may be booked."""

    code = "outcome_unknown"
    owner = Owner.VENDOR


class VendorChanged(ConnectorError):
    """The vendor's answer has a shape we do not know."""

    code = "vendor_changed"
    owner = Owner.SUPPORT


class Inexpressible(ConnectorError):
    """This ledger cannot hold what the entry says."""

    code = "inexpressible"
    owner = Owner.ADMINISTRATOR

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> Inexpressible:
        """The error for what a look before the write has found; it says the first five of them."""
        first, text = problems[0], " ".join(problem.text for problem in problems[:PROBLEMS_SHOWN])
        return cls(text, where=first.where, code=first.code)


class NoCapability(NotSent):
    """The connected system cannot do what it is asked for; nothing was sent."""

    code = "system.capability"
    owner = Owner.ADMINISTRATOR


class Refused(ConnectorError):
    """The vendor refused; nothing was booked."""

    code = "refused"
    owner = Owner.ADMINISTRATOR


class PeriodClosed(Refused):
    """The fiscal period is closed."""

    code = "period.closed"
    owner = Owner.CONTROLLER


class CodeUnknown(Refused):
    """The ledger does not know a code, or does not let it be used."""

    code = "code.unknown"


class Unbalanced(Refused):
    """The ledger says debit and credit differ."""

    code = "entry.unbalanced"


class RightMissing(Refused):
    """The account we use at the vendor lacks a right."""

    code = "right.missing"


class SignInLost(Refused):
    """The sign-in no longer works and must be authorised again by a person."""

    code = "sign_in.lost"


class SignInRenewed(Refused):
    """The vendor refused our sign-in and booked nothing; the sign-in is renewed, so a new attempt may be
    made.
    """

    code = "sign_in.renewed"


class NotFound(Refused):
    """The vendor has no such record."""

    code = "not_found"


class Throttled(Refused):
    """The vendor's call limit is reached; `retry_after_seconds` says how long to wait, where it is known."""

    code = "throttled"
    owner = Owner.VENDOR

    def __init__(
        self,
        text: str | None = None,
        *,
        retry_after_seconds: float | None = None,
        where: str = "",
        support: str = "",
    ) -> None:
        super().__init__(text, where=where, support=support)
        self.retry_after_seconds = retry_after_seconds


class Busy(Throttled):
    """Another thread or process of ours holds a lock for too long; it is tried again later."""

    code = "lock.held"
    owner = Owner.ADMINISTRATOR


class KeyConflict(ConnectorError):
    """The commit key is already taken by other content."""

    code = "key.conflict"
    owner = Owner.CONTROLLER


class Halted(ConnectorError):
    """The work was stopped on purpose: paused, or this process lost its lock."""

    code = "halted"
    owner = Owner.ADMINISTRATOR
