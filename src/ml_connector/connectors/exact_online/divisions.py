"""The divisions that a sign-in reaches: their names, the currency each keeps its books in, and whose they
are.
"""

from __future__ import annotations

from ml_connector.connectors.exact_online import wire
from ml_connector.connectors.exact_online.client import ExactClient, fields
from ml_connector.connectors.exact_online.settings import Options
from ml_connector.errors import Refused

SYSTEM_DIVISIONS, HRM_DIVISIONS = "system/Divisions", "hrm/Divisions"


class Divisions:
    """Exact's register of divisions. Remembers what never changes of one: its currency and its owner."""

    def __init__(self, options: Options, client: ExactClient) -> None:
        self._options, self._client = options, client
        self._known: dict[str, wire.Division] = {}

    def reachable(self) -> dict[str, wire.Division]:
        """Divisions by code, read from the one the user last opened, because a pinned one may be lost and
        would answer 403.
        """
        start = self._client.current_division()
        has_right = self._client.has_right(start, SYSTEM_DIVISIONS, "GET")
        path = SYSTEM_DIVISIONS if has_right else HRM_DIVISIONS
        rows = self._client.rows(start, path, wire.Division, select=fields(wire.Division))
        self._known = {str(row.Code): row for row in rows}
        return self._known

    def currency_of(self, division: str) -> str:
        """The division's own currency. Raises `Refused` where Exact does not give it."""
        currency = (self._division(division).Currency or "").strip()
        if not currency:
            text = (
                f"Exact does not say in which currency division {division} keeps its books, so it is not"
                " known whether an entry needs an exchange rate. Give the user access to the division, and"
                " check its currency in Exact."
            )
            raise Refused(text, where="currency", code="currency.unknown")
        return currency

    def tenant_of(self, division: str) -> str:
        """Whose books the division holds: the id of its owner in Exact, or the region's host where Exact
        names none. In a sandbox it is the installation that the simulator names, if it names one.
        """
        http = self._client.http
        if self._options.sandbox and not http.installation:
            self._division(division)
        if self._options.sandbox and http.installation:
            return http.installation
        owner = (self._division(division).Customer or "").strip().lower()
        return owner or self._options.host

    def _division(self, division: str) -> wire.Division:
        """One call, with no scope of its own; four where the licence refuses that one."""
        if division not in self._known:
            where, select = f"Code eq {division}", fields(wire.Division)
            try:
                rows = self._client.rows(division, HRM_DIVISIONS, wire.Division, select=select, where=where)
                self._known |= {str(row.Code): row for row in rows}
            except Refused:
                self.reachable()
        if division not in self._known:
            text = (
                f"The user reaches no division {division}. Tick it in the consent, or give the user access to"
                " it, and authorise again."
            )
            raise Refused(text, where=f"division {division}", code="division.unknown")
        return self._known[division]
