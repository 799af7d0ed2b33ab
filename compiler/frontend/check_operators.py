"""Finds operators that the compiler does not have, all at once."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.errors import Code, CompileError, Problem, shown_names
from compiler.frontend.model import OnnxNode
from compiler.operators import OPERATORS
from compiler.operators.registry import PULP_DOMAIN

_FIXED = "use a form whose result has the same shape for all data, such as Where or TopK"
_UNROLL = "export the model with the loop unrolled, or with the branch that is taken"

ADVICE: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("Compress", "NonMaxSuppression", "NonZero", "Unique"),
        ("its result's shape depends on the data of each run", _FIXED),
    ),
    **dict.fromkeys(("If", "Loop", "Scan"), ("control flow depends on run-time values", _UNROLL)),
}
"""Why there is no such operator, and what to do instead, where more can be said than that."""


def supported_operators() -> str:
    """All operators' names, as messages list them.

    Those of the PULP tools are none that a model has to have in place of another one.
    """
    names = {operator for domain, operator in OPERATORS if domain != PULP_DOMAIN}
    return ", ".join(sorted(names))


def check_operators(nodes: Sequence[OnnxNode]) -> None:
    """Raises CompileError with one problem for each operator without support."""
    unsupported: dict[tuple[str, str], list[str]] = {}
    for node in nodes:
        key = (node.domain, node.operator)
        if key not in OPERATORS:
            unsupported.setdefault(key, []).append(node.name)
    if unsupported:
        supported = supported_operators()
        raise CompileError([_problem(*key, names, supported) for key, names in unsupported.items()])


def _problem(domain: str, operator: str, names: Sequence[str], supported: str) -> Problem:
    reason, advice = "", "replace the operator, or add it (docs/adding_an_operator.md)"
    if not domain and operator in ADVICE:
        reason, advice = ADVICE[operator]
    return Problem(
        Code.UNSUPPORTED_OPERATOR,
        f"operator {f'{domain}.' if domain else ''}{operator}",
        f"used by {shown_names(names)}{f': {reason}' if reason else ''}",
        supported,
        advice,
    )
