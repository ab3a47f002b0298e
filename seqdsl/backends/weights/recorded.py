"""What a file of weights records of their use: how an input is made, and what classes are called.

Two texts of JSON under the keys ``preprocessing`` and ``classes``, in the metadata of safetensors
and of ONNX alike. Beside them is the key ``seqdsl``: with it a text that is damaged or hostile is a
diagnostic that says where. Others use such keys for things of their own: without it a text in
another form is left out, and a note says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TypeVar

import numpy as np

from seqdsl.backends.files import read_text
from seqdsl.backends.inputs.pictures import MAX_PIXELS
from seqdsl.backends.inputs.preprocessing import (
    CENTER,
    CHANNELS,
    COVER,
    INTERPOLATIONS,
    KEYS,
    PRESETS,
    Preprocessing,
    preset,
)
from seqdsl.backends.weights.checkpoints import files_of, read_metadata
from seqdsl.graph.tensor import TensorType
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.frozen import frozen_value
from seqdsl.source.json_text import parse_json
from seqdsl.source.suggest import nearest

T = TypeVar("T")

PREPROCESSING, CLASSES = "preprocessing", "classes"
MARK, _FORM = "seqdsl", "1"  # what tells a record of ours, and the number of its form
_LONGEST = 16 * 2**20  # characters of a text of JSON
_SIDE = 2**16  # pixels of a side
_ANOTHER = ("give another by --preprocessing", "give another as `preprocessing=`")
_NAME = 1000  # characters of a class's name


@frozen_value
class Recorded:
    """How an input is made, and the names of the classes in their order; None where unknown."""

    preprocessing: Preprocessing | None = None
    classes: tuple[str, ...] | None = None

    def as_metadata(self) -> dict[str, str]:
        """The texts that go into a file's metadata: none where nothing is known."""
        found: dict[str, str] = {}
        if self.preprocessing is not None:
            found[PREPROCESSING] = json.dumps(self.preprocessing.as_json())
        if self.classes is not None:
            found[CLASSES] = json.dumps(list(self.classes))
        return {MARK: _FORM, **found} if found else found

    def over(self, other: Recorded) -> Recorded:
        """This, and what the other knows where this does not."""
        return Recorded(
            self.preprocessing or other.preprocessing,
            self.classes if self.classes is not None else other.classes,
        )

    def require_fit(self, type: TensorType, logits: TensorType, name: str) -> None:
        """Raise `Failure` where the network has another input, or another number of classes."""
        self.require_input(type, name)
        reason = self._other_classes(logits)
        if reason:
            raise _failure(name, reason)

    def fitting(self, type: TensorType, logits: TensorType) -> tuple[Recorded, tuple[str, ...]]:
        """Keep what of it fits a network, and say why the rest does not."""
        how, classes = self.preprocessing, self.classes
        misfit, other = how and how.misfit(type), self._other_classes(logits)
        left = Recorded(None if misfit else how, None if other else classes)
        return left, tuple(reason for reason in (misfit, other) if reason)

    def _other_classes(self, logits: TensorType) -> str | None:
        """Why its classes are not those of a network's logits, or None."""
        classes = logits.elements if logits.elements == logits.channels else None
        if self.classes is None or len(self.classes) == classes:
            return None
        given = "is no classifier" if classes is None else f"gives {classes:,}"
        return f"it names {len(self.classes):,} classes, and the network {given}"

    def require_input(self, type: TensorType, name: str) -> None:
        """Raise `Failure` where the preprocessing makes no input of this type."""
        reason = self.preprocessing and self.preprocessing.misfit(type)
        if reason:
            message = f"its preprocessing does not fit: {reason}"
            raise _failure(name, message, *_ANOTHER)


NOTHING = Recorded()


def _ignore(_: str) -> None: ...


def recorded(path: Path, note: Callable[[str], None] = _ignore) -> Recorded:
    """Read what a ``.safetensors`` file or the files of an index record; those of torch nothing.

    ``note`` takes what is said of keys that are others'. Raises `Failure` where a file, or what it
    records, can't be read, and where files differ.
    """
    found = NOTHING
    for file in files_of(path):
        held = of_metadata(read_metadata(file), str(file), note)
        if held.over(found) != found.over(held):
            raise _failure(str(path), f"its files do not record the same: {file.name} differs")
        found = found.over(held)
    return found


def of_metadata(
    metadata: Mapping[str, str], name: str, note: Callable[[str], None] = _ignore
) -> Recorded:
    """Read what a file's metadata record. Raises `Failure` where that is ours and can't be read."""

    def read(key: str, check: Callable[[object, str], T]) -> T | None:
        if key not in metadata:
            return None
        try:
            return check(_json(metadata[key], name), name)
        except Failure as failure:
            if MARK in metadata:
                raise
            note(f"{failure.diagnostic.message}; `{key}` is not seqdsl's and is ignored")
            return None

    return Recorded(read(PREPROCESSING, _checked), read(CLASSES, checked_names))


def given_preprocessing(
    value: Preprocessing | Mapping[str, object] | str, type: TensorType
) -> Preprocessing:
    """Read what a user gives: a name of `PRESETS`, JSON, or a file of it, such as a ``run.json``.

    Raises `Failure` for what is none of these.
    """
    if isinstance(value, Preprocessing):
        return _checked(value.as_json(), PREPROCESSING)
    if not isinstance(value, str):
        return _checked(value, PREPROCESSING)
    found = preset(value, type)
    if found is not None:
        return found
    if value.lstrip().startswith("{"):
        return _checked(_json(value, PREPROCESSING), PREPROCESSING)
    if not value.lower().endswith(".json"):
        raise _failure(
            PREPROCESSING,
            f"{value!r} is no preprocessing",
            f"give one of {', '.join(PRESETS)}, a .json file, or JSON",
        )
    table = _json(_text(Path(value)), value)
    if isinstance(table, dict) and PREPROCESSING in table:
        table = table[PREPROCESSING]
    return _checked(table, value)


