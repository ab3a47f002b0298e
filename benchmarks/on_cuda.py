"""The comparisons on a CUDA device, in float32 and in 16 bits; without one they say so.

Nothing is copied between runs, and onnxruntime launches a CUDA graph where it can capture one.
"MiB" is torch.cuda.max_memory_allocated during a step.

    python benchmarks/on_cuda.py [--seconds 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from comparing import (
    Place,
    Row,
    Section,
    Subject,
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

from seqdsl.backends.bench.bench import NO_DEVICE
from seqdsl.backends.onnx.run import cuda_device
from seqdsl.backends.running import Dtype, Provider
from seqdsl.source.diagnostic import Failure

SUBJECTS = (("SeqResNet-B22", (1, 64)), ("SeqResNeXt-24", (1, 64)), ("k=8 r=4", (1, 256)))
COLUMNS = (
    "export", "dynamo=False", "eager", "compiled", "seqdsl", "seqdsl compiled", "recompute",
)  # fmt: skip


def kinds() -> list[tuple[str, Dtype]]:
    found = [("onnxruntime", dtype) for dtype in (Dtype.FLOAT32, Dtype.FLOAT16)]
    found += [("evaluation", dtype) for dtype in Dtype]
    return [*found, ("training", Dtype.FLOAT32), ("training", Dtype.BFLOAT16)]


def there(kind: str) -> bool:
    return cuda_device() if kind == "onnxruntime" else torch.cuda.is_available()


def measure(kind: str, subject: Subject, batch: int, place: Place) -> list[Row]:
    """The time, and of training the memory."""
    name = f"{kind}, {place.dtype.value}"
    if kind == "onnxruntime":
        contenders = in_onnxruntime(subject, batch, place)
        against = ("export", "dynamo=False")
    elif kind == "evaluation":
        contenders = in_torch(subject, batch, place, compiled=True)
        against = ("eager", "compiled")
    else:
        contenders = in_training(subject, batch, place)
        against = ("eager",)
    require_equal(contenders, Dtype.FLOAT32 if kind == "training" else place.dtype)
    rows = [timed(name, subject, batch, race(contenders, place), None, against)]
    peaks = {n: c.peak / 2**20 for n, c in contenders.items() if c.peak is not None}
    if kind == "training":
        reached = peaks["seqdsl"] / peaks["eager"]
        rows.append(Row(name, subject.name, batch, peaks, reached))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of timing, a contender")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    arguments = parser.parse_args()
    about = machine()
    if torch.cuda.is_available():
        about = f"{torch.cuda.get_device_name()}; {about}"
    print(about, end="\n\n")
    measured: list[tuple[Section, Row]] = []
    for kind, dtype in kinds():
        where = "onnxruntime" if kind == "onnxruntime" else f"PyTorch, {kind}"
        times = Section(f"CUDA, {where}, {dtype.value}", "ms", COLUMNS)
        memory = Section(f"CUDA, {where}, {dtype.value}, peak of memory", "MiB", COLUMNS)
        place = Place(Provider.CUDA, dtype, arguments.seconds)
        found: list[list[Row]] = []
        for name, batches in SUBJECTS:
            for batch in batches:
                if not there(kind):
                    found.append([Row(kind, name, batch, {}, reason=NO_DEVICE)])
                    continue
                print(f"{kind}, {dtype.value}, {name}, batch {batch}", file=sys.stderr)
                try:
                    found.append(measure(kind, Subject(name), batch, place))
                except Failure as failure:
                    reason = failure.diagnostic.message
                    found.append([Row(kind, name, batch, {}, reason=reason)])
        sections = [(times, [r[0] for r in found]), (memory, [r[1] for r in found if r[1:]])]
        print_sections(sections)
        measured += [(section, row) for section, rows in sections for row in rows]
    if arguments.json is not None:
        write_json(arguments.json, about, measured)


if __name__ == "__main__":
    main()
