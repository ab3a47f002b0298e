"""Holds what a file claims against what its network computes to (DESIGN section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from seqdsl.graph.claims import Claim, Quantity
from seqdsl.graph.conventions import CONVENTIONS, FLOPS, MACS
from seqdsl.graph.costs import Cost, total
from seqdsl.graph.network import Network
from seqdsl.graph.scope import Scope
from seqdsl.semantic.values.locate import diagnostic
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import inserting, replacing
from seqdsl.source.frozen import frozen
from seqdsl.source.timing import stage


@frozen
class Verdict:
    """A printed number beside the computed one, both in whole units and exact."""

    printed: Fraction
    computed: int
    allowed: Fraction  # how far they may be apart
    scale: int  # of the printed suffix: 26.2M has 10^6

    @property
    def holds(self) -> bool:
        return abs(self.computed - self.printed) <= self.allowed

    @property
    def percent(self) -> float | None:
        """How far the computed number is from the printed one; None where that is 0."""
        if not self.printed:
            return None
        return float(100 * (self.computed - self.printed) / self.printed)

    @property
    def difference(self) -> str:
        """In percent, as it is printed."""
        if self.percent is None:
            return "-"
        text = f"{self.percent:+.2f}"
        return text if float(text) else "0.00"

    def spell(self, quantity: Quantity) -> str:
        """The computed number as the claim spells its own, with two digits more."""
        if self.scale == 1:
            return f"{self.computed:,}"
        return f"{_scaled(self.computed, self.scale, quantity.decimals + 2)}{quantity.suffix}"


def _scaled(computed: int, scale: int, decimals: int) -> str:
    return f"{Decimal(computed) / scale:.{decimals}f}"  # no float: it has 53 bits


def judge(
    metric: str,
    quantity: Quantity,
    convention: str,
    cost: Cost,
    tolerance: Fraction | None = None,
) -> Verdict:
    """A figure holds within one unit of its last printed digit, or within its own tolerance."""
    if metric == "params":
        computed, scale = cost.params, 1000 ** (" KMGT".index(quantity.suffix or " "))
    else:
        counting = MACS if metric == "macs" else CONVENTIONS[convention]
        computed, scale = counting.count(cost), counting.scale(quantity.suffix)
    return compare(quantity, computed, scale, tolerance)


def compare(
    quantity: Quantity, computed: int, scale: int, tolerance: Fraction | None = None
) -> Verdict:
    """Set a figure, whose suffix multiplies by ``scale``, beside a count."""
    printed = quantity.value * scale
    allowed = quantity.unit * scale if tolerance is None else tolerance * printed
    return Verdict(printed, computed, allowed, scale)


def check_claims(network: Network) -> list[Diagnostic]:
    """A finding for each claim that does not hold, or that says more or less than it could."""
    if not network.claims:
        return []
    with stage("claims"):
        return [found for claim, verdict in judge_claims(network) for found in _of(claim, verdict)]


def _of(claim: Claim, verdict: Verdict) -> Iterator[Diagnostic]:
    if not verdict.holds:
        yield _false_claim(claim, verdict)
    if claim.metric == "flops" and not claim.stated:
        yield _no_convention(claim)
    if claim.tolerance is not None and claim.tolerance >= 1:
        yield _wide_tolerance(claim)
    elif (
        claim.tolerance is not None
        and abs(verdict.computed - verdict.printed)
        <= (claim.quantity.unit * verdict.scale)
        <= verdict.allowed
    ):
        yield _idle_tolerance(claim)


def for_each(d: Diagnostic) -> Diagnostic:
    """A finding of a claim that several networks make: a figure of one is false of the others."""
    if d.code.name != "false-claim":
        return d
    help = "several networks make this claim: move it to the `model` for which it holds"
    return replace(d, help=help, fix=None)


def _no_convention(claim: Claim) -> Diagnostic:
    end = claim.quantity_span.end
    return diagnostic(
        "no-convention",
        f"these FLOPs are claimed without a convention, and counted by `{FLOPS.name}`",
        claim.span,
        claim.scope,
        label="as two operations for each multiply-accumulate",
        help=f"name the convention: by {', '.join(CONVENTIONS)}",
        fix=inserting(claim.span.source, end, f" by {FLOPS.name}", safe=True),
    )


def _idle_tolerance(claim: Claim) -> Diagnostic:
    span = claim.tolerance_span or claim.span
    return diagnostic(
        "idle-tolerance",
        f"{claim.quantity.text} is met to its last digit, without a tolerance",
        span,
        claim.scope,
        label="not needed",
        help="remove it: a figure without one holds within one unit of its last digit",
    )


def _wide_tolerance(claim: Claim) -> Diagnostic:
    return diagnostic(
        "wide-tolerance",
        "this tolerance lets almost any number hold",
        claim.tolerance_span or claim.span,
        claim.scope,
        label="as large as the figure itself",
        help="a tolerance is in per cent of the figure, such as `+- 2%`",
    )


def judge_claims(network: Network) -> list[tuple[Claim, Verdict]]:
    """Each claim with the verdict on the part of the network that its scope spans."""
    within: dict[Scope, list[Cost]] = {claim.scope: [] for claim in network.claims}
    parts: dict[Scope, list[Cost]] = {}
    for node, cost in zip(network.nodes, network.costs, strict=True):
        parts.setdefault(node.scope, []).append(cost)
    for scope, inside in parts.items():
        for around in scope.ancestry():
            if around in within:
                within[around] += inside
    costs = {scope: total(inside) for scope, inside in within.items()}
    return [
        (c, judge(c.metric, c.quantity, c.convention, costs[c.scope], c.tolerance))
        for c in network.claims
    ]


def _false_claim(claim: Claim, verdict: Verdict) -> Diagnostic:
    what = {"params": "parameters", "macs": "multiply-accumulates", "flops": "FLOPs"}[claim.metric]
    where = f"stage `{claim.scope.label}`" if claim.scope.parent else f"`{claim.scope.label}`"
    spelt = verdict.spell(claim.quantity)
    exact = "" if verdict.scale == 1 else f" ({verdict.computed:,})"
    percent = 100 * (verdict.computed - verdict.printed) / verdict.printed if verdict.printed else 0
    counted = "" if claim.metric != "flops" else f", by `{claim.convention}`"
    unit = _missing_unit(claim, verdict)
    rounded = unit or _rewritten(claim, verdict)
    if claim.tolerance is None:
        rule = "a claim holds within one unit of its last digit"
    else:
        rule = f"this claim holds within {float(100 * claim.tolerance):g} %"
    return diagnostic(
        "false-claim",
        f"{where} claims {claim.quantity.text} {what} and has {spelt}{exact}{counted}",
        claim.span,
        claim.scope,
        label=f"computes to {spelt}, {float(percent):+.2f} %",
        help=f"a unit is missing: write {unit}"
        if unit
        else f"write {rounded} instead of {claim.quantity.text}, or mend the network: {rule}",
        fix=replacing(claim.quantity_span, rounded),
    )


def _missing_unit(claim: Claim, verdict: Verdict) -> str | None:
    """The figure with the suffix by which it holds, where it is claimed without one."""
    quantity = claim.quantity
    kilo = CONVENTIONS[claim.convention].scale("K") if claim.metric == "flops" else 1000
    for power, suffix in enumerate("" if quantity.suffix else "KMGT", 1):
        scale = kilo**power
        if abs(verdict.computed - quantity.value * scale) <= quantity.unit * scale:
            return f"{quantity.text}{suffix}"
    return None


def _rewritten(claim: Claim, verdict: Verdict) -> str:
    """The computed number as a claim would print it: as this one does, if that tells enough.

    It holds with the claim's own tolerance: digits are added until it does.
    """
    quantity, computed = claim.quantity, verdict.computed
    scale, suffix = verdict.scale, quantity.suffix
    decimals = quantity.decimals if scale > 1 else 0
    if abs(computed) < scale:
        kilo = CONVENTIONS[claim.convention].scale("K") if claim.metric == "flops" else 1000
        steps = 0
        while computed >= kilo ** (steps + 1):
            steps += 1
        scale, suffix = kilo**steps, " KMGT"[steps].strip()
        decimals = max(0, 3 - len(str(computed // scale))) if steps else 0
    while True:
        text = _scaled(computed, scale, decimals)
        printed = Fraction(text) * scale
        if claim.tolerance is None or abs(computed - printed) <= claim.tolerance * printed:
            return f"{text}{suffix}"
        decimals += 1
