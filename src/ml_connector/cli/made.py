"""Commands and options that are made from the records of flows: a new flow has them without an edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any

import typer

from ml_connector.app.flows import Flow, Option, Question, flows

Given = dict[str, Sequence[str]]
"""Values by the name of the option; those that were not given are left out."""


def with_options(
    command: Callable[..., None], fixed: Sequence[Parameter], options: Sequence[Option] | None = None
) -> Callable[..., None]:
    """The command with its own parameters and, where there are options, one for each: it gets their values by
    name as `given`.
    """
    names = [option.name for option in options or ()]
    made = [*fixed, *(_parameter(option) for option in options or ())]

    def call(**values: Any) -> None:
        given = {name: _values(values.pop(name)) for name in names}
        if options is not None:
            values["given"] = {name: value for name, value in given.items() if value}
        command(**values)

    call.__name__, call.__doc__ = command.__name__, command.__doc__
    call.__signature__ = Signature(made)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in made}
    return call


def parameter(name: str, kind: Any, default: Any) -> Parameter:
    """A parameter of a command, as typer reads it."""
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def given_options() -> tuple[Option, ...]:
    """What a run of any flow may be given, each once."""
    return tuple({option.name: option for flow in flows().values() for option in flow.given}.values())


def questions() -> Mapping[str, Question]:
    """Every question of every flow, by option."""
    return {question.option: question for flow in flows().values() for question in flow.questions}


def startable() -> tuple[Flow, ...]:
    """Flows that are started by themselves, and not from a run of another."""
    return tuple(flow for flow in flows().values() if flow.source is not None)


def dashed(name: str) -> str:
    """The option as it is typed."""
    return f"--{name.replace('_', '-')}"


def _parameter(option: Option) -> Parameter:
    if option.many:
        return parameter(option.name, list[str], typer.Option([], dashed(option.name), help=option.help))
    return parameter(option.name, str, typer.Option("", dashed(option.name), help=option.help))


def _values(value: Any) -> Sequence[str]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,) if value else ()
