"""The driver of NVIDIA's devices, as `seqdsl doctor` finds it."""

from __future__ import annotations

import shutil

from seqdsl.backends.parts import Part, Verdict, run


def driver() -> Part:
    """The driver and its devices, as NVIDIA's own program tells them."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return Part("NVIDIA driver", "there is no nvidia-smi", Verdict.NOTE)
    query = [program, "--query-gpu=driver_version,name", "--format=csv,noheader"]
    code, written, said = run(query)
    if code:
        return Part("NVIDIA driver", f"nvidia-smi: {said}", Verdict.NOTE)
    rows = [line.partition(", ") for line in written.decode(errors="replace").splitlines()]
    names = ", ".join(name for _, _, name in rows)
    return Part("NVIDIA driver", f"{rows[0][0]}; {names}")
