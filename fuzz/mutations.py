"""Breaks programs a token at a time, as hands and bad merges do."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

_TOKEN = re.compile(r'\s+|#[^\n]*|"[^"\n]*"?|[A-Za-z_]\w*|\d+(?:\.\d+)?|->|\.\.|[=!<>]=|.', re.S)


def _words() -> tuple[list[str], list[str]]:
    """The words of the dictionary that libFuzzer is given, and the numbers of it."""
    text = Path(__file__).with_name("words.dict").read_text()
    parts = [re.findall(r'^"(.*)"$', part, re.M) for part in text.split("# numbers")]
    words, numbers = ([literal_eval(f'b"{word}"').decode() for word in part] for part in parts)
    return words, numbers


WORDS, NUMBERS = _words()
ODD = ["\0", "\x1b[31m", "\u202e", "\ufeff", "é", "𝟛", "\u2028", "\udcff", "\r", "\t", "🙂"]

Tokens = list[str]


def broken(text: str, random: Random) -> str:
    """A text with one to four things changed in it."""
    tokens: Tokens = _TOKEN.findall(text)
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        if not tokens:
            break
        random.choice(_MUTATIONS)(tokens, random)
    return "".join(tokens)


def _spot(tokens: Tokens, random: Random, wanted: Callable[[str], bool]) -> int | None:
    """The place of a token that is wanted; most are found at once."""
    for _ in range(20):
        at = random.randrange(len(tokens))
        if wanted(tokens[at]):
            return at
    return None


def _drop(tokens: Tokens, random: Random) -> None:
    del tokens[random.randrange(len(tokens))]


def _double(tokens: Tokens, random: Random) -> None:
    at = random.randrange(len(tokens))
    tokens.insert(at, tokens[at])


def _swap(tokens: Tokens, random: Random) -> None:
    a, b = random.randrange(len(tokens)), random.randrange(len(tokens))
    tokens[a], tokens[b] = tokens[b], tokens[a]


def _replace(tokens: Tokens, random: Random) -> None:
    at = _spot(tokens, random, lambda token: not token.isspace())
    if at is not None:
        tokens[at] = random.choice(random.choice((WORDS, NUMBERS, tokens)))


def _insert(tokens: Tokens, random: Random) -> None:
    word = random.choice(random.choice((WORDS, NUMBERS, ODD)))
    tokens.insert(random.randrange(len(tokens)), f" {word} ")


def _number(tokens: Tokens, random: Random) -> None:
    at = _spot(tokens, random, lambda token: token[:1].isdigit())
    if at is not None:
        tokens[at] = random.choice(NUMBERS)


def _misspell(tokens: Tokens, random: Random) -> None:
    at = _spot(tokens, random, lambda token: token[:1].isalpha() and len(token) > 1)
    if at is not None:
        letters = list(tokens[at])
        cut = random.randrange(len(letters) - 1)
        pair = letters[cut : cut + 2]
        letters[cut : cut + 2] = random.choice((pair[::-1], pair[:1]))
        tokens[at] = "".join(letters)


def _unbracket(tokens: Tokens, random: Random) -> None:
    at = _spot(tokens, random, lambda token: token in "{}[]()")
    if at is not None:
        del tokens[at]


def _shuffle_lines(tokens: Tokens, random: Random) -> None:
    lines = "".join(tokens).splitlines(keepends=True)
    first = random.randrange(len(lines))
    last = min(len(lines), first + random.randint(2, 8))
    part = lines[first:last]
    random.shuffle(part)
    tokens[:] = _TOKEN.findall("".join([*lines[:first], *part, *lines[last:]]))


def _truncate(tokens: Tokens, random: Random) -> None:
    del tokens[random.randrange(len(tokens)) :]


def _repeat(tokens: Tokens, random: Random) -> None:
    """A part of the text many times."""
    first = random.randrange(len(tokens))
    part = tokens[first : first + random.randint(1, 12)]
    tokens[first:first] = part * random.choice((2, 10, 100))


_MUTATIONS: Sequence[Callable[[Tokens, Random], None]] = (
    _drop, _double, _swap, _replace, _replace, _insert, _number, _number, _misspell, _unbracket,
    _shuffle_lines, _truncate, _repeat,
)  # fmt: skip
