"""Networks of a file share what was expanded: nothing that is said or built rests on it."""

from pathlib import Path

import pytest
from networks import ARCHITECTURES, ROOT

import seqdsl
from seqdsl.graph.dump import dump
from seqdsl.passes.check import check_program
from seqdsl.semantic.expansion.replay import Replays
from seqdsl.semantic.names.modules import load_program
from seqdsl.source.render_text import render_concise
from seqdsl.source.text import Source

SHARING = {
    "a value that nothing reads, in both": """
block skipper(w) { _s = in | conv2d 3x3, w; conv2d 3x3, w }
network A { input 4x8x8; skipper 8; skipper 8 }
network B { input 4x8x8; skipper 8; skipper 8 }
""",
    "a network with an error before one without": """
block win(n) { aggregate i in 1..n, window=last(9) { conv2d 3x3, 4 } }
network A { input 4x8x8; win 3; cnv 3 }
network B { input 4x8x8; win 3 }
""",
    "rules of a derived network": """
block c(width) { conv2d 3x3, width }
block d(width) { c width }
network A { input 8x8x8; d 8; aggregate i in 1..2, window=sliding { d 8 } }
network C = A with { replace c(width) { conv2d 1x1, width } }
""",
    "braces that read a stage": """
block wrap(body: layers) { relu; body }
network G(w) {
  input 8x8x8
  stage one { conv2d 3x3, 8; conv2d 3x3, 8 }
  stage two { conv2d 3x3, 8 }
  if w > 4 { conv2d 1x1, 8 }
  wrap { add it, one }
  wrap { add it, two }
}
model M1 = G(w=4)
model M2 = G(w=8)
""",
    "braces that read a value of another width": """
block wrap(body: layers) { body }
network G(w) { input 8x8x8; a = in | conv2d 1x1, w; wrap { concatenate it, a }; wrap { relu } }
model M1 = G(w=4)
model M2 = G(w=8)
""",
    "an output in braces": """
block wrap(body: layers) { body }
network A { input 8x8x8; wrap { relu; output mid }; wrap { tanh } }
network B { input 8x8x8; wrap { relu; output mid }; wrap { tanh } }
""",
}
FILES = [*sorted(ARCHITECTURES.glob("*.seq")), *sorted((ROOT / "examples").rglob("*.seq"))]


def test_calls_that_are_replayed_count_as_statements() -> None:
    """Blocks within blocks make scopes and no nodes: thousands of them, from a few lines."""
    blocks = ["block b0 { concatenate it.channels(1, 2), it.channels(3, 3) }"]
    blocks += [f"block b{i + 1} {{ b{i}; b{i} }}" for i in range(10)]
    text = "\n".join([*blocks, "network N { input 3x8x8; b10; relu }"])
    program = load_program(Source("net.seq", text), None)
    with seqdsl.limits(statements=2_500):  # 1,024 joins, and 2,047 calls around them
        _, found = check_program(program)
    assert [d.code.name for d in found] == ["node-limit"]
    with seqdsl.limits(statements=5_000):
        assert check_program(program)[1] == []


def built(text: str, path: Path, replays: Replays | None = None) -> tuple[list[str], str]:
    """The networks of a source, as they are dumped, and what is said of it."""
    instances, found = check_program(load_program(Source(str(path), text), path), replays)
    dumps = [dump(each.network) if each.network else "" for each in instances]
    places = [str([str(n.span) for n in i.network.nodes]) for i in instances if i.network]
    return [*dumps, *places], render_concise(found)


class Forgetful(Replays):
    """Remembers nothing, and so has everything expanded."""

    def key(self, *_: object) -> None:
        return None


@pytest.mark.parametrize("name", SHARING)
def test_what_is_shared(tmp_path: Path, name: str) -> None:
    path = tmp_path / "net.seq"
    shared, kept = built(SHARING[name], path), Replays()
    assert shared == built(SHARING[name], path, Forgetful())
    for _ in range(2):  # and versions of one file share it
        kept.next_version()
        assert built(SHARING[name], path, kept) == shared


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_the_library_shares(path: Path) -> None:
    text = path.read_text()
    assert built(text, path) == built(text, path, Forgetful())


def test_networks_that_were_not_used_for_long_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqdsl.semantic.expansion.replay.MAX_ENTRIES", 100)
    replays, path = Replays(), ARCHITECTURES / "seqresnext.seq"
    text = path.read_text()
    for width in (1000, 999, 998):
        replays.next_version()
        built(text.replace("1000", str(width)), path, replays)
    replays.next_version()
    assert len({recording.dataflow for recording in replays._known.values()}) == 1


def test_a_replay_is_held_against_the_limit_of_depth(tmp_path: Path) -> None:
    """As deep as it is where it is replayed, and not where it was recorded."""
    path = tmp_path / "net.seq"
    blocks = "block c { conv2d 3x3, 3 }\nblock b { c }\nblock a { b }\nblock d { a }\n"
    found = {}
    for body in ("a", "d", "a; d"):
        path.write_text(f"{blocks}network N {{ input 3x8x8; {body} }}\n")
        with seqdsl.limits(depth=3):
            found[body] = {d.code.name for d in seqdsl.check(path)}
    assert found == {"a": set(), "d": {"depth-limit"}, "a; d": {"depth-limit"}}


def test_what_another_network_recorded_is_held_against_it_too(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    blocks = "block c { conv2d 3x3, 3 }\nblock b { c }\nblock a { b }\nblock d { a }\n"
    nets = "network M { input 3x8x8; a }\nnetwork N { input 3x8x8; a; d }\n"
    path.write_text(blocks + nets)
    with seqdsl.limits(depth=3):
        assert {d.code.name for d in seqdsl.check(path)} == {"depth-limit"}
