"""ONNX models: every operation, weights from files, and what verify finds."""

import pickle
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from networks import EVERYTHING, LATE, compiled
from PIL import Image
from sklearn.datasets import load_sample_image

import seqdsl
from seqdsl.backends import verify as verify_module
from seqdsl.backends.engine import Variant
from seqdsl.backends.inputs.images import read_input
from seqdsl.backends.onnx import variants as onnx_variants
from seqdsl.backends.onnx.model import to_onnx
from seqdsl.backends.onnx.run import Provider, Runner
from seqdsl.backends.onnx.variants import Form, trace
from seqdsl.backends.verify import first_difference, verify
from seqdsl.backends.weights.state import load_state, random_state, save_state
from seqdsl.graph.tensor import TensorType
from seqdsl.source.diagnostic import Failure


def test_every_operation_agrees(tmp_path: Path) -> None:
    network = compiled(tmp_path, EVERYTHING)
    assert all(c.agrees for c in verify(network, batches=(1, 2, 5)))


def test_verify_names_the_first_node_that_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = compiled(tmp_path, EVERYTHING)
    state = random_state(network)
    x = np.random.default_rng(0).standard_normal((2, 3, 17, 15), dtype=np.float32)
    form = Form("as defined", {}, False)
    assert first_difference(network, state, partial(trace, network, state, form), x) is None
    key = next(k for k in state if k.startswith("aggregate") or "group2" in k)

    def broken(*arguments, **options):
        model = to_onnx(*arguments, **options)
        for tensor in model.graph.initializer:
            if tensor.name == key and tuple(tensor.dims) == state[key].shape:
                tensor.CopyFrom(onnx.numpy_helper.from_array(state[key] * 1.5, key))
        return model

    monkeypatch.setattr(onnx_variants, "to_onnx", broken)
    found = [c for c in verify(network) if not c.agrees]
    assert {c.divergence for c in found if "defined" in c.backend} == {
        key.removesuffix(".weight").replace(".", "/")
    }


