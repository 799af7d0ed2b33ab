"""Two models as one: the second reads what the first makes."""

from __future__ import annotations

from math import prod
from random import Random

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, compose, helper, numpy_helper

from tests.fuzzing.seed_model import SeedModel

PREFIX = "second/"
READ = (TensorProto.FLOAT, TensorProto.INT8, TensorProto.UINT8)
"""Element types of what is read: other integers are often indices, for which not all will do."""


def chained(random: Random, first: SeedModel, second: SeedModel) -> SeedModel | None:
    """The second model reads an output of the first, its elements in another shape if need be.

    None if there are no such tensors of one element type, or the models store integers as float32.
    """
    if first.types or second.types:
        return None
    pairs = [
        (output, value)
        for output in first.model.graph.output
        for value in second.model.graph.input
        if output.type.tensor_type.elem_type == value.type.tensor_type.elem_type
        and value.type.tensor_type.elem_type in READ
        and prod(_shape(output))
    ]
    if not pairs:
        return None
    output, value = random.choice(pairs)
    model = ModelProto()
    model.CopyFrom(first.model)
    behind = compose.add_prefix(second.model, PREFIX)
    graph, name = model.graph, PREFIX + value.name
    source, target = _shape(output), _shape(value)
    indices = np.arange(prod(target)).reshape(target) % prod(source)
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([-1]), f"{name}/flat"),
            numpy_helper.from_array(indices.astype(np.int64), f"{name}/indices"),
        ]
    )
    graph.node.extend(
        [
            helper.make_node("Reshape", [output.name, f"{name}/flat"], [f"{name}/row"]),
            helper.make_node("Gather", [f"{name}/row", f"{name}/indices"], [name]),
        ]
    )
    graph.node.extend(behind.graph.node)
    graph.initializer.extend(behind.graph.initializer)
    graph.input.extend(v for v in behind.graph.input if v.name != name)
    graph.output.extend(behind.graph.output)
    versions = {entry.domain: entry.version for entry in second.model.opset_import}
    for entry in model.opset_import:
        entry.version = max(entry.version, versions.pop(entry.domain, 0))
    model.opset_import.extend(helper.make_opsetid(*pair) for pair in versions.items())
    model.ir_version = max(model.ir_version, second.model.ir_version)
    return SeedModel(f"{first.name}, then {second.name}", model)


def _shape(value: ValueInfoProto) -> tuple[int, ...]:
    return tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
