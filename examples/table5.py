"""Table 5 as a study: S1 to S4 trained alike, over several seeds.

    python examples/table5.py                                    # scikit-learn's digits
    python examples/table5.py --data cifar10 --data-path DATA --epochs 300 --seeds 5

All four follow one recipe, and each seed gives all the same samples in the same order. What is
printed beside the errors is the spread over the seeds: the sample standard deviation. Runs are kept
in a folder, and a study that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from subprocess import run

import seqdsl
from seqdsl.training.metrics import read_metrics

FILE = Path(__file__).parent.parent / "architectures" / "seqresnet.seq"
SETTINGS = {  # of Table 5, and the error on C10+ that it prints
    "S1": ("r=4, k=8, N=1", "4.78"),
    "S2": ("r=3, k=8, N=1,2,1, no window", "4.90"),
    "S3": ("r=4, k=16, N=1", "4.99"),
    "S4": ("r=3, k=16, N=1,2,2", "5.15"),
}


def train(name: str, seed: int, folder: Path, options: Sequence[str]) -> float:
    """The test error in %, at the end of training."""
    command = [sys.executable, "-m", "seqdsl", "train", str(FILE), "--network", name]
    command += ["--seed", str(seed), "-o", str(folder), *options]
    if (folder / "run.json").exists():
        command.append("--resume")
    done = run(command, check=False, stdout=sys.stderr)  # only the table is standard output
    if done.returncode:
        sys.exit(done.returncode)
    return read_metrics(folder / "metrics.csv")[-1].top1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="digits")
    parser.add_argument("--data-path")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--networks", nargs="+", default=list(SETTINGS), choices=SETTINGS)
    parser.add_argument("-o", "--output", type=Path, default=Path("table5"))
    arguments = parser.parse_args()
    options = ["--data", arguments.data, "--set", f"epochs={arguments.epochs}"]
    if arguments.data_path:
        options += ["--data-path", arguments.data_path]
    errors: dict[str, list[float]] = {name: [] for name in arguments.networks}
    for seed in range(arguments.seeds):
        for name in arguments.networks:
            folder = arguments.output / f"{name}-seed{seed}"
            errors[name].append(train(name, seed, folder, options))
    print(f"\n{arguments.data}, {arguments.epochs} epochs, {arguments.seeds} seeds: error in %\n")
    print(f"    {'setting':<30}{'params':>9}{'error':>8}{'spread':>8}{'C10+ in Table 5':>17}")
    for name, found in errors.items():
        setting, printed = SETTINGS[name]
        params = f"{seqdsl.load(FILE, name).params / 1e6:.2f}M"
        spread = f"{stdev(found):.2f}" if len(found) > 1 else "-"
        print(f"{name}  {setting:<30}{params:>9}{mean(found):>8.2f}{spread:>8}{printed:>17}")
    print(f"\nThe runs are in {arguments.output.resolve()}.")


if __name__ == "__main__":
    main()
