"""Finds the words for a feature map: a name, and what is taken of it."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.semantic.values.value import Feature


class Unwritable(Exception):
    """The network has something that the plain form has no words for; says what."""


def taken(known: Feature, name: str, value: Feature) -> str | None:
    """A feature map as a part, a face or a regrouping of another; None where it is none."""
    return next((words for words, found in _parts(known, name, value) if found == value), None)


def _parts(known: Feature, name: str, value: Feature) -> Iterator[tuple[str, Feature]]:
    if known.spatial != value.spatial:
        return
    faces = [(name, known)]
    if known.raw is not None:
        faces.append((f"{name}.raw", known.raw_face))
    for words, face in faces:
        for part, found in _pieces(face, words, value):
            yield part, found
            if found.raw is not None:
                yield f"{part}.raw", found.raw_face


def _pieces(face: Feature, words: str, value: Feature) -> Iterator[tuple[str, Feature]]:
    width, size = value.width, value.sizes[0]
    for start in _offsets(face, value):
        if start + width > face.width:
            continue
        if start == 0 and width == face.width:
            yield words, face
            yield from _grouped(face, words, size)
        ends = [0]
        for each in face.sizes:
            ends.append(ends[-1] + each)
        if start in ends and start + width == ends[min(ends.index(start) + 1, len(ends) - 1)]:
            index = ends.index(start)
            yield f"{words}.group({index + 1})", face.take(index, index + 1)
        if len(value.sizes) == 1 and start % width == 0:
            for merged, found in _grouped(face, words, width):
                index = start // width
                yield f"{merged}.group({index + 1})", found.take(index, index + 1)
        some = f"{words}.channels({start + 1}, {start + width})"
        yield some, face.channels(start, start + width)
        yield from _grouped(face.channels(start, start + width), some, size)
        for merged, found in _grouped(face, words, size):
            cut = f"{merged}.channels({start + 1}, {start + width})"
            yield cut, found.channels(start, start + width)


def _grouped(feature: Feature, words: str, size: int) -> Iterator[tuple[str, Feature]]:
    found = feature.grouped(size)
    if found is not None and found != feature:
        yield f"{words}.grouped({size})", found


def _offsets(face: Feature, value: Feature) -> Iterator[int]:
    """The channels of a feature map at which another may begin."""
    first = value.segments[0]
    offset = 0
    for segment in face.segments:
        if segment.node == first.node and segment.start <= first.start < segment.stop:
            yield offset + first.start - segment.start
        offset += segment.width
