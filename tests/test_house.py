"""The house: imports run one way, heavy libraries stay in their rooms, the tools start light."""

import ast
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from networks import ARCHITECTURES, ROOT

ORDER = [
    "highlighting",
    "source",
    "syntax",
    "graph",
    "semantic",
    "passes",
    "backends",
    "training",
    "api",
    "server",
    "page",
    "cli",
]
TRAINING = {
    "checkpoint", "engine", "loading", "sampling", "saves", "synced_norm", "task", "watch",
}  # fmt: skip
HEAVY = {
    "torch": {
        "torch_inference",
        "torch_aggregate",
        "torch_defined",
        "torch_folded",
        "torch_module",
        "torch_run",
        "reference",
        "verify",
        "checkpoints",
        "torch_files",
        "safe_files",
        "shards",
        "weights_file",
        "transfer",
        "api",
        "onnx_model",
        "weights",
        "torch_bench",
        "doctor_engines",
        "batch",
        "arrays",
        "small",
        "photographs",
        "listing",
        "image_files",
        *TRAINING,
    },
    "lightning": {"engine", "loading", "saves", "task", "watch"},
    "tensorboard": set(),
    "torchvision": set(),
    "sklearn": {"digits"},
    "onnx": {"onnx_model", "onnx_file", "onnx_run", "onnx_half", "api", "doctor_engines"},
    "onnxruntime": {"quiet_onnxruntime", "doctor_engines"},
    "graphviz": {"graphviz"},
    "matplotlib": {"plots"},
    "networkx": {"network"},
    "lark": {
        "tokens",
        "grammar",
        "recovery",
        "repairs",
        "habits",
        "advice",
        "messages",
        "misfit",
        "parser",
        "splicing",
        "construct",
    },
    "reportlab": {"pdf"},
    "resvg_py": {"png"},
    "rich": {"tables", "progress"},
    "pygments": {"highlighting"},
    "pygls": {"main"},
    "filelock": {"lock"},
    "watchfiles": {"watch"},
}
FILES = [p for p in (ROOT / "seqdsl").rglob("*.py") if p.parent != ROOT / "seqdsl"]
SINGLE = [ROOT / "seqdsl" / name for name in ("api.py", "highlighting.py")]


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    room = path.relative_to(ROOT / "seqdsl").parts[0]
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "seqdsl" and len(parts) > 1:
            assert ORDER.index(parts[1]) <= ORDER.index(room), f"{path} imports {name}"


@pytest.mark.parametrize("path", [*FILES, *SINGLE], ids=lambda p: p.stem)
def test_heavy_libraries_stay_in_their_rooms(path: Path) -> None:
    for name in {name.split(".")[0] for name in imports(path)} & set(HEAVY):
        assert path.stem in HEAVY[name], f"{path} imports {name}"


@pytest.mark.parametrize("path", [*FILES, *SINGLE], ids=lambda p: p.stem)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], {"torch", "onnx", "lark", "networkx", "numpy", "rich"}),
        (["check", str(ARCHITECTURES / "seqresnext.seq")], {"torch", "onnx", "numpy", "rich"}),
        (["stats", str(ARCHITECTURES / "seqresnext.seq")], {"torch", "onnx"}),
        (["diff", *[f"{ARCHITECTURES / 'seqresnet.seq'}:S1"] * 2], {"torch", "onnx", "numpy"}),
        (["bench", "--help"], {"torch", "onnx", "lark", "networkx", "numpy", "rich"}),
        (["audit", str(ARCHITECTURES / "seqresnext.seq")], {"torch", "onnx"}),
    ],
)
def test_commands_start_light(arguments: list[str], absent: set[str]) -> None:
    code = (
        "import sys\nfrom seqdsl.cli.main import main\n"
        "try: main()\nexcept SystemExit as exit: assert not exit.code\n"
        "print('MODULES', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.rpartition("MODULES")[2].split())
    assert loaded and not loaded & absent


def test_a_checkout_needs_no_install(tmp_path: Path) -> None:
    """Without `site` no editable install is seen, and the folders beside the package are."""
    environment = {"PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}"}
    command = [sys.executable, "-S", "-m", "seqdsl", "audit"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    code = "from seqdsl.source.resources import resource; print(resource('grammars'))"
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert Path(done.stdout.strip()) == ROOT / "grammars"


WAITS = re.compile(
    r"deadline=|suppress_health_check=|timeout=\(?[0-9]|\bsleep\(|wait_for_timeout|"
    r"assert .*\b(elapsed|took|seconds|milliseconds) *<"
)


def test_no_test_depends_on_the_speed_of_the_machine() -> None:
    """Tests wait for what must come, as `patience.py` does; none sleeps, or races a clock."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "tests").glob("**/test_*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if WAITS.search(line) and path.name != Path(__file__).name
    ]
    assert not found
