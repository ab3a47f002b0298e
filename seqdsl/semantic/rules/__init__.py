"""What can be said about a file without expanding it: one rule a file, run in this order."""

from __future__ import annotations

from collections.abc import Callable

from seqdsl.semantic.names.modules import LoadedModule, Program
from seqdsl.semantic.rules.arguments import check_arguments
from seqdsl.semantic.rules.constancy import check_constancy
from seqdsl.semantic.rules.derivation import check_derivation
from seqdsl.semantic.rules.doubled import check_doubled
from seqdsl.semantic.rules.imports import check_imports
from seqdsl.semantic.rules.literals import check_literals
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
# Run after the expansions, which report the same with the chain that led there.
LATE_RULES: tuple[Rule, ...] = (check_literals,)


def check_rules(program: Program, rules: tuple[Rule, ...] = RULES) -> list[Diagnostic]:
    """The findings of rules in every file of the user's."""
    with stage("rules"):
        return [found for module in program.modules for rule in rules for found in rule(module)]
