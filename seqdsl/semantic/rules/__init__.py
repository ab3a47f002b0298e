"""What can be said about a file without expanding it: one rule a file, run in this order."""

from __future__ import annotations

from collections.abc import Callable

from seqdsl.semantic.modules import LoadedModule, Program
from seqdsl.semantic.rules.arguments import check_arguments
from seqdsl.semantic.rules.constancy import check_constancy
from seqdsl.semantic.rules.derivation import check_derivation
from seqdsl.semantic.rules.doubled import check_doubled
from seqdsl.semantic.rules.imports import check_imports
from seqdsl.semantic.rules.names import check_names
from seqdsl.semantic.rules.recursion import check_recursion
from seqdsl.semantic.rules.sizes import check_sizes
from seqdsl.semantic.rules.structure import check_structure
from seqdsl.semantic.rules.training import check_training
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.timing import stage

Rule = Callable[[LoadedModule], list[Diagnostic]]

RULES: tuple[Rule, ...] = (
    check_imports,
    check_structure,
    check_derivation,
    check_names,
    check_arguments,
    check_sizes,
    check_doubled,
    check_recursion,
    check_constancy,
    check_training,
)


def check_rules(program: Program) -> list[Diagnostic]:
    """The findings of every rule in every file of the user's."""
    with stage("rules"):
        return [found for module in program.modules for rule in RULES for found in rule(module)]
