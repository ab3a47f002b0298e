"""How much each group of a layer is used by those that see it: the pixels of Figure 5."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seqdsl.backends.arrays import Array
from seqdsl.passes.connections import Exploded, Patch


def usage(layer: Exploded, state: Mapping[str, Array]) -> Array:
    """The use of x_j by x_i at ``[j - (1-g'), i - 1]``, in 0..1; NaN where x_i does not see x_j.

    A connection's use is the mean absolute value of its weights, divided by the largest of the
    layer. The paper plots "normalized weights" and prints no formula; this is that of the paper
    of DenseNet (Huang et al. 2017, Figure 5), whose experiment it repeats: the L1 norm divided by
    the number of input channels, which is the mean but for a factor that all x_i share.
    """
    found = np.full((layer.inputs + layer.groups - 1, layer.groups), np.nan, np.float32)
    for (source, target), blocks in layer.connections.items():
        found[source + layer.inputs - 1, target - 1] = _mean(blocks, state)
    largest = np.nanmax(found)
    return found / largest if largest > 0 else found


def _mean(blocks: tuple[Patch, ...], state: Mapping[str, Array]) -> float:
    parts = [state[b.key][slice(*b.outputs), slice(*b.inputs)] for b in blocks]
    total = sum(float(np.abs(part).sum(dtype=np.float64)) for part in parts)
    return total / sum(part.size for part in parts)
