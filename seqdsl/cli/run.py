"""``seqdsl run``"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import claims_option, fail_with, load_or_exit, network_options
from seqdsl.cli.tables import Cell, Number, Table, whole, write_tables
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure

if TYPE_CHECKING:
    from seqdsl.backends.onnx_run import Runner
    from seqdsl.backends.torch_run import TorchRunner
    from seqdsl.backends.weights import Array, State
    from seqdsl.graph.network import Network


@click.command("run")
@click.argument("file")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path),
                metavar="INPUT...")  # fmt: skip
@network_options
@claims_option
@click.option("--weights", type=click.Path(path_type=Path), help="safetensors, or torch's.")
@click.option("--engine", type=click.Choice(["onnxruntime", "torch"]), default="onnxruntime",
              show_default=True)  # fmt: skip
@click.option("--provider", type=click.Choice(["auto", "cuda", "cpu"]), default="auto",
              show_default=True, help="Where the engine runs.")  # fmt: skip
@click.option("--save", type=click.Path(path_type=Path), metavar="OUT.npy",
              help="Keep the outputs (a classifier's logits): float32 [samples, ...].")  # fmt: skip
def command(
    file: str,
    inputs: tuple[Path, ...],
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    weights: Path | None,
    engine: str,
    provider: str,
    save: Path | None,
) -> None:
    """Run a network of FILE on each INPUT, an image or a .npy array, and print its top 5.

    Of a network that gives a feature map, no classes, the shape and the statistics of its output
    are printed. Without --weights the network is freshly initialised, and its answers are
    arbitrary.
    """
    if save is not None and save.suffix.lower() != ".npy":
        raise click.UsageError(f"{save}: the outputs are saved as a .npy file")
    network = load_or_exit(file, network_name, defines, claims=claims)
    try:
        batches = [_read(path, network) for path in inputs]
        state, origin = _state(network, weights)
        runner = _runner(engine, network, state, provider)
        outcomes = [runner(batch) for batch in batches]
        outputs = [outcome.outputs["logits"] for outcome in outcomes]
        if save is not None:
            _save(save, outputs)
    except Failure as failure:
        fail_with(failure)
    where = outcomes[0].provider
    if runner.note is not None:
        click.echo(f"note: {runner.note}; running on {where}", err=True)
    click.echo(f"{network.name}, {origin}, on {_ENGINES[engine]}, {where}", err=True)
    try:
        for path, batch in zip(inputs, outputs, strict=True):
            _require_finite(network, path, batch)
    except Failure as failure:
        fail_with(failure)
    tables = [
        _table(str(path) if len(batch) == 1 else f"{path}, sample {i}", sample)
        for path, batch in zip(inputs, outputs, strict=True)
        for i, sample in enumerate(batch)
    ]
    click.echo(write_tables(tables, "table"))


_ENGINES = {"onnxruntime": "onnxruntime", "torch": "PyTorch"}


def _state(network: Network, weights: Path | None) -> tuple[State, str]:
    from seqdsl.backends.weights import initial_state, load_state

    if weights is None:
        return initial_state(network), "untrained (no --weights)"
    return load_state(weights, network), str(weights)


def _read(path: Path, network: Network) -> Array:
    from seqdsl.backends.images import read_input

    return read_input(path, network.input.type)


def _runner(engine: str, network: Network, state: State, provider: str) -> Runner | TorchRunner:
    from seqdsl.backends.running import Provider

    if engine == "torch":
        from seqdsl.backends.torch_module import to_torch
        from seqdsl.backends.torch_run import TorchRunner

        return TorchRunner(to_torch(network), state, Provider(provider))
    from seqdsl.backends.onnx_model import to_onnx
    from seqdsl.backends.onnx_run import Runner

    return Runner(to_onnx(network, state), Provider(provider))


def _save(path: Path, outputs: list[Array]) -> None:
    """Keeps the outputs of all inputs, one sample after another."""
    import numpy as np

    from seqdsl.backends.files import write_whole

    stream = io.BytesIO()
    np.save(stream, np.concatenate(outputs))
    write_whole(path, stream.getvalue())


def _require_finite(network: Network, path: Path, outputs: Array) -> None:
    from seqdsl.backends.weights import not_finite

    bad = not_finite(outputs)
    if bad:
        raise Failure(
            Diagnostic(
                BY_NAME["not-finite"],
                f"{bad:,} of the {outputs.size:,} outputs of {network.name} for {path} are NaN or "
                "infinite",
                None,
                help="its weights and its input are not: something overflows float32, or a "
                "running variance is below zero",
                name=str(path),
            )
        )


def _table(title: str, logits: Array) -> Table:
    """The likeliest classes; what a feature map or a single number looks like."""
    from seqdsl.backends.images import softmax, top_k

    if logits.ndim != 1 or logits.size == 1:
        return _summary(title, logits)
    rows = tuple(
        (whole(rank), whole(index), Number(probability, f"{probability:.4f}"))
        for rank, (index, probability) in enumerate(top_k(softmax(logits)), 1)
    )
    headings = ("rank", "class", "probability")
    return Table(title, headings, rows, frozenset(headings))


def _summary(title: str, output: Array) -> Table:
    headings = ("output", "mean", "standard deviation", "least", "largest")
    statistics = (output.mean(), output.std(), output.min(), output.max())
    numbers = [Number(float(value), f"{value:.4g}") for value in statistics]
    row: tuple[Cell, ...] = ("x".join(map(str, output.shape)), *numbers)
    return Table(title, headings, (row,), frozenset(headings[1:]))
