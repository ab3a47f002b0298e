"""How fast training data come, beside a training step: `python benchmarks/loading.py`.

CIFAR-10 is 50,000 images of random bytes in the published layout; the photographs are crops of
500x375 of the two that scikit-learn ships, as JPEG. Both load in this process, on one core, and the
step of SeqResNet k=8 r=4 N=1, batch 64, has all of them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_images

import seqdsl
from seqdsl.graph.tensor import TensorType
from seqdsl.training.data.batch import Draw, Split
from seqdsl.training.data.sets import open_data

FILE = Path(__file__).parents[1] / "architectures" / "seqresnet.seq"
BATCH = 64
PER_CLASS = 200


def write_cifar(root: Path) -> Path:
    random = np.random.default_rng(0)
    for name in [*[f"data_batch_{number}.bin" for number in range(1, 6)], "test_batch.bin"]:
        records = random.integers(0, 256, (10_000, 3073), np.uint8)
        records[:, 0] %= 10
        (root / name).write_bytes(records.tobytes())
    return root


def write_photographs(root: Path) -> Path:
    random = np.random.default_rng(0)
    for label, pixels in enumerate(load_sample_images().images):
        photograph = Image.fromarray(pixels)
        for part in ("train", "val"):
            folder = root / part / str(label)
            folder.mkdir(parents=True)
            for number in range(PER_CLASS):
                left, top = random.integers(0, 140), random.integers(0, 52)
                crop = photograph.crop((left, top, left + 500, top + 375))
                crop.save(folder / f"{number}.JPEG", quality=90)
    return root


def batches(split: Split, epoch: int) -> Iterator[list[Draw]]:
    order = np.random.default_rng(epoch).permutation(len(split)).tolist()
    for start in range(0, len(order), BATCH):
        yield [Draw(epoch, index) for index in order[start : start + BATCH]]


def loading(split: Split, epochs: int) -> float:
    """Images a second, of the best epoch; the first warms the file cache."""
    times = []
    for epoch in range(epochs + 1):
        started = perf_counter()
        for draws in batches(split, epoch):
            split.__getitems__(draws)
        times.append(perf_counter() - started)
    return len(split) / min(times[1:])


def training(steps: int) -> float:
    """Images a second, by the median step of forward, backward and update."""
    module = seqdsl.to_torch(seqdsl.load(FILE, "SeqResNet", k=8, r=4, N=1)).train()
    optimizer = torch.optim.SGD(module.parameters(), 0.1, 0.9, weight_decay=1e-4, nesterov=True)
    images, labels = torch.randn(BATCH, 3, 32, 32), torch.randint(10, (BATCH,))
    times = []
    for _ in range(steps + 1):
        started = perf_counter()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(images), labels).backward()
        optimizer.step()
        times.append(perf_counter() - started)
    return BATCH / median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5)
    options = parser.parse_args()
    cores = torch.get_num_threads()
    step = training(options.steps)
    torch.set_num_threads(1)
    rates = {}
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "cifar", Path(folder) / "photographs"
        small.mkdir()
        for name, path, size in [
            ("cifar10", write_cifar(small), 32),
            ("imagenet", write_photographs(large), 224),
        ]:
            type = TensorType(3, (size, size), (3,))
            classes = 10 if name == "cifar10" else 2
            data = open_data(name, path, type, classes=classes)
            rates[f"{name}, train"] = loading(data.train, options.epochs)
            rates[f"{name}, validation"] = loading(data.validation, options.epochs)
    print(f"torch {torch.__version__}, {os.cpu_count()} cores")
    print(f"{'a step of SeqResNet k=8 r=4 N=1':<34}{step:9,.0f} images/s on {cores} cores")
    for name, rate in rates.items():
        ratio = f"{rate / step:9,.1f}x the step" if name == "cifar10, train" else ""
        print(f"{name:<34}{rate:9,.0f} images/s {1e6 / rate:9,.1f} µs each{ratio}")


if __name__ == "__main__":
    main()
