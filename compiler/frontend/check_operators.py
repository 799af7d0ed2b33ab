"""Finds operators that the compiler does not have, all at once."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import onnx.defs
from onnx import ModelProto

from compiler.errors import Code, CompileError, Problem, shown_names
from compiler.frontend.check_attributes import ONNX_DOMAINS
from compiler.frontend.check_structure import plain_name
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


def check_known(proto: ModelProto) -> None:
    """Refuses models with operators in ONNX's domain that ONNX does not have, of any operator set.

    Nothing can be said of their results. Raises CompileError (TW-0201) with one problem for each
    such operator, and for each of other domains without support, so that all are told at once.
    """
    functions = {(function.domain, function.name) for function in proto.functions}
    names: dict[tuple[str, str], list[str]] = {}
    is_unknown = False
    for node in proto.graph.node:
        domain = "" if node.domain in ONNX_DOMAINS else node.domain
        key = (domain, node.op_type)
        if (node.domain, node.op_type) in functions or key in OPERATORS or key in EXPANSIONS:
            continue
        if not domain and node.op_type in _known():
            continue
        is_unknown |= not domain
        names.setdefault(key, []).append(plain_name(node))
    if is_unknown:
        raise CompileError([_problem(*key, users) for key, users in names.items()])


@functools.cache
def _known() -> frozenset[str]:
    schemas = onnx.defs.get_all_schemas_with_history()
    return frozenset(schema.name for schema in schemas if schema.domain == "")


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
