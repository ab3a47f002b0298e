"""Passes over graphs, each with a contract: what it needs of a network, and what it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

from seqdsl.graph.network import Network
from seqdsl.graph.problem import MalformedGraph, Problem
from seqdsl.graph.verify import ALL, Invariant, verify
from seqdsl.source.timing import stage

Made = TypeVar("Made")

_VERIFIES_EACH: ContextVar[bool] = ContextVar("verifies_each", default=False)


@contextmanager
def verify_each() -> Iterator[None]:
    """Verify the graph before and after every pass inside, and raise `MalformedGraph`."""
    token = _VERIFIES_EACH.set(True)
    try:
        yield
    finally:
        _VERIFIES_EACH.reset(token)


def _itself(network: Network) -> Network:
    return network


def _no_problems(_: object) -> Iterator[Problem]:
    return iter(())


@dataclass(frozen=True, slots=True)
class Pass(Generic[Made]):
    """A step from one graph to the next.

    Calling it runs it. Where each pass is verified, that raises `MalformedGraph` if the network
    lacks what the pass needs, or what it made lacks what the pass keeps.
    """

    name: str  # as in "after lowering"
    needs: frozenset[Invariant]  # of the network it is given
    keeps: frozenset[Invariant]  # of the network it makes
    run: Callable[[Network], Made]
    network: Callable[[Made], Network]  # the one that it made
    problems: Callable[[Made], Iterator[Problem]] = _no_problems  # with what it made beside that

    def __call__(self, network: Network) -> Made:
        if not _VERIFIES_EACH.get():
            return self.run(network)
        with stage("verify"):
            _require(network, f"the pass before {self.name}", verify(network, self.needs))
        made = self.run(network)
        with stage("verify"):
            result = self.network(made)
            _require(result, self.name, verify(result, self.keeps) or [*self.problems(made)])
        return made


def rewrite(
    name: str,
    run: Callable[[Network], Network],
    *,
    needs: frozenset[Invariant] = ALL,
    keeps: frozenset[Invariant] = ALL,
) -> Pass[Network]:
    """A pass that makes a network, and nothing beside it."""
    return Pass(name, needs, keeps, run, _itself)


def _require(network: Network, after: str, problems: list[Problem]) -> None:
    if problems:
        raise MalformedGraph(network.name, after, problems)
