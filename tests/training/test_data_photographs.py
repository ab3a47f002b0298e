"""ImageNet's augmentation."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from sklearn.datasets import load_sample_images

from seqdsl.backends.inputs.preprocessing import IMAGENET, imagenet
from seqdsl.graph.tensor import TensorType
from seqdsl.training.data import photographs
from seqdsl.training.data.batch import Draw
from seqdsl.training.data.chance import Chance, Use
from seqdsl.training.data.photographs import Cropped, coloured, planes, random_box

LARGE = imagenet(TensorType(3, (224, 224), (3,)))
GREY = imagenet(TensorType(1, (64, 64), (1,)))
PICTURE = Image.fromarray(load_sample_images().images[0])
MEANS, DEVIATIONS = (np.array(values)[:, None, None] for values in IMAGENET)


def chances(count: int) -> list[Chance]:
    return [Chance.of(0, [Draw(0, index)]) for index in range(count)]


def reference_box(size: tuple[int, int], random: np.random.Generator) -> tuple[float, float]:
    """fb.resnet.torch's RandomSizedCrop, as the part of the area and width / height."""
    for _ in range(10):
        area = random.uniform(0.08, 1) * size[0] * size[1]
        ratio = random.uniform(3 / 4, 4 / 3)
        width, height = round(np.sqrt(area * ratio)), round(np.sqrt(area / ratio))
        if random.uniform() < 0.5:
            width, height = height, width
        if width <= size[0] and height <= size[1]:
            return width * height / (size[0] * size[1]), width / height
    return min(size) ** 2 / (size[0] * size[1]), 1.0


@pytest.mark.parametrize("size", [(500, 375), (300, 300), (90, 640)])
def test_crops_are_distributed_as_those_of_the_reference(size: tuple[int, int]) -> None:
    boxes = np.array([random_box(size, 1.0, chance) for chance in chances(4000)])
    assert (boxes[:, :2] >= 0).all() and (boxes[:, 2:] <= size).all()
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    found = np.stack([width * height / (size[0] * size[1]), width / height], 1)
    random = np.random.default_rng(0)
    expected = np.array([reference_box(size, random) for _ in range(4000)])
    for column in range(2):  # Kolmogorov and Smirnov's distance, of 1 in 10,000 by chance
        points = np.concatenate([found[:, column], expected[:, column]])
        shares = [
            np.searchsorted(np.sort(s[:, column]), points, "right") for s in (found, expected)
        ]
        assert abs(shares[0] - shares[1]).max() / 4000 < 0.05
    places = boxes[:, 0] / np.maximum(size[0] - width, 1)
    assert abs(places[width < size[0] - 9].mean() - 0.5) < 0.03


def test_a_crop_that_never_fits_is_the_centre() -> None:
    for chance in chances(20):
        assert random_box((1000, 10), 1.0, chance) == (495, 0, 505, 10)
        assert random_box((1, 1), 1.0, chance) == (0, 0, 1, 1)
        assert random_box((10, 10), 2.0, chance)[2:] <= (10, 10)


def test_pixels_are_those_of_a_crop_that_pillow_resizes() -> None:
    way, mirrored = Cropped(LARGE, 3), 0
    for chance in chances(40):
        part = PICTURE.crop(random_box(PICTURE.size, 1.0, chance))
        expected = np.asarray(part.resize((224, 224), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
        found = way.pixels(PICTURE, chance)
        if not (found == expected).all():
            assert (found == expected[..., ::-1]).all()
            mirrored += 1
    assert 8 <= mirrored <= 32


def reference(pixels: np.ndarray, chance: Chance) -> np.ndarray:
    """fb.resnet.torch's steps, one after the other, as its ColorJitter, Lighting and
    ColorNormalize have them.
    """
    image = pixels / 255
    amounts = 1 + 0.4 * (2 * chance.uniform(Use.JITTER, 3)[0] - 1)
    grey_of = lambda image: np.tensordot([0.299, 0.587, 0.114], image, 1)[None]  # noqa: E731
    for change in photographs._ORDERS[chance.below(Use.ORDER, 6)[0, 0]]:
        blank = [0 * image, grey_of(image).mean(), grey_of(image)][change]
        image = amounts[change] * image + (1 - amounts[change]) * blank
    strengths = 0.1 * chance.normal(Use.LIGHT, 3)[0]
    shift = (photographs.COMPONENTS * strengths * photographs.SPREADS).sum(1)
    return (image + shift[:, None, None] - MEANS) / DEVIATIONS


def test_one_map_of_colours_is_every_step_of_the_reference() -> None:
    pixels = planes(PICTURE.resize((96, 64)))
    orders = set()
    for chance in chances(60):
        orders.add(int(chance.below(Use.ORDER, 6)[0, 0]))
        assert np.allclose(coloured(pixels, LARGE, chance), reference(pixels, chance), atol=1e-4)
    assert len(orders) == 6


def test_colours_change_as_pillow_enhances_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is lit and nothing is cut off; Pillow rounds to bytes after each step."""
    monkeypatch.setattr(photographs, "LIGHTING", 0.0)
    soft = PICTURE.resize((96, 64)).point(lambda value: 90 + value // 4)
    enhancers = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)
    for chance in chances(20):
        expected = soft
        amounts = 1 + 0.4 * (2 * chance.uniform(Use.JITTER, 3)[0] - 1)
        for change in photographs._ORDERS[chance.below(Use.ORDER, 6)[0, 0]]:
            expected = enhancers[change](expected).enhance(amounts[change])
        found = (coloured(planes(soft), LARGE, chance) * DEVIATIONS + MEANS) * 255
        assert abs(found - planes(expected)).max() < 4


def test_grey_networks_see_the_same_changes() -> None:
    pixels = planes(PICTURE.convert("L").resize((64, 64)))
    means, deviations = IMAGENET[0][1], IMAGENET[1][1]
    for chance in chances(10):
        found = coloured(pixels, GREY, chance)
        line = np.polyfit(pixels.ravel() / 255, found.ravel() * deviations + means, 1)
        assert np.allclose(np.polyval(line, pixels / 255), found * deviations + means, atol=1e-4)
        assert 0.3 < line[0] < 2


def test_torchvision_crops_and_decodes_alike(tmp_path: Path) -> None:
    """The centre crop, and the pixels of a JPEG."""
    transforms = pytest.importorskip("torchvision.transforms")
    io = pytest.importorskip("torchvision.io")
    scaled = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])
    part = PICTURE.crop((0, 0, 512, 384))  # 341.3x256, which torchvision cuts and we round
    found = Cropped(LARGE, 3).pixels(part, None)
    assert (found == planes(scaled(part))).all()
    PICTURE.save(tmp_path / "a.jpg", quality=80)
    decoded = io.decode_image(str(tmp_path / "a.jpg"))
    assert torch.equal(decoded, torch.tensor(planes(Image.open(tmp_path / "a.jpg"))))


def test_centre_crop_is_224_of_256() -> None:
    picture = PICTURE.crop((0, 0, 512, 384)).resize((640, 480))
    resized = picture.resize((341, 256), Image.Resampling.BILINEAR)
    expected = planes(resized.crop((58, 16, 58 + 224, 16 + 224)))
    assert np.array_equal(Cropped(LARGE, 3).pixels(picture, None), expected)
