"""Makes a file of the dialect a valid ONNX model, in which every number is float32.

That is what such files say themselves: integers are stored as float32, with operators that ONNX
does not have. `integers.py` gives the tensors their integer types once shapes are known.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import onnx.defs
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from compiler.errors import Code, CompileError, Problem, UnsupportedForm
from compiler.frontend.check_attributes import ONNX_DOMAINS
from compiler.frontend.check_structure import initializers, node_name, tensor_data
from compiler.frontend.pulp_dialect.merged import MERGED
from compiler.frontend.pulp_dialect.operators import (
    ALSO_INTEGERS,
    DOMAINS,
    INTEGER_OPERATORS,
    OPERANDS,
    WITHOUT_MEANING,
    is_training,
)
from compiler.frontend.pulp_dialect.parts import Parts
from compiler.frontend.pulp_dialect.proto_attributes import number
from compiler.frontend.upgrade_opset import opset_of
from compiler.ir import DataType
from compiler.operators.registry import CONTRIB_DOMAIN, PULP_DOMAIN

INTEGERS = frozenset(
    {
        *(TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16, TensorProto.UINT16),
        *(TensorProto.INT32, TensorProto.INT64),
    }
)


def refuse_operators(proto: ModelProto) -> None:
    """Raises CompileError (TW-0201) with all operators of training, and those without a meaning."""
    problems = [
        Problem(Code.UNSUPPORTED_OPERATOR, f"node {node_name(node)} ({node.op_type})", *said)
        for node in proto.graph.node
        if (said := _refusal(node)) is not None
    ]
    if problems:
        raise CompileError(problems)


def _refusal(node: NodeProto) -> tuple[str, str, str] | None:
    """What was found, what is supported and what to change; None if nothing is wrong."""
    if is_training(node.op_type):
        return (
            "it belongs to training: an optimiser, or the gradient of an operator",
            "inference",
            "export the model for inference, without its loss, gradients and optimiser",
        )
    if node.domain in DOMAINS and node.op_type in WITHOUT_MEANING:
        return (
            "what it computes is described nowhere",
            "attention of MatMul, Add, Reshape, Transpose, RequantShift and iSoftmax or ITAMax, "
            "or MHSA",
            "export the attention as nodes of its own, before the tools merge them",
        )
    return None


DECLARED: dict[int, DataType] = {
    TensorProto.INT8: DataType.INT8,
    TensorProto.UINT8: DataType.UINT8,
    TensorProto.INT16: DataType.INT16,
    TensorProto.UINT16: DataType.UINT16,
}
"""What inputs hold that the model itself declares as integers; int32 may be anything."""

EPSILONS = ("eps", "epsilon")
"""How files call the number that RMSNorm adds."""


def prepare(proto: ModelProto, input_types: dict[str, DataType]) -> bool:
    """Brings a model of the dialect into the form that ONNX's checks and inference take.

    Operators of the dialect get the domain `PULP_DOMAIN`; integers become float32, except operands
    that ONNX wants to be integers, such as shapes and indices.

    Args:
        input_types: what the model's inputs really hold; gets what the model says of others.

    Returns: whether the model is one of integers: it has operators of the dialect, or an input
        that is declared otherwise holds integers.
    """
    _translate(proto)
    initializers(proto)  # refuses damaged ones
    zeros = _zeros(proto)
    found = any(_is_dialect(n) or _multiplies_integers(n, zeros) for n in proto.graph.node)
    if not found and not _hides_integers(proto, input_types):
        return False
    for value in proto.graph.input:
        element = value.type.tensor_type.elem_type
        if element in DECLARED:
            input_types.setdefault(value.name, DECLARED[element])
    _rename(proto)
    if all(entry.domain != PULP_DOMAIN for entry in proto.opset_import):
        proto.opset_import.append(helper.make_opsetid(PULP_DOMAIN, 1))
    _store_as_float(proto)
    return True


def _hides_integers(proto: ModelProto, input_types: Mapping[str, DataType]) -> bool:
    """Whether an input holds other integers than declared, where readers also take numbers."""
    declared = {**DECLARED, TensorProto.INT32: DataType.INT32, TensorProto.INT64: DataType.INT32}
    others = [
        value.name
        for value in proto.graph.input
        if input_types.get(value.name, DataType.FLOAT32)
        not in (DataType.FLOAT32, declared.get(value.type.tensor_type.elem_type))
    ]
    if not others:
        return False
    kept = set(_integer_operands(proto))
    for node in proto.graph.node:
        if node.domain == CONTRIB_DOMAIN:
            kept.update(node.input)  # what it takes is what the file declares
    return any(name not in kept for name in others)


def _is_dialect(node: NodeProto) -> bool:
    return node.domain in DOMAINS and node.op_type in INTEGER_OPERATORS


def _multiplies_integers(node: NodeProto, zeros: Collection[str]) -> bool:
    """Whether a node is one of `ALSO_INTEGERS` without zero points, or with those that are 0."""
    offsets = {name for name in node.input[2:] if name}
    return node.domain in ONNX_DOMAINS and node.op_type in ALSO_INTEGERS and offsets <= set(zeros)


def _zeros(proto: ModelProto) -> frozenset[str]:
    """Initialisers that are 0."""
    wanted = {
        name for n in proto.graph.node if n.op_type in ALSO_INTEGERS for name in n.input[2:] if name
    }
    return frozenset(
        tensor.name
        for tensor in proto.graph.initializer
        if tensor.name in wanted and not np.any(tensor_data(tensor))
    )


class _Problems:
    """What is wrong with nodes, gathered from `UnsupportedForm`."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    @contextmanager
    def of(self, node: NodeProto) -> Generator[None]:
        try:
            yield
        except UnsupportedForm as error:
            where = f"node {node_name(node)} ({node.op_type})"
            said = (error.found, error.supported, error.advice)
            self._found.append(Problem(Code.UNSUPPORTED_FORM, where, *said))

    def raise_all(self) -> None:
        if self._found:
            raise CompileError(self._found)


