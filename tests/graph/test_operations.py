"""What each operation tells of itself, held against what it computes."""

from pathlib import Path

import pytest
import torch
from networks import compiled
from torch import Tensor

from seqdsl.backends.torch.reference import EVALUATIONS, Use
from seqdsl.graph import operations as ops
from seqdsl.graph.inference import infer
from seqdsl.graph.operations import Role
from seqdsl.graph.tensor import TensorType

ONE, TWO = (1, 1), (2, 2)
SAMPLES: tuple[ops.Operation, ...] = (
    ops.Conv2d(4, (3, 3), ONE, ONE, ONE, 1, True, ops.Init.HE),
    ops.Linear(4, True, ops.Init.GLOROT),
    ops.BatchNorm(1e-5, 0.1),
    ops.LayerNorm(1e-6),
    *map(ops.Activation, ops.Function),
    ops.LeakyRelu(0.1),
    ops.Elu(0.5),
    ops.Softmax(),
    ops.MaxPool((3, 3), TWO, ONE, False),
    ops.AvgPool((3, 3), TWO, ONE, True),
    ops.GlobalAveragePool(),
    ops.Upsample(TWO, ops.Interpolation.BILINEAR),
    ops.Add(),
    ops.Mean(),
    ops.Multiply(),
    ops.Dropout(0.5),
    ops.Concat(),
    ops.Slice(2, 4),
    ops.Shuffle(2),
    ops.PadChannels(2),
)
GIVEN = {ops.Input, ops.Aggregate, ops.Raw}  # their types are given, and no backend computes them
READ = TensorType(4, (6, 6), (4,))


def sampled(kind: type[ops.Operation]) -> bool:
    return any(type(operation) is kind for operation in SAMPLES)


def operands(operation: ops.Operation) -> list[Tensor]:
    torch.manual_seed(0)
    return [torch.randn(2, *READ.shape) for _ in range(3 if operation.several else 1)]


def parameters(operation: ops.Operation, read: list[Tensor]) -> dict[Role, Tensor]:
    types = [READ] * len(read)
    torch.manual_seed(1)
    found = operation.parameters(infer(operation, types), types)
    return {role: torch.rand(shape) + 0.5 for role, shape in found}


def compute(operation: ops.Operation, read: list[Tensor], held: dict[Role, Tensor]) -> Tensor:
    return EVALUATIONS[type(operation)](operation, Use(read, held))


each = pytest.mark.parametrize("operation", SAMPLES, ids=lambda operation: operation.word)


def test_each_operation_has_a_sample() -> None:
    assert {kind for kind in ops.OPERATIONS if not sampled(kind)} == GIVEN


@each
def test_the_type_is_that_of_what_is_computed(operation: ops.Operation) -> None:
    read = operands(operation)
    made = compute(operation, read, parameters(operation, read))
    assert infer(operation, [READ] * len(read)).shape == made.shape[1:]


@each
def test_a_channelwise_operation_runs_on_a_part_of_the_channels(operation: ops.Operation) -> None:
    read = operands(operation)
    held = parameters(operation, read)
    made = compute(operation, read, held)
    try:
        part = {role: tensor[1:3] for role, tensor in held.items()}
        alone = compute(operation, [x[:, 1:3] for x in read], part)
        same = alone.shape == made[:, 1:3].shape and torch.allclose(alone, made[:, 1:3])
    except RuntimeError:  # torch refuses a part of the channels
        same = False
    assert same == operation.channelwise
    assert operation.is_channelwise([READ, READ]) == operation.channelwise


@each
def test_an_elementwise_operation_does_the_same_everywhere(operation: ops.Operation) -> None:
    """Elements are moved across channels and positions: its result is moved with them."""
    read = operands(operation)
    made = compute(operation, read, parameters(operation, read))
    order = torch.randperm(READ.elements)

    def moved(x: Tensor) -> Tensor:
        return x.reshape(len(x), -1)[:, order].reshape(x.shape)

    same = made.shape == read[0].shape and len(read) == 1 and not operation.has_parameters
    if same:
        same = torch.allclose(compute(operation, [moved(read[0])], {}), moved(made))
    assert same == operation.elementwise


