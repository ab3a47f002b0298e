"""Programs read and compiled, with all that is to be said about them: what commands call."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from seqdsl.api.arguments import in_call
from seqdsl.passes.check import check_program, expand_checked, settled, without_shared_fixes
from seqdsl.passes.coverage import Coverage, coverage
from seqdsl.passes.vet import vetted
from seqdsl.semantic.compile import Instance, choose
from seqdsl.semantic.expansion.given import Argument
from seqdsl.semantic.names.modules import Program, load_program
from seqdsl.semantic.names.reading import DISK, Files, read_stdin
from seqdsl.semantic.rules import LATE_RULES, check_rules
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure, has_errors
from seqdsl.source.meter import metered
from seqdsl.source.text import Source
from seqdsl.source.timing import stage
from seqdsl.syntax import ast


def read_program(where: str | PathLike[str] | Source, revision: str | None = None) -> Program:
    """Read a file, standard input for ``-``, or a text, and what it uses. Raises `Failure`.

    With a revision, both are read as git has them there. What a text uses is beside the working
    directory.
    """
    with stage("read"):
        if isinstance(where, Source):
            return load_program(where, None)
        path = where
        if str(path) == "-":
            return load_program(read_stdin(), None)
        files: Files = DISK if revision is None else _revision(revision, Path(path))
        return load_program(files.read(Path(path), str(path)), Path(path), files)


def _revision(name: str, near: Path) -> Files:
    from seqdsl.semantic.names.revision import Revision  # git is for those who ask for it

    return Revision(name, near)


@metered()
def load_instance(
    path: str | PathLike[str] | Source,
    network: str | None = None,
    params: Mapping[str, Argument] | None = None,
    revision: str | None = None,
) -> tuple[Instance | None, list[Diagnostic]]:
    """One network of a file, and all that is to be said about the file and about it."""
    try:
        program = read_program(path, revision)
    except Failure as failure:
        return None, [failure.diagnostic]
    return instance_of(program, network, params or {})


def instance_of(
    program: Program, network: str | None, params: Mapping[str, Argument]
) -> tuple[Instance | None, list[Diagnostic]]:
    """One network of a program, and the findings, with those of their fixes that mend them."""
    instance, found = _unvetted(program, network, params)
    return instance, vetted(program, found, lambda copy: _unvetted(copy, network, params)[1])


def _unvetted(
    program: Program, network: str | None, params: Mapping[str, Argument]
) -> tuple[Instance | None, list[Diagnostic]]:
    diagnostics = [*program.diagnostics, *check_rules(program)]
    try:
        definition = choose(program, network)
        require_arguments(definition, params, program)
    except Failure as failure:
        # what can't be read may define what is missed
        unread = has_errors(diagnostics)
        return None, diagnostics if unread else [*diagnostics, failure.diagnostic]
    instance = expand_checked(program, definition, params)
    late = check_rules(program, LATE_RULES)
    own = without_shared_fixes(instance.diagnostics, program, definition)
    found = [*diagnostics, *own, *late]
    return instance, settled(found, program, whole=False)


def require_arguments(
    definition: ast.Buildable, params: Mapping[str, Argument], program: Program
) -> None:
    """Raises `Failure` where a template is called for, and a parameter of it is left open."""
    if isinstance(definition, ast.Model):
        return
    missing = [p.name for p in definition.parameters if p.default is None and p.name not in params]
    if not missing:
        return
    models = [model.name for model in program.root.networks if isinstance(model, ast.Model)]
    otherwise = f", or choose a model: {', '.join(models)}" if models else ""
    raise Failure(
        Diagnostic(
            BY_NAME["missing-argument"],
            f"`{definition.name}` is a template, and no {', '.join(missing)} is given",
            None,
            help=f"give {' '.join(f'-D {name}=...' for name in missing)}{otherwise}",
            name=program.root.syntax.source.name,
            in_python=f"give {', '.join(in_call(missing))}{otherwise}",
        )
    )


@metered()
def check_file(
    path: str | PathLike[str] | Source, revision: str | None = None
) -> tuple[list[Instance], list[Diagnostic]]:
    """Every network that a file builds, and all that is to be said about them."""
    try:
        program = read_program(path, revision)
    except Failure as failure:
        return [], [failure.diagnostic]
    return all_of(program)


def all_of(program: Program) -> tuple[list[Instance], list[Diagnostic]]:
    """Every network of a program, and the findings, with those of their fixes that mend them."""
    built, found = check_program(program)
    return built, vetted(program, found, lambda copy: check_program(copy)[1])


@metered()
def survey(
    path: str | PathLike[str] | Source,
    network: str | None = None,
    params: Mapping[str, Argument] | None = None,
) -> tuple[Coverage, list[Diagnostic]]:
    """What a check of a file looks at, and all that is to be said about it.

    It builds every network of the file, or the one that a name and parameters describe.
    """
    try:
        program = read_program(path)
    except Failure as failure:
        return Coverage(), [failure.diagnostic]
    if network is None and not params:
        built, found = all_of(program)
        return coverage(program, built, picked=False, void=False), found
    instance, found = instance_of(program, network, params or {})
    one = [] if instance is None else [instance]
    return coverage(program, one, picked=True, void=bool(params)), found
