"""The operations that a node can be: a frozen dataclass each, in the file of its family.

Spatial attributes are ``(height, width)`` pairs, in elements.
"""

from seqdsl.graph.operations import (
    activation,
    channels,
    convolution,
    elementwise,
    given,
    norm,
    pooling,
)
from seqdsl.graph.operations.activation import *
from seqdsl.graph.operations.base import Enlargement as Enlargement
from seqdsl.graph.operations.base import Face as Face
from seqdsl.graph.operations.base import Family as Family
from seqdsl.graph.operations.base import Operation as Operation
from seqdsl.graph.operations.base import Pair as Pair
from seqdsl.graph.operations.base import Role as Role
from seqdsl.graph.operations.base import Setting as Setting
from seqdsl.graph.operations.base import Shapes as Shapes
from seqdsl.graph.operations.base import TypeProblem as TypeProblem
from seqdsl.graph.operations.base import Window as Window
from seqdsl.graph.operations.channels import *
from seqdsl.graph.operations.convolution import *
from seqdsl.graph.operations.elementwise import *
from seqdsl.graph.operations.given import *
from seqdsl.graph.operations.norm import *
from seqdsl.graph.operations.pooling import *

# Every operation; each backend has a row for each of them.
OPERATIONS: tuple[type[Operation], ...] = (
    *given.OPERATIONS,
    *convolution.OPERATIONS,
    *norm.OPERATIONS,
    *activation.OPERATIONS,
    *pooling.OPERATIONS,
    *elementwise.OPERATIONS,
    *channels.OPERATIONS,
)
