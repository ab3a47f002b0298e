"""How batches come out of a DataLoader's processes, and diagnostics with them.

torch passes an exception of a worker on as text. What is wrong with a file is returned instead, and
raised where it arrives:

    loader = DataLoader(Workable(split), batch_sampler=draws, collate_fn=passed_on, num_workers=2)
    for batch in map(received, loader): ...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from seqdsl.source.codes import BY_ID
from seqdsl.source.diagnostic import Diagnostic, Failure
from seqdsl.training.data.batch import Batch, Draw, Split

T = TypeVar("T")


class Refusal:
    """A diagnostic in place of a batch."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


class Workable:
    """A split as a DataLoader's data set, which raises no `Failure` but returns it."""

    def __init__(self, split: Split) -> None:
        self._split = split

    def __len__(self) -> int:
        return len(self._split)

    def __getitems__(self, draws: Sequence[Draw]) -> Batch | Refusal:
        try:
            return self._split.__getitems__(draws)
        except Failure as failure:
            return Refusal(failure.diagnostic)


def passed_on(batch: T) -> T:
    """What collates a batch that is whole already."""
    return batch


def received(arrived: Batch | Refusal) -> Batch:
    """The batch that a worker sent. Raises the `Failure` that was its answer."""
    if isinstance(arrived, Batch):
        return arrived
    found = arrived.diagnostic
    raise Failure(replace(found, code=BY_ID[found.code.id]))  # the code itself, not its copy
