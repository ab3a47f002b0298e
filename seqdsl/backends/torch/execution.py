"""How emitted PyTorch computes the layers of groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seqdsl.backends.torch.plan import Module
from seqdsl.graph.operations import Conv2d
from seqdsl.passes.schedule.strategy import Strategy
from seqdsl.source.frozen import frozen

_WIDE = 32  # output channels from which on a convolution runs at full speed


@frozen
class Execution:
    """``strategy`` as the user asks for it; ``recompute`` has the backward pass compute values
    again that it would else find stored. ``folded`` is for a module without a backward pass, whose
    batch norms are folded.
    """

    strategy: Strategy = Strategy.AUTO
    recompute: bool = False
    folded: bool = False

    @property
    def defines(self) -> bool:
        """Whether each group reads a concatenation of its window, as the equations say."""
        return self.strategy is Strategy.GATHER

    def block(self, group: Module) -> int:
        """How many groups share the product with what is known before them.

        A 1x1 convolution reads a window where it stands, so nothing is to be shared.
        """
        first = next(_convolutions(group))
        return 1 if first.kernel == (1, 1) else -(-_WIDE // first.width)


FASTEST = Execution()
DEFINITION = Execution(Strategy.GATHER)


def _convolutions(module: Module) -> Iterator[Conv2d]:
    for item in module.items:
        if isinstance(item, Module):
            yield from _convolutions(item)
        elif isinstance(item.operation, Conv2d):
            yield item.operation


def runtime(execution: Execution) -> tuple[str, str]:
    """The imports and the text of what computes a layer of groups in an emitted module."""
    _, defined = _emitted("defined.py")
    imports, text = _emitted("folded.py" if execution.folded else "aggregate.py")
    return imports, f"{defined}\n\n{text}"


def counters() -> str:
    """The text of what keeps step counters out of checkpoints."""
    return _emitted("counters.py")[1]


def _emitted(name: str) -> tuple[str, str]:
    """The imports of torch and of Python, and the text below, of a file that is emitted."""
    text = (Path(__file__).parent / "emitted" / name).read_text(encoding="utf-8")
    _, code = text.split("from __future__ import annotations\n", 1)
    imports, body = code.split("\n\n\n", 1)
    outer = (line for line in imports.splitlines() if not line.startswith("from seqdsl."))
    return "\n".join(outer).strip(), body.strip() + "\n"
