"""What is true of every picture."""

from seqdsl.graph.tensor import spell_shape
from seqdsl.passes.drawing.picture import Picture


def check(drawn: Picture) -> None:
    """Arrows go from box to box, and all but the input reads something; what is told of a box is
    what leaves it, and no arrow carries more.
    """
    assert not {box.key for box in drawn.boxes} & set(drawn.frames)
    leaves = {box.key: box.facts.output for box in drawn.boxes}
    for box in drawn.boxes:
        assert box.shape == spell_shape(box.facts.output.shape)
        assert box.facts.ends
    for arrow in drawn.arrows:
        if arrow.shape:
            channels = int(arrow.shape.partition("x")[0])
            assert channels <= leaves[arrow.source].channels
    keys = [box.key for box in drawn.boxes]
    assert len(set(keys)) == len(keys)
    assert {end for a in drawn.arrows for end in (a.source, a.target)} <= set(keys)
    assert set(keys) - {a.target for a in drawn.arrows} == {"input"}
    for box in drawn.boxes:
        assert set(box.frames) <= set(drawn.frames)
        if box.panel is not None:
            assert all(any(group.seen) for group in box.panel.groups)
            assert all(
                len(group.seen) == len(box.panel.inputs) + len(box.panel.groups) - 1
                for group in box.panel.groups
            )
