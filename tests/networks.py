"""What the tests compile."""

from __future__ import annotations

from pathlib import Path

import seqdsl
from seqdsl import Network

ROOT = Path(__file__).parent.parent
ARCHITECTURES = ROOT / "architectures"

PAPER = {
    "seqresnet.seq": (
        "SeqResNet_k8_r4_N1",
        "SeqResNet_k16_r10_N1",
        "SeqResNetB_k16_r7_N1",
        "SeqResNetB_k32_r12_N3",
        "S1",
        "S2",
        "S3",
        "S4",
    ),
    "seqresnet_imagenet.seq": ("SeqResNetB22", "SeqResNetB42"),
    "seqresnext.seq": ("SeqResNeXt24",),
}
ELEVEN = [(file, name) for file, names in PAPER.items() for name in names]

BASELINES = {
    "resnet_cifar.seq": ("ResNet110",),
    "preact_resnet.seq": ("PreActResNet164", "PreActResNet1001"),
    "wide_resnet.seq": ("WideResNet16_8", "WideResNet28_10"),
    "densenet_cifar.seq": (
        "DenseNet40_k12",
        "DenseNet100_k12",
        "DenseNetBC100_k12",
        "DenseNetBC100_k16_32_64",
    ),
    "sparsenet.seq": (
        "SparseNet40_k12",
        "SparseNet100_k16_32_64",
        "SparseNetBC100_k24",
        "SparseNetBC100_k16_32_64",
    ),
    "resnext.seq": ("ResNeXt29_8x64d", "ResNeXt50_32x4d"),
    "resnet.seq": ("ResNet50", "ResNet101", "ResNet152"),
    "densenet.seq": ("DenseNet169", "DenseNet264"),
    "vgg.seq": ("VGG16BN",),
    "dla.seq": ("DLA34",),
}

# Every operation, with attributes off their defaults, at a size that runs at once.
EVERYTHING = """
network Everything {
  input 3x17x15
  conv2d 3x5, 12, stride=2x1, padding=2x1, dilation=1x2, bias=true
  batch_norm eps=0.001
  silu
  a = it | conv2d 3x3, 12, groups=4 | gelu
  b = it | conv2d 1x1, 12 | tanh
  add a, b, it
  leaky_relu slope=0.1
  mean it, a, b
  gate = it | global_average_pool | conv2d 1x1, 12, bias=true | hard_sigmoid
  multiply gate, it, b
  max_pool 3x3, stride=2, padding=1, ceil=true
  relu6
  elu alpha=0.5
  left = it | avg_pool 3x3, stride=1, padding=1
  right = it | sigmoid | hard_swish
  concatenate 24, left, right
  pad_channels 28
  shuffle 7
  layer_norm eps=0.01
  concatenate it.channels(2, 9), it.channels(10, 28), it.channels(1, 1)
  aggregate i in 1..3, window=[1, 2] { conv 3x3, 4 }
  upsample 2x1
  upsample 3, mode=bilinear
  avg_pool 2, ceil=true
  dropout 0.5
  conv2d 1x1, 8, init=zero
  global_average_pool
  linear 9, bias=false
  relu
  linear 5
  softmax
}
"""


def compiled(folder: Path, text: str, name: str | None = None, **params: int) -> Network:
    """The network of a source text."""
    path = folder / "net.seq"
    path.write_text(text, encoding="utf-8")
    return seqdsl.load(path, name, **params)


def paper_network(file: str, name: str) -> Network:
    return seqdsl.load(ARCHITECTURES / file, name)


def codes(folder: Path, text: str) -> list[str]:
    """The names of the codes of what is said of a source."""
    return [d.code.name for d in findings(folder, text)]


def findings(folder: Path, text: str) -> list[seqdsl.Diagnostic]:
    """What is said of a source."""
    path = folder / "net.seq"
    path.write_text(text)
    return seqdsl.check(path)


# Two aggregations side by side; the first group of each hands its window on as it is.
LATE = """
network N {
  input 3x32x32
  conv 3x3, 16
  aggregate i in 1..3, window=last(1) { if i > 1 { conv 3x3, 16 } }
  aggregate i in 1..3, window=last(1) { if i > 1 { conv 3x3, 16 } }
  global_average_pool
  fc 10
}
"""
