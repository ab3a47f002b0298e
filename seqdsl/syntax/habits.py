"""Habits of Python, PyTorch and Keras whose meaning is plain: the rest is read as if mended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from lark import Token

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.fix import removing_lines, replacing
from seqdsl.source.text import Span
from seqdsl.syntax.foreign_calls import foreign_at, foreign_call, foreign_value
from seqdsl.syntax.messages import describe
from seqdsl.syntax.misfit import ITEMS, VALUES, Misfit, Repair
from seqdsl.syntax.recovery import tidy, without_statement
from seqdsl.syntax.splicing import ENDS, end_of, like, spliced
from seqdsl.syntax.tokens import statement_start, token_span

_MAPS = {"NAME", "IT", "IN"}
_SUMS = {"PLUS": "add", "STAR": "multiply"}
_PYTHON = {
    "torch", "torchvision", "tensorflow", "keras", "numpy", "timm", "jax", "flax", "math",
    "typing", "einops", "__future__",
}  # fmt: skip
_NOTHING = "layers are built in, or of the library: `use std.residual`; nothing of Python is used"


def _sum_of_maps(m: Misfit) -> Repair | None:
    """``it + skip``, ``a * gate`` and ``it += skip`` as statements."""
    start = statement_start(m.tokens, m.position)
    end = end_of(m.tokens, m.position)
    parts = list(m.tokens[start:end])
    kind = next((t.type for t in parts if t.type in _SUMS), None)
    if kind is None or not parts or parts[0].type not in _MAPS or m.token.type != kind:
        return None
    changes = len(parts) > 2 and parts[2].type == "EQUAL"  # `+=`
    if changes:
        del parts[2]
    operands: list[list[Token]] = [[]]
    for token in parts:
        if token.type == kind:
            operands.append([])
        elif token.type == "ATTRIBUTE" if operands[-1] else token.type in _MAPS:
            operands[-1].append(token)
        else:
            return None
    if not all(operands):
        return None
    names = ["".join(operand) for operand in operands]
    text = f"{_SUMS[kind]} {', '.join(names)}"
    if changes and names[0] != "it":
        text = f"{names[0]} = {names[0]} | {_SUMS[kind]} {names[1]}"
    span = token_span(m.source, parts[0]).to(token_span(m.source, parts[-1]))
    found = Diagnostic(
        BY_NAME["syntax"],
        f"`{_sign(kind)}` is for numbers, and this would be feature maps",
        Label(m.span, "a layer is needed"),
        help=f"the layer is `{_SUMS[kind]}`: write `{text}`",
        fix=replacing(span, text),
    )
    return found, spliced(m, start, end, text)


def _layer_as_value(m: Misfit) -> Repair | None:
    """``x = conv 3x3, 16``, where a pipe is missing, or the name is one too many."""
    statement = m.statement
    if [t.type for t in statement[1:2]] != ["EQUAL"] or statement[0].type not in ("NAME", "IT"):
        return None
    value = statement[2:-1]
    if not value or value[0].type != "NAME" or any(t.type != "ATTRIBUTE" for t in value[1:]):
        return None
    if value[0].line != statement[0].line:  # a line that ends too early
        return None
    if m.token.type not in VALUES | _MAPS | {"LSQB", "STRING", "LBRACE", "X"}:
        return None
    start = m.position + 1 - len(statement)
    name, layer = statement[0], value[0]
    where = token_span(m.source, layer)
    shown = f"{layer} {m.token}" if m.token.type != "LBRACE" else f"{layer} {{ }}"
    if m.token.type in _MAPS and (m.token.type != "NAME" or m.token in _named(m.tokens)):
        return _operand_first(m, start, where)
    flows = name.type == "IT" or not _is_read(name, m.tokens)
    help = f"`{name} = it | {shown} ...` names what the layer makes"
    if flows:
        help = f"a layer applies to what flows: `{shown} ...` alone; {help}"
        fix = replacing(token_span(m.source, name).to(Span(m.source, 0, where.start)), "")
        rest = [*m.tokens[:start], *m.tokens[start + 2 :]]
    else:
        fix = replacing(Span(m.source, where.start, where.start), "it | ")
        pipe = [like(layer, "IT", "it"), like(layer, "VBAR", "|")]
        rest = [*m.tokens[: start + 2], *pipe, *m.tokens[start + 2 :]]
    found = Diagnostic(
        BY_NAME["syntax"],
        f"the layer `{layer}` is applied to nothing here",
        Label(where, "a feature map and `|` expected before it"),
        help=help,
        fix=fix,
    )
    return found, rest


def _operand_first(m: Misfit, start: int, where: Span) -> Repair:
    """``y = relu x``: what the layer is applied to stands behind it."""
    after = m.position + 1
    if after < len(m.tokens) and m.tokens[after].type == "COMMA":
        after += 1
    until = token_span(m.source, m.tokens[after]).start if after < len(m.tokens) else m.span.end
    if after == len(m.tokens) or m.tokens[after].type in ENDS:
        until = m.span.end
    layer = Span(m.source, where.start, m.end_before).text
    ends = after == len(m.tokens) or m.tokens[after].type in ENDS
    text = f"{m.token} | {layer}" + ("" if ends else " ")
    found = Diagnostic(
        BY_NAME["syntax"],
        f"the layer `{layer}` is applied to nothing here",
        Label(where, "a feature map and `|` expected before it"),
        (Label(m.span, "what it is to be applied to"),),
        help=f"a layer is applied with a pipe: `{m.token} | {layer}`",
        fix=replacing(Span(m.source, where.start, until), text),
    )
    pipe = [m.token, like(m.token, "VBAR", "|")]
    layer_tokens = m.tokens[start + 2 : m.position]
    return found, [*m.tokens[: start + 2], *pipe, *layer_tokens, *m.tokens[after:]]


def _self_assigned(m: Misfit) -> Repair | None:
    """``self.conv1 = conv 3x3, 16``: a layer is applied where it is written."""
    types = [t.type for t in m.statement]
    if m.token.type != "EQUAL" or m.statement[0] != "self" or types[1:2] != ["ATTRIBUTE"]:
        return None
    start, after = m.position + 1 - len(types), m.position + 1
    name = str(m.statement[1])[1:]
    first = token_span(m.source, m.statement[0])
    found = Diagnostic(
        BY_NAME["syntax"],
        "a layer is applied where it is written, and nothing is `self`",
        Label(first.to(token_span(m.source, m.statement[1])), "not of this language"),
        help=f"write the layer alone; `{name} = it | layer ...` names what it makes",
    )
    call = foreign_at(m, after)
    end, text = call or (after, None)
    if text:
        span = first.to(token_span(m.source, m.tokens[end - 1]))
        found = replace(found, fix=replacing(span, text))
        return found, spliced(m, start, end, text)
    if after >= len(m.tokens) or m.tokens[after].type in ENDS:
        return None
    if call is not None or m.tokens[after].type == "CALLNAME":
        return found, without_statement(list(m.tokens), m.position)
    until = token_span(m.source, m.tokens[after]).start
    found = replace(found, fix=replacing(Span(m.source, first.start, until), ""))
    return found, [*m.tokens[:start], *m.tokens[after:]]


def _python_import(m: Misfit) -> Repair | None:
    """``from x import y``, and ``import`` of what is Python's."""
    if m.token not in ("from", "import") or not m.expected >= ITEMS:
        return None
    start, end = m.position, end_of(m.tokens, m.position)
    words = m.tokens[start + 1 : end]
    length = next((i for i, t in enumerate(words) if i and t.type != "ATTRIBUTE"), len(words))
    module = "".join(words[:length])
    if not words or words[0].type != "NAME":
        return None
    span = m.span.to(token_span(m.source, words[-1]))
    rest = [str(t) for t in words[length : length + 1]]
    if words[0] in _PYTHON:
        found = Diagnostic(
            BY_NAME["syntax"],
            f"`{module}` is a module of Python",
            Label(span, "nothing to import"),
            help=_NOTHING,
            fix=removing_lines(span, safe=False),
        )
        return found, tidy([*m.tokens[:start], *m.tokens[end:]])
    if m.token == "import" or rest != ["import"]:
        return None
    found = Diagnostic(
        BY_NAME["syntax"],
        "a module is imported whole",
        Label(span, "`use` expected"),
        help=f"`use {module}` imports every block of it",
        fix=replacing(span, f"use {module}"),
    )
    return found, spliced(m, start, end, f"use {module}")


