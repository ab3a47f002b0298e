"""What timm expects of a network's class: a head apart, a classifier to replace, its stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod

from seqdsl.backends.inputs.preprocessing import preset, usual
from seqdsl.backends.torch.expressions import expression, nests
from seqdsl.backends.torch.plan import Item, Module
from seqdsl.backends.torch.steps import Step, is_stateful
from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import attribute_name, module_path
from seqdsl.graph.scope import ScopeKind
from seqdsl.passes.receptive import receptive_fields

_NAMES = frozenset(
    {
        "num_classes", "num_features", "feature_info", "pretrained_cfg", "default_cfg",
        "forward_features", "forward_head", "get_classifier", "reset_classifier",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Method:
    """A method that runs steps, from the inputs of a module to its outputs: its name, further
    parameters, and how its body begins.
    """

    module: Module
    steps: tuple[Step, ...]
    name: str = "forward"
    options: str = ""
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Habits:
    """What the class of a network has besides its parts, as lines of Python."""

    constructor: tuple[str, ...] = ()  # the last lines of it
    methods: tuple[Method, ...] = ()  # that run the network or parts of it
    others: tuple[tuple[str, ...], ...] = ()  # whole methods
    counts: bool = False  # whether norms count their steps


def habits_of(network: Network, root: Module, steps: Sequence[Step]) -> Habits:
    """Return what the class of a network has; ``root`` is the module that is planned for it, and
    ``steps`` are what that does.

    Logits that no linear layer gives come from no classifier; there is no head then, and none
    beside a further output. Where a part of the network bears one of timm's names, none is given.
    """
    normed = any(isinstance(node.operation, ops.BatchNorm) for node in network.nodes)
    counting = _COUNTERS if normed else ()
    whole = Method(root, tuple(steps))
    if _NAMES.intersection(_attribute(item) for item in (*root.held, *root.items)):
        return Habits(counting, (whole,), counts=normed)
    classifier = root.network.nodes[root.outputs[0]]
    if not isinstance(classifier.operation, ops.Linear):
        attributes = (*_feature_info(root, steps), *_configuration(network, None))
        return Habits((*attributes, *counting), (whole,), counts=normed)
    classes = f"self.num_classes = {classifier.type.channels}"
    configuration = _configuration(network, classifier)
    replacing = _replacing(root.network, classifier)
    split = _split(root, steps, classifier)
    bypass = _before(split[1], classifier) if split else None
    if split is None or bypass is None:
        attributes = (classes, *_feature_info(root, steps), *configuration)
        return Habits((*attributes, *counting), (whole,), replacing, normed)
    features, head = split
    channels = root.network.nodes[head.module.inputs[0]].type.channels
    classes = f"self.num_classes, self.num_features = {classifier.type.channels}, {channels}"
    attributes = (classes, *_feature_info(root, features.steps), *configuration)
    methods = (features, replace(head, first=bypass))
    return Habits((*attributes, *counting), methods, (_FORWARD, *replacing), normed)


_COUNTERS = (
    "self.register_state_dict_post_hook(omit_counters)",
    "self.register_load_state_dict_post_hook(excuse_counters)",
)
_FORWARD = (
    "def forward(self, x: Tensor) -> Tensor:",
    "    return self.forward_head(self.forward_features(x))",
)


def _attribute(item: Item) -> str:
    return attribute_name(item.scope.name if isinstance(item, Module) else item.name)


def _feature_info(root: Module, steps: Sequence[Step]) -> Iterator[str]:
    """The stages among some steps that give one map each, until one is upsampled."""
    fields, last = receptive_fields(root.network), 1
    found: list[str] = []
    for item in (module for step in steps for module in step.modules):
        if item.scope.kind is not ScopeKind.STAGE:
            continue
        field = fields[item.outputs[0]] if len(item.outputs) == 1 else None
        if field is None or field[0].stride != field[1].stride:
            continue
        reduction = field[0].stride
        if reduction < last:
            break
        last = int(reduction)
        width = root.network.nodes[item.outputs[0]].type.channels
        info = f'"num_chs": {width}, "reduction": {last}, "module": "{_attribute(item)}"'
        found.append(f"{{{info}}}")
    if found:
        yield f"self.feature_info = [{', '.join(found)}]"


def _configuration(network: Network, classifier: Node | None) -> Iterator[str]:
    """How an input is made, as `preprocessing` says where nothing is recorded, and where the
    layers are that another number of classes or channels would change.
    """
    type, training = network.input.type, network.training
    entries = {"input_size": repr(type.shape)}
    given = preset(training.recipe or "", type) if training else None
    chosen = given or usual(type)[1]
    if chosen.misfit(type) is None:
        repeats = type.channels // len(chosen.mean)  # grey is repeated
        entries["interpolation"] = f'"{chosen.interpolation}"'
        entries["mean"], entries["std"] = repr(chosen.mean * repeats), repr(chosen.std * repeats)
        if isinstance(chosen.crop, float):
            entries["crop_pct"] = repr(chosen.crop)
        else:
            entries |= {"crop_pct": "1.0", "crop_mode": '"squash"'}
    if classifier:
        entries["num_classes"] = str(classifier.type.channels)
        entries["classifier"] = f'"{module_path(classifier)}"'
    readers = [node for node in network.nodes if network.input.index in node.operands]
    if len(readers) == 1 and isinstance(readers[0].operation, ops.Conv2d):
        entries["first_conv"] = f'"{module_path(readers[0])}"'
    parts = (f'"{name}": {value}' for name, value in entries.items())
    yield f"self.pretrained_cfg = self.default_cfg = {{{', '.join(parts)}}}"


def _replacing(network: Network, classifier: Node) -> tuple[tuple[str, ...], ...]:
    """``get_classifier`` and ``reset_classifier``."""
    path, operation = f"self.{module_path(classifier)}", classifier.operation
    assert isinstance(operation, ops.Linear)
    features = network.nodes[classifier.operands[0]].type.elements
    bias = "" if operation.bias else ", bias=False"
    pools = any(_pools(node) for node in _chain(network, classifier)[1])
    accepted = '(None, "avg")' if pools else '(None, "")'
    return (
        ("def get_classifier(self) -> nn.Module:", f"    return {path}"),
        (
            "def reset_classifier(self, num_classes: int, global_pool=None) -> None:",
            f"    if global_pool not in {accepted}:",
            '        raise ValueError(f"the pool cannot be changed to {global_pool}")',
            "    self.num_classes, like = num_classes, next(self.parameters())",
            f"    new = nn.Linear({features}, num_classes{bias}) if num_classes else nn.Identity()",
            f"    {path} = new.to(like.device, like.dtype)",
        ),
    )


def _pools(node: Node) -> bool:
    return isinstance(node.operation, ops.GlobalAveragePool | ops.AvgPool)


def _chain(network: Network, classifier: Node) -> tuple[int, list[Node]]:
    """The features that a classifier reads, and what is between them and its logits.

    Features are the last map of more than one pixel, or what more than one node reads.
    """
    chain = [classifier]
    while True:
        index = chain[-1].operands[0]
        node = network.nodes[index]
        if prod(node.type.spatial) > 1 or len(node.operands) != 1 or network.readers[index] > 1:
            return index, chain[::-1]
        chain.append(node)


def _split(root: Module, steps: Sequence[Step], classifier: Node) -> tuple[Method, Method] | None:
    """The steps of a network in two: those that make features, and the head, which reads them.

    None where the head reads more than one map or the input itself, or gives more than logits.
    """
    network = root.network
    chain = {node.index for node in _chain(network, classifier)[1]}
    inside = [{node.index for item in _items(step) for node in _nodes(item)} for step in steps]
    at = next(
        i for i, own in enumerate(inside) if classifier.index in own or (own and own <= chain)
    )
    head = tuple(steps[at:])
    read = {i for step in head for i in step.reads} - {i for step in head for i in step.gives}
    if len(root.outputs) > 1 or len(read) > 1 or network.input.index in read:
        return None
    first = Module(root.scope, network, inputs=root.inputs, outputs=[*read])
    last = Module(root.scope, network, inputs=[*read], outputs=root.outputs)
    return (
        Method(first, tuple(steps[:at]), "forward_features"),
        Method(last, head, "forward_head", ", pre_logits: bool = False"),
    )


def _before(head: Method, classifier: Node) -> tuple[str, ...] | None:
    """What a head does before its classifier, as the lines that return it where it is asked for.

    None where that is no chain.
    """
    network, (value,), x = head.module.network, head.module.inputs, "x"
    lines: list[str] = []
    items = [item for step in head.steps for item in _items(step)]
    for path, item in _until(items, "self.", classifier):
        if list(_inputs(item)) != [value] or len(_outputs(item)) != 1:
            return None
        if isinstance(item, Node) and isinstance(item.operation, ops.Aggregate):
            return None
        (value,) = _outputs(item)
        if not nests(x):
            lines, x = [*lines, f"    x = {x}"], "x"
        if isinstance(item, Module):
            x = f"{path}{_attribute(item)}({x})"
        else:
            own = expression(item, [x], network)
            x = own.replace("self.", path, 1) if is_stateful(item) else own
    if value != classifier.operands[0]:
        return None
    flat = ".flatten(1)" if network.nodes[value].type.spatial else ""
    if flat and not x.endswith((")", "x")):
        lines, x = [*lines, f"    x = {x}"], "x"
    return ("if pre_logits:", *lines, f"    return {x}{flat}")


def _items(step: Step) -> Sequence[Item]:
    """What a step runs; groups that an aggregation holds are in its own step."""
    if isinstance(step.part, Node):
        return [step.part]
    return step.modules if step.reads else []


def _until(items: Iterable[Item], path: str, classifier: Node) -> Iterator[tuple[str, Item]]:
    """The items before a classifier, down into the modules around it, each with where it is."""
    for item in items:
        if item is classifier:
            return
        if isinstance(item, Module) and item.scope in classifier.scope.ancestry():
            yield from _until(item.items, f"{path}{_attribute(item)}.", classifier)
            return
        yield path, item


def _nodes(item: Item) -> Iterator[Node]:
    if isinstance(item, Node):
        yield item
    else:
        for inner in item.items:
            yield from _nodes(inner)


def _inputs(item: Item) -> Iterable[int]:
    return item.inputs if isinstance(item, Module) else item.operands


def _outputs(item: Item) -> list[int]:
    return item.outputs if isinstance(item, Module) else [item.index]
