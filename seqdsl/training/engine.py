"""Trains a network with Lightning: one process or many, from the start or from a checkpoint."""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import ParamSpec

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch import distributed, nn

from seqdsl.backends.arrays import State, as_arrays
from seqdsl.backends.running import NO_CUDA, refused
from seqdsl.backends.torch.execution import Execution
from seqdsl.backends.torch.module import to_training
from seqdsl.backends.weights.checkpoints import write_tensors
from seqdsl.graph.network import Network
from seqdsl.graph.recipe import Recipe
from seqdsl.passes.schedule import strategy
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.frozen import frozen
from seqdsl.training.checkpoint import Checkpoint, read_latest
from seqdsl.training.data.batch import Data
from seqdsl.training.loading import Loaders
from seqdsl.training.metrics import Row
from seqdsl.training.options import DataSource, Machine
from seqdsl.training.position import Position
from seqdsl.training.run import Run, begin, describe, require_same
from seqdsl.training.sampling import Share
from seqdsl.training.saves import Saves
from seqdsl.training.synced_norm import sync_batch_norms
from seqdsl.training.task import Task
from seqdsl.training.watch import SILENT, Listener, Watch

P = ParamSpec("P")

_REFUSALS = (RuntimeError, ValueError, MisconfigurationException)
_PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


@frozen
class Trained:
    """A run that has come to its end."""

    run: Run
    rows: tuple[Row, ...]
    state: State  # the final weights
    unreadable: tuple[str, ...]  # training samples that were passed over
    is_first: bool  # of the processes, the one that writes and tells


def _disconnecting(train: Callable[P, Trained]) -> Callable[P, Trained]:
    """Ends the threads that connect processes with the training, however that ends: an interpreter
    that ends with them can abort.
    """

    @wraps(train)
    def trained(*args: P.args, **kwargs: P.kwargs) -> Trained:
        try:
            return train(*args, **kwargs)
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)  # they hold the trainer
            raise
        finally:
            if distributed.is_initialized():
                distributed.destroy_process_group()
                gc.collect()  # the trainer is a circle, and holds them, too

    return trained


@_disconnecting
def train(
    network: Network,
    recipe: Recipe,
    data: Data,
    source: DataSource,
    machine: Machine,
    run: Run,
    *,
    plain: str | None = None,
    resume: bool = False,
    listener: Listener = SILENT,
) -> Trained:
    """Trains a network to the end of its recipe; ``plain`` is its source, kept with the run.

    Raises `Failure`, and `Stopped` where a signal ends the run, which is saved then.
    """
    _quieten()
    steps = len(data.train) // recipe.batch
    _require_devices(machine)
    _require_whole(machine, recipe, steps, data)
    description = describe(network, recipe, source, data)
    if resume:
        require_same(run, description)
    found = _latest(run, description["graph"], recipe, listener) if resume else None
    at = found[1].position if found else Position()
    module = _module(network, source.seed, machine)
    metadata = data.recorded.as_metadata()
    watch = Watch(run, recipe, steps, machine, at, listener, metadata)
    saves = Saves(description["graph"], [name for name, _ in module.named_parameters()], metadata)
    try:
        trainer = _trainer(network, machine, run, recipe.epochs - at.epoch, watch, saves)
    except _REFUSALS as error:
        raise refused("Lightning", error) from None
    if not resume and is_first_process():
        begin(run, description, plain)
    listener.begin()
    share = Share(trainer.global_rank, trainer.world_size, machine.accumulate)
    task = Task(module, recipe, source.seed, share)
    if found and at.epoch == recipe.epochs:
        module.load_state_dict(dict(found[1].weights))
    else:
        loaders = Loaders(
            data, recipe.batch, share, source.seed, machine.workers, lambda: watch.position
        )
        _fit(trainer, task, loaders, found[0] if found else None)
    state = module.state_dict()
    if trainer.is_global_zero:
        write_tensors(run.final, state, metadata)
    passed = tuple(data.train.name(index) for index in sorted(task.unreadable))
    return Trained(run, watch.position.rows, as_arrays(state), passed, trainer.is_global_zero)


def _fit(trainer: pl.Trainer, task: Task, loaders: Loaders, path: Path | None) -> None:
    """Trains. A process that fails takes those with it that it has started: they would wait."""
    try:
        trainer.fit(task, datamodule=loaders, ckpt_path=path)
    except _REFUSALS as error:  # a device's memory, a process that died
        raise refused("torch", error) from None
    finally:
        if sys.exc_info()[0] is not None:
            _end(getattr(trainer.strategy.launcher, "procs", []))


def _end(started: list[subprocess.Popen[bytes]]) -> None:
    """Ends the processes, and takes them from Lightning's watch, which would end this one, too."""
    processes = tuple(started)
    started.clear()
    for process in processes:
        process.kill()


def is_first_process() -> bool:
    """Whether this is the process of a run that writes and tells."""
    return not getattr(rank_zero_only, "rank", 0)


def _latest(
    run: Run, network: str, recipe: Recipe, listener: Listener
) -> tuple[Path, Checkpoint] | None:
    found = read_latest(run.checkpoints)
    if found is None:
        listener.note("nothing was saved yet: the run begins anew")
        return None
    path, checkpoint, problems = found
    if checkpoint.network != network:
        message = f"{path} is of another network than the run's"
        raise unlocated("other-network", message, run.folder)
    for problem in problems:
        listener.note(f"{problem}; an earlier one is taken")
    at = checkpoint.position
    if at.epoch == recipe.epochs:
        listener.note(f"the run in {run.folder} has come to its end already")
    else:
        listener.note(f"going on from {path}: epoch {at.epoch + 1}, step {at.step:,}")
    return path, checkpoint


