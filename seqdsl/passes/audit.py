"""Sets the figures that the paper prints beside those that its networks compute to."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files

from seqdsl.graph.claims import Quantity
from seqdsl.graph.network import Network
from seqdsl.passes.claims import Verdict, judge

Load = Callable[[str, str], Network]  # a file of the library and a network's name


@dataclass(frozen=True, slots=True)
class Figure:
    """One printed figure of a network."""

    network: str
    settings: str
    metric: str
    convention: str
    quantity: Quantity
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class PaperTable:
    title: str
    figures: tuple[Figure, ...]


def audit_paper(load: Load) -> list[PaperTable]:
    """The tables of the paper, as far as their networks are in the library."""
    text = files("seqdsl.architectures").joinpath("paper.toml").read_text(encoding="utf-8")
    networks: dict[tuple[str, str], Network] = {}
    tables: list[PaperTable] = []
    for table in tomllib.loads(text)["table"]:
        figures: list[Figure] = []
        for row in table["row"]:
            key = (row["file"], row["model"])
            if key not in networks:
                networks[key] = load(*key)
            for metric, suffix, convention in (("params", "M", "-"), ("flops", "G", "paper")):
                if metric in row:
                    quantity = printed(row[metric], suffix)
                    verdict = judge(metric, quantity, convention, networks[key].cost)
                    settings = row.get("settings", "")
                    figures.append(
                        Figure(row["name"], settings, metric, convention, quantity, verdict)
                    )
        tables.append(PaperTable(table["title"], tuple(figures)))
    return tables


def printed(text: str, suffix: str) -> Quantity:
    """A figure as the paper prints it: ``11.8`` in millions."""
    decimals = len(text.partition(".")[2])
    return Quantity(Fraction(text), Fraction(1, 10**decimals), suffix, f"{text}{suffix}")
