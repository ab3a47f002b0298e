"""Claims: within one unit of the last digit printed, or within their own tolerance."""

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from networks import ARCHITECTURES, ELEVEN, paper_network

from seqdsl.graph.claims import Quantity
from seqdsl.graph.costs import Cost
from seqdsl.passes.claims import judge

BOTTOM = "network N {{ input 1x4x4; conv2d 1x1, 100; {claim} }}\n"  # 100 parameters, 1,600 MACs


def holds(printed: str, suffix: str, cost: Cost, metric: str = "params", by: str = "-") -> bool:
    decimals = len(printed.partition(".")[2])
    quantity = Quantity(Fraction(printed), Fraction(1, 10**decimals), suffix, printed + suffix)
    return judge(metric, quantity, by, cost).holds


@pytest.mark.parametrize(
    ("params", "met"),
    [(11_700_000, True), (11_699_999, False), (11_900_000, True), (11_900_001, False)],
)
def test_one_unit_of_the_last_digit(params: int, met: bool) -> None:
    assert holds("11.8", "M", Cost(params=params)) is met


def test_the_paper_counts_in_powers_of_1024() -> None:
    cost = Cost(macs=2**30, normalized=2**28, activated=2**30)  # 1 + 4/4 + 1
    assert holds("3.00", "G", cost, "flops", "paper")
    assert not holds("3.02", "G", cost, "flops", "paper")
    assert holds("2.15", "G", cost, "flops", "flops")  # 2 x 2^30 / 10^9 = 2.147
    assert holds("1.07", "G", cost, "macs", "macs")


@pytest.mark.parametrize(("file", "name"), ELEVEN)
def test_a_unit_more_than_the_rule_allows_is_a_finding(
    file: str, name: str, tmp_path: Path
) -> None:
    """Each claim of each network of the paper, pushed just past what it computes to."""
    for claim in paper_network(file, name).claims:
        text = (ARCHITECTURES / file).read_text()
        start, end = claim.span.start, claim.span.end
        number = claim.quantity.text.rstrip("M").rstrip("G")
        unit = Fraction(1, 10 ** len(number.partition(".")[2]))
        decimals = len(number.partition(".")[2])
        for step in (2, -2):  # the paper truncates, so what it prints may be a unit off already
            moved = f"{float(Fraction(number) + step * unit):.{decimals}f}"
            line = text[start:end].replace(number, moved)
            path = tmp_path / "net.seq"
            path.write_text(text[:start] + line + text[end:])
            done = subprocess.run(
                [sys.executable, "-m", "seqdsl", "audit", str(path)], capture_output=True, text=True
            )
            assert done.returncode == 1
            assert re.search(rf"error\[SEQ401\].*\b{re.escape(moved)}", done.stderr)
            marked = re.findall(r"^(.*)\n\s*\| ( *)(\^+)", done.stderr, re.MULTILINE)
            ((shown, spaces, marks),) = marked
            column = shown.index("| ") + 2 + len(spaces)
            assert shown[column : column + len(marks)] == line


@pytest.mark.parametrize(
    ("claim", "met"),
    [
        ("expect params 100", True),
        ("expect params 102", False),
        ("expect params 102 +- 2%", True),
        ("expect params 102 ± 1%", False),
        ("expect macs 1.6K", True),
        ("expect flops 3.2K by flops", True),
        ("expect flops 1.6K by paper", True),  # 1,600 / 1,024 = 1.56
        ("expect flops 1.8K by paper", False),
    ],
)
def test_claims_of_a_file(tmp_path: Path, claim: str, met: bool) -> None:
    import seqdsl

    path = tmp_path / "net.seq"
    path.write_text(BOTTOM.format(claim=claim))
    assert [d.code.id for d in seqdsl.check(path)] == ([] if met else ["SEQ401"])


def test_a_stage_claims_its_own_part(tmp_path: Path) -> None:
    import seqdsl

    path = tmp_path / "net.seq"
    text = "network N {{ input 1x4x4; conv2d 1x1, 10\n stage s {{ conv2d 1x1, 20; {} }} }}"
    path.write_text(text.format("expect params 200"))
    assert not seqdsl.check(path)
    path.write_text(text.format("expect params 210"))
    (found,) = seqdsl.check(path)
    assert found.code.id == "SEQ401" and found.primary.span.line == 2
