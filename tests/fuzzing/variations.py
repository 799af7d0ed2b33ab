"""Small changes of an ONNX model that often leave it valid, so that its results are compared."""

from __future__ import annotations

import functools
from random import Random
from typing import TypeVar

import numpy as np
import onnx.defs
import onnx.shape_inference
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from compiler.errors import CompileError
from compiler.frontend.check_attributes import ONNX_DOMAINS, check_attributes
from compiler.operators import OPERATORS
from tests.fuzzing.mutations import (
    Mutation,
    change_all_element_types,
    change_shapes_consistently,
    duplicate_node,
    omit_operand,
    swap_operands,
)

WORDS: dict[str, tuple[str, ...]] = {
    "auto_pad": ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
    "approximate": ("none", "tanh"),
    "coordinate_transformation_mode": ("half_pixel", "asymmetric", "align_corners"),
    "direction": ("LEFT", "RIGHT"),
    "equation": ("ij,jk->ik", "bij,bjk->bik", "ij->ji"),
    "mode": ("constant", "reflect", "edge", "wrap", "nearest", "linear", "DCR", "CRD"),
    "nearest_mode": ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"),
    "reduction": ("none", "add", "mul", "max"),
}
ELEMENTWISE = {
    1: (
        *("Abs", "Acosh", "Asin", "Ceil", "Clip", "Cos", "Elu", "Erf", "Exp", "Floor", "Gelu"),
        *("HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Mish", "Neg", "Reciprocal"),
        *("ReduceMax", "ReduceSum", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Softmax"),
        *("Softplus", "Sqrt", "Tan", "Tanh", "Transpose"),
    ),
    2: ("Add", "Concat", "Div", "Equal", "Less", "Max", "Min", "Mul", "PRelu", "Pow", "Sub"),
}
SHARE_OF_ELEMENTWISE = 0.7
SIBLINGS = (
    ("QLinearAdd", "QLinearMul"),
    ("QLinearSigmoid", "QLinearLeakyRelu"),
    ("BiasGelu", "FastGelu", "QuickGelu"),
    ("Attention", "MultiHeadAttention"),
    ("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"),
    ("ITAMax", "ITAPartialMax", "iSoftmax"),
    ("IntegerDiv", "TrueIntegerDiv"),
    ("iGELU", "iHardswish"),
    ("iLayerNorm", "iRMSNorm", "iNoNorm"),
    ("RequantizedGemm", "RQGemm", "RQMatMul"),
)
"""Operators of other tools that take the same operands, or nearly."""

ACTIVATIONS = ("Relu", "Tanh", "Sigmoid", "LeakyRelu", "HardSigmoid", "Clip", "Softplus")
SHARE_OF_ABSENT = 0.15
"""Of changed attributes of operators that ONNX does not know."""

INTEGERS = (0, 1, 2, 3, -1, -2)
REALS = (0.0, 0.1, 0.5, 1.0, 2.0, -1.0, 1e-5)
OPSET = 22
"""Whose definitions say how many operands an operator takes and which attributes it has."""


def vary_attribute(random: Random, model: ModelProto) -> str:
    """An attribute that the operator has gets a plausible value, also where it had none."""
    node = random.choice(model.graph.node)
    schema = _schema(node.op_type) if node.domain in ONNX_DOMAINS else None
    if schema is None and node.attribute:
        return _vary_own_attribute(random, node)
    if schema is None or not schema.attributes:
        return exchange_operator(random, model)
    name = random.choice(sorted(schema.attributes))
    kept = [attribute for attribute in node.attribute if attribute.name == name]
    kind = schema.attributes[name].type.value
    value: object
    if kind == AttributeProto.INT:
        value = random.choice(INTEGERS)
    elif kind == AttributeProto.FLOAT:
        value = random.choice(REALS)
    elif kind == AttributeProto.INTS:
        length = len(kept[0].ints) if kept else random.choice([1, 2, 4])
        value = [random.choice(INTEGERS[:4]) for _ in range(length)] or [1]
    elif kind == AttributeProto.STRING:
        value = random.choice(WORDS.get(name, ("none",)))
    else:
        return exchange_operator(random, model)
    for attribute in kept:
        node.attribute.remove(attribute)
    node.attribute.append(helper.make_attribute(name, value))
    return f"{node.op_type}.{name} = {value!r}"


def _vary_own_attribute(random: Random, node: NodeProto) -> str:
    """An attribute of an operator that ONNX does not know gets a value near its own, or goes."""
    attribute = random.choice(node.attribute)
    if random.random() < SHARE_OF_ABSENT:
        node.attribute.remove(attribute)
        return f"{node.op_type}.{attribute.name} dropped"
    if attribute.type == AttributeProto.INT:
        attribute.i = _near(random, attribute.i)
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = _near(random, attribute.f)
    elif attribute.type == AttributeProto.INTS and attribute.ints:
        index = random.randrange(len(attribute.ints))
        attribute.ints[index] = _near(random, attribute.ints[index])
    elif attribute.type == AttributeProto.STRING:
        attribute.s = random.choice(ACTIVATIONS).encode()
    elif attribute.type == AttributeProto.TENSOR:
        _scale(random, attribute.t)
    return f"{node.op_type}.{attribute.name} = {_shown(attribute)}"


def _shown(attribute: AttributeProto) -> str:
    value = helper.get_attribute_value(attribute)
    return str(numpy_helper.to_array(value).tolist() if isinstance(value, TensorProto) else value)


Number = TypeVar("Number", int, float)


def _near(random: Random, value: Number) -> Number:
    """Twice or half of a number, its negative, one more or less, or 0 or 1."""
    near = (value * 2, type(value)(value / 2), -value, value + 1, value - 1, 0, 1)
    return type(value)(random.choice(near))


def vary_values(random: Random, model: ModelProto) -> str:
    """Other numbers of the same kind in a constant: scales, zero points, factors, bounds, axes."""
    if not model.graph.initializer:
        return vary_attribute(random, model)
    tensor = random.choice(model.graph.initializer)
    return f"{tensor.name[:40]!r} {_scale(random, tensor)}"


def _scale(random: Random, tensor: TensorProto) -> str:
    """Gives all elements twice or half of their values, or others; says what."""
    try:
        data = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError):
        return "as it is"
    if data.dtype.kind not in "fiu" or not data.size:
        return "as it is"
    what, changed = random.choice(
        [
            ("doubled", data * 2),
            ("halved", data // 2 if data.dtype.kind != "f" else data / 2),
            ("negative", -data),
            ("one more", data + 1),
            ("all alike", np.resize(data.reshape(-1)[:1], data.shape)),
            ("reversed", data.reshape(-1)[::-1].reshape(data.shape)),
            ("a row", data.reshape(-1)),
            ("one number", data.reshape(-1)[:1]),
        ]
    )
    same_type = np.ascontiguousarray(changed.astype(data.dtype))
    tensor.CopyFrom(numpy_helper.from_array(same_type, tensor.name))
    return what


def reorder_list(random: Random, model: ModelProto) -> str:
    """A permutation, or another list of numbers, in another order."""
    attributes = [
        attribute
        for node in model.graph.node
        for attribute in node.attribute
        if attribute.type == AttributeProto.INTS and len(attribute.ints) > 1
    ]
    if not attributes:
        return vary_values(random, model)
    attribute = random.choice(attributes)
    values = list(attribute.ints)
    random.shuffle(values)
    attribute.ints[:] = values
    return f"{attribute.name} = {values}"


def exchange_operator(random: Random, model: ModelProto) -> str:
    """Another operator with the same number of operands, which keeps the attributes it knows."""
    node = random.choice(model.graph.node)
    old = node.op_type
    siblings = next((group for group in SIBLINGS if old in group), ())
    node.op_type = random.choice(siblings) if siblings else _operator(random, len(node.input))
    if not siblings and node.op_type:
        node.domain = ""
    node.op_type = node.op_type or old
    if node.domain not in ONNX_DOMAINS:
        return f"{old} becomes {node.op_type}"
    schema = _schema(node.op_type)
    known = schema.attributes if schema is not None else {}
    attributes = [attribute for attribute in node.attribute if attribute.name in known]
    del node.attribute[:]
    node.attribute.extend(attributes)
    return f"{old} becomes {node.op_type}"


def insert_operator(random: Random, model: ModelProto) -> str:
    """An operator between a tensor and those who read it."""
    names = [value.name for value in model.graph.input]
    names += [name for node in model.graph.node for name in node.output if name]
    read = [name for name in names if any(name in node.input for node in model.graph.node)]
    if not read:
        return append_operator(random, model)
    name = random.choice(read)
    operator = _operator(random, 1)
    position = next(i for i, node in enumerate(model.graph.node) if name in node.input)
    for node in model.graph.node:
        for index, operand in enumerate(node.input):
            if operand == name:
                node.input[index] = f"{name}_changed"
    model.graph.node.insert(position, helper.make_node(operator, [name], [f"{name}_changed"]))
    return f"{operator} inserted behind {name[:40]!r}"


def append_operator(random: Random, model: ModelProto) -> str:
    """A further output: an operator of an output and of itself, or of a new constant."""
    name = random.choice(model.graph.output).name
    operator = _operator(random, 2)
    other = name
    if random.random() < 0.6:
        other = f"{name}_constant{len(model.graph.initializer)}"
        shape = random.choice([(), (1,), (1, 1, 1), (3,), (4, 1)])
        data = np.asarray([random.uniform(-2, 2) for _ in range(int(np.prod(shape)))], np.float32)
        model.graph.initializer.append(numpy_helper.from_array(data.reshape(shape), other))
    result = f"{name}_{operator}{len(model.graph.node)}"
    model.graph.node.append(helper.make_node(operator, [name, other], [result]))
    value = model.graph.output.add()
    value.CopyFrom(model.graph.output[0])
    value.name = result
    return f"{operator} of {name[:40]!r} and {'itself' if other == name else 'a constant'}"


def bypass_node(random: Random, model: ModelProto) -> str:
    """Who read a node's result reads its operand."""
    node = random.choice(model.graph.node)
    if not node.input or not node.output or len(model.graph.node) < 2:
        return vary_attribute(random, model)
    for reader in model.graph.node:
        for index, name in enumerate(reader.input):
            if name == node.output[0]:
                reader.input[index] = node.input[0]
    return f"{node.op_type} bypassed"


def read_elsewhere(random: Random, model: ModelProto) -> str:
    """A node reads a tensor made before it in the place of one of its operands."""
    position = random.randrange(len(model.graph.node))
    node: NodeProto = model.graph.node[position]
    names = [value.name for value in (*model.graph.input, *model.graph.initializer)]
    names += [name for n in model.graph.node[:position] for name in n.output if name]
    if not node.input or not names:
        return vary_attribute(random, model)
    index = random.randrange(len(node.input))
    node.input[index] = random.choice(names)
    return f"{node.op_type} reads {node.input[index][:40]!r} as input {index}"


VARIATIONS: tuple[Mutation, ...] = (
    *(vary_attribute, vary_attribute, vary_attribute, exchange_operator, insert_operator),
    *(insert_operator, append_operator, bypass_node, read_elsewhere),
    *(change_shapes_consistently, change_shapes_consistently, change_all_element_types),
    *(vary_values, vary_values, reorder_list, swap_operands, omit_operand, duplicate_node),
)


def restate_outputs(model: ModelProto) -> None:
    """Gives the outputs the types that follow from the changed nodes, if any do."""
    open_model = ModelProto()
    open_model.CopyFrom(model)
    del open_model.graph.output[:], open_model.graph.value_info[:]
    try:
        check_attributes(open_model)  # what it refuses can end the process in the next line
        inferred = onnx.shape_inference.infer_shapes(open_model).graph.value_info
    except (CompileError, onnx.shape_inference.InferenceError, RuntimeError):
        return
    types = {value.name: value.type for value in inferred}
    for value in model.graph.output:
        if value.name in types and types[value.name].tensor_type.HasField("shape"):
            value.type.CopyFrom(types[value.name])
        else:
            for dimension in value.type.tensor_type.shape.dim:
                dimension.dim_param = "open"


def _operator(random: Random, operands: int) -> str:
    """An operator that takes so many operands, often one that takes any shape; empty if none."""
    if operands in ELEMENTWISE and random.random() < SHARE_OF_ELEMENTWISE:
        return random.choice(ELEMENTWISE[operands])
    return random.choice(_taking(operands) or ("",))


@functools.cache
def _schema(operator: str) -> onnx.defs.OpSchema | None:
    if not onnx.defs.has(operator):
        return None
    try:
        return onnx.defs.get_schema(operator, OPSET)
    except onnx.defs.SchemaError:
        return None


@functools.cache
def _taking(operands: int) -> tuple[str, ...]:
    """Operators with support that take so many operands."""
    names = sorted(operator for domain, operator in OPERATORS if not domain)
    schemas = {name: schema for name in names if (schema := _schema(name)) is not None}
    return tuple(n for n, s in schemas.items() if s.min_input <= operands <= s.max_input)
