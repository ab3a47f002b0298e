"""A document as an editor has it, and places in it."""

from seqdsl.server.analysis import Analysis
from seqdsl.server.files import EditorFiles
from seqdsl.source.text import Source

NET = """use std.seqconv
use std.residual

## Twice a convolution.
block twice(width: positive, kernel: size = 3) {
  for i in 1..2 { conv kernel, width }
}

network Net(k: positive, classes = 10) {
  input 3x32x32
  stage one -> 32x32 {
    twice 32
    seqconv 3x3, 32, k
  }
  stage two -> 16x16 {
    skip = in | conv 1x1, 64, stride=2, act=none
    conv 3x3, 64, stride=2
    add it, skip
    basic 64
  }
  add it, two
  head { global_average_pool; fc classes }
}

model Small = Net(k=16) { expect params 117K }
model Large = Net(k=8)
"""


def analyse(text: str, files: EditorFiles) -> Analysis:
    path = files.folders[0] / "net.seq"
    files.put(path, text)
    return Analysis(Source(str(path), text), path, files)


def at(text: str, needle: str, past: int = 0) -> int:
    return text.index(needle) + past
