"""What a file is that is no source, and which command takes it."""

from __future__ import annotations

from pathlib import PurePath

from seqdsl.source.frozen import frozen_value


@frozen_value
class Kind:
    """A kind of file, and where a file of it goes: ``{}`` is its name."""

    what: str
    way: str


_MODEL = Kind(
    "an ONNX model",
    "`seqdsl run {} INPUT` runs it; the other commands take the .seq file that it was built from",
)
_WEIGHTS = Kind(
    "a file of weights",
    "name the .seq file of its network; `run`, `eval` and `build` take weights as `--weights`, and "
    "`weights import` converts those of another model",
)
_PYTHON = Kind(
    "Python code",
    "a network is written in a .seq file; `build` writes Python from it, and `weights import` "
    "takes the weights of a PyTorch model",
)
_PICTURE = Kind("a picture", "`seqdsl run NET.seq {}` runs a network on it")
_ARRAY = Kind("an array", "`seqdsl run NET.seq {}` runs a network on it")
_DRAWING = Kind("a drawing", "name a .seq file; `draw` makes drawings from it")
_PAGE = Kind("a page", "name a .seq file; `report` makes a page from it")
_TABLE = Kind("a table of data", "name the .seq file of a network")

_BY_SUFFIX = {
    suffix: kind
    for kind, suffixes in (
        (_MODEL, ".onnx"),
        (_WEIGHTS, ".safetensors .pt .pth .ckpt .bin .index.json"),
        (_PYTHON, ".py .ipynb"),
        (_PICTURE, ".jpg .jpeg .png .webp .bmp .gif .tif .tiff .ppm .pgm"),
        (_ARRAY, ".npy .npz"),
        (_DRAWING, ".svg .pdf .dot .mmd"),
        (_PAGE, ".html .htm"),
        (_TABLE, ".json .toml .yaml .yml .csv"),
    )
    for suffix in suffixes.split()
}
_BY_START = (
    (b"\x89PNG\r\n", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"II*\x00", _PICTURE),
    (b"MM\x00*", _PICTURE),
    (b"\x93NUMPY", _ARRAY),
    (b"PK\x03\x04", _WEIGHTS),  # torch's, as a zip archive
    (b"\x80\x02", _WEIGHTS),  # torch's of old, a pickle
    (b"%PDF-", _DRAWING),
)


def kind_of(name: str, data: bytes = b"") -> Kind | None:
    """What a file is by the end of its name, or else by its first bytes; None for a source."""
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes[-2:]]
    for suffix in ("".join(suffixes), *suffixes[-1:]):
        if suffix in _BY_SUFFIX:
            return _BY_SUFFIX[suffix]
    if data[8:10] == b'{"':  # after the length of a safetensors header
        return _WEIGHTS if b"\x00" in data[:8] else None
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _PICTURE
    return next((kind for start, kind in _BY_START if data.startswith(start)), None)
