"""Calls to a vendor's token endpoint: the library's client with answers that end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from ml_connector.transport.exchange import Deadline, keep_to_deadlines, whole_body

__all__ = ["OAuthError", "TokenClient", "conclusive", "readable"]

TOKEN_BYTES_MAX = 1024 * 1024
"""More than any token has."""


class TokenClient(OAuth2Client):
    """The library's client, whose answers are read completely, within a deadline and a limit of bytes."""

    def __init__(self, deadline: Deadline, **settings: Any) -> None:
        super().__init__(**settings)  # type: ignore[no-untyped-call]
        self._deadline = deadline
        keep_to_deadlines(self)

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """The answer. Raises `httpx2.ReadTimeout` for one that is not complete in time."""
        request.headers["accept-encoding"] = "identity"
        response = super().send(request, **{**options, "stream": True})
        body = whole_body(response, self._deadline, TOKEN_BYTES_MAX)
        headers = {"content-type": response.headers.get("content-type", "")}
        return httpx2.Response(response.status_code, headers=headers, content=body, request=request)


def readable(call: Callable[[Any], Any], client: Any) -> Mapping[str, Any]:
    """The token answer as an object. Raises `httpx2.DecodingError` for a body that is none: what the vendor
    did is not known then.
    """
    try:
        answer = call(client)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise httpx2.DecodingError("the token answer is no object in JSON") from None
    if not isinstance(answer, Mapping):
        raise httpx2.DecodingError("the token answer is no object in JSON")
    return answer


def conclusive(response: httpx2.Response) -> httpx2.Response:
    """The response, if it says what the vendor did: a limit, a redirect, a gateway's page or a page of HTML
    is no refusal of the token; a refusal without JSON is one, by its status.
    """
    is_json = "json" in response.headers.get("content-type", "")
    if response.status_code == 429 or 300 <= response.status_code < 400 or not is_json:
        raise httpx2.HTTPStatusError("no token answer", request=response.request, response=response)
    return response
