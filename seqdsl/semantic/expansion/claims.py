"""Reads ``expect`` statements."""

from __future__ import annotations

from fractions import Fraction

from seqdsl.graph.claims import Claim, Quantity
from seqdsl.graph.conventions import CONVENTIONS, FLOPS, MACS
from seqdsl.graph.scope import Scope
from seqdsl.semantic.values.locate import fail
from seqdsl.source.suggest import did_you_mean
from seqdsl.source.text import Span
from seqdsl.syntax import ast

METRICS = ("params", "macs", "flops")


def claim_of(expect: ast.Expect, scope: Scope) -> Claim:
    """The claim of a statement. Raises `Failure` for an unknown metric or convention."""
    if expect.metric not in METRICS:
        help, fix = did_you_mean(expect.metric, METRICS, expect.metric_span)
        raise fail(
            "unknown-convention",
            f"nothing is counted under the name `{expect.metric}`",
            expect.span,
            scope,
            label="params, macs or flops",
            help=help,
            fix=fix,
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
    convention = expect.convention or (MACS if expect.metric == "macs" else FLOPS).name
    if convention not in CONVENTIONS:
        span = expect.convention_span or expect.span
        help, fix = did_you_mean(
            convention, CONVENTIONS, span, f"they are {', '.join(CONVENTIONS)}"
        )
        raise fail(
            "unknown-convention",
            f"no counting convention `{convention}` exists",
            span,
            scope,
            label="unknown",
            help=help,
            fix=fix,
        )
    tolerance, tolerance_span = None, None
    if expect.tolerance is not None:
        tolerance = Fraction(expect.tolerance.value) / 100
        before = expect.convention_span or expect.quantity.span
        gap = expect.span.source.text[before.end : expect.span.end]
        start = before.end + len(gap) - len(gap.lstrip())
        tolerance_span = Span(expect.span.source, start, expect.span.end)
    return Claim(
        expect.metric, quantity_of(expect.quantity), expect.quantity.span, convention,
        expect.convention is not None, tolerance, tolerance_span, scope, expect.span,
    )  # fmt: skip


def quantity_of(number: ast.Number) -> Quantity:
    """``4.32G``: 4.32, in units of 0.01, with the suffix G."""
    suffix = number.text[-1] if number.text[-1] in "KMGT" else ""
    digits = number.text.removesuffix(suffix)
    mantissa, _, exponent = digits.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return Quantity(Fraction(digits), Fraction(10) ** -decimals, suffix, number.text)
