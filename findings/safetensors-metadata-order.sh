#!/bin/sh
# safetensors 0.8.0: the same tensors and the same metadata are another file in each process.
#
# Saved: one tensor of zeros, with numpy 2.4.2, and a `metadata` dict of four keys in one order.
# A reader of its documentation would expect equal files: tensors are sorted, and a Python dict
# keeps its order. (No guess was written down before the first run.) Seen: eight runs gave eight
# different files, which differ in the order of the keys in the header's `__metadata__`; with one
# key the eight files are equal. So a checkpoint with metadata has no stable hash unless its header
# is sorted after `save`.
#
# Exits 0 while it is so, and 1 once eight runs give one file.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q safetensors==0.8.0 numpy==2.4.2
cat > "$folder/save.py" <<'PYTHON'
import sys
import numpy as np
from safetensors.numpy import save

keys = "abcd"[: int(sys.argv[1])]
sys.stdout.buffer.write(save({"x": np.zeros(3, np.float32)}, {key: "1" for key in keys}))
PYTHON
for keys in 1 4; do
  for run in 1 2 3 4 5 6 7 8; do
    "$folder/venv/bin/python" "$folder/save.py" "$keys" | cksum
  done | sort -u | wc -l | tr -d ' ' > "$folder/$keys"
  echo "$keys metadata keys: $(cat "$folder/$keys") different files in 8 runs"
done
test "$(cat "$folder/1")" = 1 && test "$(cat "$folder/4")" -gt 1
