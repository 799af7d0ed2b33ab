"""Finds operators that the compiler does not have, all at once."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.errors import Code, CompileError, Problem, shown_names
from compiler.frontend.model import OnnxNode
from compiler.operators import OPERATORS


def check_operators(nodes: Sequence[OnnxNode]) -> None:
    """Raises CompileError with one problem for each operator without support."""
    unsupported: dict[tuple[str, str], list[str]] = {}
    for node in nodes:
        key = (node.domain, node.operator)
        if key not in OPERATORS:
            unsupported.setdefault(key, []).append(node.name)
    if unsupported:
        supported = ", ".join(sorted(operator for _, operator in OPERATORS))
        raise CompileError(
            [
                Problem(
                    Code.UNSUPPORTED_OPERATOR,
                    f"operator {f'{domain}.' if domain else ''}{operator}",
                    f"used by {shown_names(names)}",
                    supported,
                    "replace the operator, or add it (docs/adding_an_operator.md)",
                )
                for (domain, operator), names in unsupported.items()
            ]
        )
