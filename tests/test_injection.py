"""No name or string of a source, a file or a checkpoint becomes code in what is written."""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import onnx
import pytest
import torch
from commands import seqdsl_command
from PIL import Image

import seqdsl
from seqdsl.backends.drawing.formats import FORMATS
from seqdsl.backends.drawing.graphviz import dot_text, engines
from seqdsl.backends.drawing.mermaid import mermaid_text
from seqdsl.backends.drawing.theme import THEMES
from seqdsl.backends.drawing.write import draw
from seqdsl.backends.torch.source import torch_source
from seqdsl.backends.weights.state import random_state, save_state
from seqdsl.cli.tables import Number, Table, write_tables
from seqdsl.passes.drawing.picture import Depth, picture
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.render import OutputFormat, render
from seqdsl.source.text import Source, Span

# Names that mean something to Python, to torch, to the emitted source, or to no one.
NAMES = [
    "class", "lambda", "None", "exec", "eval", "import_", "__import__", "__init__", "__class__",
    "__call__", "__getattr__", "__del__", "self", "super", "print", "open", "range", "tuple",
    "ValueError", "Exception", "type", "object", "id", "forward", "half", "training",
    "modules", "register_buffer", "torch", "nn", "F", "Tensor", "features", "raw", "defined",
    "_", "__", "_1", "_1x", "a_", "u_x", "_x", "x1", "l", "I", "O", "BatchNorm2d", "Module",
    "Sequence", "Any", "NotImplemented", "KeyboardInterrupt", "os", "sys",
]  # fmt: skip
NETWORK = """use std.seqconv
{doc}
network {network}({parameter}: positive = 4) {{
  input 3x8x8
  stage {stage} {{
    {value} = it | {block} {parameter}
    {block} {parameter}
    add it, {value}
  }}
  seqconv 3x3, 16, k=4
  residual {{ wseqconv 3x3, 16, k=4; wseqconv 3x3, 16, k=4 }}
  output {output} = it | conv 3x3, 4
  head {{ global_average_pool; fc 5; softmax }}
}}

block {block}(width: positive) {{ conv 3x3, width }}
"""
PLAIN = {
    "doc": "## A network.", "network": "Plain", "parameter": "wide", "stage": "first",
    "value": "kept", "block": "layer", "output": "middle",
}  # fmt: skip
DOCS = {
    "quotes": '## """\n## import os; os.system("touch made")\n## """',
    "a backslash": '## ends in \\\n## \\"\\"\\" \\x22\\x22\\x22 \\N{QUOTATION MARK}',
    "other comments": "## */ --> ]]> <!-- <script>alert(1)</script> {% %} ${x} #{x}",
    "bidi": "## \u202eetaerc\u202c \u2066 \x1b[31m \x07 \x85 \u2028 import os",
    "a form feed": "## a\x0c\x0bimport os\x1c\x1d\x1eexec('1')",
    "a surrogate pair": "## \U0001f600 \ufeff \xad",
}


def network_of(tmp_path: Path, **names: str) -> seqdsl.Network:
    path = tmp_path / "net.seq"
    path.write_text(NETWORK.format(**{**PLAIN, **names}), encoding="utf-8")
    return seqdsl.load(path)


class Shape(ast.NodeTransformer):
    """A tree without its names and texts: what is left is what would run."""

    def visit(self, node: ast.AST) -> ast.AST:
        for field in ("id", "attr", "name", "arg"):
            if isinstance(getattr(node, field, None), str):
                setattr(node, field, "_")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
        return self.generic_visit(node)


def shape_of(source: str) -> str:
    return ast.dump(Shape().visit(ast.parse(source)))


def called(source: str) -> set[str]:
    """What is called, but for the modules and classes of the source itself."""
    tree = ast.parse(source)
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    names = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {name for name in names - own if not re.fullmatch(r"self\.\w+", name)}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> str:
    return torch_source(network_of(tmp_path_factory.mktemp("plain")))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["network", "parameter", "stage", "value", "block", "output"])
def test_a_name_is_a_name(tmp_path: Path, plain: str, place: str, name: str) -> None:
    source = torch_source(network_of(tmp_path, **{place: name}))
    assert shape_of(source) == shape_of(plain)
    assert called(source) == called(plain)


@pytest.mark.parametrize("name", NAMES)
def test_the_source_of_such_names_runs(tmp_path: Path, name: str) -> None:
    network = network_of(tmp_path, stage=name, block=name, value=f"{name}v", output=f"{name}o")
    module = seqdsl.to_torch(network).eval()
    logits, middle = module(torch.zeros(1, 3, 8, 8))
    assert logits.shape == (1, 5) and middle.shape == (1, 4, 8, 8)
    onnx.checker.check_model(seqdsl.to_onnx(network), full_check=True)


