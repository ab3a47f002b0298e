"""Standard streams in any encoding: what one can't hold is spelled in ASCII, and nothing fails."""

from __future__ import annotations

import codecs
import io
import json
import sys
from encodings import ascii as ascii_codec
from typing import TextIO
from unicodedata import combining, normalize

_DEFAULTS = ("strict", "backslashreplace")  # of Python's; a user may have asked for another
_ERRORS, _ESCAPES = "seqdsl.spelled", "seqdsl.escaped"
_ASCII = "seqdsl.ascii"  # click takes a stream named ASCII for a mistake, and sends it UTF-8
_SPELLED = {
    "×": "x", "·": "*", "−": "-", "–": "-", "—": "-", "±": "+-", "≤": "<=", "≥": ">=",
    "→": "->", "←": "<-", "…": "...", "─": "-", "│": "|", "━": "-", "•": "*", "⊕": "+",
    "Σ": "sum", "µ": "u", "†": "+", "‡": "#", "§": "$", "¶": "%",
    "⎡": "[", "⎢": "[", "⎣": "[", "⎤": "]", "⎥": "]", "⎦": "]",
}  # fmt: skip


def spell_what_streams_lack() -> None:
    """Make standard output and error take any text, whatever their encodings."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in _DEFAULTS:
            is_ascii = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding=_ASCII if is_ascii else None, errors=_ERRORS)


def holds_all(stream: TextIO) -> bool:
    """Whether a stream can hold every character."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


def spelled(text: str, stream: TextIO) -> str:
    """The text as a stream shows it: to be measured before it is laid out in columns."""
    return _through(text, stream, _ERRORS)


def as_json(text: str, stream: TextIO) -> str:
    """JSON that a stream can hold: the characters that it lacks are escaped, and none is lost."""
    return _through(text, stream, _ESCAPES)


def print_source(text: str) -> None:
    """Print a source, which is UTF-8 whatever the terminal's encoding."""
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    binary.write(text.encode())
    binary.flush()


def _through(text: str, stream: TextIO, errors: str) -> str:
    if text.isascii() or getattr(stream, "errors", None) != _ERRORS:
        return text
    return text.encode(stream.encoding, errors).decode(stream.encoding)


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_character, error.object[error.start : error.end])), error.end


def _character(character: str) -> str:
    plain = "".join(c for c in normalize("NFKD", character) if not combining(c))
    if character in _SPELLED:
        return _SPELLED[character]
    if plain and plain.isascii():
        return plain
    return character.encode("ascii", "backslashreplace").decode()


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _find(name: str) -> codecs.CodecInfo | None:
    """Python's codec for ASCII, under another name."""
    if name.replace("_", ".") != _ASCII:
        return None
    found = ascii_codec.getregentry()
    return codecs.CodecInfo(
        found.encode, found.decode, found.streamreader, found.streamwriter,
        found.incrementalencoder, found.incrementaldecoder, _ASCII,
    )  # fmt: skip


codecs.register(_find)
codecs.register_error(_ERRORS, _spell)
codecs.register_error(_ESCAPES, _escape)
