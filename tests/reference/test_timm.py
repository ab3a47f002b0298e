"""An emitted network in timm's hands, and in torchvision's. Runs where both are installed: see the
README.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from networks import ARCHITECTURES, paper_network
from PIL import Image
from torch import Tensor, nn

import seqdsl

timm = pytest.importorskip("timm")
pytest.importorskip("torchvision")

from timm.data import create_dataset, create_loader, resolve_data_config  # noqa: E402
from timm.layers import convert_sync_batchnorm  # noqa: E402
from timm.loss import LabelSmoothingCrossEntropy  # noqa: E402
from timm.models import FeatureGraphNet, FeatureListNet, register_model  # noqa: E402
from timm.optim import create_optimizer_v2  # noqa: E402
from timm.scheduler import create_scheduler_v2  # noqa: E402
from timm.utils import CheckpointSaver, ModelEmaV3  # noqa: E402
from timm.utils.model import freeze_batch_norm_2d  # noqa: E402
from torchvision.models.feature_extraction import (  # noqa: E402
    create_feature_extractor,
    get_graph_node_names,
)

NETWORKS = {"S1": "seqresnet.seq", "ResNet110": "resnet_cifar.seq"}


def seqdsl_network(
    pretrained: bool = False,  # noqa: ARG001
    name: str = "S1",
    num_classes: int | None = None,
    **_: object,
) -> nn.Module:
    """What a user registers: the network's class, and the number of classes that is asked for."""
    model = seqdsl.to_torch(paper_network(NETWORKS[name], name))
    if num_classes is not None:
        model.reset_classifier(num_classes)
    return model


register_model(seqdsl_network)
X = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
both = pytest.mark.parametrize("name", NETWORKS)


def same(one: Tensor, other: Tensor) -> None:
    assert one.shape == other.shape
    assert (one - other).abs().max() <= 1e-5 * other.abs().max()


@both
def test_a_step_as_timms_train_script_takes_it(name: str, tmp_path: Path) -> None:
    """The script itself comes in no package of timm's: this calls what it calls, in its order."""
    for split in ("train", "val"):
        for label in ("cat", "dog"):
            (tmp_path / split / label).mkdir(parents=True)
            for number in range(4):
                color = (60 * number, 200, 40 if label == "cat" else 220)
                Image.new("RGB", (40, 36), color).save(tmp_path / split / label / f"{number}.png")
    torch.manual_seed(0)
    model = timm.create_model(
        "seqdsl_network", name=name, num_classes=2, in_chans=3, drop_rate=0.0, global_pool=None
    )
    assert model.num_classes == 2
    config = resolve_data_config({}, model=model)
    assert config["input_size"] == (3, 32, 32) and config["mean"][0] == 0.4914
    optimizer = create_optimizer_v2(model, opt="sgd", lr=0.01, momentum=0.9, weight_decay=1e-4)
    average = ModelEmaV3(model, decay=0.5)
    loaders = [
        create_loader(
            create_dataset("", root=tmp_path, split=split, is_training=split == "train"),
            input_size=config["input_size"], batch_size=8, is_training=split == "train",
            use_prefetcher=False, interpolation=config["interpolation"], mean=config["mean"],
            std=config["std"], crop_pct=config["crop_pct"], num_workers=0, pin_memory=False,
            device=torch.device("cpu"),
        )
        for split in ("train", "val")
    ]  # fmt: skip
    scheduler, epochs = create_scheduler_v2(optimizer, num_epochs=1, updates_per_epoch=1)
    assert epochs == 1
    saver = CheckpointSaver(model, optimizer, model_ema=average, checkpoint_dir=str(tmp_path))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    loss_of = LabelSmoothingCrossEntropy(0.1)
    model.train()
    for images, labels in loaders[0]:
        optimizer.zero_grad()
        loss_of(model(images), labels).backward()
        optimizer.step()
        average.update(model, step=1)
        scheduler.step_update(1)
    after = model.state_dict()
    assert all(
        not torch.equal(after[key], value) for key, value in before.items() if "1.weight" in key
    )
    with torch.no_grad():
        for images, labels in loaders[1]:
            assert model.eval()(images).shape == average.module.eval()(images).shape == (8, 2)
            assert set(labels.tolist()) == {0, 1}
    saver.save_checkpoint(0, metric=1.0)
    again = timm.create_model(
        "seqdsl_network", name=name, num_classes=2, checkpoint_path=str(tmp_path / "last.pth.tar")
    )
    same(again.eval()(X), average.module(X))  # timm loads the average where there is one


@both
def test_features_of_the_stages(name: str) -> None:
    model = timm.create_model("seqdsl_network", name=name).eval()
    expected = [(info["num_chs"], 32 // info["reduction"]) for info in model.feature_info]
    last = model.forward_features(X)
    kinds = [FeatureGraphNet]
    if name == "ResNet110":  # in which no stage hands two maps to the next
        kinds.append(FeatureListNet)
    for kind in kinds:
        net = kind(model, out_indices=tuple(range(len(expected)))).eval()
        maps = net(X)
        assert [(each.shape[1], each.shape[2]) for each in maps] == expected
        assert net.feature_info.channels() == [width for width, _ in expected]
        same(maps[-1], last)


@both
def test_torchvisions_feature_extractor(name: str) -> None:
    model = timm.create_model("seqdsl_network", name=name)
    nodes, _ = get_graph_node_names(model)
    convolutions = [key for key, each in model.named_modules() if isinstance(each, nn.Conv2d)]
    assert convolutions == [node for node in nodes if node in set(convolutions)]
    extract = create_feature_extractor(model, ["conv3", "head"]).eval()
    made = extract(X)
    model.eval()
    seen: list[Tensor] = []
    model.conv3.register_forward_hook(lambda *given: seen.append(given[2]))
    same(made["head"], model(X))
    same(made["conv3"], seen[0])
    assert extract.train()(X)["head"].requires_grad


@both
def test_norms_that_timm_replaces(name: str) -> None:
    model = timm.create_model("seqdsl_network", name=name).eval()
    expected = model(X)
    same(convert_sync_batchnorm(model).eval()(X), expected)
    model = timm.create_model("seqdsl_network", name=name).eval()
    expected = model(X)
    freeze_batch_norm_2d(model)
    same(model(X), expected)
    assert not any(isinstance(each, nn.BatchNorm2d) for each in model.modules())


def test_the_configuration_is_torchvisions_for_the_same_network() -> None:
    """timm's own entry for torchvision's weights, which are read as ours."""
    theirs = timm.models.get_pretrained_cfg("resnet50.tv_in1k").to_dict()
    ours = seqdsl.to_torch(seqdsl.load(ARCHITECTURES / "resnet.seq", "ResNet50")).pretrained_cfg
    for key in ("input_size", "interpolation", "mean", "std", "crop_pct", "num_classes"):
        assert ours[key] == theirs[key], key