def _module(network: Network, seed: int, machine: Machine) -> nn.Module:
    """The network with its first weights, which every process draws alike."""
    torch.manual_seed(seed)
    # what synchronises norms, one after another, is no part of the fused kernels
    syncs = machine.sync_batch_norm and prod(_processes(machine)) > 1
    chosen = strategy.Strategy.GATHER.value if syncs else machine.schedule
    module = to_training(network, None, Execution(strategy.Strategy(chosen), machine.recompute))
    if syncs:
        sync_batch_norms(module)
    if machine.channels_last:
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if machine.compile:
        module.compile()
    return module


def _trainer(
    network: Network, machine: Machine, run: Run, epochs: int, watch: Watch, saves: Saves
) -> pl.Trainer:
    devices, nodes = _processes(machine)
    on_cpu = machine.accelerator == "cpu" or not torch.cuda.is_available()
    chosen: Strategy | str = "auto"
    if devices * nodes > 1:
        # further outputs have no loss, and their weights no gradients
        chosen = DDPStrategy(
            process_group_backend="gloo" if on_cpu else "nccl",
            find_unused_parameters=bool(network.further),
        )
    logger = None
    if find_spec("tensorboard"):
        logger = TensorBoardLogger(run.folder, name="tensorboard", version="")
    return pl.Trainer(
        accelerator="cpu" if on_cpu else "cuda",
        devices=devices,
        num_nodes=nodes,
        strategy=chosen,
        precision=_PRECISIONS[machine.precision],  # type: ignore[arg-type]
        max_epochs=max(epochs, 1),
        accumulate_grad_batches=machine.accumulate,
        reload_dataloaders_every_n_epochs=1,  # the first may begin in the midst of one
        use_distributed_sampler=False,
        plugins=[saves],
        callbacks=[watch],
        logger=logger or False,
        default_root_dir=run.folder,
        benchmark=not on_cpu,
        num_sanity_val_steps=0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _require_devices(machine: Machine) -> None:
    """Raises `Failure` where this machine has fewer CUDA devices than are asked for."""
    there, (devices, nodes) = torch.cuda.device_count(), _processes(machine)
    started = _started()
    if started is None and nodes > 1:
        raise _unfit(
            f"{nodes} machines are asked for, and nothing has started a process on each",
            "start them by torchrun or srun",
        )
    if started is not None and started != (devices, nodes):
        raise _unfit(
            f"{devices} processes on {nodes} machines are asked for, and what started this one "
            f"says {started[0]} on {started[1]}",
            "leave out --devices and --nodes: torchrun and Slurm tell them",
        )
    if machine.precision == "fp16" and (machine.accelerator == "cpu" or not there):
        raise _unfit("fp16 is of CUDA devices", "the CPU has --precision bf16")
    if machine.accelerator == "cuda" and not there:
        raise _unfit(NO_CUDA, "leave out --accelerator, and the CPU trains")
    if machine.accelerator != "cpu" and there and devices > there:
        raise _unfit(
            f"{devices} processes are asked for, and there are {there} CUDA devices",
            "a device takes one process; --accelerator cpu takes any number",
        )


def _processes(machine: Machine) -> tuple[int, int]:
    """Processes of a machine, and machines: as asked for, or as torchrun or Slurm started them."""
    devices, nodes = _started() or (1, 1)
    return machine.devices or devices, machine.nodes or nodes


def _started() -> tuple[int, int] | None:
    """Processes of a machine, and machines, by what started them; None for a user."""
    names = os.environ
    if "LOCAL_WORLD_SIZE" in names and "WORLD_SIZE" in names:
        here, everywhere = int(names["LOCAL_WORLD_SIZE"]), int(names["WORLD_SIZE"])
        return here, everywhere // here
    if "SLURM_NTASKS_PER_NODE" in names and "SLURM_NNODES" in names:
        return int(names["SLURM_NTASKS_PER_NODE"]), int(names["SLURM_NNODES"])
    return None


def _require_whole(machine: Machine, recipe: Recipe, steps: int, data: Data) -> None:
    """Raises `Failure` where processes can't share the batches, or samples make none."""
    processes = prod(_processes(machine))
    if len(data.validation) < processes:
        raise _unfit(
            f"{processes} processes can't share {len(data.validation)} validation samples",
            "take fewer processes, or hold out more samples",
        )
    try:
        Share(0, processes, machine.accumulate).size(recipe.batch)
    except ValueError as error:
        raise _unfit(str(error), "set another batch, or take other parts or processes") from None
    if not steps:
        raise _unfit(
            f"{data.name} trains on {len(data.train):,} samples, and a batch is of {recipe.batch}",
            "set a smaller batch: --set batch=...",
        )


def _unfit(message: str, help: str) -> Failure:
    return unlocated("unfit-run", message, "train", help)


def _quieten() -> None:
    """Lightning's advice is about its own options, which a user of ours does not set."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    for module in (r"lightning\..*", r"torch\..*"):
        warnings.filterwarnings("ignore", module=module)
