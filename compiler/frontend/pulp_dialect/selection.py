"""Operators of ONNX that choose among integers, or compare them, and so need no other numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from compiler.frontend.model import OnnxModel, OnnxNode, OnnxTensor
from compiler.frontend.pulp_dialect.largest_of_windows import largest_of_windows
from compiler.frontend.pulp_dialect.typed_tensors import BYTES, TypedTensors
from compiler.ir import DataType, TensorType

CHOOSING = frozenset({"Clip", "GlobalMaxPool", "MaxPool", "ReduceMax", "ReduceMin", "Relu"})
"""Operators whose kernels take bytes between Dequantize- and QuantizeLinear nodes of scale 1."""

SIGNS = frozenset({"Abs", "Neg", "Sign"})
"""Functions of int32."""

COMPARING = frozenset(
    {"ArgMax", "ArgMin", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"}
)
"""Operators whose kernels take int32, and whose results are no numbers of the dialect."""

CHANNEL_AXES = 2
"""Batch and channels, over which no pool goes."""

INT32 = np.iinfo(np.int32)


class Selection(TypedTensors):
    """What to do with these operators."""

    def selection(self, node: OnnxNode) -> Callable[[OnnxNode], None] | None:
        """What to do with a node whose operands are integers; None if it is another operator."""
        if node.operator in CHOOSING and self.type(node, 0) in BYTES:
            return self.choose
        if node.operator in ("ReduceMax", "ReduceMin") or node.operator in SIGNS:
            return lambda node: self.in_int32(node, [DataType.INT32])
        if node.operator in COMPARING:
            return lambda node: self.in_int32(node, [])
        wide = {"GlobalMaxPool": self._largest, "MaxPool": self._pool, "Relu": self._rectify}
        return wide.get(node.operator)

    def in_int32(self, node: OnnxNode, results: Sequence[DataType]) -> None:
        """The node with all operands that are numbers as int32."""
        self.nodes.append(self.converted(node, self.data(node), DataType.INT32))
        for name, type_ in zip(node.outputs, results, strict=False):
            if name is not None:
                self.set(name, type_)

    def with_integer_bounds(self, node: OnnxNode) -> OnnxNode | None:
        """A Clip of integers with bounds that are integers of 32 bits, which is the same.

        Those that change nothing become limits of what they bound. None if a bound is computed as a
        number, or is one that the result can have and is no such integer.
        """
        limits = np.iinfo(self.type(node, 0).numpy)
        largest = limits.max
        inputs = list(node.inputs)
        for index, name in list(enumerate(node.inputs))[1:]:
            if name is None:
                continue
            constant = self.tensors[name].constant
            if constant is None:
                if self.tensors[name].type.data_type.is_float:
                    return None
                continue
            if constant.size != 1 or np.isnan(constant.item()):
                return None
            bound = float(constant.item())
            bound = max(bound, limits.min) if index == 1 else min(bound, largest)
            if bound != np.rint(bound) or not INT32.min <= bound <= INT32.max:
                return None
            largest = max(largest, int(bound))
            role = f"{node.name}/bound_{index}"
            inputs[index] = self.constant(role, np.array(bound, np.float32))
            if float(np.float32(bound)) != bound:  # the largest int32
                inputs[index] = None
        return replace(node, inputs=tuple(inputs))

    def has_results_beyond(self, type_: DataType, node: OnnxNode) -> bool:
        """Whether a bound of a Clip with integer bounds is no number of a type."""
        limits = np.iinfo(type_.numpy)
        bounds = [self.tensors[name].constant for name in node.inputs[1:] if name is not None]
        return any(b is not None and not limits.min <= b.item() <= limits.max for b in bounds)

    def _rectify(self, node: OnnxNode) -> None:
        zero = self.constant(f"{node.name}/zero", np.array(0, np.int32))
        larger = replace(node, operator="Max", inputs=(node.inputs[0], zero))
        self.in_int32(larger, [DataType.INT32])

    def _largest(self, node: OnnxNode) -> None:
        """A GlobalMaxPool: the largest number along all axes but the first two."""
        rank = len(self.tensors[node.inputs[0] or ""].type.shape)
        if rank <= CHANNEL_AXES:
            self.nodes.append(node)  # its lowering refuses it
            return
        attributes = {"axes": list(range(2, rank)), "keepdims": 1}
        largest = replace(node, operator="ReduceMax", attributes=attributes)
        self.in_int32(largest, [DataType.INT32])

    def _pool(self, node: OnnxNode) -> None:
        """A MaxPool of 16 bits, which are exact in float32, or of 32 bits, as maxima of slices."""
        type_ = self.type(node, 0)
        self.set(node.output(), type_)
        if type_ is DataType.INT32:
            model = self.model
            known = OnnxModel(model.name, [], self.tensors, model.inputs, model.outputs)
            # Where there are none, its lowering refuses it.
            self.nodes += largest_of_windows(node, known) or [node]
            return
        real = f"{node.name}/real"
        shape = self.tensors[node.output()].type.shape
        self.tensors[real] = OnnxTensor(real, TensorType(DataType.FLOAT32, shape))
        pool = self.converted(node, self.data(node), DataType.FLOAT32)
        self.nodes.append(replace(pool, outputs=(real, *node.outputs[1:])))
        made = f"{node.name}/{type_.value}"
        self.nodes.append(OnnxNode("Cast", made, (real,), (node.output(),), {}, node.opset))

    def choose(self, node: OnnxNode) -> None:
        """The node between a DequantizeLinear and a QuantizeLinear of scale 1, which is exact."""
        x, y = node.inputs[0], node.output()
        assert x is not None
        type_ = self.type(node, 0)
        scale = self.constant(f"{node.name}/scale", np.array(1.0, np.float32))
        zero = self.constant(f"{node.name}/zero_point", np.array(0, type_.numpy))
        real = [f"{node.name}/real_input", f"{node.name}/real_output"]
        for name, like in zip(real, (x, y), strict=True):
            shape = self.tensors[like].type.shape
            self.tensors[name] = OnnxTensor(name, TensorType(DataType.FLOAT32, shape))
        self.set(y, type_)
        self.nodes += [
            OnnxNode(
                "DequantizeLinear",
                f"{node.name}/dequantise",
                (x, scale, zero),
                (real[0],),
                {},
                node.opset,
            ),
            replace(
                node,
                inputs=(real[0], *node.inputs[1:]),
                outputs=(real[1], *node.outputs[1:]),
            ),
            OnnxNode(
                "QuantizeLinear",
                f"{node.name}/quantise",
                (real[1], scale, zero),
                (y,),
                {},
                node.opset,
            ),
        ]
