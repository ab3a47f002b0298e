"""What of a process is in memory, as the system tells it."""

from __future__ import annotations

from pathlib import Path

STATUS = Path("/proc/self/status")


def resident(field: str) -> int:
    """Bytes of this process: VmRSS now, VmHWM at the peak.

    The peak of ``getrusage`` begins with that of the process that started this one.
    """
    lines = STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    (line,) = [line for line in lines if line.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024
