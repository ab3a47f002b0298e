"""Operations as nodes of an ONNX graph: a row for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from seqdsl.backends.onnx.emitter import Emitter
from seqdsl.backends.onnx.magnitudes import Magnitudes
from seqdsl.backends.onnx.pools import emit_avg_pool, emit_max_pool
from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen


@frozen
class Use:
    """One use of an operation: the names of its operands and parameters in the model."""

    into: Emitter
    node: Node
    operands: list[str]
    parameters: list[str]
    network: Network
    magnitudes: Magnitudes

    @property
    def path(self) -> str:
        return self.node.path

    @property
    def x(self) -> str:
        return self.operands[0]

    @property
    def read(self) -> TensorType:
        """The type of its first operand."""
        return self.network.nodes[self.node.operands[0]].type

    def emit(
        self, kind: str, inputs: Sequence[str], name: str | None = None, **attributes: Any
    ) -> None:
        """A node of the model; under the path of the operation, where it has no name."""
        self.into.emit(kind, [*inputs], name or self.path, **attributes)

    def constant(self, name: str, value: object, kind: type[np.generic] = np.float32) -> str:
        return self.into.weight(f"{self.path}:{name}", np.array(value, kind))


Emission: TypeAlias = Callable[[Any, Use], None]


def _elsewhere(operation: ops.Operation, _: Use) -> None:
    raise AssertionError(f"{operation} is no node of a model")


def _simple(kind: str, **attributes: Any) -> Emission:
    """One operator of ONNX, which has neither weights nor constants."""
    return lambda _, use: use.emit(kind, use.operands, **attributes)


def _conv2d(conv: ops.Conv2d, use: Use) -> None:
    use.emit(
        "Conv",
        [*use.operands, *use.parameters],
        kernel_shape=conv.kernel,
        strides=conv.stride,
        pads=(*conv.padding, *conv.padding),
        dilations=conv.dilation,
        group=conv.groups,
    )


def _linear(_: ops.Linear, use: Use) -> None:
    operand = use.x
    if use.read.spatial:
        flat = f"{use.path}:flatten"
        use.emit("Flatten", [operand], flat, axis=1)
        operand = flat
    use.emit("Gemm", [operand, *use.parameters], transB=1)


def _batch_norm(norm: ops.BatchNorm, use: Use) -> None:
    use.emit("BatchNormalization", [use.x, *use.parameters], epsilon=norm.eps)


def _layer_norm(norm: ops.LayerNorm, use: Use) -> None:
    """ONNX normalises the last axes: the channels become the last one, and go back."""
    if not use.read.spatial:
        use.emit("LayerNormalization", [use.x, *use.parameters], axis=-1, epsilon=norm.eps)
        return
    last, made = f"{use.path}:last", f"{use.path}:normalised"
    use.emit("Transpose", [use.x], last, perm=[0, 2, 3, 1])
    use.emit("LayerNormalization", [last, *use.parameters], made, axis=-1, epsilon=norm.eps)
    use.emit("Transpose", [made], perm=[0, 3, 1, 2])


def _activation(operation: ops.Activation, use: Use) -> None:
    FUNCTIONS[operation.function](operation, use)


def _relu6(_: ops.Activation, use: Use) -> None:
    bounds = [use.constant(name, value) for name, value in (("min", 0), ("max", 6))]
    use.emit("Clip", [use.x, *bounds])


def _silu(_: ops.Activation, use: Use) -> None:
    use.emit("Sigmoid", [use.x], f"{use.path}:sigmoid")
    use.emit("Mul", [use.x, f"{use.path}:sigmoid"])


def _gelu(_: ops.Activation, use: Use) -> None:
    """x/2 (1 + erf(x / sqrt 2)): opset 18 has no Gelu of its own."""
    numbers = {"root": np.sqrt(2), "one": 1.0, "half": 0.5}
    root, one, half = (use.constant(name, value) for name, value in numbers.items())
    path = use.path
    use.emit("Div", [use.x, root], f"{path}:scaled")
    use.emit("Erf", [f"{path}:scaled"], f"{path}:erf")
    use.emit("Add", [f"{path}:erf", one], f"{path}:raised")
    use.emit("Mul", [use.x, f"{path}:raised"], f"{path}:doubled")
    use.emit("Mul", [f"{path}:doubled", half])


def _max_pool(pool: ops.MaxPool, use: Use) -> None:
    masked = use.magnitudes.can_overflow(use.node.operands[0])
    sides = (_sides(use.read), _sides(use.node.type))
    emit_max_pool(use.into, pool, use.path, use.x, sides, masked)


def _avg_pool(pool: ops.AvgPool, use: Use) -> None:
    emit_avg_pool(use.into, pool, use.path, use.x, (_sides(use.read), _sides(use.node.type)))


def _sides(type: TensorType) -> ops.Pair:
    height, width = type.spatial
    return height, width


def _upsample(operation: ops.Upsample, use: Use) -> None:
    scales = use.constant("scales", [1, 1, *operation.factor])
    use.emit("Resize", [use.x, "", scales], **_RESIZE[operation.mode])


# As torch places pixels: a nearest one is a copy, a bilinear one stands between two centres.
_RESIZE: dict[ops.Interpolation, dict[str, str]] = {
    ops.Interpolation.NEAREST: {
        "mode": "nearest",
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    },
    ops.Interpolation.BILINEAR: {
        "mode": "linear",
        "coordinate_transformation_mode": "half_pixel",
    },
}


def _add(_: ops.Add, use: Use) -> None:
    use.emit("Sum" if len(use.operands) > 2 else "Add", use.operands)


def _mean(_: ops.Mean, use: Use) -> None:
    total = f"{use.path}:sum"
    use.emit("Sum", use.operands, total)
    use.emit("Div", [total, use.constant("count", len(use.operands))])


def _multiply(_: ops.Multiply, use: Use) -> None:
    """Two factors at a time: Mul takes no more."""
    product, *rest = use.operands
    for left, factor in enumerate(reversed(rest)):
        output = f"{use.path}:{left}" if left < len(rest) - 1 else use.path
        use.emit("Mul", [product, factor], output)
        product = output


def _slice(slice: ops.Slice, use: Use) -> None:
    numbers = {"starts": slice.start, "ends": slice.stop, "axes": 1}
    keys = [use.constant(name, [number], np.int64) for name, number in numbers.items()]
    use.emit("Slice", [use.x, *keys])


def _shuffle(shuffle: ops.Shuffle, use: Use) -> None:
    path, groups, (channels, *spatial) = use.path, shuffle.groups, use.node.type.shape
    split = [0, groups, channels // groups, *spatial]  # 0: as many samples as come in
    whole = [0, channels, *spatial]
    shapes = [use.constant(n, s, np.int64) for n, s in (("split", split), ("whole", whole))]
    use.emit("Reshape", [use.x, shapes[0]], f"{path}:groups")
    use.emit("Transpose", [f"{path}:groups"], f"{path}:dealt", perm=[0, 2, 1, 3, 4])
    use.emit("Reshape", [f"{path}:dealt", shapes[1]])


def _pad_channels(pad: ops.PadChannels, use: Use) -> None:
    pads = use.constant("pads", [0, 0, 0, 0, 0, pad.zeros, 0, 0], np.int64)
    use.emit("Pad", [use.x, pads])


EMITTERS: Mapping[type[ops.Operation], Emission] = MappingProxyType(
    {
        ops.Input: _elsewhere,
        ops.Aggregate: _elsewhere,
        ops.Raw: _elsewhere,
        ops.Conv2d: _conv2d,
        ops.Linear: _linear,
        ops.BatchNorm: _batch_norm,
        ops.LayerNorm: _layer_norm,
        ops.Activation: _activation,
        ops.LeakyRelu: lambda op, use: use.emit("LeakyRelu", use.operands, alpha=op.slope),
        ops.Elu: lambda op, use: use.emit("Elu", use.operands, alpha=op.alpha),
        ops.Softmax: _simple("Softmax", axis=1),
        ops.MaxPool: _max_pool,
        ops.AvgPool: _avg_pool,
        ops.GlobalAveragePool: _simple("GlobalAveragePool"),
        ops.Upsample: _upsample,
        ops.Add: _add,
        ops.Mean: _mean,
        ops.Multiply: _multiply,
        ops.Dropout: _elsewhere,  # lowering takes it out
        ops.Concat: _simple("Concat", axis=1),
        ops.Slice: _slice,
        ops.Shuffle: _shuffle,
        ops.PadChannels: _pad_channels,
    }
)

FUNCTIONS: Mapping[ops.Function, Emission] = MappingProxyType(
    {
        ops.Function.RELU: _simple("Relu"),
        ops.Function.RELU6: _relu6,
        ops.Function.SIGMOID: _simple("Sigmoid"),
        ops.Function.TANH: _simple("Tanh"),
        ops.Function.SILU: _silu,
        ops.Function.GELU: _gelu,
        ops.Function.HARD_SIGMOID: _simple("HardSigmoid", alpha=1 / 6, beta=0.5),
        ops.Function.HARD_SWISH: _simple("HardSwish"),
    }
)
