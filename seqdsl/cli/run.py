"""``seqdsl run``"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import (
    claims_option,
    ema_option,
    engine_options,
    fail_with,
    load_or_exit,
    network_options,
    note,
)
from seqdsl.cli.tables import Cell, Number, Table, whole, write_tables
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure

if TYPE_CHECKING:
    from seqdsl.backends.network_run import NetworkRunner
    from seqdsl.backends.torch_run import TorchRunner
    from seqdsl.backends.weights import Array, Outputs, State
    from seqdsl.graph.network import Network


@click.command("run")
@click.argument("file")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path),
                metavar="INPUT...")  # fmt: skip
@network_options
@claims_option
@click.option("--weights", type=click.Path(path_type=Path), help="safetensors, or torch's.")
@ema_option
@engine_options
@click.option("--save", type=click.Path(path_type=Path), metavar="OUT.npy",
              help="Keep the logits, or the map: float32 [samples, ...].")  # fmt: skip
def command(
    file: str,
    inputs: tuple[Path, ...],
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    weights: Path | None,
    ema: bool | None,
    engine: str,
    provider: str,
    save: Path | None,
) -> None:
    """Run a network of FILE on each INPUT, an image or a .npy array, and print its top 5.

    Of an output that is a map, and of further outputs, the shape and the statistics are printed.
    Without --weights the network is freshly initialised, and its answers are arbitrary.
    """
    if save is not None and save.suffix.lower() != ".npy":
        raise click.UsageError(f"{save}: the outputs are saved as a .npy file")
    if ema is not None and weights is None:
        raise click.UsageError("--ema needs --weights")
    network = load_or_exit(file, network_name, defines, claims=claims)
    try:
        batches = [_read(path, network) for path in inputs]
        state, origin = _state(network, weights, ema)
        runner = runner_of(engine, network, state, provider)
        outcomes = [runner(batch) for batch in batches]
        if save is not None:
            _save(save, [outcome.outputs["logits"] for outcome in outcomes])
    except Failure as failure:
        fail_with(failure)
    where = outcomes[0].provider
    if runner.note is not None:
        click.echo(f"note: {runner.note}; running on {where}", err=True)
    click.echo(f"{network.name}, {origin}, on {_ENGINES[engine]}, {where}", err=True)
    names = [output.name for output in network.returned]
    results = [{name: outcome.outputs[name] for name in names} for outcome in outcomes]
    try:
        for path, outputs in zip(inputs, results, strict=True):
            _require_finite(network, path, outputs)
    except Failure as failure:
        fail_with(failure)
    tables: list[Table] = []
    for path, outputs in zip(inputs, results, strict=True):
        samples = len(outputs["logits"])
        for i in range(samples):
            title = str(path) if samples == 1 else f"{path}, sample {i}"
            tables.extend(_tables(title, {name: outputs[name][i] for name in outputs}))
    click.echo(write_tables(tables, "table"))


_ENGINES = {"onnxruntime": "onnxruntime", "torch": "PyTorch"}


def _state(network: Network, weights: Path | None, ema: bool | None) -> tuple[State, str]:
    from seqdsl.backends.weights import initial_state, load_state

    if weights is None:
        return initial_state(network), "untrained (no --weights)"
    return load_state(weights, network, ema, note), str(weights)


def _read(path: Path, network: Network) -> Array:
    from seqdsl.backends.images import read_input

    return read_input(path, network.input.type)


def runner_of(
    engine: str, network: Network, state: State, provider: str
) -> NetworkRunner | TorchRunner:
    from seqdsl.backends.running import Provider

    if engine == "torch":
        from seqdsl.backends.torch_inference import to_inference
        from seqdsl.backends.torch_run import TorchRunner

        return TorchRunner(network, to_inference(network, state), Provider(provider))
    from seqdsl.backends.network_run import NetworkRunner

    return NetworkRunner(network, state, Provider(provider))


def _save(path: Path, outputs: list[Array]) -> None:
    """Keeps the logits of all inputs, one sample after another."""
    import numpy as np

    from seqdsl.backends.files import write_whole

    stream = io.BytesIO()
    np.save(stream, np.concatenate(outputs))
    write_whole(path, stream.getvalue())


def _require_finite(network: Network, path: Path, outputs: Outputs) -> None:
    from seqdsl.backends.weights import not_finite

    for name, values in outputs.items():
        bad = not_finite(values)
        if bad:
            raise Failure(
                Diagnostic(
                    BY_NAME["not-finite"],
                    f"{bad:,} of the {values.size:,} {name} of {network.name} for {path} are NaN "
                    "or infinite",
                    None,
                    help="its weights and its input are not: something overflows float32",
                    name=str(path),
                )
            )


def _tables(title: str, outputs: Outputs) -> Iterator[Table]:
    """The likeliest classes of one sample, where its logits are one number for each of several;
    what all else looks like.
    """
    logits = outputs["logits"]
    has_classes = logits.size == len(logits) > 1
    if has_classes:
        yield _classes(title, logits.reshape(-1))
    others = {n: output for n, output in outputs.items() if n != "logits" or not has_classes}
    if others:
        rows = tuple(_summary(name, output) for name, output in others.items())
        headings = ("output", "shape", "mean", "standard deviation", "least", "largest")
        yield Table(title, headings, rows, frozenset(headings[1:]))


def _summary(name: str, output: Array) -> tuple[Cell, ...]:
    statistics = (output.mean(), output.std(), output.min(), output.max())
    numbers = [Number(float(value), f"{value:.4g}") for value in statistics]
    return (name, "x".join(map(str, output.shape)), *numbers)


def _classes(title: str, logits: Array) -> Table:
    from seqdsl.backends.images import softmax, top_k

    rows = tuple(
        (whole(rank), whole(index), Number(probability, f"{probability:.4f}"))
        for rank, (index, probability) in enumerate(top_k(softmax(logits)), 1)
    )
    headings = ("rank", "class", "probability")
    return Table(title, headings, rows, frozenset(headings))
