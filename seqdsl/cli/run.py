"""``seqdsl run``"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import fail_with, load_or_exit, network_options
from seqdsl.cli.tables import Table, write_tables
from seqdsl.source.diagnostic import Failure

if TYPE_CHECKING:
    from seqdsl.backends.weights import Array, State
    from seqdsl.graph.network import Network


@click.command("run")
@click.argument("file")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path),
                metavar="INPUT...")  # fmt: skip
@network_options
@click.option("--weights", type=click.Path(path_type=Path), help="safetensors, or torch's.")
@click.option("--engine", type=click.Choice(["onnxruntime", "torch"]), default="onnxruntime",
              show_default=True)  # fmt: skip
@click.option("--provider", type=click.Choice(["auto", "cuda", "cpu"]), default="auto",
              show_default=True, help="Where onnxruntime runs.")  # fmt: skip
def command(
    file: str,
    inputs: tuple[Path, ...],
    network_name: str | None,
    defines: dict[str, str],
    weights: Path | None,
    engine: str,
    provider: str,
) -> None:
    """Run a network of FILE on each INPUT, an image or a .npy array, and print its top 5.

    Without --weights the network is freshly initialised, and its answers are arbitrary.
    """
    network = load_or_exit(file, network_name, defines)
    try:
        state, origin = _state(network, weights)
        batches = [_read(path, network) for path in inputs]
        if engine == "torch":
            results, where = _with_torch(network, state, batches), "PyTorch, CPU"
        else:
            results, where = _with_onnxruntime(network, state, batches, provider)
    except Failure as failure:
        fail_with(failure)
    click.echo(f"{network.name}, {origin}, on {where}", err=True)
    tables = [
        _table(str(path) if len(logits) == 1 else f"{path}, sample {i}", sample)
        for path, logits in zip(inputs, results, strict=True)
        for i, sample in enumerate(logits)
    ]
    click.echo(write_tables(tables, "table"))


def _state(network: Network, weights: Path | None) -> tuple[State, str]:
    from seqdsl.backends.weights import initial_state, load_state

    if weights is None:
        return initial_state(network), "untrained (no --weights)"
    return load_state(weights, network), str(weights)


def _read(path: Path, network: Network) -> Array:
    from seqdsl.backends.images import read_input

    return read_input(path, network.input.type)


def _with_onnxruntime(
    network: Network, state: State, batches: list[Array], provider: str
) -> tuple[list[Array], str]:
    from seqdsl.backends.onnx_model import to_onnx
    from seqdsl.backends.onnx_run import Provider, Runner

    runner = Runner(to_onnx(network, state), Provider(provider))
    if runner.note is not None:
        click.echo(f"note: {runner.note}; running on {runner.provider}", err=True)
    results = [runner(batch).outputs["logits"] for batch in batches]
    return results, f"onnxruntime, {runner.provider}"


def _with_torch(network: Network, state: State, batches: list[Array]) -> list[Array]:
    import torch

    from seqdsl.backends.torch_module import to_torch

    module = to_torch(network)
    module.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
    module.eval()
    with torch.inference_mode():
        return [module(torch.from_numpy(batch)).numpy() for batch in batches]


def _table(title: str, logits: Array) -> Table:
    from seqdsl.backends.images import softmax, top_k

    if logits.ndim != 1:
        sys.exit(f"seqdsl: the network gives {'x'.join(map(str, logits.shape))}, no classes")
    rows = tuple(
        (str(rank), str(index), f"{probability:.4f}")
        for rank, (index, probability) in enumerate(top_k(softmax(logits)), 1)
    )
    headings = ("rank", "class", "probability")
    return Table(title, headings, rows, frozenset(headings))
