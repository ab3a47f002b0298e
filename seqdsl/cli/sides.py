"""Networks as the command line names them: ``[REVISION:]FILE[:NETWORK]``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from seqdsl.source.frozen import frozen_value
from seqdsl.source.project import project_paths


@frozen_value
class Side:
    """One of several networks of a command, or all that a file has."""

    revision: str | None
    file: str
    network: str | None

    @property
    def where(self) -> str:
        return self.file if self.revision is None else f"{self.revision}:{self.file}"


def paths_of(sides: Sequence[Side]) -> list[str]:
    """The files as paths within their projects."""
    return project_paths([side.where for side in sides])


def read_sides(texts: tuple[str, ...], network: str | None) -> list[Side]:
    """Reads each ``[REVISION:]FILE[:NETWORK]``; ``network`` is that of sides that name none."""
    sides = [_read(text, network) for text in texts]
    if sum(side.file == "-" for side in sides) > 1:
        raise click.UsageError("standard input can be read once only")
    return sides


def _read(text: str, network: str | None) -> Side:
    """Reads one: a file that is there is meant, whatever its name."""
    if text == "-" or Path(text).is_file():
        return Side(None, text, network)
    rest, _, last = text.rpartition(":")
    if last.isidentifier() and (":" in rest or rest.endswith(".seq") or Path(rest).is_file()):
        text, network = rest, last
    if ":" not in text or Path(text).is_file():
        return Side(None, text, network)
    revision, _, file = text.rpartition(":")
    if not revision or not file:
        raise click.UsageError(f"{text!r} is not of the form [REVISION:]FILE[:NETWORK]")
    return Side(revision, file, network)
