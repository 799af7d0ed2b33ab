"""Small changes of an ONNX model, most of which make it wrong. Each says what it did."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from compiler.operators import OPERATORS

Mutation = Callable[[Random, ModelProto], str]

INTEGERS = (-(2**63), -(2**31), -7, -2, -1, 0, 1, 2, 3, 5, 64, 2**16, 2**31, 2**40, 2**63 - 1)
REALS = (float("nan"), float("inf"), -float("inf"), 0.0, -0.0, -1.0, 1.0, 1e-45, 1e-30, 3e38)
NAMES = (
    *("", "for", "int8_t", "NULL", "INT32_MAX", "main", "core", "arena", "tw_kernel", "*/", "/*"),
    *("a\\\nb", "??/", '"', "'", "%n", "\0", "\r\n", "../../x", "入力", "größe", "\u202e", " "),
    *("x" * 10_000, "*/" * 3_000, "x.real", "y/dequantise", "9", "-", "__FILE__"),
)
OPERATOR_NAMES = sorted(operator for _, operator in OPERATORS)
ELEMENT_TYPES = tuple(range(24))
SHARE_OF_TENSORS = 0.8
"""Of attributes that are tensors, how many get another element instead of another type."""

SHARE_OF_WHOLE_NUMBERS = 0.3
"""Of extreme elements of float tensors, in which some files store integers."""


def _node(random: Random, model: ModelProto) -> NodeProto | None:
    return random.choice(model.graph.node) if model.graph.node else None


def _tensors(model: ModelProto) -> list[str]:
    graph = model.graph
    names = [value.name for value in graph.input] + [tensor.name for tensor in graph.initializer]
    return names + [name for node in graph.node for name in node.output]


def _data(tensor: TensorProto) -> np.ndarray | None:
    """A copy of its elements; None if an earlier mutation damaged it."""
    if tensor.data_location == TensorProto.EXTERNAL:
        return None
    try:
        return numpy_helper.to_array(tensor).copy()
    except (ValueError, TypeError, KeyError):
        return None


def change_operator(random: Random, model: ModelProto) -> str:
    node = _node(random, model)
    if node is None:
        return "nothing"
    old = node.op_type
    node.op_type = random.choice([*OPERATOR_NAMES, "If", "Loop", "NonZero", "Constant", "Nothing"])
    return f"node {old} becomes {node.op_type}"


def change_attribute(random: Random, model: ModelProto) -> str:
    node = _node(random, model)
    if node is None or not node.attribute:
        return add_attribute(random, model)
    attribute = random.choice(node.attribute)
    if attribute.type == AttributeProto.INT:
        attribute.i = random.choice(INTEGERS)
        value: object = attribute.i
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = random.choice(REALS)
        value = attribute.f
    elif attribute.type == AttributeProto.INTS and attribute.ints:
        attribute.ints[random.randrange(len(attribute.ints))] = random.choice(INTEGERS)
        value = list(attribute.ints)
    elif attribute.type == AttributeProto.STRING:
        attribute.s = random.choice([b"", b"SAME_UPPER", b"VALID", b"linear", b"\xff", b"tanh"])
        value = attribute.s
    elif attribute.type == AttributeProto.TENSOR and random.random() < SHARE_OF_TENSORS:
        value = _change_element(random, attribute.t)
    else:
        attribute.type = random.randrange(1, 15)
        value = f"of type {attribute.type}"
    return f"{node.op_type}.{attribute.name} = {value!r}"


def add_attribute(random: Random, model: ModelProto) -> str:
    node = _node(random, model)
    if node is None:
        return "nothing"
    name = random.choice(
        ["axis", "axes", "kernel_shape", "strides", "pads", "dilations", "group", "perm", "alpha"]
    )
    value = random.choice([random.choice(INTEGERS), [random.choice(INTEGERS)] * 2, 0.5, "text"])
    node.attribute.append(helper.make_attribute(name, value))
    return f"{node.op_type}.{name} = {value!r} added"


def drop_attribute(random: Random, model: ModelProto) -> str:
    node = _node(random, model)
    if node is None or not node.attribute:
        return "nothing"
    return f"{node.op_type}.{node.attribute.pop().name} dropped"


def change_attribute_length(random: Random, model: ModelProto) -> str:
    node = _node(random, model)
    lists = [a for a in node.attribute if a.type == AttributeProto.INTS] if node else []
    if not lists:
        return "nothing"
    attribute = random.choice(lists)
    if random.random() < 0.5 and attribute.ints:
        attribute.ints.pop()
    else:
        attribute.ints.append(random.choice(INTEGERS))
    return f"{attribute.name} = {list(attribute.ints)}"


def change_shape(random: Random, model: ModelProto) -> str:
    value = random.choice([*model.graph.input, *model.graph.output])
    dims = value.type.tensor_type.shape.dim
    if not dims or random.random() < 0.2:
        dims.add().dim_value = random.choice([0, 1, 2, 3])
    elif random.random() < 0.2:
        dims.pop()
    elif random.random() < 0.3:
        random.choice(dims).dim_param = random.choice(["n", "*/", ""])
    else:
        random.choice(dims).dim_value = random.choice(INTEGERS)
    return f"shape of {value.name[:40]!r} changed"


def change_shapes_consistently(random: Random, model: ModelProto) -> str:
    """Replaces one extent wherever it stands, and forgets the outputs' shapes."""
    dims = [d for value in model.graph.input for d in value.type.tensor_type.shape.dim]
    if not dims:
        return "nothing"
    old = random.choice(dims).dim_value
    new = random.choice([0, 1, 2, 3, 7])
    for dimension in dims:
        if dimension.dim_value == old:
            dimension.dim_value = new
    for value in model.graph.output:
        for dimension in value.type.tensor_type.shape.dim:
            dimension.dim_param = "open"
    return f"extent {old} becomes {new}"


