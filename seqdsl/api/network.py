"""A network as a caller in Python has it: the graph, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, overload

from seqdsl.api.arguments import require_word
from seqdsl.api.drawings import Direction, Drawing, pictured, stages_svg, svg_of, write_drawing
from seqdsl.api.exports import to_onnx, torch_text
from seqdsl.api.notebook import summary, table
from seqdsl.api.parts import Parts
from seqdsl.api.plain import plain_text
from seqdsl.graph import network as graph
from seqdsl.graph.conventions import CONVENTIONS
from seqdsl.graph.statistics import Level
from seqdsl.semantic.names.modules import Program
from seqdsl.source.diagnostic import CompileError, Failure
from seqdsl.source.frozen import frozen

if TYPE_CHECKING:
    import numpy as np
    import torch

    from seqdsl.backends.drawing.theme import ThemeName
    from seqdsl.backends.inputs.preprocessing import Preprocessing
    from seqdsl.backends.verify import Comparison
    from seqdsl.graph.conventions import ConventionName
    from seqdsl.graph.statistics import LevelName
    from seqdsl.passes.difference.compare import NetworkDiff
    from seqdsl.passes.drawing.placing import DepthName
    from seqdsl.passes.schedule.strategy import ScheduleName

SUFFIXES = (".py", ".onnx", ".seq")


@frozen
class Origin:
    """What a network was compiled from: a program, its name there, and its parameters as text."""

    program: Program
    name: str
    parameters: Mapping[str, str]


class Network(graph.Network):
    """One network with all its parameters bound, as `load` returns it. Its own fields can't be set.

    ``nodes`` are its operations in dataflow order, ``graph`` the same as a networkx.MultiDiGraph,
    ``input`` its first node, and ``logits`` what a loss takes. ``params`` and ``macs`` count
    trained parameters and multiply-accumulates for one sample, and ``cost`` all that is counted.

    >>> network = load(source="network N { input 3x8x8; conv 3x3, 16; global_average_pool; fc 10 }")
    >>> network
    <Network N: 6 nodes, 634 params, 27,808 MACs, 3x8x8 -> 10>
    """

    _origin: Origin | None = None

    @staticmethod
    def of(network: graph.Network, origin: Origin | None) -> Network:
        """Return a network with these methods, and what was computed for it so far."""
        made = object.__new__(Network)
        made.__dict__.update(vars(network), _origin=origin)
        return made

    def flops(self, convention: ConventionName = "flops") -> int:
        """Count the operations for one sample, under a convention of docs/counting.md.

        ``"flops"`` is two for each multiply-accumulate. Raises ValueError for another word.

        >>> network = load(source="network N { input 3x8x8; conv2d 3x3, 16 }")
        >>> network.flops(), network.flops("macs")
        (55296, 27648)
        """
        require_word("convention", convention, CONVENTIONS)
        return CONVENTIONS[convention].count(self.cost)

    def stats(self, level: Level | LevelName = Level.STAGE) -> Parts:
        """Return what each part costs for one sample: a list of `Part`, in dataflow order.

        ``level`` is ``"network"``, ``"stage"``, ``"block"`` or ``"layer"``. The costs add up to
        ``cost``; parts without any are among them. ``network.stats().to_pandas()`` is a
        DataFrame, where pandas is installed. Raises ValueError for another level.
        """
        if not isinstance(level, Level):
            require_word("level", level, [each.value for each in Level])
        return Parts(super().stats(Level(level)))

    @overload
    def draw(
        self, path: None = None, depth: DepthName = "network", *, only: str | None = None,
        fold: bool | None = None, direction: Direction = "TB", theme: ThemeName = "auto",
        heading: bool = True,
    ) -> Drawing: ...  # fmt: skip
    @overload
    def draw(
        self, path: str | PathLike[str], depth: DepthName = "network", *, only: str | None = None,
        fold: bool | None = None, direction: Direction = "TB", theme: ThemeName = "auto",
        heading: bool = True,
    ) -> Path: ...  # fmt: skip
    def draw(
        self,
        path: str | PathLike[str] | None = None,
        depth: DepthName = "network",
        *,
        only: str | None = None,
        fold: bool | None = None,
        direction: Direction = "TB",
        theme: ThemeName = "auto",
        heading: bool = True,
    ) -> Drawing | Path:
        """Draw the network: return an SVG `Drawing`, or write a file and return its path.

        The suffix is ``.svg``, ``.png``, ``.pdf``, ``.dot`` or ``.mmd`` (Mermaid). ``depth`` says
        what a box is: ``"network"`` shows stages, ``"block"`` the layers in their blocks,
        ``"layer"`` every copy of these, ``"group"`` the groups of layers and the windows they
        see. ``only`` is the path of one part (``"conv4/residual1"``), ``fold`` whether one of
        several copies is drawn for all, ``direction`` is ``"TB"`` (top to bottom) or ``"LR"``,
        ``theme`` is ``"light"``, ``"dark"``, ``"gray"`` or ``"auto"``: light, and in an SVG dark
        where its viewer is. Without ``heading`` there is no title and no legend.

        Raises `CompileError` where no Graphviz is found, the picture is too large to lay out or
        the file can't be written; ValueError for another word, suffix or part.
        """
        picture = pictured(self, depth, only, fold)
        if path is None:
            return Drawing(svg_of(picture, direction, theme, heading))
        return write_drawing(picture, Path(path), direction, theme, heading)

    def save(
        self,
        path: str | PathLike[str],
        state_dict: Mapping[str, np.ndarray | torch.Tensor] | None = None,
        *,
        schedule: ScheduleName = "auto",
        batch: int | None = None,
        recompute: bool = False,
        preprocessing: Preprocessing | Mapping[str, object] | str | None = None,
        classes: Sequence[str] | None = None,
    ) -> Path:
        """Write the network by the path's suffix, and return the path.

        ``.py`` is a module of PyTorch, which takes ``schedule`` (``"auto"`` or ``"gather"``) and
        ``recompute``; ``.onnx`` a model with the weights of ``state_dict``, which takes what
        `to_onnx` does; ``.seq`` a plain source, as `expand` returns it. Raises `CompileError`
        where something does not fit or the file can't be written, ValueError for another suffix,
        and for an argument that goes with another.
        """
        from seqdsl.backends.files import write_whole

        target, suffix = Path(path), Path(path).suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"{target}: the suffix is one of {', '.join(SUFFIXES)}")
        of_onnx = {
            "state_dict": state_dict, "batch": batch, "preprocessing": preprocessing,
            "classes": classes,
        }  # fmt: skip
        if suffix == ".seq" and schedule != "auto":
            raise ValueError("schedule goes with .py and .onnx, not with .seq")
        _refuse(suffix, ".onnx", [name for name, given in of_onnx.items() if given is not None])
        _refuse(suffix, ".py", ["recompute"] if recompute else [])
        try:
            if suffix == ".onnx":
                from seqdsl.backends.onnx.model import save_onnx

                model = to_onnx(
                    self, state_dict, schedule=schedule, batch=1 if batch is None else batch,
                    preprocessing=preprocessing, classes=classes,
                )  # fmt: skip
                save_onnx(model, target)
            elif suffix == ".py":
                write_whole(target, torch_text(self, schedule, recompute).encode())
            else:
                write_whole(target, self._source().encode())
        except Failure as failure:
            raise CompileError([failure.diagnostic]) from None
        return target

    def verify(self, batches: Sequence[int] = (1, 3), seed: int = 0) -> list[Comparison]:
        """Compare every backend with the graph, evaluated node by node in float64.

        Weights, batch norm statistics and inputs are random, from ``seed``; ``batches`` are the
        batch sizes. Each `Comparison` has ``agrees``: no output differs by more than 1e-5 of its
        largest value. Raises `CompileError` where a backend refuses the network, ValueError
        without a batch size or for one below 1.
        """
        from seqdsl.backends.verify import verify

        if not batches or min(batches) < 1:
            raise ValueError(f"batches are sizes of at least 1 (got {list(batches)})")
        try:
            return verify(self, tuple(batches), seed)
        except Failure as failure:
            raise CompileError([failure.diagnostic]) from None

    def diff(self, other: graph.Network) -> NetworkDiff:
        """Return what differs in structure from this network to another, stage by stage.

        ``differ`` says whether anything does: names, spelling and comments do not count.

        >>> network = load(source="network N(k = 8) { input 3x8x8; conv 3x3, k }", k=16)
        >>> wider = load(source="network N(k = 8) { input 3x8x8; conv 3x3, k }", k=32)
        >>> network.diff(wider).differ
        True
        """
        from seqdsl.passes.difference.compare import diff

        return diff(self, other)

    def _source(self) -> str:
        """The plain source. Raises ValueError where it is not known what it was compiled from."""
        if self._origin is None:
            raise ValueError("a .seq is written of a network that `seqdsl.load` returned")
        origin = self._origin
        text, diagnostics = plain_text(origin.program, origin.name, origin.parameters)
        if text is None:
            raise CompileError(diagnostics)
        return text

    @cached_property
    def _stages_svg(self) -> str | None:
        return stages_svg(self)

    def _repr_svg_(self) -> str | None:
        """The stages, for a notebook; None where they can't be laid out at once."""
        return self._stages_svg

    def _repr_html_(self) -> str:
        """The costs of the stages, for a notebook, and their drawing where there is one."""
        (whole,) = self.stats(Level.NETWORK)
        shapes = f"{self.input.type} -> {self.nodes[self.output].type}"
        parameters = ", ".join(f"{name} = {value}" for name, value in self.parameters)
        facts = f"{shapes}{f' ({parameters})' if parameters else ''}"
        return summary(self.name, facts, table(self.stats(), total=whole), self._stages_svg)


def _refuse(suffix: str, needed: str, names: Sequence[str]) -> None:
    """Raises ValueError where arguments are given that go with another suffix."""
    if names and suffix != needed:
        verb = "goes" if len(names) == 1 else "go"
        raise ValueError(f"{', '.join(names)} {verb} with {needed}, not with {suffix}")
