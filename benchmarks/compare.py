"""Compiled networks beside their definitions: every ratio is of one run, its contenders in turn.

The baseline is `definition.py`, the networks as the paper's equations say, with the same weights:
exported by torch for onnxruntime, eager or compiled in PyTorch. Before a row is timed, all its
contenders must give the same logits, to 1e-5 of the largest.

    python benchmarks/compare.py [--only ROW] [--no-compile] [--seconds 10] [--json FILE]
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from comparing import (
    ARCHITECTURES,
    Place,
    Row,
    Section,
    Subject,
    bound,
    in_onnxruntime,
    in_torch,
    in_training,
    machine,
    print_sections,
    race,
    require_equal,
    timed,
    write_json,
)

import seqdsl
from seqdsl.backends.bench.cases import input_of, scaled_state

ONNX = Section(
    "onnxruntime, against torch.onnx.export of the definition", "ms",
    ("export", "dynamo=False", "seqdsl"), "reached: against the faster of torch's two exporters",
)  # fmt: skip
RATE = Section(
    "onnxruntime, against ResNet-50 from the same compiler", "GMAC/s", ("ResNet-50", "seqdsl")
)
EAGER = Section("PyTorch, evaluation, against the definition, eager", "ms", ("eager", "seqdsl"))
COMPILED = Section(
    "PyTorch, evaluation, both through torch.compile, frozen", "ms",
    ("eager", "compiled", "seqdsl", "seqdsl compiled"), "reached: compiled against compiled",
)  # fmt: skip
STEP = Section(
    "PyTorch, a step of training, against the definition, eager", "ms",
    ("eager", "seqdsl", "recompute"), "forward, loss, backward, SGD",
)  # fmt: skip
SAVED = Section(
    "PyTorch, kept for the backward pass", "MiB", ("eager", "seqdsl", "recompute"),
    "storages that a forward pass keeps, each once, without parameters and buffers", at_most=True,
)  # fmt: skip
SECTIONS = (ONNX, RATE, EAGER, COMPILED, STEP, SAVED)

NOT_COMPILED = "--no-compile"


@dataclass(frozen=True)
class Comparison:
    """A set of contenders, and the rows that come of them; ``names`` are those of the rows."""

    names: tuple[str, ...]
    measure: Callable[[Place], Iterator[tuple[Section, Row]]]


def onnx_rows(name: str, subject: str, batch: int, target: float) -> Comparison:
    def measure(place: Place) -> Iterator[tuple[Section, Row]]:
        made = Subject(subject)
        contenders = in_onnxruntime(made, batch, place)
        require_equal(contenders)
        found = race(contenders, place)
        yield ONNX, timed(name, made, batch, found, target, ("export", "dynamo=False"))

    return Comparison((name,), measure)


def rate_row(name: str, target: float) -> Comparison:
    def measure(place: Place) -> Iterator[tuple[Section, Row]]:
        made = Subject("SeqResNet-B22")
        resnet = seqdsl.load(ARCHITECTURES / "resnet.seq", "ResNet50")
        x, state = input_of(resnet, 1, seed=0), scaled_state(resnet, seed=0)
        contenders = {
            "ResNet-50": bound(seqdsl.to_onnx(resnet, state), x, place),
            "seqdsl": bound(seqdsl.to_onnx(made.network, made.state), x, place),
        }
        row = timed(name, made, 1, race(contenders, place), target, ("ResNet-50",))
        macs = {"ResNet-50": resnet.macs, "seqdsl": made.network.macs}
        assert row.reached is not None
        reached = row.reached * macs["seqdsl"] / macs["ResNet-50"]
        # milliseconds to 10^9 a second
        rates = {n: macs[n] / ms / 1e6 for n, ms in row.figures.items()}
        spread = {n: (macs[n] / b / 1e6, macs[n] / a / 1e6) for n, (a, b) in row.spread.items()}
        yield RATE, replace(row, figures=rates, spread=spread, reached=reached)

    return Comparison((name,), measure)


def eval_rows(subject: str, batch: int, compiles: bool) -> Comparison:
    eager, compiled = f"eval-b22-{batch}", f"compile-b22-{batch}"

    def measure(place: Place) -> Iterator[tuple[Section, Row]]:
        made = Subject(subject)
        contenders = in_torch(made, batch, place, compiled=compiles)
        require_equal(contenders)
        found = race(contenders, place)
        yield EAGER, timed(eager, made, batch, found, 2.0, ("eager",))
        if compiles:
            row = timed(compiled, made, batch, found, 1.0, ("compiled",), "seqdsl compiled")
            starts = [contenders[name].start for name in ("compiled", "seqdsl compiled")]
            remark = "compiled in {:.0f} s and {:.0f} s".format(*starts)
            yield COMPILED, replace(row, remark=remark)
        else:
            yield COMPILED, Row(compiled, made.name, batch, {}, target=1.0, reason=NOT_COMPILED)

    return Comparison((eager, compiled), measure)


def training_rows(key: str, subject: str, batch: int) -> Comparison:
    names = (f"train-{key}-{batch}", f"saved-{key}-{batch}", f"recompute-{key}-{batch}")

    def measure(place: Place) -> Iterator[tuple[Section, Row]]:
        made = Subject(subject)
        contenders = in_training(made, batch, place)
        require_equal(contenders)
        yield STEP, timed(names[0], made, batch, race(contenders, place), 1.5, ("eager",))
        saved = {n: c.saved / 2**20 for n, c in contenders.items() if c.saved is not None}
        for name, ours, target in zip(names[1:], ("seqdsl", "recompute"), (0.5, 0.3), strict=True):
            figures = {who: saved[who] for who in ("eager", ours)}
            reached = saved[ours] / saved["eager"]
            yield SAVED, Row(name, made.name, batch, figures, reached, target)

    return Comparison(names, measure)


def comparisons(compiles: bool) -> list[Comparison]:
    return [
        onnx_rows("onnx-b22-1", "SeqResNet-B22", 1, 2.0),
        onnx_rows("onnx-b22-8", "SeqResNet-B22", 8, 1.3),
        onnx_rows("onnx-x24-1", "SeqResNeXt-24", 1, 1.6),
        onnx_rows("onnx-b42-1", "SeqResNet-B42", 1, 1.6),
        onnx_rows("onnx-k8r4-1", "k=8 r=4", 1, 2.0),
        onnx_rows("onnx-k8r4-64", "k=8 r=4", 64, 2.0),
        onnx_rows("onnx-k16r7-1", "B k=16 r=7", 1, 1.5),
        onnx_rows("onnx-k16r7-64", "B k=16 r=7", 64, 1.5),
        rate_row("rate-b22-1", 1.0),
        eval_rows("SeqResNet-B22", 1, compiles),
        eval_rows("SeqResNet-B22", 8, compiles),
        training_rows("b22", "SeqResNet-B22", 8),
        training_rows("k8r4", "k=8 r=4", 64),
    ]


def chosen(all_of_them: Sequence[Comparison], only: Sequence[str]) -> list[Comparison]:
    """Those with a row of these names, or of these patterns. Exits where one names none."""
    for pattern in only:
        if not any(fnmatch.filter(c.names, pattern) for c in all_of_them):
            names = ", ".join(name for c in all_of_them for name in c.names)
            sys.exit(f"no row {pattern!r}; there are {names}")
    return [c for c in all_of_them if any(matches(name, only) for name in c.names)]


def matches(name: str, only: Sequence[str]) -> bool:
    return not only or any(fnmatch.fnmatch(name, pattern) for pattern in only)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", default=[], metavar="ROW",
                        help="a row by its name, or a pattern such as onnx-*")  # fmt: skip
    parser.add_argument("--list", action="store_true", help="print the rows' names")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--seconds", type=float, default=10.0, help="of timing, a contender")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    arguments = parser.parse_args()
    wanted = chosen(comparisons(not arguments.no_compile), arguments.only)
    if arguments.list:
        print(*(name for c in wanted for name in c.names), sep="\n")
        return
    about, place = machine(), Place(seconds=arguments.seconds)
    found: list[tuple[Section, Row]] = []
    interrupted = False
    try:
        for number, comparison in enumerate(wanted, 1):
            print(f"{number}/{len(wanted)}", *comparison.names, file=sys.stderr)
            for section, row in comparison.measure(place):
                if matches(row.name, arguments.only):
                    found.append((section, row))
                    reached = "" if row.reached is None else f"{row.reached:.2f}x "
                    print(f"  {row.name}: {reached}{row.verdict(section)}", file=sys.stderr)
            if arguments.json is not None:  # what is there is kept, whatever comes
                write_json(arguments.json, about, found)
    except KeyboardInterrupt:
        print("interrupted: these are the rows that were complete", file=sys.stderr)
        interrupted = True
    print(about, end="\n\n")
    print_sections([(section, [r for s, r in found if s is section]) for section in SECTIONS])
    if interrupted:
        sys.exit(130)


if __name__ == "__main__":
    main()
