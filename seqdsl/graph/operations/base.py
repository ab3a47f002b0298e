"""What every operation tells of itself: its type rule, its parameters, its cost, its traits.

An operation is a frozen dataclass in the file of its family, and a subclass of `Operation`. All
that the language and the passes have to know of it is there. A backend has a table with a row for
each operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from enum import Enum
from fractions import Fraction
from typing import ClassVar, TypeAlias

from seqdsl.graph.costs import ZERO, Cost, Elements
from seqdsl.graph.segment import S
from seqdsl.graph.tensor import TensorType
from seqdsl.source.codes import CodeName
from seqdsl.source.frozen import frozen_value

Pair: TypeAlias = tuple[int, int]  # (height, width)


class Family(Enum):
    """What sets operations apart at a glance: in drawings, and where layers are compared."""

    INPUT = "input"
    CONVOLUTION = "convolution"
    LINEAR = "linear"
    NORM = "norm"
    ACTIVATION = "activation"
    POOL = "pool"
    RESIZE = "resize"
    SUM = "sum"
    COMBINATION = "combination"  # of several maps elementwise, other than their sum
    CONCATENATION = "concatenation"
    CHANNELS = "channels"  # chosen, dealt out, or padded
    DROPOUT = "dropout"
    AGGREGATION = "aggregation"


class Face(Enum):
    """What becomes of the raw face of a feature map: its value before the norm (section 3.2)."""

    LOST = "lost"  # what comes out has one face
    OPENED = "opened"  # what goes in is the raw face of what comes out
    KEPT = "kept"
    ACTIVATED = "activated"  # kept; what has one face only goes in as the raw one


class Role(Enum):
    """What a parameter is to its node; the value is the last part of its key."""

    WEIGHT = "weight"
    BIAS = "bias"
    RUNNING_MEAN = "running_mean"
    RUNNING_VAR = "running_var"


Shapes: TypeAlias = tuple[tuple[Role, tuple[int, ...]], ...]


class TypeProblem(Exception):
    """Operands that an operation can't take.

    ``operand`` is the index of the operand at fault, or None; ``recovery`` is the type to go
    on with, where there is an obvious one.
    """

    def __init__(
        self,
        code: CodeName,
        message: str,
        operand: int | None = None,
        help: str | None = None,
        recovery: TensorType | None = None,
    ) -> None:
        self.code = code
        self.message = message
        self.operand = operand
        self.help = help
        self.recovery = recovery
        super().__init__(message)


class Absent(Enum):
    """The default of a setting that has none."""

    REQUIRED = "required"


REQUIRED = Absent.REQUIRED


@frozen_value
class Range:
    """The numbers that a setting can be; ``words`` end the sentence "`eps` must be ..."."""

    words: str
    holds: Callable[[int | Fraction], bool]


ABOVE_ZERO = Range("above zero", lambda number: number > 0)
FROM_0_TO_1 = Range("from 0 to 1", lambda number: 0 <= number <= 1)


@frozen_value
class Setting:
    """What the language calls an operation with.

    ``type`` is a type of the language. A default is a number, a word of the language as its value,
    a `Pair`, or None for one that follows from other settings. With a ``meaning`` a setting is
    given by name alone.
    """

    name: str
    type: str
    default: int | Fraction | Pair | Enum | None = REQUIRED
    meaning: str = ""
    range: Range | None = None


@frozen_value
class Window:
    """The stretch of its operand that an element of the output reads, along each axis."""

    reach: Pair  # elements from the first to the last that is read
    stride: Pair
    padding: Pair


@frozen_value
class Enlargement:
    """How many elements of the output come of one of the operand, along each axis."""

    factor: Pair
    blurred: bool  # those on either side take part


class Operation:
    """One kind of node. Attributes of a class are traits: they hold for all of its operations."""

    __slots__ = ()

    name: ClassVar[str]  # in the language, in dumps and drawings, in keys of parameters
    doc: ClassVar[str]  # a line for the language's reference; empty for what has no word in it
    family: ClassVar[Family]
    settings: ClassVar[tuple[Setting, ...] | None] = None  # None for what has no word
    several: ClassVar[bool] = False  # reads any number of operands
    symmetric: ClassVar[bool] = False  # its operands can change places
    linear: ClassVar[bool] = False  # multiplies by a weight over channels, and counts in MACs
    elementwise: ClassVar[bool] = False  # alike on each element of one operand, no parameters
    # A channel of the output needs that channel of the operands alone: it can run on a part of
    # the channels.
    channelwise: ClassVar[bool] = False
    face: ClassVar[Face] = Face.LOST
    sees_all: ClassVar[bool] = False  # every element of the output reads every position
    inert: ClassVar[bool] = False  # at inference, what goes in comes out

    @property
    def word(self) -> str:
        """What it is called in names, dumps and drawings: ``conv2d``, ``relu``."""
        return self.name

    @property
    def has_parameters(self) -> bool:
        return type(self).parameters is not Operation.parameters

    def is_channelwise(self, operands: Sequence[TensorType]) -> bool:
        """Whether it can run on a part of the channels of these operands, all of one width."""
        width = operands[0].channels if operands else 0
        return self.channelwise and all(operand.channels == width for operand in operands)

    @property
    def has_faces(self) -> bool:
        """Whether what comes out has a raw face, or can have one."""
        return self.face is not Face.LOST

    @property
    def window(self) -> Window | Enlargement | None:
        """What a position of the output reads of its operand; None where it is that position."""
        return None

    @property
    def detail(self) -> str:
        """What a drawing says of it below its word; often nothing."""
        return ""

    def row(self, type: TensorType) -> str:
        """Its line in a table of layers, as papers print them; empty for what has none."""
        return ""

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        """The type of its output. Raises `TypeProblem` where the operands don't fit."""
        raise NotImplementedError(f"the type of {self.name} is given, not inferred")

    def taps(self, operands: Sequence[TensorType]) -> int:
        """The multiply-accumulates of an element of the output."""
        return 0

    def parameters(self, type: TensorType, operands: Sequence[TensorType]) -> Shapes:
        """The roles and shapes of its parameters and buffers, in the order of a state_dict."""
        return ()

    def cost(self, type: TensorType, operands: Sequence[TensorType]) -> Cost:
        """What it costs for one sample."""
        return ZERO

    def elements(
        self, type: TensorType, operands: Sequence[TensorType], kind: str = ""
    ) -> tuple[Elements, ...]:
        """What it reads and writes, for conventions that count elements by kind."""
        return (Elements(kind or self.word, operands[0].elements, type.elements),)

    def routed(self, operands: Sequence[tuple[S, ...]]) -> tuple[S, ...] | None:
        """The segments of its output, of what those of its operands are; None where it computes
        anything.
        """
        return None

    def attributes(self) -> Iterator[tuple[str, object]]:
        """Its fields by name, less what its word says."""
        for field in fields(self):  # type: ignore[arg-type]  # a dataclass, as all of them
            yield field.name, getattr(self, field.name)

    def is_usual(self, name: str) -> bool:
        """Whether an attribute is what it is in the language when nothing is said."""
        value = getattr(self, name)
        found = next((s for s in self.settings or () if s.name == name), None)
        if found is None or found.default is REQUIRED:
            return False
        if isinstance(found.default, Fraction):
            return bool(value == float(found.default))
        return bool(value == found.default)
