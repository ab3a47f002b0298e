"""The Python API: a few names that do what the commands do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seqdsl.graph.network import Network
from seqdsl.passes.claims import check_claims
from seqdsl.semantic.compile import (
    Argument,
    Instance,
    choose,
    expand,
    has_errors,
    instances,
    unique,
)
from seqdsl.semantic.modules import Program, load_program
from seqdsl.semantic.reading import read_source, read_stdin
from seqdsl.semantic.rules import check_rules
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import CompileError, Diagnostic, Failure
from seqdsl.source.text import Source
from seqdsl.syntax import ast

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import onnx
    import torch


def load(path: str | Path, network: str | None = None, **params: Argument) -> Network:
    """Compiles one network of a `.seq` file.

    ``network`` names a network or model where the file has several; ``params`` bind its
    parameters, as ``-D`` does. Raises `CompileError` with every diagnostic of the file that is
    an error, false claims included.
    """
    instance, diagnostics = load_instance(path, network, params)
    if has_errors(diagnostics) or instance is None or instance.network is None:
        raise CompileError(diagnostics)
    return instance.network


def load_instance(
    path: str | Path, network: str | None = None, params: Mapping[str, Argument] | None = None
) -> tuple[Instance | None, list[Diagnostic]]:
    """One network of a file, and all that is to be said about the file and about it."""
    try:
        program = read_program(path)
    except Failure as failure:
        return None, [failure.diagnostic]
    diagnostics = [*program.diagnostics, *check_rules(program)]
    try:
        definition = choose(program, network)
        _require_arguments(definition, params or {}, program)
    except Failure as failure:
        # what can't be read may define what is missed
        unread = has_errors(diagnostics)
        return None, diagnostics if unread else [*diagnostics, failure.diagnostic]
    instance = expand_checked(program, definition, params)
    return instance, unique([*diagnostics, *instance.diagnostics])


def _require_arguments(
    definition: ast.Network | ast.Model, params: Mapping[str, Argument], program: Program
) -> None:
    """Raises `Failure` where a template is called for, and a parameter of it is left open."""
    if isinstance(definition, ast.Model):
        return
    missing = [p.name for p in definition.parameters if p.default is None and p.name not in params]
    if not missing:
        return
    models = [model.name for model in program.root.networks if isinstance(model, ast.Model)]
    defines = " ".join(f"-D {name}=..." for name in missing)
    raise Failure(
        Diagnostic(
            BY_NAME["missing-argument"],
            f"`{definition.name}` is a template, and no {', '.join(missing)} is given",
            None,
            help=f"give {defines} (in Python, {', '.join(f'{name}=...' for name in missing)})"
            + (f", or choose a model: {', '.join(models)}" if models else ""),
            name=program.root.syntax.source.name,
        )
    )


def check(path: str | Path) -> list[Diagnostic]:
    """Everything that is to be said about a file and every network that it builds."""
    return check_file(path)[1]


def check_file(path: str | Path) -> tuple[list[Instance], list[Diagnostic]]:
    """Every network that a file builds, and all that is to be said about them."""
    try:
        program = read_program(path)
    except Failure as failure:
        return [], [failure.diagnostic]
    built = [expand_checked(program, definition, None) for definition in instances(program)]
    found = [d for instance in built for d in instance.diagnostics]
    return built, unique([*program.diagnostics, *check_rules(program), *found])


def expand_checked(
    program: Program, definition: ast.Network | ast.Model, params: Mapping[str, Argument] | None
) -> Instance:
    """Builds a network and checks its claims. Parameters that are given void its claims."""
    instance = expand(program, definition, params)
    if instance.network is None or params:
        return instance
    found = (*instance.diagnostics, *check_claims(instance.network))
    return Instance(instance.name, instance.network, found)


def read_program(path: str | Path) -> Program:
    """Reads a file, or standard input for ``-``, and what it uses. Raises `Failure`."""
    source: Source
    if str(path) == "-":
        return load_program(read_stdin(), None)
    source = read_source(Path(path), str(path))
    return load_program(source, Path(path))


def to_torch(network: Network) -> torch.nn.Module:
    """The network as a live module: float32 ``[batch, C, H, W]`` in, logits out.

    It is initialised as section 4.2 says, and is the source that ``build`` writes, loaded.
    Raises `CompileError` where its weights are more than memory holds.
    """
    from seqdsl.backends.torch_module import to_torch

    try:
        return to_torch(network)
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None


def to_onnx(
    network: Network, state_dict: Mapping[str, np.ndarray | torch.Tensor] | None = None
) -> onnx.ModelProto:
    """The network as an ONNX model for inference: batch norms folded, a dynamic batch axis.

    ``state_dict`` has the keys of `to_torch`'s module; without one the weights are initialised
    as section 4.2 says. Raises `CompileError` where they do not fit.
    """
    from seqdsl.backends.onnx_model import to_onnx

    try:
        return to_onnx(network, state_dict)
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None
