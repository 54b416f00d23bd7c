"""What the product proposes in its own words: the commands that a problem or a refusal names, and the
documents it speaks of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OWN = "RUN"
"""What stands in a command for the run that is spoken of."""
COMMAND = re.compile(
    r"\bruns (?P<verb>approve|resume|cancel|close|reverse|mark-deleted)\b"
    rf"(?: (?P<run>(?:payroll|reversal)-[0-9a-f]+|{OWN}\b))?(?P<flags>(?: --(?:propose-again|all)\b)*)"
)
FIRST = re.compile(r"Finish it: ml-connector runs show ((?:payroll|reversal)-[0-9a-f]+)")
BOOKED_AS = re.compile(r"runs settle '[^']+' --booked (\S+?)\.?(?=\s|$)")

DRAFT = re.compile(r"To give it up, delete draft ([\w-]+) in ([\w-]+) ")
PART = re.compile(r"holds a part of this entry as document ([\w-]+(?:, [\w-]+)*)")


@dataclass(frozen=True, slots=True)
class Command:
    """A command about a run, by the run's id; empty for the one that is spoken of."""

    verb: str
    run: str = ""
    flags: str = ""


def commands(text: str) -> list[Command]:
    """The commands that are named, in their order, each once."""
    found = [
        Command(named["verb"], "" if named["run"] in (None, OWN) else named["run"], named["flags"].strip())
        for named in COMMAND.finditer(text)
    ]
    if "Reverse the run" in text:
        found.append(Command("reverse"))
    return list(dict.fromkeys(found))


def first_to_end(text: str) -> list[str]:
    """Runs, by id, that should come to their end before anything is done about this one."""
    return FIRST.findall(text)


def booked_as(text: str) -> str:
    """The document that the product says an entry became, by the ledger's id; empty where it says none."""
    found = BOOKED_AS.search(text)
    return found[1] if found else ""


def draft(text: str) -> tuple[str, str]:
    """Number and entity of a draft that the product says to delete to give a run up; empty for none."""
    found = DRAFT.search(text)
    return (found[1], found[2]) if found else ("", "")


def parts_left(text: str) -> list[str]:
    """Numbers of documents that the product calls a part of an entry, and asks to be deleted."""
    found = PART.search(text)
    return found[1].split(", ") if found else []
