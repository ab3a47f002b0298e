"""What a user decides of a training run beside the network and its recipe."""

from __future__ import annotations

from pathlib import Path

from seqdsl.source.frozen import frozen_value

SIGNALS = ("SIGTERM", "SIGINT", "SIGUSR1")  # of a preemption, of a user, of Slurm


@frozen_value
class DataSource:
    """Which samples, and in which order."""

    data: str = "digits"  # a key of DATA_SETS
    path: Path | None = None  # where they are; None for what is embedded
    seed: int = 0  # of the weights, the order, the augmentation and the dropout
    skip_unreadable: bool = False


@frozen_value
class Machine:
    """Where a network is trained, and how it is computed there."""

    accelerator: str = "auto"  # or cpu, or cuda
    devices: int | None = None  # processes of each machine; None for what a launcher says, or 1
    nodes: int | None = None  # machines; likewise
    precision: str = "32"  # or bf16, or fp16: mixed, over weights of float32
    accumulate: int = 1  # parts of a batch that are gone through one after another
    schedule: str = "auto"
    recompute: bool = False
    sync_batch_norm: bool = False  # statistics over the batch of all processes
    channels_last: bool = False
    compile: bool = False
    workers: int = 0  # processes that load data, beside each that trains
    save_every: int | None = None  # steps; None saves after each epoch alone
