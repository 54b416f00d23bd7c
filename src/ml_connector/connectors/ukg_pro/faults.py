"""What an answer of UKG's means.

    400   the body says which parameter
    401   one of the secrets is wrong; the body is empty and does not say which
    403   the account lacks a permission; the body is empty, so the path tells which
    404   no such record, or nothing matched
    410   what was asked for is no longer kept
    429   the gateway's limit, usually without Retry-After
    HTML  a gateway or a sign-in page: nothing is concluded

UKG names permissions after its web services; an administrator ticks them under Service Account
Administration.
"""

from __future__ import annotations

import msgspec

from ml_connector.connectors.ukg_pro.wire import ErrorBody
from ml_connector.errors import ConnectorError, NotFound, Refused, RightMissing, SignInLost
from ml_connector.transport.answer import UNREADABLE, Answer, unknown_status
from ml_connector.transport.redact import redact

COMPANY_CONFIGURATION = "Company Configuration Integration"
PAYROLL = "Payroll Integration"
THIRD_PARTY = "Third Party Pay"
EXPIRED = "request.expired"
REFUSED = "request.refused"
_SERVICES = (
    ("/configuration/v1/", COMPANY_CONFIGURATION),
    ("/payroll/v1/", PAYROLL),
    ("/payroll/v2/", PAYROLL),
    ("/personnel/v1/employee-changes", "EmployeeExport"),
    ("/personnel/v1/person-details", "Employee Person Details"),
    ("/personnel/v1/employee-job-history-details", "Employee Job History Details"),
    ("/personnel/v1/compensation-details", "Employee Compensation Details"),
    ("/personnel/v1/", "Personnel Integration"),
)

_ROLES = {"POST": ("add to", "Add"), "PATCH": ("change", "Edit")}


def web_service(path: str) -> str:
    """The permission that opens the path, as the administrator's page names it."""
    return next((service for prefix, service in _SERVICES if path.startswith(prefix)), THIRD_PARTY)


def classify(answer: Answer) -> ConnectorError | None:
    """The error that an answer means, or `None` for success. A 401 is handled before."""
    path, support = answer.path, answer.support()
    match answer.status:
        case 400:
            why = message(answer) or (
                "its words may name people" if answer.personal else "it does not say why"
            )
            return Refused(
                f"UKG did not accept the request to {path}: {why}.", where=path, support=support, code=REFUSED
            )
        case 403:
            service = web_service(path)
            verb, role = _ROLES.get(answer.method, ("read", "View"))
            text = (
                f"The web service account may not {verb} {path}. Tick {role} for {service!r} under Service"
                " Account Administration in UKG."
            )
            return RightMissing(text, where=service, support=support)
        case 404:
            return NotFound(f"UKG has nothing at {path}.", where=path, support=support)
        case 410:
            text = f"UKG no longer keeps what was asked for at {path} (410)."
            return Refused(text, where=path, support=support, code=EXPIRED)
    return unknown_status(answer)


def message(answer: Answer) -> str:
    """UKG's own words in the body of a 400; empty where there are none, or where they may name people."""
    if answer.personal:
        return ""
    try:
        body = msgspec.json.decode(answer.body, type=ErrorBody)
    except UNREADABLE:
        return ""
    details = [part for part in (body.title, body.detail, body.message) if part]
    for state in (body.errors, body.modelstate):
        if state:
            details.append(redact(msgspec.json.encode(state).decode(), answer.secrets)[:500])
    return "; ".join(dict.fromkeys(details))


def sign_in_lost(error: SignInLost, bearer: bool, user_key: bool) -> SignInLost:
    """What a 401 means here: all that could be wrong, because UKG does not say which."""
    if bearer:
        text = (
            "UKG does not accept the token (401). Check client id, client secret, audience and organization,"
            " and that UKG takes tokens here."
        )
        return SignInLost(text, where="sign-in", support=error.support)
    secrets = (
        "the password, the customer API key and the user API key"
        if user_key
        else "the password and the customer API key"
    )
    text = (
        f"UKG does not accept the sign-in (401) and gives no reason. Check the user name, {secrets} of the"
        " web service account. "
    )
    missing = "" if user_key else "No user API key is entered; a tenant may demand one. "
    return SignInLost(
        f"{text}{missing}The account may also be locked.", where="sign-in", support=error.support
    )
