"""Modules without their numbers, and which of them are others less some of their steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from seqdsl.backends.torch.plan import Module
from seqdsl.backends.torch.steps import Role, Step

# A step's key, or nothing for an input of the module, and which of its values.
Reference: TypeAlias = "tuple[str, Role]"
Signature: TypeAlias = (
    "tuple[str, object, tuple[Reference, ...], tuple[Role, ...], tuple[str, ...]]"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A module for comparison: of each step the key, what is fixed, what it reads, the roles of
    what it gives, and its ports.
    """

    steps: tuple[Signature, ...]
    inputs: int
    outputs: tuple[Reference, ...]


def shape_of(module: Module, steps: Sequence[Step]) -> Shape:
    made: dict[int, Reference] = {index: ("", i) for i, index in enumerate(module.inputs)}
    found = []
    for step in steps:
        reads = tuple(made[index] for index in step.reads)
        found.append((step.key, step.fixed, reads, step.roles, step.ports))
        made.update({i: (step.key, role) for i, role in zip(step.gives, step.roles, strict=True)})
    return Shape(tuple(found), len(module.inputs), tuple(made[i] for i in module.outputs))


def missing_of(shape: Shape, base: Shape) -> set[str]:
    """The keys of a base that another lacks."""
    return {key for key, *_ in base.steps} - {key for key, *_ in shape.steps}


def returned_alone(shape: Shape, base: Shape) -> int | None:
    """Which output of a base is all that another gives; None where it gives as many."""
    if len(shape.outputs) == len(base.outputs):
        return None
    return next(i for i, output in enumerate(_through(shape, base)) if output == shape.outputs[0])


def embeds(shape: Shape, base: Shape) -> bool:
    """Whether a shape is a base without some steps, each of which hands on what it reads first,
    without some inputs at the end, and without the second of two outputs.
    """
    own = {step[0]: step for step in shape.steps}
    order = [key for key, *_ in base.steps if key in own]
    if order != [key for key, *_ in shape.steps] or shape.inputs > base.inputs:
        return False
    at: dict[Reference, Reference] = {}
    for key, fixed, reads, roles, ports in base.steps:
        resolved = tuple(at.get(each, each) for each in reads)
        if key not in own:
            if len(roles) != 1 or not reads or not key.startswith(("node ", "module ")):
                return False
            at[key, roles[0]] = resolved[0]
            continue
        _, own_fixed, own_reads, own_roles, own_ports = own[key]
        if own_fixed != fixed or own_ports != ports[: len(own_ports)]:
            return False
        gives_less = len(shape.outputs) < len(base.outputs)
        if own_roles != roles:
            all_leave = set(base.outputs) == {(key, role) for role in roles}
            is_last = key == base.steps[-1][0] or not key.startswith("module ")
            if not (gives_less and all_leave and is_last and len(own_roles) == 1):
                return False
            if not set(own_roles) < set(roles):
                return False
        elif gives_less and len(roles) > 1 and {(key, role) for role in roles} & set(base.outputs):
            return False
        if own_reads != resolved:
            spare = resolved[len(own_reads) :]
            if (
                (key.startswith("node ") and not ports)
                or resolved[: len(own_reads)] != own_reads
                or any(name or not isinstance(i, int) or i < shape.inputs for name, i in spare)
            ):
                return False
    outputs = _through(shape, base)
    if len(outputs) == 2 and len(shape.outputs) == 1:
        return shape.outputs[0] in outputs
    return outputs == shape.outputs


def _through(shape: Shape, base: Shape) -> tuple[Reference, ...]:
    """The outputs of a base, seen through the steps that another lacks."""
    own = {step[0] for step in shape.steps}
    at: dict[Reference, Reference] = {}
    for key, _, reads, roles, _ in base.steps:
        if key not in own:
            at[key, roles[0]] = at.get(reads[0], reads[0])
    return tuple(at.get(each, each) for each in base.outputs)
