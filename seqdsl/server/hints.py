"""Inlay hints and code lenses: shapes behind lines, budgets at stages and networks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types

from seqdsl.graph.claims import Claim
from seqdsl.graph.costs import ZERO, Cost
from seqdsl.graph.network import Network
from seqdsl.server.analysis import Analysis
from seqdsl.server.describe import budget, results, shape, short
from seqdsl.server.positions import position_of
from seqdsl.source.text import CODE, Span
from seqdsl.syntax import ast
from seqdsl.syntax.walk import bodies_of, statements

MAX_LENSES = 3  # networks that a lens tells of


def inlay_hints(analysis: Analysis, first: int, last: int) -> list[types.InlayHint]:
    """The hints of the lines from ``first`` to ``last``, which count from 1."""
    by_line: dict[int, list[types.InlayHint]] = {}
    for hint, line in (*_shapes(analysis), *_running(analysis)):
        if first <= line <= last:
            by_line.setdefault(line, []).append(hint)
    return [hint for line in sorted(by_line) for hint in by_line[line]]


def _shapes(analysis: Analysis) -> Iterator[tuple[types.InlayHint, int]]:
    """What leaves the last statement of each line."""
    lasting: dict[int, ast.Statement] = {}
    for body in bodies_of(analysis.module.syntax):
        for statement in statements(body):
            if isinstance(statement, ast.Call | ast.Let | ast.Output | ast.Aggregate):
                lasting[statement.span.line] = statement
    for line, statement in lasting.items():
        passages = analysis.passages(statement.span)
        if passages:
            tip = "\n".join(
                f"{shape(p.entry)} → {shape(p.result)}" for p in passages if p.entry is not None
            )
            yield _hint(analysis, line, f"→ {results(passages)}", tip), line


def _running(analysis: Analysis) -> Iterator[tuple[types.InlayHint, int]]:
    """At each stage, what the network has cost up to its end."""
    for item in analysis.module.syntax.items:
        if not isinstance(item, ast.Network):
            continue
        sums: dict[str, Cost] = {}
        for statement in item.body.statements:
            for network, cost in analysis.costs(statement.span):
                sums[network.name] = sums.get(network.name, ZERO) + cost
            if isinstance(statement, ast.Stage) and sums:
                network = _largest(analysis, sums)
                text = f"Σ {budget(sums[network.name])}{_share(network, sums[network.name])}"
                tip = "\n".join(f"{name}: {budget(cost)}" for name, cost in sums.items())
                line = statement.span.line
                yield _hint(analysis, line, text, f"up to the end of this stage\n{tip}"), line


def _largest(analysis: Analysis, sums: dict[str, Cost]) -> Network:
    """The network of several whose budget a hint has room for."""
    networks = [network for network in analysis.networks if network.name in sums]
    return max(networks, key=lambda network: network.params)


def _share(network: Network, cost: Cost) -> str:
    """How much of a claimed number of parameters is spent."""
    claim = _claimed_params(network)
    if claim is None:
        return ""
    whole = claim.quantity.value * 1000 ** (" KMGT".index(claim.quantity.suffix or " "))
    return f" ({float(100 * cost.params / whole):.0f} % of {claim.quantity.text})" if whole else ""


def _claimed_params(network: Network) -> Claim | None:
    own = (c for c in network.claims if c.metric == "params" and c.scope.parent is None)
    return next(own, None)


def _hint(analysis: Analysis, line: int, text: str, tip: str) -> types.InlayHint:
    source = analysis.source
    code = re.match(CODE, source.line_text(line))
    end = len(code[0].rstrip()) if code is not None else 0
    position = position_of(source, source.line_start(line) + end)
    return types.InlayHint(
        position, text, kind=types.InlayHintKind.Type, tooltip=tip or None, padding_left=True
    )


def code_lenses(analysis: Analysis) -> list[types.CodeLens]:
    """``params / MACs`` above each network, model and stage."""
    lenses: list[types.CodeLens] = []
    for item in analysis.module.syntax.items:
        match item:
            case ast.Model() | ast.Derived():
                lenses += _lens(item.name_span, _of_networks(analysis, item))
            case ast.Network():
                lenses += _lens(item.name_span, _of_networks(analysis, item))
                for statement in item.body.statements:
                    if isinstance(statement, ast.Stage):
                        costs = [(n.name, c) for n, c in analysis.costs(statement.span)]
                        lenses += _lens(statement.span, costs)
            case _:
                pass
    return lenses


def _of_networks(
    analysis: Analysis, item: ast.Network | ast.Derived | ast.Model
) -> list[tuple[str, Cost]]:
    """The costs of a definition: its own, or those of the models that bind it."""
    models = {
        model.name
        for model in analysis.module.syntax.items
        if isinstance(model, ast.Model) and model.network == item.name
    }
    return [(n.name, n.cost) for n in analysis.networks if n.name == item.name or n.name in models]


def _lens(span: Span, costs: list[tuple[str, Cost]]) -> list[types.CodeLens]:
    if not costs:
        return []
    distinct = list(dict.fromkeys(_ratio(cost) for _, cost in costs))
    if len(distinct) == 1:
        title = distinct[0]
    else:
        shown = [f"{name}: {_ratio(cost)}" for name, cost in costs[:MAX_LENSES]]
        title = " | ".join([*shown, *(["…"] if len(costs) > MAX_LENSES else [])])
    start = position_of(span.source, span.start)
    return [types.CodeLens(types.Range(start, start), types.Command(title, ""))]


def _ratio(cost: Cost) -> str:
    return f"{short(cost.params)} params / {short(cost.macs)} MACs"
