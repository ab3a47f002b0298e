"""Time and memory of compilation a node, from 1,000 to 128,000 nodes, doubling.

Two networks: one repeats a layer, in the other no two layers are alike. Each size runs in a
process of its own, whose peak memory less that of the imports is set against the nodes.
Usage: python benchmarks/scaling.py
"""

import gc
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Three nodes a layer; a loop has at most 10,000 turns, so there are two of them.
TEXTS = {
    "alike": "network N(n: int, m: int) {{ input 3x8x8; "
    "for i in 1..n {{ for j in 1..m {{ conv 3x3, 8 }} }} }}",
    "unlike": "network N(n: int, m: int) {{ input 3x8x8; "
    "for i in 1..n {{ for j in 1..m {{ conv 3x3, m*i + j }} }} }}",
}
SIZES = [1000 * 2**i for i in range(8)]


def measure(path: str, nodes: int) -> None:
    """One compilation, as a line of seconds, bytes and nodes."""
    import seqdsl

    gc.set_threshold(100_000)  # as the command does
    seqdsl.load(path, n=1, m=1)
    large = seqdsl.limits(statements=10_000_000, seconds=600)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    with large:
        network = seqdsl.load(path, n=16, m=nodes // 48)
    assert network.params and network.macs
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(seconds, (after - before) * 1024, len(network.nodes))


def main() -> None:
    print(f"{'layers':<10}{'nodes':>9}{'time':>10}{'a node':>11}{'memory':>11}{'a node':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in TEXTS.items():
            path = Path(folder) / f"{name}.seq"
            path.write_text(text.format())
            for size in SIZES:
                command = [sys.executable, __file__, str(path), str(size)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                seconds, memory, nodes = map(float, done.stdout.split())
                print(
                    f"{name:<10}{nodes:9,.0f}{seconds:8.2f} s{1e6 * seconds / nodes:8.1f} µs"
                    f"{memory / 2**20:7.1f} MiB{memory / nodes:8.0f} B"
                )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(sys.argv[1], int(sys.argv[2]))
    else:
        main()