def _tuple(m: Misfit) -> Repair | None:
    """``(3, 3)`` for a size."""
    opening = m.opening
    if m.token.type != "COMMA" or opening is None or opening.type != "LPAR":
        return None
    start = m.position - 2
    if start < 0 or m.tokens[start] is not opening:
        return None
    end = start + 1
    while end < len(m.tokens) and m.tokens[end].type in ("NUMBER", "NAME", "COMMA"):
        end += 1
    if end >= len(m.tokens) or m.tokens[end].type != "RPAR":
        return None
    sides = [str(t) for t in m.tokens[start + 1 : end] if t.type != "COMMA"]
    if len(sides) < 2:
        return None
    whole = all(side.isdigit() for side in sides)
    text = "x".join(sides) if whole else f"size({', '.join(sides)})"
    span = token_span(m.source, opening).to(token_span(m.source, m.tokens[end]))
    found = Diagnostic(
        BY_NAME["syntax"],
        "a size is no tuple",
        Label(span, "a size such as 3x3 expected"),
        help=f"write `{text}`",
        fix=replacing(span, text),
    )
    return found, spliced(m, start, end + 1, text)


def _one_too_many(m: Misfit) -> Repair | None:
    """What another language writes between a heading and its braces, and `:=`."""
    between = m.followed_by("LBRACE") and "LBRACE" in m.expected
    walrus = m.token == ":" and m.followed_by("EQUAL")
    if not walrus and not (between and (m.token == ":" or m.token.type == "NAME")):
        return None
    found = describe(m)
    return found, [*m.tokens[: m.position], *m.tokens[m.position + 1 :]]