def test_names_that_differ_in_case_alone(tmp_path: Path) -> None:
    text = "".join(f"block {name} {{ conv2d 1x1, 4 }}\n" for name in ("ab", "aB", "Ab", "a_b"))
    text += "network N { input 3x8x8; ab; aB; Ab; a_b; stage S { ab }; stage s { aB } }\n"
    (tmp_path / "net.seq").write_text(text)
    network = seqdsl.load(tmp_path / "net.seq")
    module = seqdsl.to_torch(network)
    assert len(module.state_dict()) == 6
    assert len({type(child).__name__ for child in module.children()}) == 6


@pytest.mark.parametrize("kind", DOCS)
def test_documentation_stays_that(tmp_path: Path, plain: str, kind: str) -> None:
    network = network_of(tmp_path, doc=DOCS[kind])
    source = torch_source(network)
    assert shape_of(source) == shape_of(plain)
    assert source.replace("\n", "").isprintable()
    onnx.checker.check_model(seqdsl.to_onnx(network), full_check=True)


TEXTS = [
    '</text><script>alert(1)</script>', "\\n\\l\\G\\N\\\\", "\\", "<b>HTML</b>", "]]>", "&lt;&amp;",
    "';]}|{<port>", "%0A::error::owned", "=cmd|' /C calc'!A0", "a\\\\", "//\\",
    "${HOME} $(id) `id`",
    "\u202e \x1b[31m \x07 \x00 \x85 \u2028 \x9b31m", "é中🙂", "&#x3c;script&#x3e;",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_drawing_holds_text_alone(tmp_path: Path, text: str) -> None:
    network = network_of(tmp_path)
    drawn = picture(network, Depth.BLOCK)
    facts = replaced(drawn.boxes[0].facts, path=text, detail=text)
    boxes = [replaced(box, name=text, lines=(text,), facts=facts) for box in drawn.boxes]
    frames = {key: replaced(f, title=text, facts=facts) for key, f in drawn.frames.items()}
    arrows = [replaced(arrow, shape=text) for arrow in drawn.arrows]
    hostile = replaced(drawn, title=text, boxes=boxes, frames=frames, arrows=arrows)
    draw(drawn, tmp_path / "plain.svg")
    draw(hostile, tmp_path / "hostile.svg")
    plain, made = (
        ElementTree.parse(tmp_path / name).getroot() for name in ("plain.svg", "hostile.svg")
    )
    nodes = [[g for g in root.iter() if g.get("class") == "box"] for root in (plain, made)]
    assert len(nodes[0]) == len(nodes[1]) == len(boxes)
    tags = {element.tag.rpartition("}")[2] for element in made.iter()}
    assert tags <= {"svg", "style", "g", "title", "rect", "circle", "path", "text", "tspan"}
    for element in made.iter():
        assert not any(name.lower().startswith("on") for name in element.attrib)
        assert not any("script:" in value.lower() for value in element.attrib.values())
    texts = (dot_text(hostile, "TB", THEMES["light"]), mermaid_text(hostile, "TB", THEMES["light"]))
    assert not any("\x1b" in found or "\x00" in found for found in texts)
    for suffix in FORMATS:  # none fails, either
        draw(hostile, tmp_path / f"hostile{suffix}")


def replaced(value: object, **changes: object) -> object:
    """A copy of a frozen value that is no dataclass of its caller's making."""
    from dataclasses import replace

    return replace(value, **changes)  # type: ignore[type-var]


def test_an_engine_is_here() -> None:
    assert list(engines())


@pytest.mark.parametrize("text", TEXTS)
def test_findings_hold_text_alone(text: str) -> None:
    source = Source(f"dir/{text}.seq", f"network {text}\n")
    label = Label(Span(source, 0, 7), text)
    found = [Diagnostic(BY_NAME["syntax"], text, label, (label,), (text,), text)]
    for format in (OutputFormat.FULL, OutputFormat.CONCISE, OutputFormat.GITHUB):
        shown = render(found, format)
        assert shown.replace("\n", "").isprintable()
    github = render([*found, *found], OutputFormat.GITHUB).splitlines()
    assert len(github) == 2 and all(line.startswith("::error title=") for line in github)
    assert [line.count("::error") for line in github] == [text.count("::error") + 1] * 2 or (
        "::error" in text  # in a message it stands behind the start of the line
    )
    for format in (OutputFormat.JSON, OutputFormat.SARIF):
        shown = render(found, format)
        json.loads(shown)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]", shown)
    (told,) = json.loads(render(found, OutputFormat.JSON))
    assert told["message"] == text


@pytest.mark.parametrize("text", ["javascript:alert(1).seq", "C:/x y%2e.seq", "//host/x.seq"])
def test_a_file_of_sarif_is_a_file(text: str) -> None:
    found = [Diagnostic(BY_NAME["syntax"], "m", Label(Span(Source(text, "x"), 0, 1), ""))]
    run = json.loads(render(found, OutputFormat.SARIF))["runs"][0]
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert ":" not in uri and " " not in uri


