"""The control API: what a test or a person does to a sandbox that no vendor offers.

Everything stands under `/__sandbox__/` of the vendor's own port. Control calls are not vendor calls: no fault
strikes them, no quota counts them, and the product never makes one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ml_connector_sandbox.core.faults import BadRule
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.core.wire import Wire

PREFIX = "/__sandbox__/"


class Control:
    """Answers the control calls of one vendor's wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "books"): lambda _: wire.vendor.books(),
            ("GET", "faults"): lambda _: self._faults(),
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "clock"): lambda _: wire.clock.describe(),
            ("POST", "clock"): self._move_clock,
            ("GET", "failures"): lambda _: wire.failures.describe(),
            ("DELETE", "failures"): self._forget_failures,
            ("POST", "reset"): self._reset,
            ("GET", "switches"): lambda _: self._switches().describe(),
            ("POST", "switches"): self._turn_switches,
            ("GET", "requests"): self._requests,
            ("GET", "describe"): lambda request: {
                **wire.vendor.describe(request.base_url),
                "installation": wire.installation.id,
            },
        }

    @staticmethod
    def owns(request: Request) -> bool:
        """Whether this is a control call."""
        return request.path.startswith(PREFIX)

    def handle(self, request: Request) -> Response:
        """Answer a control call: 200 with JSON, 400 with what is wrong, 404 for what does not exist.

        500 is an error of the simulator, written down like one that a vendor call meets.
        """
        name = request.path.removeprefix(PREFIX).strip("/")
        with self._wire.lock:
            self._wire.apply_due()
            try:
                if name.startswith("control/") and request.method == "POST":
                    return _json(
                        200, self._wire.vendor.control(name.removeprefix("control/"), _object(request))
                    )
                route = self._routes.get((request.method, name))
                if route is None:
                    known = [
                        *sorted(f"{method} {path}" for method, path in self._routes),
                        "POST control/<action>",
                    ]
                    return _json(
                        404, {"error": f"no such control call: {request.method} {name}", "known": known}
                    )
                return _json(200, route(request))
            except KeyError as error:
                return _json(404, {"error": f"not found: {error.args[0] if error.args else error}"})
            except (BadRule, ValueError, TypeError, ArithmeticError, AttributeError, RecursionError) as error:
                return _json(400, {"error": str(error) or type(error).__name__})
            except Exception as error:
                self._wire.fail(request, error)
                return _json(500, {"error": f"{type(error).__name__}: {error}"})

    def _faults(self) -> Json:
        return {
            **self._wire.faults.describe(),
            "late_commits": self._wire.late_commits,
            "pending": self._wire.pending(),
        }

    def _add_faults(self, request: Request) -> Json:
        given = _parse(request)
        rules = given if isinstance(given, list) else [given]
        return {"added": [self._wire.faults.add(rule).id for rule in rules]}

    def _clear_faults(self, request: Request) -> Json:
        if ("record", "1") in request.query:
            self._wire.faults.forget()
        self._wire.faults.clear()
        return self._faults()

    def _move_clock(self, request: Request) -> Json:
        clock, wish = self._wire.clock, _object(request)
        unknown = set(wish) - {"advance_seconds", "set", "freeze"}
        if unknown or not wish:
            raise ValueError('clock takes {"advance_seconds": n}, {"set": iso}, {"freeze": true|false}')
        if "freeze" in wish:
            (clock.freeze if wish["freeze"] else clock.thaw)()
        if "set" in wish:
            clock.set(datetime.fromisoformat(wish["set"]))
        if "advance_seconds" in wish:
            clock.advance(float(wish["advance_seconds"]))
        self._wire.apply_due()
        return clock.describe()

    def _forget_failures(self, request: Request) -> Json:
        self._wire.failures.forget()
        return self._wire.failures.describe()

    def _reset(self, request: Request) -> Json:
        """The seeded state again; it is another book, so it is another installation."""
        self._wire.forget()
        self._wire.vendor.reset()
        self._wire.installation.renew()
        return {"reset": True, "installation": self._wire.installation.id}

    def _switches(self) -> Switches:
        switches = getattr(self._wire.vendor, "switches", None)
        return switches if isinstance(switches, Switches) else Switches(())

    def _turn_switches(self, request: Request) -> Json:
        self._switches().set(_object(request))
        return self._switches().describe()

    def _requests(self, request: Request) -> Json:
        last = int(dict(request.query).get("last", "200"))
        log = list(self._wire.log)
        return {"count": len(log), "requests": log[-last:] if last > 0 else []}


def _parse(request: Request) -> Any:
    return json.loads(request.body or b"{}")


def _object(request: Request) -> Json:
    given = _parse(request)
    if not isinstance(given, dict):
        raise ValueError("the body must be one JSON object")
    return given


def _json(status: int, value: Any) -> Response:
    body = json.dumps(value, default=str).encode()
    return Response(status=status, headers={"Content-Type": "application/json; charset=utf-8"}, body=body)
