"""``seqdsl build``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import (
    claims_option,
    ema_option,
    fail_with,
    load_or_exit,
    network_options,
    note,
    require_weights_of,
    say,
    source_argument,
)
from seqdsl.cli.progress import progress_bar
from seqdsl.cli.recorded_options import classes_option, given_or_recorded, preprocessing_option
from seqdsl.graph.network import Network
from seqdsl.passes.schedule.strategy import OF_TORCH, STRATEGIES, Strategy
from seqdsl.source.diagnostic import Failure
from seqdsl.source.timing import stage

if TYPE_CHECKING:
    from seqdsl.backends.weights.recorded import Recorded


@click.command("build")
@source_argument
@network_options
@claims_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True,
              help="A .py or an .onnx file.")  # fmt: skip
@click.option("--weights", type=click.Path(path_type=Path),
              help="A checkpoint for .onnx: safetensors, or torch's.")  # fmt: skip
@preprocessing_option
@classes_option
@ema_option
@click.option("--schedule", default=Strategy.AUTO.value, show_default=True,
              metavar=f"[{'|'.join(STRATEGIES)}|FILE]",
              help="How layers of groups are computed; FILE is one that --tune wrote.")  # fmt: skip
@click.option("--batch", type=click.IntRange(min=1), metavar="SIZE",
              help="The batch size to tune an .onnx for; it takes any. Without: 1.")  # fmt: skip
@click.option("--tune", is_flag=True,
              help="Measure which schedule is fastest here; kept beside the .onnx.")  # fmt: skip
@click.option("--recompute", is_flag=True,
              help="For .py: keep less for the backward pass, and compute it again.")  # fmt: skip
def command(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    output: Path,
    weights: Path | None,
    preprocessing: str | None,
    classes: Path | None,
    ema: bool | None,
    schedule: str,
    batch: int | None,
    tune: bool,
    recompute: bool,
) -> None:
    """Write a network of FILE as PyTorch source (.py) or as a model (.onnx).

    Without weights an ONNX model is initialised as section 4.2 of the paper says. The metadata of
    an .onnx file say how an input is made and what the classes are called, where the weights
    record it (docs/inputs.md).
    """
    kind = output.suffix.lower()
    if kind not in (".py", ".onnx"):
        raise click.UsageError(f"{output}: the output is a .py or an .onnx file")
    require_weights_of(ema, weights)
    if kind == ".py":
        of_onnx = {
            "--weights": weights is not None, "--batch": batch is not None, "--tune": tune,
            "--preprocessing": preprocessing is not None, "--classes": classes is not None,
        }  # fmt: skip
        for option, given in of_onnx.items():
            if given:
                raise click.UsageError(f"{option} goes with .onnx")
        if schedule not in [strategy.value for strategy in OF_TORCH]:
            raise click.UsageError("a .py is built with --schedule auto or gather")
        if recompute and schedule == Strategy.GATHER.value:
            raise click.UsageError("--recompute needs --schedule auto: gather keeps all")
    elif recompute:
        raise click.UsageError("--recompute goes with .py: an .onnx has no backward pass")
    elif tune and schedule != Strategy.AUTO.value:
        raise click.UsageError("--tune finds the schedule: leave out --schedule")
    elif batch is not None and schedule not in STRATEGIES:
        raise click.UsageError("a file's schedules are of the batch that they were tuned at")
    if schedule not in STRATEGIES and not schedule.endswith(".json"):
        words = ", ".join(STRATEGIES)
        raise click.UsageError(f"--schedule is one of {words}, or a .json, not {schedule!r}")
    network = load_or_exit(file, network_name, defines, claims=claims)
    try:
        if kind == ".py":
            _write_source(network, output, Strategy(schedule), recompute)
        else:
            recorded = given_or_recorded(weights, preprocessing, classes, network)
            _write_model(network, output, weights, ema, recorded, schedule, batch or 1, tune)
    except Failure as failure:
        fail_with(failure)
    size = output.stat().st_size
    shown = f"{size / 1e6:.1f} MB" if size >= 10**6 else f"{size / 1e3:.1f} kB"
    say(f"{output}: {network.name}, {network.params:,} parameters, {shown}")


def _write_source(network: Network, output: Path, strategy: Strategy, recompute: bool) -> None:
    with stage("import"):
        from seqdsl.backends.files import write_whole
        from seqdsl.backends.torch.execution import Execution
        from seqdsl.backends.torch.source import torch_source

    with stage("emit"):
        text = torch_source(network, Execution(strategy, recompute))
    write_whole(output, text.encode())


def _write_model(
    network: Network,
    output: Path,
    weights: Path | None,
    ema: bool | None,
    recorded: Recorded,
    schedule: str,
    batch: int,
    tune: bool,
) -> None:
    with stage("import"):
        from seqdsl.backends.weights.state import initial_state, load_state

    # may fail, and quickly
    state = None if weights is None else load_state(weights, network, ema, note)

    with stage("import"):
        from seqdsl.backends.bench.schedule_file import read_schedules, write_schedules
        from seqdsl.backends.onnx.model import save_onnx, to_onnx
        from seqdsl.passes.schedule.choose import choose

    if tune:
        from seqdsl.backends.bench.tuning import tune as find

        state = state or initial_state(network)
        with progress_bar() as report:
            tuned = find(network, state, batch, report)
        beside = output.with_suffix(".schedule.json")
        write_schedules(beside, network, tuned, batch)
        say(f"{beside}: {tuned.milliseconds:.2f} ms a run, {tuned.gathering:.2f} ms by gather")
        schedules = tuned.schedules
    elif schedule in STRATEGIES:
        schedules = choose(network, Strategy(schedule), batch)
    else:
        schedules = read_schedules(Path(schedule), network)
    save_onnx(to_onnx(network, state, schedules=schedules, recorded=recorded), output)
