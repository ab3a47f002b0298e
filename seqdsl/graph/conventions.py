"""How a cost becomes one number: the counting conventions, one row each (DESIGN section 3).

Whatever names a convention reads `CONVENTIONS`: commands, claims, completion, pages, and
docs/counting.md, whose table `python docs/counting.py` writes.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from seqdsl.graph.costs import Cost
from seqdsl.source.frozen import frozen

Weights: TypeAlias = tuple[tuple[str, int], ...]  # a kind of `Elements`, and what one counts


@frozen
class Convention:
    """A way to make one number of a cost: a weight for each quantity, 0 where none is given."""

    name: str  # as claims and options have it
    heading: str  # of a column of its numbers
    counts: str  # what it counts, in a line
    used_by: str  # who counts like this
    found_in: str = ""  # what the weights were taken from, if not from a definition
    giga: int = 10**9  # what its G stands for
    per_mac: int = 1
    per_normalized: int = 0
    per_activated: int = 0
    per_biased: int = 0
    per_norm_param: int = 0
    per_read: Weights = ()
    per_written: Weights = ()

    def count(self, cost: Cost) -> int:
        """Return the number of a cost, in single operations."""
        read = {each.kind: each.read for each in cost.elements}
        written = {each.kind: each.written for each in cost.elements}
        return (
            self.per_mac * cost.macs
            + self.per_normalized * cost.normalized
            + self.per_activated * cost.activated
            + self.per_biased * cost.biased
            + self.per_norm_param * cost.norm_params
            + sum(weight * read.get(kind, 0) for kind, weight in self.per_read)
            + sum(weight * written.get(kind, 0) for kind, weight in self.per_written)
        )

    @property
    def unit(self) -> str:
        """What G stands for, as it is written: ``10^9``."""
        return "2^30" if self.giga == 2**30 else "10^9"

    @property
    def description(self) -> str:
        found = f" ({self.found_in})" if self.found_in else ""
        return f"{self.counts}, G = {self.unit}{found}"

    @property
    def note(self) -> str:
        """What is printed beside its numbers."""
        return f"{self.heading} for one sample: {self.description}"

    def scale(self, suffix: str) -> int:
        """Return what a suffix of a claim multiplies by: K, M, G, T, or none."""
        kilo = 1024 if self.giga == 2**30 else 1000
        return kilo ** ("KMGT".index(suffix) + 1) if suffix else 1


# Wherever a claim or an option names no other.
MACS = Convention("macs", "MACs", "multiply-accumulates", "torch's FlopCounterMode, halved")
FLOPS = Convention(
    "flops", "FLOPs", "2 x multiply-accumulates", "torch's FlopCounterMode", per_mac=2
)
# Identified by a fit to the nine FLOP figures of Tables 2 and 4; the paper does not say how it
# counts.
PAPER = Convention(
    "paper", "FLOPs (paper)", "MACs + 4 a normalised element + 1 an activated one",
    "the paper's tables", "found by fit", giga=2**30, per_normalized=4, per_activated=1,
    per_read=(("layer_norm", 4),),  # none is in the paper; counted as its batch norms
)  # fmt: skip

# The tools were read and run: tests/reference/test_counters.py holds each row to its tool. Where a
# count depends on how a module is written, a row holds for layers of torch.nn, sums as `x + y`, as
# torchvision's ResNet has them.
_TOOLS = (
    Convention(
        "fvcore", "MACs (fvcore)", "MACs + 2 a normalised element + inputs of a global pool",
        "fvcore, detectron2, timm's tables", "fvcore 0.1.5.post20221221",
        per_normalized=2,
        per_read=(("layer_norm", 5), ("global_average_pool", 1)),
        per_written=(("nearest", 1), ("bilinear", 4)),
    ),
    Convention(
        "thop", "MACs (thop)", "MACs + 4 a normalised element + average pools",
        "thop (pytorch-OpCounter)", "thop 0.1.1.post2209072238",
        per_normalized=4,
        per_read=(("layer_norm", 4), ("global_average_pool", 1)),
        per_written=(("global_average_pool", 1), ("avg_pool", 1), ("nearest", 1), ("bilinear", 11)),
    ),
    Convention(
        "ptflops", "MACs (ptflops)", "MACs + biases + 2 a normalised element + activations + pools",
        "ptflops", "ptflops 0.7.5",
        per_normalized=2,
        per_biased=1,
        # A layer that calls a function which ptflops also replaces is counted twice.
        per_read=(
            ("relu", 2), ("gelu", 2), ("relu6", 1), ("leaky_relu", 1), ("silu", 1), ("elu", 2),
            ("layer_norm", 1),
            ("max_pool", 2), ("avg_pool", 2), ("global_average_pool", 2),
        ),
        per_written=(("nearest", 2), ("bilinear", 2)),
    ),
    Convention(
        "torchinfo", "MACs (torchinfo)", "MACs + biases + parameters of norms",
        "torchinfo", "torchinfo 1.8.0",
        per_biased=1,
        per_norm_param=1,
    ),
    Convention(
        "torchvision", "MACs (torchvision)", "multiply-accumulates, printed to 0.001 G",
        "the metadata of torchvision's weights", "torchvision 0.28.0",
    ),
)  # fmt: skip

CONVENTIONS: dict[str, Convention] = {
    convention.name: convention for convention in (MACS, FLOPS, PAPER, *_TOOLS)
}
ConventionName: TypeAlias = Literal[  # as in CONVENTIONS, for type checkers
    "macs", "flops", "paper", "fvcore", "thop", "ptflops", "torchinfo", "torchvision"
]
