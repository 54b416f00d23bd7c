"""UKG Pro as one function from a request to a response, with its books.

request ─► route ─► sign-in ─► quota ─► permission ─► endpoint ─► answer
           404       401        429       403
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from urllib.parse import unquote

from ml_connector_sandbox.core.calls import Calls
from ml_connector_sandbox.core.outbound import Send, post
from ml_connector_sandbox.core.routing import NoRoute, Routes
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.ukg_pro.companies import companies_of
from ml_connector_sandbox.systems.ukg_pro.configuration_endpoints import ConfigurationEndpoints
from ml_connector_sandbox.systems.ukg_pro.endpoint import Endpoint, Tenant
from ml_connector_sandbox.systems.ukg_pro.paging import BadParameter
from ml_connector_sandbox.systems.ukg_pro.payroll import PayPeriod, PayRun
from ml_connector_sandbox.systems.ukg_pro.payroll_endpoints import PayrollEndpoints
from ml_connector_sandbox.systems.ukg_pro.people_endpoints import PeopleEndpoints
from ml_connector_sandbox.systems.ukg_pro.render import bad_request, empty, json_response, stamp
from ml_connector_sandbox.systems.ukg_pro.screen import Screen
from ml_connector_sandbox.systems.ukg_pro.signin import PERMISSIONS, SignIn
from ml_connector_sandbox.systems.ukg_pro.third_party_endpoints import ThirdPartyEndpoints
from ml_connector_sandbox.systems.ukg_pro.webhooks import Webhooks

_PATH_SWITCHES = (
    *("gl_permission", "changes_path", "employees_changed", "third_party_path", "third_party_permission"),
)


class UkgPro:
    """The simulated product; see the README for what it does not do."""

    slug = "ukg_pro"
    installation = ""

    def __init__(self, tenant: Tenant, send: Send = post) -> None:
        self._tenant = tenant
        self._send = send
        self._start()

    @property
    def switches(self) -> Switches:
        """The switches of this tenant, to be read and turned."""
        return self._tenant.switches

    def _start(self) -> None:
        self._calls = Calls()
        self._sign_in = SignIn(self._tenant)
        self._payroll = PayrollEndpoints(self._tenant)
        self._people = PeopleEndpoints(self._tenant)
        self._webhooks = Webhooks(self._tenant, self._send)
        self._screen = Screen(self._tenant, self._sign_in, self._payroll, self._webhooks)
        self._route()

    def _route(self) -> None:
        self._routed_by = self._path_switches()
        third_party = ThirdPartyEndpoints(self._tenant, self._payroll.gl_rows)
        parts = (
            self._sign_in,
            self._payroll,
            self._people,
            ConfigurationEndpoints(self._tenant),
            third_party,
            self._webhooks,
        )
        self._routes: Routes[Endpoint] = Routes()
        for endpoint in [endpoint for part in parts for endpoint in part.endpoints()]:
            self._routes.add(endpoint.method, endpoint.path, endpoint)

    def _path_switches(self) -> tuple[object, ...]:
        return tuple(self._tenant.switches[name] for name in _PATH_SWITCHES)

    def handle(self, request: Request) -> Response:
        """Answer one request; whatever is due to be delivered goes out first."""
        if self._routed_by != self._path_switches():
            self._route()
        self._tenant.settle()
        self._webhooks.deliver()
        found = self._routes.find(request.method, request.raw_path)
        if isinstance(found, NoRoute):
            self._calls.count("read", f"{request.method} (no such path)")
            return empty(405, {"Allow": ", ".join(found.allowed)}) if found.allowed else empty(404)
        endpoint, params = found
        self._calls.count(endpoint.kind, f"{endpoint.method} {endpoint.path}")
        refusal = self._sign_in.refusal(request, endpoint)
        if refusal is not None:
            return refusal
        try:
            return endpoint.answer(request, {name: unquote(value) for name, value in params.items()})
        except BadParameter as error:
            return error.response()
        except KeyError:
            return empty(404)
        except RecursionError:
            return bad_request("body", "The body is nested too deeply.")

    def failed(self, request: Request) -> Response:
        """The vendor's own 500."""
        text = "An unexpected error occurred."
        return json_response({"title": "Internal Server Error", "detail": text, "message": text}, status=500)

    def describe(self, base_url: str) -> Json:
        """How to connect, which companies there are, and which run is newest."""
        self._tenant.settle()
        scenario = self._tenant.scenario
        companies = self._tenant.book.companies
        entities = [
            {"code": row.code, "title": row.title, "currency": scenario.CURRENCY} for row in companies
        ]
        return {
            "base_url": base_url,
            "credentials": self._sign_in.describe(base_url),
            "entities": entities,
            "permissions": list(PERMISSIONS),
            "pay_group": scenario.PAY_GROUP,
            "pay_groups": [scenario.PAY_GROUP, *self._tenant.book.frequencies],
            "newest_run": self._tenant.book.runs[-1].run_id,
            "installation": self.installation,
        }

    def books(self) -> Json:
        """Every run with its totals, and the parameters from which a judge can work out the same by
        itself.
        """
        self._tenant.settle()
        switches, book = self._tenant.switches, self._tenant.book
        names = ("runs", "workers", "bench_rows", "bench_groups", "negative_as")
        return {
            "runs": [self._run(run) for run in book.runs],
            "parameters": {
                "scenario": self._tenant.scenario.__name__.rpartition(".")[2],
                "seed": self._tenant.seed,
                "register": str(self._tenant.register) if self._tenant.register else None,
                **{name: switches[name] for name in names},
            },
            "calendar": [self._planned(period) for period in book.periods],
            "hired": [asdict(worker) for worker in book.workers[book.registered :]],
            "third_party_pay": [record["Id"] for record in book.third_party.values()],
            "webhooks": {
                "events": len(self._webhooks.events),
                "lost": self._webhooks.lost,
                "taken": list(self._webhooks.taken),
                "made_at": [message.created_at.isoformat() for message in self._webhooks.messages],
                "messages": dict(Counter(message.status for message in self._webhooks.messages)),
            },
            "calls": self._calls.describe(),
        }

    def _planned(self, period: PayPeriod) -> Json:
        """A period of the calendar, whether its run was made or not."""
        return {
            "pay_group": self._tenant.book.group_of(period),
            "period_control": period.control,
            "period_end": period.end.isoformat(),
            "pay_date": period.pay_date.isoformat(),
            "kind": period.kind,
        }

    def _run(self, run: PayRun) -> Json:
        book, scenario = self._tenant.book, self._tenant.scenario
        return {
            "run_id": run.run_id,
            "kind": run.kind,
            "status": run.status,
            "position": run.period.position,
            "company": ", ".join(company.code for company in companies_of(scenario)),
            "pay_group": book.group_of(run.period),
            "period_start": run.period.start.isoformat(),
            "period_end": run.period.end.isoformat(),
            "pay_date": run.period.pay_date.isoformat(),
            "period_control": run.period.control,
            "ran_at": stamp(run.ran_at),
            "currency": scenario.CURRENCY,
            "rows": len(self._payroll.gl_rows(run)),
            "blocks": self._payroll.blocks(run),
            "is_unbalanced": run.is_unbalanced,
            "changes": run.changes,
            "voids": list(run.voids),
            "without": list(run.without),
            "workers": min(run.known, len(book.workers)),
            "departments": run.departments,
            "totals": run.totals(book.workers),
        }

    def control(self, action: str, arguments: Json) -> Json:
        """Do what a person at the vendor's screen could; KeyError for an unknown action, run or worker."""
        if action not in self._screen.actions:
            raise KeyError(f"action {action}; there are {', '.join(self._screen.actions)}")
        self._tenant.settle()
        done = self._screen.actions[action](arguments)
        self._tenant.settle()
        return done

    def reset(self) -> None:
        """Back to the seeded state, with the switches as they stand."""
        self._tenant.reset()
        self._start()
