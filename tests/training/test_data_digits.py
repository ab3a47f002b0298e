"""scikit-learn's digits."""

import sys

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from seqdsl.graph.tensor import TensorType
from seqdsl.source.diagnostic import Failure
from seqdsl.training.data.batch import Draw, Split
from seqdsl.training.data.sets import open_data


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


@pytest.mark.parametrize(("height", "width"), [(8, 8), (32, 32), (28, 40), (64, 64)])
def test_they_are_stretched_as_torch_does(height: int, width: int) -> None:
    data = open_data("digits", None, taking(1, height, width), classes=10)
    found = load_digits().images
    training = np.delete(found, np.s_[4::5], axis=0)
    normal = torch.tensor((found[4::5] - training.mean()) / training.std())[:, None].float()
    expected = torch.nn.functional.interpolate(normal, (height, width), mode="bilinear")
    assert torch.allclose(images(data.validation), expected, atol=1e-5)


def test_training_is_normalised() -> None:
    data = open_data("digits", None, taking(1, 8, 8), classes=10, holdout=300)
    plain = images(data.validation)
    assert abs(plain.mean()) < 0.05 and abs(plain.std() - 1) < 0.05


def test_shifts_bring_in_paper_and_nothing_is_mirrored() -> None:
    data = open_data("digits", None, taking(3, 32, 32), classes=10)
    raw = np.delete(load_digits().images, np.s_[4::5], axis=0)
    paper = -raw.mean() / raw.std()
    own = torch.tensor((raw[0] - raw.mean()) / raw.std())[None, None].float()
    own = torch.nn.functional.interpolate(own, (32, 32), mode="bilinear")
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
