"""scikit-learn's digits."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from seqdsl.graph.tensor import TensorType
from seqdsl.source.diagnostic import Failure
from seqdsl.training.data.batch import Draw, Split
from seqdsl.training.data.sets import open_data

BILINEAR = Image.Resampling.BILINEAR


def taking(channels: int, *spatial: int) -> TensorType:
    return TensorType(channels, spatial, (channels,))


def images(split: Split, epoch: int = 0) -> torch.Tensor:
    return split.__getitems__([Draw(epoch, i) for i in range(len(split))]).images


def test_every_fifth_digit_is_a_test() -> None:
    data = open_data("digits", None, taking(3, 32, 32), classes=10)
    assert (data.test, len(data.train), len(data.validation)) == (None, 1438, 359)
    labels = data.validation.__getitems__([Draw(0, i) for i in range(359)]).labels
    assert labels.tolist() == load_digits().target[4::5].tolist()
    assert data.validation.name(1) == "digits, record 9"
    assert data.classes == tuple("0123456789")


SHADES = np.round(load_digits().images * 255 / 16)
TRAINING = np.delete(SHADES, np.s_[4::5], axis=0)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (32, 32), (28, 40), (64, 64)])
def test_they_are_stretched_as_torch_does(height: int, width: int) -> None:
    """To whole bytes, as pictures are."""
    data = open_data("digits", None, taking(1, height, width), classes=10)
    bytes = torch.tensor(SHADES[4::5])[:, None].float()
    expected = torch.nn.functional.interpolate(bytes, (height, width), mode="bilinear")
    found = images(data.validation) * TRAINING.std() + TRAINING.mean()
    assert torch.allclose(found, found.round(), atol=1e-3)
    assert (found - expected).abs().max() < 1


def test_their_mean_and_deviation_are_those_of_the_training_samples() -> None:
    how = open_data("digits", None, taking(1, 8, 8), classes=10).preprocessing
    assert how.mean == pytest.approx([TRAINING.mean() / 255], rel=1e-12)
    assert how.std == pytest.approx([TRAINING.std() / 255], rel=1e-12)


def test_training_is_normalised() -> None:
    data = open_data("digits", None, taking(1, 8, 8), classes=10, holdout=300)
    plain = images(data.validation)
    assert abs(plain.mean()) < 0.05 and abs(plain.std() - 1) < 0.05


def test_shifts_bring_in_paper_and_nothing_is_mirrored() -> None:
    data = open_data("digits", None, taking(3, 32, 32), classes=10)
    paper = -TRAINING.mean() / TRAINING.std()
    picture = Image.fromarray(TRAINING[0].astype(np.uint8)).resize((32, 32), BILINEAR)
    own = (np.array(picture) - TRAINING.mean()) / TRAINING.std()
    own = torch.tensor(own)[None, None].float()
    padded = torch.nn.functional.pad(own, (4, 4, 4, 4), value=paper)
    corners = [(top, left) for top in range(9) for left in range(9)]
    parts = torch.cat([padded[..., y : y + 32, x : x + 32] for y, x in corners])
    drawn = data.train.__getitems__([Draw(epoch, 0) for epoch in range(2000)]).images
    assert torch.equal(drawn[:, 0], drawn[:, 1]) and torch.equal(drawn[:, 0], drawn[:, 2])
    which = torch.cdist(drawn[:, 0].flatten(1), parts.flatten(1)).argmin(1)
    assert torch.allclose(drawn[:, :1], parts[which], atol=1e-5)
    assert (which.bincount(minlength=81) > 0).all()


def test_inputs_that_do_not_fit() -> None:
    for type in (taking(2, 32, 32), taking(1, 7, 32), taking(64)):
        with pytest.raises(Failure) as caught:
            open_data("digits", None, type, classes=10)
        assert caught.value.diagnostic.code.name == "unfit-data"


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(Failure) as caught:
        open_data("digits", None, taking(3, 32, 32), classes=10)
    assert caught.value.diagnostic.code.name == "missing-extra"
    assert caught.value.diagnostic.help == "pip install 'seqdsl[train]'"


def test_a_data_set_that_is_none() -> None:
    with pytest.raises(Failure) as caught:
        open_data("mnist", None, taking(3, 32, 32), classes=10)
    assert "digits, cifar10" in (caught.value.diagnostic.help or "")
