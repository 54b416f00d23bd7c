"""Faults in the wire around a vendor: what a network does to one request, on purpose and on record.

    client ── refused ──X
    client ── read ── lost_before_commit ──X
    client ── read ── [late_commit: n seconds] ── vendor.handle ── [slow: n seconds] ── answer
    client ── read ── vendor.handle ── lost_after_commit ──X

A rule says which requests it strikes and how often. Every strike is written down, so a test can prove that
the fault it asked for did happen.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ml_connector_sandbox.core.vendor import Json, Request, Response

KINDS = ("refused", "lost_before_commit", "lost_after_commit", "late_commit", "slow", "status", "garbage")

_ALLOWED: dict[str, frozenset[str]] = {
    "refused": frozenset({"drop"}),
    "lost_before_commit": frozenset({"drop"}),
    "lost_after_commit": frozenset({"drop"}),
    "late_commit": frozenset({"seconds", "answer", "drop"}),
    "slow": frozenset({"seconds"}),
    "status": frozenset({"status", "body", "headers", "after_commit"}),
    "garbage": frozenset({"body", "after_commit"}),
}
_COMMON = frozenset({"kind", "match", "times", "probability", "seed", "skip"})
_FIRED_KEPT_MAX = 10_000
_SECONDS_MAX = 10_000_000


class BadRule(ValueError):
    """The fault rule cannot be read."""


@dataclass(slots=True)
class Rule:
    """One fault and whom it strikes.

    `times` counts strikes (None: no end); `skip` lets the first matching requests pass; `probability` with
    its `seed` draws once for every matching request, so the same requests meet the same fate on every run.
    """

    id: int
    kind: str
    method: str | None
    path: re.Pattern[str] | None
    times: int | None
    skip: int
    probability: float | None
    dice: random.Random
    options: Mapping[str, Any]
    raw: Json
    seen: int = 0
    fired: int = 0

    @classmethod
    def parse(cls, rule_id: int, raw: Json) -> Rule:
        """Read a rule as the control API takes it; raises `BadRule` with the field's name."""
        if not isinstance(raw, dict) or raw.get("kind") not in KINDS:
            raise BadRule(f"kind: must be one of {', '.join(KINDS)}")
        kind = raw["kind"]
        unknown = set(raw) - _COMMON - _ALLOWED[kind]
        if unknown:
            raise BadRule(f"{sorted(unknown)[0]}: not a field of a {kind} fault")
        method, path = _match(raw.get("match") or {})
        _check_options(kind, raw)
        probability = raw.get("probability")
        return cls(
            id=rule_id,
            kind=kind,
            method=method,
            path=path,
            times=_times(raw, "times", 1 if probability is None else None),
            skip=_times(raw, "skip", 0) or 0,
            probability=None if probability is None else _number(raw, "probability", 1),
            dice=random.Random(_seed(raw.get("seed", 0))),
            options={name: value for name, value in raw.items() if name not in _COMMON},
            raw=raw,
        )

    def strikes(self, request: Request) -> bool:
        """Whether this request is hit; counts it either way."""
        if self.times is not None and self.fired >= self.times:
            return False
        if self.method is not None and self.method != request.method:
            return False
        if self.path is not None and not self.path.search(request.path):
            return False
        self.seen += 1
        if self.seen <= self.skip:
            return False
        if self.probability is not None and self.dice.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def describe(self) -> Json:
        """The rule as it was given, with its counters."""
        return {"id": self.id, **self.raw, "seen": self.seen, "fired": self.fired}


def _match(given: Any) -> tuple[str | None, re.Pattern[str] | None]:
    """Method and path of the requests a rule strikes."""
    if not isinstance(given, dict) or set(given) - {"method", "path"}:
        raise BadRule("match: only method and path can be matched")
    if not all(isinstance(value, str) for value in given.values()):
        raise BadRule("match: method and path are texts")
    try:
        path = re.compile(given["path"]) if given.get("path") else None
    except re.error as error:
        raise BadRule(f"match.path: {error}") from error
    return given["method"].upper() if given.get("method") else None, path


