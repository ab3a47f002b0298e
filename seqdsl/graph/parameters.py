"""The parameters of a network: their keys in a state_dict, their shapes, their order.

One layout serves every backend: keys follow the scope path, entries stand in dataflow order,
so a checkpoint does not depend on how a network is executed.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from functools import lru_cache
from math import prod

from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Role, Shapes
from seqdsl.source.frozen import frozen


@frozen
class Parameter:
    """One entry of the state_dict; float32."""

    key: str  # conv4.residual2.wseqconv1.group3.conv1.conv2d.weight
    shape: tuple[int, ...]
    role: Role
    node: Node

    @property
    def size(self) -> int:
        return prod(self.shape)


def layout(network: Network) -> Iterator[Parameter]:
    """Every parameter and buffer in state_dict order."""
    for node in network.nodes:
        shapes = parameter_shapes(network, node)
        if shapes:
            path = module_path(node)
            for role, shape in shapes:
                yield Parameter(f"{path}.{role.value}", shape, role, node)


def size(network: Network) -> int:
    """The bytes of all parameters and buffers."""
    shapes = (shape for node in network.nodes for _, shape in parameter_shapes(network, node))
    return 4 * sum(map(prod, shapes))


def parameter_shapes(network: Network, node: Node) -> Shapes:
    """A node's parameters in order; empty for an operation without any."""
    operands = [network.nodes[index].type for index in node.operands]
    return node.operation.parameters(node.type, operands)


def module_path(node: Node) -> str:
    """A node's path as torch spells it, each part a safe attribute name."""
    return ".".join(map(attribute_name, node.path.split("/")))


@lru_cache(maxsize=4096)  # a network has few names, each in many places
def attribute_name(name: str) -> str:
    """A name of a `.seq` file as an attribute of a torch module.

    What Python or ``torch.nn.Module`` already uses gets an underscore behind it, a private name a
    letter in front. No two names become one: ``train_`` and ``u_x`` make way.
    """
    if _PRIVATE.match(name):
        return f"u{name}"
    plain = name.rstrip("_")
    return f"{name}_" if keyword.iskeyword(plain) or plain in _MODULE_ATTRIBUTES else name


_PRIVATE = re.compile("u*_")

# Public attributes of torch.nn.Module (a test holds this list against torch's own).
_MODULE_ATTRIBUTES = frozenset(
    {
        "T_destination", "add_module", "apply", "bfloat16", "buffers", "call_super_init",
        "children", "compile", "cpu", "cuda", "double", "dump_patches", "eval", "extra_repr",
        "float", "forward", "get_buffer", "get_extra_state", "get_parameter", "get_submodule",
        "half", "ipu", "load_state_dict", "modules", "mtia", "named_buffers", "named_children",
        "named_modules", "named_parameters", "parameters", "register_backward_hook",
        "register_buffer", "register_forward_hook", "register_forward_pre_hook",
        "register_full_backward_hook", "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook", "register_load_state_dict_pre_hook",
        "register_module", "register_parameter", "register_state_dict_post_hook",
        "register_state_dict_pre_hook", "requires_grad_", "set_extra_state", "set_submodule",
        "share_memory", "state_dict", "to", "to_empty", "train", "training", "type", "xpu",
        "zero_grad", "self", "torch", "nn",
    }
)  # fmt: skip