@each
def test_an_inert_operation_gives_what_it_reads(operation: ops.Operation) -> None:
    read = operands(operation)
    made = compute(operation, read, parameters(operation, read))
    assert operation.inert == (made.shape == read[0].shape and bool((made == read[0]).all()))


@each
def test_a_symmetric_operation_takes_its_operands_in_any_order(operation: ops.Operation) -> None:
    if not operation.several:
        assert not operation.symmetric
        return
    read = operands(operation)
    made, turned = (compute(operation, found, {}) for found in (read, read[::-1]))
    assert operation.symmetric == torch.allclose(made, turned, atol=1e-6)


@each
def test_a_window_is_all_that_a_position_reads(operation: ops.Operation) -> None:
    """By the gradient of one position, over the positions of the operand."""
    read = [x.requires_grad_() for x in operands(operation)]
    made = compute(operation, read, parameters(operation, read))
    if made.dim() == 4:
        made[:, :, made.shape[2] // 2, made.shape[3] // 2].square().sum().backward()
    else:
        made.square().sum().backward()
    gradient = read[0].grad
    assert gradient is not None
    seen = int((gradient.abs().sum((0, 1)) > 0).sum())
    match operation.window:
        case _ if operation.sees_all:
            assert seen == READ.spatial[0] * READ.spatial[1]
        case ops.Window(reach=(height, width)):
            assert 1 <= seen <= height * width
            assert seen > 1
        case ops.Enlargement(blurred=blurred):
            assert (seen > 1) == blurred
        case None:
            assert seen <= 1


@each
def test_the_cost_has_the_parameters_that_are_trained(operation: ops.Operation) -> None:
    types = [READ] * len(operands(operation))
    type = infer(operation, types)
    shapes = operation.parameters(type, types)
    trained = sum(torch.Size(s).numel() for role, s in shapes if role in (Role.WEIGHT, Role.BIAS))
    cost = operation.cost(type, types)
    assert cost.params == trained
    assert cost.macs == type.elements * operation.taps(types)
    assert bool(cost.macs) == operation.linear
    assert operation.has_parameters == bool(shapes)


@pytest.mark.parametrize("kind", ops.OPERATIONS, ids=lambda kind: kind.name)
def test_what_the_language_has_is_documented(kind: type[ops.Operation]) -> None:
    assert bool(kind.doc) == (kind.settings is not None or kind is ops.Activation)
    assert kind.doc == "" or kind.doc.endswith(".")


@pytest.mark.parametrize(
    ("layers", "usual"),
    [
        ("conv2d 3x3, 4", {"stride", "padding", "dilation", "groups", "bias", "init"}),
        ("conv2d 3x3, 4, padding=0, bias=true", {"stride", "dilation", "groups", "init"}),
        ("max_pool 2", {"stride", "padding", "ceil"}),
        ("max_pool 3, stride=2, padding=1", {"ceil"}),
        ("linear 4", {"bias", "init"}),
        ("batch_norm", {"eps", "momentum"}),
        ("batch_norm eps=0.001", {"momentum"}),
        ("layer_norm", {"eps"}),
        ("layer_norm eps=0.001", set()),
        ("leaky_relu", {"slope"}),
        ("leaky_relu slope=0.2", set()),
        ("elu", {"alpha"}),
        ("upsample 2", {"mode"}),
        ("dropout 0.1", set()),
    ],
)
def test_an_attribute_is_usual_where_the_source_says_nothing(
    tmp_path: Path, layers: str, usual: set[str]
) -> None:
    network = compiled(tmp_path, f"network N {{ input 3x8x8; {layers} }}")
    operation = network.nodes[-1].operation
    assert {name for name, _ in operation.attributes() if operation.is_usual(name)} == usual


def test_a_product_with_one_channel_is_not_cut() -> None:
    gate = TensorType(1, (6, 6), (1,))
    assert not ops.Multiply().is_channelwise([READ, gate])
    assert ops.Multiply().is_channelwise([READ, TensorType(4, (1, 1), (4,))])
