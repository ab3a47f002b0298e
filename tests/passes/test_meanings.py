"""What a printed figure can mean of a network."""

from fractions import Fraction

import pytest
from networks import paper_network

from seqdsl.graph.conventions import CONVENTIONS
from seqdsl.graph.costs import ZERO, Cost
from seqdsl.passes.meanings import Meaning, meanings, read_figure

RESNET50 = paper_network("resnet.seq", "ResNet50").cost


def of(text: str, cost: Cost = RESNET50) -> list[Meaning]:
    figure = read_figure(text)
    assert figure is not None
    return meanings(figure, cost)


@pytest.mark.parametrize(
    ("figure", "counted"),
    [
        ("4.11G", ["fvcore"]),
        ("3.86G", ["paper"]),
        ("4.09G", ["torchinfo", "macs", "torchvision"]),
        ("4.089G", ["macs", "torchvision", "torchinfo"]),
        ("4,089,184,256", ["macs", "torchvision"]),
        ("4089238376", ["torchinfo"]),
        ("4.134G", ["thop"]),
        ("4.1324", ["ptflops"]),
        ("8.2B", ["flops"]),
        ("25.6M", ["params"]),
        ("25.6", ["params"]),
        ("25,557,032", ["params"]),
        ("11.1m", ["activations"]),
        ("5.00G", []),
        ("4.11T", []),
        ("4089184258", []),
    ],
)
def test_what_makes_a_figure_of_resnet_50_true(figure: str, counted: list[str]) -> None:
    met = [each.counted for each in of(figure) if each.verdict.holds]
    assert sorted(met) == sorted(counted)


def test_every_way_to_count_is_there_the_nearest_first() -> None:
    found = of("3.0G")
    assert {each.counted for each in found} == {"params", "activations", *CONVENTIONS}
    assert [found[0].counted, found[-1].counted] == ["paper", "activations"]
    away = [abs(each.verdict.percent or 0) for each in found if each.counted != "flops"]
    assert away == sorted(away)


def test_a_figure_without_a_unit_has_the_one_that_fits_each_best() -> None:
    units = {each.counted: each.quantity.suffix for each in of("4.1")}
    assert units["macs"] == units["paper"] == "G"
    assert units["params"] == units["activations"] == "M"
    assert {each.quantity.suffix for each in of("4.1K")} == {"K"}


def test_nothing_is_divided_by_zero() -> None:
    assert all(each.verdict.holds for each in of("0", ZERO))
    assert not any(each.verdict.holds for each in of("5G", ZERO))


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("4.11G", "4.11", "0.01"), ("4.", "4", "1"), ("1,234", "1234", "1"), (" 2.0k ", "2", "0.1")],
)
def test_figures_as_papers_print_them(text: str, value: str, unit: str) -> None:
    figure = read_figure(text)
    assert figure is not None
    assert (figure.value, figure.unit) == (Fraction(value), Fraction(unit))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "G",
        "4.1GFLOPs",
        "-4",
        "1e9",
        "1" + "0" * 40,
        "4.1.1",
        "٣",
        "4.1\u212a",
        "½",
        "nan",
        ",5",
    ],
)
def test_what_is_no_figure(text: str) -> None:
    assert read_figure(text) is None