def change_element_type(random: Random, model: ModelProto) -> str:
    value = random.choice([*model.graph.input, *model.graph.output])
    value.type.tensor_type.elem_type = random.choice(ELEMENT_TYPES)
    return f"{value.name[:40]!r} has element type {value.type.tensor_type.elem_type}"


def change_all_element_types(random: Random, model: ModelProto) -> str:
    """One type for everything that was float32, which is often still valid."""
    new = random.choice([TensorProto.INT8, TensorProto.INT32, TensorProto.UINT8, TensorProto.INT64])
    for value in [*model.graph.input, *model.graph.output]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = new
    for tensor in model.graph.initializer:
        data = _data(tensor)
        if data is not None and tensor.data_type == TensorProto.FLOAT:
            with np.errstate(all="ignore"):
                cast = data.astype(helper.tensor_dtype_to_np_dtype(new))
            tensor.CopyFrom(numpy_helper.from_array(cast, tensor.name))
    return f"float32 becomes type {new}"


def rewire(random: Random, model: ModelProto) -> str:
    """A node reads another tensor: often a cycle, or a wrong type."""
    node = _node(random, model)
    if node is None or not node.input:
        return "nothing"
    index = random.randrange(len(node.input))
    node.input[index] = random.choice([*_tensors(model), "absent", ""])
    return f"input {index} of {node.op_type} is {node.input[index][:40]!r}"


def drop_operand(random: Random, model: ModelProto) -> str:
    node = _node(random, model)
    if node is None or not node.input:
        return "nothing"
    node.input.pop()
    return f"{node.op_type} loses an input"


def add_operand(random: Random, model: ModelProto) -> str:
    node = _node(random, model)
    if node is None:
        return "nothing"
    random.choice([node.input, node.output]).append(random.choice([*_tensors(model), "new", ""]))
    return f"{node.op_type} gains an input or output"


def omit_operand(random: Random, model: ModelProto) -> str:
    """An operand in front of others is absent, as optional ones may be."""
    node = _node(random, model)
    if node is None or not node.input:
        return "nothing"
    index = random.randrange(len(node.input))
    node.input[index] = ""
    return f"{node.op_type} has no input {index}"


def swap_operands(random: Random, model: ModelProto) -> str:
    node = _node(random, model)
    if node is None or len(node.input) < 2:
        return "nothing"
    first, second = random.sample(range(len(node.input)), 2)
    node.input[first], node.input[second] = node.input[second], node.input[first]
    return f"inputs {first} and {second} of {node.op_type} swapped"


def drop_node(random: Random, model: ModelProto) -> str:
    if not model.graph.node:
        return "nothing"
    return f"{model.graph.node.pop(random.randrange(len(model.graph.node))).op_type} dropped"


def duplicate_node(random: Random, model: ModelProto) -> str:
    node = _node(random, model)
    if node is None:
        return "nothing"
    copy = model.graph.node.add()
    copy.CopyFrom(node)
    if random.random() < 0.7:
        for index, name in enumerate(copy.output):
            copy.output[index] = f"{name}.1"
        model.graph.output.add().CopyFrom(model.graph.output[0])
        model.graph.output[-1].name = copy.output[0] if copy.output else "none"
    return f"{node.op_type} duplicated"


def append_node(random: Random, model: ModelProto) -> str:
    """Another operator reads the first output, and makes it."""
    if not model.graph.output:
        return "nothing"
    value = model.graph.output[0]
    for node in model.graph.node:
        for index, name in enumerate(node.output):
            if name == value.name:
                node.output[index] = f"{name}_before"
    operator = random.choice(OPERATOR_NAMES)
    model.graph.node.append(helper.make_node(operator, [f"{value.name}_before"], [value.name]))
    return f"{operator} appended"


