"""``seqdsl draw``"""

from __future__ import annotations

from pathlib import Path

import click

from seqdsl.backends.drawing.formats import FORMATS, Laid, named_formats
from seqdsl.cli.common import (
    claims_option,
    fail_with,
    load_or_exit,
    network_options,
    note,
    say,
    source_argument,
)
from seqdsl.passes.drawing.picture import NoSuchPart, picture
from seqdsl.passes.drawing.placing import Depth
from seqdsl.source.diagnostic import Failure
from seqdsl.source.suggest import nearest


@click.command("draw")
@source_argument
@network_options
@claims_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True,
              help=f"A {named_formats()} file.")  # fmt: skip
@click.option("--depth", type=click.Choice([depth.value for depth in Depth]), default="network",
              show_default=True, help="What a box is.")  # fmt: skip
@click.option("--only", metavar="PATH", help="One part, by its path: conv4/residual1.")
@click.option("--direction", type=click.Choice(["TB", "LR"]), default="TB", show_default=True,
              help="Top to bottom, or left to right.")  # fmt: skip
@click.option(
    "--fold/--no-fold",
    default=None,
    help="Whether one of several copies stands for all. [default: but for `layer`]",
)
@click.option(
    "--theme",
    type=click.Choice(["auto", "light", "dark", "gray"]),
    default="auto",
    show_default=True,
    help="Colours; auto is light, and in an SVG dark where its viewer is.",
)
@click.option("--no-heading", "headed", flag_value=False, default=True,
              help="Leave title and legend to a caption.")  # fmt: skip
def command(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    output: Path,
    depth: str,
    only: str | None,
    direction: str,
    fold: bool | None,
    theme: str,
    headed: bool,
) -> None:
    """Draw a network of FILE: `network` shows stages, `block` the layers in their blocks, `layer`
    every copy of these, too, and `group` the groups of layers and the windows they see.
    """
    from seqdsl.backends.drawing.write import draw, is_slow

    if output.suffix.lower() not in FORMATS:
        raise click.UsageError(f"{output}: the output is one of {', '.join(FORMATS)}")
    network = load_or_exit(file, network_name, defines, claims=claims)
    try:
        drawn = picture(network, Depth(depth), only and only.strip("/"), fold=fold)
    except NoSuchPart as problem:
        paths = {s.path for node in network.nodes for s in node.scope.ancestry() if s.path}
        near = None if only in paths else nearest(only or "", sorted(paths))
        hint = f" Did you mean {near}?" if near else ""
        raise click.UsageError(f"{problem}.{hint}") from None
    size = f"{len(drawn.boxes)} boxes, {len(drawn.arrows)} arrows"
    if isinstance(FORMATS[output.suffix.lower()], Laid) and is_slow(drawn):
        click.echo(f"laying out {size}: this may take a while", err=True)
    try:
        written = draw(drawn, output, direction, theme, headed)
    except Failure as failure:
        fail_with(failure)
    if written.note is not None:
        note(written.note)
    say(f"{output}: {size}, {written.engine}")
