"""``seqdsl run``"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import fail_with, load_or_exit, network_options
from seqdsl.cli.tables import Table, write_tables
from seqdsl.source.diagnostic import Failure

if TYPE_CHECKING:
    from seqdsl.backends.weights import Array, Outputs, State
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

    Of an output that is a map, and of further outputs, the extremes and the mean are printed.
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
    tables: list[Table] = []
    for path, outputs in zip(inputs, results, strict=True):
        samples = len(outputs["logits"])
        for i in range(samples):
            title = str(path) if samples == 1 else f"{path}, sample {i}"
            tables.extend(_tables(title, {name: outputs[name][i] for name in outputs}))
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
) -> tuple[list[Outputs], str]:
    from seqdsl.backends.onnx_model import to_onnx
    from seqdsl.backends.onnx_run import Provider, Runner

    runner = Runner(to_onnx(network, state), Provider(provider))
    if runner.note is not None:
        click.echo(f"note: {runner.note}; running on {runner.provider}", err=True)
    names = [output.name for output in network.returned]
    found = [runner(batch).outputs for batch in batches]
    results = [{name: outputs[name] for name in names} for outputs in found]
    return results, f"onnxruntime, {runner.provider}"


def _with_torch(network: Network, state: State, batches: list[Array]) -> list[Outputs]:
    import torch

    from seqdsl.backends.torch_module import outputs_of, to_torch

    module = to_torch(network)
    module.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
    module.eval()
    return [outputs_of(network, module, torch.from_numpy(batch)) for batch in batches]


def _tables(title: str, outputs: Outputs) -> Iterator[Table]:
    """The classes of one sample, where its logits are one number for each, and all else."""
    logits = outputs["logits"]
    has_classes = logits.size == len(logits)
    if has_classes:
        yield _classes(title, logits.reshape(-1))
    others = {n: output for n, output in outputs.items() if n != "logits" or not has_classes}
    if others:
        rows = tuple(
            (name, "x".join(map(str, output.shape)), *(f"{number:.4g}" for number in
             (output.min(), output.mean(), output.max())))
            for name, output in others.items()
        )  # fmt: skip
        headings = ("output", "shape", "least", "mean", "largest")
        yield Table(title, headings, rows, frozenset(headings[1:]))


def _classes(title: str, logits: Array) -> Table:
    from seqdsl.backends.images import softmax, top_k

    rows = tuple(
        (str(rank), str(index), f"{probability:.4f}")
        for rank, (index, probability) in enumerate(top_k(softmax(logits)), 1)
    )
    headings = ("rank", "class", "probability")
    return Table(title, headings, rows, frozenset(headings))
