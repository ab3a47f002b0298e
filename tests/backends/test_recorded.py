"""Records of how an input is made: what is read of them, left out and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seqdsl.backends.inputs.preprocessing import imagenet
from seqdsl.backends.weights.recorded import (
    Recorded,
    given_preprocessing,
    of_metadata,
)
from seqdsl.graph.tensor import TensorType
from seqdsl.source.diagnostic import Failure

GREY, COLOR = TensorType(1, (8, 8), (1,)), TensorType(3, (8, 8), (3,))


PLAIN = {
    "color": "RGB", "size": [8, 8], "resize": None, "crop": None, "interpolation": "bilinear",
    "scale": 1.0, "mean": [0, 0, 0], "std": [1, 1, 1],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no JSON"),
        ("{", "line 1, column 2"),
        ('{"color": "RGB",\n "size" [8]}', "line 2, column 9"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": ' * 100_000, "nested too deep"),
        ("[]", "must be an object"),
        ("3", "must be an object"),
        ('{"color": "RGB", "color": "L"}', "twice"),
        ('{"std": NaN}', "NaN is no number"),
        ('{"scale": ' + "9" * 5_000 + "}", "digits"),
        ("{}", "must have color, size"),
        (json.dumps(PLAIN).replace("[1, 1, 1]", "[1, 1, 1e999]"), "`std` must be finite"),
        ("x" * (17 * 2**20), "too many"),
    ],
)
def test_a_text_that_is_no_record_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(Failure) as caught:
        of_metadata({"seqdsl": "1", "preprocessing": text}, "net.safetensors")
    found = caught.value.diagnostic
    assert found.code.id == "SEQ617" and found.name == "net.safetensors"
    assert told in found.message and len(found.message) < 300
    path = tmp_path / "how.json"
    path.write_text(text)
    with pytest.raises(Failure):
        given_preprocessing(str(path), COLOR)


@pytest.mark.parametrize("text", ["{}", "3", '["a", 1]', '[["a"]]', "null", f'["{"x" * 2000}"]'])
def test_classes_are_a_list_of_names(text: str) -> None:
    with pytest.raises(Failure) as caught:
        of_metadata({"seqdsl": "1", "classes": text}, "net.safetensors")
    assert caught.value.diagnostic.code.id == "SEQ617"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("classes", "1000"),
        ("classes", "ImageNet-1k"),
        ("classes", '{"0": "cat"}'),
        ("preprocessing", "resize 256, crop 224"),
        ("preprocessing", '{"image_mean": [0.5, 0.5, 0.5], "size": {"height": 224}}'),
    ],
)
def test_keys_of_others_are_left_out_with_a_note(key: str, text: str) -> None:
    told: list[str] = []
    own = Recorded(given_preprocessing("cifar", COLOR), ("a", "b")).as_metadata()
    del own["seqdsl"]
    found = of_metadata({**own, key: text}, "net.safetensors", told.append)
    assert (found.preprocessing is None, found.classes is None) == (
        key != "classes",
        key == "classes",
    )
    (note,) = told
    assert note.startswith("net.safetensors: ")
    assert note.endswith(f"`{key}` is not seqdsl's and is ignored")


def test_records_that_fit_no_network() -> None:
    logits = TensorType(10, (), (10,))
    for how, type in [
        (imagenet(TensorType(3, (224, 224), (3,))), COLOR),
        (imagenet(COLOR), GREY),
        (imagenet(COLOR), TensorType(4, (8, 8), (4,))),
    ]:
        with pytest.raises(Failure, match="does not fit"):
            Recorded(how).require_fit(type, logits, "x")
    for names, type in [(("a", "b"), logits), (("a",), TensorType(8, (4, 4), (8,)))]:
        with pytest.raises(Failure, match="names"):
            Recorded(None, names).require_fit(COLOR, type, "x")
