"""What a Python caller sees of compiling, of the package and of errors."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from commands import seqdsl_command
from networks import ARCHITECTURES, compiled, paper_network

import seqdsl
from seqdsl.api.exports import ModuleMode
from seqdsl.backends.drawing.formats import AUTO
from seqdsl.backends.drawing.theme import THEMES, ThemeName
from seqdsl.graph.conventions import CONVENTIONS, ConventionName
from seqdsl.graph.statistics import LevelName
from seqdsl.passes.drawing.placing import Depth, DepthName
from seqdsl.passes.schedule.strategy import OF_TORCH, STRATEGIES, ScheduleName, TorchScheduleName
from seqdsl.source.render import OutputFormat, OutputFormatName

TEXT = "network N(k = 8) { input 3x8x8; conv 3x3, k; global_average_pool; fc 10 }"
# A network whose parameters are called what `load` calls its own arguments.
RESERVED = (
    "network N(path = 8, source = 2, parameters = 3)"
    " { input 3x8x8; conv 3x3, path*source*parameters }"
)


def test_a_network_prints_as_one_line() -> None:
    network = paper_network("seqresnet.seq", "S1")
    assert repr(network) == (
        f"<Network S1: {len(network.nodes):,} nodes, 1,233,370 params, 282,085,248 MACs, "
        "3x32x32 -> 10>"
    )
    assert str(network) == repr(network)


def test_the_package_shows_what_it_offers_and_nothing_else() -> None:
    code = "import seqdsl, seqdsl.api, seqdsl.cli.main; print(*dir(seqdsl))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == sorted([*seqdsl.__all__, "__version__"])
    for name in seqdsl.__all__:
        assert getattr(seqdsl, name).__module__.startswith("seqdsl.")
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        _ = seqdsl.lode


@pytest.mark.parametrize(
    ("words", "table"),
    [
        (ConventionName, CONVENTIONS),
        (LevelName, [each.value for each in seqdsl.Level]),
        (DepthName, [each.value for each in Depth]),
        (ScheduleName, STRATEGIES),
        (TorchScheduleName, [each.value for each in OF_TORCH]),
        (OutputFormatName, [each.value for each in OutputFormat]),
        (ThemeName, [AUTO, *THEMES]),
        (ModuleMode, ["training", "inference"]),
    ],
)
def test_words_for_type_checkers_are_those_of_the_tables(words: object, table: object) -> None:
    assert get_args(words) == tuple(table)  # type: ignore[call-overload]


# --- errors


def test_an_error_says_the_way_on(tmp_path: Path) -> None:
    with pytest.raises(seqdsl.CompileError) as caught:
        compiled(tmp_path, "network N(width = 4) { input 3x8x8; convv 3x3, width }")
    assert "SEQ201" in str(caught.value) and "help: did you mean `conv`?" in str(caught.value)


def test_errors_are_shown_as_the_command_prints_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.seq").write_text("network N { input 3x8x8; convv 3x3, 4; relu6 7; conv 3x3, 0 }")
    printed = seqdsl_command("check", "net.seq").err.rstrip("\n")
    found = seqdsl.check("net.seq")
    assert len(found) > 1
    assert printed.split("\n\n")[:-1] == [str(diagnostic) for diagnostic in found]
    with pytest.raises(seqdsl.CompileError) as caught:
        seqdsl.load("net.seq")
    assert printed.startswith(str(caught.value))
    assert seqdsl.render(found) == str(caught.value)


def test_an_error_goes_from_one_process_to_another() -> None:
    with pytest.raises(seqdsl.CompileError) as caught:
        seqdsl.load(source="network N { input 3x8x8; convv 3x3, 4 }")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and repr(again) == "CompileError(SEQ201)"


def test_an_error_of_many_says_where_the_others_are() -> None:
    layers = "\n".join(f"convv{i} 3x3, 8" for i in range(60))
    with pytest.raises(seqdsl.CompileError) as caught:
        seqdsl.load(source=f"network N {{ input 3x8x8\n{layers} }}")
    assert "... and 10 more: `diagnostics` of the error holds them all" in str(caught.value)
    assert len(caught.value.diagnostics) == 60


def test_an_argument_is_named_as_it_was_given(tmp_path: Path) -> None:
    text = "network N(width = 4) { input 3x8x8; conv 3x3, width }"
    with pytest.raises(seqdsl.CompileError, match=r"SEQ206.*`widht`\n.*widht[^`]*`width`"):
        compiled(tmp_path, text, widht=8)


def test_a_template_asks_for_its_parameters() -> None:
    with pytest.raises(seqdsl.CompileError, match=r"SEQ207[^=]*= help: .*k=\.\.\., N=\.\.\."):
        seqdsl.load(ARCHITECTURES / "seqresnet.seq", "SeqResNet", r=2)


def test_weights_that_memory_can_not_hold(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 3x8x8; conv2d 3x3, 1000000000000000 }")
    for make in (seqdsl.to_torch, seqdsl.to_onnx):
        with pytest.raises(seqdsl.CompileError, match=r"SEQ603.*weights"):
            make(network)


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(ValueError, match=r"format is one of full, .*, not 'jsn': did you mean 'j"):
        seqdsl.render([], "jsn")  # type: ignore[arg-type]


# --- a text, and parameters


def test_a_text_is_compiled_as_a_file_is(tmp_path: Path) -> None:
    from seqdsl.graph.dump import dump

    assert dump(seqdsl.load(source=TEXT, k=4)) == dump(compiled(tmp_path, TEXT, k=4))
    assert seqdsl.expand(source=TEXT, k=4) == seqdsl.expand(tmp_path / "net.seq", k=4)
    assert seqdsl.check(source=TEXT) == []


def test_a_text_uses_files_beside_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.seq").write_text("block own(k) { conv 3x3, k }")
    assert seqdsl.load(source='use "own.seq"\nnetwork N { input 3x8x8; own 4 }').params == 116


@pytest.mark.parametrize(
    ("text", "code"), [("\udc80", "SEQ003"), ("# " + "x" * 3_000_000, "SEQ006"), ("", "SEQ004")]
)
def test_a_text_that_is_no_source(text: str, code: str) -> None:
    with pytest.raises(seqdsl.CompileError) as caught:
        seqdsl.load(source=text)
    assert caught.value.diagnostics[0].code.id == code


def test_the_path_may_be_named() -> None:
    path = str(ARCHITECTURES / "seqresnet.seq")
    assert seqdsl.load(path=path, network="S1").params == 1_233_370
    assert seqdsl.check(path=path) == [] and len(seqdsl.networks(path=path)) > 4


def test_parameters_may_be_called_what_arguments_are(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text(RESERVED)
    given = {"path": 2, "source": 4, "parameters": 5}
    assert seqdsl.load(path, parameters=given).nodes[1].type.channels == 40
    assert seqdsl.load(path, path=2).nodes[1].type.channels == 12
    assert seqdsl.load(source=RESERVED, path=2).nodes[1].type.channels == 12
    assert "40" in seqdsl.expand(path, parameters=given)
    assert seqdsl.networks(path)[0].load(given).nodes[1].type.channels == 40


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ({"network": 3}, "network= is a name, not of type int"),
        ({"source": 3}, r"only one of.*parameters=\{'source': 3\}"),
        ({"source": "3"}, r"only one of.*parameters=\{'source': \.\.\.\}"),
        ({"parameters": 3}, r"maps names to values.*parameters=\{'parameters': 3\}"),
        ({"parameters": {3: 4}}, "3 is no name"),
        ({"parameters": {"path": 4}, "path": 5}, "'path' is given twice"),
    ],
)
def test_a_collision_says_how_to_give_both(tmp_path: Path, call: dict, says: str) -> None:
    path = tmp_path / "net.seq"
    path.write_text(RESERVED)
    with pytest.raises(TypeError, match=says):
        seqdsl.load(path, **call)


@pytest.mark.parametrize("function", [seqdsl.load, seqdsl.check, seqdsl.expand, seqdsl.networks])
def test_a_source_is_asked_for(function: object) -> None:
    with pytest.raises(TypeError, match=r"\(\) needs the path of a \.seq file or source=TEXT"):
        function()  # type: ignore[operator]
    with pytest.raises(TypeError, match="takes a path as a str or a Path, not of type int"):
        function(3)  # type: ignore[operator]
    with pytest.raises(TypeError, match="source= is a str, not of type bytes"):
        function(source=b"x")  # type: ignore[operator]


# --- networks of a file


def test_the_networks_of_a_file_are_listed_with_their_parameters() -> None:
    path = ARCHITECTURES / "seqresnet.seq"
    found = {each.name: each for each in seqdsl.networks(path)}
    assert list(found)[:2] == ["SeqResNet", "SeqResNetB"] and found["S1"].base == "SeqResNet"
    template, model = found["SeqResNet"], found["S1"]
    assert template.base is None and template.doc
    assert template.required == ("k", "r", "N")
    assert template.call == f"seqdsl.load({str(path)!r}, 'SeqResNet', k=..., r=..., N=...)"
    assert template.load(k=8, r=4, N=1).params == model.load().params == 1_233_370
    assert model.required == ()
    bound = {p.name: p.default for p in model.parameters}
    assert (bound["k"], bound["r"], bound["N"]) == ("8", "4", "1")


def test_a_listed_network_that_needs_a_reserved_parameter_says_how() -> None:
    (found,) = seqdsl.networks(source="network N(k, source) { input 3x8x8; conv 3x3, k*source }")
    assert found.call == ("seqdsl.load(source=..., network='N', k=..., parameters={'source': ...})")
    assert found.load({"source": 2}, k=4).nodes[1].type.channels == 8
    with pytest.raises(seqdsl.CompileError, match=r"parameters=\{'source': \.\.\.\}"):
        found.load(k=4)


def test_every_network_of_the_library_is_listed_as_it_is_loaded() -> None:
    for path in ARCHITECTURES.glob("*.seq"):
        for each in seqdsl.networks(path):
            if each.base is not None and not each.required and each.name.startswith(("S", "VGG")):
                network = each.load()
                assert [name for name, _ in network.parameters] == [p.name for p in each.parameters]


def test_a_file_that_can_not_be_read_is_not_listed(tmp_path: Path) -> None:
    with pytest.raises(seqdsl.CompileError, match="SEQ001"):
        seqdsl.networks(tmp_path / "net.seq")
    with pytest.raises(seqdsl.CompileError, match="SEQ101"):
        seqdsl.networks(source="network N { ")
