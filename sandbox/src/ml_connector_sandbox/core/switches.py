"""Named switches: what the public material leaves open about a vendor, each with a default we had to
choose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector_sandbox.core.vendor import Json

Value = bool | int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One open question: its `default` also fixes the type; `choices` limits a text."""

    name: str
    default: Value
    meaning: str
    choices: tuple[str, ...] = ()

    def read(self, value: Any) -> Value:
        """The value in the switch's type, from JSON or from command-line text; `ValueError` names switch and
        remedy.
        """
        if isinstance(value, str) and not isinstance(self.default, str):
            try:
                value = json.loads(value.lower())
            except ValueError as error:
                raise ValueError(f"{self.name}: {value!r} is not a {type(self.default).__name__}") from error
        if type(value) is not type(self.default):
            raise ValueError(f"{self.name}: {value!r} is not a {type(self.default).__name__}")
        if self.choices and value not in self.choices:
            raise ValueError(f"{self.name}: {value!r} is not one of {', '.join(self.choices)}")
        assert isinstance(value, (bool, int, str))
        return value


class Switches:
    """The switches of one vendor and where they stand."""

    def __init__(self, declared: Iterable[Switch], values: Mapping[str, Any] | None = None) -> None:
        self.declared = {switch.name: switch for switch in declared}
        self._values: dict[str, Value] = {switch.name: switch.default for switch in self.declared.values()}
        self.set(values or {})

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def set(self, values: Mapping[str, Any]) -> None:
        """Turn several switches at once, or none: an unknown name or a wrong value raises `ValueError`."""
        unknown = sorted(set(values) - set(self.declared))
        if unknown:
            raise ValueError(f"{unknown[0]}: no such switch; there are {', '.join(sorted(self.declared))}")
        self._values.update({name: self.declared[name].read(value) for name, value in values.items()})

    def describe(self) -> Json:
        """`{name: {"value", "default", "meaning", "choices"}}`."""
        return {
            name: {
                "value": self._values[name],
                "default": switch.default,
                "meaning": switch.meaning,
                "choices": list(switch.choices),
            }
            for name, switch in self.declared.items()
        }

    def as_markdown(self) -> str:
        """The table for a README: name, default, meaning."""
        rows = [f"| `{s.name}` | `{json.dumps(s.default)}` | {s.meaning} |" for s in self.declared.values()]
        return "\n".join(["| switch | default | meaning |", "| --- | --- | --- |", *rows])
