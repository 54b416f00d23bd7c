"""Projects and their tasks: the lists with their filters, one by either id, creation, change and another
number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ml_connector_sandbox.core.vendor import Response, Row
from ml_connector_sandbox.systems.visma_net import masters, reads, render_masters, schema
from ml_connector_sandbox.systems.visma_net.answers import changing, creating, one, paged
from ml_connector_sandbox.systems.visma_net.book import Company
from ml_connector_sandbox.systems.visma_net.endpoint import Call, Endpoint, found
from ml_connector_sandbox.systems.visma_net.render import json_response


def _projects(call: Call) -> Iterable[Row]:
    query, rows = call.query, list(call.book.projects.values())
    if not reads.flag(query, "nonProject"):
        rows = rows[1:]
    if query.get("onhold"):
        rows = [row for row in rows if (row["status"] == "OnHold") is reads.flag(query, "onHold")]
    if query.get("taskvisibleingl"):
        wanted = reads.flag(query, "taskVisibleInGl")
        held = {
            task["projectInternalId"] for task in call.book.tasks.values() if task["visibleInGl"] is wanted
        }
        rows = [row for row in rows if row["internalID"] in held]
    if reads.flag(query, "systemTemplate"):
        rows = []
    return _chosen(
        rows,
        query,
        {"status": "status", "branch": "branch", "publicid": "publicId", "projectid": "projectID"},
    )


def _tasks(call: Call) -> Iterable[Row]:
    query, rows = call.query, list(call.book.tasks.values())
    if query.get("projectid"):
        project = call.book.projects.get(query["projectid"])
        rows = [
            row for row in rows if project is not None and row["projectInternalId"] == project["internalID"]
        ]
    if query.get("visibleingl"):
        rows = [row for row in rows if row["visibleInGl"] is reads.flag(query, "visibleInGl")]
    return _chosen(
        rows, query, {"status": "status", "taskcd": "taskId", "projectinternalid": "projectInternalId"}
    )


def _chosen(rows: list[Row], query: reads.Query, fields: Mapping[str, str]) -> list[Row]:
    """The rows whose fields are what the parameters say, whatever their case."""
    for parameter, field in fields.items():
        wanted = query.get(parameter, "").strip().lower()
        rows = [row for row in rows if not wanted or str(row[field]).lower() == wanted]
    return rows


def _by_internal(book: Company) -> Mapping[Any, Row]:
    return {str(row["internalID"]): row for row in book.projects.values()}


def _tasks_by_id(book: Company) -> Mapping[Any, Row]:
    return {str(number): row for number, row in book.tasks.items()}


def _post_task(call: Call) -> Response:
    row = masters.create_task(call.book, call.names["code"], call.body(schema.TASK))
    return call.created(f"v1/projecttask/{row['internalId']}", row)


def _renumber(call: Call) -> Response:
    row = found(_by_internal(call.book), call.names["code"])
    call.demand_version(row, "Project")
    masters.renumber_project(call.book, row, call.body(schema.NUMBER))
    call.tell("Project", "Changed", row["projectID"])
    return json_response({"actionId": call.book.new_uuid(), "actionResult": "Done", "errorInfo": ""})


PROJECT_ENDPOINTS = (
    Endpoint(
        method="GET", path="v1/project", answer=paged(_projects, render_masters.project, "project_page_max")
    ),
    Endpoint(
        method="GET",
        path="v1/projectbasic",
        answer=paged(_projects, render_masters.project_basic, "project_page_max", code="projectID"),
    ),
    Endpoint(method="GET", path="v1/project/tasks", answer=paged(_tasks, render_masters.task, code="taskId")),
    Endpoint(
        method="GET", path="v1/project/{code}", answer=one(lambda book: book.projects, render_masters.project)
    ),
    Endpoint(
        method="GET", path="v1/project/internal/{code}", answer=one(_by_internal, render_masters.project)
    ),
    Endpoint(
        method="POST",
        path="v1/project",
        answer=creating(schema.PROJECT, masters.create_project, "v1/project", "projectID", "Project"),
        words="Error inserting the project.",
    ),
    Endpoint(
        method="PUT",
        path="v1/project/{code}",
        answer=changing(
            lambda book: book.projects, schema.PROJECT, masters.change_project, "Project", "Project"
        ),
        words="Error updating the project.",
    ),
    Endpoint(
        method="PUT",
        path="v1/project/internal/{code}",
        answer=changing(_by_internal, schema.PROJECT, masters.change_project, "Project"),
        words="Error updating the project.",
    ),
    Endpoint(
        method="POST",
        path="v1/project/action/changeProjectId/{code}",
        answer=_renumber,
        words="Error updating the project.",
    ),
    Endpoint(method="GET", path="v1/projecttask", answer=paged(_tasks, render_masters.task, code="taskId")),
    Endpoint(method="GET", path="v1/projecttask/{code}", answer=one(_tasks_by_id, render_masters.task)),
    Endpoint(
        method="POST",
        path="v1/projecttask/{code}",
        answer=_post_task,
        words="Error inserting the project task.",
    ),
    Endpoint(
        method="PUT",
        path="v1/projecttask/{code}",
        answer=changing(_tasks_by_id, schema.TASK, masters.change_task, "ProjectTask"),
        words="Error updating the project task.",
    ),
)