def test_the_reference_is_in_float64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in float64 agrees with it to the rounding of float64."""
    network = compiled(tmp_path, EVERYTHING)

    def exact(network, state, _):
        module = seqdsl.to_torch(network).double().eval()
        module.load_state_dict({k: torch.from_numpy(v).double() for k, v in state.items()})
        run = lambda x: {"logits": module(torch.from_numpy(x).double()).detach().numpy()}  # noqa: E731
        return [lambda: Variant("exact", run)]

    monkeypatch.setattr(verify_module, "variants", exact)
    assert all(c.error < 1e-13 for c in verify(network))


def test_model_says_what_it_is(tmp_path: Path) -> None:
    network = compiled(tmp_path, EVERYTHING)
    model = seqdsl.to_onnx(network)
    onnx.checker.check_model(model, full_check=True)
    properties = {p.key: p.value for p in model.metadata_props}
    assert properties["source"] == EVERYTHING and len(properties["source_sha256"]) == 64
    assert [o.name for o in model.graph.output] == ["logits", "probabilities"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_folding_removes_batch_norms(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 3x8x8; conv 3x3, 4; conv 3x3, 4 }")
    assert not any(n.op_type == "BatchNormalization" for n in to_onnx(network).graph.node)
    assert any(n.op_type == "BatchNormalization" for n in to_onnx(network, fold=False).graph.node)


def test_weights_from_files(tmp_path: Path) -> None:
    network = compiled(tmp_path, EVERYTHING)
    state = random_state(network)
    save_state(tmp_path / "w.safetensors", state)
    torch.save({"state_dict": {f"module.{k}": torch.from_numpy(v) for k, v in state.items()}},
               tmp_path / "w.pt")  # fmt: skip
    for name in ("w.safetensors", "w.pt"):
        loaded = load_state(tmp_path / name, network)
        assert list(loaded) == list(state)
        assert all(np.array_equal(loaded[k], state[k]) for k in state)


class Malicious:
    def __reduce__(self):
        return (Path.touch, (Path("ran"),))


def test_checkpoints_never_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    network = compiled(tmp_path, EVERYTHING)
    torch.save({"a": Malicious()}, "bad.pt")
    Path("bad.pickle").write_bytes(pickle.dumps(Malicious()))
    Path("bad.safetensors").write_bytes(b"\xff" * 100)
    for name in ("bad.pt", "bad.pickle", "bad.safetensors"):
        with pytest.raises(Failure) as caught:
            load_state(Path(name), network)
        assert caught.value.diagnostic.code.id == "SEQ602"
    assert not Path("ran").exists()


def test_weights_that_do_not_fit_are_listed(tmp_path: Path) -> None:
    network = compiled(tmp_path, EVERYTHING)
    state = random_state(network)
    key, value = state.popitem()
    with pytest.raises(seqdsl.CompileError, match=f"SEQ601.*missing {key}"):
        seqdsl.to_onnx(network, state)
    with pytest.raises(seqdsl.CompileError, match="SEQ601"):
        seqdsl.to_onnx(network, {**state, key: value[:1]})


def test_asking_for_cuda_tells_what_ran(tmp_path: Path) -> None:
    network = compiled(tmp_path, EVERYTHING)
    outcome = Runner(to_onnx(network), Provider.CUDA)(np.zeros((1, 3, 17, 15), np.float32))
    assert outcome.provider == "CUDAExecutionProvider" or outcome.note is not None
    total = outcome.outputs["probabilities"].sum()
    assert total == pytest.approx(1)


def test_a_photograph_becomes_a_batch(tmp_path: Path) -> None:
    photograph = load_sample_image("china.jpg")
    Image.fromarray(photograph).save(tmp_path / "china.png")
    batch = read_input(tmp_path / "china.png", TensorType(3, (224, 224), (3,)))
    assert batch.shape == (1, 3, 224, 224) and batch.dtype == np.float32
    side = photograph.shape[0] * 224 // 256
    top, left = (photograph.shape[0] - side) // 2, (photograph.shape[1] - side) // 2
    crop = photograph[top : top + side, left : left + side] / 255
    means = (crop.mean((0, 1)) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert np.allclose(batch.mean((0, 2, 3)), means, atol=0.02)


@pytest.mark.parametrize("name", ["text.png", "none.png", "object.npy", "shape.npy", "folder.png"])
def test_unreadable_inputs(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "text.png":
        path.write_text("no image")
    elif name == "folder.png":
        path.mkdir()
    elif name == "object.npy":
        np.save(path, np.array([{}], dtype=object))
    elif name == "shape.npy":
        np.save(path, np.zeros((3, 5, 5)))
    with pytest.raises(Failure) as caught:
        read_input(path, TensorType(3, (8, 8), (3,)))
    assert caught.value.diagnostic.code.id in ("SEQ604", "SEQ001", "SEQ002")


UNUSUAL = {
    "a window that shows a channel twice": """
network N {
  input 8x6x6
  aggregate i in 1..3, window=last(2) { y = it | conv 3x3, 4; concatenate y, it.group(1) }
  fc 3
}""",
    "one group of one aggregation, all of another's window": """
block two(k) {
  aggregate i in 1..2 { conv 3x3, k }
  aggregate i in 1..3, window=last(2) { if i > 1 { conv 1x1, k } }
}
network N { input 8x6x6; two 4 x 2; fc 3 }""",
    "one in a group of another": """
network N {
  input 8x6x6
  aggregate i in 1..1 {
    conv 3x3, 8
    aggregate j in 1..2, window=last(1) { if j > 1 { conv 3x3, 4 } }
  }
  fc 3
}""",
    "side by side": LATE,
}


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_aggregations_agree(tmp_path: Path, text: str) -> None:
    """By every engine and schedule."""
    assert [c for c in verify(compiled(tmp_path, text), batches=(2,)) if not c.agrees] == []
