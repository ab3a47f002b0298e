"""Reads a file and all that it uses, and says which names each file sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from functools import cache
from os.path import normpath
from pathlib import Path

from seqdsl.semantic.names.reading import DISK, Files, Overlay
from seqdsl.source.codes import BY_NAME, CodeName
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.fix import Edit, edited, replacing
from seqdsl.source.frozen import frozen
from seqdsl.source.limits import LIMITS, way_on
from seqdsl.source.project import project_root
from seqdsl.source.resources import resource
from seqdsl.source.suggest import nearest
from seqdsl.source.text import Source, Span
from seqdsl.syntax import ast
from seqdsl.syntax.parser import parse

PRELUDE = "std.prelude"

Definition = ast.Block | ast.Buildable


@dataclass(slots=True, eq=False)
class LoadedModule:
    """One file with the definitions that it sees: its own, then those of what it uses."""

    syntax: ast.Module
    own: dict[str, Definition] = field(default_factory=dict)
    visible: dict[str, tuple[Definition, LoadedModule]] = field(default_factory=dict)
    uses: list[tuple[ast.Use, LoadedModule]] = field(default_factory=list)

    def find(self, name: str) -> tuple[Definition, LoadedModule] | None:
        return self.visible.get(name)

    @property
    def blocks(self) -> Iterator[str]:
        """The names of the blocks that it sees."""
        return (name for name, (d, _) in self.visible.items() if isinstance(d, ast.Block))

    @property
    def networks(self) -> list[ast.Buildable]:
        return [d for d in self.own.values() if not isinstance(d, ast.Block)]


def reachable(module: LoadedModule) -> list[LoadedModule]:
    """A module, and all that it uses or whose definitions it sees, directly or not."""
    found = {module: None}
    waiting = [module]
    while waiting:
        each = waiting.pop()
        homes = (home for _, home in each.visible.values())
        for other in (*homes, *(used for _, used in each.uses)):
            if other not in found:
                found[other] = None
                waiting.append(other)
    return list(found)


@frozen
class Program:
    """A file with everything it uses; ``modules`` holds the user's files, the root first."""

    root: LoadedModule
    modules: tuple[LoadedModule, ...]
    diagnostics: tuple[Diagnostic, ...]
    path: Path | None  # of the root; None for standard input
    files: Files

    def edited(self, edits: Sequence[Edit]) -> Program:
        """The program read anew with edits put into its files, as if they had been saved."""
        texts = {
            module.syntax.source: edited(
                module.syntax.source.text,
                [edit for edit in edits if edit.span.source is module.syntax.source],
            )
            for module in self.modules
        }
        root = self.root.syntax.source
        source = Source(root.name, texts[root])
        return load_program(source, self.path, Overlay(self.files, texts))


def load_program(source: Source, path: Path | None, files: Files = DISK) -> Program:
    """Parses a source and, from ``path``'s folder, what it uses. Never raises."""
    located = files.locate(path) if path else None
    loader = _Loader(located.parent if located else Path.cwd(), files)
    root = loader.module(source, str(path or ""), located, ())
    return Program(root, tuple(loader.user_modules), tuple(loader.diagnostics), path, files)


def library_module(name: str) -> LoadedModule | None:
    """A module of the standard library by its dotted name, or None."""
    return _parsed(name) if name in library_names() else None


@cache
def _parsed(name: str) -> LoadedModule:
    """A module of the library, once a process."""
    path = name.replace(".", "/") + ".seq"
    text = resource("architectures").joinpath(path).read_text(encoding="utf-8")
    source = Source(path, text, library=True)
    syntax, diagnostics = Context().run(parse, source)  # whatever the limits for others
    if diagnostics:
        raise AssertionError(f"the standard library does not parse: {diagnostics[0].message}")
    module = LoadedModule(syntax)
    _define(module, [])
    uses = [item.target for item in syntax.items if isinstance(item, ast.Use)]
    for target in ([] if name == PRELUDE else [PRELUDE]) + uses:
        _import(module, _parsed(target))
    return module


@cache
def library_names() -> tuple[str, ...]:
    folder = resource("architectures").joinpath("std")
    files = (file.name for file in folder.iterdir() if file.name.endswith(".seq"))
    return tuple(sorted(f"std.{name[:-4]}" for name in files))


def library_home(block: str) -> str | None:
    """The module of the standard library that defines a block."""
    for name in library_names():
        module = library_module(name)
        if module is not None and block in module.own:
            return name
    return None


