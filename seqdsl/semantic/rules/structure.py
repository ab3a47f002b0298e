"""What may stand where: stages and outputs of networks, the claims of models."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.suggest import did_you_mean
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.walk import bodies, definitions, same_scope, statements


def check_structure(module: LoadedModule) -> list[Diagnostic]:
    """Stages that share a name, outputs in blocks, and models that name no network or hold more
    than claims.
    """
    diagnostics: list[Diagnostic] = []
    for definition in definitions(module.syntax):
        for stages in _siblings(definition.body):
            seen: dict[str, Span] = {}
            for stage in stages:
                first = seen.setdefault(stage.name, stage.span)
                if first is not stage.span:
                    diagnostics.append(_duplicate_stage(stage, first))
        if isinstance(definition, ast.Block):
            outputs = (s for s in statements(definition.body) if isinstance(s, ast.Output))
            diagnostics.extend(_output_of_block(output, definition) for output in outputs)
    for item in module.syntax.items:
        if isinstance(item, ast.Model):
            diagnostics.extend(_check_model(item, module))
    return diagnostics


def _siblings(body: ast.Body) -> Iterator[list[ast.Stage]]:
    """The stages that stand in the same scope, for each scope."""
    yield [s for s in same_scope(body) if isinstance(s, ast.Stage)]
    for statement in same_scope(body):
        if not isinstance(statement, ast.For | ast.If):
            for inner in bodies(statement):
                yield from _siblings(inner)


def _duplicate_stage(stage: ast.Stage, first: Span) -> Diagnostic:
    return Diagnostic(
        BY_NAME["duplicate-definition"],
        f"two stages are called `{stage.name}`",
        Label(stage.span, "again"),
        (Label(first, "first here"),),
        help="rename one of them: a stage's name leads the keys of its weights",
    )


def _output_of_block(output: ast.Output, block: ast.Block) -> Diagnostic:
    return Diagnostic(
        BY_NAME["output-place"],
        f"the output `{output.name}` stands in the block `{block.name}`",
        Label(output.span, "not in a network"),
        help="a block gives what flows at its end; name the outputs in the network",
    )


def _check_model(model: ast.Model, module: LoadedModule) -> list[Diagnostic]:
    diagnostics: list[Diagnostic] = []
    found = module.find(model.network)
    networks = (ast.Network, ast.Derived)
    if found is None or not isinstance(found[0], networks):
        known = [name for name, (d, _) in module.visible.items() if isinstance(d, networks)]
        help, fix = did_you_mean(
            model.network, known, model.network_span,
            "a model binds the parameters of a `network`",
        )  # fmt: skip
        diagnostics.append(
            Diagnostic(
                BY_NAME["unknown-network"],
                f"no network `{model.network}` is defined or imported",
                Label(model.network_span, "unknown network"),
                help=help,
                fix=fix,
            )
        )
    diagnostics.extend(
        Diagnostic(
            BY_NAME["model-body"],
            "a model holds claims and a recipe only",
            Label(statement.span, "neither an `expect` nor a `train`"),
            help="put layers into the network that the model binds",
        )
        for statement in model.claims
        if not isinstance(statement, ast.Expect | ast.Train)
    )
    return diagnostics
