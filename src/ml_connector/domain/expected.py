"""What a source plans to have, before it has it: a pay by its calendar, for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Something that a run of a flow is expected for. `subject` is what the source will call it, whole, as
    the record of the run does; `group` is what of the source plans it, `due` the day on which it has to be
    there, in the calendar of the source. `closed` tells that it may come from now on.
    """

    subject: str
    group: str
    due: date
    closed: bool
