"""``seqdsl weights``: checkpoints from elsewhere, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from seqdsl.cli.common import (
    claims_option,
    ema_option,
    fail_with,
    load_or_exit,
    network_options,
    note,
    show,
)
from seqdsl.cli.tables import FORMATS, Table, write_tables
from seqdsl.source.diagnostic import Failure
from seqdsl.source.render_text import printable

if TYPE_CHECKING:
    from seqdsl.backends.weights.weights_file import WeightsFile
    from seqdsl.graph.network import Network
    from seqdsl.passes.matching.head import Head
    from seqdsl.passes.matching.match import Match
    from seqdsl.passes.matching.refusal import Refusal
    from seqdsl.passes.matching.units import Entry

F = TypeVar("F", bound=Callable[..., object])

_PATH = click.Path(path_type=Path)
_HEADINGS = ("ours", "our shape", "theirs", "their shape", "why")
_ROWS = 40  # that a terminal is shown


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


@click.group("weights", cls=_InOrder)
def command() -> None:
    """Bring weights from another's checkpoint to a network, and back under its own names.

    A checkpoint is a safetensors file, what torch.save wrote from a state_dict, or the index of
    either in several files; no code in it is ever run. The rule by which layers are matched is in
    docs/weights.md.
    """


def _match_options(function: F) -> F:
    """How the entries of a checkpoint are matched."""
    function = ema_option(function)
    function = click.option(
        "--as-written", is_flag=True,
        help="Where layers are alike, take the first that fits, in order of registration.",
    )(function)  # fmt: skip
    function = click.option(
        "--skip", "patterns", metavar="PATTERN", multiple=True,
        help="Leave out entries of CKPT, such as 'aux*' or '*.total_ops'. May be repeated.",
    )(function)  # fmt: skip
    function = click.option(
        "--map", "map_path", type=_PATH, metavar="MAP",
        help="Names that are known: a .toml or .json file of ours = theirs.",
    )(function)  # fmt: skip
    return click.option(
        "--format", type=click.Choice(FORMATS), default="table", show_default=True,
        help="How the table of what did not fit is printed.",
    )(function)  # fmt: skip


@command.command("import", short_help="Bring a checkpoint's weights to a network.")
@click.argument("checkpoint", type=_PATH, metavar="CKPT")
@click.option("--into", "file", required=True, metavar="FILE", help="The network's .seq file.")
@network_options
@claims_option
@click.option("-o", "--output", type=_PATH, required=True, help="A .safetensors file.")
@click.option("--head", type=click.Choice(["new"]),
              help="new: initialise the classifier, for other classes than CKPT's.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0, max=2**31), default=0, show_default=True,
              help="For the weights of a new head.")  # fmt: skip
@_match_options
def import_(
    checkpoint: Path,
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    output: Path,
    head: str | None,
    seed: int,
    map_path: Path | None,
    format: str,
    patterns: tuple[str, ...],
    as_written: bool,
    ema: bool | None,
) -> None:
    """Write the weights of CKPT under the names of a network of FILE.

    Layers are matched by the order of the dataflow and by shape. Exit code 1, and a table of
    what did not fit, where there is no such match, or more than one.
    """
    _check_suffix(output, (".safetensors",))
    network = load_or_exit(file, network_name, defines, claims=claims)
    from seqdsl.backends.weights.checkpoints import read_checkpoint
    from seqdsl.backends.weights.recorded import recorded
    from seqdsl.backends.weights.state import save_state
    from seqdsl.backends.weights.transfer import import_state
    from seqdsl.passes.matching.head import new_head
    from seqdsl.passes.matching.keys import listed

    try:
        theirs = read_checkpoint(checkpoint, ema)
        entries = _entries(theirs, patterns)
        fresh = None if head is None else new_head(network, entries, theirs.name)
        match = _match_or_exit(network, theirs, entries, fresh, map_path, as_written, format)
        held = recorded(checkpoint, note)
        if fresh is not None:  # the names belong to the head that is left out
            held = replace(held, classes=None)
        kept, lost = held.fitting(network.input.type, network.logits.type)
        save_state(output, import_state(theirs, match, network, seed), kept.as_metadata())
    except Failure as failure:
        fail_with(failure)
    if fresh is not None:
        instead = f"in place of {listed(fresh.theirs)}" if fresh.theirs else "CKPT has none"
        note(f"a new head, seed {seed}: {listed(fresh.ours)}; {instead}")
    for reason in lost:
        note(f"what CKPT records is left out where it does not fit: {reason}")
    _report(f"{output}: {checkpoint} as {network.name}", match)


@command.command("export", short_help="Write a network's weights as a checkpoint has them.")
@click.argument("weights", type=_PATH, metavar="WEIGHTS")
@click.option("--from", "file", required=True, metavar="FILE", help="The network's .seq file.")
@network_options
@claims_option
@click.option("--like", "checkpoint", type=_PATH, required=True, metavar="CKPT",
              help="Whose names, shapes and types to take.")  # fmt: skip
@click.option("-o", "--output", type=_PATH, required=True,
              help="A .pth, .pt or .safetensors file.")  # fmt: skip
@_match_options
def export(
    weights: Path,
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    checkpoint: Path,
    output: Path,
    map_path: Path | None,
    format: str,
    patterns: tuple[str, ...],
    as_written: bool,
    ema: bool | None,
) -> None:
    """Write WEIGHTS of a network of FILE as CKPT has them: its names, shapes and types.

    The match is that of import, with the same exit codes.
    """
    _check_suffix(output, (".pth", ".pt", ".safetensors"))
    network = load_or_exit(file, network_name, defines, claims=claims)
    from seqdsl.backends.weights.checkpoints import read_checkpoint
    from seqdsl.backends.weights.recorded import recorded
    from seqdsl.backends.weights.state import load_state
    from seqdsl.backends.weights.transfer import export_state

    try:
        state = load_state(weights, network, tell=note)
        theirs = read_checkpoint(checkpoint, ema)
        entries = _entries(theirs, patterns)
        match = _match_or_exit(network, theirs, entries, None, map_path, as_written, format)
        export_state(output, state, theirs, match, recorded(weights, note).as_metadata())
    except Failure as failure:
        fail_with(failure)
    _report(f"{output}: {weights} as {checkpoint}", match)


def _check_suffix(path: Path, allowed: tuple[str, ...]) -> None:
    if path.suffix.lower() not in allowed:
        raise click.UsageError(f"{path}: the output is a {' or '.join(allowed)} file")


def _entries(file: WeightsFile, patterns: tuple[str, ...]) -> list[Entry]:
    """The entries of a checkpoint that no pattern leaves out. Raises `Failure`."""
    from seqdsl.passes.matching.keys import listed, skipped

    for text in file.notes:
        note(text)
    left_out: set[str] = set()
    for pattern, keys in skipped(patterns, file.shapes, file.name).items():
        note(f"--skip {pattern} leaves out {listed(keys)}")
        left_out.update(keys)
    return [entry for entry in file.entries if entry.key not in left_out]


def _match_or_exit(
    network: Network,
    checkpoint: WeightsFile,
    entries: list[Entry],
    head: Head | None,
    map_path: Path | None,
    as_written: bool,
    format: str,
) -> Match:
    """The match, or the table of what did not fit and exit code 1. Raises `Failure`."""
    from seqdsl.backends.weights.name_map import read_map
    from seqdsl.passes.matching.match import match
    from seqdsl.passes.matching.refusal import Refusal

    if as_written and not checkpoint.registered:
        raise click.UsageError(
            f"--as-written needs the order of registration, and {checkpoint.name} has none: "
            "safetensors sorts its keys. Tie what is alike in a --map"
        )
    lines = () if map_path is None else read_map(map_path)
    found = match(
        network, entries, checkpoint.name, registered=checkpoint.registered, lines=lines,
        head=head, as_written=as_written,
    )  # fmt: skip
    if not isinstance(found, Refusal):
        return found
    if found.rows:
        click.echo(write_tables([_table(network, checkpoint, found, format)], format))
    show([found.diagnostic])
    sys.exit(1)


def _table(network: Network, checkpoint: WeightsFile, refusal: Refusal, format: str) -> Table:
    rows = tuple(
        tuple(map(printable, (r.ours, r.our_shape, r.theirs, r.their_shape, r.why)))
        for r in refusal.rows
    )
    shown = rows[:_ROWS] if format == "table" else rows
    hidden = len(rows) - len(shown)
    more = f"and {hidden} more; --format csv shows all" if hidden else ""
    title = printable(f"{network.name} and {checkpoint.name}")
    return Table(title, _HEADINGS, shown, note=more)


def _report(what: str, match: Match) -> None:
    """Say on standard error what was done, and where a match is a guess or not quite a fit."""
    from seqdsl.passes.matching.units import spell

    for pair in match.pairs:
        if pair.ours.shape != pair.theirs.shape:
            shapes = f"{spell(pair.theirs.shape)} for {spell(pair.ours.shape)}"
            note(f"{pair.theirs.key} is {shapes} of {pair.ours.key}")
    if match.guessed:
        first, *others = match.guessed
        more = f" and {len(others)} more" if others else ""
        note(f"only the order as written tells where {first}{more} belong: compare outputs")
    by = " and ".join(evidence.value for evidence in match.evidence)
    click.echo(printable(f"{what}, {len(match.pairs)} entries, matched by {by}"), err=True)
