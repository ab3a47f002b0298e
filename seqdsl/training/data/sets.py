"""The data sets that networks are trained on, by name; what reads them is imported when asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from seqdsl.graph.tensor import TensorType
from seqdsl.training.data.failures import failure

if TYPE_CHECKING:
    from seqdsl.backends.inputs.preprocessing import Preprocessing
    from seqdsl.training.data.batch import Data

DATA_SETS: Mapping[str, str] = MappingProxyType(
    {
        "digits": "scikit-learn's 1,797 handwritten digits; needs no files",
        "cifar10": "cifar-10-binary.tar.gz of the CIFAR page, or the folder that is in it",
        "cifar100": "cifar-100-binary.tar.gz of the CIFAR page, or the folder that is in it",
        "imagenet": "a folder with train/ and val/, and in each a folder a class",
        "folder": "a folder with train/ and val/, or with a folder a class",
    }
)


def open_data(
    name: str,
    path: Path | None,
    type: TensorType,
    *,
    classes: int,
    holdout: int = 0,
    seed: int = 0,
    skip_unreadable: bool = False,
    preprocessing: Preprocessing | None = None,
) -> Data:
    """A data set of `DATA_SETS` for a network that takes ``type`` and gives ``classes`` logits.

    ``holdout`` training samples are chosen by the seed and validate; without any, the test set
    does. Samples are shown by the ``preprocessing``, or else by the data set's own, which the
    `Data` names in either case. Everything random about a sample follows from the seed, the epoch
    and its index. Raises `Failure` for data that are missing, unreadable or unfit; while training,
    too, for a file that can't be read, unless those are skipped.
    """
    if name not in DATA_SETS:
        raise failure(
            "missing-data",
            f"there is no data set {name!r}",
            help=f"they are {', '.join(DATA_SETS)}",
        )
    if len(type.spatial) != 2:
        raise failure("unfit-data", f"{name} is images, and the network takes {type}")
    data = _opened(name, path, type, holdout, seed, skip_unreadable, preprocessing)
    if len(data.classes) != classes:
        raise failure(
            "unfit-data",
            f"{name} has {len(data.classes):,} classes, and the network gives {classes:,}",
            path,
            f"a network that has such a parameter takes -D classes={len(data.classes)}",
        )
    return data


def _opened(
    name: str,
    path: Path | None,
    type: TensorType,
    holdout: int,
    seed: int,
    skip: bool,
    given: Preprocessing | None,
) -> Data:
    if name == "digits":
        from seqdsl.training.data.digits import open_digits

        return open_digits(type, holdout, seed, given)
    if path is None:
        raise failure(
            "missing-data", f"where {name} is is not said", help=f"it is {DATA_SETS[name]}"
        )
    if name in ("cifar10", "cifar100"):
        from seqdsl.training.data.cifar import open_cifar

        return open_cifar(name, path, type, holdout, seed, given)
    from seqdsl.training.data.folders import open_folder

    return open_folder(name, path, type, holdout, seed, skip, given)
