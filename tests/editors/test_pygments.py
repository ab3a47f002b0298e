"""The Pygments lexer reads what the compiler's lexer and parser do."""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import ROOT
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String, _TokenType

sys.path.insert(0, str(Path(__file__).parent))
from reading import CORNERS, FILES, KEYWORDS, LIBRARY, UNFINISHED, lexed, path_id, roles, where

from seqdsl import highlighting
from seqdsl.highlighting import SeqLexer
from seqdsl.semantic.expansion.evaluate import CONSTANTS

TEXTS = {path_id(path): path.read_text(encoding="utf-8") for path in FILES}
TEXTS |= {"corners": CORNERS, "unfinished": UNFINISHED}
OPERATORS = ["CROSS", "_ARROW", "COMPARE", "PLUS", "MINUS", "STAR", "SLASHES", "PERCENT", "VBAR",
             "EQUAL", "METHOD", "ATTRIBUTE"]  # fmt: skip
CLASSES: dict[str, set[_TokenType]] = {
    "DOC": {String.Doc},
    "COMMENT": {Comment.Single, Comment.Special},
    "STRING": {String.Double},
    "SIZE": {Number},
    "NUMBER": {Number.Integer, Number.Float},
    "X": {Operator.Word},
    **{kind: {Operator} for kind in OPERATORS},
    **{kind: {highlighting.KEYWORDS[word]} for kind, word in KEYWORDS.items()},
    "IN": {Keyword, Name.Builtin.Pseudo},
    "INPUT": {Keyword, Name.Builtin.Pseudo},
    "OTHER": {Error},
}  # fmt: skip
ROLES: dict[str, set[_TokenType]] = {
    "class": {Name.Class},
    "layer": {Name.Function},
    "function": {Name.Function},
    "method": {Name.Function},
    "stage": {Name.Namespace},
    "module": {Name.Namespace},
    "parameter": {Name.Attribute},
    "attribute": {Name.Attribute},
    "type": {Keyword.Type},
    "value": {Name.Variable},
    "measure": {Name.Property},
    "recipe": {Name.Property},
    "word": {Name.Builtin.Pseudo},
    "name": {Name, Name.Builtin, Keyword.Constant},
}


def classes(text: str) -> list[_TokenType]:
    """The class of each code point."""
    found: list[_TokenType] = []
    for index, kind, value in SeqLexer().get_tokens_unprocessed(text):
        assert index == len(found)
        found += [kind] * len(value)
    return found


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_it_loses_nothing(text: str) -> None:
    lexer = SeqLexer(stripnl=False, ensurenl=False)
    assert "".join(value for _, value in lexer.get_tokens(text)) == text


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_tokens_are_the_compilers(text: str) -> None:
    found = classes(text)
    for token in lexed(text):
        at = f"{where(text, token.start)} {token.kind} {token.text!r}"
        kinds = set(found[token.start : token.end])
        if token.kind in ("METHOD", "ATTRIBUTE"):
            kinds = {found[token.start]}
        assert len(kinds) <= 1, at
        if token.kind in ("NAME", "CALLNAME"):
            assert all(k in Name or k in Keyword for k in kinds), at
        elif token.kind in CLASSES:
            assert kinds <= CLASSES[token.kind], at


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_names_are_what_the_parser_takes_them_for(text: str) -> None:
    found = classes(text)
    for offset, role in roles(text).items():
        start = offset + len(text[offset:]) - len(text[offset:].lstrip("?."))
        assert found[start] in ROLES[role], f"{where(text, start)} {role} {text[start:][:16]!r}"


def test_there_are_names_to_compare() -> None:
    """The library and the corners parse, and show every role."""
    assert all(roles(path.read_text()) for path in LIBRARY)
    assert set(roles(CORNERS).values()) == set(ROLES)


def test_a_library_has_no_errors() -> None:
    assert not [name for name, text in TEXTS.items() if "bad" not in name and name != "unfinished"
                and Error in classes(text)]  # fmt: skip


@pytest.mark.parametrize("text", ["# seqdsl: allow(SEQ203)", "relu  # seqdsl: allow(unused-name)"])
def test_directives_are_told_from_comments(text: str) -> None:
    assert classes(text)[-1] is Comment.Special
    assert classes(text.replace("seqdsl:", "seqdsl"))[-1] is Comment.Single


def test_words_are_the_languages() -> None:
    assert set(highlighting.KEYWORDS) == set(KEYWORDS.values())
    assert set(highlighting.CONSTANTS) == set(CONSTANTS) - {"input"}


_PIECES = st.sampled_from(
    ["x", "×", "64", "3x3", "in", "it", "input", "conv", "k=", "(", ")", "[", "]", "{", "}", "|",
     ",", "=", ":", "for", "stage", "->", "..", "2%", ".raw", "?.group(", '"a"', "# c\n", "## d\n",
     "\n", ";", "not", "network", "$"]
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(st.tuples(_PIECES, st.sampled_from(["", " ", "\t "]))))
def test_any_text_has_the_compilers_tokens(pieces: list[tuple[str, str]]) -> None:
    test_tokens_are_the_compilers("".join(a + b for a, b in pieces))


def test_an_install_makes_it_known() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (point,) = entry_points(group="pygments.lexers", name="seq")
    assert project["entry-points"]["pygments.lexers"] == {point.name: point.value}
    for lexer in (*map(get_lexer_by_name, SeqLexer.aliases), get_lexer_for_filename("net.seq")):
        assert type(lexer) is SeqLexer


def test_a_slip_does_not_spoil_what_follows() -> None:
    text = "...\nstage conv2 { conv 3x3, 8 }"
    kinds = dict(
        zip(text.split(), [classes(text)[text.index(w)] for w in text.split()], strict=True)
    )
    assert kinds["stage"] is Keyword.Declaration and kinds["conv2"] is Name.Namespace
