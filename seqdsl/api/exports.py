"""A network as a module of PyTorch and as an ONNX model, and what a file records of its use."""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from seqdsl.api.arguments import require_word
from seqdsl.graph.network import Network
from seqdsl.passes.schedule.strategy import OF_TORCH, STRATEGIES, Strategy
from seqdsl.source.diagnostic import CompileError, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import onnx
    import torch

    from seqdsl.backends.inputs.preprocessing import Preprocessing
    from seqdsl.backends.weights.recorded import Recorded
    from seqdsl.passes.schedule.strategy import ScheduleName, TorchScheduleName


ModuleMode: TypeAlias = Literal["training", "inference"]


def torch_text(network: Network, schedule: ScheduleName, recompute: bool) -> str:
    """Return the source of the module, as ``build`` writes it. Raises ValueError."""
    from seqdsl.backends.torch.execution import Execution
    from seqdsl.backends.torch.source import torch_source

    strategy = _of_torch(schedule)
    if recompute and strategy is Strategy.GATHER:
        raise ValueError("recompute needs schedule='auto': gather keeps everything")
    return torch_source(network, Execution(strategy, recompute))


def to_torch(
    network: Network,
    mode: ModuleMode = "training",
    *,
    schedule: TorchScheduleName = "auto",
    recompute: bool = False,
    state_dict: Mapping[str, torch.Tensor] | None = None,
) -> torch.nn.Module:
    """Return the network as a live module: float32 ``[batch, C, H, W]`` in, logits out.

    Where the source names further outputs, a tuple of the logits and those comes out.

    ``mode="training"`` is initialised as section 4.2 says, and is the source that ``build``
    writes, loaded; ``"inference"`` is in evaluation mode, without gradients, with batch norms
    folded. ``state_dict`` is one of a module for training, or a checkpoint that holds one.
    ``schedule`` says how layers of groups are computed: ``"gather"`` as the equations say,
    ``"auto"`` as runs fastest. With ``recompute`` the backward pass keeps less, and computes it
    again. Raises `CompileError` where a state_dict does not fit, or weights are more than memory
    holds; ValueError for another word.

    >>> import torch
    >>> network = load(source="network N { input 3x8x8; conv 3x3, 16; global_average_pool; fc 10 }")
    >>> to_torch(network)(torch.randn(2, 3, 8, 8)).shape
    torch.Size([2, 10])
    """
    from seqdsl.backends.torch.execution import Execution
    from seqdsl.backends.torch.inference import to_inference
    from seqdsl.backends.torch.module import to_training

    if mode not in ("training", "inference"):
        raise ValueError(f"mode is 'training' or 'inference', not {mode!r}")
    strategy = _of_torch(schedule)
    if recompute and (mode == "inference" or strategy is Strategy.GATHER):
        raise ValueError("recompute needs mode='training' and schedule='auto'")
    execution = Execution(strategy, recompute)
    make = to_training if mode == "training" else to_inference
    try:
        return make(network, state_dict, execution)
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None


def to_onnx(
    network: Network,
    state_dict: Mapping[str, np.ndarray | torch.Tensor] | None = None,
    *,
    schedule: ScheduleName = "auto",
    batch: int = 1,
    preprocessing: Preprocessing | Mapping[str, object] | str | None = None,
    classes: Sequence[str] | None = None,
) -> onnx.ModelProto:
    """Return the network as an ONNX model for inference.

    Batch norms are folded and the batch axis is dynamic: float32 ``[batch, C, H, W]`` in, and out
    the logits, then the probabilities where the network ends in a softmax.

    ``state_dict`` has the keys of `to_torch`'s module; without one the weights are initialised
    as section 4.2 says. ``schedule`` says how layers of groups are computed: ``"gather"``,
    ``"scatter"``, ``"blocked"``, or ``"auto"``, the fastest that is expected at a ``batch``.
    ``preprocessing`` (a value, its JSON, ``"imagenet"``, ``"cifar"``, ``"digits"`` or a ``.json``
    file) and the names of the ``classes`` go into the model's metadata. Raises `CompileError`
    where these or the weights do not fit, ValueError for another word or a batch below 1.

    >>> network = load(source="network N { input 3x8x8; conv 3x3, 16; global_average_pool; fc 10 }")
    >>> [output.name for output in to_onnx(network).graph.output]
    ['logits']
    """
    from seqdsl.backends.onnx.model import to_onnx
    from seqdsl.backends.weights.recorded import Recorded, checked_names, given_preprocessing
    from seqdsl.passes.schedule.choose import choose

    if batch < 1:
        raise ValueError(f"a batch must be at least 1 (got {batch})")
    schedules = choose(network, _strategy(schedule), batch)
    try:
        given = Recorded(
            None
            if preprocessing is None
            else given_preprocessing(preprocessing, network.input.type),
            None if classes is None else checked_names(classes, "classes"),
        )
        return to_onnx(network, state_dict, schedules=schedules, recorded=given)
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None


def recorded(path: str | PathLike[str]) -> Recorded:
    """Return what a ``.safetensors`` or an ``.onnx`` file records of its use.

    That is ``preprocessing``, how an input is made, and ``classes``, their names; None each where
    it is unknown.

    ``recorded(path).preprocessing.input(image, channels)`` makes the input of a PIL image. Raises
    `CompileError` where the file can't be read. Keys of these names that are others' are left out
    with a warning.
    """
    notes: list[str] = []
    try:
        from seqdsl.backends.targets import file_target
        from seqdsl.backends.weights.recorded import recorded

        target = file_target(Path(path))
        if target is not None and target.open is not None:
            found = target.open(Path(path), notes.append).recorded
        else:
            found = recorded(Path(path), notes.append)
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None
    for text in notes:
        warnings.warn(text, stacklevel=2)
    return found


def _strategy(word: str) -> Strategy:
    """Raise ValueError, which names the words that there are, for another."""
    require_word("schedule", word, STRATEGIES)
    return Strategy(word)


def _of_torch(word: str) -> Strategy:
    strategy = _strategy(word)
    if strategy not in OF_TORCH:
        raise ValueError(f"PyTorch has no schedule {word!r}: take 'auto' or 'gather'")
    return strategy
