"""The verifier names every fault that is put into a graph, and finds none in those we make."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aggregating import aggregating
from commands import seqdsl_command
from hypothesis import given, settings
from networks import ARCHITECTURES, EVERYTHING, ROOT, compiled
from programs import programs
from test_aggregations import network_of

from seqdsl import Network
from seqdsl.graph import operations as ops
from seqdsl.graph.aggregations import Aggregation, Group
from seqdsl.graph.contract import Pass, rewrite, verify_each
from seqdsl.graph.network import Output
from seqdsl.graph.problem import MalformedGraph
from seqdsl.graph.pruning import PRUNE
from seqdsl.graph.segment import Segment
from seqdsl.graph.tensor import TensorType
from seqdsl.graph.verify import ALL, Invariant, verify
from seqdsl.passes.check import check_program
from seqdsl.passes.schedule.choose import choose
from seqdsl.passes.schedule.lower import lower, lowering
from seqdsl.passes.schedule.recipes import Scheduled, Selection, Weights
from seqdsl.passes.schedule.strategy import Strategy
from seqdsl.passes.schedule.verify_recipes import problems_of_recipes
from seqdsl.passes.schedule.widen import WIDEN, widen
from seqdsl.semantic.names.modules import load_program
from seqdsl.source.diagnostic import has_errors
from seqdsl.source.text import Source

FILES = [*sorted(ARCHITECTURES.glob("*.seq")), *sorted((ROOT / "examples").rglob("*.seq"))]
FEW = settings(max_examples=40)

TEXT = """network N {
  input 4x8x8
  stage s {
    conv 3x3, 4
    aggregate i in 1..3, window=last(2) { conv 3x3, 4 }
  }
  output middle
  conv 1x1, 8
  conv2d 3x3, 8, groups=2, bias=true
}"""
PATHS = {
    "conv": "s/conv1/conv2d",
    "norm": "s/conv1/batch_norm",
    "second": "s/group2/conv1/conv2d",
    "last": "conv2d",
}


@pytest.fixture
def network(tmp_path: Path) -> Network:
    found = compiled(tmp_path, TEXT)
    assert verify(found) == []
    return found


def at(network: Network, path: str) -> int:
    return next(node.index for node in network.nodes if node.path == PATHS.get(path, path))


def with_node(network: Network, path: str, **fields: Any) -> Network:
    """The network with one node that differs in some fields."""
    index = at(network, path)
    nodes = list(network.nodes)
    nodes[index] = replace(nodes[index], **fields)
    return replace(network, nodes=tuple(nodes))


def with_scope(network: Network, path: str, **fields: Any) -> Network:
    node = network.nodes[at(network, path)]
    return with_node(network, path, scope=replace(node.scope, **fields))


def with_aggregation(network: Network, **fields: Any) -> Network:
    (found,) = network.aggregations
    return replace(network, aggregations=(replace(found, **fields),))


def with_turn(network: Network, number: int, **fields: Any) -> Network:
    turns = list(network.aggregations[0].turns)
    turns[number - 1] = replace(turns[number - 1], **fields)
    return with_aggregation(network, turns=tuple(turns))


def with_operation(network: Network, path: str, **fields: Any) -> Network:
    operation: Any = network.nodes[at(network, path)].operation
    return with_node(network, path, operation=replace(operation, **fields))


def with_type(network: Network, path: str, **fields: Any) -> Network:
    return with_node(network, path, type=replace(network.nodes[at(network, path)].type, **fields))


def leaving(network: Network, path: str, type: TensorType | None) -> Network:
    scope = next(scope for scope in network.leaving if scope.path == path)
    kept = {s: t for s, t in network.leaving.items() if s is not scope or type is not None}
    return replace(network, leaving=kept if type is None else {**kept, scope: type})


def first_result(network: Network) -> Aggregation:
    return network.aggregations[0]


# name: (what it does to the network, what the verifier says of it)
FAULTS: dict[str, tuple[Callable[[Network], Network], str]] = {
    "an index": (
        lambda n: with_node(n, "norm", index=9),
        r"s/conv1/batch_norm \(%9\): its index is 9, and its position 2",
    ),
    "an operand that comes later": (
        lambda n: with_node(n, "norm", operands=(7,)),
        r"s/conv1/batch_norm \(%2\): operand 0 is %7, which is no node before it",
    ),
    "an operand below zero": (lambda n: with_node(n, "norm", operands=(-1,)), "operand 0 is %-1"),
    "an operand too many": (
        lambda n: with_node(n, "norm", operands=(1, 0)),
        "a batch_norm with 2 operands",
    ),
    "no operand": (lambda n: with_node(n, "norm", operands=()), "a batch_norm with 0 operands"),
    "a second input": (
        lambda n: with_node(n, "norm", operation=ops.Input(), operands=()),
        "the first node, and no other, is the input",
    ),
    "no nodes": (lambda n: replace(n, nodes=()), "N: it has no nodes"),
    "the output": (lambda n: replace(n, output=99), r"the output is %99, and there are \d+ nodes"),
    "a further output": (
        lambda n: replace(n, further=(Output("middle", -1),)),
        "the output 'middle' is %-1",
    ),
    "an output's name": (
        lambda n: replace(n, further=(*n.further, *n.further)),
        "the name 'middle' is of 2 outputs",
    ),
    "a name of the network's own": (
        lambda n: replace(n, further=(Output("logits", 3),)),
        "the name 'logits' is of 2 outputs",
    ),
    "a width": (
        lambda n: with_operation(n, "last", width=16),
        r"conv2d \(%\d+\): its type is 8x8x8, and 16x8x8 is inferred",
    ),
    "a spatial size": (
        lambda n: with_type(n, "last", spatial=(7, 8)),
        "its type is 8x7x8, and 8x8x8 is inferred",
    ),
    "channels that are not the groups'": (
        lambda n: with_type(n, "last", groups=(4, 3)),
        r"its type has 8 channels in groups of \(4, 3\)",
    ),
    "a hierarchy": (
        lambda n: with_type(n, "last", groups=(3, 5)),
        r"its groups are \(3, 5\), and \(8,\) inferred",
    ),
    "operands that don't fit": (
        lambda n: with_operation(n, "last", groups=3),
        "its operands don't fit: 8 input channels can't be divided into 3 groups",
    ),
    "a name": (lambda n: with_node(n, "norm", name="conv2d"), "another node has its path"),
    "an empty name": (lambda n: with_node(n, "norm", name=""), "its name is ''"),
    "a scope's name": (
        lambda n: with_node(n, "last", name="s"),
        r"s \(%\d+\): a scope has its path",
    ),
    "a scope's path": (
        lambda n: with_scope(n, "norm", name="c"),
        "scope s/conv1: it is in s",
    ),
    "a scope's depth": (lambda n: with_scope(n, "norm", depth=7), "scope s/conv1: it is in s"),
    "two scopes of one path": (
        lambda n: with_scope(n, "norm", label="c"),
        "scope s/conv1: another scope has its path",
    ),
    "a scope in none": (
        lambda n: with_scope(n, "norm", parent=None),
        "scope s/conv1: it is in no scope, and not the root",
    ),
    "a turn": (lambda n: with_scope(n, "norm", repeat=(3, 2)), r"its turn is \(3, 2\)"),
    "what leaves a scope": (
        lambda n: leaving(n, "s/conv1", None),
        "scope s/conv1: what leaves it is not recorded",
    ),
    "what leaves a scope has no type": (
        lambda n: leaving(n, "s/conv1", TensorType(4, (8, 0), (4,))),
        r"what leaves it has the shape \(4, 8, 0\)",
    ),
    "what leaves the network": (
        lambda n: leaving(n, "", TensorType(9, (8, 8), (9,))),
        "scope N: 9x8x8 leaves it, and the output is 8x8x8",
    ),
    "an operation that only a pass makes": (
        lambda n: with_node(n, "norm", operation=ops.Raw()),
        "its|a raw, which only a pass makes",
    ),
    "a node that nothing reads": (
        lambda n: replace(n, output=n.nodes[n.output].operands[0]),
        r"conv2d \(%\d+\): no output reads it",
    ),
    "a group of no aggregation": (
        lambda n: replace(n, aggregations=()),
        "scope s/group1: it is a group of no aggregation",
    ),
    "a group of two aggregations": (
        lambda n: replace(n, aggregations=n.aggregations * 2),
        "aggregation s/aggregate1: another aggregation has its path|group1 is of",
    ),
    "an aggregation without groups": (lambda n: with_aggregation(n, turns=()), "it has no groups"),
    "a segment of no node": (
        lambda n: with_aggregation(n, result=(Segment(99, 0, 12),)),
        "the result is channels 0..12 of %99, which there are not",
    ),
    "a segment beyond its node": (
        lambda n: with_turn(n, 1, gives=Group(9, (Segment(at(n, "conv"), 0, 9),))),
        "x1 is channels 0..9 of %1, which there are not",
    ),
    "a group narrower than its segments": (
        lambda n: with_turn(n, 1, gives=replace(first_result(n).turns[0].gives, width=3)),
        "x1 is 3 channels wide, and holds 4",
    ),
    "a group's width": (
        lambda n: with_turn(n, 1, gives=replace(first_result(n).turns[0].gives, width=5)),
        "group1: it gives 5 channels, and 4x8x8 leaves it",
    ),
    "an offset before the first group": (
        lambda n: with_turn(n, 1, sees=(2,)),
        r"group1: it sees the offsets \(2,\) of 1 groups",
    ),
    "a window that shows less": (
        lambda n: with_turn(n, 3, sees=(2,)),
        "group3: it reads s/group2/conv1/relu, which its window does not show",
    ),
    "a group that is not read": (
        lambda n: with_turn(n, 2, is_read=False),
        "group2: it is not read, and has 3 nodes",
    ),
    "what a group gives": (
        lambda n: with_turn(n, 1, gives=first_result(n).turns[1].gives),
        "group1: it gives s/group2/conv1/relu, and neither makes nor sees it",
    ),
    "a turn of another aggregation": (
        lambda n: with_aggregation(n, scope=n.root),
        "it is no group in the network",
    ),
    "turns in another order": (
        lambda n: with_aggregation(n, turns=first_result(n).turns[::-1]),
        r"group3: its turn is \(3, 3\), and it is 1 of 3",
    ),
    "a result's width": (
        lambda n: with_aggregation(n, type=TensorType(13, (8, 8), (13,))),
        "its result is 13x8x8, and what is kept 12 channels",
    ),
    "a result's order": (
        lambda n: with_aggregation(n, result=first_result(n).result[::-1]),
        "its result is not what is kept, in that order",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named(network: Network, fault: str) -> None:
    make, sentence = FAULTS[fault]
    found = [str(problem) for problem in verify(make(network))]
    assert any(re.search(sentence, each) for each in found), found


def test_every_invariant_is_broken_by_a_fault(network: Network) -> None:
    broken = {
        invariant
        for make, _ in FAULTS.values()
        for invariant in Invariant
        if verify(make(network), frozenset({invariant}))
    }
    assert broken | {Invariant.PARAMETERS} == ALL


def test_parameters_of_one_key(network: Network) -> None:
    """`conv` and a name with its spelling of torch's words would be one attribute."""
    again = with_node(network, "last", name="conv2d2", operation=ops.BatchNorm(1e-5, 0.1))
    last = again.nodes[-1]
    twin = replace(last, name="batch_norm", index=len(again.nodes), operands=(last.index,))
    alike = replace(again, nodes=(*again.nodes[:-1], replace(last, name="batch_norm"), twin))
    found = [str(each) for each in verify(alike, frozenset({Invariant.PARAMETERS}))]
    assert len(found) == 4 and "another parameter has the key batch_norm.weight" in found[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_our_networks_are_well_formed(path: Path) -> None:
    built, _ = check_program(load_program(Source(str(path), path.read_text()), path))
    for instance in built:
        if instance.network is not None and not has_errors(instance.diagnostics):
            assert verify(instance.network) == []


def hold_contracts(network: Network) -> None:
    """Each pass keeps what it says: calling one verifies it, here as in every test."""
    assert verify(network) == []
    widen(network)
    for strategy in Strategy:
        for fold in (True, False):
            lower(network, choose(network, strategy), fold=fold)


@FEW
@given(text=aggregating() | programs())
def test_random_networks_are_well_formed_after_every_pass(text: str) -> None:
    hold_contracts(network_of(text))


def test_a_network_of_every_operation_is_well_formed_after_every_pass(tmp_path: Path) -> None:
    hold_contracts(compiled(tmp_path, EVERYTHING))


# Passes


def test_a_pass_that_breaks_its_contract_is_named(network: Network) -> None:
    wrong = rewrite("forgetting", lambda n: with_type(n, "last", spatial=(7, 8)))
    with pytest.raises(MalformedGraph) as raised:
        wrong(network)
    problem, other = raised.value.problems
    message = raised.value.diagnostic.message
    assert message == f"the graph of N is malformed after forgetting: {problem}, and 1 more"
    assert "8x8x8 leaves it, and the output is 8x7x8" in str(other)
    assert raised.value.diagnostic.code.id == "SEQ901"
    assert problem.span.text.startswith("conv2d 3x3")


def test_a_pass_is_held_to_what_it_keeps_alone(network: Network) -> None:
    forgets = lambda n: replace(n, leaving={})  # noqa: E731
    keeps_less = rewrite(
        "forgetting", forgets, keeps=ALL - {Invariant.LEAVING, Invariant.AGGREGATIONS}
    )
    assert keeps_less(network).leaving == {}
    with pytest.raises(MalformedGraph, match="after forgetting"):
        rewrite("forgetting", forgets, keeps=frozenset({Invariant.LEAVING}))(network)


@pytest.mark.parametrize("made", [PRUNE, WIDEN, lowering({})], ids=lambda made: made.name)
def test_a_pass_gets_what_it_needs(network: Network, made: Pass[Any]) -> None:
    wrong = with_type(network, "last", spatial=(7, 8))
    with pytest.raises(MalformedGraph, match=f"after the pass before {made.name}"):
        made(wrong)


def test_the_groups_that_widening_makes_one_are_read(tmp_path: Path) -> None:
    wide = widen(compiled(tmp_path, TEXT))
    (index,) = [node.index for node in wide.nodes if isinstance(node.operation, ops.Aggregate)]
    node = wide.nodes[index]
    faults: Mapping[str, ops.Operation] = {
        "group1 reads from channel 4 on, of 4": ops.Aggregate(("group1",), (4,)),
        "2 groups, 1 windows": ops.Aggregate(("group1", "group2"), (0,)),
    }
    for sentence, operation in faults.items():
        type = node.type if sentence.startswith("2") else TensorType(4, (8, 8), (4,))
        nodes = list(wide.nodes)
        nodes[index] = replace(node, operation=operation, type=type)
        found = verify(replace(wide, nodes=tuple(nodes)), WIDEN.keeps)
        assert sentence in str(found[0])
    raw = next(each for each in wide.nodes if isinstance(each.operation, ops.Raw))
    nodes = list(wide.nodes)
    nodes[raw.index] = replace(raw, operands=(0,))
    found = verify(replace(wide, nodes=tuple(nodes)), WIDEN.keeps)
    assert "it is the raw face of input, a input" in str(found[0])


# Recipes


@pytest.fixture
def scheduled(network: Network) -> Scheduled:
    made = lower(network, choose(network, Strategy.BLOCKED))
    assert [*problems_of_recipes(made)] == []
    return made


def broken(scheduled: Scheduled, kind: type, **fields: Any) -> Scheduled:
    """With one recipe of a kind that differs in some fields."""
    index, recipe = next((i, r) for i, r in scheduled.recipes.items() if isinstance(r, kind))
    return replace(scheduled, recipes={**scheduled.recipes, index: replace(recipe, **fields)})


RECIPES: dict[str, tuple[Callable[[Scheduled], Scheduled], str]] = {
    "a recipe that is missing": (
        lambda s: replace(s, recipes=dict([*s.recipes.items()][1:])),
        "a conv2d with the recipe None",
    ),
    "a weight's shape": (lambda s: broken(s, Weights, shape=(1, 1, 1, 1)), "its recipe makes"),
    "biases": (lambda s: broken(s, Weights, bias=(Segment(1, 0, 1),)), "biases, and its recipe"),
    "a selection": (lambda s: broken(s, Selection, stop=99), "it selects 0..99"),
    "an origin": (
        lambda s: replace(s, origins={**s.origins, 1: Segment(1, 0, 99)}),
        "which the definition does not have",
    ),
    "an origin's width": (
        lambda s: replace(s, origins={**s.origins, 1: Segment(1, 0, 1)}),
        "it has 4 channels, and gives",
    ),
    "a fold": (lambda s: replace(s, folded={1: 1}), "it is folded into s/conv1/conv2d"),
}


@pytest.mark.parametrize("fault", RECIPES)
def test_a_fault_of_a_recipe_is_named(scheduled: Scheduled, fault: str) -> None:
    make, sentence = RECIPES[fault]
    found = [str(problem) for problem in problems_of_recipes(make(scheduled))]
    assert any(sentence in each for each in found), found


# The flag


WRONG = replace(PRUNE, run=lambda network: replace(network, output=99))


@pytest.mark.parametrize(
    "command", ["check net.seq", "stats net.seq", "build net.seq -o net.py", "expand net.seq"]
)
def test_a_malformed_graph_is_our_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("seqdsl.semantic.expansion.expand.PRUNE", WRONG)
    (tmp_path / "net.seq").write_text(TEXT)
    done = seqdsl_command("--verify-each", *command.split())
    assert done.code == 70 and not done.out, done.err
    assert "error[SEQ901]: the graph of N is malformed after pruning: N: the output is" in done.err
    assert "please report it" in done.err and "--> net.seq:1:9" in done.err
    assert done.err.count("SEQ901") == 1


def test_verifying_each_pass_is_a_choice(tmp_path: Path) -> None:
    """The suite's own fixture is what holds each pass to its contract in these tests."""
    network = compiled(tmp_path, TEXT)
    wrong = rewrite("forgetting", lambda n: replace(n, output=99))
    with verify_each(), pytest.raises(MalformedGraph):
        wrong(network)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seqdsl.graph.contract._VERIFIES_EACH", type("Off", (), {"get": bool}))
        assert wrong(network).output == 99
