"""Commands leave nothing at home but caches: no library reports on who runs it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import seqdsl
from seqdsl.backends.onnx.health import telemetry
from seqdsl.backends.weights.state import initial_state, save_state

NETWORK = """
network N {
  input 1x8x8
  conv 3x3, 8
  max_pool 2
  global_average_pool
  fc 10
  softmax
}
"""
COMMANDS = (
    "run net.seq x.npy",
    "verify net.seq",
    "bench net.seq --batch 1 --seconds 0.1",
    "eval net.seq --weights w.safetensors",
    "build net.seq -o net.onnx --tune",
    "doctor",
)
CACHES = {"seqdsl", "matplotlib"}  # parser tables and fonts


def run(folder: Path, *command: str, **variables: str) -> set[str]:
    """The folders under the cache folder of an empty home, once a command has run there."""
    (folder / "net.seq").write_text(NETWORK)
    np.save(folder / "x.npy", np.zeros((1, 8, 8), np.float32))
    save_state(folder / "w.safetensors", initial_state(seqdsl.load(folder / "net.seq")))
    home = folder / "home"
    home.mkdir()
    unset = ("XDG_", "MPL", "ORT_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(unset)}
    environment |= {"HOME": str(home), "USERPROFILE": str(home), **variables}
    subprocess.run([sys.executable, *command], cwd=folder, env=environment, check=False,
                   capture_output=True)  # fmt: skip
    files = {path.relative_to(home).parts for path in home.rglob("*") if path.is_file()}
    assert {parts[0] for parts in files} <= {".cache"}
    return {parts[1] for parts in files}


@pytest.mark.skipif(sys.platform != "linux", reason="caches are elsewhere on other systems")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_leaves_no_telemetry(tmp_path: Path, command: str) -> None:
    left = run(tmp_path, "-m", "seqdsl", *command.split())
    assert left <= CACHES
    assert "seqdsl" in left or command == "doctor"  # the command has run


def test_the_api_leaves_no_telemetry(tmp_path: Path) -> None:
    code = (
        "import numpy, seqdsl\n"
        "from seqdsl.backends.onnx.run import Runner\n"
        "Runner(seqdsl.to_onnx(seqdsl.load('net.seq')))(numpy.load('x.npy')[None])"
    )
    assert run(tmp_path, "-c", code) <= CACHES


def test_a_choice_of_the_user_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, kept in ((None, "1"), ("", "1"), ("1", "1"), ("0", "0")):
        if given is None:
            monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
        else:
            monkeypatch.setenv("ORT_DISABLE_TELEMETRY", given)
        found = telemetry().found
        assert os.environ["ORT_DISABLE_TELEMETRY"] == kept and found.endswith(f"={kept}")
        assert found.startswith("off") == (kept == "1")
