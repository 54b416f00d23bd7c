"""What a line is coded with: account, subaccount, project and task, branch, VAT, and the rules each must
satisfy.
"""

from __future__ import annotations

from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.visma_net.book import NON_PROJECT, Company


def unknown(field: str, value: str) -> str:
    """The vendor's words for a code it does not know."""
    return f"{field} '{value}' cannot be found in the system."


def check_line(book: Company, batch: Row, line: Row, problems: list[str]) -> None:
    """Every rule of a line's codes; a combination that is yet to be made is left on the line as
    `new_combination`.
    """
    account = _account(book, batch, line, problems)
    _subaccount(book, account, line, problems)
    _project(book, line, problems)
    branch = book.branches.get(line["branch"])
    if branch is None:
        problems.append(unknown("Branch", line["branch"]))
    elif not branch["isActive"]:
        problems.append("Branch is inactive.")
    for name, title in (("vat_code", "Tax Category"), ("vat", "Tax ID")):
        if line[name] and line[name] not in book.vat_codes:
            problems.append(unknown(title, line[name]))


def _account(book: Company, batch: Row, line: Row, problems: list[str]) -> Row | None:
    if not line["account"]:
        problems.append("'Account' cannot be empty.")
        return None
    account = book.accounts.get(line["account"])
    if account is None:
        problems.append(unknown("Account", line["account"]))
        return None
    if not account["active"]:
        problems.append("Account is inactive.")
    if account["is_year_result"]:
        problems.append("Cannot post transactions directly to Year to Date Net Income.")
    elif (not account["allowManualEntry"] or account["controlAccountModule"]) and book.switches[
        "manual_entry_check"
    ]:
        problems.append(
            f"Account '{account['accountCD']}' is a control account; manual entry is not allowed."
        )
    if account["currency"] and account["currency"] != batch["currencyId"]:
        problems.append("Denominated GL Account currency is different from transaction currency.")
    return account


def _subaccount(book: Company, account: Row | None, line: Row, problems: list[str]) -> None:
    segments = book.segments()
    if not segments:
        line["subaccount"] = None
        return
    if line["subaccount"] not in book.subaccounts:
        if not line["segments"] and account is not None and account["useDefaultSub"] and book.subaccounts:
            line["subaccount"] = next(iter(book.subaccounts))
        else:
            line["subaccount"] = _combination(book, segments, line, problems)
    number = line["subaccount"]
    known = book.subaccounts.get(number or "")
    if known is not None and not known["active"]:
        problems.append(f"Subaccount {number} is inactive.")


def _combination(book: Company, segments: list[Row], line: Row, problems: list[str]) -> str | None:
    """The number of the combination a line names by segments; None, with a message, when it names none."""
    chosen: dict[int, str] = line["segments"] or {}
    values = []
    for segment in segments:
        value = chosen.get(segment["segmentId"], "").strip()
        listed = segment["values"].get(value)
        if not value or len(value) > segment["length"] or (listed is None and segment["validate"]):
            text = f"Error: {segment['description']} of Subaccount do not exist."
            problems.append(f"An error occurred during processing of the field Subaccount : {text}")
            return None
        values.append(value)
    strange = set(chosen) - {segment["segmentId"] for segment in segments}
    if strange:
        problems.append(
            "An error occurred during processing of the field Subaccount : Error: there is no segment"
            f" {min(strange, key=str)}."
        )
        return None
    number = book.subaccount_number(values)
    if number in book.subaccounts:
        return number
    inactive = [
        s
        for s, value in zip(segments, values, strict=True)
        if not s["values"].get(value, {"active": True})["active"]
    ]
    if inactive or not book.switches["subaccounts_on_the_fly"]:
        problems.append(unknown("Subaccount", number))
        return None
    line["new_combination"] = values
    return number


def _project(book: Company, line: Row, problems: list[str]) -> None:
    if not line["project"] or line["project"] == NON_PROJECT:
        line["project"] = None
        if line["task"]:
            problems.append(unknown("Project Task", line["task"]))
        return
    project = book.projects.get(line["project"])
    if project is None:
        problems.append(unknown("Project", line["project"]))
        return
    if project["status"] != "Active":
        problems.append(f"Project '{project['projectID']}' is not active.")
    elif not project["visibleInGl"]:
        problems.append(f"Project '{project['projectID']}' is not visible in the module GL.")
    own = [task for task in book.tasks.values() if task["projectInternalId"] == project["internalID"]]
    if not line["task"] and book.switches["missing_task"] == "first":
        line["task"] = next(
            (task["taskId"] for task in own if task["status"] == "Active" and task["visibleInGl"]), None
        )
    if not line["task"]:
        problems.append("'Project Task' cannot be empty.")
        return
    task = next((task for task in own if task["taskId"] == line["task"]), None)
    if task is None:
        problems.append(unknown("Project Task", line["task"]))
    elif task["status"] != "Active":
        problems.append(f"Task '{task['taskId']}' of project '{project['projectID']}' is not active.")
    elif not task["visibleInGl"]:
        problems.append(
            f"Task '{task['taskId']}' of project '{project['projectID']}' is not visible in the module GL."
        )
