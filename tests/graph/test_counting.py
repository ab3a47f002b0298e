"""The conventions are one table, which the docs print too."""

import importlib.util
from types import ModuleType

import pytest
from networks import ARCHITECTURES, ROOT, paper_network

import seqdsl
from seqdsl.graph.conventions import CONVENTIONS, MACS, Convention
from seqdsl.graph.costs import ZERO, Cost, Elements, total

PAGE = (ROOT / "docs" / "counting.md").read_text()
# as each prints it for torchvision's definition
PRINTED = {
    ("fvcore", "ResNet50"): 4_111_512_576,
    ("thop", "ResNet50"): 4_133_742_592,
    ("ptflops", "ResNet50"): 4_132_436_968,
    ("torchinfo", "ResNet50"): 4_089_238_376,
    ("fvcore", "DenseNet169"): 3_397_970_816,
    ("torchinfo", "DenseNet169"): 3_360_002_728,
    ("torchinfo", "VGG16BN"): 15_483_829_480,
}
IN_METADATA = {  # of torchvision's weights, in G
    "ResNet50": 4.089,
    "ResNet101": 7.801,
    "ResNet152": 11.514,
    "ResNeXt50_32x4d": 4.23,
    "DenseNet169": 3.36,
    "VGG16BN": 15.47,
}
FILES = {"ResNeXt50_32x4d": "resnext", "DenseNet169": "densenet", "VGG16BN": "vgg"}


def cost_of(name: str) -> Cost:
    return paper_network(f"{FILES.get(name, 'resnet')}.seq", name).cost


def docs_counting() -> ModuleType:
    spec = importlib.util.spec_from_file_location("counting", ROOT / "docs" / "counting.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_has_the_table_that_its_command_writes() -> None:
    assert docs_counting().page() == PAGE
    assert all(f"\n| `{name}` | " in PAGE for name in CONVENTIONS)
    assert f"counts by `{MACS.name}`" in PAGE and MACS.name == "macs"


def test_a_convention_is_added_in_the_table_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Convention("mine", "MINE", "sums", "nobody", per_mac=0, per_written=(("add", 1),))
    monkeypatch.setitem(CONVENTIONS, "mine", mine)
    assert "| `mine` | sums | 10^9 | nobody | by definition |\n" in docs_counting().page()


def test_headings_and_notes_tell_conventions_apart() -> None:
    headings = [convention.heading for convention in CONVENTIONS.values()]
    assert len(set(headings)) == len(headings)
    for name, convention in CONVENTIONS.items():
        assert convention.name == name
        assert convention.note.startswith(f"{convention.heading} for one sample: ")
        assert convention.used_by and convention.description.endswith(
            (f"G = {convention.unit}", f"G = {convention.unit} ({convention.found_in})")
        )


@pytest.mark.parametrize(("name", "network"), PRINTED)
def test_a_tool_prints_the_same_for_torchvision(name: str, network: str) -> None:
    assert CONVENTIONS[name].count(cost_of(network)) == PRINTED[name, network]


def test_densenet_121_by_fvcore() -> None:
    network = seqdsl.load(ARCHITECTURES / "densenet.seq", "DenseNet", n=[6, 12, 24, 16])
    assert CONVENTIONS["fvcore"].count(network.cost) == 2_865_546_752


@pytest.mark.parametrize("network", IN_METADATA)
def test_the_metadata_of_torchvision_says_the_same(network: str) -> None:
    count = CONVENTIONS["torchvision"].count(cost_of(network))
    assert round(count / 10**9, 3) == IN_METADATA[network]


def test_what_torchvision_writes_otherwise_is_what_the_docs_say() -> None:
    cost = cost_of("DenseNet169")
    last = 1664 * 7 * 7  # elements of the last ReLU, which the pool reads
    for name, printed, less in (
        ("thop", 3_436_117_120, last + 1664), ("ptflops", 3_438_996_968, 2 * last),
    ):  # fmt: skip
        ours = CONVENTIONS[name].count(cost)
        assert ours - printed == less
        assert f"{printed:,}" in PAGE and f"{ours:,}" in PAGE


def test_costs_add_up_by_kind() -> None:
    relu, pool = Elements("relu", 3, 3), Elements("max_pool", 8, 2)
    one = Cost(params=1, biased=2, norm_params=3, elements=(relu,))
    other = Cost(macs=5, elements=(pool,))
    both = Cost(params=1, macs=5, biased=2, norm_params=3, elements=(pool, relu))
    assert one + other == other + one == total([one, other]) == total([other, ZERO, one]) == both
    assert both + both == both * 2 == total([both, both])
    assert (both * 2).elements == (Elements("max_pool", 16, 4), Elements("relu", 6, 6))
    assert both + ZERO == ZERO + both == both
