"""The grammar and the standard library: from a wheel, an editable install, or a checkout alike."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def resource(folder: str) -> Traversable:
    """The folder ``grammars`` or ``architectures``, beside the package in a checkout."""
    try:
        return files(f"seqdsl.{folder}")
    except ModuleNotFoundError:  # nothing is installed: this runs from a checkout
        return Path(__file__).parents[2] / folder
