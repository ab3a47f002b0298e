"""``seqdsl table``, and the tables of ``stats`` and ``audit``, as they are published."""

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import Done, seqdsl_command
from networks import ARCHITECTURES, ROOT, paper_network

GOLDEN = ROOT / "tests" / "golden"
CIFAR = ARCHITECTURES / "seqresnet.seq"
IMAGENET = ARCHITECTURES / "seqresnet_imagenet.seq"
RESNEXT = ARCHITECTURES / "seqresnext.seq"
TABLE2 = (RESNEXT, f"{IMAGENET}:SeqResNetB42", f"{IMAGENET}:SeqResNetB22")
TEMPLATES = (f"{CIFAR}:SeqResNet", f"{CIFAR}:SeqResNetB", "-D", "k=8", "-D", "r=4", "-D", "N=1")
HOSTILE = """
network __N__ {
  input 3x8x8
  stage a_b { conv 3x3, 4; aggregate i in 1..2, window=all { conv 3x3, 2 } }
  stage __c__ { fc 10; softmax }
}
"""


def table(*arguments: object, code: int = 0) -> Done:
    done = seqdsl_command("table", *arguments)
    assert done.code == code, done.err
    return done


def test_table_2() -> None:
    """Side by side as in the paper, whose figures these are: 26.2, 25.6, 11.8; 4.32, 5.33, 2.73."""
    text = table(*TABLE2, "--convention", "paper").out
    assert text == (GOLDEN / "table2.txt").read_text()
    assert re.search(r"^params +26\.21M +25\.64M +11\.86M$", text, re.MULTILINE)
    assert re.search(r"^FLOPs \(paper\) +4\.32G +5\.34G +2\.73G$", text, re.MULTILINE)


def test_operations_are_multiply_accumulates_unless_another_convention_is_named() -> None:
    text = table(f"{ARCHITECTURES / 'resnet.seq'}:ResNet50").out
    assert re.search(r"^MACs +4\.09G$", text, re.MULTILINE)
    assert "MACs for one sample: multiply-accumulates, G = 10^9" in text and "paper" not in text


def test_table_1_with_values_of_its_parameters() -> None:
    lines = table(*TEMPLATES).out.splitlines()
    assert "conv2    32x32    ⎡ 3x3, 64, k=8 † ⎤ × 1          ⎡ 1x1 → 3x3, 64, k=8 † ⎤ × 1" in lines
    assert lines[-1] == "* seqconv, † wseqconv"


def test_brackets_are_as_high_as_what_they_hold() -> None:
    lines = table(f"{ARCHITECTURES / 'resnet.seq'}:ResNet50").out.splitlines()
    assert [line[19:] for line in lines[6:13]] == [
        "⎡ 1x1, 64            ⎤",
        "⎢ 3x3, 64            ⎥ × 1",
        "⎢ 1x1, 256           ⎥",
        "⎣ shortcut: 1x1, 256 ⎦",
        "⎡ 1x1, 64  ⎤",
        "⎢ 3x3, 64  ⎥ × 2",
        "⎣ 1x1, 256 ⎦",
    ]
    lines = table(ARCHITECTURES / "vgg.seq").out.splitlines()
    assert lines[3].endswith("[ 3x3, 64 ] × 2")


@pytest.mark.parametrize("convention", ["macs", "flops", "paper"])
def test_json_is_structured(convention: str) -> None:
    network = paper_network("seqresnet_imagenet.seq", "SeqResNetB42")
    done = table(*TABLE2, "--format", "json", "--convention", convention)
    found = json.loads(done.out)[1]
    assert found["title"] == "SeqResNetB42" and "for one sample: " in found["note"]
    *stages, total = found["rows"]
    counted = {"macs": "MACs", "flops": "FLOPs", "paper": "FLOPs (paper)"}[convention]
    for name in ("params", counted):
        assert sum(row[name] for row in stages) == total[name]
    assert total["params"] == network.params
    assert [row["stage"] for row in stages] == ["conv1", "conv2", "conv3", "conv4", "conv5", "head"]
    layer = {"text": "1x1 → 3x3, 128, k=32", "block": "wseqconv", "times": 1}
    assert stages[1]["output"] == "56x56"
    assert stages[1]["layers"] == [
        {"text": "1x1 → 3x3, 128, k=32", "block": "seqconv", "times": 1},
        {"text": "3x3, 128, stride 2, 4 groups", "times": 1},
        {"layers": [layer, layer], "times": 3},
    ]


def test_csv_is_exact() -> None:
    rows = list(csv.DictReader(io.StringIO(table(*TABLE2, "--format", "csv").out)))
    cell = rows[1]["SeqResNetB22"]
    assert cell == (
        "1x1 → 3x3, 128, k=32 (seqconv); 3x3, 128, stride 2, 4 groups; "
        "[1x1 → 3x3, 128, k=32 (wseqconv); 1x1 → 3x3, 128, k=32 (wseqconv)] × 1"
    )
    assert (rows[-2]["stage"], rows[-2]["SeqResNetB22"]) == ("params", "11859656")


def test_outputs_that_differ_have_a_column_for_each_network() -> None:
    nets = (f"{CIFAR}:S1", f"{ARCHITECTURES / 'resnet.seq'}:ResNet50")
    assert table(*nets).out.splitlines()[1].split() == [
        "stage",
        "output",
        "S1",
        "output",
        "ResNet50",
    ]
    (heading, first, *_) = csv.reader(io.StringIO(table(*nets, "--format", "csv").out))
    assert heading == ["stage", "output of S1", "S1", "output of ResNet50", "ResNet50"]
    assert first == [
        "conv1",
        "32x32",
        "3x3, 16; 3x3, 64, k=8 (seqconv)",
        "112x112",
        "7x7, 64, stride 2",
    ]


