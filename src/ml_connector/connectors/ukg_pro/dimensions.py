"""The codes that UKG books on and places its workers on: org levels, locations, projects, jobs.

    org_level_1 … 4   org-levels, once for all of them     1 call
    location          locations                            1 call
    project           the code table PROJECT               1 call
    job_code          jobs                                 ⌈n/10,000⌉ calls, one more without links

Codes are the tenant's: they hold in every company. UKG gives no day on which a code was closed, and no way to
see whether a project is. Reads only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ml_connector.connectors.ukg_pro import client, wire
from ml_connector.connectors.ukg_pro.client import UkgClient
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import Refused, VendorChanged

ORG_LEVELS = {f"org_level_{level}": level for level in (1, 2, 3, 4)}
LOCATION, PROJECT, JOB = "location", "project", "job_code"
AXES = frozenset({*ORG_LEVELS, LOCATION, PROJECT, JOB})
NONE = "Z"
"""The code that stands for no project."""


class UkgDimensions:
    """As `ports.dimensions.DimensionSource`."""

    axes = AXES

    def __init__(self, ukg: UkgClient) -> None:
        self._ukg = ukg

    def values(self, axes: Collection[str]) -> Iterator[DimensionValue]:
        """Org levels, then locations, projects and jobs, as UKG lists each."""
        if unknown := sorted(set(axes) - AXES):
            text = f"UKG has no axis {unknown[0]}: {', '.join(sorted(AXES))}. Correct the axes of the flow."
            raise Refused(text, where="axes", code="axis.unknown")
        if levels := {ORG_LEVELS[axis]: axis for axis in axes if axis in ORG_LEVELS}:
            yield from self._org_levels(levels)
        if LOCATION in axes:
            rows = wire.locations(self._ukg.get(client.LOCATIONS))
            yield from (_value(LOCATION, row.locationCode, row.description, row.isActive) for row in rows)
        if PROJECT in axes:
            projects = self._ukg.get(client.PROJECTS).decode_list(wire.CodeRow)
            yield from (
                _value(PROJECT, row.code, row.description, None)
                for row in projects
                if row.code.strip() != NONE
            )
        if JOB in axes:
            for job in self._ukg.rows(client.JOBS, wire.Job):
                yield _value(JOB, job.jobCode or job.code, job.title, job.isActive)

    def _org_levels(self, levels: dict[int, str]) -> Iterator[DimensionValue]:
        for row in self._ukg.get(client.ORG_LEVELS).decode_list(wire.OrgLevel):
            if axis := levels.get(int(row.level)):
                yield _value(axis, row.code, row.description, row.isActive)


def _value(axis: str, code: str | None, title: str | None, active: bool | str | None) -> DimensionValue:
    if not code or not code.strip():
        raise VendorChanged(f"UKG lists a row of {axis} without a code.", where=axis)
    return DimensionValue(
        entity="", axis=axis, code=code.strip(), title=(title or "").strip(), open=wire.is_yes(active, True)
    )
