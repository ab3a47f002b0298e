"""Calls of another framework: ``nn.Conv2d(3, 16, 3)``, ``BatchNorm2d(16)``."""

from __future__ import annotations

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.elsewhere import MODULES, foreign_layer
from seqdsl.source.fix import removing_lines, replacing
from seqdsl.source.frozen import frozen
from seqdsl.source.translate import Written, applied, piped, translated
from seqdsl.syntax.misfit import Misfit, Repair
from seqdsl.syntax.recovery import without_statement
from seqdsl.syntax.splicing import ENDS, closing_of, spliced
from seqdsl.syntax.tokens import statement_start, token_span


def foreign_call(m: Misfit) -> Repair | None:
    """``nn.Conv2d(3, 16, 3)`` and ``BatchNorm2d(16)`` as statements, or behind a pipe."""
    start = m.position
    while start and m.tokens[start].type in ("METHOD", "ATTRIBUTE"):
        start -= 1
    if start != statement_start(m.tokens, start) and m.tokens[start - 1].type != "VBAR":
        return None
    call = foreign_at(m, start)
    if call is None:
        return None
    end, text = call
    span = token_span(m.source, m.tokens[start]).to(token_span(m.source, m.tokens[end - 1]))
    name = "".join(m.tokens[start : m.position + 1])
    layer = foreign_layer(name)
    fix = None if text is None else replacing(span, text)
    if text == "":
        fix = removing_lines(span, safe=False)
    found = Diagnostic(
        BY_NAME["syntax"],
        f"unexpected `(` after `{name}`"
        if layer is not None and layer.write == name
        else f"`{name}(...)` is a call of another framework",
        Label(span, "not of this language"),
        help=layer.help if layer is not None else None,
        fix=fix,
    )
    if not text:
        return found, without_statement(list(m.tokens), m.position)
    return found, spliced(m, start, end, text)


def foreign_at(m: Misfit, start: int) -> tuple[int, str | None] | None:
    """Behind the last token of a foreign call that begins at one, and what to write for it."""
    call = _call_at(m, start)
    return None if call is None else (call.end, translated(call.name, call.arguments))


def foreign_value(m: Misfit) -> Repair | None:
    """``x = torch.cat((a, b), 1)`` and ``x = nn.ReLU()(x)``: values that are no expressions."""
    start = m.position + 1 - len(m.statement) + 2
    if [t.type for t in m.statement[1:2]] != ["EQUAL"] or start > m.position:
        return None
    call = _call_at(m, start)
    if call is None or m.position >= call.end:
        return None
    span = token_span(m.source, m.tokens[start]).to(token_span(m.source, m.tokens[call.end - 1]))
    text = None
    if call.operand is None:
        text = piped(call.name, call.arguments)
    elif call.operand.isidentifier():
        text = applied(call.name, call.arguments, call.operand)
    layer = foreign_layer(call.name)
    found = Diagnostic(
        BY_NAME["syntax"],
        f"`{call.name}(...)` is a call of another framework",
        Label(span, "not of this language"),
        help=layer.help if layer is not None else None,
        fix=None if text is None else replacing(span, text),
    )
    if text is None:
        return found, without_statement(list(m.tokens), m.position)
    return found, spliced(m, start, call.end, text)


@frozen
class _Call:
    """A call of another framework: what it is applied to at once, and behind its last token."""

    name: str
    arguments: Written
    operand: str | None
    end: int


def _call_at(m: Misfit, start: int) -> _Call | None:
    """The foreign call whose first token is one."""
    at = start
    while at < len(m.tokens) and m.tokens[at].type in ("NAME", "ATTRIBUTE"):
        at += 1
    if at >= len(m.tokens) or m.tokens[at].type not in ("METHOD", "CALLNAME"):
        return None
    qualified = at > start
    if (m.tokens[at].type == "METHOD") != qualified:
        return None
    name = "".join(m.tokens[start : at + 1])
    if qualified and m.tokens[start] not in MODULES:
        return None
    if foreign_layer(name) is None:
        return None
    closing = closing_of(m.tokens, at + 1)
    if closing is None:
        return None
    arguments = _written(m, at + 2, closing)
    operand = None
    end = closing + 1
    if end < len(m.tokens) and m.tokens[end].type == "LPAR":  # applied at once: `ReLU()(x)`
        closed = closing_of(m.tokens, end)
        if closed is not None:
            operand = " ".join(text for _, text in _written(m, end + 1, closed))
            end = closed + 1
    if end < len(m.tokens) and m.tokens[end].type not in ENDS - {"LBRACE"} | {"VBAR"}:
        return None
    return _Call(name, arguments, operand, end)


def _written(m: Misfit, start: int, end: int) -> Written:
    """The arguments between two brackets, as they are written."""
    arguments: list[tuple[str | None, str]] = []
    first, depth = start, 0
    for i in range(start, end + 1):
        kind = m.tokens[i].type
        depth += (kind in ("LPAR", "LSQB")) - (kind in ("RPAR", "RSQB") and i < end)
        if (i == end or (kind == "COMMA" and not depth)) and i > first:
            named = [t.type for t in m.tokens[first : first + 2]] == ["NAME", "EQUAL"]
            begin = first + 2 * named
            span = token_span(m.source, m.tokens[min(begin, i - 1)])
            text = span.to(token_span(m.source, m.tokens[i - 1])).text
            arguments.append((str(m.tokens[first]) if named else None, text))
        if kind == "COMMA" and not depth:
            first = i + 1
    return arguments
