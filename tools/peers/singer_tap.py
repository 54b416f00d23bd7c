"""A Singer tap: the lines of a run as records on standard output, for some target to load."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from given import PAGE_ROWS, address, headers, told
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BaseHATEOASPaginator

WHAT = told()


class Links(BaseHATEOASPaginator):
    """The next page is in the `Link` header."""

    def get_next_url(self, response: Any) -> Any:
        return response.links.get("next", {}).get("url")


class Lines(RESTStream[Any]):
    """The lines of the general ledger."""

    name, path, url_base, primary_keys = "lines", "", address(WHAT), ("systemId",)
    schema = th.PropertiesList(
        th.Property("systemId", th.StringType),
        th.Property("baseSegment", th.StringType),
        th.Property("orgLevel1", th.StringType),
        th.Property("debitAmt", th.NumberType),
        th.Property("creditAmt", th.NumberType),
    ).to_dict()

    @property
    def http_headers(self) -> dict[str, str]:
        return headers(WHAT)

    def get_new_paginator(self) -> Links:
        return Links()

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, str]:
        return (
            dict(parse_qsl(urlsplit(next_page_token.geturl()).query))
            if next_page_token
            else {"per_Page": PAGE_ROWS}
        )


class PayrollTap(Tap):
    """One stream."""

    name, config_jsonschema = "tap-payroll", th.PropertiesList().to_dict()

    def discover_streams(self) -> list[Lines]:
        return [Lines(self)]


if __name__ == "__main__":
    PayrollTap(config={}).sync_all()
