"""A small run of each fuzzer; the long ones are commands of their own (fuzz/README.md)."""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import ROOT

sys.path.insert(0, str(ROOT / "fuzz"))

import expansions
import generated
import inputs
import properties

from seqdsl.backends.inputs.pictures import FORMATS


def test_generated_programs_hold() -> None:
    tally = generated.run(count=200, seed=0, workers=1, quiet=True)
    assert not tally.broke
    assert tally.programs == 200 and 20 < tally.valid < 180
    assert len(tally.codes) > 10


def test_what_breaks_a_property_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The harness itself: a formatter that forgets its work is noticed."""
    texts = iter(range(1000))
    monkeypatch.setattr(properties, "format_source", lambda _: f"# {next(texts)}\n")
    judged = generated.judged(0, "network N { input 3x8x8; relu }\n", tmp_path / "net.seq")
    assert judged.broke.startswith("Violation: what is formatted is not laid out")


def test_texts_are_those_of_their_numbers() -> None:
    files = properties.small_files()
    texts = [generated.text_of(3, number, files) for number in range(20)]
    assert texts == [generated.text_of(3, number, files) for number in range(20)]
    assert len(set(texts)) == 20


def test_random_networks_are_written_out(tmp_path: Path) -> None:
    tally, reasons = expansions.sweep(count=20, seed=0, folder=tmp_path)
    assert tally["written"] == 20 and not reasons


def test_a_network_that_is_not_written_has_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The harness itself: a writer that fails is noticed, and the network kept."""
    monkeypatch.setattr(expansions, "FOUND", tmp_path / "found")
    monkeypatch.setattr("seqdsl.semantic.writing.plain_sources", lambda *_: iter(()))
    tally, reasons = expansions.sweep(count=2, seed=0, folder=tmp_path)
    assert tally["refused"] == 2 and len(list((tmp_path / "found").iterdir())) == 1
    assert dict(reasons) == {"refused: what would be written compiles to another graph": 2}


def test_coverage_guided_search_takes_texts() -> None:
    """It starts, watches what is reached, and finds nothing in a part of its corpus."""
    pytest.importorskip("atheris", reason="atheris is not installed: `pip install atheris`")
    texts = sorted((ROOT / "fuzz" / "corpus").iterdir())[::20]
    command = [sys.executable, str(ROOT / "fuzz" / "coverage.py"), *map(str, texts)]
    # libFuzzer asks for the memory of its process, which begins with that of the one before it:
    # a shell's, and not that of a worker of the tests
    shell = ["sh", "-c", '"$@"; exit $?', "sh"]
    done = subprocess.run([*shell, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr.count("Executed ") == len(texts) > 5


def test_damaged_pictures_and_arrays_are_refused_or_read() -> None:
    """In a process of its own, whose memory is its own, too."""
    command = [sys.executable, str(ROOT / "fuzz" / "inputs.py"), "--count", "1000"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "SEQ604" in done.stdout and " read" in done.stdout


@settings(max_examples=200)
@given(name=st.sampled_from(sorted(inputs.valid_files())), random=st.randoms())
def test_whatever_is_read_is_an_array_or_a_diagnostic(
    tmp_path: Path, name: str, random: Random
) -> None:
    path = tmp_path / f"a{'.npy' if name.endswith('.npy') else '.img'}"
    path.write_bytes(inputs.damaged(inputs.valid_files()[name], random))
    inputs.judge(path)


def test_every_whole_file_comes_to_its_end(tmp_path: Path) -> None:
    """Formats of the list and arrays of numbers that fit are read, all others refused."""
    ended: dict[str, set[str]] = {}
    for name, data in inputs.valid_files().items():
        path = tmp_path / f"a{'.npy' if name.endswith('.npy') else '.img'}"
        path.write_bytes(data)
        kind = name if name.endswith(".npy") else name.partition("-")[0]
        if not name.endswith(("-F", "-float")):  # floats have no range
            ended.setdefault(kind, set()).add(inputs.judge(path))
    read = {kind for kind, outcomes in ended.items() if outcomes == {"read"}}
    assert read >= {*FORMATS, "MPO", "batch.npy", "version2.npy"}
    assert sum(kind.endswith(".npy") for kind in read) == 18
    assert not read & {"AVIF", "BLP", "DDS", "EPS", "ICO", "PDF", "TGA", "objects.npy"}
    assert {len(outcomes) for outcomes in ended.values()} == {1}


def test_the_corpus_is_small() -> None:
    files = list((ROOT / "fuzz" / "corpus").iterdir())
    assert sum(path.stat().st_size for path in files) < 300_000
