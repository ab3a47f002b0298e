"""Makes `api.md` of the docstrings of what `import seqdsl` offers. `python docs/api.py`"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import get_args

import seqdsl

PAGE = Path(__file__).with_suffix(".md")
INTRODUCTION = """# Python

What `import seqdsl` offers, from its docstrings. `python docs/api.py` makes this page, and the
examples run in the tests. A path is a str or a `Path`; a feature map's shape is
`(channels, height, width)`, and every count is for one sample. Errors of a source, of weights and
of files are one exception, [`CompileError`](#compileerror), which holds located diagnostics.
"""
# Every name of `seqdsl.__all__`, in the order of the page.
SECTIONS = {
    "Compile": ("load", "networks", "check", "expand", "render", "limits"),
    "A network": ("Network", "to_torch", "to_onnx", "recorded"),
    "Errors": ("CompileError", "Diagnostic"),
    "Values": (
        "Available", "Parameter", "Level", "Parts", "Part", "Cost", "Drawing", "NetworkDiff",
        "Comparison", "Preprocessing", "Recorded",
    ),
}  # fmt: skip
# Sets of words, and the modules that they are in, but for those that have a page of their own.
WORDS = {
    "LevelName": "seqdsl.graph.statistics",
    "DepthName": "seqdsl.passes.drawing.placing",
    "Direction": "seqdsl.api.drawings",
    "ThemeName": "seqdsl.backends.drawing.theme",
    "ScheduleName": "seqdsl.passes.schedule.strategy",
    "TorchScheduleName": "seqdsl.passes.schedule.strategy",
    "ModuleMode": "seqdsl.api.exports",
    "OutputFormatName": "seqdsl.source.render",
}


def page() -> str:
    parts = [INTRODUCTION]
    for title, names in SECTIONS.items():
        parts.append(f"## {title}\n")
        for name in names:
            parts += entry(name, getattr(seqdsl, name))
    parts += words()
    return "\n".join(parts)


def entry(name: str, value: object) -> Iterator[str]:
    """The section of a public name, and of the members of a class."""
    yield f"### {name}\n"
    if not inspect.isclass(value):
        yield f"```python\n{signature(name, value)}\n```\n"
    yield markdown(inspect.getdoc(value) or "")
    if inspect.isclass(value):
        yield from fields(value)
        for member, about in members(value):
            shown = signature(member, about) if inspect.isfunction(about) else member
            yield f"#### {name}.{member}\n"
            if inspect.isfunction(about):
                yield f"```python\n{shown}\n```\n"
            yield markdown(inspect.getdoc(about) or "")


def members(cls: type) -> Iterator[tuple[str, object]]:
    """The public methods and properties of a class and its bases here, each once."""
    seen: set[str] = set()
    for each in cls.__mro__:
        if not each.__module__.startswith("seqdsl"):
            continue
        for name, value in vars(each).items():
            about = value.__func__ if isinstance(value, staticmethod | classmethod) else value
            kinds = property | cached_property
            if (inspect.isfunction(about) or isinstance(about, kinds)) and name not in seen:
                seen.add(name)
                if not name.startswith("_") and (cls.__name__, name) not in INTERNAL:
                    yield name, about


# Methods of public values that only the compiler calls.
INTERNAL = {
    ("Network", "of"), ("Network", "readers"), ("Network", "returned"), ("Network", "costs"),
    ("Diagnostic", "key"), ("Recorded", "as_metadata"), ("Recorded", "over"),
    ("Recorded", "require_fit"), ("Recorded", "fitting"), ("Recorded", "require_input"),
    ("Preprocessing", "resized"), ("Preprocessing", "keeps"), ("Preprocessing", "pixels"),
    ("Preprocessing", "normal"), ("Preprocessing", "means"), ("Preprocessing", "deviations"),
    ("Preprocessing", "alike"), ("Preprocessing", "misfit"),
}  # fmt: skip


def fields(cls: type) -> Iterator[str]:
    """The fields of a dataclass with their comments, or the members of an enum."""
    if issubclass(cls, Enum):
        yield "\n".join(f"- `{each.name}`: `{each.value!r}`" for each in cls) + "\n"
    elif dataclasses.is_dataclass(cls) and cls is not seqdsl.Network:
        source = inspect.getsource(cls)
        shown = []
        for f in dataclasses.fields(cls):
            comment = re.search(rf"^    {f.name}: .*?  # (.*)$", source, re.MULTILINE)
            shown.append(f"- `{f.name}: {f.type}`" + (f": {comment[1]}" if comment else ""))
        yield "\n".join(shown) + "\n"


def signature(name: str, function: object) -> str:
    """A call with its annotations as they are written, a parameter a line where one is too long."""
    assert callable(function)
    found = inspect.signature(function)
    spelled, kinds = [], [p.kind for p in found.parameters.values()]
    for index, p in enumerate(found.parameters.values()):
        if p.name == "self":
            continue
        if p.kind is p.KEYWORD_ONLY and kinds[index - 1] not in (p.KEYWORD_ONLY, p.VAR_POSITIONAL):
            spelled.append("*")
        star = {p.VAR_KEYWORD: "**", p.VAR_POSITIONAL: "*"}.get(p.kind, "")
        default = "" if p.default is p.empty else f" = {shown_default(p.default)}"
        spelled.append(f"{star}{p.name}: {p.annotation}{default}")
        is_last = index + 1 == len(kinds) or kinds[index + 1] is not p.POSITIONAL_ONLY
        if p.kind is p.POSITIONAL_ONLY and is_last:
            spelled.append("/")
    text = f"{name}({', '.join(spelled)}) -> {found.return_annotation}"
    if len(text) <= 96:
        return text
    lines = "".join(f"    {each},\n" for each in spelled)
    return f"{name}(\n{lines}) -> {found.return_annotation}"


def shown_default(value: object) -> str:
    return repr(value.value) if isinstance(value, Enum) else repr(value)


def markdown(doc: str) -> str:
    """A docstring as Markdown: code in single backticks, and examples in blocks of their own."""
    blocks = []
    for block in re.split(r"\n\n", doc):
        if block.startswith(">>>"):
            blocks.append(f"```pycon\n{block}\n```")
        else:
            blocks.append(re.sub(r"``(.+?)``", r"`\1`", block, flags=re.DOTALL))
    return "\n\n".join(blocks) + "\n"


def words() -> Iterator[str]:
    """The sets of words, which type checkers hold."""
    yield "## Words\n"
    yield "Type checkers hold these; any other word is a ValueError that lists them.\n"
    rows = ["- `ConventionName`: the conventions of [Counting](counting.md)"]
    for name, module in WORDS.items():
        listed = ", ".join(f"`{word!r}`" for word in get_args(getattr(import_module(module), name)))
        rows.append(f"- `{name}`: {listed}")
    yield "\n".join(rows) + "\n"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE, file=sys.stderr)


if __name__ == "__main__":
    main()
