"""The option ``--convention``: how operations are counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from seqdsl.graph.conventions import CONVENTIONS, MACS, Convention

F = TypeVar("F", bound=Callable[..., object])


class _ConventionType(click.ParamType):  # type: ignore[type-arg]
    """The name of a convention, as its row of the table."""

    name = "convention"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        return f"[{'|'.join(CONVENTIONS)}]"

    def convert(
        self, value: str | Convention, param: click.Parameter | None, ctx: click.Context | None
    ) -> Convention:
        if isinstance(value, Convention):
            return value
        if value not in CONVENTIONS:
            names = ", ".join(map(repr, CONVENTIONS))
            self.fail(f"{value!r} is not one of {names}.", param, ctx)
        return CONVENTIONS[value]

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        return [
            CompletionItem(convention.name, help=convention.description)
            for convention in CONVENTIONS.values()
            if convention.name.startswith(incomplete)
        ]


def convention_option(function: F) -> F:
    """``--convention``: one row of the table of conventions."""
    return click.option(
        "--convention", type=_ConventionType(), default=MACS.name, show_default=True,
        help="How operations are counted; docs/counting.md describes each.",
    )(function)  # fmt: skip
