"""What can be said about a file without expanding it: one rule a file, run in this order."""

from __future__ import annotations

from collections.abc import Callable

from seqdsl.semantic.modules import LoadedModule, Program
from seqdsl.source.diagnostic import Diagnostic

Rule = Callable[[LoadedModule], list[Diagnostic]]

RULES: tuple[Rule, ...] = ()


def check_rules(program: Program) -> list[Diagnostic]:
    """The findings of every rule in every file of the user's."""
    return [found for module in program.modules for rule in RULES for found in rule(module)]
