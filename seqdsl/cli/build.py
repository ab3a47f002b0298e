"""``seqdsl build``"""

from __future__ import annotations

from pathlib import Path

import click

from seqdsl.cli.common import claims_option, fail_with, load_or_exit, network_options
from seqdsl.graph.network import Network
from seqdsl.source.diagnostic import Failure
from seqdsl.source.timing import stage


@click.command("build")
@click.argument("file")
@network_options
@claims_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True,
              help="A .py or an .onnx file.")  # fmt: skip
@click.option("--weights", type=click.Path(path_type=Path),
              help="A checkpoint for .onnx: safetensors, or torch's.")  # fmt: skip
def command(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    output: Path,
    weights: Path | None,
) -> None:
    """Write a network of FILE as PyTorch source (.py) or as a model (.onnx).

    Without weights an ONNX model is initialised as section 4.2 of the paper says.
    """
    kind = output.suffix.lower()
    if kind not in (".py", ".onnx"):
        raise click.UsageError(f"{output}: the output is a .py or an .onnx file")
    if kind == ".py" and weights is not None:
        raise click.UsageError("--weights goes with .onnx; PyTorch source loads a state_dict")
    network = load_or_exit(file, network_name, defines, claims=claims)
    try:
        if kind == ".py":
            _write_source(network, output)
        else:
            _write_model(network, output, weights)
    except Failure as failure:
        fail_with(failure)
    size = output.stat().st_size
    shown = f"{size / 1e6:.1f} MB" if size >= 10**6 else f"{size / 1e3:.1f} kB"
    click.echo(f"{output}: {network.name}, {network.params:,} parameters, {shown}", err=True)


def _write_source(network: Network, output: Path) -> None:
    with stage("import"):
        from seqdsl.backends.files import write_whole
        from seqdsl.backends.torch_source import torch_source

    with stage("emit"):
        text = torch_source(network)
    write_whole(output, text.encode())


def _write_model(network: Network, output: Path, weights: Path | None) -> None:
    with stage("import"):
        from seqdsl.backends.weights import load_state

    state = None if weights is None else load_state(weights, network)  # may fail, and quickly

    with stage("import"):
        from seqdsl.backends.onnx_model import save_onnx, to_onnx

    save_onnx(to_onnx(network, state), output)
