"""Where mutation starts: a small valid model for every form of every operator, float and QDQ.

The forms are those of ONNX's own backend tests, so an operator that gets support is fuzzed without
anything to add here.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

from compiler.frontend.import_model import SUPPORTED_OPSETS
from compiler.operators import OPERATORS

MAXIMUM_BYTES = 20_000
SHARE_CONSTANT = 0.7
SHARE_QUANTISED = 0.35


@dataclass(frozen=True)
class SeedModel:
    """A model and data for all of its inputs."""

    name: str
    model: ModelProto
    data: tuple[Any, ...]


@functools.cache
def seed_models() -> tuple[SeedModel, ...]:
    """Every backend test whose operators all have support, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    return tuple(
        SeedModel(case.name, case.model, tuple(case.data_sets[0][0]))
        for case in sorted(cases, key=lambda case: case.name)
        if case.model is not None
        and all((node.domain, node.op_type) in OPERATORS for node in case.model.graph.node)
        and all(entry.version in SUPPORTED_OPSETS for entry in case.model.opset_import)
        and case.model.ByteSize() <= MAXIMUM_BYTES
        and all(isinstance(array, np.ndarray) for array in case.data_sets[0][0])
    )


def random_seed_model(random: Random) -> SeedModel:
    """A model of a random operator: all operators are as likely, however many forms they have."""
    return random.choice(random.choice(list(_by_operator().values())))


@functools.cache
def _by_operator() -> dict[str, list[SeedModel]]:
    result: dict[str, list[SeedModel]] = {}
    for seed in seed_models():
        result.setdefault(seed.model.graph.node[-1].op_type, []).append(seed)
    return dict(sorted(result.items()))


def prepared(seed: SeedModel, random: Random) -> ModelProto:
    """The seed's model, often with weights instead of inputs, and often quantised (QDQ)."""
    model = ModelProto()
    model.CopyFrom(seed.model)
    if random.random() < SHARE_CONSTANT:
        kept = random.randrange(max(1, len(model.graph.input)))
        for index, (value, data) in enumerate(zip(model.graph.input, seed.data, strict=False)):
            if index != kept:
                model.graph.initializer.append(numpy_helper.from_array(data, value.name))
        names = {tensor.name for tensor in model.graph.initializer}
        remaining = [value for value in model.graph.input if value.name not in names]
        del model.graph.input[:]
        model.graph.input.extend(remaining)
    if random.random() < SHARE_QUANTISED:
        _quantise(model, random)
    return model


def _quantise(model: ModelProto, random: Random) -> None:
    """Puts a QuantizeLinear and a DequantizeLinear behind every float tensor of the model."""
    graph = model.graph
    element = random.choice([np.int8, np.uint8])
    floats = [v.name for v in graph.input if v.type.tensor_type.elem_type == TensorProto.FLOAT]
    floats += [t.name for t in graph.initializer if t.data_type == TensorProto.FLOAT]
    for name in floats:
        scale = helper.make_tensor(
            f"{name}_scale", TensorProto.FLOAT, [], [random.choice([0.02, 0.05, 0.5])]
        )
        zero = numpy_helper.from_array(np.array(random.randrange(0, 100), element), f"{name}_zero")
        graph.initializer.extend([scale, zero])
        for node in graph.node:
            for index, operand in enumerate(node.input):
                if operand == name:
                    node.input[index] = f"{name}_real"
        parameters = [scale.name, zero.name]
        graph.node.insert(
            0,
            helper.make_node("DequantizeLinear", [f"{name}_stored", *parameters], [f"{name}_real"]),
        )
        graph.node.insert(
            0, helper.make_node("QuantizeLinear", [name, *parameters], [f"{name}_stored"])
        )
    for value in graph.output:
        if value.type.tensor_type.elem_type != TensorProto.FLOAT:
            continue
        inner = f"{value.name}_inner"
        for node in graph.node:
            for index, made in enumerate(node.output):
                if made == value.name:
                    node.output[index] = inner
        scale = helper.make_tensor(f"{inner}_scale", TensorProto.FLOAT, [], [0.05])
        zero = numpy_helper.from_array(np.array(random.randrange(0, 100), element), f"{inner}_zero")
        graph.initializer.extend([scale, zero])
        parameters = [scale.name, zero.name]
        graph.node.append(
            helper.make_node("QuantizeLinear", [inner, *parameters], [f"{inner}_stored"])
        )
        graph.node.append(
            helper.make_node("DequantizeLinear", [f"{inner}_stored", *parameters], [value.name])
        )
