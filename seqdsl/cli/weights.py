"""``seqdsl weights``: checkpoints from elsewhere, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from seqdsl.cli.common import claims_option, fail_with, load_or_exit, network_options, show
from seqdsl.cli.tables import FORMATS, Table, write_tables
from seqdsl.source.diagnostic import Failure
from seqdsl.source.render_text import printable

if TYPE_CHECKING:
    from seqdsl.backends.checkpoints import Checkpoint
    from seqdsl.graph.network import Network
    from seqdsl.passes.matching.match import Match, Refusal

F = TypeVar("F", bound=Callable[..., object])

_PATH = click.Path(path_type=Path)
_HEADINGS = ("ours", "our shape", "theirs", "their shape", "why")
_ROWS = 40  # that a terminal is shown


@click.group("weights")
def command() -> None:
    """Bring weights from another's checkpoint to a network, and back under its own names.

    A checkpoint is a safetensors file, or what torch.save wrote from a state_dict; no code in it
    is ever run. The rule by which layers are matched is in docs/weights.md.
    """


def _map_options(function: F) -> F:
    function = click.option(
        "--map", "map_path", type=_PATH, metavar="MAP",
        help="Names that are known: a .toml or .json file of ours = theirs.",
    )(function)  # fmt: skip
    return click.option(
        "--format", type=click.Choice(FORMATS), default="table", show_default=True,
        help="How the table of what did not fit is printed.",
    )(function)  # fmt: skip


@command.command("import")
@click.argument("checkpoint", type=_PATH, metavar="CKPT")
@click.option("--into", "file", required=True, metavar="FILE", help="The network's .seq file.")
@network_options
@claims_option
@click.option("-o", "--output", type=_PATH, required=True, help="A .safetensors file.")
@_map_options
def import_(
    checkpoint: Path,
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    output: Path,
    map_path: Path | None,
    format: str,
) -> None:
    """Write the weights of CKPT under the names of a network of FILE.

    Layers are matched by the order of the dataflow and by shape. Exit code 1, and a table of
    what did not fit, where there is no such match, or more than one.
    """
    _check_suffix(output, (".safetensors",))
    network = load_or_exit(file, network_name, defines, claims=claims)
    from seqdsl.backends.checkpoints import read_checkpoint
    from seqdsl.backends.recorded import recorded
    from seqdsl.backends.transfer import import_state
    from seqdsl.backends.weights import save_state

    try:
        theirs = read_checkpoint(checkpoint)
        match = _match_or_exit(network, theirs, map_path, format)
        save_state(output, import_state(theirs, match), recorded(checkpoint).as_metadata())
    except Failure as failure:
        fail_with(failure)
    _report(f"{output}: {checkpoint} as {network.name}", match)


@command.command("export")
@click.argument("weights", type=_PATH, metavar="WEIGHTS")
@click.option("--from", "file", required=True, metavar="FILE", help="The network's .seq file.")
@network_options
@claims_option
@click.option("--like", "checkpoint", type=_PATH, required=True, metavar="CKPT",
              help="Whose names, shapes and types to take.")  # fmt: skip
@click.option("-o", "--output", type=_PATH, required=True,
              help="A .pth, .pt or .safetensors file.")  # fmt: skip
@_map_options
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
) -> None:
    """Write WEIGHTS of a network of FILE as CKPT has them: its names, shapes and types.

    The match is that of import, with the same exit codes.
    """
    _check_suffix(output, (".pth", ".pt", ".safetensors"))
    network = load_or_exit(file, network_name, defines, claims=claims)
    from seqdsl.backends.checkpoints import read_checkpoint
    from seqdsl.backends.recorded import recorded
    from seqdsl.backends.transfer import export_state
    from seqdsl.backends.weights import load_state

    try:
        state = load_state(weights, network)
        theirs = read_checkpoint(checkpoint)
        match = _match_or_exit(network, theirs, map_path, format)
        export_state(output, state, theirs, match, recorded(weights).as_metadata())
    except Failure as failure:
        fail_with(failure)
    _report(f"{output}: {weights} as {checkpoint}", match)


def _check_suffix(path: Path, allowed: tuple[str, ...]) -> None:
    if path.suffix.lower() not in allowed:
        raise click.UsageError(f"{path}: the output is a {' or '.join(allowed)} file")


def _match_or_exit(
    network: Network, checkpoint: Checkpoint, map_path: Path | None, format: str
) -> Match:
    """The match, or the table of what did not fit and exit code 1. Raises `Failure`."""
    from seqdsl.backends.name_map import read_map
    from seqdsl.passes.matching.match import Refusal, match

    lines = () if map_path is None else read_map(map_path)
    found = match(
        network, checkpoint.entries, checkpoint.name, registered=checkpoint.registered, lines=lines
    )
    if not isinstance(found, Refusal):
        return found
    if found.rows:
        click.echo(write_tables([_table(network, checkpoint, found, format)], format))
    show([found.diagnostic])
    sys.exit(1)


def _table(network: Network, checkpoint: Checkpoint, refusal: Refusal, format: str) -> Table:
    rows = tuple(
        tuple(map(printable, (r.ours, r.our_shape, r.theirs, r.their_shape, r.why)))
        for r in refusal.rows
    )
    shown = rows[:_ROWS] if format == "table" else rows
    hidden = len(rows) - len(shown)
    note = f"and {hidden} more; --format csv shows all" if hidden else ""
    title = printable(f"{network.name} and {checkpoint.name}")
    return Table(title, _HEADINGS, shown, note=note)


def _report(what: str, match: Match) -> None:
    """Says on standard error what was done, and where a shape was not quite the same."""
    from seqdsl.passes.matching.units import spell

    for pair in match.pairs:
        if pair.ours.shape != pair.theirs.shape:
            shapes = f"{spell(pair.theirs.shape)} for {spell(pair.ours.shape)}"
            click.echo(
                printable(f"note: {pair.theirs.key} is {shapes} of {pair.ours.key}"), err=True
            )
    by = " and ".join(evidence.value for evidence in match.evidence)
    click.echo(printable(f"{what}, {len(match.pairs)} entries, matched by {by}"), err=True)
