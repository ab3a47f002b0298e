"""How a network is trained: section 4.2 of the paper as data, and what a file says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, fields, replace
from fractions import Fraction
from math import isfinite
from types import MappingProxyType
from typing import Any, TypeAlias

from seqdsl.source.frozen import frozen
from seqdsl.source.text import Span

Setting: TypeAlias = int | float | tuple[int, ...]


@frozen
class Recipe:
    """Stochastic gradient descent with Nesterov momentum, and a rate that falls in steps."""

    epochs: int
    batch: int  # samples a step, over all processes and accumulated parts
    lr: float  # at the start
    momentum: float  # Nesterov's
    weight_decay: float  # the factor of the L2 penalty's gradient, for every parameter
    milestones: tuple[int, ...]  # the epochs after which the rate is multiplied by gamma
    gamma: float
    holdout: int  # training samples that are kept for validation; 0 trains on all

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, the first of which is 0."""
        rate = self.lr * self.gamma ** sum(milestone <= epoch for milestone in self.milestones)
        return float(f"{rate:.12g}")  # 0.01, where 0.1 * 0.1 is a little more

    def with_settings(self, settings: Mapping[str, Setting]) -> Recipe:
        """The recipe with some settings replaced. Where the epochs are and the milestones are not,
        these keep their parts of the whole, as far as those are whole epochs.
        """
        changed: dict[str, Any] = dict(settings)
        if "epochs" in settings and "milestones" not in settings:
            epochs = changed["epochs"]
            moved = (round(Fraction(m * epochs, self.epochs)) for m in self.milestones)
            changed["milestones"] = tuple(dict.fromkeys(m for m in moved if 0 < m < epochs))
        return replace(self, **changed)


@frozen
class Training:
    """What ``train`` statements say: the recipe that they start from, and what they set."""

    recipe: str | None  # a key of RECIPES; None for the one of the data set
    settings: Mapping[str, Setting]
    span: Span  # of the last of them
    places: Mapping[str, Span] = field(default_factory=dict)  # of each setting's value


_CIFAR = Recipe(300, 64, 0.1, 0.9, 1e-4, (150, 225), 0.1, 0)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "cifar": _CIFAR,
        "imagenet": replace(_CIFAR, epochs=100, batch=256, milestones=(30, 60, 90)),
        # ours, for 1,438 small images: CIFAR's, shorter
        "digits": replace(_CIFAR, epochs=30, milestones=(15, 22)),
    }
)
SETTINGS = tuple(each.name for each in fields(Recipe))
# What an editor tells of them.
ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "cifar": "section 4.2 of the paper, for CIFAR",
        "imagenet": "section 4.2 of the paper, for ImageNet",
        "digits": "CIFAR's, shorter: for scikit-learn's 1,438 small images",
        "epochs": "how often the training set is gone through",
        "batch": "samples a step, over all processes and accumulated parts",
        "lr": "the learning rate at the start",
        "momentum": "Nesterov's",
        "weight_decay": "the factor of the L2 penalty's gradient, for every parameter",
        "milestones": "the epochs after which the rate is multiplied by gamma",
        "gamma": "the factor of the learning rate at a milestone",
        "holdout": "training samples that are kept for validation; 0 trains on all",
    }
)

_WHOLE = frozenset({"epochs", "batch", "holdout"})
_RANGES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "epochs": (lambda value: value >= 1, "at least 1"),
    "batch": (lambda value: value >= 1, "at least 1"),
    "lr": (lambda value: value > 0, "above 0"),
    "momentum": (lambda value: 0 <= value < 1, "at least 0 and below 1"),
    "weight_decay": (lambda value: value >= 0, "at least 0"),
    "gamma": (lambda value: 0 < value <= 1, "above 0 and at most 1"),
    "holdout": (lambda value: value >= 0, "at least 0"),
}


def problem(name: str, value: object) -> str | None:
    """Why a value can't be that of a setting, as in ``epochs is a whole number, at least 1``."""
    if name == "milestones":
        if not isinstance(value, tuple) or not all(map(_is_whole, value)):
            return "milestones is a list of epochs, such as [150, 225]"
        rising = all(low < high for low, high in zip((0, *value), value, strict=False))
        return None if rising else "milestones are epochs above 0, each later than the one before"
    holds, range = _RANGES[name]
    kind = "whole number" if name in _WHOLE else "number"
    is_number = _is_whole(value) or (isinstance(value, float) and isfinite(value))
    fits = _is_whole(value) if name in _WHOLE else is_number
    return None if fits and holds(value) else f"{name} is a {kind}, {range}"


def conflict(recipe: Recipe) -> str | None:
    """Why the settings of a recipe don't go together."""
    late = [milestone for milestone in recipe.milestones if milestone >= recipe.epochs]
    if late:
        return f"milestone {late[0]} is not reached in {recipe.epochs} epochs"
    return None


def spell(value: Setting) -> str:
    """A setting as the language writes it."""
    return f"[{_list(value)}]" if isinstance(value, tuple) else str(value)


def _list(values: Iterable[int]) -> str:
    return ", ".join(map(str, values))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
