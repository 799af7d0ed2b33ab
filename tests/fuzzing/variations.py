"""Small changes of an ONNX model that often leave it valid, so that its results are compared."""

from __future__ import annotations

import functools
from random import Random

import numpy as np
import onnx.defs
import onnx.shape_inference
from onnx import AttributeProto, ModelProto, NodeProto, helper, numpy_helper

from compiler.errors import CompileError
from compiler.frontend.check_attributes import check_attributes
from compiler.operators import OPERATORS
from tests.fuzzing.mutations import Mutation, change_all_element_types, change_shapes_consistently

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
INTEGERS = (0, 1, 2, 3, -1, -2)
REALS = (0.0, 0.1, 0.5, 1.0, 2.0, -1.0, 1e-5)
OPSET = 22
"""Whose definitions say how many operands an operator takes and which attributes it has."""


def vary_attribute(random: Random, model: ModelProto) -> str:
    """An attribute that the operator has gets a plausible value, also where it had none."""
    node = random.choice(model.graph.node)
    schema = _schema(node.op_type)
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


def exchange_operator(random: Random, model: ModelProto) -> str:
    """Another operator with the same number of operands, which keeps the attributes it knows."""
    node = random.choice(model.graph.node)
    old = node.op_type
    node.op_type = _operator(random, len(node.input)) or old
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
