"""What is said of a layer that does not exist: by a rule, and where it is to be applied."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.semantic.modules import LoadedModule
from seqdsl.semantic.primitives import PRIMITIVES
from seqdsl.source.suggest import nearest


def unknown_layer(name: str, module: LoadedModule, values: Sequence[str]) -> tuple[str, str]:
    """The message and the help; ``values`` are the names that are no layers but in scope."""
    near = nearest(name, [*module.blocks, *PRIMITIVES, *values])
    way_on = "define it with `block`, or import the file that does with `use`"
    return (
        f"no layer `{name}` is defined or imported",
        f"did you mean `{near}`?" if near else way_on,
    )
