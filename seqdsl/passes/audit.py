"""Sets the figures that the paper prints beside those that its networks compute to."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from seqdsl.graph.claims import Quantity
from seqdsl.graph.conventions import PAPER
from seqdsl.graph.network import Network
from seqdsl.passes.claims import Verdict, judge
from seqdsl.source.resources import resource

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
    note: str  # why the figure is not met; empty where nothing explains it, and where it is met

    @property
    def explained(self) -> bool:
        return self.verdict.holds or bool(self.note)


@dataclass(frozen=True, slots=True)
class PaperTable:
    title: str
    figures: tuple[Figure, ...]
    remark: str


def audit_paper(load: Load, *, baselines: bool = False) -> list[PaperTable]:
    """The paper's own networks, each once; with ``baselines``, Tables 2 to 5 complete."""
    text = resource("architectures").joinpath("paper.toml").read_text(encoding="utf-8")
    networks: dict[tuple[str, str], Network] = {}
    tables: list[PaperTable] = []
    for table in tomllib.loads(text)["table"]:
        title = table["title"] if baselines else table.get("own")
        if title is None:
            continue
        figures: list[Figure] = []
        for row in table["row"]:
            if row.get("baseline") and not baselines:
                continue
            key = (row["file"], row["model"])
            if key not in networks:
                networks[key] = load(*key)
            figures += _figures(row, networks[key])
        remark = table.get("remark", "") if baselines else ""
        tables.append(PaperTable(title, tuple(figures), remark))
    return tables


def _figures(row: dict[str, str], network: Network) -> Iterator[Figure]:
    for metric, suffix, convention in (("params", "M", "-"), ("flops", "G", PAPER.name)):
        if metric in row:
            quantity = printed(row[metric], suffix)
            verdict = judge(metric, quantity, convention, network.cost)
            note = "" if verdict.holds else row.get("note", "")
            settings = row.get("settings", "")
            yield Figure(row["name"], settings, metric, convention, quantity, verdict, note)


def printed(text: str, suffix: str) -> Quantity:
    """A figure as the paper prints it: ``11.8`` in millions."""
    decimals = len(text.partition(".")[2])
    return Quantity(Fraction(text), Fraction(1, 10**decimals), suffix, f"{text}{suffix}")
