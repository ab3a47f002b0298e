"""Where the time of check, stats and build goes, stage by stage.

SeqResNet-B42, and a chain of 128,000 nodes as in scaling.py; each command is a process of its own.
The run with the median total is shown, of several: python benchmarks/stages.py [--runs 5]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from scaling import TEXTS

FILE = Path(__file__).parent.parent / "architectures" / "seqresnet_imagenet.seq"
COMMANDS = {
    "check": [],
    "stats": [],
    "build .py": ["-o", "out.py"],
    "build .onnx": ["-o", "out.onnx"],
}


def stages(arguments: list[str], folder: str) -> dict[str, float]:
    """The milliseconds of each stage of a command, its total last."""
    command = [sys.executable, "-m", "seqdsl", "--timings", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    table = done.stderr[done.stderr.index("\n────") + 1 :].splitlines()[1:]
    rows = [line.removesuffix("%").rsplit(maxsplit=2) for line in table]
    return {name: float(taken) for name, taken, _ in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "chain.seq"
        chain.write_text(TEXTS["alike"].format())
        inputs = {
            "SeqResNet-B42": [str(FILE), "--network", "SeqResNetB42"],
            "128,000 nodes": [str(chain), "--network", "N", "-D", "n=16", "-D", "m=2666"],
        }
        for title, given in inputs.items():
            for command, options in COMMANDS.items():
                arguments = [command.split()[0], *given, *options]
                taken = [stages(arguments, folder) for _ in range(runs)]
                middle = sorted(taken, key=lambda times: times["total"])[runs // 2]
                row = ", ".join(f"{name} {ms:,.0f}" for name, ms in middle.items() if ms >= 0.5)
                print(f"{title}, {command}: {row} ms", flush=True)


if __name__ == "__main__":
    main()
