"""``--engine`` and ``--provider``: what runs a network, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from seqdsl.backends.targets import DEFAULT_ENGINE, ENGINES

if TYPE_CHECKING:
    from seqdsl.backends.arrays import State
    from seqdsl.backends.engine import Runner
    from seqdsl.graph.network import Network

F = TypeVar("F", bound=Callable[..., object])


def engine_options(function: F) -> F:
    """``--engine`` and ``--provider``."""
    function = click.option(
        "--provider", type=click.Choice(["auto", "cuda", "cpu"]), default="auto",
        show_default=True, help="Where the engine runs.",
    )(function)  # fmt: skip
    return click.option(
        "--engine", type=click.Choice(list(ENGINES)), default=DEFAULT_ENGINE, show_default=True
    )(function)


def runner_of(engine: str, network: Network, state: State, provider: str) -> Runner:
    """Return a network with its weights on an engine. Raises `Failure` where that refuses it."""
    from seqdsl.backends.running import Provider

    return ENGINES[engine].load().runner(network, state, Provider(provider))