def given_classes(path: Path) -> tuple[str, ...]:
    """Read the names in a file, a line each, or of a ``.json`` file. Raises `Failure`."""
    text = _text(path)
    if path.suffix.lower() == ".json":
        table = _json(text, str(path))
        if isinstance(table, dict) and CLASSES in table:
            table = table[CLASSES]
        return checked_names(table, str(path))
    return checked_names([line.strip() for line in text.splitlines() if line.strip()], str(path))


def checked_names(value: object, name: str) -> tuple[str, ...]:
    """Check names of classes. Raises `Failure` for what is not a list of names."""
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise _failure(name, "classes must be a list of names")
    if any(len(each) > _NAME for each in value):
        raise _failure(name, f"the name of a class must have at most {_NAME:,} characters")
    return tuple(value)


def _text(path: Path) -> str:
    try:
        return read_text(path, _LONGEST)
    except ValueError as error:
        raise _failure(str(path), str(error)) from None


def _json(text: str, name: str) -> object:
    if len(text) > _LONGEST:
        raise _failure(name, f"{len(text):,} characters of JSON are too many")
    try:
        return parse_json(text, strict=True)
    except ValueError as error:
        raise _failure(name, str(error)) from None


def _checked(value: object, name: str) -> Preprocessing:
    """A table's preprocessing. Raises `Failure`, which names the key that is at fault."""
    if not isinstance(value, Mapping):
        raise _failure(name, f"a preprocessing must be an object with the keys {', '.join(KEYS)}")
    for key in value:
        if key not in KEYS:
            near = nearest(str(key), KEYS)
            help = f"did you mean `{near}`?" if near else f"the keys are {', '.join(KEYS)}"
            raise _failure(name, f"a preprocessing has no key `{str(key)[:40]}`", help)
    missing = [key for key in KEYS if key not in value]
    if missing:
        raise _failure(name, f"a preprocessing must have {', '.join(missing)}, too")
    try:
        made = _made(value)
        _require_range(made)
    except ValueError as error:
        raise _failure(name, f"{error}") from None
    return made


def _made(value: Mapping[str, object]) -> Preprocessing:
    color = _word(value, "color", tuple(CHANNELS))
    scale = _number(value["scale"], "scale")
    _require(scale > 0, "scale", "a number above 0", scale)
    std = _numbers(value["std"], "std", CHANNELS[color])
    _require(min(std) > 0, "std", "above 0 in each channel", value["std"])
    size = _size(value["size"], "size")
    resize, crop = value["resize"], value["crop"]
    if isinstance(resize, list | tuple):
        resize = _size(resize, "resize")
    elif resize not in (None, COVER):
        resize = _side(resize, "resize")
    if crop not in (None, CENTER):
        crop = _number(crop, "crop")
        _require(0 < crop <= 1, "crop", 'null, "center" or a fraction up to 1', crop)
        _require(resize == COVER, "crop", 'no fraction unless resize is "cover"', crop)
    assert resize is None or isinstance(resize, int | tuple | str)
    assert crop is None or isinstance(crop, float | str)
    return Preprocessing(
        color,
        size,
        resize,
        crop,
        _word(value, "interpolation", INTERPOLATIONS),
        scale,
        _numbers(value["mean"], "mean", CHANNELS[color]),
        std,
    )


def _require_range(made: Preprocessing) -> None:
    """Raise ValueError where what it makes of black or white does not fit float32."""
    with np.errstate(all="ignore"):
        ends = [(byte - made.means) / made.deviations for byte in (0, 255)]
        fits = np.isfinite([*ends, made.deviations]).all()
    if not fits:
        raise ValueError("scale, mean and std make numbers that float32 does not hold")


def _word(value: Mapping[str, object], key: str, words: Sequence[str]) -> str:
    found = value[key]
    _require(isinstance(found, str) and found in words, key, f"one of {', '.join(words)}", found)
    return str(found)


def _size(value: object, key: str) -> tuple[int, int]:
    _require(isinstance(value, list | tuple) and len(value) == 2, key, "[height, width]", value)
    assert isinstance(value, list | tuple)
    height, width = (_side(side, key) for side in value)
    _require(height * width <= MAX_PIXELS, key, f"at most {MAX_PIXELS:,} pixels", value)
    return height, width


def _side(value: object, key: str) -> int:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _SIDE
    _require(fits, key, f"a whole number of pixels, 1 to {_SIDE:,}", value)
    assert isinstance(value, int)
    return value


def _numbers(value: object, key: str, count: int) -> tuple[float, ...]:
    channels = "1 number, of grey" if count == 1 else f"{count} numbers, one a channel"
    _require(isinstance(value, list | tuple) and len(value) == count, key, channels, value)
    assert isinstance(value, list | tuple)
    return tuple(_number(each, key) for each in value)


def _number(value: object, key: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # a whole number can be too large to be a float
    fits = is_number and abs(value) < 1e30 and isfinite(value)  # type: ignore[arg-type]
    _require(fits, key, "a finite number" if key in ("scale", "crop") else "finite numbers", value)
    assert isinstance(value, int | float)
    return float(value)


def _require(holds: bool, key: str, what: str, given: object) -> None:
    if not holds:
        raise ValueError(f"`{key}` must be {what}, not {json.dumps(given, default=str)[:60]}")


def _failure(
    name: str, message: str, help: str | None = None, in_python: str | None = None
) -> Failure:
    whole = message if message.startswith(name) else f"{name}: {message}"
    return unlocated("preprocessing", whole, name, help, in_python)
