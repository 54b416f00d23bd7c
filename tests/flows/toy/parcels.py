"""A toy flow in one file: parcels of a source are kept in a register of the target. It is put among the flows
of the product by the tests, which edit nothing else for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ml_connector.domain import codec
from ml_connector.flows.alignment import QUESTIONS, Alignment
from ml_connector.flows.flow import Flow, Mode, New, Opening, Option
from ml_connector.runs.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A row of both systems."""

    key: str
    place: str
    open: bool = True
    until: date | None = None


codec.learn(Parcel)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelInput:
    """Nothing is given to a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelPolicy:
    """How far the flow goes by itself."""

    mode: Mode
    journals: Mapping[str, str]


def _stages(opening: Opening) -> Mapping[str, Stage]:
    def wished(opened: Opening) -> Iterable[Any]:
        parcels: Iterable[Any] = opened.systems.source.source(Parcel)()
        return parcels

    def closed(parcel: Parcel) -> Parcel:
        return replace(parcel, open=False, until=parcel.until or opening.commits.now().date())

    return Alignment(opening=opening, kind="parcel", record=Parcel, wished=wished, closed=closed).stages()


def _offered(source: Any, since: date) -> New:
    return ("now",), ()


def _policy(mode: str, starts_on: date, options: Mapping[str, str]) -> ParcelPolicy:
    return ParcelPolicy(mode=Mode(mode), journals={})


FLOW = Flow(
    kind="parcels",
    title="Parcels → rows of the register",
    record="pass",
    source=Parcel,
    target=Parcel,
    stages=_stages,
    begins="plan",
    proposes="plan",
    consented="apply",
    writes_in=frozenset({"apply"}),
    input=ParcelInput,
    options=(Option(name="color", help="Color of the parcels"),),
    policy=_policy,
    questions=QUESTIONS,
    offered=_offered,
)
