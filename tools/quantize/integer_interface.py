"""Gives chosen graph inputs and outputs of a QDQ model the integer type of their quantised form."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from tools.quantize.calibration import CalibrationError


def make_integer(model: onnx.ModelProto, names: Iterable[str]) -> None:
    """Removes the outer QuantizeLinear/DequantizeLinear of the named inputs and outputs, in place.

    The names stay; the element type becomes that of the zero point. Scale and zero point of every
    such tensor go to the model's metadata as ``quantization.NAME`` = ``SCALE,ZERO_POINT``, since an
    output's own DequantizeLinear may be gone.

    Raises:
        CalibrationError: if a name is no graph input or output, or carries no Q/DQ pair.
    """
    graph = model.graph
    inputs = {value.name: value for value in graph.input}
    outputs = {value.name: value for value in graph.output}
    for name in names:
        if name in inputs:
            quantize = _integer_input(graph, inputs[name])
        elif name in outputs:
            quantize = _integer_output(graph, outputs[name])
        else:
            raise CalibrationError(f"'{name}' is neither an input nor an output of the model")
        scale, zero_point = (_scalar(graph, tensor) for tensor in quantize.input[1:3])
        entry = model.metadata_props.add()
        entry.key, entry.value = f"quantization.{name}", f"{scale!r},{int(zero_point)}"


def _integer_input(graph: onnx.GraphProto, value: onnx.ValueInfoProto) -> onnx.NodeProto:
    consumers = [node for node in graph.node if value.name in node.input]
    if [node.op_type for node in consumers] != ["QuantizeLinear"]:
        raise CalibrationError(f"input '{value.name}' is not quantised, it cannot become integer")
    quantize = consumers[0]
    _replace_input(graph, quantize.output[0], value.name)
    value.type.tensor_type.elem_type = _initializer(graph, quantize.input[2]).data_type
    graph.node.remove(quantize)
    return quantize


def _integer_output(graph: onnx.GraphProto, value: onnx.ValueInfoProto) -> onnx.NodeProto:
    producer = {output: node for node in graph.node for output in node.output}
    dequantize = producer[value.name]
    quantize = producer.get(dequantize.input[0])
    if dequantize.op_type != "DequantizeLinear" or quantize is None:
        raise CalibrationError(f"output '{value.name}' is not quantised, it cannot become integer")
    integer = quantize.output[0]
    dequantized = f"{value.name}_DequantizeLinear_Output"
    _replace_input(graph, value.name, dequantized)
    _replace_input(graph, integer, value.name)
    quantize.output[0] = value.name
    if any(dequantized in node.input for node in graph.node):
        dequantize.output[0] = dequantized
    else:
        graph.node.remove(dequantize)
    value.type.tensor_type.elem_type = _initializer(graph, quantize.input[2]).data_type
    return quantize


def _replace_input(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name == old:
                node.input[index] = new


def _initializer(graph: onnx.GraphProto, name: str) -> onnx.TensorProto:
    return next(tensor for tensor in graph.initializer if tensor.name == name)


def _scalar(graph: onnx.GraphProto, name: str) -> float:
    return float(onnx.numpy_helper.to_array(_initializer(graph, name)).item())
