"""Spells the arguments that Python code gives as the language reads them: every number exactly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from numbers import Integral
from typing import Any

from seqdsl.source.codes import BY_NAME, CodeName
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.limits import INTEGERS
from seqdsl.source.text import Source, Span
from seqdsl.syntax.construct import MAX_INTEGER

PYTHON = "argument"  # what a parameter's value is called that no option gives
Argument = int | float | bool | str | Fraction | Decimal | Sequence["Argument"] | None


def spell(name: str, value: Argument) -> str:
    """The text of an argument, which is an expression if it is a text itself.

    A float is the shortest decimal that gives it back: 0.1 is one tenth, as it is in a source.
    Scalars and arrays of numpy and torch count as what is in them. Raises `Failure` for a number
    that the language can't have, TypeError for what is no value of the language.
    """
    given: Any = value
    if isinstance(given, str):
        return given
    if given is None or isinstance(given, bool):
        return str(given).lower()
    if getattr(given, "shape", None) == () and hasattr(given, "item"):
        given = _scalar(given)
        if isinstance(given, bool):
            return str(given).lower()
    match given:
        case Integral():
            return _within(name, int(given))
        case Fraction():
            return _ratio(name, given)
        case float() | Decimal():
            return _finite(name, given)
        case Sequence() if not isinstance(given, bytes | bytearray):
            return f"[{', '.join(spell(name, each) for each in given)}]"
        case _ if getattr(given, "shape", None):
            return f"[{', '.join(spell(name, each) for each in given)}]"
        case _:
            kind = type(given).__name__
            raise TypeError(f"{name}: a value of the language is needed, not one of type {kind}")


def _scalar(given: Any) -> object:
    """The number in a scalar of numpy or torch; a float of few bits by its own shortest decimal."""
    plain = given.item()
    if isinstance(plain, float) and hasattr(given, "dtype") and type(given).__module__ == "numpy":
        return Decimal(str(given))
    return plain


def _within(name: str, value: int) -> str:
    if abs(value) > MAX_INTEGER:
        raise _refused(
            "integer-range", name, "is outside the range of 64 bits", f"a number of "
            f"{value.bit_length()} bits", INTEGERS,
        )  # fmt: skip
    return str(value)


def _ratio(name: str, value: Fraction) -> str:
    over, under = _within(name, value.numerator), _within(name, value.denominator)
    return over if under == "1" else f"{over}/{under}"


def _finite(name: str, value: float | Decimal) -> str:
    text = float.__repr__(value) if isinstance(value, float) else str(value)
    if not isfinite(value):
        raise _refused("wrong-type", name, "is no finite number", text, "give a number")
    return text


def _refused(code: CodeName, name: str, what: str, text: str, help: str) -> Failure:
    source = Source(name, text, given=PYTHON)
    where = Label(Span(source, 0, len(text)), what)
    return Failure(Diagnostic(BY_NAME[code], f"the value of `{name}` {what}", where, help=help))
