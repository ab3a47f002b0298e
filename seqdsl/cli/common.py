"""What the commands share: options, and how diagnostics reach the reader."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from seqdsl.cli.leaving import INTERNAL
from seqdsl.source.diagnostic import Diagnostic, Failure, has_errors
from seqdsl.source.render import OutputFormat, render
from seqdsl.source.render_text import printable
from seqdsl.source.text import Given
from seqdsl.source.timing import stage

if TYPE_CHECKING:
    from pathlib import Path

    from seqdsl.graph.network import Network
    from seqdsl.semantic.compile import Instance

F = TypeVar("F", bound=Callable[..., object])

FORMATS = [format.value for format in OutputFormat]


def network_options(function: F) -> F:
    """``--network`` and ``-D``: which network of a file, with which parameters."""
    function = click.option(
        "--network", "network_name", metavar="NAME", help="One network or model of several."
    )(function)
    return click.option(
        "-D", "--define", "defines", metavar="NAME=VALUE", multiple=True, callback=parse_defines,
        help="Set a parameter. Claims are then not checked.",
    )(function)  # fmt: skip


def ema_option(function: F) -> F:
    """``--ema``: which of a checkpoint's weights."""
    return click.option(
        "--ema/--no-ema", default=None,
        help="Whether to take a checkpoint's EMA of its weights. "
        "[default: only where it holds nothing else]",
    )(function)  # fmt: skip


def source_argument(function: F) -> F:
    """``FILE``. One of another kind is refused before what else the command lacks is asked for."""
    return click.argument("file", callback=_named_source)(function)


def _named_source(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    value: str,
) -> str:
    from seqdsl.semantic.names.reading import require_source

    try:
        if os.path.isfile(value):  # noqa: PTH113 (pathlib takes time to start)
            require_source(value)
    except Failure as failure:
        fail_with(failure)
    return value


def say(text: str) -> None:
    """Print a line to standard error, in which no name controls the terminal."""
    click.echo(printable(text), err=True)


def require_weights_of(ema: bool | None, weights: Path | None) -> None:
    """Exits where ``--ema`` is given, and no weights to choose from."""
    if ema is not None and weights is None:
        raise click.UsageError("--ema needs --weights")


def note(text: str) -> None:
    """Print a note to standard error, as `say` does."""
    say(f"note: {text}")


def warning(text: str) -> None:
    """Print a warning to standard error, as `say` does."""
    say(f"warning: {text}")


def claims_option(function: F) -> F:
    """``--no-claims``: use a network although what its file claims about it is false."""
    return click.option(
        "--no-claims", "claims", flag_value=False, default=True,
        help="Go on where a claim does not hold: a figure, a size or a width.",
    )(function)  # fmt: skip


def output_format_option(function: F) -> F:
    return click.option(
        "--output-format", type=click.Choice(FORMATS), default="full", show_default=True,
        help="How diagnostics are printed.",
    )(function)  # fmt: skip


def parse_defines(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,
    values: Sequence[str],
) -> dict[str, str]:
    """The callback of an option that is ``NAME=VALUE``, as often as one likes."""
    defines: dict[str, str] = {}
    for value in values:
        name, equal, text = value.partition("=")
        if not equal or not name.strip():
            raise click.BadParameter(f"{value!r} is not of the form NAME=VALUE")
        defines[name.strip()] = Given(text.strip(), param.opts[0])
    return defines


def load_or_exit(
    path: str,
    network: str | None,
    defines: dict[str, str],
    *,
    claims: bool = True,
    revision: str | None = None,
) -> Network:
    """A network of a file, as `instance_or_exit` makes it."""
    found = instance_or_exit(path, network, defines, claims=claims, revision=revision)
    assert found.network is not None
    return found.network


def instance_or_exit(
    path: str,
    network: str | None,
    defines: dict[str, str],
    *,
    claims: bool = True,
    revision: str | None = None,
) -> Instance:
    """A network of a file. Prints every finding; exits where an error leaves no network.

    With ``claims=False`` claims are not looked at: for ``--no-claims``, and for commands that
    report on claims. Where nothing but claims is wrong, the way on is shown.
    """
    with stage("import"):
        from seqdsl.api import load_instance

    instance, diagnostics = load_instance(path, network, defines, revision)
    built = None if instance is None else instance.network
    others = [d for d in diagnostics if built is None or d.code.claim is None]
    if not claims:
        diagnostics = others
    show(diagnostics)
    if instance is not None and built is not None and not has_errors(diagnostics):
        return instance
    if built is not None and not has_errors(others):
        click.echo("only claims are false: --no-claims goes on without them", err=True)
    sys.exit(exit_code(diagnostics))


def show(diagnostics: Sequence[Diagnostic]) -> None:
    """Prints diagnostics to standard error."""
    text = render(diagnostics, OutputFormat.FULL, color=use_color(sys.stderr))
    if text:
        click.echo(text, err=True, color=True)


def exit_code(diagnostics: Sequence[Diagnostic]) -> int:
    """0 for none. 70 for a mistake of ours. 1 for findings: what a source file says, and what its
    network computes.

    2 where the call is at fault: a name or value that it gives, a value that it leaves out, or a
    file that can't be had, read, used or written.
    """
    if any(d.code.internal for d in diagnostics):
        return INTERNAL
    if any(_is_usage(d) for d in diagnostics):
        return 2
    return 1 if diagnostics else 0


def _is_usage(diagnostic: Diagnostic) -> bool:
    if diagnostic.primary is not None:
        return bool(diagnostic.primary.span.source.given)
    return diagnostic.code.usage


def fail_with(failure: Failure) -> NoReturn:
    """Prints the diagnostic of a failure and exits."""
    show([failure.diagnostic])
    sys.exit(exit_code([failure.diagnostic]) or 1)


def use_color(stream: object) -> bool:
    """Whether a stream is a terminal that has colours, and NO_COLOR does not forbid them."""
    isatty = getattr(stream, "isatty", None)
    if not (isatty and isatty()) or os.environ.get("TERM") == "dumb":
        return False
    return not os.environ.get("NO_COLOR")
