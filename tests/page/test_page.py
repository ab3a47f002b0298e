"""The page: what it says is the network's, and no text of a file becomes part of it."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from commands import seqdsl_command
from networks import ARCHITECTURES, ROOT, compiled, paper_network

from seqdsl.page.contents import Page, write_json
from seqdsl.page.describe import describe
from seqdsl.page.html import write_html

IMAGENET = ARCHITECTURES / "seqresnet_imagenet.seq"


@pytest.fixture(scope="module")
def b42():
    return paper_network("seqresnet_imagenet.seq", "SeqResNetB42")


@pytest.fixture(scope="module")
def described(b42):
    return describe(b42)


# --- what it says


def test_parts_add_up(b42, described) -> None:
    parts = described.parts
    assert (parts[""].cost.params, parts[""].cost.macs) == (b42.params, b42.macs)
    for paths in (described.stages, described.layers):
        assert sum(parts[path].cost.params for path in paths) == b42.params
        assert sum(parts[path].cost.macs for path in paths) == b42.macs
        assert sum(parts[path].cost.memory for path in paths) == 4 * b42.cost.activations


def test_parts_add_up_to_what_is_around_them(described) -> None:
    parts = described.parts
    folded = {path for path in parts if not re.search(r"residual[2-9]", path)}
    for path in folded - {""}:
        inside = [p for p in folded if parts[p].within == path]
        if inside and parts[path].kind != "layer":
            assert sum(parts[p].cost.params for p in inside) == parts[path].cost.params, path


def test_every_part_stands_in_another(described) -> None:
    for path, part in described.parts.items():
        assert part.path == path
        assert part.within in described.parts if path else part.within is None


def test_every_box_is_a_part(described) -> None:
    assert [drawing.depth for drawing in described.drawings] == [
        "network", "block", "layer", "group",
    ]  # fmt: skip
    for drawing in described.drawings:
        keys = re.findall(r'<g class="(?:box|group|frame)" data-path="([^"]*)"', drawing.svg)
        assert keys and set(keys) <= set(described.parts)


def test_places_are_those_of_the_source(described) -> None:
    lines = IMAGENET.read_text().splitlines()
    part = described.parts["conv3/downsample1/conv1"]
    assert described.sources[part.place.source].name == f"architectures/{IMAGENET.name}"
    assert lines[part.place.first - 1].strip().startswith("conv 3x3, 256, stride=2")
    for source in described.sources:
        text = ROOT / source.name if (ROOT / source.name).exists() else ARCHITECTURES / source.name
        shown = ["".join(piece for _, piece in line) for line in source.lines]
        assert shown == text.read_text().split("\n")
    for part in described.parts.values():
        assert 1 <= part.place.first <= part.place.last
        assert part.place.last <= len(described.sources[part.place.source].lines)


def test_matrices_are_the_equations(described) -> None:
    found = {matrix.path: matrix for matrix in described.matrices}
    seq, windowed = found["conv2/seqconv1"], found["conv2/residual1/wseqconv1"]
    assert (seq.inputs, seq.sources, seq.readers) == (
        1, ("x0", "x1", "x2", "x3"), ("x1", "x2", "x3", "x4"),
    )  # fmt: skip
    for i, row in enumerate(seq.sees):  # Eq. 1
        assert row == tuple(32 * (j <= i) for j in range(4))
    for i, row in enumerate(windowed.sees):  # Eq. 2
        assert row == tuple(32 * (i <= j < i + 4) for j in range(7))


def test_claims(described) -> None:
    assert [(c.metric, c.printed, c.holds) for c in described.claims] == [
        ("params", "25.6M", True), ("flops (paper)", "5.33G", True),
    ]  # fmt: skip


def test_of_two_what_differs_is_marked(tmp_path: Path) -> None:
    done = seqdsl_command(
        "report", f"{IMAGENET}:SeqResNetB22", f"{IMAGENET}:SeqResNetB42", "-o", tmp_path / "r.html"
    )
    assert done.code == 0, done.err
    page = written(tmp_path / "r.html")
    before, after = (
        {drawing["depth"]: drawing["mark"] for drawing in network["drawings"]}
        for network in page["networks"]
    )
    stages = dict.fromkeys(("conv2", "conv3", "conv4", "conv5"), "changed")
    assert before["network"] == after["network"] == stages
    layers = {f"{s}/residual1/wseqconv{i}": "changed" for s in stages for i in (1, 2)}
    assert before["block"] == after["block"] == layers
    assert after["layer"]["conv2/residual3/wseqconv1"] == "changed"
    assert "conv2/seqconv1" not in after["layer"]
    assert page["difference"]["rows"][0][:4] == ["conv2", "~ residual", "× 1", "× 3"]


# --- the file


def written(path: Path) -> dict:
    text = path.read_text(encoding="utf-8")
    (data,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)
    return json.loads(data)


def test_report_is_one_file_that_asks_for_nothing(tmp_path: Path) -> None:
    done = seqdsl_command("report", f"{IMAGENET}:SeqResNetB42", "-o", tmp_path / "r.html")
    assert (done.code, done.out) == (0, ""), done.err
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert len(text) < 1_500_000
    head = re.sub(r"<script.*?</script>|<style>.*?</style>", "", text, flags=re.S)
    assert not re.search(r"\b(src|href)=", head)
    assert "connect-src 'none'" in head and "data-live" not in head
    (script,) = re.findall(r'<script type="module">(.*)</script>', text, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in head
    assert "Permission is hereby granted" in text  # the licences of what it is made with
    assert written(tmp_path / "r.html")["networks"][0]["name"] == "SeqResNetB42"


EVIL = '</script><script>alert(1)</script><!-- & " \\u2028'


def test_no_text_of_a_file_becomes_markup(tmp_path: Path) -> None:
    source = f"## {EVIL}\nnetwork N {{ input 3x8x8; conv 3x3, 4 }} # {EVIL}\n"
    network = compiled(tmp_path, source)
    page = Page("1", EVIL, (describe(network),))
    text = write_html(page, live=f"/events?{EVIL}")
    assert "<script>alert" not in text and text.count("</script>") == 3
    assert json.loads(write_json(page))["networks"][0]["doc"].startswith("</script>")


def test_bad_calls(tmp_path: Path) -> None:
    for call, said in (
        ([IMAGENET, "-o", "x.html"], "SeqResNetB22"),  # which of several
        ([f"{IMAGENET}:SeqResNetB22", "-o", "x.pdf"], "a .html file"),
        (3 * [f"{IMAGENET}:SeqResNetB22"] + ["-o", "x.html"], "one network, or on two"),
        ([f"{IMAGENET}:Nothing", "-o", "x.html"], "Nothing"),
        ([f"{IMAGENET}:SeqResNetB22", "-o", tmp_path / "none" / "x.html"], "none"),
    ):
        done = seqdsl_command("report", *call)
        assert done.code == 2 and said in done.err and "Traceback" not in done.err, call


def test_a_network_too_large_to_draw_is_described(tmp_path: Path) -> None:
    calls = "; ".join(f"far {300 + i}" for i in range(30))
    text = "block far(n: positive) { repeat x n { conv 1x1, 3 }; add it, in }\n"
    network = compiled(tmp_path, f"{text}network Net {{ input 3x8x8; {calls} }}")
    drawings = {drawing.depth: drawing for drawing in describe(network).drawings}
    assert drawings["network"].svg and not drawings["layer"].svg
    assert "more than can be laid out" in drawings["layer"].note


def test_what_web_says_of_the_contract() -> None:
    """Every name that the compiler writes is one that the page reads, and the other way round."""
    types = (ROOT / "web" / "src" / "data.ts").read_text()
    network = describe(paper_network("seqresnet.seq", "S1"), conventions=["paper"])
    text = write_json(Page("1", "f", (network,)))
    keys: set[str] = set()

    def walk(value: object, around: str) -> None:
        if isinstance(value, dict):
            if around not in ("parts", "mark"):
                keys.update(value)
            for key, each in value.items():
                walk(each, key if around != "parts" else "")
        elif isinstance(value, list):
            for each in value:
                walk(each, "")

    walk(json.loads(text), "")
    for key in keys:
        assert re.search(rf"\b{key}\??:", types), key
    read = set(re.findall(r"^  (\w+)\??:", types, re.M))
    assert read - keys <= {"errors", "warnings", "stale", "text", "headings", "rows"}
