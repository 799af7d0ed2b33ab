"""Finds operators that the compiler does not have, all at once."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.errors import Code, CompileError, Problem, shown_names
from compiler.frontend.expansion import EXPANSIONS
from compiler.frontend.model import OnnxNode
from compiler.frontend.nearest_form import nearest_operator
from compiler.operators import OPERATORS


def check_operators(nodes: Sequence[OnnxNode]) -> None:
    """Raises CompileError with one problem for each operator without support (TW-0201).

    If there is none, then with one for each node that has not been expressed by other operators,
    because a shape is not known (TW-0103).
    """
    unsupported: dict[tuple[str, str], list[str]] = {}
    left: list[OnnxNode] = []
    for node in nodes:
        key = (node.domain, node.operator)
        if key not in OPERATORS and key in EXPANSIONS:
            left.append(node)
        elif key not in OPERATORS:
            unsupported.setdefault(key, []).append(node.name)
    if unsupported:
        raise CompileError([_problem(*key, names) for key, names in unsupported.items()])
    if left:
        raise CompileError([_unknown_shape(node) for node in left])


def _unknown_shape(node: OnnxNode) -> Problem:
    return Problem(
        Code.DYNAMIC_SHAPE,
        f"node {node.name!r} ({node.operator})",
        "the shapes of its operands are not known",
        "static shapes",
        "export the model with static shapes",
    )


def _problem(domain: str, operator: str, names: Sequence[str]) -> Problem:
    nearest = nearest_operator(domain, operator)
    return Problem(
        Code.UNSUPPORTED_OPERATOR,
        f"operator {f'{domain}.' if domain else ''}{operator}",
        f"used by {shown_names(names)}{f': {nearest.reason}' if nearest.reason else ''}",
        nearest.supported,
        nearest.advice,
    )
