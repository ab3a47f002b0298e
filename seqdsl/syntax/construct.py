"""Makes the syntax tree of `seqdsl.syntax.ast` from Lark's parse tree."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

from lark import Token, Tree

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.limits import INTEGERS, LIMITS, way_on
from seqdsl.source.text import Source, Span
from seqdsl.syntax import ast

MAX_INTEGER = 2**63 - 1

_SUFFIX = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def construct(tree: Tree[Token], source: Source) -> tuple[ast.Item, ...]:
    """The items of a file.

    Raises `Failure` for an integer past 64 bits, or what is nested too deeply.
    """
    builder = _Construct(source)
    return tuple(builder.item(child) for child in tree.children if child is not None)


def too_deep(span: Span) -> Failure:
    """The failure of what is nested deeper than anybody writes."""
    return Failure(
        Diagnostic(
            BY_NAME["nesting"],
            f"more than {LIMITS.get().nesting} brackets, signs or attributes stand in one another "
            "here",
            Label(span, "one too many"),
            help="name a part of it with `name = ...`, or move it into a block of its own; "
            + way_on("nesting"),
        )
    )


def construct_expression(tree: Tree[Token], source: Source) -> ast.Expression:
    """A single expression. Raises `Failure` as `construct` does."""
    return _Construct(source).expression(tree)


class _Construct:
    """One method a rule; `Any` stays inside, as Lark's trees have no types of their own."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._deepest = LIMITS.get().nesting
        self._depth = 0  # of the expression that is made

    def _span(self, tree: Any) -> Span:
        if isinstance(tree, Token):
            return Span(self._source, cast(int, tree.start_pos), cast(int, tree.end_pos))
        return Span(self._source, tree.meta.start_pos, tree.meta.end_pos)

    # --- items

    def item(self, tree: Any) -> ast.Item:
        children, span = tree.children, self._span(tree)
        if tree.data == "use":
            library = children[0].type == "NAME"
            first, last = self._span(children[0]), self._span(children[-1])
            if library:
                return ast.Use("".join(children), first.to(last), True, span)
            return ast.Use(
                children[0][1:-1], Span(first.source, first.start + 1, first.end - 1), False, span
            )
        docs = [child for child in children if isinstance(child, Token) and child.type == "DOC"]
        doc = "\n".join(line[2:].strip() for line in docs)
        name, *rest = children[len(docs) :]
        name_span = self._span(name)
        span = Span(self._source, name_span.start, span.end)
        if tree.data == "model":
            network, arguments, body = rest
            claims = self.body(body).statements if body is not None else ()
            return ast.Model(
                str(name), name_span, str(network), self._span(network),
                self.arguments(arguments), claims, doc, span,
            )  # fmt: skip
        if tree.data == "derived":
            return self.derived(name, rest, doc, span)
        parameters = self.parameters(rest[0]) if len(rest) == 2 else ()
        kind = ast.Network if tree.data == "network" else ast.Block
        return kind(str(name), name_span, parameters, self.body(rest[-1]), doc, span)

    def derived(self, name: Token, rest: Any, doc: str, span: Span) -> ast.Derived:
        *parameters, base, changes = rest
        target, *arguments = base.children
        made = [child for child in changes.children if child is not None]
        return ast.Derived(
            str(name), self._span(name), self.parameters(parameters[0]) if parameters else (),
            str(target), self._span(target), self.arguments(arguments[0]) if arguments else (),
            tuple(self.replace(child) for child in made if child.data == "replace"),
            tuple(
                self.expect(child.children, self._span(child))
                if child.data == "expect"
                else self.train(child.children, self._span(child))
                for child in made
                if child.data != "replace"
            ),
            doc, span,
        )  # fmt: skip

    def replace(self, tree: Any) -> ast.Replace:
        layer, *listed, where, body = tree.children
        names = [child for child in listed[0].children if child is not None] if listed else []
        return ast.Replace(
            str(layer),
            self._span(layer),
            tuple(ast.Name(str(name), self._span(name)) for name in names),
            None if where is None else self.expression(where),
            self.body(body),
            self._heading(self._span(tree), body),
        )

    def _heading(self, span: Span, body: Any) -> Span:
        """What stands before the braces of a statement."""
        heading = self._source.text[span.start : self._span(body).start].rstrip()
        return Span(self._source, span.start, span.start + len(heading))

    def parameters(self, tree: Any) -> tuple[ast.Parameter, ...]:
        return tuple(self.parameter(child) for child in tree.children if child is not None)

    def parameter(self, tree: Any) -> ast.Parameter:
        name, type, default = tree.children
        return ast.Parameter(
            str(name),
            self.type(type) if type is not None else None,
            self.expression(default) if default is not None else None,
            self._span(name),
        )

    def type(self, tree: Any) -> ast.Type:
        name, count = tree.children
        return ast.Type(
            str(name), self._whole(count) if count is not None else None, self._span(tree)
        )

    # --- statements

    def body(self, tree: Any) -> ast.Body:
        statements = tuple(self.statement(child) for child in tree.children if child is not None)
        return ast.Body(statements, self._span(tree))

    def statement(self, tree: Any) -> ast.Statement:
        children, span = tree.children, self._span(tree)
        match tree.data:
            case "call":
                return self.call(tree)
            case "let":
                name, pipeline = children
                value, calls = self.pipeline(pipeline)
                return ast.Let(str(name), self._span(name), value, calls, span)
            case "output":
                name, pipeline = children
                if pipeline is None:
                    return ast.Output(str(name), self._span(name), None, (), span)
                value, calls = self.pipeline(pipeline)
                return ast.Output(str(name), self._span(name), value, calls, span)
            case "loop":
                name, values, body = children
                return ast.For(
                    str(name), self._span(name), self.expression(values), self.body(body), span
                )
            case "choice":
                *pairs, otherwise = children
                branches = tuple(
                    (self.expression(condition), self.body(body))
                    for condition, body in zip(pairs[::2], pairs[1::2], strict=True)
                )
                return ast.If(branches, None if otherwise is None else self.body(otherwise), span)
            case "aggregate":
                name, values, *named, body = children
                heading = Span(self._source, span.start, self._span([values, *named][-1]).end)
                return ast.Aggregate(
                    str(name), self._span(name), self.expression(values),
                    tuple(map(self.argument, named)), self.body(body), heading,
                )  # fmt: skip
            case "stage" | "head":
                name, claim, body = children if tree.data == "stage" else ("head", *children)
                heading = self._heading(span, body)
                named = (
                    self._span(name)
                    if tree.data == "stage"
                    else Span(self._source, span.start, span.start + len("head"))
                )
                claimed = None if claim is None else self.expression(claim)
                return ast.Stage(str(name), named, claimed, self.body(body), heading)
            case "input":
                return ast.InputShape(tuple(map(self.expression, children)), span)
            case "require":
                condition, message = children
                text = None if message is None else str(message)[1:-1]
                return ast.Require(self.expression(condition), text, span)
            case "train":
                return self.train(children, span)
            case _:
                return self.expect(children, span)

    def pipeline(self, tree: Any) -> tuple[ast.Expression, tuple[ast.Call, ...]]:
        first, *calls = tree.children
        return self.expression(first), tuple(map(self.call, calls))

    def expect(self, children: Any, span: Span) -> ast.Expect:
        metric, quantity, convention, tolerance = children
        return ast.Expect(
            str(metric),
            self._span(metric),
            self.number(quantity),
            None if convention is None else str(convention),
            None if convention is None else self._span(convention),
            None if tolerance is None else self.number(tolerance),
            span,
        )

    def train(self, children: Any, span: Span) -> ast.Train:
        *named, settings = children
        recipe = named[0] if named else None
        if settings is not None:
            span = self._heading(span, settings)
        return ast.Train(
            None if recipe is None else str(recipe),
            None if recipe is None else self._span(recipe),
            () if settings is None else self._settings(settings),
            span,
        )

    def _settings(self, tree: Any) -> tuple[ast.Argument, ...]:
        return tuple(
            ast.Argument(
                str(child.children[0]), self.expression(child.children[1]), self._span(child)
            )
            for child in tree.children
            if child is not None
        )

    def call(self, tree: Any) -> ast.Call:
        callee, arguments, times, body = tree.children
        name, *attributes = callee.children
        target: ast.Name | ast.Attribute = ast.Name(str(name), self._span(name))
        for token in attributes:
            target = self._attribute(target, token)
        span = self._span(tree)
        if body is not None:  # point at the heading, not at the whole body
            span = self._heading(span, body)
        return ast.Call(
            target,
            self.arguments(arguments),
            None if times is None else self.expression(times.children[-1]),
            None if body is None else self.body(body),
            span,
        )

    def arguments(self, tree: Any) -> tuple[ast.Argument, ...]:
        return () if tree is None else tuple(map(self.argument, tree.children))

    def argument(self, tree: Any) -> ast.Argument:
        if tree.data == "named":
            name, value = tree.children
            return ast.Argument(str(name), self.expression(value), self._span(tree))
        value = self.expression(tree)
        return ast.Argument(None, value, value.span)

    # --- expressions

    def expression(self, tree: Any) -> ast.Expression:
        if self._depth >= self._deepest:
            raise too_deep(self._span(tree))
        self._depth += 1
        made = self._expressions[tree.data](self, tree.children, self._span(tree))
        self._depth -= 1
        return made

    def number(self, token: Token) -> ast.Number:
        text = str(token)
        span = self._span(token)
        scale = _SUFFIX.get(text[-1], 1)
        digits = text[:-1] if scale > 1 else text
        exponent = digits.lower().partition("e")[2]
        if len(digits) > 40 or (exponent and abs(int(exponent)) > 30):
            raise self._too_large(span)
        value = Fraction(digits) * scale
        if abs(value) > MAX_INTEGER:
            raise self._too_large(span)
        whole = value.denominator == 1
        return ast.Number(int(value) if whole else value, text, span)

    def _whole(self, token: Token) -> int:
        value = self.number(token).value
        if isinstance(value, int):
            return value
        raise self._too_large(self._span(token))

    def _too_large(self, span: Span) -> Failure:
        return Failure(
            Diagnostic(
                BY_NAME["integer-range"],
                "this number is outside the range of 64 bits",
                Label(span, "too large"),
                help=f"the largest whole number is {MAX_INTEGER}; {INTEGERS}",
            )
        )

    def _size(self, children: Any, span: Span) -> ast.Expression:
        parts = str(children[0]).replace("×", "x").split("x")
        if any(len(part) > 18 for part in parts):
            raise self._too_large(span)
        return ast.Size(tuple(map(int, parts)), span)

    def _chain(self, children: Any, span: Span) -> ast.Expression:
        first, *rest = children
        pairs = zip(rest[::2], rest[1::2], strict=True)
        return ast.Chain(
            self.expression(first), tuple((str(op), self.expression(e)) for op, e in pairs), span
        )

    def _suffixed(self, children: Any, _: Span) -> ast.Expression:
        first, *suffixes = children
        if len(suffixes) > self._deepest:
            raise too_deep(self._span(suffixes[self._deepest]))
        value = self.expression(first)
        for suffix in suffixes:
            span = value.span.to(self._span(suffix))
            if suffix.data == "attribute":
                value = self._attribute(value, suffix.children[0])
            elif suffix.data == "method":
                token, arguments = suffix.children
                name, optional = token.lstrip("?."), token.startswith("?")
                value = ast.Method(value, name, self.arguments(arguments), optional, span)
            else:
                value = ast.Index(value, self.expression(suffix.children[0]), span)
        return value

    def _attribute(self, base: ast.Expression, token: Token) -> ast.Attribute:
        span = base.span.to(self._span(token))
        return ast.Attribute(base, token.lstrip("?."), token.startswith("?"), span)

    def _all(self, children: Any) -> tuple[ast.Expression, ...]:
        return tuple(self.expression(child) for child in children if child is not None)

    _expressions: dict[str, Callable[[_Construct, Any, Span], ast.Expression]] = {  # noqa: RUF012
        "number": lambda self, c, _: self.number(c[0]),
        "size": _size,
        "string": lambda _, c, span: ast.Text(str(c[0])[1:-1], span),
        "name": lambda _, c, span: ast.Name(str(c[0]), span),
        "list": lambda self, c, span: ast.ListOf(self._all(c), span),
        "path": lambda self, c, span: ast.Path(self._all(c), span),
        "span_of": lambda self, c, span: ast.Range(
            self.expression(c[0]), self.expression(c[1]), span
        ),
        "chain": _chain,
        "minus": lambda self, c, span: ast.Minus(self.expression(c[0]), span),
        "compare": lambda self, c, span: ast.Compare(
            self.expression(c[0]), str(c[1]), self.expression(c[2]), span
        ),
        "any": lambda self, c, span: ast.Logic("or", self._all(c), span),
        "all": lambda self, c, span: ast.Logic("and", self._all(c), span),
        "negate": lambda self, c, span: ast.Not(self.expression(c[0]), span),
        "conditional": lambda self, c, span: ast.Conditional(
            self.expression(c[0]), self.expression(c[1]), self.expression(c[2]), span
        ),
        "suffixed": _suffixed,
        "function": lambda self, c, span: ast.Function(str(c[0]), self.arguments(c[1]), span),
    }
