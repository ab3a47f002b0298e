"""What the compiler's own lexer and parser say of a source, for highlighters to agree with."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lark import Lark, Token, UnexpectedInput
from networks import ARCHITECTURES, ROOT

from seqdsl.syntax.tokens import TooDeep, _with_names, statement_tokens

GRAMMAR = (ROOT / "grammars" / "seq.lark").read_text(encoding="utf-8")
EXTENSION = ROOT / "editors" / "vscode"
LIBRARY = sorted([*ARCHITECTURES.rglob("*.seq"), *(ROOT / "examples").rglob("*.seq")])
FILES = [*LIBRARY, *sorted((ROOT / "tests" / "bad").rglob("*.seq"))]
# What no file of the repository has: the corners of the lexer.
CORNERS = """\
use std.seqconv; use "blocks.seq"
## In the file's words: →, ×, ±.
network Corners(x: positive = 3, list: int[2] = [1, x], classes = 10) {
  input 3×32×32; conv 3x3, 64 ×2  # seqdsl: allow(SEQ203)
  # seqdsl: allow(unused-name)
  for x in 1..x { conv 3x3, 64 x n
    conv 3x3, 64 x(x + 1)
  }
  conv 1x1 → 3x3,
    width, k=8,
    # a comment between

    c = 1 +
      more
  a = it
    | conv 3x3, 16 |
    relu
  it = a?.raw?.group(1) | pool.in it.width, 1.5e-3, 2e6, 26.2M
  aggregate x in 1..2, window=last(2), keep=input { layer; body.last shortcut=in.raw }
  residual x 3 { relu } ; block2 "text # of it" x 4 { relu }
  if not in.width % 2 == 0 and (it.width // 2 != 3 or true) { relu } else if x { relu }
  else { relu }
  start = he if none == x else zero
  output side = a | relu
  stage x -> 32x32x2 { x = 3
    x 3x3, x
  }
  expect params 5K by macs +- 10%
  expect flops 4.32G ± 2.5%
  train cifar { epochs = 100 if classes == 1000 else 300; milestones = [
      50, x] }
  train { lr = 0.05
    momentum = 0.9
  }
  train digits; relu
  require(classes > 1), "more"
  require not
    flag and
    other
  relu
  x 3, 4
}
model M =
  Corners(x=2, list=[
    1,
    2
  ])
network Derived(k = 1) = Corners with {
  replace conv(kernel, width) where in.group == k { conv kernel, width }
  replace relu { silu }
}
"""
# As people type: none of it parses, all of it has tokens.
UNFINISHED = """\
network N { input 3x
  conv 3x3,, x x x 3x3
  conv(3x3 16; if(a) use( by(2) where(
  y = "unfinished # and on
  a ... .b ?. ? @ é 12foo 3x(2) 1..x x 2 #
  ((( ]]] } } x 3
"""


class Lexed(NamedTuple):
    start: int
    end: int
    kind: str
    text: str


@cache
def lark() -> Lark:
    starts = ["start", "unreadable"]
    return Lark(GRAMMAR, parser="lalr", lexer="basic", start=starts, propagate_positions=True)


def lexed(text: str) -> list[Lexed]:
    """The compiler's tokens, `x` a name where it repeats nothing, and the comments between."""
    found: list[Lexed] = []
    end = 0
    tokens = [
        *_with_names(lark().lex(text)),
        Token("$END", "", start_pos=len(text), end_pos=len(text)),
    ]
    for token in tokens:
        assert token.start_pos is not None and token.end_pos is not None
        for gap in re.finditer(r"#[^\n]*", text[end : token.start_pos]):
            found.append(Lexed(end + gap.start(), end + gap.end(), "COMMENT", gap[0]))
        end = token.end_pos
        found.append(Lexed(token.start_pos, end, token.type, str(token)))
    return found[:-1]


def roles(text: str) -> dict[int, str]:
    """What each name is, by its offset, as the parse tree has it; nothing if it has none."""
    try:
        parser = lark().parse_interactive(start="start")
        token = None
        for token in statement_tokens(lark().lex(text)):
            parser.feed_token(token)
        tree = parser.feed_eof(token)
    except (UnexpectedInput, TooDeep):
        return {}
    found: dict[int, str] = {}
    for node in tree.iter_subtrees():
        first, *rest = _ROLES.get(str(node.data), [""])
        names = [c for c in node.children if isinstance(c, Token) and c.type in _NAMES]
        for name, role in zip(names, [first, *(rest or [""]) * len(names)], strict=False):
            word = name.type in ("IN", "IT", "INPUT")
            if role:
                found[name.start_pos or 0] = "word" if word else role
    return found


_NAMES = {"NAME", "CALLNAME", "ATTRIBUTE", "METHOD", "IN", "IT", "INPUT"}
# By the rule of the grammar: what its first name is, and what the others are.
_ROLES = {
    "network": ["class"], "derived": ["class"], "model": ["class", "class"], "base": ["class"],
    "block": ["layer"], "replace": ["layer"], "callee": ["layer", "attribute"],
    "stage": ["stage"], "use": ["module", "module"], "type": ["type"],
    "parameter": ["parameter"], "replaced": ["parameter", "parameter"], "named": ["parameter"],
    "let": ["value"], "output": ["value"], "loop": ["value"], "aggregate": ["value"],
    "expect": ["measure", "measure"], "train": ["recipe"], "setting": ["value"],
    "function": ["function"], "method": ["method"], "attribute": ["attribute"], "name": ["name"],
}  # fmt: skip


def where(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    return f"{line}:{offset - text.rfind(chr(10), 0, offset)}"


def path_id(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Of the words of the grammar: USE, NETWORK, ...
KEYWORDS = {
    t.name: t.pattern.value
    for t in lark().terminals
    if t.pattern.type == "str" and t.pattern.value.isalpha() and t.name != "X"
}
