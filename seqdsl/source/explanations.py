"""What a code means at length: a text, an example that gives the code, and the same one mended.

Each stands in a file ``explanations/SEQ309.md``: the text, then blocks. ``seq fails`` and
``seq mended`` are a source ``net.seq``, ``sh fails`` and ``sh mended`` a command where the code is
not about a source. ``toml file=map.toml`` is a file beside both, ``toml fails file=map.toml`` one
beside that example alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from seqdsl.source.codes import Code
from seqdsl.source.frozen import frozen
from seqdsl.source.resources import resource

_BLOCK = re.compile(
    r"^```(?P<language>\w+)(?: (?P<part>fails|mended))?(?: file=(?P<file>\S+))?\n"
    r"(?P<text>.*?)^```\n",
    re.MULTILINE | re.DOTALL,
)


@frozen
class File:
    name: str
    text: str


@frozen
class Example:
    is_source: bool  # or else a command
    text: str
    files: tuple[File, ...]  # beside it, and not beside the other


@frozen
class Explanation:
    text: str  # paragraphs
    failing: Example
    mended: Example
    files: tuple[File, ...]  # beside both


def explanation(code: Code) -> Explanation:
    """The explanation of a code, which has one."""
    return parse((resource("explanations") / f"{code.id}.md").read_text(encoding="utf-8"))


def parse(document: str) -> Explanation:
    """Raises ValueError where the document is not of the form above."""
    text, fence, rest = document.partition("```")
    blocks = list(_BLOCK.finditer(fence + rest))
    left = _BLOCK.sub("", fence + rest).strip()
    if left:
        raise ValueError(f"no block: {left.splitlines()[0]}")
    if not text.strip():
        raise ValueError("no text")
    failing, mended = _example(blocks, "fails"), _example(blocks, "mended")
    if failing.is_source != mended.is_source:
        raise ValueError("one example is a source, and the other a command")
    return Explanation(text.strip(), failing, mended, _files(blocks, None))


def _example(blocks: Sequence[re.Match[str]], part: str) -> Example:
    found = [block for block in blocks if block["part"] == part and not block["file"]]
    if len(found) != 1 or found[0]["language"] not in ("seq", "sh"):
        raise ValueError(f"one block is `seq {part}` or `sh {part}`")
    return Example(found[0]["language"] == "seq", found[0]["text"], _files(blocks, part))


def _files(blocks: Sequence[re.Match[str]], part: str | None) -> tuple[File, ...]:
    """The files beside an example, or beside both. Raises ValueError where one has no name."""
    found = [block for block in blocks if block["part"] == part]
    if part is None and not all(block["file"] for block in found):
        raise ValueError("a block is of an example, or has a file's name")
    return tuple(File(block["file"], block["text"]) for block in found if block["file"])
