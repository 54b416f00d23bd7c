"""What a caller may write of an org level: fields, kinds of values, lengths.

Names are read in any case, those that are not listed are ignored. The vendor lists no length for code, budget
group and reporting category; the longest text of the latter two is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.body import read_json
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Request
from ml_connector_sandbox.systems.ukg_pro.masters import (
    DEPARTMENT,
    DESCRIPTION_MAX,
    DIVISION,
    LEVELS,
    SEGMENT_MAX,
    blank_level,
)
from ml_connector_sandbox.systems.ukg_pro.paging import BadParameter

FIXED = ("level", "code", "levelDescription")
"""What no update changes; null is as good as left out."""
LENGTHS: Mapping[str, int] = {
    "description": DESCRIPTION_MAX,
    "glSegment": SEGMENT_MAX,
    **dict.fromkeys(("levelDescription", "budgetGroup", "reportingCategory"), 255),
}
FIELDS = tuple(blank_level())
_NAMES = {name.lower(): name for name in FIELDS}
_NUMBER_MAX = 10**15


class Refused(BadParameter):
    """A row of a POST that is not made, with the status that the row gets."""

    def __init__(self, name: str, message: str, status: str = "400") -> None:
        super().__init__(name, message)
        self.status = status


def read_rows(request: Request, switches: Switches) -> list[Any]:
    """The rows of a POST, not looked at yet. BadParameter for a body that is no list of rows."""
    given, takes = _read(request), switches["org_level_post"]
    if isinstance(given, dict) and takes != "array":
        return [given]
    if not isinstance(given, list) or takes == "object":
        wanted = {"array": "an array of org levels", "object": "one org level"}
        raise BadParameter(
            "body", f"The body must be {wanted.get(takes, 'one org level or an array of them')}."
        )
    if len(given) > switches["org_level_rows_max"]:
        raise BadParameter("body", f"The body must have at most {switches['org_level_rows_max']} org levels.")
    return given


def read_update(request: Request, switches: Switches) -> Json:
    """The fields in the body of a PUT or PATCH. BadParameter names the first wrong one."""
    return read_fields(_read(request), switches)


def _read(request: Request) -> Any:
    try:
        return read_json(request.body)
    except ValueError:
        raise BadParameter("body", "The body is not valid JSON.") from None


def new_level(given: Any, switches: Switches) -> Json:
    """A row of a POST as it is kept. BadParameter names the first wrong field."""
    fields = read_fields(given, switches)
    level = _level(fields.get("level"), switches)
    code = fields.get("code")
    if not code:
        raise BadParameter("code", "The code field is required.")
    described(fields, code, switches)
    own = {"level": level, "levelDescription": LEVELS[level]}
    return {**blank_level(), "isActive": switches["org_level_active_left_out"], **fields, **own}


def described(fields: Json, code: str, switches: Switches) -> None:
    """See to it that there is a description. BadParameter where there is none."""
    if not (fields.get("description") or "").strip():
        if switches["org_level_description_missing"] == "400":
            raise BadParameter("description", "The description field is required.")
        fields["description"] = code[:DESCRIPTION_MAX]


def _level(value: Any, switches: Switches) -> int:
    if value is None:
        raise BadParameter("level", "The level field is required.")
    level = next((known for known in LEVELS if known == value), None)
    is_named = level in (DEPARTMENT, DIVISION)
    if level is None or not (is_named or switches["org_level_unnamed_levels"]):
        status = switches["org_level_unknown_level"]
        raise Refused("level", f"The value '{value}' is not valid for level.", status)
    return level


def read_fields(given: Any, switches: Switches) -> Json:
    """The fields of an org level by the vendor's names. BadParameter names the first wrong one."""
    if not isinstance(given, dict):
        raise BadParameter("body", "An org level must be an object.")
    named = {_NAMES[name.lower()]: value for name, value in given.items() if name.lower() in _NAMES}
    return {name: _value(name, value, switches) for name, value in named.items()}


def _value(name: str, value: Any, switches: Switches) -> Any:
    if name == "isActive":
        if not isinstance(value, bool):
            raise BadParameter(name, "The field isActive must be true or false.")
        return value
    if value is None:
        return None
    if name == "code" or name in LENGTHS:
        return _text(name, value, switches)
    is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    if not is_number or not -_NUMBER_MAX < value < _NUMBER_MAX:
        raise BadParameter(name, f"The field {name} must be a number.")
    return value


def _text(name: str, value: Any, switches: Switches) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise BadParameter(name, f"The field {name} must be a text.")
    most = switches["org_level_code_max"] if name == "code" else LENGTHS[name]
    if most and len(value) > most and switches["org_level_too_long"] == "400":
        raise BadParameter(name, f"The field {name} must have at most {most} characters.")
    if name == "glSegment" and not value:
        raise BadParameter(name, f"The field {name} must have at least 1 character.")
    is_upper = name == "code" and switches["org_level_code_case"] == "upper"
    return (value.upper() if is_upper else value)[: most or None]
