"""Where the values of lists come from that documents of another system choose from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ml_connector.domain.list_value import ListValue


class ListSource(Protocol):
    """The lists of a ledger, as a system gives them under `ListValue`. It writes nothing."""

    axes: frozenset[str]

    def values(self, entity: str, axis: str) -> Iterator[ListValue]:
        """Every value of the list in the legal entity, those that are closed too, in any order; an error
        where the list is not whole. Raises `Refused` for a legal entity or a list that the system does not
        have.
        """
        ...