def _translate(proto: ModelProto) -> None:
    """Gives nodes of other names that are operators of ONNX these names: they are no integers.

    Raises CompileError (TW-0202) with all that lack an attribute.
    """
    problems = _Problems()
    for node in proto.graph.node:
        if node.domain not in DOMAINS:
            continue
        if node.op_type == "DebugPrint":
            del node.attribute[:]
            node.op_type, node.domain = "Identity", ""
        elif node.op_type == "RMSNorm":
            with problems.of(node):
                _translate_rms_norm(node)
    problems.raise_all()


def _translate_rms_norm(node: NodeProto) -> None:
    """`x / sqrt(mean(x²) + eps) * weight`, the mean over the last axis."""
    epsilon = next(
        (number(node, name) for name in EPSILONS if number(node, name) is not None), None
    )
    if epsilon is None:
        raise UnsupportedForm("it has no 'eps'", "nodes with a number 'eps'")
    del node.attribute[:]
    node.attribute.append(helper.make_attribute("epsilon", epsilon))
    node.op_type, node.domain = "RMSNormalization", ""


def _rename(proto: ModelProto) -> None:
    """Puts nodes of the dialect into its domain, and the parts of merged ones in their place.

    Raises CompileError (TW-0202) with all nodes of another number of operands or results than their
    operator has, and all merged nodes that cannot be taken apart.
    """
    constants = {tensor.name: tensor for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "Constant" and len(node.output) == 1:
            data = [attribute.t for attribute in node.attribute if attribute.HasField("t")]
            constants.update(zip(node.output, data, strict=False))
    zeros = _zeros(proto)
    nodes: list[NodeProto] = []
    problems = _Problems()
    for node in proto.graph.node:
        expand = MERGED.get(node.op_type) if node.domain in DOMAINS else None
        if expand is not None:
            parts = Parts(node, constants)
            with problems.of(node):
                expand(parts)
            nodes += parts.nodes
            proto.graph.initializer.extend(parts.made)
            continue
        if _multiplies_integers(node, zeros):
            node.op_type = ALSO_INTEGERS[node.op_type]
            del node.input[2:]
        elif _is_dialect(node):
            with problems.of(node):
                _check_operands(node)
            node.domain = PULP_DOMAIN
        elif node.domain in ONNX_DOMAINS and node.op_type == "Add" and len(node.input) > 2:
            node.op_type = "Sum"
        nodes.append(node)
    problems.raise_all()
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


def _check_operands(node: NodeProto) -> None:
    """Raises UnsupportedForm unless a node has all operands of its operator, and one result."""
    count = OPERANDS[node.op_type]
    names = [*node.input, *[""] * count]
    if not all(names[:count]) or any(names[count:]):
        shown = [name or None for name in node.input]
        raise UnsupportedForm(f"its operands are {shown}", f"nodes of {count} operands")
    if not node.output or not node.output[0] or any(node.output[1:]):
        raise UnsupportedForm(f"its results are {list(node.output)}", "nodes of one result")


def _store_as_float(proto: ModelProto) -> None:
    """Declares integers as float32, apart from operands that operators want to be integers."""
    kept = set(_integer_operands(proto))
    # Inner types follow from operands; what the file says of them may be of another type.
    del proto.graph.value_info[:]
    for value in (*proto.graph.input, *proto.graph.output):
        if value.name not in kept and value.type.tensor_type.elem_type in INTEGERS:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    stored = [(tensor.name, tensor) for tensor in proto.graph.initializer]
    for node in proto.graph.node:
        if node.op_type == "Constant" and node.domain in ONNX_DOMAINS and len(node.output) == 1:
            stored += [(node.output[0], a.t) for a in node.attribute if a.HasField("t")]
    for name, tensor in stored:
        if name not in kept and tensor.data_type in INTEGERS - {TensorProto.INT64}:
            data = numpy_helper.to_array(tensor)
            if np.array_equal(data.astype(np.float32).astype(np.int64), data):
                tensor.CopyFrom(numpy_helper.from_array(data.astype(np.float32), tensor.name))


def _integer_operands(proto: ModelProto) -> Iterator[str]:
    """Tensors that some operator cannot take as float32, and what these are made of."""
    opset = opset_of(proto)
    kept: set[str] = set()
    for node in reversed(proto.graph.node):
        if node.domain not in ("", "ai.onnx") or not onnx.defs.has(node.op_type):
            continue
        try:
            schema = onnx.defs.get_schema(node.op_type, opset)
        except onnx.defs.SchemaError:
            continue
        allowed = {c.type_param_str: c.allowed_type_strs for c in schema.type_constraints}
        for index, name in enumerate(node.input):
            if not name or not schema.inputs:
                continue
            parameter = schema.inputs[min(index, len(schema.inputs) - 1)]
            types = allowed.get(parameter.type_str, [parameter.type_str])
            if "tensor(float)" not in types or any(output in kept for output in node.output):
                kept.add(name)
    yield from kept


def pin_shapes(
    proto: ModelProto, shapes: Mapping[str, tuple[int, ...]], where: str = "--input-type"
) -> None:
    """Gives inputs the shapes they have, where the model leaves extents open.

    Raises CompileError (TW-0002) with all shapes that contradict the model.
    """
    values = {value.name: value for value in proto.graph.input}
    problems: list[Problem] = []
    for name, shape in shapes.items():
        declared = _declared(values[name])
        fits = declared is None or (
            len(declared) == len(shape)
            and all(said in (None, extent) for said, extent in zip(declared, shape, strict=True))
        )
        if not fits:
            shown = ", ".join("?" if extent is None else str(extent) for extent in declared or ())
            problems.append(
                Problem(
                    Code.BAD_OPTION,
                    f"{where} {name}",
                    f"its shape is {list(shape)}, and the model has [{shown}]",
                    "the model's extents, and any where it leaves them open",
                )
            )
            continue
        element = values[name].type.tensor_type.elem_type
        values[name].CopyFrom(helper.make_tensor_value_info(name, element, shape))
    if problems:
        raise CompileError(problems)


def _declared(value: ValueInfoProto) -> list[int | None] | None:
    """An input's extents, None where open; None if the model does not give its rank."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
