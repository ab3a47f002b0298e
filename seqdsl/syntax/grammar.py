"""The parser's tables, made of the grammar, and the tokens that they read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import lark
from lark import Lark, Token

from seqdsl.source.resources import resource
from seqdsl.syntax.tokens import statement_tokens


def tokens_of(text: str) -> list[Token]:
    """The tokens that the grammar reads. Raises `TooDeep`."""
    return list(statement_tokens(grammar().lex(text)))


@cache
def grammar() -> Lark:
    """The LALR tables, kept in the user's cache folder under the hash of the grammar and lark."""
    text = resource("grammars").joinpath("seq.lark").read_text(encoding="utf-8")
    return Lark(
        text,
        parser="lalr",
        lexer="basic",
        start=["start", "expression", "unreadable"],
        propagate_positions=True,
        cache=_cache_path(text),
    )


def _cache_path(text: str) -> str | bool:
    from hashlib import sha256

    from platformdirs import user_cache_dir

    folder = Path(user_cache_dir("seqdsl"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    # another lark's tables are made anew, and two environments would do so by turns
    key = sha256(f"{lark.__version__}\n{text}".encode()).hexdigest()
    return str(folder / f"grammar-{key[:16]}.lark")
