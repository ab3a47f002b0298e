"""The house: imports run one way, heavy libraries stay in their rooms, the tools start light."""

import ast
import re
import subprocess
import sys
import sysconfig
from graphlib import TopologicalSorter
from pathlib import Path, PurePath

import pytest
from networks import ARCHITECTURES, ROOT

from seqdsl.cli.main import COMMANDS

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
# The order inside of rooms; what a room's list leaves out comes after what it names.
INSIDE = {
    "semantic": ["values", "primitives", "names", "expansion", "rules", "writing", "compile"],
    "backends": [
        "files", "rows", "arrays", "running", "parts", "inputs", "weights", "engine", "torch",
        "onnx", "drawing", "targets", "verify", "bench", "doctor",
    ],
    "api": [
        "arguments", "programs", "plain", "exports", "notebook", "parts", "drawings", "network",
        "calls", "listing",
    ],
}  # fmt: skip
WEIGHTS = {f"backends/weights/{name}" for name in (
    "checkpoints", "torch_files", "safe_files", "shards", "weights_file", "transfer", "state",
)}  # fmt: skip
TRAINING = {f"training/{name}" for name in (
    "checkpoint", "engine", "loading", "sampling", "saves", "synced_norm", "task", "watch",
)}  # fmt: skip
DATA = {f"training/data/{name}" for name in (
    "batch", "arrays", "small", "photographs", "listing", "image_files",
)}  # fmt: skip
SYNTAX = {f"syntax/{name}" for name in (
    "tokens", "grammar", "recovery", "repairs", "habits", "advice", "messages", "misfit", "parser",
    "splicing", "construct",
)}  # fmt: skip
HEAVY = {  # library -> the files, or the folders of files, that may import it
    "torch": {
        "api", "backends/arrays", "backends/torch", "backends/verify", "backends/onnx/model",
        *WEIGHTS, *TRAINING, *DATA,
    },
    "lightning": {f"training/{name}" for name in ("engine", "loading", "saves", "task", "watch")},
    "tensorboard": set(),
    "torchvision": set(),
    "sklearn": {"training/data/digits"},
    "pandas": {"api/parts"},
    "onnx": {"api", "backends/onnx"},
    "onnxruntime": {"backends/onnx/quiet_onnxruntime", "backends/onnx/health"},
    "graphviz": {"backends/drawing/graphviz"},
    "matplotlib": {"backends/drawing/plots"},
    "networkx": {"graph/network"},
    "lark": SYNTAX,
    "reportlab": {"backends/drawing/pdf"},
    "resvg_py": {"backends/drawing/png"},
    "rich": {"cli/tables", "cli/progress"},
    "pygments": {"highlighting"},
    "pygls": {"server/main"},
    "filelock": {"training/lock"},
    "watchfiles": {"cli/watch"},
}  # fmt: skip
FILES = [p for p in (ROOT / "seqdsl").rglob("*.py") if p.parent != ROOT / "seqdsl"]
SINGLE = [ROOT / "seqdsl" / name for name in ("highlighting.py",)]


def place_of(path: Path) -> str:
    return path.relative_to(ROOT / "seqdsl").with_suffix("").as_posix()


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


def imported_modules(path: Path) -> set[str]:
    """The places in `seqdsl/` that a file imports, in a function or for its types too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for parts in (name.split(".")[1:] for name in names if name.startswith("seqdsl.")):
            whole, outer = "/".join(parts), "/".join(parts[:-1])
            places = [whole, f"{whole}/__init__", outer, f"{outer}/__init__"]
            found |= set([place for place in places if place in PLACES][:1])
    return found


PLACES = {place_of(path) for path in [*FILES, *SINGLE]}


@pytest.mark.parametrize("room", INSIDE)
def test_imports_run_one_way_inside_of_a_room(room: str) -> None:
    order = INSIDE[room]
    for path in (path for path in FILES if place_of(path).startswith(f"{room}/")):
        own = place_of(path).split("/")[1]
        if own == "__init__":
            continue
        for name in imported_modules(path):
            parts = name.split("/")
            if parts[0] == room and len(parts) > 1:
                assert order.index(parts[1]) <= order.index(own), f"{path} imports {name}"


def test_no_command_imports_another() -> None:
    """What two commands share is outside of their room; only the program imports from it."""
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in FILES
        for name in imported_modules(path)
        if name.startswith("cli/commands/") or name == "cli/main"
    ]
    assert not found


def test_every_command_is_a_file_and_a_row() -> None:
    files = {path.stem for path in (ROOT / "seqdsl/cli/commands").glob("*.py")} - {"__init__"}
    assert set(COMMANDS) == files


def test_no_file_imports_itself_by_way_of_others() -> None:
    graph = {place_of(path): imported_modules(path) - {place_of(path)} for path in FILES}
    TopologicalSorter(graph).prepare()  # raises CycleError, with the circle


@pytest.mark.parametrize("path", [*FILES, *SINGLE], ids=lambda p: p.stem)
def test_heavy_libraries_stay_in_their_rooms(path: Path) -> None:
    for name in {name.split(".")[0] for name in imports(path)} & set(HEAVY):
        around = {place.as_posix() for place in PurePath(place_of(path)).parents}
        assert {place_of(path), *around} & HEAVY[name], f"{path} imports {name}"


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
