"""What is said of a name that stands for nothing: by a rule, and where it would be evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from string import digits

from seqdsl.semantic.names.modules import LoadedModule, library_home
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.semantic.values import foreign
from seqdsl.semantic.values.binding import Formal, by_place, formals_of
from seqdsl.semantic.values.constants import CONSTANTS, FUNCTIONS
from seqdsl.semantic.values.types import TYPES, ParameterType
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.fix import Fix, inserting, replacing
from seqdsl.source.frozen import frozen
from seqdsl.source.suggest import did_you_mean, nearest
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.advice import ELSE_IF


@frozen
class Place:
    """Where a value stands: for which parameter, if that is known, of those that there are."""

    takes: Formal | None = None
    formals: Sequence[Formal] = ()

    @property
    def type(self) -> ParameterType | None:
        return TYPES.get((self.takes and self.takes.type) or "")


ANYWHERE = Place()


def formals_named(name: str, *modules: LoadedModule) -> Sequence[Formal] | None:
    """The parameters of the layer that a name stands for in the first module that knows it."""
    found = next(filter(None, (module.find(name) for module in modules)), None)
    if found is not None and isinstance(found[0], ast.Block):
        return formals_of(found[0])
    return PRIMITIVES[name].formals if name in PRIMITIVES else None


def places(arguments: Sequence[ast.Argument], formals: Sequence[Formal]) -> list[Place]:
    """The place of each argument: of its parameter's name, or the next in order."""
    named = {formal.name: formal for formal in formals}
    rest = iter(by_place(formals))
    return [Place(named.get(a.name) if a.name else next(rest, None), formals) for a in arguments]


def places_of(
    arguments: Sequence[ast.Argument], layer: str | None, module: LoadedModule
) -> list[Place]:
    """The place of each argument of a layer by its name; None is one that is not known.

    Where a layer takes any number of feature maps, what has no name may be one of them.
    """
    found = places(arguments, () if layer is None else formals_named(layer, module) or ())
    of_maps = layer in PRIMITIVES and PRIMITIVES[layer].several
    if not of_maps:
        return found
    return [place if a.name else ANYWHERE for a, place in zip(arguments, found, strict=True)]


def unknown_layer(
    call: ast.Call, callee: ast.Name, module: LoadedModule, others: Iterable[str]
) -> tuple[str, str | None, Fix | None]:
    """The message, the help and the fix; ``others`` would have been right, too."""
    message = f"no layer `{callee.name}` is defined or imported"
    if callee.name in ELSE_IF:
        return message, "another condition follows `else if`", replacing(callee.span, "else if")
    home = library_home(callee.name)
    if home is not None:
        return message, f"`use {home}` imports it", _importing(home, module)
    known = foreign.of_call(call)
    if known is not None:
        return message, *known
    help, fix = did_you_mean(
        callee.name,
        chain(module.blocks, PRIMITIVES, others),
        callee.span,
        "define it with `block`, or import the file that does with `use`",
    )
    return message, help, fix


def _importing(home: str, module: LoadedModule) -> Fix:
    """Writes a `use` behind the last one, or else above all but the comments of the file."""
    source = module.syntax.source
    if module.uses:
        end = source.line_end(module.uses[-1][0].span.line)
        return inserting(source, end, f"\nuse {home}")
    header = re.match(r"\ufeff?(?:[ \t]*(?:#(?!#)[^\n]*)?\n)*", source.text)
    return inserting(source, header.end() if header else 0, f"use {home}\n\n")


def undefined_value(
    name: ast.Name, place: Place, module: LoadedModule, values: Iterable[str]
) -> tuple[str | None, Fix | None]:
    """The help and the fix for a value that has no name; ``values`` are the names in scope."""
    if name.name in FUNCTIONS:
        return f"it is a function: `{name.name}(...)`", None
    if any(formal.name == name.name for formal in place.formals):
        return f"a value for the parameter of this name is given with `{name.name}=...`", None
    known = foreign.of_name(name, None if place.takes is None else place.takes.name)
    if known is not None:
        return known
    help = "name a value with `name = ...`, or declare a parameter"
    if place.takes is not None and place.type is not None:
        help = f"`{place.takes.name}` must be {place.type.description}"
    return did_you_mean(name.name, chain(values, fitting(place, module)), name.span, help)


def near_outputs(name: ast.Name, values: Iterable[str]) -> list[Diagnostic]:
    """A warning of an output of what flows, if its name is almost that of a value in scope."""
    near = nearest(name.name, values, foreign=False) if len(name.name) > _SHORT else None
    if near is None or near.rstrip(digits) == name.name.rstrip(digits):
        return []
    return [
        Diagnostic(
            BY_NAME["near-output"],
            f"`{name.name}` is a new name: this output is what flows here",
            Label(name.span, f"not `{near}`"),
            help=f"did you mean `{near}`? If what flows is meant, write `output {name.name} = it`",
            fix=replacing(name.span, near),
        )
    ]


_SHORT = 3  # letters of a name that is like too many others


def fitting(place: Place, module: LoadedModule) -> Iterator[str]:
    """The constants and the layers that fit a place."""
    type = place.type
    for name, value in CONSTANTS.items():
        if type is None or type.accepts(value):
            yield name
    if type is None or type is TYPES["layer"]:
        yield from chain(module.blocks, PRIMITIVES)


def unknown_function(e: ast.Function, module: LoadedModule) -> tuple[str | None, Fix | None]:
    """The help and the fix for a function that does not exist; it may be a layer."""
    if formals_named(e.name, module) is not None:
        arguments = e.span.text[len(e.name) + 1 : -1].strip()
        if not arguments:
            return f"a layer is named without brackets: `{e.name}`", replacing(e.span, e.name)
        pipe = f"it | {e.name} {arguments}"
        operand, _, rest = arguments.partition(",")
        if isinstance(e.arguments[0].value, ast.Name) and e.arguments[0].name is None:
            pipe = f"{operand.strip()} | {e.name} {rest.strip()}".rstrip()
        return f"a layer is applied with a pipe: `{pipe}`", replacing(e.span, pipe)
    known = foreign.of_expression(e)
    if known is not None:
        return known
    if e.name == "range":
        return "a range is written `first..last`, such as `1..3`", _range(e)
    named = Span(e.span.source, e.span.start, e.span.start + len(e.name))
    return did_you_mean(e.name, FUNCTIONS, named, f"the functions are {', '.join(FUNCTIONS)}")


def _range(e: ast.Function) -> Fix | None:
    """Python's `range(n)` and `range(a, b)`, less what stands behind their last number."""
    texts = [argument.value.span.text for argument in e.arguments]
    if not 1 <= len(texts) <= 2:
        return None
    first, end = texts if len(texts) == 2 else ("1", texts[0])
    if len(texts) == 2:
        end = str(int(end) - 1) if end.isdigit() else f"{end} - 1"
    return replacing(e.span, f"{first}..{end}")
