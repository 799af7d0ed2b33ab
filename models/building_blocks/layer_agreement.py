"""Compares the compiler's arithmetic with onnxruntime's, one quantised layer at a time.

Both give every layer the same int8 operands. From end to end they would differ by more than the
layers do, because each layer of a network of random weights passes on the differences before it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.lowering.lower import lower
from compiler.passes import run_passes
from tools.quantize.calibration import session

Arrays = Mapping[str, npt.NDArray[np.generic]]


def largest_differences(model: onnx.ModelProto, inputs: Arrays) -> dict[str, int]:
    """For each int8 tensor that a layer computes, how many steps both are apart at most.

    Args:
        model: int8 QDQ model; its inputs are float32 or integers.
        inputs: what onnxruntime takes.
    """
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    stored = {n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear"}
    given = {value.name for value in model.graph.input}
    values = {**inputs, **_stored_values(model, sorted(stored), inputs)}
    extractor = onnx.utils.Extractor(model)
    result: dict[str, int] = {}
    for output, operands in _layers(model.graph, stored, given):
        layer = extractor.extract_model(operands, [output])
        feeds = {name: _on_target(values[name]) for name in operands}
        found = _interpreted(layer, feeds)[output].astype(np.int32)
        result[output] = int(np.abs(found - values[output].astype(np.int32)).max())
    return result


def _layers(
    graph: onnx.GraphProto, stored: set[str], given: set[str]
) -> Iterator[tuple[str, list[str]]]:
    """Each stored tensor with the stored tensors and inputs that it is computed from."""
    producers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        if node.op_type != "QuantizeLinear":
            continue
        operands: dict[str, None] = {}
        pending = [node.input[0]]
        while pending:
            name = pending.pop()
            if name in stored or name in given:
                operands[name] = None
            elif name in producers:
                pending += producers[name].input
        yield node.output[0], list(operands)


def _stored_values(model: onnx.ModelProto, names: list[str], inputs: Arrays) -> Arrays:
    """onnxruntime's int8 tensors."""
    observed = onnx.ModelProto()
    observed.CopyFrom(model)
    del observed.graph.output[:]
    observed.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.INT8, None) for name in names
    )
    return dict(zip(names, session(observed).run(names, dict(inputs)), strict=True))


def _interpreted(layer: onnx.ModelProto, feeds: Arrays) -> Arrays:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.onnx"
        onnx.save(layer, path)
        graph = lower(import_model(path), "run")
    run_passes(graph)
    return interpret(graph, feeds)


def _on_target(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Indices are int32 there."""
    return array.astype(np.int32) if array.dtype == np.int64 else array
