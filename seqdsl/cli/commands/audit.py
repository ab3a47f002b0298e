"""``seqdsl audit``"""

from __future__ import annotations

import sys
from fractions import Fraction
from importlib.resources import as_file

import click

from seqdsl.cli.common import exit_code, show
from seqdsl.cli.tables import FORMATS, Cell, Number, Table, write_tables
from seqdsl.graph.conventions import PAPER
from seqdsl.graph.network import Network
from seqdsl.passes.audit import PaperTable, audit_paper
from seqdsl.passes.claims import Verdict, judge_claims
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.project import project_paths
from seqdsl.source.resources import resource

_HEADINGS = ("network", "settings", "figure", "printed", "computed", "% difference", "convention",
             "verdict")  # fmt: skip
_RIGHT = frozenset({"printed", "computed", "% difference"})
_RULE = "A figure is met within one unit of its last printed digit."


@click.command("audit")
@click.argument("sources", nargs=-1, metavar="[FILES]...")
@click.option("--paper", is_flag=True, help="Tables 2 to 5 complete, the baselines among them.")
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
def command(sources: tuple[str, ...], paper: bool, format: str) -> None:
    """Set claimed figures beside computed ones.

    With FILES, every claim of every network in them; without, the paper's own networks: Tables 2, 3
    and 5. Exit code 1 where a figure is not met and no note explains why.
    """
    if sources and paper:
        raise click.UsageError("--paper takes no files: it audits the networks of the library")
    if sources:
        _audit_files(sources, format)
        return
    tables = audit_paper(_load_from_library, baselines=paper)
    click.echo(write_tables([_paper_table(table) for table in tables], format))
    explained = all(figure.explained for table in tables for figure in table.figures)
    sys.exit(0 if explained else 1)


def _load_from_library(file: str, model: str) -> Network:
    from seqdsl.api import load

    with as_file(resource("architectures").joinpath(file)) as path:
        return load(path, model)


def _paper_table(table: PaperTable) -> Table:
    noted = any(figure.note for figure in table.figures)
    rows = tuple(
        (
            figure.network,
            figure.settings,
            figure.metric,
            _number(figure.verdict.printed, figure.quantity.text),
            Number(figure.verdict.computed, figure.verdict.spell(figure.quantity)),
            _difference(figure.verdict),
            figure.convention,
            _word(figure.verdict),
            *((figure.note,) if noted else ()),
        )
        for figure in table.figures
    )
    counted = any(figure.metric == "flops" for figure in table.figures)
    about = [_RULE, f"{PAPER.name}: {PAPER.description}." if counted else "", table.remark]
    headings = (*_HEADINGS, "note") if noted else _HEADINGS
    return Table(
        table.title, headings, rows, _RIGHT, " ".join(filter(None, about)), frozenset({"note"})
    )


def _audit_files(sources: tuple[str, ...], format: str) -> None:
    from seqdsl.api import check_file

    tables: list[Table] = []
    diagnostics: list[Diagnostic] = []
    for source, path in zip(sources, project_paths(sources), strict=True):
        built, found = check_file(source)
        diagnostics.extend(found)
        networks = [instance.network for instance in built if instance.network is not None]
        rows = tuple(row for network in networks for row in _claim_rows(network))
        if rows:
            tables.append(Table(path, _HEADINGS, rows, _RIGHT, _RULE))
    if tables:
        click.echo(write_tables(tables, format))
    if diagnostics:
        show(diagnostics)
    elif not tables:
        click.echo("no network that these files build claims anything", err=True)
    sys.exit(exit_code(diagnostics))


def _claim_rows(network: Network) -> list[tuple[Cell, ...]]:
    settings = ", ".join(f"{name}={value}" for name, value in network.parameters)
    rows: list[tuple[Cell, ...]] = []
    for claim, verdict in judge_claims(network):
        name = f"{network.name} {claim.scope.path}".strip()
        convention = "-" if claim.metric == "params" else claim.convention
        tolerance = "" if claim.tolerance is None else f" ± {float(100 * claim.tolerance):g} %"
        rows.append(
            (
                name,
                settings,
                claim.metric,
                _number(verdict.printed, f"{claim.quantity.text}{tolerance}"),
                Number(verdict.computed, verdict.spell(claim.quantity)),
                _difference(verdict),
                convention,
                _word(verdict),
            )
        )
    return rows


def _number(printed: Fraction, text: str) -> Number:
    whole = printed.denominator == 1
    return Number(int(printed) if whole else float(printed), text)


def _difference(verdict: Verdict) -> Number:
    return Number(verdict.percent, verdict.difference)


def _word(verdict: Verdict) -> str:
    return "met" if verdict.holds else "NOT MET"
