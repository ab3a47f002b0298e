"""A layer of one's own: a block in the language, compiled, counted and run in PyTorch."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch

import seqdsl

SOURCE = """
## Each group sees the groups 1, 2, 4, ... before it.
block sparse(n: positive, k: positive) {
  aggregate i in 1..n, window=powers(2), keep=input { conv 3x3, k }
}

network Sparse(n = 6, k = 12) {
  input 3x32x32
  conv 3x3, 2*k
  sparse n, k
  global_average_pool
  fc 10
}
"""


def main() -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sparse.seq"
        path.write_text(SOURCE)
        network = seqdsl.load(path, n=8)
    print(f"{network.name}: {network.params:,} parameters, {network.macs:,} MACs")
    logits = seqdsl.to_torch(network)(torch.randn(2, 3, 32, 32))
    print(tuple(logits.shape))


if __name__ == "__main__":
    main()