def _check_options(kind: str, raw: Json) -> None:
    """Refuse now what could not be carried out when the rule strikes."""
    if kind in ("late_commit", "slow"):
        _number(raw, "seconds", _SECONDS_MAX)
    if raw.get("drop", "reset") not in ("reset", "fin") or raw.get("answer", "hold") not in ("hold", "drop"):
        raise BadRule("drop is reset or fin, answer is hold or drop")
    status = raw.get("status", 503)
    if type(status) is not int or not 200 <= status <= 599:
        raise BadRule("status: a number from 200 to 599")
    headers = raw.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(name, str) for name in headers):
        raise BadRule("headers: an object of names and values")


def _seed(given: Any) -> int | str:
    return given if isinstance(given, int) else str(given)


def _number(raw: Json, name: str, most: float) -> float:
    value = raw.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise BadRule(f"{name}: a {raw['kind']} fault needs a number from 0 to {most}")
    return float(value)


def _times(raw: Json, name: str, default: int | None) -> int | None:
    value = raw.get(name, default)
    if value is not None and (type(value) is not int or value < 0):
        raise BadRule(f"{name}: a whole number from 0")
    return value


@dataclass(slots=True)
class Faults:
    """The rules in force, tried in the order they came, and the record of every strike."""

    rules: list[Rule] = field(default_factory=list)
    fired: list[Json] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _next_id: int = 1

    def add(self, raw: Json) -> Rule:
        """Put a rule in force."""
        rule = Rule.parse(self._next_id, raw)
        self._next_id += 1
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Take every rule out of force; the record of strikes stays."""
        self.rules.clear()

    def forget(self) -> None:
        """Take every rule out of force and empty the record."""
        self.clear()
        self.fired.clear()
        self.counts.clear()

    def pick(self, request: Request) -> Rule | None:
        """The rule that strikes this request, if any."""
        return next((rule for rule in self.rules if rule.strikes(request)), None)

    def record(self, rule: Rule, request: Request, at: str, **more: Any) -> Json:
        """Write one strike down and return the row, which may still be added to."""
        self.counts[rule.kind] += 1
        row: Json = {
            "rule": rule.id,
            "kind": rule.kind,
            "method": request.method,
            "path": request.path,
            "at": at,
            **more,
        }
        if len(self.fired) < _FIRED_KEPT_MAX:
            self.fired.append(row)
        return row

    def describe(self) -> Json:
        """`{"rules": […], "fired": […], "counts": {kind: n}}`."""
        return {
            "rules": [rule.describe() for rule in self.rules],
            "fired": self.fired,
            "counts": dict(self.counts),
        }


def status_answer(options: Mapping[str, Any]) -> Response:
    """The answer a `status` fault gives: 503 unless told otherwise; a body that is not text is sent as
    JSON.
    """
    body = options.get("body", "")
    headers = {str(name): str(value) for name, value in (options.get("headers") or {}).items()}
    if not isinstance(body, str):
        body = json.dumps(body)
        headers = {"Content-Type": "application/json", **headers}
    return Response(status=int(options.get("status", 503)), headers=headers, body=body.encode())


def garbage_answer(options: Mapping[str, Any], true_answer: Response | None) -> Response:
    """A 200 nobody can use: an HTML page, or JSON cut in the middle (`body`: `html` or `truncated`)."""
    if options.get("body", "html") == "html":
        page = b"<html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"
        return Response(status=200, headers={"Content-Type": "text/html; charset=utf-8"}, body=page)
    whole = (
        true_answer.body
        if true_answer is not None and len(true_answer.body) > 1
        else b'{"d":{"results":[{"__metadata":{"uri":"'
    )
    return Response(
        status=200,
        headers={"Content-Type": "application/json; charset=utf-8"},
        body=whole[: max(1, len(whole) * 2 // 3)],
    )
