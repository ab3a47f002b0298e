"""Proves that a network is well-formed, so that a mistake of a pass is found where it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum

from seqdsl.graph import operations as ops
from seqdsl.graph.inference import infer
from seqdsl.graph.liveness import live
from seqdsl.graph.network import OWN_NAMES, Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Role, TypeProblem
from seqdsl.graph.parameters import layout
from seqdsl.graph.problem import Problem
from seqdsl.graph.scope import Scope, ScopeKind, closure
from seqdsl.graph.tensor import TensorType, boundaries
from seqdsl.graph.verify_aggregations import problems_of_aggregations


class Invariant(Enum):
    """What can be proved of a network. Dataflow and outputs are proved of every network."""

    DATAFLOW = "dataflow"  # a node's index is its place, and what it reads comes before it
    OUTPUTS = "outputs"  # they are nodes, under names of their own
    SHAPES = "shapes"  # each is what the operation makes of its operands' shapes
    GROUPS = "groups"  # the hierarchy of channels is one that the operation can give
    PATHS = "paths"  # no two nodes share one
    NAMES = "names"  # no node has the path of a scope
    SCOPES = "scopes"  # they are a tree, whose root is the network's
    LEAVING = "leaving"  # each scope gives a type, and the root that of the output
    AGGREGATIONS = "aggregations"  # records agree with the nodes
    PARAMETERS = "parameters"  # each key is one parameter's, and costs count the same
    LIVENESS = "liveness"  # an output reads every node
    DEFINITION = "definition"  # every operation is one that a source can name


ALL = frozenset(Invariant)


def verify(network: Network, invariants: frozenset[Invariant] = ALL) -> list[Problem]:
    """Each way in which a network breaks an invariant, those of its dataflow first.

    Where the dataflow or an output is broken, nothing else is looked at, since all else relies on
    them.
    """
    found = [*_dataflow(network), *_outputs(network)]
    if found:
        return found
    for invariant, rule in _RULES.items():
        if invariant in invariants:
            found += rule(network)
    return found


def _of(node: Node, message: str) -> Problem:
    return Problem(f"{node.path} (%{node.index})", message, node.span)


def _whole(network: Network, message: str) -> Problem:
    return Problem(network.name, message, network.root.span)


def _dataflow(network: Network) -> Iterator[Problem]:
    if not network.nodes:
        yield _whole(network, "it has no nodes")
    for position, node in enumerate(network.nodes):
        if node.index != position:
            yield _of(node, f"its index is {node.index}, and its position {position}")
        for at, operand in enumerate(node.operands):
            if not 0 <= operand < position:
                yield _of(node, f"operand {at} is %{operand}, which is no node before it")
        least, most = _arity(node.operation)
        if not least <= len(node.operands) <= (len(node.operands) if most is None else most):
            yield _of(node, f"a {node.kind} with {len(node.operands)} operands")
        if isinstance(node.operation, ops.Input) != (position == 0):
            yield _of(node, "the first node, and no other, is the input")


def _arity(operation: ops.Operation) -> tuple[int, int | None]:
    """The least and the greatest number of operands; None for as many as there are."""
    match operation:
        case ops.Input():
            return 0, 0
        case _ if operation.several:
            return 1, None
        case ops.Aggregate():
            return 1, 2
        case _:
            return 1, 1


def _outputs(network: Network) -> Iterator[Problem]:
    count = len(network.nodes)
    for name, index in (("", network.output), *((o.name, o.index) for o in network.further)):
        if not 0 <= index < count:
            which = f"the output {name!r}" if name else "the output"
            yield _whole(network, f"{which} is %{index}, and there are {count} nodes")
    for name, times in Counter(output.name for output in network.further).items():
        if times > 1 or name in OWN_NAMES:
            yield _whole(network, f"the name {name!r} is of {times + (name in OWN_NAMES)} outputs")


# Types


def _shapes(network: Network) -> Iterator[Problem]:
    for node in network.nodes:
        reason = _inconsistency(node.type)
        if reason:
            yield _of(node, f"its type has {reason}")
            continue
        operands = [network.nodes[i].type for i in node.operands]
        if isinstance(node.operation, ops.Input):
            continue
        if isinstance(node.operation, ops.Aggregate):
            yield from (_of(node, each) for each in _layer(node.operation, node.type, operands))
            continue
        if isinstance(node.operation, ops.Raw):
            face = network.nodes[node.operands[0]]
            if not isinstance(face.operation, ops.Aggregate) or face.type != node.type:
                yield _of(node, f"it is the raw face of {face.path}, a {face.kind}: {face.type}")
            continue
        try:
            inferred = infer(node.operation, [_ungrouped(operand) for operand in operands])
        except TypeProblem as problem:
            yield _of(node, f"its operands don't fit: {problem.message}")
            continue
        if inferred.shape != node.type.shape:
            yield _of(node, f"its type is {node.type}, and {inferred} is inferred")


def _groups(network: Network) -> Iterator[Problem]:
    """Of nodes of the right shape. A source may group channels anew without an operation, so only
    joins and slices have to have the groups of what they read.
    """
    for node in network.nodes:
        if isinstance(node.operation, ops.Input | ops.Aggregate | ops.Raw):
            continue
        operands = [network.nodes[i].type for i in node.operands]
        inferred = _inferred(node.operation, operands)
        if inferred is None or inferred == node.type or inferred.shape != node.type.shape:
            continue
        if not isinstance(node.operation, ops.Concat | ops.Slice):
            finest = _inferred(node.operation, [_finest(operand) for operand in operands])
            possible = set() if finest is None else set(boundaries(finest.groups))
            if possible.issuperset(boundaries(node.type.groups)):
                continue
        yield _of(node, f"its groups are {node.type.groups}, and {inferred.groups} inferred")


def _inferred(operation: ops.Operation, operands: Sequence[TensorType]) -> TensorType | None:
    """The type of an operation; None where only its shape is known, or not even that."""
    try:
        return infer(operation, operands)
    except TypeProblem as problem:
        return problem.recovery if problem.code == "cuts-hierarchy" else None


def _finest(type: TensorType) -> TensorType:
    """Every channel a group."""
    return TensorType(type.channels, type.spatial, (1,) * type.channels)


def _ungrouped(type: TensorType) -> TensorType:
    return TensorType(type.channels, type.spatial, (type.channels,))


def _inconsistency(type: TensorType) -> str | None:
    if type.channels < 1 or any(size < 1 for size in type.spatial):
        return f"the shape {type.shape}"
    if len(type.spatial) not in (0, 2):
        return f"{len(type.spatial)} axes besides its channels"
    if sum(type.groups) != type.channels or any(group < 1 for group in type.groups):
        return f"{type.channels} channels in groups of {type.groups}"
    return None


def _layer(layer: ops.Aggregate, type: TensorType, operands: list[TensorType]) -> Iterator[str]:
    """What is wrong with an aggregation that is one operation (Eq. 1 and 2)."""
    if not len(layer.groups) == len(layer.starts) == len(type.groups):
        yield f"{len(layer.groups)} groups, {len(layer.starts)} windows, and a type of {type}"
        return
    if operands[0].spatial != type.spatial:
        yield f"it reads {operands[0]}, and gives {type}"
    if len(operands) > 1 and operands[1].shape != type.shape:
        yield f"its shortcut is {operands[1]}, and it gives {type}"
    known = operands[0].channels
    for name, start, width in zip(layer.groups, layer.starts, type.groups, strict=True):
        if not 0 <= start < known:
            yield f"{name} reads from channel {start} on, of {known}"
        known += width


# Names and scopes


def _paths(network: Network) -> Iterator[Problem]:
    known: set[str] = set()
    for node in network.nodes:
        if not node.name or "/" in node.name:
            yield _of(node, f"its name is {node.name!r}")
        if node.path in known:
            yield _of(node, "another node has its path")
        known.add(node.path)


def _names(network: Network) -> Iterator[Problem]:
    scopes = {scope.path for scope in _scopes_of(network)}
    return (_of(node, "a scope has its path") for node in network.nodes if node.path in scopes)


def _scopes(network: Network) -> Iterator[Problem]:
    names: set[tuple[Scope, str]] = set()
    for scope in _scopes_of(network):
        where = f"scope {scope.path or scope.name}"
        if scope is network.root:
            if scope.parent is not None or scope.kind is not ScopeKind.NETWORK:
                yield Problem(where, f"the root is a {scope.kind.value}", scope.span)
            continue
        if scope.parent is None:
            yield Problem(where, "it is in no scope, and not the root", scope.span)
            continue
        if scope.kind is ScopeKind.NETWORK:
            yield Problem(where, "it is a network, and not the root", scope.span)
        path = f"{scope.parent.path}/{scope.name}" if scope.parent.path else scope.name
        if (scope.path, scope.depth) != (path, scope.parent.depth + 1):
            yield Problem(where, f"it is in {scope.parent.path or 'the root'}", scope.span)
        if (scope.parent, scope.name) in names:
            yield Problem(where, "another scope has its path", scope.span)
        names.add((scope.parent, scope.name))
        turn = scope.repeat
        if (turn is None and scope.kind is ScopeKind.GROUP) or (
            turn is not None and not 1 <= turn[0] <= turn[1]
        ):
            yield Problem(where, f"its turn is {turn}", scope.span)


def _scopes_of(network: Network) -> list[Scope]:
    """The root, the scopes of nodes and claims, and those around them."""
    claims = (claim.scope for claim in network.claims)
    return closure([network.root, *(node.scope for node in network.nodes), *claims])


def _leaving(network: Network) -> Iterator[Problem]:
    for scope in closure(node.scope for node in network.nodes):
        type = network.leaving.get(scope)
        where = f"scope {scope.path or scope.name}"
        if type is None:
            yield Problem(where, "what leaves it is not recorded", scope.span)
        elif reason := _inconsistency(type):
            yield Problem(where, f"what leaves it has {reason}", scope.span)
        elif scope is network.root and type.shape != network.nodes[network.output].type.shape:
            given = network.nodes[network.output].type
            yield Problem(where, f"{type} leaves it, and the output is {given}", scope.span)


# Parameters, liveness, operations


def _parameters(network: Network) -> Iterator[Problem]:
    known: set[str] = set()
    trained = Counter[int]()
    for parameter in layout(network):
        node = parameter.node
        if parameter.key in known:
            yield _of(node, f"another parameter has the key {parameter.key}")
        known.add(parameter.key)
        if any(size < 1 for size in parameter.shape):
            yield _of(node, f"{parameter.key} has the shape {parameter.shape}")
        if parameter.role in (Role.WEIGHT, Role.BIAS):
            trained[node.index] += parameter.size
    for node, cost in zip(network.nodes, network.costs, strict=True):
        if trained[node.index] != cost.params:
            held = trained[node.index]
            yield _of(
                node, f"it holds {held:,} trained parameters, and {cost.params:,} are counted"
            )


def _liveness(network: Network) -> Iterator[Problem]:
    read = live(network.nodes, [network.output, *(output.index for output in network.further)])
    return (_of(node, "no output reads it") for node in network.nodes if node.index not in read)


def _definition(network: Network) -> Iterator[Problem]:
    for node in network.nodes:
        if isinstance(node.operation, ops.Aggregate | ops.Raw):
            yield _of(node, f"a {node.kind}, which only a pass makes")


_RULES: Mapping[Invariant, Callable[[Network], Iterator[Problem]]] = {
    Invariant.SHAPES: _shapes,
    Invariant.GROUPS: _groups,
    Invariant.SCOPES: _scopes,
    Invariant.PATHS: _paths,
    Invariant.NAMES: _names,
    Invariant.LEAVING: _leaving,
    Invariant.AGGREGATIONS: problems_of_aggregations,
    Invariant.PARAMETERS: _parameters,
    Invariant.LIVENESS: _liveness,
    Invariant.DEFINITION: _definition,
}
