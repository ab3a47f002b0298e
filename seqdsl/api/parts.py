"""The parts of a network as a list, which becomes a DataFrame and a table of HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqdsl.api.notebook import table
from seqdsl.graph.conventions import CONVENTIONS
from seqdsl.graph.statistics import Part

if TYPE_CHECKING:
    import pandas


class Parts(list[Part]):
    """The parts of a network, in dataflow order: a list, and a table.

    >>> network = load(source="network N { input 3x8x8; stage a { conv 3x3, 16 } }")
    >>> [(part.name, part.shape, part.cost.params) for part in network.stats()]
    [('input', (3, 8, 8), 0), ('a', (16, 8, 8), 464)]
    """

    def to_pandas(self) -> pandas.DataFrame:
        """Return a row for each part: its name, shape and counts for one sample.

        Columns are ``name``, ``shape``, ``params``, one for each counting convention under its
        name (``macs``, ``flops``, ...; single operations), and ``activations``, the elements that
        convolutions and linear layers put out. Raises ImportError where pandas is missing.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError(
                "to_pandas() needs pandas: pip install pandas", name="pandas"
            ) from error
        return pandas.DataFrame(
            {
                "name": [part.name for part in self],
                "shape": [part.shape for part in self],
                "params": [part.cost.params for part in self],
                **{
                    name: [convention.count(part.cost) for part in self]
                    for name, convention in CONVENTIONS.items()
                },
                "activations": [part.cost.activations for part in self],
            }
        )

    def _repr_html_(self) -> str:
        return table(self)