def _module_path(m: Misfit) -> Repair | None:
    """``use std/seqconv``"""
    if m.token.type != "SLASHES" or m.before not in ("NAME", "ATTRIBUTE"):
        return None
    if m.statement[0].type != "USE" or not m.followed_by("NAME"):
        return None
    part = like(m.token, "ATTRIBUTE", f".{m.tokens[m.position + 1]}")
    return describe(m), [*m.tokens[: m.position], part, *m.tokens[m.position + 2 :]]


def _power(m: Misfit) -> Repair | None:
    """``width**2``"""
    if m.token.type != "STAR" or m.before != "STAR" or m.gap.text or m.position < 2:
        return None
    base, exponent = m.tokens[m.position - 2], m.tokens[m.position + 1 : m.position + 2]
    found = Diagnostic(
        BY_NAME["syntax"],
        "there is no operator for powers",
        Label(token_span(m.source, m.tokens[m.position - 1]).to(m.span), "not of this language"),
        help="write the product, or a list of the values: `[16, 32, 64][i]`",
    )
    simple = base.type in ("NAME", "NUMBER") and exponent and exponent[0] in ("2", "3", "4")
    if not simple:
        return found, without_statement(list(m.tokens), m.position)
    text = "*".join([str(base)] * int(exponent[0]))
    span = token_span(m.source, base).to(token_span(m.source, exponent[0]))
    found = replace(found, fix=replacing(span, text))
    return found, spliced(m, m.position - 2, m.position + 2, text)


def _sign(kind: str) -> str:
    return "+" if kind == "PLUS" else "*"


def _named(tokens: Sequence[Token]) -> set[str]:
    """The names that statements give to values."""
    return {
        str(token)
        for i, token in enumerate(tokens[:-1])
        if token.type == "NAME"
        and tokens[i + 1].type == "EQUAL"
        and (not i or tokens[i - 1].type in ENDS)
    }


def _is_read(name: Token, tokens: Sequence[Token]) -> bool:
    """Whether a name stands anywhere but before an equals sign."""
    return any(
        token == name
        and token.type == "NAME"
        and (i + 1 == len(tokens) or tokens[i + 1].type != "EQUAL")
        for i, token in enumerate(tokens)
    )


HABITS: tuple[Callable[[Misfit], Repair | None], ...] = (
    _python_import,
    _self_assigned,
    _sum_of_maps,
    _layer_as_value,
    foreign_value,
    _tuple,
    foreign_call,
    _power,
    _one_too_many,
    _module_path,
)
