"""What a caller in Python gives: a source, a network's name, parameters, and words of few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path

from seqdsl.semantic.expansion.given import Argument
from seqdsl.semantic.names.reading import decode
from seqdsl.source.diagnostic import CompileError, Failure
from seqdsl.source.suggest import nearest
from seqdsl.source.text import Source

# What `load` and `expand` call arguments of their own; a parameter of such a name is given in
# `parameters`.
RESERVED = ("source", "parameters")


def where_of(function: str, path: object, source: object) -> Path | Source:
    """Return where a source is: a path, or the text itself.

    Raises TypeError unless exactly one of the two is given, `CompileError` for a text that is too
    long or no Unicode.
    """
    if (path is None) == (source is None):
        needs = "needs" if path is None else "takes only one of"
        hint = "" if path is None else _hint("source", source)
        raise TypeError(f"{function}() {needs} the path of a .seq file or source=TEXT{hint}")
    if source is None:
        if not isinstance(path, str | PathLike):
            raise TypeError(f"{function}() takes a path as a str or a Path, not {_kind(path)}")
        return Path(path)
    if not isinstance(source, str):
        raise TypeError(f"source= is a str, not {_kind(source)}{_hint('source', source)}")
    try:
        return decode(source.encode("utf-8", "surrogatepass"), "<source>")
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None


def name_of(network: object) -> str | None:
    """Return the name of a network as it is given. Raises TypeError for anything but a str."""
    if network is None or isinstance(network, str):
        return network
    raise TypeError(f"network= is a name, not {_kind(network)}")


def merged(parameters: object, keywords: Mapping[str, Argument]) -> dict[str, Argument]:
    """Return the parameters of a mapping and of keywords. Raises TypeError where both have one."""
    if parameters is None:
        return dict(keywords)
    if not isinstance(parameters, Mapping):
        hint = _hint("parameters", parameters)
        raise TypeError(f"parameters= maps names to values, and is not {_kind(parameters)}{hint}")
    for name in parameters:
        if not isinstance(name, str):
            raise TypeError(f"parameters= maps names to values, and {name!r} is no name")
        if name in keywords:
            raise TypeError(f"the parameter {name!r} is given twice: in parameters=, and by itself")
    return {**parameters, **keywords}


def in_call(names: Sequence[str]) -> list[str]:
    """Spell how parameters are given in Python: ``k=...`` each, but for reserved names."""
    plain = [f"{name}=..." for name in names if name not in RESERVED]
    reserved = ", ".join(f"{name!r}: ..." for name in names if name in RESERVED)
    return [*plain, f"parameters={{{reserved}}}"] if reserved else plain


def require_word(what: str, word: str, words: Iterable[str]) -> None:
    """Raise ValueError, which names the words that there are, for another."""
    known = list(words)
    if word not in known:
        near = nearest(word, known, foreign=False) if isinstance(word, str) else None
        hint = f": did you mean {near!r}?" if near else ""
        raise ValueError(f"{what} is one of {', '.join(known)}, not {word!r}{hint}")


def _hint(name: str, value: object) -> str:
    """How to give a parameter that has the name of an argument."""
    shown = "..." if isinstance(value, str) else repr(value)
    return f"; a parameter called `{name}` is given as parameters={{{name!r}: {shown}}}"


def _kind(value: object) -> str:
    return f"of type {type(value).__name__}"
