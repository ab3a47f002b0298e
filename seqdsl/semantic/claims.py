"""Reads ``expect`` statements."""

from __future__ import annotations

from fractions import Fraction

from seqdsl.graph.claims import Claim, Quantity
from seqdsl.graph.scope import Scope
from seqdsl.semantic.locate import fail
from seqdsl.source.suggest import nearest
from seqdsl.syntax import ast

METRICS = ("params", "macs", "flops")
CONVENTION_NAMES = ("macs", "flops", "paper")


def claim_of(expect: ast.Expect, scope: Scope) -> Claim:
    """The claim of a statement. Raises `Failure` for an unknown metric or convention."""
    if expect.metric not in METRICS:
        near = nearest(expect.metric, METRICS)
        raise fail(
            "unknown-convention",
            f"nothing is counted under the name `{expect.metric}`",
            expect.span,
            scope,
            label="params, macs or flops",
            help=f"did you mean `{near}`?" if near else None,
        )
    if expect.convention and expect.metric != "flops":
        raise fail(
            "unknown-convention",
            f"`{expect.metric}` are counted in one way only",
            expect.convention_span or expect.span,
            scope,
            label="no convention here",
            help="a convention says how flops are counted",
        )
    convention = expect.convention or ("macs" if expect.metric == "macs" else "flops")
    if convention not in CONVENTION_NAMES:
        near = nearest(convention, CONVENTION_NAMES)
        raise fail(
            "unknown-convention",
            f"no counting convention `{convention}` exists",
            expect.convention_span or expect.span,
            scope,
            label="unknown",
            help=f"did you mean `{near}`?" if near else "they are macs, flops and paper",
        )
    tolerance = None if expect.tolerance is None else Fraction(expect.tolerance.value) / 100
    return Claim(
        expect.metric, quantity_of(expect.quantity), convention, tolerance, scope, expect.span
    )


def quantity_of(number: ast.Number) -> Quantity:
    """``4.32G``: 4.32, in units of 0.01, with the suffix G."""
    suffix = number.text[-1] if number.text[-1] in "KMGT" else ""
    digits = number.text.removesuffix(suffix)
    mantissa, _, exponent = digits.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return Quantity(Fraction(digits), Fraction(10) ** -decimals, suffix, number.text)
