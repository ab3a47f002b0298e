"""The functions that compile: `load`, `check` and `expand`, of a file or of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from seqdsl.api.arguments import merged, name_of, require_word, where_of
from seqdsl.api.network import Network, Origin
from seqdsl.api.plain import expand_plainly
from seqdsl.api.programs import check_file, instance_of, read_program
from seqdsl.semantic.expansion.given import Argument, spell
from seqdsl.source.diagnostic import CompileError, Diagnostic, Failure, has_errors
from seqdsl.source.meter import metered
from seqdsl.source.render import OutputFormat
from seqdsl.source.render import render as _render
from seqdsl.source.text import Source

if TYPE_CHECKING:
    from seqdsl.source.render import OutputFormatName


def load(
    path: str | PathLike[str] | None = None,
    /,
    network: str | None = None,
    *,
    source: str | None = None,
    parameters: Mapping[str, Argument] | None = None,
    **params: Argument,
) -> Network:
    """Compile one network of a ``.seq`` file, or of a text.

    ``network`` names a network or model where there are several. Keywords bind its parameters,
    as ``-D`` does, and every number exactly: 0.1 is one tenth. A str is read as an expression of
    the language: ``"[1, 2]"``, ``"3x3"``. ``parameters`` does the same for names that are
    computed, or are ``source`` or ``parameters``. Text uses files beside the working
    directory.

    Raises `CompileError` with every diagnostic where one is an error, false claims included;
    TypeError for a parameter that is no value of the language, and without either a path or a
    text.

    >>> text = "network N(k = 8) { input 3x8x8; conv 3x3, k; global_average_pool; fc 10 }"
    >>> load(source=text).params
    322
    >>> load(source=text, k=16).params
    634
    >>> load(source=text, parameters={"k": 16}).macs
    27808
    """
    where, bound = _given("load", path, source, parameters, params)
    return _loaded(where, name_of(network), bound)


@metered()
def _loaded(where: Path | Source, network: str | None, bound: Mapping[str, Argument]) -> Network:
    try:
        program = read_program(where)
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None
    instance, diagnostics = instance_of(program, network, bound)
    if has_errors(diagnostics) or instance is None or instance.network is None:
        raise CompileError(diagnostics)
    spelled = {name: spell(name, value) for name, value in bound.items()}
    return Network.of(instance.network, Origin(program, instance.name, spelled))


def check(
    path: str | PathLike[str] | None = None, *, source: str | None = None
) -> list[Diagnostic]:
    """Return the diagnostics of a file or a text, and of every network that it builds.

    They are in the order of the text; without any, the list is empty. ``print`` shows one as the
    command does. Raises TypeError without either a path or a text.

    >>> (found,) = check(source="network N { input 3x8x8; convv 3x3, 16 }")
    >>> print(found)
    error[SEQ201]: no layer `convv` is defined or imported
     --> <source>:1:26
      |
    1 | network N { input 3x8x8; convv 3x3, 16 }
      |                          ^^^^^ unknown layer
      |
      = help: did you mean `conv`?
      |
    1 - network N { input 3x8x8; convv 3x3, 16 }
    1 + network N { input 3x8x8; conv 3x3, 16 }
    """
    return check_file(where_of("check", path, source))[1]


def expand(
    path: str | PathLike[str] | None = None,
    /,
    network: str | None = None,
    *,
    source: str | None = None,
    parameters: Mapping[str, Argument] | None = None,
    **params: Argument,
) -> str:
    """Write one network of a file or a text as a plain source, with every parameter bound.

    Loops and conditions are worked out, and the layers of a derived network are in their places;
    only groups of an aggregation that differ are told apart by its index. The source compiles to
    the same graph, node for node, under the same names, which is checked here. Arguments and
    errors are those of `load`.

    >>> text = "network N(k = 8) { input 3x8x8; if k > 4 { conv 3x3, 2*k } }"
    >>> print(expand(source=text, k=16), end="")
    network N {
      input 3x8x8
      conv 3x3, 32
    }
    """
    where, bound = _given("expand", path, source, parameters, params)
    text, diagnostics = expand_plainly(where, name_of(network), bound)
    if text is None:
        raise CompileError(diagnostics)
    return text


def render(
    diagnostics: Sequence[Diagnostic], format: OutputFormatName = "full", *, color: bool = False
) -> str:
    """Return diagnostics as the commands print them with ``--output-format``.

    ``format`` is ``"full"``, ``"concise"``, ``"json"``, ``"sarif"`` or ``"github"``. The text is
    empty for no diagnostics, but for JSON and SARIF. Raises ValueError for another format.

    >>> print(render(check(source="network N { input 3x8x8; convv 3x3, 16 }"), "concise"))
    <source>:1:26: SEQ201 no layer `convv` is defined or imported
    """
    require_word("format", format, [each.value for each in OutputFormat])
    return _render(diagnostics, OutputFormat(format), color)


def _given(
    function: str,
    path: object,
    source: object,
    parameters: object,
    keywords: dict[str, Argument],
) -> tuple[Path | Source, dict[str, Argument]]:
    """Return where the source is and the parameters; without another, `path` is the file's."""
    if path is None and source is None and "path" in keywords:
        path = keywords.pop("path")
    return where_of(function, path, source), merged(parameters, keywords)
