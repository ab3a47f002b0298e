"""Whether what seqdsl stands on is there, and works: a finding a part, and never an exception."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from tempfile import TemporaryFile

import seqdsl
from seqdsl.backends.bench.machine import processor
from seqdsl.backends.doctor.driver import driver
from seqdsl.backends.parts import Part, Verdict, guarded, run
from seqdsl.backends.targets import ENGINES, EngineTarget

_LIBRARIES = ("lark", "networkx", "numpy", "onnx")
_DRAWN = b"digraph { a -> b }"


def examine() -> Iterator[Part]:
    """Every part in turn; the engines take seconds."""
    here = [target for target in ENGINES.values() if target.is_here]
    checks: list[tuple[str, Callable[[], Part]]] = [
        ("seqdsl", _seqdsl),
        ("Python", _python),
        ("platform", _platform),
        *((name, partial(_library, name)) for name in _LIBRARIES),
        *(part for target in ENGINES.values() for part in _parts(target)),
        ("NVIDIA driver", driver),
        # the last first: onnxruntime finds the CUDA libraries that torch has loaded
        *(part for target in reversed(here) for part in target.load().devices()),
        ("Graphviz", _graphviz),
        ("graphviz-pure", _packaged_graphviz),
        ("grammar cache", _cache),
        ("pygls", _pygls),
    ]
    for name, check in checks:
        yield guarded(name, check)


def _parts(target: EngineTarget) -> Iterator[tuple[str, Callable[[], Part]]]:
    """An engine's own parts, or the way to an engine that is not installed."""
    if target.is_here:
        yield from target.load().parts()
    else:
        way = f"pip install 'seqdsl[{target.extra}]'"
        yield target.name, partial(Part, target.name, "not installed", Verdict.NOTE, way)


def _seqdsl() -> Part:
    return Part("seqdsl", f"{seqdsl.__version__}, {Path(seqdsl.__file__).parent}")


def _python() -> Part:
    return Part("Python", f"{platform.python_version()}, {sys.executable}")


def _platform() -> Part:
    return Part("platform", f"{platform.platform()}; {processor()}")


def _library(name: str) -> Part:
    import_module(name)
    return Part(name, metadata.version(name))


def _graphviz() -> Part:
    program = shutil.which("dot")
    if program is None:
        way = "graphviz-pure lays drawings out as well"
        return Part("Graphviz", "there is no dot program", Verdict.NOTE, way)
    said = run([program, "-V"])[2].rpartition("version ")[2]
    return _drawing("Graphviz", f"{said}, {program}", program)


def _packaged_graphviz() -> Part:
    """The engine that draws where the system has none."""
    from seqdsl.backends.drawing.graphviz import engines as layouts

    program = dict(layouts()).get("graphviz-pure")
    if program is not None:
        return _drawing("graphviz-pure", metadata.version("graphviz-pure"), program)
    verdict = Verdict.BROKEN if shutil.which("dot") is None else Verdict.NOTE
    return Part("graphviz-pure", "not installed", verdict, "pip install graphviz-pure")


def _drawing(name: str, version: str, program: str) -> Part:
    """Whether an engine lays a graph out, found by asking it to."""
    if run([program, "-Tjson"], _DRAWN)[:1] != (0,):
        return Part(name, f"{version}: it lays nothing out", Verdict.BROKEN, "install it again")
    return Part(name, version)


def _cache() -> Part:
    """Where the parser's tables are kept."""
    from platformdirs import user_cache_dir

    folder = Path(user_cache_dir("seqdsl"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return Part("grammar cache", str(folder))
    except OSError as error:
        found = f"{folder} can't be written: {error.strerror}"
        return Part("grammar cache", found, Verdict.NOTE, "every command starts more slowly")


def _pygls() -> Part:
    try:
        return _library("pygls")
    except ModuleNotFoundError:
        return Part("pygls", "not installed", Verdict.NOTE, "for editors: pip install pygls")