FORMULAS = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", '=HYPERLINK("x")']


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_is_no_formula(text: str) -> None:
    table = Table("t", ("a", "b"), ((text, Number(-1.5, "-1.5")), ("-", Number(None, "-"))))
    rows = list(csv.reader(io.StringIO(write_tables([table], "csv"))))
    assert rows[1][0][0] not in "=+-@\t\r" and rows[1][1] == "-1.5"
    assert rows[2] == ["-", ""]


def test_a_cell_is_no_markup() -> None:
    text = "a|b\\| <script> [x](javascript:1) `code` \n\\input{/etc/passwd} % $x$ \x1b[31m"
    table = Table(f"title\n{text}", ("a",), ((text,),))
    markdown = write_tables([table], "md").splitlines()
    assert len(markdown) == 5
    assert not re.search(r"(?<!\\)[<`\[]", markdown[-1])
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", markdown[-1])) == 2
    latex = write_tables([table], "latex").splitlines()
    assert len(latex) == 8 and latex[0].startswith("% ")
    assert "\\input" not in latex[5] and "\\$x\\$" in latex[5] and "\\%" in latex[5]
    for format in ("table", "csv"):
        assert "\x1b" not in write_tables([table], format)


ODD_FILES = [
    "a b.seq", "'; touch made; '.seq", "$(touch made).seq", "-o.seq", "<script>.seq", "a\nb.seq",
    "::error::x.seq", "%0A.seq", "\u202e.seq", "\x1b[31m.seq", '"""os.seq',
]  # fmt: skip


@pytest.mark.parametrize("name", ODD_FILES)
def test_the_name_of_a_file_is_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(NETWORK.format(**PLAIN))
    path = f"./{name}"
    for command in (["check"], ["stats", "--format", "csv"], ["expand"]):
        done = seqdsl_command(*command, path)
        assert done.code == 0, done.err
        assert "\x1b" not in done.out + done.err and "\u202e" not in done.out + done.err
    for output in ("net.py", "net.onnx", "net.svg", "net.dot"):
        command = "draw" if output.endswith(("svg", "dot")) else "build"
        done = seqdsl_command(command, path, "-o", output)
        assert done.code == 0, done.err
        assert "\x1b" not in done.err
    compile(Path("net.py").read_text(), "net.py", "exec")
    onnx.checker.check_model(onnx.load("net.onnx"), full_check=True)
    ElementTree.parse("net.svg")
    assert not Path("made").exists()


def test_no_name_on_standard_error_steers_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The title of a window is what an escape sequence sets that click does not strip."""
    monkeypatch.chdir(tmp_path)
    steer = "\x1b]0;title\x07\u202e"
    Path("net.seq").write_text("network N { input 1x8x8; conv 3x3, 4; max_pool 2; fc 10 }")
    Path(steer).mkdir()
    Image.new("L", (8, 8)).save("a.png")
    save_state(Path(f"{steer}.safetensors"), random_state(seqdsl.load("net.seq")))
    for command in (
        ("check", steer),
        ("fmt", steer),
        ("build", "net.seq", "-o", f"{steer}.onnx"),
        ("build", "net.seq", "-o", f"{steer}.py"),
        ("draw", "net.seq", "-o", f"{steer}.svg"),
        ("report", "net.seq", "-o", f"{steer}.html"),
        ("run", f"{steer}.onnx", "a.png"),
        ("run", "net.seq", "a.png", "--weights", f"{steer}.safetensors"),
        ("eval", "net.seq", "--weights", f"{steer}.safetensors"),
        ("eval", "net.seq", "--weights", f"{steer}.safetensors", "--preprocessing", "cifar"),
        ("train", "net.seq", "-o", f"{steer}/run", "--set", "epochs=1", "--accelerator", "cpu"),
    ):
        done = seqdsl_command(*command)
        assert "title" in done.err, command
        assert not {"\x1b", "\x07", "\u202e"} & set(done.err), command


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    """Bytes of a file's name, and of a value, that are not UTF-8."""
    path = os.fsencode(tmp_path) + b"/\xff\x1b.seq"
    with open(path, "w") as file:  # noqa: PTH123
        file.write(NETWORK.format(**PLAIN))
    run = [os.fsencode(sys.executable), b"-m", b"seqdsl"]
    for arguments, code in (
        ([b"check", path], 0),
        ([b"check", path + b"x"], 2),
        ([b"stats", path, b"-D", b"wide=\xff\xfe"], 2),
        ([b"stats", path, b"-D", b"\xff=3"], 2),
        ([b"build", path, b"-o", os.fsencode(tmp_path) + b"/net.onnx"], 0),
        ([b"build", path, b"-o", os.fsencode(tmp_path) + b"/net.py"], 0),
    ):
        for format in ("full", "json", "sarif", "github", "concise"):
            option = [b"--output-format", format.encode()] if arguments[0] == b"check" else []
            done = subprocess.run([*run, *arguments, *option], capture_output=True)
            assert done.returncode == code, done.stderr
            assert b"internal error" not in done.stderr and b"\x1b" not in done.stderr
