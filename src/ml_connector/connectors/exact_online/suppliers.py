"""Suppliers of the divisions, which are relations in Exact: by their GUIDs, and by their codes.

by_id, ids, codes   ⌈suppliers/20⌉ each; `ids` and `codes` nothing for one that was asked for before
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from ml_connector.connectors.exact_online import purchase_wire
from ml_connector.connectors.exact_online.axis import ASKED
from ml_connector.connectors.exact_online.client import ExactClient, fields
from ml_connector.errors import CodeUnknown
from ml_connector.transport import odata

RELATIONS, CODE_MAX = "crm/Accounts", 18


class Suppliers:
    """Reads relations. Remembers which code has which GUID, which changes where a person gives a relation
    another code: what is written by it is found by its GUID.
    """

    def __init__(self, client: ExactClient) -> None:
        self._client = client
        self._ids: dict[tuple[str, str], str] = {}
        self._codes: dict[tuple[str, str], str] = {}

    def by_id(self, entity: str, identities: Collection[str]) -> dict[str, purchase_wire.Supplier]:
        """Those with these GUIDs that there are, asked afresh."""
        asked = {_normal(identity): identity for identity in identities if _is_guid(identity)}
        found = self._asked(entity, "ID", [odata.guid(identity) for identity in asked])
        return {asked[_normal(row.ID)]: row for row in found if _normal(row.ID) in asked}

    def ids(self, entity: str, codes: Collection[str]) -> dict[str, str]:
        """Code → GUID, of those that there are."""
        unknown = [code for code in dict.fromkeys(codes) if code and (entity, code) not in self._ids]
        list(self._asked(entity, "Code", [odata.text(code.rjust(CODE_MAX)) for code in unknown]))
        return {code: self._ids[entity, code] for code in codes if (entity, code) in self._ids}

    def id_of(self, entity: str, code: str) -> str:
        """The GUID of one. Raises `CodeUnknown` where there is none."""
        if found := self.ids(entity, [code]).get(code):
            return found
        text = f"Division {entity} has no relation with the code {code}. Create the supplier in Exact, or"
        text += " choose another."
        raise CodeUnknown(text, where=f"supplier {code}", code="supplier.unknown")

    def codes(self, entity: str, identities: Collection[str]) -> dict[str, str]:
        """GUID → code, of those that there are."""
        unknown = [one for one in identities if (entity, _normal(one)) not in self._codes]
        self.by_id(entity, unknown)
        return {one: code for one in identities if (code := self._codes.get((entity, _normal(one))))}

    def _asked(self, entity: str, field: str, literals: Sequence[str]) -> Iterator[purchase_wire.Supplier]:
        select = fields(purchase_wire.Supplier)
        for start in range(0, len(literals), ASKED):
            where = odata.any_of(field, list(literals[start : start + ASKED]))
            for row in self._client.rows(
                entity, RELATIONS, purchase_wire.Supplier, select=select, where=where
            ):
                self._ids[entity, row.Code.strip()] = row.ID
                self._codes[entity, _normal(row.ID)] = row.Code.strip()
                yield row


def _normal(identity: str) -> str:
    return str(UUID(identity)) if _is_guid(identity) else identity


def _is_guid(identity: str) -> bool:
    try:
        UUID(identity)
    except ValueError:
        return False
    return True
