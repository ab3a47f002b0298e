"""One run names every mistake of a file, whatever stage finds it, and nothing that follows."""

from pathlib import Path

import pytest
from networks import findings

from seqdsl.passes import vet

FIVE = {
    "stages": """network N(width: positive = 16) {
  input 3x32x32
  conv 3x3 32  #~ SEQ101
  skip = it
  conv 3x3, widht  #~ SEQ202
  conv 3x3, 64, stride="two"  #~ SEQ209
  conv 3x3, 64, strid=2  #~ SEQ206
  add it, skip  #~ SEQ309
}
""",
    "nothing near": """network N {
  input 3x32x32
  conv 3x3, unheard_of  #~ SEQ202
  conv 3x3, 16, stride="two"  #~ SEQ209
  skip = it
  conv 3x3, 32
  add it, skip  #~ SEQ309
  frobnicate 3  #~ SEQ201
  a = it.shape[1]  #~ SEQ214
  conv 3x3, a
}
""",
    "blocks": """block one(k: positive) {
  conv 3x3, q, act=3  #~ SEQ202 SEQ209
  conv "x", k  #~ SEQ209
}
block two(k: positive) {  # which nothing calls
  conv 3x3, k, bias="no"  #~ SEQ209
}
network N {
  input 3x32x32
  one 3x3  #~ SEQ209
}
""",
    "branches": """network N(deep: bool = false) {
  input 3x32x32
  if depe { conv 3x3, 16, strid=2 }  #~ SEQ202 SEQ206
  if deep { conv "x", 16 } else { relu }  #~ SEQ209
  for i in quux { conv 3x3, "a" }  #~ SEQ202 SEQ209
}
""",
    "templates": """network N(k: positive) {
  input 3x32x32
  convv 3x3, k  #~ SEQ201
  conv 3x3, k, stride="two"  #~ SEQ209
  require 3 + true  #~ SEQ209
  stage one -> "wide" { relu }  #~ SEQ209
  max_pool 2, ceil=maybe  #~ SEQ202
}
""",
    "one after another": """network N {
  input 3x32x32
  convv 3x3, 16  #~ SEQ201
  stage one -> 16x16 {
    conv 3x3, 32, groups=5  #~ SEQ306
  }
  a = it
  conv 3x3, 48
  multiply a  #~ SEQ320
  max_pol 2  #~ SEQ201
  max_pool 99  #~ SEQ311
}
""",
    "habits": """import torch  #~ SEQ101
network N {
  input 3x32x32
  x = conv 3x3, 16  #~ SEQ101
  nn.BatchNorm2d(16)  #~ SEQ101
  it + in  #~ SEQ101 SEQ309
  flatten  #~ SEQ201
  fc 10
}
""",
}


@pytest.mark.parametrize("text", FIVE.values(), ids=FIVE)
def test_five_mistakes_and_more_are_all_found(tmp_path: Path, text: str) -> None:
    wanted = [
        (number, code)
        for number, line in enumerate(text.splitlines(), 1)
        for code in line.partition("#~ ")[2].split()
    ]
    found = [(d.primary.span.line, d.code.id) for d in findings(tmp_path, text) if d.primary]
    assert len(wanted) >= 5 and sorted(found) == sorted(wanted)


@pytest.mark.parametrize(
    "text",
    [
        "conv 3x3, unheard_of\n  skip = it\n  conv 3x3, 16\n  add it, skip",  # it may be 16
        "conv 3x3, 16, stride=unheard_of\n  add it, in",  # of whatever size, 16 are not 3
        "conv 3x3, 16 %% 2\n  skip = it\n  conv 3x3, 16\n  add it, skip",
        "frobnicate 3\n  stage a -> 4x4 { relu }\n  concatenate it, in",
        "if unheard_of == 3 { conv 3x3, 8, stride=2 }\n  stage a -> 4x4 { relu }",
        "conv 3x3, 8, stirde=unheard_of\n  stage a -> 4x4 { relu }",
    ],
)
def test_what_may_be_right_is_not_called_wrong(tmp_path: Path, text: str) -> None:
    """Behind an unknown value: a mistake for every value, or none."""
    found = findings(tmp_path, f"network N {{\n  input 3x8x8\n  {text}\n}}\n")
    assert len([d for d in found if d.code.name != "add-mismatch"]) <= 2
    assert [d.code.name for d in found if d.primary and d.primary.span.line > 4] == []


def test_a_value_that_no_network_gives_is_unknown(tmp_path: Path) -> None:
    """A block that nothing calls is judged by what is written out alone."""
    text = (
        "block b(k: positive, path: path, s = none) {\n"
        "  conv path.last, k/2, shortcut=s?.group(1)\n"
        "  for kernel in path.head { conv kernel, 10/k }\n  require false, 'never'\n}\n"
    ).replace("'", '"')
    assert findings(tmp_path, text) == []


def test_trying_fixes_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of many mistakes is read again as often as it is worth, with many fixes at once."""
    line = "  conv 3x3 16\n"
    text = f"network N {{\n  input 3x8x8\n{line * 15}}}\n"
    budget = 5 * 16 * len(text)  # a mistake in the syntax has all of it parsed again
    read = []
    edited = vet.Copy.edited
    monkeypatch.setattr(
        vet.Copy, "edited", lambda copy, edits: read.append(copy.length) or edited(copy, edits)
    )
    monkeypatch.setattr(vet, "MAX_READ", budget)
    found = findings(tmp_path, text)
    assert len(found) == 15 and all(d.fix is not None for d in found)
    assert sum(read) <= budget
