"""``seqdsl bench``"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from seqdsl.backends.engine import Mode
from seqdsl.backends.targets import ENGINES
from seqdsl.cli.common import claims_option, fail_with, load_or_exit, network_options, note
from seqdsl.cli.tables import (
    FORMATS,
    Cell,
    Number,
    Table,
    figure,
    spell_figure,
    whole,
    write_tables,
)
from seqdsl.passes.schedule.strategy import STRATEGIES, Strategy
from seqdsl.source.diagnostic import Failure

if TYPE_CHECKING:
    from seqdsl.backends.bench.bench import Report, Row
    from seqdsl.backends.bench.cases import Case, Settings
    from seqdsl.backends.targets import EngineTarget
    from seqdsl.graph.network import Network

_INTERRUPTED = 130
_NONE = Number(None, "-")


@click.command("bench")
@click.argument("file")
@network_options
@claims_option
@click.option("--batch", "batches", type=click.IntRange(min=1), multiple=True, default=(1,),
              show_default=True, help="A batch size; may be given several times.")  # fmt: skip
@click.option("--backend", "backends", type=click.Choice(list(ENGINES)), multiple=True,
              default=lambda: [name for name, target in ENGINES.items() if target.is_here],
              help="A backend; all, unless given.")  # fmt: skip
@click.option("--schedule", "schedules", type=click.Choice(STRATEGIES), multiple=True,
              default=("gather", "auto"), show_default=True, help="A schedule.")  # fmt: skip
@click.option("--train", is_flag=True, help="Time steps of training in torch, too.")
@click.option("--recompute", is_flag=True,
              help="Train also keeping less: what can be computed again is.")  # fmt: skip
@click.option("--compile", is_flag=True, help="Time torch.compile, too; it takes its time.")
@click.option("--provider", type=click.Choice(["auto", "cuda", "cpu"]), default="auto",
              show_default=True, help="Where it all runs.")  # fmt: skip
@click.option("--dtype", type=click.Choice(["float32", "float16", "bfloat16"]), default="float32",
              show_default=True, help="What is computed in.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), help="Threads of an engine on the CPU.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True, max=3600), default=2.0,
              show_default=True, help="Time for each row, besides what prepares it.")  # fmt: skip
@click.option("--memory/--no-memory", default=True, show_default=True,
              help="Measure memory on the CPU, in a process for each row.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
def command(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    batches: tuple[int, ...],
    backends: tuple[str, ...],
    schedules: tuple[str, ...],
    train: bool,
    recompute: bool,
    compile: bool,
    provider: str,
    dtype: str,
    threads: int | None,
    seconds: float,
    memory: bool,
    seed: int,
    format: str,
) -> None:
    """Time a network of FILE on every backend and schedule, with random weights.

    The rows of a batch size take turns; those that evaluate must give the same logits. `gather`
    computes as the network's equations say, and ratios are against it. Exit code 1 where a backend
    refuses the network or gives something else; 130 where Ctrl-C broke it off, and then the table
    has what was measured.
    """
    chosen = {Strategy(schedule) for schedule in schedules}
    engines = [target for name, target in ENGINES.items() if name in backends]
    options = {"--train": (train, Mode.TRAINING), "--compile": (compile, Mode.COMPILED)}
    for option, (given, mode) in options.items():
        if given and not any(mode in target.modes for target in engines):
            able = " or ".join(name for name, t in ENGINES.items() if mode in t.modes)
            raise click.UsageError(f"{option} needs --backend {able}")
    if recompute and not train:
        raise click.UsageError("--recompute needs --train")
    if all(chosen.isdisjoint(target.schedules) for target in engines):
        able = " and ".join(schedule.value for schedule in engines[0].schedules)
        raise click.UsageError(f"{engines[0].name} has the schedules {able} alone")
    if recompute and Strategy.AUTO not in chosen:
        raise click.UsageError("--recompute needs a schedule other than gather, which keeps all")
    if train and dtype == "float16":
        raise click.UsageError("training in float16 needs its loss scaled: take bfloat16")
    if threads is not None and provider == "cuda":
        raise click.UsageError("--threads needs --provider cpu or auto")
    network = load_or_exit(file, network_name, defines, claims=claims)
    from seqdsl.backends.bench.bench import bench
    from seqdsl.backends.bench.cases import Settings
    from seqdsl.backends.bench.machine import busy
    from seqdsl.backends.running import Dtype, Provider
    from seqdsl.cli.progress import progress_bar

    asked = {Mode.RUN: True, Mode.COMPILED: compile, Mode.TRAINING: train}
    modes = [mode for mode, wanted in asked.items() if wanted]
    cases = _cases(engines, chosen, batches, modes, recompute)
    settings = Settings(Provider(provider), Dtype(dtype), threads, seconds, memory, seed)
    load = busy()
    if load is not None:
        note(f"{load}; the figures will be off")
    try:
        with progress_bar() as progress:
            report = bench(network, cases, settings, progress)
    except Failure as failure:
        fail_with(failure)
    click.echo(write_tables([_table(network, report, settings, format)], format))
    if report.interrupted:
        click.echo("interrupted", err=True)
        sys.exit(_INTERRUPTED)
    sys.exit(1 if any(row.failed for row in report.rows) else 0)


def _cases(
    engines: Sequence[EngineTarget],
    schedules: set[Strategy],
    batches: Sequence[int],
    modes: Sequence[Mode],
    recompute: bool,
) -> list[Case]:
    """What is asked for, once each: batch by batch, and of one engine all schedules together."""
    from seqdsl.backends.bench.cases import Case

    ordered = sorted(schedules, key=lambda s: (s is not Strategy.GATHER, s.value))
    cases: list[Case] = []
    for batch in dict.fromkeys(batches):
        for engine, mode in ((e, m) for e in engines for m in modes if m in e.modes):
            able = [schedule for schedule in ordered if schedule in engine.schedules]
            cases += [Case(engine, schedule, batch, mode) for schedule in able]
            if mode is Mode.TRAINING and recompute:
                cases.append(Case(engine, Strategy.AUTO, batch, mode, recompute=True))
    return cases


def _table(network: Network, report: Report, settings: Settings, format: str) -> Table:
    """For programs every column; for readers those that tell rows apart or hold a figure."""
    from seqdsl.backends.bench.machine import processor, versions

    rows = report.rows
    columns = [_columns(network, row) for row in rows]
    batches = {row.case.batch for row in rows}
    devices = {row.device for row in rows if row.device}
    if format in ("json", "csv"):
        hidden = {"p10..p90"}
    else:
        hidden = {"p10 ms", "p90 ms", "calls", "start s"}
        hidden |= {"batch"} if len(batches) == 1 else set()
        hidden |= {"device"} if len(devices) <= 1 else set()
        empty = (name for name in columns[0] if all(c[name] in (_NONE, "") for c in columns))
        hidden |= set(empty) - {"ms"}
    headings = tuple(name for name in columns[0] if name not in hidden)
    title = f"{network.name}, {network.macs / 1e9:.3g} GMAC an image"
    title += f", batch {batches.pop()}" if len(batches) == 1 else ""
    where = f"{devices.pop()}, " if len(devices) == 1 else ""
    threads = "" if settings.threads is None else f"{_counted(settings.threads, 'thread')}, "
    note = f"{where}{threads}{settings.dtype.value}; {processor()}\n{versions()}\n{_ABOUT}"
    note += f"\n{_OF_MEMORY}" if "MiB" in headings else ""
    cells = tuple(tuple(column[name] for name in headings) for column in columns)
    return Table(title, headings, cells, _RIGHT, note, frozenset({"note"}))


_ABOUT = "medians, of turns; ratio: how many times as fast as gather on the same backend"
_OF_MEMORY = "MiB: memory at the peak of a run"
_RIGHT = frozenset(
    {
        "batch", "ms", "p10..p90", "p10 ms", "p90 ms", "calls", "images/s", "GMAC/s", "MiB",
        "saved MiB", "start s", "ratio",
    }
)  # fmt: skip


def _columns(network: Network, row: Row) -> dict[str, Cell]:
    case, timing = row.case, row.timing
    named: dict[str, Cell] = {
        "backend": case.backend,
        "schedule": case.shown,
        "batch": whole(case.batch),
        "device": row.device,
    }
    figures: dict[str, Cell] = dict.fromkeys(
        ("ms", "p10..p90", "p10 ms", "p90 ms", "calls", "images/s", "GMAC/s"), _NONE
    )
    if timing is not None:
        low, high = (1000 * seconds for seconds in timing.spread)
        rate = case.batch / timing.median
        figures = {
            "ms": figure(1000 * timing.median),
            "p10..p90": f"{spell_figure(low)}..{spell_figure(high)}",
            "p10 ms": figure(low),
            "p90 ms": figure(high),
            "calls": whole(len(timing.calls)),
            "images/s": figure(rate),
            "GMAC/s": figure(rate * network.macs / 1e9),
        }
    return {
        **named,
        **figures,
        "MiB": _mebibytes(row.memory),
        "saved MiB": _mebibytes(row.saved),
        "start s": figure(row.start),
        "ratio": _NONE if row.speedup is None else Number(row.speedup, f"{row.speedup:.2f}"),
        "note": f"not measured: {row.reason}" if row.reason else "",
    }


def _mebibytes(count: int | None) -> Number:
    return figure(None if count is None else count / 2**20)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
