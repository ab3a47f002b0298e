"""Where two networks differ: what of either a drawing marks."""

from pathlib import Path

from networks import compiled, paper_network

from seqdsl.passes.difference.compare import Kind
from seqdsl.passes.difference.marks import marks


def found(tmp_path: Path, before: str, after: str) -> list[dict[str, Kind]]:
    networks = []
    for name, body in (("a", before), ("b", after)):
        (tmp_path / name).mkdir(exist_ok=True)
        networks.append(compiled(tmp_path / name, f"network N {{ input 3x8x8; {body} }}"))
    return [{where.path: kind for where, kind in side.items()} for side in marks(*networks)]


def test_equal_networks_have_none(tmp_path: Path) -> None:
    assert found(tmp_path, "conv 3x3, 8; conv 1x1, 4", "conv 3x3, 8; conv 1x1, 4") == [{}, {}]


def test_what_one_has_alone(tmp_path: Path) -> None:
    long, short = "conv 3x3, 8; max_pool 2x2; conv 1x1, 4", "conv 3x3, 8; conv 1x1, 4"
    one, other = found(tmp_path, long, short)
    assert one["max_pool"] is Kind.REMOVED and Kind.ADDED not in other.values()
    one, other = found(tmp_path, short, long)
    assert other["max_pool"] is Kind.ADDED and Kind.REMOVED not in one.values()


def test_what_is_changed_is_so_in_both(tmp_path: Path) -> None:
    one, other = found(tmp_path, "conv 3x3, 8; conv 1x1, 4", "conv 5x5, 8; conv 1x1, 4")
    assert one == other == {"conv1": Kind.CHANGED}


def test_a_residual_block_that_is_repeated() -> None:
    b22 = paper_network("seqresnet_imagenet.seq", "SeqResNetB22")
    b42 = paper_network("seqresnet_imagenet.seq", "SeqResNetB42")
    before, after = ({where.path: kind for where, kind in side.items()} for side in marks(b22, b42))
    assert set(before.values()) == set(after.values()) == {Kind.REPEATED}
    stages = [f"conv{number}" for number in (2, 3, 4, 5)]
    for stage, most in zip(stages, (1, 1, 2, 1), strict=True):
        assert {f"{stage}/residual{i}" for i in range(1, most + 1)} <= set(before)
    for stage, most in zip(stages, (3, 4, 5, 3), strict=True):
        assert {f"{stage}/residual{i}" for i in range(1, most + 1)} <= set(after)
    assert all("residual" in path for path in (*before, *after))
