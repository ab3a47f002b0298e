"""A layer as one function is what its definition with concatenations says, and keeps less."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqdsl.backends.torch.emitted.aggregate import aggregate

Kernel = tuple[int, ...]
Made = Callable[..., tuple[Tensor | None, Tensor]]


class Case(NamedTuple):
    """A layer of g groups; ``window`` is what a group reads of the sequence before it."""

    kernels: Kernel = (1, 3)
    window: str = "sliding"
    c: int = 1  # subgroups of the last convolution
    shortcut: bool = False
    raw: bool = False
    block: int = 2
    recompute: bool = False
    g: int = 5
    k: int = 2
    channels: int = 4
    batch: int = 2
    size: int = 4

    @property
    def starts(self) -> list[int]:
        ends = [self.channels + i * self.k for i in range(self.g)]
        match self.window:
            case "sliding":
                return [i * self.k for i in range(self.g)]
            case "all":
                return [0] * self.g
            case _:
                return [max(end - 2 * self.k, 0) for end in ends]

    def groups(self) -> nn.ModuleList:
        torch.manual_seed(0)
        made = nn.ModuleList()
        for i, start in enumerate(self.starts):
            width, steps = self.channels + i * self.k - start, list[nn.Module]()
            for s, kernel in enumerate(self.kernels):
                c = self.c if s == len(self.kernels) - 1 else 1
                out = self.k if s == len(self.kernels) - 1 else 4
                conv = nn.Conv2d(width, out, kernel, padding=kernel // 2, groups=c, bias=False)
                norm = nn.BatchNorm2d(out)
                for tensor in (norm.weight, norm.bias, norm.running_var):
                    nn.init.uniform_(tensor, 0.5, 1.5)
                nn.init.normal_(norm.running_mean)
                steps += [conv, norm]
                width = out
            made.append(nn.Sequential(*steps))
        return made

    def inputs(self, dtype: torch.dtype = torch.float32) -> list[Tensor]:
        torch.manual_seed(1)
        widths = [self.channels] + [self.g * self.k] * self.shortcut
        return [
            torch.randn(self.batch, w, self.size, self.size, dtype=dtype).requires_grad_()
            for w in widths
        ]

    def run(self, groups: nn.ModuleList, *tensors: Tensor) -> tuple[Tensor | None, Tensor]:
        return aggregate(
            groups, *tensors, starts=self.starts, block=self.block,
            raw=self.raw, recompute=self.recompute,
        )  # fmt: skip

    def define(self, groups: nn.ModuleList, *tensors: Tensor) -> tuple[Tensor | None, Tensor]:
        """Equations 1 and 2, a concatenation for each group."""
        x, *shortcut = tensors
        raws, features = list[Tensor](), list[Tensor]()
        for i, (group, start) in enumerate(zip(groups, self.starts, strict=True)):
            value = torch.cat([x, *features], 1)[:, start:]
            for s in range(0, len(group), 2):
                value = group[s](value)
                if s == len(group) - 2:
                    if shortcut:
                        value = value + shortcut[0][:, i * self.k : (i + 1) * self.k]
                    raws.append(value)
                value = F.relu(group[s + 1](value))
            features.append(value)
        return (torch.cat(raws, 1) if self.raw else None), torch.cat(features, 1)


CASES = [
    Case(kernels=kernels, window=window, shortcut=shortcut, block=block, raw=raw, c=c)
    for kernels, window, shortcut, block, raw, c in [
        ((3,), "sliding", False, 1, False, 1),
        ((3,), "sliding", True, 2, True, 2),
        ((3,), "all", True, 3, False, 1),
        ((3,), "last two", False, 3, True, 1),
        ((1, 3), "sliding", True, 1, True, 2),
        ((1, 3), "all", False, 2, False, 1),
        ((1, 3), "last two", True, 3, True, 1),
        ((3, 3), "sliding", False, 3, True, 1),
        ((3, 3), "all", True, 2, True, 2),
        ((3, 3), "last two", False, 2, False, 2),
        ((1,), "all", True, 1, True, 1),
    ]
] + [Case(batch=1), Case(batch=1, size=2, shortcut=True, raw=True), Case(g=1, raw=True)]
NAMES = [
    f"{c.kernels} {c.window} c={c.c} block={c.block} g={c.g} batch={c.batch}"
    + " shortcut" * c.shortcut + " raw" * c.raw
    for c in CASES
]  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES, ids=NAMES)
recomputed = pytest.mark.parametrize("recompute", [False, True], ids=["kept", "recomputed"])


def step(run: Made, groups: nn.Module, inputs: list[Tensor], uses: int = 1) -> dict[str, Tensor]:
    """What a training step gives: outputs, gradients, and the state that it leaves."""
    result: dict[str, Tensor] = {}
    loss = torch.zeros(())
    for use in range(uses):
        for name, out in zip(("raw", "features"), run(groups, *inputs), strict=True):
            if out is not None:
                result[f"{name} {use}"] = out.detach()
                torch.manual_seed(2 + use + len(name))
                loss = loss + (out * torch.randn(out.shape)).sum()
    loss.backward()
    owners: Mapping[str, Tensor] = {
        **{f"input {i}": x for i, x in enumerate(inputs)}, **dict(groups.named_parameters())
    }  # fmt: skip
    for name, tensor in owners.items():
        if tensor.requires_grad:
            assert tensor.grad is not None, name
            result[f"gradient of {name}"] = tensor.grad
    return result | {name: b.detach() for name, b in groups.named_buffers()}


def distances(given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, float]:
    """max |given - expected| / max |expected| of each tensor."""
    assert given.keys() == expected.keys()
    return {
        name: float((given[name] - value).abs().max() / value.abs().max().clamp(1e-30))
        for name, value in expected.items()
    }


def assert_close(given: Mapping[str, Tensor], expected: Mapping[str, Tensor], to: float) -> None:
    far = {name: d for name, d in distances(given, expected).items() if not d <= to}
    assert not far


@recomputed
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@every_case
def test_a_step_is_that_of_the_definition(case: Case, training: bool, recompute: bool) -> None:
    """In float32 a sum that cancels is as far off in the definition, so that is allowed for."""
    case = case._replace(recompute=recompute)
    groups = case.groups().train(training)
    exact = step(case.define, copy.deepcopy(groups).double(), case.inputs(torch.float64))
    given = step(case.run, copy.deepcopy(groups).double(), case.inputs(torch.float64))
    assert_close(given, exact, 1e-10)
    rounded = distances(step(case.define, copy.deepcopy(groups), case.inputs()), exact)
    for name, found in distances(step(case.run, groups, case.inputs()), exact).items():
        assert found <= max(1e-5, 2 * rounded[name]), name


@recomputed
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@every_case
def test_gradients_are_those_of_differences(case: Case, training: bool, recompute: bool) -> None:
    case = case._replace(recompute=recompute, g=min(case.g, 3), size=2)
    groups = case.groups().double().train(training)
    names = [f"groups.{name}" for name, _ in groups.named_parameters()]

    def run(*tensors: Tensor) -> tuple[Tensor, ...]:
        split = len(tensors) - len(names)
        named = dict(zip(names, tensors[split:], strict=True))
        moved = Layer(case, copy.deepcopy(groups))  # running statistics move with each call
        outs = torch.func.functional_call(moved, named, tensors[:split])
        return tuple(out for out in outs if out is not None)

    parameters = [p.detach().requires_grad_() for p in groups.parameters()]
    tensors = (*case.inputs(torch.float64), *parameters)
    assert torch.autograd.gradcheck(run, tensors, fast_mode=True)


class Layer(nn.Module):
    def __init__(self, case: Case, groups: nn.ModuleList) -> None:
        super().__init__()
        self.case, self.groups = case, groups

    def forward(self, *tensors: Tensor) -> Any:
        return self.case.run(self.groups, *tensors)


@every_case
def test_a_compiler_sees_the_definition_in_one_graph(case: Case) -> None:
    groups = case.groups()
    torch.compiler.reset()
    starts, block, raw = (
        case.starts,
        case.block,
        case.raw,
    )  # not all torches trace into a NamedTuple

    def run(groups: nn.ModuleList, *tensors: Tensor) -> tuple[Tensor | None, Tensor]:
        return aggregate(groups, *tensors, starts=starts, block=block, raw=raw)

    traced = torch.compile(run, backend="eager", fullgraph=True)
    expected = step(case.define, copy.deepcopy(groups).double(), case.inputs(torch.float64))
    given = step(traced, groups.double(), case.inputs(torch.float64))
    assert_close(given, expected, 1e-10)


@recomputed
def test_a_layer_can_be_used_twice(recompute: bool) -> None:
    case = Case(shortcut=True, raw=True, recompute=recompute)
    groups = case.groups()
    inputs = [case.inputs(torch.float64) for _ in range(2)]
    expected = step(case.define, copy.deepcopy(groups).double(), inputs[0], uses=2)
    assert_close(step(case.run, groups.double(), inputs[1], uses=2), expected, 1e-10)


def test_an_image_needs_no_gradient() -> None:
    case = Case()
    groups = case.groups()
    expected = step(case.define, copy.deepcopy(groups), [x.detach() for x in case.inputs()])
    given = step(case.run, groups, [x.detach() for x in case.inputs()])
    assert_close(given, expected, 1e-5)


@recomputed
@pytest.mark.parametrize("kernels", [(3,), (1, 3)])
def test_autocast(kernels: Kernel, recompute: bool) -> None:
    """What sets the layer apart from float32 is rounding, no more than in the definition."""
    case = Case(kernels, raw=True, recompute=recompute, batch=8)
    groups = case.groups()
    exact = step(case.define, copy.deepcopy(groups), case.inputs())

    def distance(run: Made) -> dict[str, float]:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            given = step(run, copy.deepcopy(groups), case.inputs())
        return {
            name: float((given[name] - value).norm() / value.norm())
            for name, value in exact.items()
            if value.is_floating_point()
        }

    rounding = distance(case.define)
    for name, found in distance(case.run).items():
        assert found <= 2 * rounding[name] + 2**-8, (name, found, rounding[name])


@recomputed
def test_running_statistics_move_once_a_step(recompute: bool) -> None:
    case = Case(recompute=recompute)
    groups = case.groups()
    step(case.run, groups, case.inputs())
    norms = [m for m in groups.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms and all(int(norm.num_batches_tracked) == 1 for norm in norms)


@contextmanager
def saved(parameters: Iterator[Tensor]) -> Iterator[dict[int, int]]:
    """The bytes of each storage that is kept for a backward pass, parameters apart."""
    own = {p.untyped_storage().data_ptr() for p in parameters}
    found: dict[int, int] = {}
    alive = list[Tensor]()

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            alive.append(tensor)  # its address is not given to another
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield found


@pytest.mark.parametrize("kernels", [(3,), (1, 3)])
def test_less_is_kept_for_the_backward_pass(kernels: Kernel) -> None:
    case = Case(kernels, g=8, k=4, channels=32, size=16)

    def kept(run: Made) -> int:
        groups = case.groups()
        with saved(groups.parameters()) as found:
            run(groups, *case.inputs())
        return sum(found.values())

    whole, again = kept(case.run), kept(case._replace(recompute=True).run)
    assert again < whole < kept(case.define) / 2
