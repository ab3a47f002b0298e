"""`SeqLexer`: .seq files in Pygments, and so in Sphinx, MkDocs, LaTeX and the terminal.

It reads what grammars/seq.lark does, and never fails. An installed seqdsl makes it known as
``seq``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
    _TokenType,
    is_token_subtype,
)

__all__ = ["SeqLexer"]

DEFINITIONS = {
    "network": Name.Class,
    "model": Name.Class,
    "block": Name.Function,
    "stage": Name.Namespace,
}
KEYWORDS = {
    "use": Keyword.Namespace,
    **dict.fromkeys((*DEFINITIONS, "head"), Keyword.Declaration),
    **dict.fromkeys(
        ("aggregate", "by", "else", "expect", "for", "if", "in", "input", "output", "replace",
         "require", "train", "where", "with"),
        Keyword,
    ),
    **dict.fromkeys(("and", "not", "or"), Operator.Word),
    "it": Name.Builtin.Pseudo,
}  # fmt: skip
CONSTANTS = {
    **dict.fromkeys(("false", "none", "true"), Keyword.Constant),
    **dict.fromkeys(
        ("all", "bilinear", "glorot", "he", "nearest", "sliding", "zero"), Name.Builtin
    ),
}

# What a name is, by the word before it.
_AFTER = {
    **DEFINITIONS,
    "|": Name.Function,
    "replace": Name.Function,
    ":": Keyword.Type,
    "use": Name.Namespace,
    "output": Name.Variable,
    "for": Name.Variable,
    "aggregate": Name.Variable,
    "expect": Name.Property,
    "by": Name.Property,
    "train": Name.Property,
}
_TAKES_PARAMETERS = {"network", "block", "replace"}
# A statement goes on behind these, as in seqdsl/syntax/tokens.py.
_CONTINUES = {
    "(", "[", ",", "=", "|", "->", "→", "+", "-", "*", "/", "//", "==", "!=", "<=", ">=", "<", ">",
    "and", "or", "not",
}  # fmt: skip
_ENDS_A_VALUE = (Name, Number, String, Keyword.Constant, Keyword.Type)
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
# Behind a word of the language, a bracket makes a name of it, but for these.
_NO_CALL = r"(?!(?:if|in|it|not|and|or|for|require|else|input|where|x)\b)"

_Token = tuple[int, _TokenType, str]
_Following = tuple[_TokenType, str]


class SeqLexer(RegexLexer):
    """Lexer for seqdsl, a language for convolutional architectures."""

    name = "seq"
    aliases: ClassVar = ["seq", "seqdsl"]
    filenames: ClassVar = ["*.seq"]

    # The terminals of grammars/seq.lark, in the order of their priority.
    tokens: ClassVar = {
        "root": [
            (r"[ \t\f\r\ufeff]+|\n", Whitespace),
            (r"##[^\n]*", String.Doc),
            (r"#[ \t]*seqdsl:[ \t]*allow\([^)\n]*\)[^\n]*", Comment.Special),
            (r"#[^\n]*", Comment.Single),
            (r"[0-9]+(?:[x×][0-9]+)+", Number),  # Pygments has no class for a size
            (r"[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)[KMGT]?", Number.Float),
            (r"[0-9]+[KMGT]?", Number.Integer),
            (rf"(\??\.)({_NAME})(?=\()", bygroups(Operator, Name.Function)),  # type: ignore[no-untyped-call]
            (rf"(\??\.)({_NAME})", bygroups(Operator, Name.Attribute)),  # type: ignore[no-untyped-call]
            (rf"{_NO_CALL}{_NAME}(?=\()", Name.Function),
            (_NAME, Name),
            (r'"[^"\n]*"', String.Double),
            (r"->|==|!=|<=|>=|//|\.\.|[→×±|=<>+*/%-]", Operator),
            (r"[][(){},:;]", Punctuation),
        ]
    }

    def get_tokens_unprocessed(
        self, text: str, stack: Iterable[str] = ("root",)
    ) -> Iterator[_Token]:
        tokens = list(super().get_tokens_unprocessed(text, stack))
        context = _Context()
        for position, (index, kind, value) in enumerate(tokens):
            if kind is Whitespace or kind is String.Doc or is_token_subtype(kind, Comment):
                context.pass_over(value)
                yield index, kind, value
            else:
                refined = context.kind(kind, value, _next(tokens, position))
                context.advance(refined, value)
                yield index, refined, value


def spans(text: str) -> list[list[tuple[str, str]]]:
    """Each line of a source as stretches of one class: `CLASSES`, or none."""
    lines: list[list[tuple[str, str]]] = [[]]
    for kind, value in SeqLexer(stripnl=False, ensurenl=False).get_tokens(text):
        name = next((name for name, of in CLASSES.items() if is_token_subtype(kind, of)), "")
        for number, piece in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if piece:
                lines[-1].append((name, piece))
    return lines


# The classes of the spans of a page, and the most general token of each.
CLASSES: dict[str, _TokenType] = {
    "c": Comment,
    "s": String,
    "n": Number,
    "k": Keyword,
    "m": Name.Class,
    "f": Name.Function,
    "p": Name.Attribute,
    "o": Operator,
}


class _Context:
    """What stands before a token, and so what a name in its place is."""

    def __init__(self) -> None:
        self.before, self.previous = "", ""  # the last two tokens
        self.ends_a_value = False  # whether the last of them does
        self.starts = True  # whether a statement may begin here
        self.brackets: list[str] = []  # the open ones; "parameters" for one that holds them

    def kind(self, kind: _TokenType, value: str, following: _Following) -> _TokenType:
        """What a token is, ``kind`` by its text alone."""
        if kind is Name.Attribute:
            return Name.Namespace if self.before == "use" else kind
        called = kind is Name.Function  # a bracket follows at once
        if kind is not Name and not (called and self.previous not in (".", "?.")):
            return kind
        if value == "x" and self.ends_a_value and _starts_a_count(*following):
            return Operator.Word
        if value in KEYWORDS and not called:
            return Name.Builtin.Pseudo if self._is_value(value) else KEYWORDS[value]
        if self.previous in _AFTER:
            return _AFTER[self.previous]
        if self.previous == "=" and not self.brackets:
            return Name.Class  # the template of a model, or what a network derives from
        if called:
            return kind
        if following[1] == "=":
            return Name.Variable if self.starts else Name.Attribute
        if self.brackets[-1:] == ["parameters"] and self.previous in ("(", ","):
            return Name.Attribute
        if self.starts:
            return Name.Function
        return CONSTANTS.get(value, Name)

    def _is_value(self, word: str) -> bool:
        if word == "in":
            return self.before not in ("for", "aggregate")
        return word == "input" and not self.starts

    def pass_over(self, text: str) -> None:
        """Goes on behind a comment, blanks or a line break."""
        if text == "\n":
            self.ends_a_value = False
            if self.previous not in _CONTINUES and self.brackets[-1:] in ([], ["{"]):
                self.starts = True

    def advance(self, kind: _TokenType, value: str) -> None:
        """Goes on behind a token."""
        if value in ("(", "[", "{"):
            takes_parameters = value == "(" and self.before in _TAKES_PARAMETERS
            self.brackets.append("parameters" if takes_parameters else value)
        elif value in (")", "]", "}") and self.brackets:
            self.brackets.pop()
        self.starts = value in ("{", ";")
        self.ends_a_value = value in (")", "]", "in", "input") or any(
            is_token_subtype(kind, ends) for ends in _ENDS_A_VALUE
        )
        if not (
            self.before == "use" and kind in (Operator, Name.Namespace)
        ):  # a dotted name is one
            self.before, self.previous = self.previous, value


def _next(tokens: list[_Token], position: int) -> _Following:
    """The class and text of the next token on the line."""
    for _, kind, value in tokens[position + 1 :]:
        if value == "\n":
            break
        if kind is not Whitespace and not is_token_subtype(kind, Comment):
            return kind, value
    return Whitespace, ""


def _starts_a_count(kind: _TokenType, value: str) -> bool:
    if kind is Name:
        return value not in KEYWORDS and value != "x"
    return kind in (Name.Function, Number.Integer, Number.Float) or value == "("
