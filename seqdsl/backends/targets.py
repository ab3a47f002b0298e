"""What networks are built for and run on: a row for each engine, and for each suffix of a file.

A row is light: what it loads is imported when that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from seqdsl.backends.engine import Engine, Mode, ModelFile
from seqdsl.passes.schedule.strategy import OF_TORCH, Strategy
from seqdsl.source.frozen import frozen_value
from seqdsl.source.timing import stage

if TYPE_CHECKING:
    from seqdsl.backends.arrays import State
    from seqdsl.backends.weights.recorded import Recorded
    from seqdsl.graph.network import Network
    from seqdsl.passes.schedule.schedule import Schedules


@frozen_value
class EngineTarget:
    """A row: an engine, what it can do, and how it is loaded."""

    name: str  # as options take it; also the package that is imported
    title: str  # as messages print it
    load: Callable[[], Engine]
    schedules: tuple[Strategy, ...] = tuple(Strategy)
    modes: tuple[Mode, ...] = (Mode.RUN,)
    distributions: tuple[str, ...] = ()  # one of which provides it; none: it is always here
    extra: str | None = None  # of seqdsl, that installs it; None where every installation has it

    @property
    def is_here(self) -> bool:
        """Whether the engine is to be expected: without an extra, or installed."""
        return self.extra is None or find_spec(self.name) is not None


def _onnxruntime() -> Engine:
    from seqdsl.backends.onnx.engine import OnnxruntimeEngine

    return OnnxruntimeEngine()


def _torch() -> Engine:
    from seqdsl.backends.torch.engine import TorchEngine

    return TorchEngine()


ENGINES: dict[str, EngineTarget] = {
    target.name: target
    for target in (
        EngineTarget(
            "onnxruntime", "onnxruntime", _onnxruntime,
            distributions=("onnxruntime", "onnxruntime-gpu"),
        ),
        EngineTarget(
            "torch", "PyTorch", _torch, schedules=OF_TORCH,
            modes=(Mode.RUN, Mode.COMPILED, Mode.TRAINING), distributions=("torch",),
        ),
    )
}  # fmt: skip
DEFAULT_ENGINE = "onnxruntime"


@frozen_value
class Request:
    """How a network is to be written to a file."""

    strategy: Strategy | None = None  # None where a file of schedules is given
    recompute: bool = False
    schedules: Schedules | None = None
    state: State | None = None  # None for freshly initialised weights
    recorded: Recorded | None = None


@frozen_value
class FileTarget:
    """A row: a file that `build` writes, by its suffix, and that `run` may read."""

    suffix: str
    write: Callable[[Network, Path, Request], None]  # raises `Failure`
    options: tuple[str, ...]  # of `build`, of those that not every file takes
    schedules: tuple[Strategy, ...] = tuple(Strategy)
    lacks: tuple[tuple[str, str], ...] = ()  # another option, and why it makes no sense
    # to be run without a source; the second takes what is to be noted
    open: Callable[[Path, Callable[[str], None]], ModelFile] | None = None
    engine: str = DEFAULT_ENGINE  # that runs it then

    @property
    def article(self) -> str:
        """The suffix as a noun: ``an .onnx``."""
        return f"{'an' if self.suffix[1] in 'aeio' else 'a'} {self.suffix}"


def _write_source(network: Network, output: Path, request: Request) -> None:
    with stage("import"):
        from seqdsl.backends.files import write_whole
        from seqdsl.backends.torch.execution import Execution
        from seqdsl.backends.torch.source import torch_source

    with stage("emit"):
        strategy = request.strategy or Strategy.AUTO
        text = torch_source(network, Execution(strategy, request.recompute))
    write_whole(output, text.encode())


def _write_onnx(network: Network, output: Path, request: Request) -> None:
    with stage("import"):
        from seqdsl.backends.onnx.model import save_onnx, to_onnx
        from seqdsl.backends.weights.recorded import NOTHING

    recorded = request.recorded or NOTHING
    model = to_onnx(network, request.state, schedules=request.schedules, recorded=recorded)
    save_onnx(model, output)


def _open_onnx(path: Path, note: Callable[[str], None]) -> ModelFile:
    from seqdsl.backends.onnx.file import open_onnx

    return open_onnx(path, note)


FILES: dict[str, FileTarget] = {
    target.suffix: target
    for target in (
        FileTarget(".py", _write_source, ("--recompute",), OF_TORCH),
        FileTarget(
            ".onnx", _write_onnx,
            ("--weights", "--batch", "--tune", "--preprocessing", "--classes", "--schedule FILE"),
            lacks=(("--recompute", "an .onnx has no backward pass"),),
            open=_open_onnx,
        ),
    )
}  # fmt: skip


def file_target(path: str | Path) -> FileTarget | None:
    """Return the row of a file's suffix, in upper or lower case; None where there is none."""
    return FILES.get(Path(path).suffix.lower())
