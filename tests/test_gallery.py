"""The gallery holds every network of the library, with its numbers."""

import importlib.util
import re
from types import ModuleType

from networks import ARCHITECTURES, ROOT

import seqdsl


def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "gallery.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_its_command_makes() -> None:
    assert (ROOT / "docs" / "gallery.md").read_text() == gallery().page()


def test_every_network_has_a_row_and_a_picture() -> None:
    text = (ROOT / "docs" / "gallery.md").read_text()
    models = [
        (path, name)
        for path in ARCHITECTURES.glob("*.seq")
        for name in re.findall(r"^model (\w+)", path.read_text(), re.M)
    ]
    assert len(models) >= 30
    for _, name in models:
        assert re.search(rf"^\| {name} \|", text, re.M), name
        assert f'src="gallery/{name}.svg"' in text
    pictures = {path.stem for path in (ROOT / "docs" / "gallery").glob("*.svg")}
    assert pictures == set(re.findall(r'src="gallery/(\w+)\.svg"', text))


def test_its_numbers_are_computed() -> None:
    network = seqdsl.load(ARCHITECTURES / "seqresnet_imagenet.seq", "SeqResNetB42")
    assert network.params == 25_642_696
    text = (ROOT / "docs" / "gallery.md").read_text()
    assert "| SeqResNetB42 | 25.64M | 5.644G | 5.34G | 2 met |" in text