class _Loader:
    def __init__(self, folder: Path, files: Files) -> None:
        self._files = files
        self._root = project_root(folder, files.exists) or folder
        self._folder = folder
        self._loaded: dict[Path, LoadedModule] = {}
        self._missing: set[Path] = set()  # and what can't be read
        self.user_modules: list[LoadedModule] = []
        self.diagnostics: list[Diagnostic] = []

    def module(
        self, source: Source, name: str, path: Path | None, parents: tuple[Path, ...]
    ) -> LoadedModule:
        syntax, problems = parse(source)
        self.diagnostics.extend(problems)
        module = LoadedModule(syntax)
        self.user_modules.append(module)
        if path is not None:
            self._loaded[path] = module
        if not syntax.items and not problems:
            self.diagnostics.append(_empty(source))
        _define(module, self.diagnostics)
        folder = path.parent if path else self._folder
        chain = (*parents, path) if path else parents
        for item in syntax.items:
            if isinstance(item, ast.Use):
                try:
                    used = self._used(item, name, folder, chain)
                except Failure as failure:
                    self.diagnostics.append(failure.diagnostic)
                    continue
                self.diagnostics.extend(_hidden(module, used, item))
                _import(module, used)
                module.uses.append((item, used))
        prelude = library_module(PRELUDE)  # last: what a file imports comes before it
        if prelude is not None:
            _import(module, prelude)
        return module

    def _used(
        self, use: ast.Use, user: str, folder: Path, parents: tuple[Path, ...]
    ) -> LoadedModule:
        if use.library:
            found = library_module(use.target)
            if found is None:
                is_file = use.target.endswith(".seq")  # which stands in quotes
                near = f'"{use.target}"' if is_file else nearest(use.target, library_names())
                message = f"the library has no module `{use.target}`"
                raise _import_failure("missing-import", message, use, near)
            return found
        try:
            path = self._files.locate(folder / use.target)
        except (OSError, RuntimeError, ValueError):  # a circle of links, a NUL in the name
            message = "this is not the path of a file"
            raise _import_failure("missing-import", message, use, None) from None
        if not path.is_relative_to(self._root):
            raise _import_failure(
                "import-outside",
                f'"{use.target}" is outside the project',
                use,
                None,
                "a file uses the standard library and files of its own project only",
            )
        if path in parents:
            raise _circle([*parents[parents.index(path) :], path], use)
        if path in self._loaded:
            return self._loaded[path]
        deepest = LIMITS.get().depth
        if len(parents) > deepest:
            raise _import_failure(
                "import-limit", f"files import one another deeper than {deepest}", use, None,
                way_on("depth"),
            )  # fmt: skip
        most = LIMITS.get().imports
        if len(self._loaded) + len(self._missing) >= most:
            raise _import_failure(
                "import-limit", f"more than {most} files are imported", use, None,
                way_on("imports"),
            )  # fmt: skip
        name = normpath(Path(user).parent / use.target)
        try:
            source = self._files.read(path, name)
        except Failure as failure:
            self._missing.add(path)
            others = [n for n in self._files.sources(path.parent) if path.parent / n not in parents]
            near = nearest(path.name, others)
            if near is not None:
                near = f"{use.target.removesuffix(path.name)}{near}"
            message, help = failure.diagnostic.message, None
            if library_module(use.target) is not None:
                help = "a module of the library is named without quotes"
            raise _import_failure("missing-import", message, use, near, help) from None
        return self.module(source, name, path, parents)


def _define(module: LoadedModule, diagnostics: list[Diagnostic]) -> None:
    for item in module.syntax.items:
        if isinstance(item, ast.Use):
            continue
        known = module.own.get(item.name)
        if known is not None:
            diagnostics.append(
                Diagnostic(
                    BY_NAME["duplicate-definition"],
                    f"`{item.name}` is defined twice",
                    Label(item.name_span, "defined again"),
                    (Label(known.name_span, "first defined here"),),
                    help="rename one of them",
                )
            )
            continue
        module.own[item.name] = item
        module.visible[item.name] = (item, module)


def _hidden(module: LoadedModule, used: LoadedModule, use: ast.Use) -> list[Diagnostic]:
    """A finding for each name of a used file that another has defined already."""
    known = ((name, module.visible.get(name), d) for name, d in used.own.items())
    return [
        Diagnostic(
            BY_NAME["shadowed-name"],
            f"`{name}` of this file is hidden by another of the same name",
            Label(use.span, "used here"),
            (Label(first[0].name_span, "seen instead"), Label(hidden.name_span, "not seen")),
            help="rename one of them",
        )
        for name, first, hidden in known
        if first is not None and first[1] is not used
    ]


def _import(module: LoadedModule, used: LoadedModule) -> None:
    for name, definition in used.own.items():
        module.visible.setdefault(name, (definition, used))


def _empty(source: Source) -> Diagnostic:
    return Diagnostic(
        BY_NAME["empty-file"],
        "the file defines nothing",
        Label(Span(source, 0, 0), "no network, model or block"),
        help="begin with `network Name { input 3x224x224 ... }`",
    )


def _circle(paths: Sequence[Path], use: ast.Use) -> Failure:
    names = " -> ".join(path.name for path in paths)
    message, help = (
        f"files use one another in a circle: {names}",
        "move what both need into a third file",
    )
    if len(paths) == 2:
        message, help = "a file can't use itself", "it sees its own definitions: remove the line"
    return _import_failure("import-cycle", message, use, None, help)


def _import_failure(
    code: CodeName, message: str, use: ast.Use, suggestion: str | None, help: str | None = None
) -> Failure:
    fix = None
    if suggestion is not None:
        help = f"did you mean `{suggestion}`?"
        fix = replacing(use.target_span, suggestion)
    where = Label(use.span, "used here")
    return Failure(Diagnostic(BY_NAME[code], message, where, help=help, fix=fix))
