"""The syntax file of Vim knows the words of the language."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from networks import ARCHITECTURES, ROOT
from patience import HANG

sys.path.insert(0, str(Path(__file__).parent))
from reading import KEYWORDS

from seqdsl.semantic.expansion.evaluate import CONSTANTS

VIM = ROOT / "editors" / "vim"
SYNTAX = (VIM / "syntax" / "seq.vim").read_text(encoding="utf-8")


def test_words_are_the_languages() -> None:
    words = re.findall(r"^syntax keyword \w+ (.*)$", SYNTAX, re.MULTILINE)
    found = {word for line in words for word in line.split()}
    assert found == set(KEYWORDS.values()) | set(CONSTANTS)
    (excluded,) = re.findall(r"\\%\(((?:[a-z]+\\\|)+[a-z]+)\\\)\\>\\\)\\@!", SYNTAX)
    assert set(excluded.split(r"\|")) == set(KEYWORDS.values())


def test_every_group_has_a_colour() -> None:
    groups = set(re.findall(r"^syntax (?:keyword|match|region) (\w+)", SYNTAX, re.MULTILINE))
    assert groups == set(re.findall(r"^highlight default link (\w+)", SYNTAX, re.MULTILINE))


@pytest.mark.skipif(not shutil.which("nvim"), reason="needs nvim")
def test_neovim_reads_it() -> None:
    show = "echo &filetype synIDattr(synID(4, 1, 1), 'name') synIDattr(synID(7, 3, 1), 'name')"
    command = ["nvim", "--headless", "-u", "NONE", "--cmd", f"set rtp^={VIM}", "-c", "syntax on",
               "-c", "filetype plugin on", "-c", f"edit {ARCHITECTURES / 'seqresnext.seq'}",
               "-c", show, "-c", "qa"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG)
    assert done.stderr.split()[-3:] == ["seq", "seqStructure", "seqStructure"], done.stderr
