"""The gallery holds every network of the library, with its numbers."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from networks import ARCHITECTURES, ROOT

import seqdsl
from seqdsl.backends.drawing.write import draw
from seqdsl.passes.drawing.picture import picture
from seqdsl.passes.drawing.placing import Depth


def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "gallery.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


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


def test_its_pictures_are_of_the_networks(tmp_path: Path) -> None:
    """What is told in them, whichever engine laid them out."""

    def told(path: Path) -> list[str]:
        root = ElementTree.parse(path).getroot()
        return sorted(e.text or "" for e in root.iter() if e.tag.endswith(("}text", "}title")))

    for _, networks in gallery().families():
        for network in networks:
            draw(picture(network, Depth.NETWORK), tmp_path / "x.svg")
            kept = told(ROOT / "docs" / "gallery" / f"{network.name}.svg")
            assert told(tmp_path / "x.svg") == kept, network.name


def test_its_numbers_are_computed() -> None:
    network = seqdsl.load(ARCHITECTURES / "seqresnet_imagenet.seq", "SeqResNetB42")
    assert network.params == 25_642_696
    text = (ROOT / "docs" / "gallery.md").read_text()
    assert "| SeqResNetB42 | 25.64M | 5.644G | 2 met |" in text