def shuffle_nodes(random: Random, model: ModelProto) -> str:
    nodes = list(model.graph.node)
    random.shuffle(nodes)
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
    return "nodes shuffled"


def rename(random: Random, model: ModelProto) -> str:
    """Renames a tensor wherever it stands."""
    old, new = random.choice(_tensors(model) or [""]), random.choice(NAMES)
    graph = model.graph
    for value in [*graph.input, *graph.output, *graph.initializer]:
        if value.name == old:
            value.name = new
    for node in graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name == old:
                    names[index] = new
    return f"{old[:40]!r} becomes {new[:40]!r}"


def rename_node(random: Random, model: ModelProto) -> str:
    node = _node(random, model)
    if node is None:
        return "nothing"
    node.name = random.choice(NAMES)
    model.graph.name = random.choice([model.graph.name, random.choice(NAMES)])
    return f"{node.op_type} is called {node.name[:40]!r}"


def damage_initializer(random: Random, model: ModelProto) -> str:
    if not model.graph.initializer:
        return "nothing"
    tensor = random.choice(model.graph.initializer)
    choice = random.randrange(4)
    if choice == 0:
        tensor.raw_data = tensor.raw_data[: random.randrange(len(tensor.raw_data) + 1)]
    elif choice == 1 and tensor.dims:
        tensor.dims[random.randrange(len(tensor.dims))] = random.choice(INTEGERS)
    elif choice == 2:
        tensor.data_type = random.choice(ELEMENT_TYPES)
    else:
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=random.choice(["none", "../x", "/x", "."]))
    return f"initialiser {tensor.name[:40]!r} damaged ({choice})"


def change_values(random: Random, model: ModelProto) -> str:
    """Extreme elements in an initialiser: scales, zero points, shapes, axes, weights."""
    if not model.graph.initializer:
        return "nothing"
    tensor = random.choice(model.graph.initializer)
    return f"element of {tensor.name[:40]!r}: {_change_element(random, tensor)}"


def _change_element(random: Random, tensor: TensorProto) -> str:
    """Makes an element an extreme number."""
    data = _data(tensor)
    if data is None or not data.size:
        return "nothing"
    index = random.randrange(data.size)
    if data.dtype.kind == "f":
        whole = random.random() < SHARE_OF_WHOLE_NUMBERS
        data.reshape(-1)[index] = random.choice(INTEGERS if whole else REALS)
    elif data.dtype.kind in "iu":
        limits = np.iinfo(data.dtype)
        data.reshape(-1)[index] = min(max(random.choice(INTEGERS), limits.min), limits.max)
    else:
        return "nothing"
    tensor.CopyFrom(numpy_helper.from_array(data, tensor.name))
    return f"{data.reshape(-1)[index]} at {index}"


def change_versions(random: Random, model: ModelProto) -> str:
    if not model.opset_import:
        return "nothing"
    if random.random() < 0.6:
        model.opset_import[0].version = random.choice([-1, 0, 7, 12, 13, 17, 18, 21, 24, 25, 99])
    elif random.random() < 0.5:
        model.ir_version = random.choice([-1, 0, 3, 8, 10, 99])
    else:
        node = _node(random, model)
        if node is not None:
            node.domain = random.choice(["com.example", "ai.onnx.ml", "ai.onnx", "com.microsoft"])
    return f"versions {model.ir_version}, {model.opset_import[0].version}, or a domain"


MUTATIONS: tuple[Mutation, ...] = (
    *(change_operator, change_attribute, change_attribute, add_attribute, drop_attribute),
    *(change_attribute_length, change_shape, change_shapes_consistently),
    *(change_shapes_consistently, change_element_type, change_all_element_types, rewire),
    *(drop_operand, omit_operand, swap_operands, add_operand, drop_node, duplicate_node),
    *(append_node, append_node),
    *(shuffle_nodes, rename, rename, rename_node, damage_initializer, change_values),
    *(change_values, change_values, change_versions),
)


def mutated_bytes(random: Random, content: bytes) -> tuple[bytes, str]:
    """The file cut off, or with a few bytes changed."""
    if random.random() < 0.5:
        length = random.randrange(len(content) + 1)
        return content[:length], f"cut off after {length} bytes"
    changed = bytearray(content)
    places = [random.randrange(len(changed)) for _ in range(random.randrange(1, 4))]
    for place in places:
        changed[place] = random.randrange(256)
    return bytes(changed), f"bytes {places} changed"
