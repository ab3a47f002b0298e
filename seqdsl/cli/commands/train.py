"""``seqdsl train``"""

from __future__ import annotations

from pathlib import Path

import click

from seqdsl.cli.common import (
    claims_option,
    fail_with,
    load_or_exit,
    network_options,
    parse_defines,
)
from seqdsl.cli.data_options import data_options
from seqdsl.passes.schedule.strategy import OF_TORCH, Strategy
from seqdsl.source.diagnostic import Failure
from seqdsl.training.options import DataSource, Machine

_SCHEDULES = [strategy.value for strategy in OF_TORCH]


@click.command("train")
@click.argument("file")
@network_options
@claims_option
@data_options
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FOLDER",
              help="The run's folder.  [default: runs/NETWORK-DATA]")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the run in the folder.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, callback=parse_defines,
              help="Set a part of the recipe: epochs=30, lr=0.05.")  # fmt: skip
@click.option("--show-recipe", is_flag=True, help="Print the recipe, and stop.")
@click.option("--seed", type=click.IntRange(min=0, max=2**31), default=0, show_default=True,
              help="Of weights, order, augmentation and dropout.")  # fmt: skip
@click.option("--accelerator", type=click.Choice(["auto", "cuda", "cpu"]), default="auto",
              show_default=True)  # fmt: skip
@click.option("--devices", type=click.IntRange(min=1),
              help="Processes of each machine.  [default: as started]")  # fmt: skip
@click.option("--nodes", type=click.IntRange(min=1),
              help="Machines, by torchrun or Slurm.  [default: as started]")  # fmt: skip
@click.option("--precision", type=click.Choice(["32", "bf16", "fp16"]), default="32",
              show_default=True, help="Of what is computed; weights stay float32.")  # fmt: skip
@click.option("--accumulate", type=click.IntRange(min=1), default=1, show_default=True,
              help="Parts of a batch, one after another.")  # fmt: skip
@click.option("--sync-batch-norm", is_flag=True,
              help="Batch norms over all processes, not each alone.")  # fmt: skip
@click.option("--channels-last", is_flag=True, help="Weights laid out as [k, h, w, c].")
@click.option("--compile", is_flag=True, help="Train through torch.compile.")
@click.option("--schedule", type=click.Choice(_SCHEDULES), default=Strategy.AUTO.value,
              show_default=True, help="How layers of groups are computed.")  # fmt: skip
@click.option("--recompute", is_flag=True, help="Keep less for the backward pass.")
@click.option("--workers", type=click.IntRange(min=0, max=512), default=0, show_default=True,
              help="Processes that load data, of each that trains.")  # fmt: skip
@click.option("--save-every", type=click.IntRange(min=1), metavar="STEPS",
              help="Save within epochs, too; each epoch's end is saved.")  # fmt: skip
def command(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    data: str,
    data_path: Path | None,
    skip_unreadable: bool,
    output: Path | None,
    resume: bool,
    settings: dict[str, str],
    show_recipe: bool,
    seed: int,
    accelerator: str,
    devices: int | None,
    nodes: int | None,
    precision: str,
    accumulate: int,
    sync_batch_norm: bool,
    channels_last: bool,
    compile: bool,
    schedule: str,
    recompute: bool,
    workers: int,
    save_every: int | None,
) -> None:
    """Train a network of FILE by the paper's recipe (section 4), and keep all of it in a folder.

    The recipe is the data set's, under what `train` in FILE says, under --set. The folder gets
    checkpoints, metrics.csv, TensorBoard's log, best.safetensors and final.safetensors, model.onnx
    and the paper's plots. A run that was stopped goes on by the same call with --resume; on the CPU
    it ends with the same weights as if it never had been.
    """
    if recompute and schedule == Strategy.GATHER.value:
        raise click.UsageError("--recompute needs --schedule auto: gather keeps all")
    if recompute and sync_batch_norm:
        raise click.UsageError("--recompute is of layers that --sync-batch-norm does not use")
    if file == "-" and devices not in (None, 1):
        raise click.UsageError("standard input can't be read by several processes: name a file")
    from seqdsl.cli.training import plain_source_of, statement, train_and_tell
    from seqdsl.training.choosing import choose_recipe

    network = load_or_exit(file, network_name, defines, claims=claims)
    source = DataSource(data, data_path, seed, skip_unreadable)
    machine = Machine(
        accelerator, devices, nodes, precision, accumulate, schedule, recompute, sync_batch_norm,
        channels_last, compile, workers, save_every,
    )  # fmt: skip
    try:
        recipe = choose_recipe(network, data, settings)
        if show_recipe:
            click.echo(statement(recipe))
            return
        folder = output or Path("runs") / f"{network.name}-{data}"
        plain = plain_source_of(file, network_name, defines)
        train_and_tell(network, recipe, source, machine, folder, plain, resume=resume)
    except Failure as failure:
        fail_with(failure)
