"""What is said of a layer that does not exist: by a rule, and where it is to be applied."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from seqdsl.semantic.modules import LoadedModule
from seqdsl.semantic.primitives import PRIMITIVES
from seqdsl.source.fix import Fix
from seqdsl.source.suggest import did_you_mean
from seqdsl.syntax import ast


def unknown_layer(
    callee: ast.Name, module: LoadedModule, values: Iterable[str]
) -> tuple[str, str | None, Fix | None]:
    """The message, the help and the fix; ``values`` are the names in scope that are no layers."""
    help, fix = did_you_mean(
        callee.name,
        chain(module.blocks, PRIMITIVES, values),
        callee.span,
        "define it with `block`, or import the file that does with `use`",
    )
    return f"no layer `{callee.name}` is defined or imported", help, fix
