"""Modules ready to be timed: evaluation, compiled or not, and steps of training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, cast

import torch
import torch._inductor.config
from torch import Tensor, nn
from torch.nn import functional

from seqdsl.backends.arrays import Array, State
from seqdsl.backends.engine import Contender, Mode, Setup
from seqdsl.backends.running import Dtype, Provider, refused
from seqdsl.backends.torch.execution import Execution
from seqdsl.backends.torch.inference import to_inference
from seqdsl.backends.torch.module import to_training
from seqdsl.backends.torch.scaling import scale_norms
from seqdsl.graph.network import Network

_TYPES = {
    Dtype.FLOAT32: torch.float32,
    Dtype.FLOAT16: torch.float16,
    Dtype.BFLOAT16: torch.bfloat16,
}
_RATE = 1e-6  # of learning: the weights stay as they are, and a step costs what it costs


def contender(network: Network, state: State, array: Array, setup: Setup) -> Contender:
    """Return a module on a batch, ready to be timed. Raises `Failure` where torch refuses it."""
    execution = Execution(setup.schedule, setup.recompute)
    where = (array, setup.provider, setup.dtype)
    if setup.mode is Mode.TRAINING:
        training = Training(to_training(network, state, execution), *where)
        return Contender(training, training.device, None, training.saved, training.peak())
    kind = Compiled if setup.mode is Mode.COMPILED else Inference
    inference = kind(to_inference(network, state, execution), *where)
    return Contender(inference, inference.device, inference.logits(), None, inference.peak())


def cuda_device() -> bool:
    """Whether torch sees a CUDA device."""
    return torch.cuda.is_available()


@contextlib.contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Torch with so many threads; as it is for None."""
    before = torch.get_num_threads()
    try:
        if count is not None:
            torch.set_num_threads(count)
        yield
    finally:
        torch.set_num_threads(before)


def start(count: int | None) -> None:
    """Has torch make its threads, for good: so many, or as many as it likes."""
    if count is not None:
        torch.set_num_threads(count)
    with torch.inference_mode():
        functional.conv2d(torch.zeros(1, 8, 32, 32), torch.zeros(8, 8, 3, 3))


def scale(network: Network, state: State, array: Array) -> None:
    """Puts the statistics of a state, in place, on the scale of what they normalise."""
    shared = {key: torch.from_numpy(value) for key, value in state.items()}
    scale_norms(network, shared, torch.from_numpy(array))


class _Placed:
    """A module and its input where they run: on CUDA channels_last, too.

    It has run once when it is made. Raises `Failure` where torch refuses it.
    """

    saved: int | None = None  # bytes that are kept for the way back

    def __init__(
        self,
        module: nn.Module,
        array: Array,
        provider: Provider = Provider.AUTO,
        dtype: Dtype = Dtype.FLOAT32,
    ) -> None:
        there = provider is not Provider.CPU and cuda_device()
        self._place = torch.device("cuda" if there else "cpu")
        self.device = "CUDA" if there else "CPU"  # where it really runs
        self._before = torch.cuda.memory_allocated() if there else 0  # what others hold
        try:
            module = module.to(self._place, _TYPES[dtype])
            x = torch.from_numpy(array).to(self._place, _TYPES[dtype])
            if there:
                module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
                x = x.to(memory_format=torch.channels_last)
        except RuntimeError as error:
            raise refused("torch", error) from None
        self._module, self._x = module, x
        self._prepare()

    def _prepare(self) -> None:
        raise NotImplementedError

    def _wait(self) -> None:
        if self._place.type == "cuda":
            torch.cuda.synchronize()

    def peak(self) -> int | None:
        """The most bytes that a run has on a CUDA device, weights among them; None for the CPU."""
        if self._place.type != "cuda":
            return None
        torch.cuda.reset_peak_memory_stats()
        self()
        return torch.cuda.max_memory_allocated() - self._before

    def __call__(self) -> object:
        raise NotImplementedError


class Inference(_Placed):
    """Runs a module in evaluation."""

    def _prepare(self) -> None:
        self._module.eval()
        self()

    def __call__(self) -> object:
        """One run, to its end."""
        try:
            with torch.inference_mode():
                given = self._module(self._x)
            self._wait()
        except RuntimeError as error:
            raise refused("torch", error) from None
        return given

    def logits(self) -> Array:
        given = cast(Any, self())
        first = given[0] if isinstance(given, tuple) else given
        return cast(Array, first.detach().float().cpu().numpy())


class Compiled(Inference):
    """Runs a module through torch.compile, its weights frozen into what is compiled."""

    def _prepare(self) -> None:
        mode = "reduce-overhead" if self.device == "CUDA" else None  # CUDA graphs
        self._compiled = torch.compile(self._module.eval(), mode=mode)
        with torch._inductor.config.patch(freezing=True):
            self()
            self()  # CUDA graphs are captured by the second run

    def __call__(self) -> object:
        """One run, to its end."""
        try:
            with torch.no_grad():  # what is made in inference mode is not frozen
                given = self._compiled(self._x)
            self._wait()
        except Exception as error:  # whatever dynamo, inductor or the C++ compiler raise
            raise refused("torch.compile", error) from None
        return given


class Training(_Placed):
    """Steps of training: forward, loss, backward, SGD.

    The loss is the cross entropy of logits that are one for each class, else their mean square.
    """

    def _prepare(self) -> None:
        self._module.train()
        self._optimizer = torch.optim.SGD(self._module.parameters(), lr=_RATE)
        self.saved = self._measure_saved()
        self()

    def __call__(self) -> object:
        """One step, to its end."""
        self._optimizer.zero_grad(set_to_none=True)
        try:
            self._loss().backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            self._wait()
        except RuntimeError as error:
            raise refused("torch", error) from None
        return None

    def _loss(self) -> Tensor:
        given = self._module(self._x)
        values = given if isinstance(given, tuple) else (given,)
        losses = [value.float().square().mean() for value in values[1:]]
        logits = values[0].float()
        if logits.dim() == 2 and logits.shape[1] > 1:
            labels = torch.arange(len(logits), device=logits.device) % logits.shape[1]
            losses.append(functional.cross_entropy(logits, labels))
        else:
            losses.append(logits.square().mean())
        return torch.stack(losses).sum()

    def _measure_saved(self) -> int:
        """Bytes that a forward keeps for the way back, parameters and buffers apart.

        Each storage counts once and whole. What an autograd function of Python keeps on itself
        counts as well: hooks do not see it.
        """
        kept: dict[int, torch.UntypedStorage] = {}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage  # held, so that no other takes its place
            return tensor

        try:
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
                loss = self._loss()
        except RuntimeError as error:
            raise refused("torch", error) from None
        for tensor in _held_by_functions(loss):
            keep(tensor)
        module = self._module
        for own in (*module.parameters(), *module.buffers()):
            kept.pop(own.untyped_storage().data_ptr(), None)
        return sum(storage.nbytes() for storage in kept.values())


def _held_by_functions(loss: Tensor) -> Iterator[Tensor]:
    """Tensors among the attributes of the autograd functions behind a loss."""
    seen: set[Any] = set()
    waiting: list[Any] = [loss.grad_fn]
    while waiting:
        function = waiting.pop()
        if function is None or function in seen:
            continue
        seen.add(function)
        waiting.extend(following for following, _ in function.next_functions)
        for value in getattr(function, "__dict__", {}).values():
            parts = value if isinstance(value, list | tuple) else (value,)
            yield from (part for part in parts if isinstance(part, Tensor))
