"""Emitted source is as a linter and a formatter would have it, and the same every time."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from networks import ARCHITECTURES, ELEVEN, EVERYTHING, compiled, paper_network
from programs import programs

import seqdsl.api
from seqdsl.backends.torch.source import torch_source

# What a linter could object to: names that are read as digits, values that nothing reads, lines
# that no comma can break, texts that a formatter would strip.
ODD = {
    "digits": """
        block I { conv 1x1, 2 }
        block o { I; relu }
        network N {
          input 2x4x4
          stage l { a = it | relu; conv 1x1, 2; add it, a }
          stage O { a = it | o; conv 1x1, 2; add it, a }
          stage I { a = it | I; conv 1x1, 2; add it, a }
          l = it | relu
          I = it | tanh
          add l, I
        }""",
    "unread": """
        network N {
          input 4x8x8
          a = it | relu
          _b = a | tanh
          _c = a | conv 1x1, 4 | avg_pool 2
          _d = it | conv2d 1x1, 8
          _e = _d | tanh
          conv 1x1, 3
        }""",
    "no tensor functions": "network N { input 4x8x8; conv2d 1x1, 3 }",
    "a long sum": f"""
        network N {{
          input 4x8x8
          {"a" * 40} = it | conv2d 1x1, 4
          {"b" * 40} = it | conv2d 1x1, 4
          add {"a" * 40}, {"b" * 40}, it
          c = it | relu
          add c, it
        }}""",
    "long names": f"""
        block {"b" * 60}(w: positive) {{ conv 1x1, w }}
        network N {{
          input 4x8x8
          stage {"s" * 60} {{ {"b" * 60} 5; {"b" * 60} 6 }}
        }}""",
    "many groups": """
        use std.seqconv
        block dense(n: positive, k: positive) {
          aggregate i in 1..n, window=all, keep=input { batch_norm; relu; conv2d 3x3, k }
        }
        network N {
          input 3x8x8
          seqconv 3x3, 64, k=2
          residual x 2 { wseqconv 1x1 -> 3x3, 64, k=2; wseqconv 3x3, 64, k=2 }
          downsample { wseqconv 3x3, 64, k=2; concatenate 128; conv 3x3, 128, stride=2, groups=64 }
          dense 40, 3
          aggregate i in 1..20, window=powers(2) { conv 3x3, 4 }
          aggregate i in 1..20, window=[1, 3, 5] { conv 3x3, 4 }
        }""",
    "a text to strip": (
        "##   indented  \n##\n##\n##    further\t \n##\n"
        f"network N{'n' * 90} {{ input 4x8x8; conv2d 1x1, 3 }}"
    ),
}


def assert_clean(folder: Path) -> None:
    """Ruff finds nothing in any file of a folder, and would change none."""
    for arguments in (
        ["check", "--output-format", "concise"],
        ["check", "--output-format", "concise", "--select", "E4,E7,E9,F"],
        ["format", "--diff", "--line-length", "88"],
    ):
        command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--no-cache", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[:5000] + done.stderr


def test_the_architectures_are_clean(tmp_path: Path) -> None:
    for file in ARCHITECTURES.glob("*.seq"):
        built, _ = seqdsl.api.check_file(file)
        assert built
        for each in built:
            assert each.network is not None
            (tmp_path / f"{each.name}.py").write_text(torch_source(each.network))
    assert {path.stem for path in tmp_path.glob("*.py")} >= {name for _, name in ELEVEN}
    assert_clean(tmp_path)


@pytest.mark.parametrize("text", [EVERYTHING, *ODD.values()], ids=["everything", *ODD])
def test_odd_networks_are_clean(tmp_path: Path, text: str) -> None:
    network = compiled(tmp_path, text)
    made = tmp_path / "made"
    made.mkdir()
    (made / "net.py").write_text(torch_source(network))
    assert_clean(made)
    seqdsl.to_torch(network)


def test_random_networks_are_clean(tmp_path: Path) -> None:
    texts: list[str] = []

    @settings(max_examples=100)
    @given(programs())
    def write(text: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source = torch_source(compiled(Path(folder), text))
        (tmp_path / f"net{len(texts)}.py").write_text(source)
        texts.append(text)

    write()
    assert_clean(tmp_path)


@pytest.mark.parametrize(("file", "name"), [ELEVEN[5], ELEVEN[-1]])
def test_a_source_is_the_same_every_time(tmp_path: Path, file: str, name: str) -> None:
    here = torch_source(paper_network(file, name))
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.py"
        command = ["build", str(ARCHITECTURES / file), "--network", name, "-o", str(path)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run(
            [sys.executable, "-m", "seqdsl", *command],
            check=True, capture_output=True, env=environment,
        )  # fmt: skip
        assert path.read_text() == here
