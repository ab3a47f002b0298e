#!/usr/bin/env bash
# torch's FlopCounterMode counts 0 of nn.MultiheadAttention where no gradient is asked for.
#
# Versions: torch 2.13.0 (CPU), Python 3.11.
# Input: 196 rows of 8 numbers through nn.MultiheadAttention(8, 2, batch_first=True) in evaluation
# mode: four projections and two products, 664,832 multiply-accumulates.
# Guess before the run: 1,329,664, twice that, with gradients and without.
# Seen: 1,329,664 with gradients, 0 under torch.no_grad(). There the layer is one operator,
# aten::_native_multi_head_attention, which the counter has no formula for; with bias=False the layer
# does not take that way, and 1,329,664 are counted. So the attention of a transformer that is measured
# as it is run can be missing, projections included.
#
# Exits with 0 while that is so, with 1 once it is otherwise.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def counted(bias: bool, gradients: bool) -> int:
    layer = nn.MultiheadAttention(8, 2, bias=bias, batch_first=True).eval()
    x = torch.zeros(1, 196, 8)
    with torch.set_grad_enabled(gradients), FlopCounterMode(display=False) as counter:
        layer(x, x, x)
    return counter.get_total_flops()


true = 2 * (4 * 196 * 8 * 8 + 2 * 196 * 196 * 8)
seen = [counted(True, True), counted(True, False), counted(False, False)]
print(f"of {true:,}: {seen[0]:,} with gradients, {seen[1]:,} without; {seen[2]:,} without biases")
raise SystemExit(0 if seen == [true, 0, true] else 1)
PYTHON
