"""Which recipe a run follows: the data set's, what the source says, what the call says."""

from __future__ import annotations

from collections.abc import Mapping

from seqdsl.backends.inputs.preprocessing import CIFAR_SIZE
from seqdsl.graph.network import Network
from seqdsl.graph.recipe import RECIPES, SETTINGS, Recipe, Setting, conflict, problem
from seqdsl.source.diagnostic import unlocated
from seqdsl.source.suggest import nearest

_CALL = "--set"  # where what is at fault is given


def choose_recipe(network: Network, data: str, given: Mapping[str, str]) -> Recipe:
    """The recipe of a data set, under what a network's ``train`` sets, under settings given as
    texts. Raises `Failure`.
    """
    said = network.training
    recipe = RECIPES[(said and said.recipe) or _usual(network, data)]
    if said is not None:
        recipe = recipe.with_settings(said.settings)
    recipe = recipe.with_settings({name: _setting(name, text) for name, text in given.items()})
    reason = conflict(recipe)
    if reason is not None:
        raise unlocated("bad-setting", reason, _CALL, "set epochs and milestones together")
    return recipe


def _usual(network: Network, data: str) -> str:
    """The recipe of a data set; of any folder's images, that of a set of their size."""
    if data == "folder":
        return "cifar" if max(network.input.type.spatial) <= CIFAR_SIZE else "imagenet"
    return data.rstrip("0123456789")


def _setting(name: str, text: str) -> Setting:
    if name not in SETTINGS:
        near = nearest(name, SETTINGS)
        help = f"did you mean `{near}`?" if near else f"they are {', '.join(SETTINGS)}"
        raise unlocated("unknown-recipe", f"a recipe has no setting `{name}`", _CALL, help)
    value = _value(text)
    reason = problem(name, value)
    if reason is not None:
        raise unlocated("bad-setting", f"{reason}, and {text!r} is given", _CALL)
    assert isinstance(value, int | float | tuple)
    return value


def _value(text: str) -> object:
    """``30``, ``0.05``, ``1e-4``, or ``[150, 225]`` with its brackets or without."""
    inner = text.strip().removeprefix("[").removesuffix("]")
    if inner != text.strip() or "," in inner:
        parts = [part.strip() for part in inner.split(",") if part.strip()]
        return tuple(map(int, parts)) if all(map(_is_whole, parts)) else text
    if _is_whole(inner):
        return int(inner)
    try:
        return float(inner)
    except ValueError:
        return text


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