def test_markdown_breaks_lines_within_cells() -> None:
    lines = table(f"{CIFAR}:S1", "--format", "md").out.splitlines()
    assert lines[2] == "| stage | output | S1 |"
    assert lines[4] == r"| conv1 | 32x32 | 3x3, 16<br>3x3, 64, k=8 \* |"
    assert lines[5] == r"| conv2 | 32x32 | \[ 3x3, 64, k=8 †<br>3x3, 64, k=8 † ] × 1 |"
    assert lines[-1] == r"\* seqconv, † wseqconv"


def test_networks_of_one_name_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        Path(f"{name}.seq").write_text("network N { input 3x8x8; conv 3x3, 4 }")
    assert table("a.seq", "b.seq").out.splitlines()[0] == "a.seq:N, b.seq:N"
    assert table("a.seq", "a.seq").out.splitlines()[0] == "a.seq:N (1), a.seq:N (2)"
    titles = [each["title"] for each in json.loads(table("a.seq", "b.seq", "--format", "json").out)]
    assert titles == ["a.seq:N", "b.seq:N"]


def test_a_network_without_stages_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text("network N { input 3x8x8; conv 3x3, 4 x 2; relu; fc 10; expect params 9G }")
    (found,) = json.loads(table(path, "--format", "json").out)
    assert [row["stage"] for row in found["rows"]] == ["", "total"]
    assert found["rows"][0]["layers"][-1] == {"text": "10-d fc", "times": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Missing argument"),
        ((CIFAR,), 2, "the file has several networks"),
        ((f"{CIFAR}:S9",), 2, "SEQ215"),
        ((f"{CIFAR}:SeqResNet",), 2, "SEQ207"),
        ((RESNEXT, "-D", "nosuch=1"), 2, "nosuch"),
        (("no.seq",), 2, "SEQ001"),
        (("nosuch:no.seq",), 2, "SEQ007"),
        (("-", "-"), 2, "once only"),
        ((":no.seq",), 2, "is not of the form"),
        (("bad.seq",), 1, "SEQ302"),
    ],
)
def test_bad_input(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[object, ...],
    code: int,
    said: str,
) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    Path("bad.seq").write_text("network N { input 3x8x8; conv 3x3, 0 }")
    done = table(*arguments, code=code)
    assert said in done.err and not done.out


# --- LaTeX


def published(folder: Path) -> list[str]:
    """Tables of every command that prints some for papers."""
    path = folder / "net.seq"
    path.write_text(HOSTILE)
    calls: list[tuple[object, ...]] = [
        ("table", *TABLE2),
        ("table", *TEMPLATES),
        ("table", path, f"{ARCHITECTURES / 'densenet.seq'}:DenseNet169", f"{CIFAR}:S1"),
        *(("table", *each) for each in BASELINES),
        *(("stats", RESNEXT, "--by", level) for level in ("network", "stage", "block", "layer")),
        ("stats", path, "--convention", "paper"),
        ("audit",),
        ("audit", "--paper"),
        ("audit", CIFAR),
        ("diff", TABLE2[1], TABLE2[2]),
    ]
    return [seqdsl_command(*call, "--format", "latex").out for call in calls]


BASELINES = [
    (f"{ARCHITECTURES / 'resnet.seq'}:ResNet50", ARCHITECTURES / "dla.seq"),
    (ARCHITECTURES / "vgg.seq", f"{ARCHITECTURES / 'derived.seq'}:SeqVGG"),
    (f"{ARCHITECTURES / 'sparsenet.seq'}:SparseNet40_k12", ROOT / "examples/networks/unet.seq"),
]


def test_latex_is_balanced_ascii(tmp_path: Path) -> None:
    for whole in published(tmp_path):
        text = re.sub(r"^%.*$", "", whole, flags=re.MULTILINE)
        assert text.isascii()
        open_now: list[str] = []
        for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
            if kind == "begin":
                open_now.append(name)
            else:
                assert open_now.pop() == name
        assert not open_now
        bare = re.sub(r"\\[{}$]", "", text)
        assert bare.count("{") == bare.count("}") and bare.count("$") % 2 == 0
        assert bare.count(r"\left[") == bare.count(r"\right]")


def test_latex_brackets_and_names() -> None:
    text = table(f"{IMAGENET}:SeqResNetB42", "--format", "latex").out
    row = r"$1\times1$ $\to$ $3\times3$, 128, $k=32$\,$\dagger$"
    inner = rf"\begin{{tabular}}{{@{{}}l@{{}}}}{row} \\ {row}\end{{tabular}}"
    assert rf"$\left[{inner}\right]\times3$" in text
    assert r"conv2 & $56\times56$ & \begin{tabular}[c]{@{}l@{}}" in text
    text = table(f"{CIFAR}:SeqResNet_k8_r4_N1", "--format", "latex").out
    assert r"SeqResNet\_k8\_r4\_N1 \tabularnewline" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not on the PATH")
def test_latex_compiles_with_booktabs_alone(tmp_path: Path) -> None:
    head = [r"\documentclass{article}", r"\usepackage{booktabs}", r"\begin{document}"]
    body = (r"\newpage ".join(text.split("\n\n")) for text in published(tmp_path))
    (tmp_path / "t.tex").write_text("\n".join([*head, *body, r"\end{document}"]))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    log = (tmp_path / "t.log").read_text(errors="replace")
    assert "Missing character" not in log and "LaTeX Warning: Command" not in log
    assert (tmp_path / "t.pdf").read_bytes().startswith(b"%PDF")
