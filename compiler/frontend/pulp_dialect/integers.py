"""Gives the tensors of a model of the dialect the integer types that their values have.

The imported model computes in float32, as its file says. Here every tensor that holds integers
becomes an integer tensor: inputs by what the user says, constants by their values, results by the
operator that makes them. Products and sums become operators of `PULP_DOMAIN` with exact results in
int32; operators that move or choose numbers keep the type; what has no meaning in integers is
computed in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.model import OnnxModel, OnnxNode, OnnxTensor
from compiler.frontend.pulp_dialect.attributes import integer_attribute
from compiler.frontend.pulp_dialect.halves import in_halves, needs_halves
from compiler.frontend.pulp_dialect.selection import CHOOSING, Selection
from compiler.frontend.pulp_dialect.typed_tensors import BYTES, NUMBERS, fits
from compiler.ir import Array, DataType, TensorType
from compiler.operators.registry import PULP_DOMAIN

MOVING = frozenset(
    {
        *("DepthToSpace", "Dropout", "Expand", "Flatten", "Gather", "GatherElements", "Identity"),
        *("Reshape", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose"),
        "Unsqueeze",
    }
)
"""Operators whose results have the type of their first operand."""

JOINING = frozenset({"Concat", "Max", "Min", "Pad", "Where"})
"""Operators whose operands have one type, that of the result."""

EXACT = {
    "Add": "IntegerAdd",
    "Conv": "IntegerConv",
    "Gemm": "IntegerGemm",
    "MatMul": "IntegerMatMul",
    "Mul": "IntegerMul",
    "Sub": "IntegerSub",
    "Sum": "IntegerAdd",
}
"""Sums and products, and the operators that compute them exactly in int32."""

WIDE = frozenset({"iGELU", "iHardswish", "TrueIntegerDiv", "IntegerDiv"})
"""Operators of the dialect with results in int32."""

DEFAULT_LEVELS = 256


def integer_model(model: OnnxModel, input_types: Mapping[str, DataType]) -> OnnxModel:
    """The model with integer types.

    Args:
        model: as imported, with float32 in place of integers.
        input_types: what its inputs hold; inputs that are not in it hold float32.

    Raises CompileError (TW-0104) with all inputs whose integers have no type.
    """
    _check_inputs(model, input_types)
    return _Typing(model, input_types).result()


def _check_inputs(model: OnnxModel, input_types: Mapping[str, DataType]) -> None:
    """Refuses inputs of unknown type that an operator of the dialect needs as integers."""
    origin = {
        name: name
        for name in model.inputs
        if name not in input_types and model.tensors[name].type.data_type is DataType.FLOAT32
    }
    needed: dict[str, None] = {}
    for node in model.nodes:
        found = [origin[name] for name in node.inputs if name is not None and name in origin]
        if not found:
            continue
        if node.domain == PULP_DOMAIN:
            if node.operator != "Quant":
                needed.update(dict.fromkeys(found))
        elif node.operator in MOVING | JOINING | CHOOSING or node.operator in EXACT:
            origin.update((name, found[0]) for name in node.outputs if name is not None)
    if needed:
        raise CompileError(
            [
                Problem(
                    Code.UNSUPPORTED_DATA_TYPE,
                    f"input {name!r}",
                    "it holds integers, which the file stores as float32 without their type",
                    ", ".join(type_.value for type_ in NUMBERS),
                    f"say what it holds: --input-type {name}=int8, or input_types = "
                    f'{{"{name}": "int8"}} in a build file',
                )
                for name in needed
            ]
        )


class _Typing(Selection):
    """One walk over a model's nodes, which makes another model."""

    def __init__(self, model: OnnxModel, input_types: Mapping[str, DataType]) -> None:
        super().__init__(model)
        for name, type_ in input_types.items():
            # Others are indices or conditions, whose type is that of the model.
            if model.tensors[name].type.data_type is DataType.FLOAT32:
                self.set(name, type_)

    def result(self) -> OnnxModel:
        for node in self.model.nodes:
            self._rule(node)(node)
        model = self.model
        return OnnxModel(model.name, self.nodes, self.tensors, model.inputs, model.outputs)

    def _rule(self, node: OnnxNode) -> Callable[[OnnxNode], None]:
        """What to do with a node."""
        if node.domain == PULP_DOMAIN:
            if node.operator == "IntegerMean" and self.type(node, 0) is DataType.FLOAT32:
                return self._real_mean
            return self._quantise if node.operator == "Quant" else self._dialect
        data = self.data(node)
        if node.domain:
            return self._float
        if node.operator == "Clip" and self.type(node, 0) in NUMBERS:
            return self._clip
        if not self.holds_integers(data):
            return self._float
        if node.operator in MOVING:
            return self._move
        if node.operator in JOINING:
            return self._join
        if node.operator in EXACT:
            return self._exact
        if node.operator == "ReduceSum":
            return self._sum
        if node.operator == "ReduceMean":
            return self._mean
        if node.operator == "Cast":
            return self.nodes.append
        return self.selection(node) or self._float

    # --- rules ---------------------------------------------------------------------------------

    def _dialect(self, node: OnnxNode) -> None:
        self.nodes.append(node)
        self.set(node.output(), self._dialect_type(node))

    def _quantise(self, node: OnnxNode) -> None:
        """A node of the dialect that takes numbers, whatever they were before."""
        data = [name for name in self.data(node) if self.type(node, 0) in NUMBERS]
        self._dialect(self.converted(node, data, DataType.FLOAT32))

    def _real_mean(self, node: OnnxNode) -> None:
        """An IntegerMean of what are no integers, which is the mean."""
        self.nodes.append(replace(node, operator="ReduceMean", domain=""))

    def _dialect_type(self, node: OnnxNode) -> DataType:
        if node.operator == "RequantShift":
            levels = integer_attribute(node, "n_levels_out", "n_levels") or DEFAULT_LEVELS
            if levels > DEFAULT_LEVELS:
                return DataType.INT32
            return DataType.INT8 if integer_attribute(node, "signed") else DataType.UINT8
        if node.operator in ("iSoftmax", "ITAMax", "ITAPartialMax"):
            return DataType.UINT8
        if node.operator == "IntegerMean":
            return self.type(node, 0)
        if node.operator in ("Dequant", "Quant"):
            if node.operator == "Dequant":
                return DataType.FLOAT32
            return DataType.UINT8 if integer_attribute(node, "signed") == 0 else DataType.INT8
        return DataType.INT32 if node.operator in WIDE else DataType.INT8

    def _move(self, node: OnnxNode) -> None:
        self.nodes.append(node)
        for name in filter(None, node.outputs):
            if self.tensors[name].type.data_type is DataType.FLOAT32:  # no mask of a Dropout
                self.set(name, self.type(node, 0))

    def _join(self, node: OnnxNode) -> None:
        data = self.data(node)
        if node.operator == "Concat":
            # Nothing comes of empty operands, and their type would only widen the others'.
            filled = [name for name in data if self.tensors[name].type.elements]
            data = filled or data
            node = replace(node, inputs=tuple(data))
        common = self.common([self.tensors[name].type.data_type for name in self.varying(data)])
        constants = [self.tensors[name].constant for name in data]
        if not all(constant is None or fits(constant, common) for constant in constants):
            common = DataType.INT32
        self.nodes.append(self.converted(node, data, common))
        self.set(node.output(), common)

    def _exact(self, node: OnnxNode) -> None:
        operator, bias = EXACT[node.operator], node.inputs[2:]
        if node.operator == "Sum" or (node.operator == "Add" and bias):
            self._chain(node)
            return
        for index, name in enumerate(node.inputs[:2]):
            if needs_halves(node.operator, index, self.tensors[name or ""]):
                self._halve(node, index)
                return
        self.nodes.append(replace(node, operator=operator, domain=PULP_DOMAIN))
        self.set(node.output(), DataType.INT32)

    def _halve(self, node: OnnxNode, index: int) -> None:
        """A product with an operand of 16 bits, as two with its halves."""
        model = self.model
        known = OnnxModel(model.name, [], self.tensors, model.inputs, model.outputs)
        for part in in_halves(node, index, known):
            self._rule(part)(part)

    def _chain(self, node: OnnxNode) -> None:
        """A sum of any number of operands, as the dialect's Add also has, one by one."""
        operands = [name for name in node.inputs if name is not None]
        total = operands[0]
        for index, name in enumerate(operands[1:], 1):
            last = index == len(operands) - 1
            made = node.output() if last else f"{node.output()}/partial_{index}"
            shape = np.broadcast_shapes(*(self.tensors[x].type.shape for x in (total, name)))
            self.tensors[made] = OnnxTensor(made, TensorType(DataType.INT32, tuple(shape)))
            self.nodes.append(
                OnnxNode(
                    "IntegerAdd",
                    node.name if last else f"{node.name}/partial_{index}",
                    (total, name),
                    (made,),
                    {},
                    node.opset,
                    PULP_DOMAIN,
                )
            )
            total = made
        if len(operands) == 1:
            self._move(replace(node, operator="Identity"))

    def _sum(self, node: OnnxNode) -> None:
        self.nodes.append(self.converted(node, self.data(node), DataType.INT32))
        self.set(node.output(), DataType.INT32)

    def _mean(self, node: OnnxNode) -> None:
        axes: Array | list[int] = node.attribute("axes", list[int]())
        if node.has_input(1):
            constant = self.tensors[node.inputs[1] or ""].constant
            axes = [] if constant is None else [int(axis) for axis in constant.reshape(-1)]
        if not len(axes) and node.attribute("noop_with_empty_axes", 0):
            self._move(replace(node, operator="Identity", inputs=node.inputs[:1]))
            return
        attributes = {"keepdims": node.attribute("keepdims", 1), "axes": list(axes)}
        mean = replace(
            node,
            operator="IntegerMean",
            inputs=node.inputs[:1],
            attributes=attributes,
            domain=PULP_DOMAIN,
        )
        self._dialect(mean)

    def _clip(self, node: OnnxNode) -> None:
        bounded = self.with_integer_bounds(node)
        if bounded is None:
            self._float(node)
        elif (type_ := self.type(node, 0)) in BYTES and not self.has_results_beyond(type_, bounded):
            self.choose(bounded)
        else:
            self.in_int32(bounded, [DataType.INT32])

    def _float(self, node: OnnxNode) -> None:
        data = [name for name in self.data(node) if self.tensors[name].type.data_type in NUMBERS]
        self.nodes.append(self.converted(node, data, DataType.FLOAT32))
