"""What was compiled is let go of: an editor's server compiles at each keystroke, all day."""

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

import seqdsl
from seqdsl.graph.dump import dump
from seqdsl.passes.check import check_program
from seqdsl.semantic.compile import expand, instances
from seqdsl.semantic.names.modules import Program, load_program
from seqdsl.server.analysis import Analysis
from seqdsl.server.files import EditorFiles
from seqdsl.server.findings import code_actions
from seqdsl.server.hints import code_lenses, inlay_hints
from seqdsl.server.hover import hover
from seqdsl.source.text import Source
from seqdsl.syntax import ast

TEXT = """use std.seqconv
block own(k: positive, kernel: size = 3) { conv kernel, k }
network Base(k = 4) { input 3x8x8; own k; seqconv 3x3, 8, k; residual { wseqconv 3x3, 8, k } }
network Other(width = 8) = Base with { replace own(k) { own width; conv 3x3, width, bias=true } }
model M = Base(k=2) { expect params 99K }
"""


def checked(program: Program) -> None:
    _, found = check_program(program)
    assert [d.code.name for d in found] == ["false-claim"]


def built(program: Program) -> None:
    for definition in instances(program):
        network = expand(program, definition, None).network
        assert network is not None and dump(network) and network.stats(seqdsl.Level.LAYER)


@pytest.mark.parametrize("use", [checked, built])
def test_a_program_that_was_used_is_let_go_of(use: Callable[[Program], None]) -> None:
    program = load_program(Source("net.seq", TEXT), None)
    use(program)
    kept = [weakref.ref(d) for d in program.root.own.values() if isinstance(d, ast.Keyed)]
    assert len(kept) == 3
    del program
    gc.collect()
    assert [ref() for ref in kept] == [None] * 3


def test_an_analysis_that_was_used_is_let_go_of(tmp_path: Path) -> None:
    files = EditorFiles()
    source = Source(str(tmp_path / "net.seq"), TEXT)
    analysis = Analysis(source, tmp_path / "net.seq", files)
    assert code_lenses(analysis) and inlay_hints(analysis, 1, 9)
    assert hover(analysis, TEXT.index("own k"))
    assert code_actions(analysis, 0, len(TEXT), analysis.diagnostics)
    kept = [weakref.ref(d) for d in analysis.module.own.values() if isinstance(d, ast.Keyed)]
    del analysis
    gc.collect()
    assert [ref() for ref in kept] == [None] * 3
