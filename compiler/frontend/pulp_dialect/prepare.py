"""Makes a file of the dialect a valid ONNX model, in which every number is float32.

That is what such files say themselves: integers are stored as float32, with operators that ONNX
does not have. `integers.py` gives the tensors their integer types once shapes are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import onnx.defs
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.check_structure import node_name
from compiler.frontend.pulp_dialect.operators import (
    DOMAINS,
    INTEGER_OPERATORS,
    REQUANTISED,
    is_training,
)
from compiler.frontend.upgrade_opset import opset_of
from compiler.ir import DataType
from compiler.operators.registry import CONTRIB_DOMAIN, PULP_DOMAIN

INTEGERS = frozenset(
    {
        *(TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16, TensorProto.UINT16),
        *(TensorProto.INT32, TensorProto.INT64),
    }
)


def refuse_training(proto: ModelProto) -> None:
    """Raises CompileError (TW-0201) with all operators of training."""
    problems = [
        Problem(
            Code.UNSUPPORTED_OPERATOR,
            f"node {node_name(node)} ({node.op_type})",
            "it belongs to training: an optimiser, or the gradient of an operator",
            "inference",
            "export the model for inference, without its loss, gradients and optimiser",
        )
        for node in proto.graph.node
        if is_training(node.op_type)
    ]
    if problems:
        raise CompileError(problems)


DECLARED: dict[int, DataType] = {
    TensorProto.INT8: DataType.INT8,
    TensorProto.UINT8: DataType.UINT8,
    TensorProto.INT16: DataType.INT16,
    TensorProto.UINT16: DataType.UINT16,
}
"""What inputs hold that the model itself declares as integers; int32 may be anything."""

ALSO_INTEGERS = {"ConvInteger": "Conv", "MatMulInteger": "MatMul"}
"""ONNX's operators that, without zero points, are what the others are for integers."""


def prepare(proto: ModelProto, input_types: dict[str, DataType]) -> bool:
    """Brings a model of the dialect into the form that ONNX's checks and inference take.

    Operators of the dialect get the domain `PULP_DOMAIN`; integers become float32, except operands
    that ONNX wants to be integers, such as shapes and indices.

    Args:
        input_types: what the model's inputs really hold; gets what the model says of others.

    Returns: whether the model is one of integers: it has operators of the dialect, or an input
        that is declared otherwise holds integers.
    """
    found = any(_is_dialect(node) for node in proto.graph.node)
    if not found and not _hides_integers(proto, input_types):
        return False
    for value in proto.graph.input:
        element = value.type.tensor_type.elem_type
        if element in DECLARED:
            input_types.setdefault(value.name, DECLARED[element])
    nodes = [part for node in proto.graph.node for part in _renamed(node)]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    if all(entry.domain != PULP_DOMAIN for entry in proto.opset_import):
        proto.opset_import.append(helper.make_opsetid(PULP_DOMAIN, 1))
    _store_as_float(proto)
    return True


def _hides_integers(proto: ModelProto, input_types: Mapping[str, DataType]) -> bool:
    """Whether an input holds integers where its readers would also take numbers."""
    given = [name for name, type_ in input_types.items() if type_ is not DataType.FLOAT32]
    if not given:
        return False
    kept = set(_integer_operands(proto))
    for node in proto.graph.node:
        if node.domain == CONTRIB_DOMAIN:
            kept.update(node.input)  # what it takes is what the file declares
    return any(name not in kept for name in given)


def _is_dialect(node: NodeProto) -> bool:
    return node.domain in DOMAINS and node.op_type in INTEGER_OPERATORS


def _renamed(node: NodeProto) -> Iterator[NodeProto]:
    """The node in the dialect's domain; one of a product and its RequantShift as these two."""
    if not _is_dialect(node):
        if node.domain in ("", "ai.onnx") and len(node.input) == 2:  # no zero points
            node.op_type = ALSO_INTEGERS.get(node.op_type, node.op_type)
        yield node
        return
    product = REQUANTISED.get(node.op_type)
    if product is None:
        node.domain = PULP_DOMAIN
        yield node
        return
    # Operands: of the product (a Gemm's addend may be absent), then mul and add.
    operands, constants = list(node.input[:-2]), list(node.input[-2:])
    sums = f"{node.output[0]}/sums"
    schema = onnx.defs.get_schema(product)
    of_product = [a for a in node.attribute if a.name in schema.attributes]
    first = helper.make_node(product, operands, [sums], f"{node.name}/{product}")
    first.attribute.extend(of_product)
    second = helper.make_node(
        "RequantShift", [sums, *constants], node.output[:1], node.name, domain=PULP_DOMAIN
    )
    second.attribute.extend(a for a in node.attribute if a.name not in schema.attributes)
    yield first
    yield second


def _store_as_float(proto: ModelProto) -> None:
    """Declares integers as float32, apart from operands that operators want to be integers."""
    kept = set(_integer_operands(proto))
    # Inner types follow from operands; what the file says of them may be of another type.
    del proto.graph.value_info[:]
    for value in (*proto.graph.input, *proto.graph.output):
        if value.name not in kept and value.type.tensor_type.elem_type in INTEGERS:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    for index, tensor in enumerate(proto.graph.initializer):
        if tensor.name not in kept and tensor.data_type in INTEGERS - {TensorProto.INT64}:
            data = numpy_helper.to_array(tensor)
            if np.array_equal(data.astype(np.float32).astype(np.int64), data):
                stored = numpy_helper.from_array(data.astype(np.float32), tensor.name)
                proto.graph.initializer[index].CopyFrom(stored)


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
