"""``seqdsl check``"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from os.path import realpath

import click

from seqdsl.cli.common import exit_code, network_options, output_format_option, say, use_color
from seqdsl.cli.streams import as_json
from seqdsl.passes.coverage import Coverage
from seqdsl.source.diagnostic import Diagnostic, has_errors
from seqdsl.source.discover import STDIN, discover
from seqdsl.source.render import OutputFormat, render
from seqdsl.source.timing import stage

_NAMED = 3  # of what was not checked


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking one file came to."""

    coverage: Coverage
    diagnostics: list[Diagnostic]


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[FILES]...")
@network_options
@output_format_option
@click.option("--fix", is_flag=True, help="Mend what can be mended without changing a meaning.")
@click.option("--unsafe-fixes", "unsafe", is_flag=True, help="With --fix: make the guesses, too.")
@click.option("--watch", "watched", is_flag=True, help="Check again whenever a file changes.")
def command(
    paths: tuple[str, ...],
    network_name: str | None,
    defines: dict[str, str],
    output_format: str,
    fix: bool,
    unsafe: bool,
    watched: bool,
) -> None:
    """Check FILES: syntax, names, shapes, channels, groups and claims.

    A folder stands for its .seq files, less those that git ignores; without FILES, the current
    folder is checked. `-` is standard input. Every model of a file is built, and every network
    that needs no arguments; or the one that --network and -D describe. Exit code 1 where there
    are findings, warnings included.
    """
    paths = paths or (".",)
    format = OutputFormat(output_format)
    check = partial(check_one, network_name=network_name, defines=defines)
    if unsafe and not fix:
        raise click.UsageError("--unsafe-fixes goes with --fix")
    if fix and (watched or STDIN in paths or network_name is not None or defines):
        raise click.UsageError("--fix mends whole files: no --watch, -, --network or -D with it")
    if watched:
        if STDIN in paths or format not in (OutputFormat.FULL, OutputFormat.CONCISE):
            given = "-" if STDIN in paths else f"--output-format {output_format}"
            raise click.UsageError(f"--watch does not go with {given}")
        from seqdsl.cli.watch import watch

        watch(paths, check, partial(report, paths=paths, format=format, defines=defines))
    files = discover(paths)
    if fix:
        from seqdsl.cli.mending import mend

        mend(files, unsafe=unsafe)
    checked = [check(file) for file in files]
    report(checked, paths, format, fixed=fix, defines=defines)
    sys.exit(exit_code(findings(checked)))


def check_one(file: str, network_name: str | None, defines: dict[str, str]) -> Checked:
    """Checks the networks of a file, or the one that is described."""
    with stage("import"):
        from seqdsl.api import survey

    return Checked(*survey(file, network_name, defines))


def findings(checked: Sequence[Checked]) -> list[Diagnostic]:
    """All findings, file by file; those of a file that others use are told once."""
    found = (d for each in checked for d in each.diagnostics)
    return list({_place(d): d for d in reversed(list(found))}.values())[::-1]


def _place(diagnostic: Diagnostic) -> tuple[object, ...]:
    """Equal for what was found twice: a file that is read twice is two sources."""
    if diagnostic.primary is None:
        return diagnostic.key
    span = diagnostic.primary.span
    if span.source.given:  # to each file's network
        return (diagnostic.code, str(span), span.start, span.end, diagnostic.message)
    return (diagnostic.code, realpath(span.source.name), span.start, span.end)


def report(
    checked: Sequence[Checked],
    paths: Sequence[str],
    format: OutputFormat,
    fixed: bool = False,
    defines: Collection[str] = (),
) -> None:
    """Prints what was found: data to standard output, all else to standard error."""
    if not checked:
        say(f"no .seq files in {', '.join(paths)}")
    diagnostics = findings(checked)
    machine = format in (OutputFormat.JSON, OutputFormat.SARIF)
    if diagnostics or machine:
        text = render(diagnostics, format, color=use_color(sys.stdout if machine else sys.stderr))
        click.echo(as_json(text, sys.stdout) if machine else text, err=not machine, color=True)
        if format is OutputFormat.FULL:
            from seqdsl.cli.mending import fixable

            way_on = fixable(diagnostics, tried=fixed)
            if way_on is not None:
                click.echo(way_on, err=True)
    elif checked:
        click.echo(f"{_counted(len(checked), 'file')}, {_held(_whole(checked))}", err=True)
    if checked and not has_errors(diagnostics) and format is OutputFormat.FULL:
        for line in _left(_whole(checked), defines):
            say(f"not checked: {line}")


def _whole(checked: Sequence[Checked]) -> Coverage:
    return sum((each.coverage for each in checked), Coverage())


def _held(coverage: Coverage) -> str:
    """What was checked and found right."""
    networks = f"{_counted(coverage.networks, 'network')} checked"
    if not coverage.networks:
        return f"{networks}: syntax and names hold"
    if not coverage.claims:
        return f"{networks}: shapes and groups hold"
    return f"{networks}: shapes, groups and {_counted(coverage.claims, 'claim')} hold"


def _left(coverage: Coverage, defines: Collection[str]) -> Iterator[str]:
    """What was not checked, and why."""
    if coverage.void:
        yield f"{_counted(coverage.void, 'claim')}, as -D sets {', '.join(defines)}"
    if coverage.others:
        others = _counted(len(coverage.others), "other network")
        yield f"{others} of the file ({_listed(coverage.others)})"
    if coverage.templates:
        templates = _counted(len(coverage.templates), "template")
        yield f"{templates} that no model binds ({_listed(coverage.templates)})"
    blocks = sorted({place.name for place in coverage.blocks - coverage.expanded})
    if blocks and not coverage.others:
        yield f"{_counted(len(blocks), 'block')} that no network calls ({_listed(blocks)})"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
