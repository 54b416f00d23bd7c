"""What release 0.1.0 left behind, in the words of 0.2.0: keys with the target's tenant, subjects by company.

Used by the migration alone. Everything is read as plain JSON, because the classes of today may change; what a
commit was for is read from the records of its run. The marker of a commit is made of its old key for ever: it
stands in the ledger's document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

UNDER_WAY = ("ready", "running", "waiting", "awaiting_approval")
NOTICE = "Proposed again after the upgrade."


@dataclass(slots=True)
class _Run:
    """What the records of a run say of it."""

    row: Any
    pay_run: dict[str, Any] | None = None
    keys: set[str] = field(default_factory=set)


def carry_over(apps: Any, _schema_editor: Any) -> None:
    """Rewrite keys, fingerprints and proposals, and note run, tenant and subjects of every commit."""
    models = {name: apps.get_model("store", name) for name in MODELS}
    runs = _runs(models)
    keys: dict[str, str] = {}
    for commit in models["Commit"].objects.select_related("connection").order_by("id"):
        tenant = _tenant(models, commit.connection, commit.entity)
        keys[commit.key] = _new_key(commit.key, tenant)
        _carry_commit(models, commit, tenant, keys[commit.key], runs)
    for commit in models["Commit"].objects.exclude(reversed_by=""):
        commit.reversed_by = keys.get(commit.reversed_by, commit.reversed_by)
        commit.save(update_fields=["reversed_by"])
    _reversals(models)
    for run in runs:
        _carry_run(models, run, keys)


MODELS = ("Artifact", "Commit", "CommitSubject", "Flow", "Run", "RunSubject", "Tenant")


def _runs(models: dict[str, Any]) -> list[_Run]:
    found = []
    for row in models["Run"].objects.order_by("number"):
        run = _Run(row)
        for artifact in _artifacts(models, row, "pay run"):
            run.pay_run = json.loads(artifact.text)
        for artifact in _artifacts(models, row, "proposal"):
            run.keys.update(entry["key"] for entry in json.loads(artifact.text)["entries"])
        found.append(run)
    return found


def _artifacts(models: dict[str, Any], run: Any, name: str) -> Iterator[Any]:
    yield from models["Artifact"].objects.filter(run=run, name__endswith=f"/{name}").order_by("id")


# --- names --------------------------------------------------------------------------------------------------


def _tenant(models: dict[str, Any], connection: Any, entity: str) -> str:
    """The name of the books from now on: the host of the connection, and its name where another connection of
    the organisation has the same host and entity. What the system says of itself is confirmed at its next
    sign-in.
    """
    known = models["Tenant"].objects.filter(connection=connection, entity=entity).first()
    if known is None:
        host = urlsplit(connection.settings.get("base_url", "")).netloc or connection.name
        taken = models["Tenant"].objects.filter(
            connection__organisation=connection.organisation, entity=entity, name=host
        )
        name = f"{host}/{connection.name}" if taken.exists() else host
        known = models["Tenant"].objects.create(connection=connection, entity=entity, name=name)
    return str(known.name)


def _new_key(key: str, tenant: str) -> str:
    family, part, revision = key.rsplit(":", 2)
    return f"{_new_family(family, tenant)}:{part}:{revision}"


def _new_family(family: str, tenant: str) -> str:
    if family.startswith("reversal:"):
        inner, revision = family.removeprefix("reversal:").rsplit(":", 1)
        return f"reversal:{_new_family(inner, tenant)}:{revision}"
    base, entity = family.rsplit(":", 1)
    return f"{base}:{tenant}:{entity}"


# --- commits ------------------------------------------------------------------------------------------------


def _carry_commit(models: dict[str, Any], commit: Any, tenant: str, key: str, runs: list[_Run]) -> None:
    made_by = next((run for run in runs if commit.key in run.keys), None)
    content = json.loads(commit.content)
    content["key"] = key
    commit.marked_by, commit.key, commit.tenant = commit.key, key, tenant
    commit.content = _canonical(content)
    commit.fingerprint = _digest(commit.content)
    commit.run = made_by.row if made_by else None
    pay_run = made_by.pay_run if made_by else None
    if made_by is not None and pay_run is not None:
        commit.source_reference = pay_run["reference"]
        commit.calculated_at = pay_run["calculated_at"]["$datetime"]
        _source_tenant(models, made_by.row, pay_run["source"])
    commit.save()
    if key.startswith("payroll:"):
        for text in _subjects(models, commit, made_by):
            models["CommitSubject"].objects.create(
                commit=commit, tenant=tenant, entity=commit.entity, text=text, base=text
            )


def _source_tenant(models: dict[str, Any], run: Any, name: str) -> None:
    flow = models["Flow"].objects.get(pk=int(run.input["flow"]))
    models["Tenant"].objects.get_or_create(connection=flow.source, entity="", defaults={"name": name})


def _subjects(models: dict[str, Any], commit: Any, made_by: _Run | None) -> list[str]:
    """What the commit pays for, company by company."""
    source_and_pay = commit.subject.removeprefix("payroll:").removesuffix(f":{commit.entity}")
    source, _, pay = source_and_pay.partition(":")
    companies: list[str] = []
    if made_by is not None and made_by.pay_run is not None:
        pay_run = made_by.pay_run
        source, pay = pay_run["source"], _without_pay_date(pay_run)
        flow = models["Flow"].objects.get(pk=int(made_by.row.input["flow"]))
        entities = _pairs(flow.options.get("entities", ""))
        companies = [name for name in pay_run["companies"] if entities.get(name) == commit.entity]
    return [f"payroll:{source}:{company}:{pay}" for company in companies] or [f"payroll:{source}:*:{pay}"]


def _without_pay_date(pay_run: dict[str, Any]) -> str:
    """The pay date is no part of what a pay is any more, where anything else names it: a source that knew no
    period gave the pay date for it.
    """
    subject: str = pay_run["subject"]
    days = {day["$date"] for name, day in pay_run["pay_period"].items() if name != "$"}
    if len(days) != 1:
        return subject
    words = subject.split(" ")
    (day,) = days
    at = words.index(day) if day in words else -1
    return " ".join(words[:at] + words[at + 1 :]) if 0 < at < len(words) - 1 else subject


def _pairs(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(","))
    return {name.strip(): value.strip() for name, sign, value in pairs if sign}


def _reversals(models: dict[str, Any]) -> None:
    """A reversal pays for what its original pays for; one of a reversal, for what that does."""
    subject = models["CommitSubject"].objects
    for commit in models["Commit"].objects.filter(key__startswith="reversal:").order_by("id"):
        original = models["Commit"].objects.filter(reversed_by=commit.key).first()
        for paid in subject.filter(commit=original) if original is not None else ():
            subject.create(
                commit=commit, tenant=paid.tenant, entity=paid.entity, text=paid.text, base=paid.base
            )


# --- runs ---------------------------------------------------------------------------------------------------


def _carry_run(models: dict[str, Any], run: _Run, keys: dict[str, str]) -> None:
    """Its columns, what it speaks of, the keys in its records, and the way back to the proposal for what is
    not at its end.
    """
    row = run.row
    row.reference, row.dry = row.input.get("pay_run", ""), row.input.get("dry_run") == "yes"
    if "keys" in row.input:
        named = [keys.get(key, key) for key in row.input["keys"].split("\n")]
        row.input = {**row.input, "keys": "\n".join(named)}
    if row.stage in ("post", "confirm") or row.state == "awaiting_approval":
        if row.state in UNDER_WAY:
            row.state, row.stage, row.attempt, row.notice = "ready", "propose", row.attempt + 1, NOTICE
        elif row.state == "held":
            row.stage = "propose"
    row.save()
    if row.state not in ("done", "cancelled"):
        for paid in models["CommitSubject"].objects.filter(commit__run=row).order_by("id"):
            models["RunSubject"].objects.get_or_create(
                run=row, tenant=paid.tenant, entity=paid.entity, text=paid.text, base=paid.base
            )
    for artifact in _artifacts(models, row, "proposal"):
        proposal = json.loads(artifact.text)
        for entry in proposal["entries"]:
            entry["key"] = keys.get(entry["key"], entry["key"])
        proposal["corrects"] = [keys.get(key, key) for key in proposal.get("corrects", ())]
        artifact.text = _canonical(proposal)
        artifact.sha256 = _digest(artifact.text)
        artifact.save(update_fields=["text", "sha256"])


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
