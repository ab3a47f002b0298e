"""A network as a source of its own."""

from __future__ import annotations

from collections.abc import Iterator, Set

from seqdsl.graph.network import Network
from seqdsl.graph.recipe import Training
from seqdsl.graph.recipe import spell as spell_setting
from seqdsl.semantic.expansion.recorder import Recorder
from seqdsl.semantic.names.modules import Program, reachable
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.semantic.values.constants import CONSTANTS, FUNCTIONS
from seqdsl.semantic.writing.blocks import Blocks, WriteOut, documented
from seqdsl.semantic.writing.braces import INDENT
from seqdsl.semantic.writing.changes import Changes
from seqdsl.semantic.writing.writer import Writer


def plain_sources(program: Program, network: Network, recorder: Recorder) -> Iterator[str]:
    """The network as a source of its own: as it reads best, then with more and more of its blocks
    written out, should one of these compile to something else. Raises `Unwritable`.
    """
    every = reachable(program.root)
    names = {name for module in every for name in module.visible}
    reserved = {*names, *CONSTANTS, *FUNCTIONS, *PRIMITIVES}
    for by_argument, written_out in ((True, set()), (False, set()), (False, names)):
        changes = Changes(recorder.records, by_argument)
        yield _written(network, recorder, changes, written_out, reserved)


def _written(
    network: Network,
    recorder: Recorder,
    changes: Changes,
    written_out: Set[str],
    reserved: Set[str],
) -> str:
    assert recorder.result is not None
    while True:
        blocks = Blocks(written_out)
        try:
            body = Writer(blocks, changes, reserved).network(recorder.records, recorder.result)
            before = blocks.lines()
        except WriteOut as block:
            written_out = {*written_out, block.name}
            continue
        heading = [*before, *documented(network.doc), f"network {network.name} {{"]
        return "\n".join([*heading, *body, *_training(network.training), "}", ""])


def _training(training: Training | None) -> list[str]:
    if training is None:
        return []
    heading = f"{INDENT}train {training.recipe or ''}".rstrip()
    if training.recipe and not training.settings:
        return [heading]
    settings = (
        f"{2 * INDENT}{name} = {spell_setting(value)}" for name, value in training.settings.items()
    )
    return [f"{heading} {{", *settings, f"{INDENT}}}"]
