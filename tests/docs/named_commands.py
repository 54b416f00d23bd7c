"""Finds the commands that a text names, and says what is wrong with them: the command line itself is asked,
so a command, an option or a required value that is not there is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import typer

from ml_connector.cli.main import app

NAMED = re.compile(r"(?<![\w/.-])ml-connector (?=[a-z])")
GROUPS = "runs|flows|mappings|connections|people|keys|audit|run"
SHORT = re.compile(rf"`(?:{GROUPS}) [a-z][^`]*`")
HALF = re.compile(r"(?<!ml-connector )(?<!`)\b(runs|flows|mappings|connections|people|keys) ([a-z-]+)\b")
NOT_NAMED = frozenset({"runs show", "runs list", "flows options"})
"""Words of a sentence that happen to be a command as well."""
PLACEHOLDER = re.compile(r"[A-Z{<'\"\d…]|.*[…=]")
AND_SO_ON = "…"
END = ".,;:)`"


@cache
def program() -> Any:
    """The command line as it is."""
    return typer.main.get_command(app)


def every_command() -> Iterator[tuple[str, Any]]:
    """Each command that is no group, by its whole name."""
    for name, command in program().commands.items():
        parts = getattr(command, "commands", None)
        if parts is None:
            yield name, command
        else:
            yield from ((f"{name} {part}", found) for part, found in parts.items())


def faults_in_sentence(text: str) -> Iterator[str]:
    """What is wrong with the commands of a text: each can be typed as it stands, with words in capitals,
    braces or quotes for what a person fills in.
    """
    for found in NAMED.finditer(text):
        command, words = _resolved(text[found.end() :])
        if not text[found.end() :].partition("\n")[0].partition(words[0])[2] and "\n" in text:
            continue  # The head of what a key signs.
        shown = " ".join(("ml-connector", *_arguments(words, command, whole=False)))
        yield from (f"{fault}: {shown}" for fault in _faults(command, words, whole=False))
    for found in HALF.finditer(text):
        group, name = found.groups()
        if name in program().commands[group].commands and f"{group} {name}" not in NOT_NAMED:
            yield f"without the program: {found[0]}"


def faults_of_line(line: str, *, complete: bool) -> Iterator[str]:
    """What is wrong with a line that is one command; `complete` when nothing required may be left out."""
    command, words = _resolved(line)
    yield from (f"{fault}: {line}" for fault in _faults(command, words, whole=True, complete=complete))


def _resolved(text: str) -> tuple[Any, list[str]]:
    """The command that the words begin with, and all words."""
    command, words = program(), text.split() or [""]
    for word in words:
        part = getattr(command, "commands", {}).get(word.rstrip(END))
        if part is None:
            break
        command = part
        if word[-1] in END:
            break
    return command, words


def _faults(command: Any, words: list[str], *, whole: bool, complete: bool = True) -> Iterator[str]:
    if getattr(command, "commands", None) is not None:
        yield "no command"
        return
    arguments = _arguments(words, command, whole=whole)[_depth(words) :]
    options, values, flags = _by_name(command), 0, set()
    rest = iter(arguments)
    for word in rest:
        name, sign, _ = word.partition("=")
        if not word.startswith("--"):
            values += 1
        elif name not in options and not command.context_settings.get("ignore_unknown_options"):
            yield f"no option {name}"
        else:
            flags.add(name)
            if not sign and name in options and not options[name].is_flag:
                next(rest, None)
    if not complete or AND_SO_ON in arguments:
        return
    needed = [p for p in command.params if p.required and p.param_type_name == "argument"]
    if values < len(needed):
        yield f"{needed[values].name} is missing"
    for option in command.params:
        if option.required and option.param_type_name == "option" and not flags & set(option.opts):
            yield f"{option.opts[0]} is missing"


def _depth(words: list[str]) -> int:
    """How many of the words name the command, or should: one for each group, and one."""
    command, depth = program(), 0
    for word in words:
        if getattr(command, "commands", None) is None:
            break
        command, depth = command.commands.get(word.rstrip(END)), depth + 1
    return max(depth, 1)


def _by_name(command: Any) -> dict[str, Any]:
    named = {name: option for option in command.params for name in (*option.opts, *option.secondary_opts)}
    return {name: option for name, option in named.items() if name.startswith("--")}


def _arguments(words: list[str], command: Any, *, whole: bool) -> list[str]:
    """The words of the command; in a sentence those up to its end, or to the first that is no argument."""
    if whole:
        return words
    options, taken, value, quoted = _by_name(command), words[: _depth(words)], False, False
    if taken[-1][-1] in END:
        return [*taken[:-1], taken[-1].rstrip(END)]
    for word in words[len(taken) :]:
        bare = word.rstrip(END) if not word.startswith(AND_SO_ON) else word
        if not (quoted or value or word.startswith("--") or PLACEHOLDER.match(word)):
            break
        if quoted:
            taken[-1] += f" {bare}"
        else:
            taken.append(bare)
        quoted = (quoted or bare.startswith("'")) and not (bare.endswith("'") and len(bare) > 1)
        option = options.get(bare) if bare.startswith("--") else None
        value = option is not None and not option.is_flag
        if bare != word and not quoted:
            break
    return taken
