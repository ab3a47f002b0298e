"""How wide text may get in a drawing, whatever sans-serif font its viewer has."""

from __future__ import annotations

# The em widths of Verdana and DejaVu Sans, the widest fonts that stand in for Helvetica and
# Arial, rounded up by class of character. (Layout engines measure other fonts than are drawn.)
_CLASSES = ((" ,.fijl", 0.37), ("!\"'():;-/[]\\|IJrt", 0.46), ("mwMW%@", 1.0))
_WIDTHS = {character: width for text, width in _CLASSES for character in text}
_SMALL = 0.64  # other lower-case letters, digits
_LARGE = 0.84  # capitals, signs
_FOREIGN = 1.0  # beyond ASCII


def text_width(text: str, size: float) -> float:
    """An upper bound for the width of a line in points, at a font size in points."""
    return size * sum(map(_em, text))


def _em(character: str) -> float:
    known = _WIDTHS.get(character)
    if known is not None:
        return known
    if not character.isascii():
        return _FOREIGN
    return _SMALL if character.islower() or character.isdigit() or character == "_" else _LARGE
