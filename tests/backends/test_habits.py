"""What the class of a network has besides `forward`: timm's names, where they say what is so."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from networks import compiled, paper_network
from torch import Tensor, nn

import seqdsl

STAGES = """
  input 3x32x32
  stage one { conv 3x3, 8, stride=2 }
  stage two { conv 3x3, 16, stride=2 }
"""
ALL = {
    "num_classes", "num_features", "feature_info", "pretrained_cfg", "default_cfg",
    "forward_features", "forward_head", "get_classifier", "reset_classifier",
}  # fmt: skip


def made(folder: Path, body: str) -> nn.Module:
    torch.manual_seed(0)
    return seqdsl.to_torch(compiled(folder, f"network N {{ {body} }}")).eval()


def of(module: nn.Module) -> Tensor:
    channels, *sides = module.pretrained_cfg["input_size"]
    return torch.randn(2, channels, *sides, generator=torch.Generator().manual_seed(0))


def names(module: nn.Module) -> set[str]:
    return {name for name in ALL if hasattr(module, name)}


@pytest.mark.parametrize(
    ("file", "name", "width", "before"),
    [
        ("resnet_cifar.seq", "ResNet110", 64, 64),
        ("seqresnet.seq", "S1", None, None),
        ("preact_resnet.seq", "PreActResNet164", 256, 256),  # whose head starts with a norm
        ("densenet.seq", "DenseNet169", 1664, 1664),
        ("sparsenet.seq", "SparseNet40_k12", None, None),
    ],
)
def test_a_network_has_a_head_and_a_classifier(
    file: str, name: str, width: int | None, before: int | None
) -> None:
    network = paper_network(file, name)
    module = seqdsl.to_torch(network).eval()
    assert names(module) == ALL
    x = of(module)
    with torch.inference_mode():
        features = module.forward_features(x)
        pooled = module.forward_head(features, pre_logits=True)
        logits = module(x)
        assert torch.equal(module.forward_head(features), logits)
        assert torch.equal(module.get_classifier()(pooled), logits)
    assert features.shape[1] == module.num_features == (width or module.num_features)
    assert pooled.shape == (2, before or module.get_classifier().in_features)
    assert module.num_classes == logits.shape[1] == module.get_classifier().out_features


def test_a_head_of_several_layers(tmp_path: Path) -> None:
    """The features are what the first of them reads; all but the classifier come before logits."""
    layers = "head { conv 1x1, 24; global_average_pool; fc 12; relu; dropout 0.5; fc 5 }"
    module = made(tmp_path, STAGES + layers)
    assert module.num_features == 16 and module.pretrained_cfg["classifier"] == "head.fc2.linear"
    x = of(module)
    pooled = module.forward_head(module.forward_features(x), pre_logits=True)
    assert pooled.shape == (2, 12)
    assert torch.equal(module.get_classifier()(pooled), module(x))


def test_a_loop_of_layers_is_not_split(tmp_path: Path) -> None:
    """The map has one pixel from the third layer on, but one loop runs all of them."""
    body = "input 4x8x8; conv 3x3, 4, stride=2 x 5; fc 5 x 3"
    module = made(tmp_path, body)
    x = of(module)
    features = module.forward_features(x)
    assert features.shape == (2, 4, 1, 1)
    assert torch.equal(module.forward_head(features), module(x))
    pooled = module.forward_head(features, pre_logits=True)
    assert torch.equal(module.get_classifier()(pooled), module(x))


def test_a_head_without_a_stage(tmp_path: Path) -> None:
    module = made(tmp_path, "input 3x8x8; conv 3x3, 4; global_average_pool; fc 5; softmax")
    assert names(module) == ALL - {"feature_info"}
    x = of(module)
    assert module.forward_features(x).shape == (2, 4, 8, 8)
    assert torch.equal(module.forward_head(module.forward_features(x)), module(x))


def test_the_classifier_is_replaced(tmp_path: Path) -> None:
    module = made(tmp_path, STAGES + "head { global_average_pool; fc 10; softmax }").double()
    x = of(module).double()
    pooled = module.forward_head(module.forward_features(x), pre_logits=True)
    module.reset_classifier(0)
    assert torch.equal(module(x), pooled) and module.num_classes == 0
    module.reset_classifier(7, "avg")
    assert module(x).shape == (2, 7) and module.num_classes == 7
    with pytest.raises(ValueError, match="max"):
        module.reset_classifier(7, "max")


def test_stages_are_listed_with_their_strides() -> None:
    module = seqdsl.to_torch(paper_network("seqresnet_imagenet.seq", "SeqResNetB22"))
    found = [(s["module"], s["num_chs"], s["reduction"]) for s in module.feature_info]
    assert found == [
        ("conv1", 32, 2), ("conv2", 128, 4), ("conv3", 256, 8), ("conv4", 512, 16),
        ("conv5", 1024, 32),
    ]  # fmt: skip


def test_strides_are_counted_and_not_divided(tmp_path: Path) -> None:
    """Without padding 31 pixels are 15, and then 7, at strides of 2 and 4."""
    body = "input 3x31x31; stage a { conv2d 3x3, 4, stride=2, padding=0 };"
    module = made(tmp_path, body + "stage b { conv2d 3x3, 4, stride=2, padding=0 }")
    assert [s["reduction"] for s in module.feature_info] == [2, 4]


def test_stages_end_where_maps_grow(tmp_path: Path) -> None:
    module = made(
        tmp_path, STAGES + "stage up { upsample 2; conv 3x3, 8 }; stage out { conv 1x1, 2 }"
    )
    assert [s["module"] for s in module.feature_info] == ["one", "two"]
    assert names(module) == {"feature_info", "pretrained_cfg", "default_cfg"}
    assert {"num_classes", "classifier"}.isdisjoint(module.pretrained_cfg)


def test_a_network_of_further_outputs_has_no_head(tmp_path: Path) -> None:
    body = (
        STAGES + "output aux = it | global_average_pool | fc 3; head { global_average_pool; fc 4 }"
    )
    module = made(tmp_path, body)
    assert names(module) == ALL - {"num_features", "forward_features", "forward_head"}
    module.reset_classifier(6)
    assert [each.shape[1] for each in module(of(module))] == [6, 3]


def test_a_part_that_bears_a_name_keeps_it(tmp_path: Path) -> None:
    body = "input 3x8x8; stage num_classes { conv 3x3, 4 }; head { global_average_pool; fc 5 }"
    module = made(tmp_path, body)
    assert names(module) == {"num_classes"}
    assert "num_classes.conv1.conv2d.weight" in module.state_dict()
    assert module(torch.zeros(2, 3, 8, 8)).shape == (2, 5)


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ("3x224x224", {"crop_pct": 0.875, "mean": (0.485, 0.456, 0.406)}),
        ("3x32x32", {"crop_pct": 1.0, "mean": (0.4914, 0.4822, 0.4465)}),
        ("1x64x64", {"crop_pct": 0.875, "mean": (0.456,)}),
        ("5x64x64", {}),  # no picture
    ],
)
def test_the_configuration_says_how_an_input_is_made(
    tmp_path: Path, input: str, expected: dict[str, object]
) -> None:
    module = made(tmp_path, f"input {input}; conv 3x3, 4; global_average_pool; fc 2")
    given = module.pretrained_cfg
    assert given is module.default_cfg and given["first_conv"] == "conv1.conv2d"
    assert given["input_size"] == tuple(map(int, input.split("x")))
    assert {key: given[key] for key in ("crop_pct", "mean") if key in given} == expected


def test_a_recipe_says_what_the_pictures_are(tmp_path: Path) -> None:
    module = made(tmp_path, "input 1x8x8; conv 3x3, 4; global_average_pool; fc 10; train digits")
    assert module.pretrained_cfg["mean"] == (0.3058552097821048,)
    assert module.pretrained_cfg["crop_mode"] == "squash"
