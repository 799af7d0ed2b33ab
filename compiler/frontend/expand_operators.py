"""Replaces operators of other tools, and those of ONNX that have no kernels, by what they mean.

Each is expressed by operators of ONNX that have lowerings, so that nothing behind the importer
knows them. Rules need static types of operands, and so run when these are known: after inference
and the folding of constants.
"""

from __future__ import annotations

from collections.abc import Mapping

from onnx import IR_VERSION, ModelProto, NodeProto, TypeProto, checker, helper

from compiler.errors import Code, CompileError, Problem, UnsupportedForm
from compiler.frontend import contrib_operators as _contrib_operators
from compiler.frontend import qoperator as _qoperator
from compiler.frontend import standard_operators as _standard_operators
from compiler.frontend.check_attributes import FLAGS, ONNX_DOMAINS, attribute_problems
from compiler.frontend.expansion import EXPANSIONS, Expansion, OperatorExpansion
from compiler.frontend.nearest_form import form_advice
from compiler.frontend.node_types import is_static, result_types
from compiler.ir import Array
from compiler.operators.registry import CONTRIB_DOMAIN

__all__ = ["EXPANSIONS", "adopt_operators", "expand_operators", "needed_opset"]

_FAMILIES = (_contrib_operators, _qoperator, _standard_operators)
"""Importing them registers their rules."""

MISPLACED = frozenset({"SimplifiedLayerNormalization"})
"""Operators of onnxruntime that its optimiser writes without their domain."""


OWN_FLAGS = frozenset(
    {
        *("channels_last", "do_rotary", "is_packed_batching", "past_present_share_buffer"),
        *("rotary_interleaved", "transBatchA", "transBatchB", "unidirectional"),
    }
)
"""Attributes of onnxruntime's operators that are 0 or 1."""


def _key(node: NodeProto) -> tuple[str, str]:
    return ("" if node.domain in ONNX_DOMAINS else node.domain), node.op_type


def adopt_operators(proto: ModelProto) -> None:
    """Gives onnxruntime's operators their domain, and names it, where the file leaves it out."""
    for node in proto.graph.node:
        if node.domain in ONNX_DOMAINS and node.op_type in MISPLACED:
            node.domain = CONTRIB_DOMAIN
    used = any(node.domain == CONTRIB_DOMAIN for node in proto.graph.node)
    if used and all(entry.domain != CONTRIB_DOMAIN for entry in proto.opset_import):
        proto.opset_import.append(helper.make_opsetid(CONTRIB_DOMAIN, 1))


def needed_opset(proto: ModelProto) -> int:
    """The first operator set that has what comes of the model's nodes; 0 if none is expanded."""
    rules = (rule for node in proto.graph.node for rule in EXPANSIONS.get(_key(node), ()))
    return max((rule.opset for rule in rules), default=0)


def expand_operators(
    proto: ModelProto, types: Mapping[str, TypeProto.Tensor], constants: dict[str, Array]
) -> ModelProto | None:
    """The model without the nodes for which there is a rule; None if there is none to expand.

    Nodes whose operands' types only follow from another inference stay.

    Args:
        types: of all tensors that are known.
        constants: all known tensors; those that rules add are added.

    Raises CompileError with all nodes in unsupported forms (TW-0202, or the code the rule says).
    """
    opset = max(e.version for e in proto.opset_import if e.domain in ONNX_DOMAINS)
    known = dict(types)
    nodes: list[NodeProto] = []
    problems: list[Problem] = []
    added: list[Expansion] = []
    for node in proto.graph.node:
        rules = EXPANSIONS.get(_key(node), [])
        operands = [name for name in node.input if name]
        made = [node]
        if rules and all(n in constants or is_static(known.get(n)) for n in operands):
            view = Expansion(node, known, constants, opset)
            rule = next((rule for rule in rules if rule.applies(view)), None)
            try:
                if rule is not None:
                    _check_attributes(node, rule)
                    _check_ranks(view, rule)
                    rule.expand(view)
                    _check_made(view)
                    made = view.nodes
                    added.append(view)
                    constants.update(view.constants)
            except UnsupportedForm as error:
                problems.append(_problem(node, rule or rules[0], error))
        for part in made:
            if not all(is_static(known.get(name)) for name in part.output if name):
                known.update(result_types(part, known, constants, opset))
        nodes += made
    if problems:
        raise CompileError(problems)
    if not added:
        return None
    result = ModelProto()
    result.CopyFrom(proto)
    del result.graph.node[:]
    result.graph.node.extend(nodes)
    for view in added:
        result.graph.initializer.extend(view.initializers())
    return result


def _check_attributes(node: NodeProto, rule: OperatorExpansion) -> None:
    if rule.attributes is None:
        return
    for attribute in node.attribute:
        if attribute.name in FLAGS | OWN_FLAGS and attribute.i not in (0, 1):
            raise UnsupportedForm(f"its attribute {attribute.name!r} is {attribute.i}", "0 and 1")
    unknown = [a.name for a in node.attribute if a.name not in rule.attributes]
    if unknown:
        raise UnsupportedForm(
            f"its attributes {', '.join(map(repr, unknown))} are not known",
            f"attributes {', '.join(sorted(rule.attributes))}",
            "export the model without them",
        )


def _check_ranks(view: Expansion, rule: OperatorExpansion) -> None:
    for index, ranks in rule.ranks.items():
        if view.has(index) and len(view.shape(view.operand(index))) not in ranks:
            name = view.operand(index)
            raise UnsupportedForm(
                f"its operand {index} {name!r} has shape {list(view.shape(name))}",
                f"{' or '.join(map(str, ranks))} axes",
                "export the model again",
            )


def _check_made(view: Expansion) -> None:
    """Raises UnsupportedForm if attributes of the node make no valid ones of ONNX's operators."""
    context = checker.C.CheckerContext()
    context.ir_version = IR_VERSION
    context.opset_imports = {"": view.opset}
    for made in view.nodes:
        if made.domain not in ONNX_DOMAINS:
            continue
        wrong = next(attribute_problems(made), None)
        if wrong is not None:
            raise UnsupportedForm(f"of its {made.op_type}, {wrong.found}", wrong.supported)
        try:
            checker.check_node(made, context)
        except checker.ValidationError as error:
            message = str(error).strip().splitlines()[0]
            raise UnsupportedForm(f"its {made.op_type} is not valid: {message}") from error


def _problem(node: NodeProto, rule: OperatorExpansion, error: UnsupportedForm) -> Problem:
    supported = error.supported or rule.description
    return Problem(
        error.code or Code.UNSUPPORTED_FORM,
        f"node {node.name!r} ({node.op_type})",
        error.found,
        supported,
        error.advice or form_advice(node.op_type, supported, ()),
    )
