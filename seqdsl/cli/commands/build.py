"""``seqdsl build``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqdsl.backends.targets import FILES, Request, file_target
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
from seqdsl.passes.schedule.strategy import STRATEGIES, Strategy
from seqdsl.source.diagnostic import Failure
from seqdsl.source.timing import stage

if TYPE_CHECKING:
    from seqdsl.backends.arrays import State
    from seqdsl.backends.targets import FileTarget
    from seqdsl.passes.schedule.schedule import Schedules


_KINDS = " or ".join(target.article for target in FILES.values())


@click.command("build")
@source_argument
@network_options
@claims_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True,
              help=f"{_KINDS[0].upper()}{_KINDS[1:]} file.")  # fmt: skip
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
    target = file_target(output)
    if target is None:
        raise click.UsageError(f"{output}: the output is {_KINDS} file")
    require_weights_of(ema, weights)
    given = {
        "--weights": weights is not None, "--batch": batch is not None, "--tune": tune,
        "--preprocessing": preprocessing is not None, "--classes": classes is not None,
        "--recompute": recompute,
    }  # fmt: skip
    for option in (name for name, is_given in given.items() if is_given):
        _require_option(option, target)
    _require_schedule(schedule, target, recompute=recompute, tune=tune, batch=batch)
    network = load_or_exit(file, network_name, defines, claims=claims)
    try:
        if "--weights" in target.options:
            recorded = given_or_recorded(weights, preprocessing, classes, network)
            # may fail, and quickly
            state = None if weights is None else _state(weights, network, ema)
            schedules = _schedules(network, output, state, schedule, batch or 1, tune)
            request = Request(None, schedules=schedules, state=state, recorded=recorded)
        else:
            request = Request(Strategy(schedule), recompute)
        target.write(network, output, request)
    except Failure as failure:
        fail_with(failure)
    size = output.stat().st_size
    shown = f"{size / 1e6:.1f} MB" if size >= 10**6 else f"{size / 1e3:.1f} kB"
    say(f"{output}: {network.name}, {network.params:,} parameters, {shown}")


def _require_option(option: str, target: FileTarget) -> None:
    if option not in target.options:
        able = " or ".join(each.suffix for each in FILES.values() if option in each.options)
        why = dict(target.lacks).get(option)
        raise click.UsageError(f"{option} goes with {able}{f': {why}' if why else ''}")


def _require_schedule(
    schedule: str, target: FileTarget, *, recompute: bool, tune: bool, batch: int | None
) -> None:
    """Exit where a schedule is none, or does not go with the file or with another option."""
    names = [strategy.value for strategy in target.schedules]
    if schedule not in names and "--schedule FILE" not in target.options:
        raise click.UsageError(f"{target.article} is built with --schedule {' or '.join(names)}")
    if recompute and schedule == Strategy.GATHER.value:
        raise click.UsageError("--recompute needs --schedule auto: gather keeps all")
    if tune and schedule != Strategy.AUTO.value:
        raise click.UsageError("--tune finds the schedule: leave out --schedule")
    if batch is not None and schedule not in STRATEGIES:
        raise click.UsageError(
            "a file of schedules holds for the batch size it was tuned at: leave out --batch"
        )
    if schedule not in STRATEGIES and not schedule.endswith(".json"):
        words = ", ".join(STRATEGIES)
        raise click.UsageError(f"--schedule is one of {words}, or a .json, not {schedule!r}")


def _state(weights: Path, network: Network, ema: bool | None) -> State:
    with stage("import"):
        from seqdsl.backends.weights.state import load_state

    return load_state(weights, network, ema, note)


def _schedules(
    network: Network, output: Path, state: State | None, schedule: str, batch: int, tune: bool
) -> Schedules:
    """Choose, measure or read how layers of groups are computed; what is measured is kept."""
    with stage("import"):
        from seqdsl.backends.bench.schedule_file import read_schedules, write_schedules
        from seqdsl.passes.schedule.choose import choose

    if schedule not in STRATEGIES:
        return read_schedules(Path(schedule), network)
    if not tune:
        return choose(network, Strategy(schedule), batch)
    from seqdsl.backends.bench.tuning import tune as find
    from seqdsl.backends.weights.state import initial_state

    with progress_bar() as report:
        tuned = find(network, state or initial_state(network), batch, report)
    beside = output.with_suffix(".schedule.json")
    write_schedules(beside, network, tuned, batch)
    say(f"{beside}: {tuned.milliseconds:.2f} ms a run, {tuned.gathering:.2f} ms by gather")
    return tuned.schedules
