"""A library that can't be imported: which one, and the line that installs it."""

from __future__ import annotations

import re

# The modules of the extra `train`; all others come with seqdsl itself.
TRAIN = frozenset({"filelock", "lightning", "matplotlib", "sklearn", "tensorboard"})


def missing_library(error: ImportError) -> tuple[str, str] | None:
    """What is missing and the pip line, or None where a module of seqdsl itself is."""
    library = (error.name or "").partition(".")[0] or _named(str(error))
    if library == "seqdsl":
        return None
    reason = str(error).strip().partition("\n")[0]
    message = f"this needs {library or 'a library'}, which can't be imported: {reason}"
    if library and library not in TRAIN and not isinstance(error, ModuleNotFoundError):
        return message, f"pip install --force-reinstall {_distribution(library)}"
    return message, "pip install 'seqdsl[train]'" if library in TRAIN else "pip install seqdsl"


def _named(message: str) -> str:
    """The library that an error without a name is about: Lightning raises one for TensorBoard."""
    return next((word for word in re.findall(r"\w+", message) if word in TRAIN), "")


def _distribution(library: str) -> str:
    """What pip calls an installed library."""
    from importlib import metadata  # slow to import

    return next(iter(metadata.packages_distributions().get(library, ())), library)
